/*
 * delays: the waits before retries that a plan comes to, for given draws.
 *
 * A schedule is what one operation would wait if every attempt failed with
 * endings of one class and every draw of its jitter were u: the same u for
 * both draws of a retry, and for each retry. A backoff that keeps a state
 * carries it along the schedule, as it does along an operation. Neither server
 * hints nor budgets nor timeouts are in it.
 */
#ifndef SQUALL_PLAN_DELAYS_H
#define SQUALL_PLAN_DELAYS_H

#include "base/error.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DELAYS_DRAWS_MAX = 16,
    DELAYS_WRITTEN_MAX = 24, /* characters of a draw, as it was written */
    DELAYS_RETRIES_MAX = 1000,
};

struct delays_draw {
    char written[DELAYS_WRITTEN_MAX + 1];
    double u; /* in [0, 1] */
};

struct delays_draws {
    size_t count;
    struct delays_draw items[DELAYS_DRAWS_MAX];
};

struct delays {
    const struct plan *plan; /* borrowed */
    enum outcome_class class;
    struct delays_draws draws;
    size_t retries;         /* in each schedule; 0: the plan never retries */
    struct duration *waits; /* those of the first draw, then of the next */
};

/* Finds a class whose endings can be retried. On failure adds an error with a
 * did-you-mean. */
bool delays_find_class(const char *name, enum outcome_class *class,
                       struct errors *errors);
/* The name of the nth of these classes; NULL: there are no more. */
const char *delays_class_name(size_t n);

/* Reads "0,0.5,1". Adds an error for each part that is no number from 0 to 1,
 * and for one that is there twice. */
bool delays_read_draws(const char *text, struct delays_draws *draws,
                       struct errors *errors);

/* The retries that max_attempts leaves; SIZE_MAX: as many as there is time. */
size_t delays_limit(const struct plan *plan);
/* Whether a rule of the plan retries anything, or endings of one class. */
bool delays_retries(const struct plan *plan);
bool delays_retries_class(const struct plan *plan, enum outcome_class class);

/* Makes the schedules. `retries` 0: as many as the plan does, 6 where it sets
 * no limit. The caller releases; the plan must outlive it. */
void delays_make(struct delays *delays, const struct plan *plan,
                 enum outcome_class class, const struct delays_draws *draws,
                 size_t retries);
void delays_release(struct delays *delays);

/* The wait before retry `retry` (0 is the first) for draw `draw`. */
struct duration delays_wait(const struct delays *delays, size_t draw,
                            size_t retry);

/* {"name", "class", "delays_ms": {"0.5": [25, 50]}}; owned by the caller.
 * `name` is for a plan that has none. */
cJSON *delays_document(const struct delays *delays, const char *name);

#endif
