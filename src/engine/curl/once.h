/* once: one request outside of any load. */
#ifndef SQUALL_ENGINE_CURL_ONCE_H
#define SQUALL_ENGINE_CURL_ONCE_H

#include "plan/plan.h"

#include <stdatomic.h>

struct once {
    const char *method;
    const char *url;  /* one that begins with a slash is at the target */
    const char *body; /* NULL: an empty one */
    const char *type; /* of the body; NULL: none is named */
    struct duration timeout;
    const atomic_uint *stop; /* ends it when above 0; may be NULL */
};

enum { ONCE_TEXT_MAX = 1024 };

struct once_answer {
    long status;              /* 0: there was no whole answer */
    char problem[256];        /* why there was none; may quote the URL */
    char text[ONCE_TEXT_MAX]; /* the begin of the body */
    size_t length;
    uint64_t whole; /* bytes of the body */
};

/* Reaches the URL as the target is reached (TLS, proxy, pinned names), and
 * waits for the answer, from any thread. */
void once_send(const struct plan *plan, const struct once *once,
               struct once_answer *answer);

#endif
