/*
 * content: what a body says, where it is sent encoded (Content-Encoding).
 *
 * squall asks for no encoding by itself, but services send them unasked, and
 * profiles may ask. gzip and deflate are undone as the bytes come, so that
 * checks see the content; of the others it is known that they cannot be.
 *
 * Few bytes may stand for very many: only the first CONTENT_MAX are made, more
 * than is kept of any answer. A stream's memory is taken when the first
 * encoded answer comes, and kept.
 */
#ifndef SQUALL_ENGINE_CONTENT_H
#define SQUALL_ENGINE_CONTENT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct z_stream_s;

enum { CONTENT_MAX = 1024 * 1024 };

struct content {
    struct arena *arena;       /* for the stream; NULL: nothing is undone */
    struct z_stream_s *stream; /* NULL: none was needed so far */
    size_t made;               /* bytes of it, of this body */
    bool is_encoded;           /* of this body: it is not what it says */
    bool is_raw;        /* deflate without the head that it should have */
    bool is_unreadable; /* in a way that is not known, or not so */
    bool has_ended;     /* all of it is there */
};

/* A body begins; it is taken for plain. */
void content_begin(struct content *content);

/* The value of its Content-Encoding. */
void content_encoding(struct content *content, const char *value,
                      size_t length);

/* Gives the next bytes of an encoded body to `take` as what they stand for,
 * and past CONTENT_MAX as they are. */
void content_read(struct content *content, const char *bytes, size_t length,
                  void (*take)(void *user, const char *bytes, size_t length),
                  void *user);

/* Of a body that has come whole: its start is known as it is meant. */
bool content_is_readable(const struct content *content);

#endif
