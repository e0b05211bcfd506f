/*
 * reply: one HTTP/1.1 answer, read from bytes as they come. Pure.
 *
 * Interim answers (1xx) are passed over. What is not HTTP, or larger than
 * REPLY_HEAD_MAX and REPLY_BODY_MAX allow, is broken; a body that the end of
 * the connection cuts short is broken too, one that it ends is whole.
 */
#ifndef SQUALL_AUDIT_REPLY_H
#define SQUALL_AUDIT_REPLY_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_HEAD_MAX = 64 * 1024, REPLY_BODY_MAX = 1024 * 1024 };

enum reply_state { REPLY_HEAD, REPLY_BODY, REPLY_WHOLE, REPLY_BROKEN };
enum reply_framing { FRAMED_BY_LENGTH, FRAMED_BY_CHUNKS, FRAMED_BY_END };

struct reply {
    enum reply_state state;
    enum reply_framing framing;
    unsigned status;
    bool keeps_alive; /* the connection can carry another request */
    bool to_head;     /* set by the caller: the request was a HEAD */
    bool in_trailer;  /* chunks: the last one has come */
    uint64_t left;    /* of the body, or of the chunk */
    struct str head;  /* lines, each with its end of line */
    struct str line;  /* of a chunk's size, as far as it has come */
    struct str body;
};

void reply_init(struct reply *reply);
void reply_release(struct reply *reply);

/* Takes bytes; what follows a whole answer is left (the count of bytes taken
 * is returned). */
size_t reply_feed(struct reply *reply, const char *bytes, size_t length);

/* The connection has ended. */
void reply_end(struct reply *reply);

/* The value of the first header of this name, without blanks around it, or
 * NULL; *length is its length. */
const char *reply_header(const struct reply *reply, const char *name,
                         size_t *length);

#endif
