/*
 * breaker: stops asking a service that fails.
 *
 * closed: calls pass, and are watched. Any one of the conditions opens it.
 * open: no call passes until `open` has gone by. Then the next call that asks
 *   finds it half-open.
 * half_open: `calls` probes pass and no more. They decide: closed, or open
 *   again for a time that may grow. With max_wait, probes that do not come
 *   back in time open it too.
 *
 *   closed -> open          a condition holds
 *   open -> half_open       a call asks after the open time
 *   half_open -> closed     enough probes went well
 *   half_open -> open       a probe failed, or too many; or max_wait
 * There is no other transition.
 *
 * Conditions: a share of bad calls among the last `size` (count), within the
 * last `window` (time, in buckets), or as a moving average that forgets with
 * the time constant `window` (ema: each sample weighs 1 - exp(-gap / window),
 * so samples at one instant weigh nothing, as in Finagle); or so many bad
 * calls in a row. Bad is what its class says (`failures`), or slower than
 * `slow`. Classes in `ignored` are neither good nor bad; all others are good.
 *
 * What counts as a call, an attempt or an operation, is the caller's choice.
 * A permit names the period that it was given in: what comes back from an
 * earlier period is not counted. Every permit is answered by one on_done, or
 * by forget when the call ended without saying anything. Time never runs
 * backwards. The open time is drawn from the caller's stream.
 */
#ifndef SQUALL_POLICY_BREAKER_H
#define SQUALL_POLICY_BREAKER_H

#include "base/instant.h"
#include "base/rng.h"
#include "policy/backoff.h"
#include "policy/classify.h"

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum breaker_trip {
#define BREAKER_TRIP(id, name, sentence) TRIP_##id,
#include "policy/breaker.def"
};
enum breaker_window_type {
#define BREAKER_WINDOW(id, name, sentence) WINDOW_##id,
#include "policy/breaker.def"
};
enum breaker_close {
#define BREAKER_CLOSE(id, name, sentence) CLOSE_##id,
#include "policy/breaker.def"
};

enum {
    BREAKER_CONDITIONS_MAX = 4,
    BREAKER_SIZE_MAX = 1024,
    BREAKER_BUCKETS_MAX = 64
};

struct breaker_condition {
    enum breaker_trip type;
    /* rate, slow */
    enum breaker_window_type window_type;
    unsigned size;           /* count: calls */
    struct duration window;  /* time, ema */
    unsigned buckets;        /* time */
    unsigned min_calls;      /* of a count window at most its size */
    struct duration min_age; /* the window must have lasted so long */
    double rate;
    bool strictly;        /* above the rate; else at it or above */
    struct duration slow; /* slow: a longer call is bad */
    /* consecutive */
    unsigned count;
    /* bits of enum outcome_class */
    uint32_t failures;
    uint32_t ignored;
};

struct breaker_config {
    unsigned condition_count; /* 0: there is no breaker */
    struct breaker_condition any_of[BREAKER_CONDITIONS_MAX];
    struct backoff_config open; /* its n counts openings in a row */
    unsigned half_open_calls;   /* at least 1 */
    enum breaker_close close_when;
    double half_open_rate;         /* rate_below: of bad probes */
    struct duration half_open_max; /* 0: no limit */
};

struct breaker_bucket {
    uint32_t calls, bad;
};

/* What a condition has seen. */
struct breaker_window {
    unsigned calls, bad; /* in the window; consecutive: bad in a row */
    struct instant since;
    union {
        struct {
            unsigned next;
            uint64_t bits[BREAKER_SIZE_MAX / 64];
        } count;
        struct {
            int64_t newest;
            struct breaker_bucket buckets[BREAKER_BUCKETS_MAX];
        } time;
        struct {
            double value;
            struct instant last;
        } ema;
    };
};

struct breaker {
    enum breaker_state state;
    struct instant since; /* in this state */
    struct instant open_until;
    uint32_t period;   /* changes with the state */
    unsigned openings; /* in a row */
    struct backoff_state open;
    unsigned given;     /* half_open: probes that passed */
    unsigned done, bad; /* half_open: probes that came back */
    struct instant last;
    /* for the report */
    uint64_t opened, half_opened, closed; /* transitions to each state */
    uint64_t denied;
    struct duration open_total; /* of open times that are over */
    struct breaker_window windows[BREAKER_CONDITIONS_MAX];
};

struct breaker_permit {
    uint32_t period;
};

void breaker_init(struct breaker *breaker, const struct breaker_config *config,
                  struct instant now);

/* Asks for a call. True: it may go, with *permit. */
bool breaker_allow(struct breaker *breaker,
                   const struct breaker_config *config, struct instant now,
                   struct breaker_permit *permit, struct rng *rng);

/* A call came back, after `elapsed`, judged as a class. */
void breaker_on_done(struct breaker *breaker,
                     const struct breaker_config *config, struct instant now,
                     struct breaker_permit permit, enum outcome_class class,
                     struct duration elapsed, struct rng *rng);

/* A call ended and says nothing of the service: cancelled, never sent. */
void breaker_forget(struct breaker *breaker, struct breaker_permit permit);

const char *breaker_state_name(enum breaker_state state);

#endif
