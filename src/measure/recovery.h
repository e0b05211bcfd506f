/*
 * recovery: how a service comes back after a trigger that ends: a fault, or a
 * stage of the load.
 *
 * Open model: an operation is in time when it succeeds within 1 s, or twice
 * the percentile 99 of before, of when it was due. What counts is the share of
 * those that were due: before, over the 10 s before the trigger; afterwards,
 * in a window of 3 s, or of what holds 200 operations, that moves in steps of
 * 100 ms from the end of the trigger on. The service is back at the start of
 * the first window whose share is 95 % of the one before. So verdicts of
 * earlier operations do not leak into a window, and a load of another rate
 * afterwards needs no correction.
 *
 * Closed model: callers wait, so that shares never fall. What counts is the
 * rate of successes, in a window of 3 s or of what 1,000 took before.
 *
 * Triggers that overlap are one; so is one that begins before the service is
 * back from the one before. Nothing of an earlier one is in what was before,
 * where there is enough since. Pure.
 */
#ifndef SQUALL_MEASURE_RECOVERY_H
#define SQUALL_MEASURE_RECOVERY_H

#include "measure/due.h"

#include <stdbool.h>
#include <stddef.h>

enum recovery_word {
#define RECOVERY(id, word, problem, sentence) RECOVERY_##id,
#include "measure/recovery.def"
};

enum {
#define RECOVERY(id, word, problem, sentence) +1
    RECOVERY_WORD_COUNT = 0
#include "measure/recovery.def"
};

enum { TRIGGERS_MAX = 256, TRIGGER_NAME_MAX = 40 };

/* Times are since the start of the measured time; negative in the warm-up. One
 * that does not end is none, but what is measured beside it is. */
struct trigger {
    const char *name;
    struct duration from, until; /* until: DURATION_FOREVER: it does not end */
};

/* Of a trigger, or of several that are one. */
struct recovery {
    size_t first, count; /* of the triggers */
    struct duration from, until;
    enum recovery_word word;
    double goodput_per_s; /* before; < 0: not measured, as all that follows */
    double share;         /* in time, of those that were due; open */
    struct duration in_time; /* within what; open */
    struct duration window;  /* the length of the one that it was back in, or
                              * of the last that was looked at */
    struct duration back;    /* from the end of the trigger; < 0 unless BACK */
    struct duration watched; /* from the end of the trigger */
    double depth;            /* how much of it was gone at the worst second */
};

struct recoveries {
    size_t count;
    struct recovery *all;
};

/* Sorts the triggers by when they began. `measured` is how long the load
 * lasted. Memory from the arena. */
struct recoveries recovery_compute(struct arena *arena, const struct due *due,
                                   struct trigger *triggers, size_t count,
                                   struct duration measured, bool open_model);

/* The longest time to recover, in us; INFINITY: never; < 0: not measured. */
double recovery_longest_us(const struct recoveries *recoveries);

/* After how many the service never came back; < 0: not measured. */
double recovery_metastable(const struct recoveries *recoveries);

/* Why one of them was not measured, or NULL. */
const char *recovery_problem(const struct recoveries *recoveries);

const char *recovery_word(enum recovery_word word);

/* Why it was not measured, or NULL. */
const char *recovery_word_problem(enum recovery_word word);

#endif
