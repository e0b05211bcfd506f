/*
 * virtual_service: what stands behind a virtual engine.
 *
 * A service is a few functions that the engine calls when something reaches
 * the service's side of the network, in the order of virtual time. It answers
 * with virtual_answer, at once or in its own time. virtual_model.h is a whole
 * service; a test may have any other.
 */
#ifndef SQUALL_ENGINE_VIRTUAL_VIRTUAL_SERVICE_H
#define SQUALL_ENGINE_VIRTUAL_VIRTUAL_SERVICE_H

#include "base/instant.h"
#include "policy/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request as the service sees it; all of it is the engine's, and stands
 * until the service has answered or the caller has gone. */
struct virtual_request {
    const char *method;
    const char *path; /* from its first slash to its query */
    size_t line_count;
    const char *const *lines; /* "Name: value" */
    const char *body;         /* followed by a NUL */
    size_t body_length;
    uint16_t request;    /* of the plan */
    uint64_t connection; /* its number, from 1 in the order of opening */
    void *order;         /* the service's own; NULL at first */
};

enum virtual_answer_how {
    VIRTUAL_WHOLE,
    VIRTUAL_CUT,   /* the head comes, and then the connection ends */
    VIRTUAL_CLOSED /* the connection ends without a word, or breaks */
};

struct virtual_answer {
    enum virtual_answer_how how;
    uint16_t status;
    size_t line_count;
    const char *const *lines;
    const char *body; /* may be NULL when it has no length */
    size_t length;
};

struct virtual_service {
    void *context;
    /* A connection is to be opened. OUTCOME_OK: it is; else that becomes of
     * it, *after so long. NULL: all are opened. */
    enum outcome (*connect)(void *context,
                            const struct virtual_request *request,
                            struct instant now, struct duration *after);
    /* A request has come, whole. */
    void (*arrive)(void *context, struct virtual_request *request,
                   struct instant now);
    /* The caller of a request that has come has hung up: it is not to be
     * answered any more. */
    void (*leave)(void *context, struct virtual_request *request,
                  struct instant now);
    /* A request broke off before it was whole. NULL: nothing happens. */
    void (*break_off)(void *context, struct virtual_request *request,
                      struct instant now);
    /* When `turn` next has something to do; NULL: it never has. */
    struct instant (*next)(void *context);
    /* Does what is due. Called before anything else at an instant. */
    void (*turn)(void *context, struct instant now);
};

/* For services: the answer leaves in `after`, and nothing of the request may
 * be touched from now on. Copies what it needs. */
void virtual_answer(struct virtual_request *request, struct duration after,
                    const struct virtual_answer *answer);

#endif
