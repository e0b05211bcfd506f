/*
 * peek: what a worker has counted, taken out of it while it runs.
 *
 * Another thread asks. The worker sees that at its next turn, hands over what
 * it has counted since the last time (measure/tally.h), which costs it the
 * same whatever that is, and goes on. Neither waits for the other, and there
 * is no lock: the part belongs to who asks, but from when it has asked until
 * the worker has answered.
 *
 * Where nobody is to ask there is no part, and nothing is done.
 */
#ifndef SQUALL_HOST_PEEK_H
#define SQUALL_HOST_PEEK_H

#include "measure/tally.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What a worker says of itself beside what it counts. */
struct peek_facts {
    struct instant at;         /* run clock */
    struct duration load_time; /* so far, or of all of the load */
    double cpu_share;          /* of a core; < 0: not known */
    bool load_over;
};

struct peek {
    atomic_int state;   /* enum peek_state */
    struct tally *part; /* NULL: nobody is to ask */
    struct peek_facts facts;
};

enum peek_state {
    PEEK_IDLE,    /* the part is empty */
    PEEK_ASKED,   /* it is the worker's */
    PEEK_ANSWERED /* it has what the worker counted */
};

/* Before the worker runs. The part has the config of its tally. */
void peek_allow(struct peek *peek, struct arena *arena,
                const struct tally_config *config);

/* Who asks: for a part, unless that was done; whether it is there; and that it
 * was used, or need not be: the next time it may be asked for again. */
void peek_ask(struct peek *peek);
bool peek_is_answered(const struct peek *peek);
void peek_done(struct peek *peek);

/* The worker. */
static inline bool peek_is_asked(const struct peek *peek)
{
    return atomic_load_explicit(&peek->state, memory_order_acquire) ==
           PEEK_ASKED;
}

void peek_answer(struct peek *peek, struct tally *tally,
                 const struct peek_facts *facts);

#endif
