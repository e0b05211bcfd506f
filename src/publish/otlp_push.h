/*
 * otlp_push: sends requests of OTLP to a collector, beside a run.
 *
 * One thread sends, one request after another. Who gives it a request never
 * waits: OTLP_PUSH_ROOM of them are held, and what is too many is left out and
 * counted. A collector that is down, slow or refuses costs the run nothing;
 * the first failure is kept as a sentence, to be said once.
 *
 * A request that is answered with 429, 502, 503 or 504, or whose connection
 * breaks, is sent again after a pause, as the protocol asks, until the next is
 * due; but one that never had an answer is not, while none ever had one.
 * Redirects are not followed. libcurl must be initialised.
 */
#ifndef SQUALL_PUBLISH_OTLP_PUSH_H
#define SQUALL_PUBLISH_OTLP_PUSH_H

#include "base/error.h"
#include "base/instant.h"
#include "base/str.h"
#include "publish/otlp_endpoint.h"

#include <stdbool.h>
#include <stdint.h>

enum { OTLP_PUSH_ROOM = 16 };

struct otlp_push;

/* Borrows the endpoint. NULL after adding an error. */
struct otlp_push *otlp_push_start(const struct otlp_endpoint *endpoint,
                                  struct errors *errors);

/* Takes the text of a request, which is empty afterwards. False when there was
 * no room. */
bool otlp_push_give(struct otlp_push *push, enum otlp_signal signal,
                    struct str *text);

/* Waits for room, until an instant of the monotonic clock. Always false once
 * the collector is known to be down: there is nothing to wait for. */
bool otlp_push_await_room(struct otlp_push *push, struct instant until);

/* What went wrong first, once: NULL before and ever after. Valid until the
 * end. */
const char *otlp_push_problem(struct otlp_push *push);

struct otlp_push_sum {
    uint64_t sent;     /* requests that were accepted */
    uint64_t left_out; /* those that were not, for whatever reason */
};

/* Sends what there is, until an instant; then ends the thread. Problems may
 * still be asked for. */
struct otlp_push_sum otlp_push_end(struct otlp_push *push,
                                   struct instant until);
void otlp_push_free(struct otlp_push *push);

#endif
