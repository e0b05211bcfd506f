/*
 * request: the bytes of a request of HTTP/1.1, those that libcurl would send
 * for it.
 *
 * What never changes of a request is written once; where that is all of its
 * head, every message has the same bytes, and nothing is copied.
 */
#ifndef SQUALL_ENGINE_NATIVE_REQUEST_H
#define SQUALL_ENGINE_NATIVE_REQUEST_H

#include "base/arena.h"
#include "base/str.h"
#include "plan/message.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>

/* Header lines that there are by default, and which a profile's own stand
 * for. */
enum request_line {
    REQUEST_HOST = 1,
    REQUEST_USER_AGENT = 2,
    REQUEST_ACCEPT = 4,
    REQUEST_LENGTH = 8
};

struct request_text {
    const struct planned_request *planned;
    const char *path; /* of its constant URL; NULL: each has its own */
    const char *body; /* NULL: each has its own, or there is none */
    size_t body_length;
    bool announces_body; /* Content-Length is said, be it 0 */
    bool ends_at_head;   /* HEAD: no body of an answer follows */
    size_t line_count;   /* constant ones, without their ends */
    const char **lines;
    unsigned named;    /* enum request_line, of those */
    const char *whole; /* the head, where it never changes; NULL: it does */
    size_t whole_length;
};

struct request_texts {
    const char *host; /* as "name" or "name:port" */
    struct request_text *requests;
};

/* One for each request of the plan, whose target has a URL. */
void request_texts_init(struct request_texts *texts, const struct plan *plan,
                        struct arena *arena);

/* What goes out for a message. */
struct request_bytes {
    const char *head;
    size_t head_length;
    const char *body; /* NULL: none */
    size_t body_length;
};

/* `room` holds a head that is the message's own, until the next. False: the
 * URL has bytes that cannot be sent. */
bool request_bytes_of(const struct request_texts *texts,
                      const struct message *message, struct str *room,
                      struct request_bytes *bytes);

#endif
