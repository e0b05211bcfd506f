/*
 * lateness: how much of the times of attempts and operations is squall's own.
 *
 * An event is what a worker learns of at once: a timer that is over, an answer
 * that the engine hands over. However many steps follow from it, it is late
 * once.
 */
#ifndef SQUALL_HOST_LATENESS_H
#define SQUALL_HOST_LATENESS_H

#include "host/attempt.h"
#include "host/operation.h"

struct worker;

/* What comes next could have been known so much earlier. */
void lateness_begin_event(struct worker *worker, struct duration late);

/* Adds the lateness of the event to an operation's, once; NULL has none. */
void lateness_add_event(const struct worker *worker,
                        struct operation *operation);

/* How much later the end of an attempt is seen, at most, than it was. */
struct duration lateness_of(const struct worker *worker,
                            const struct attempt *attempt);

/* Adds squall's own part in an attempt, but for its ending. */
void lateness_note(const struct worker *worker, struct operation *operation,
                   const struct attempt *attempt, struct instant now);

/* Whether an attempt may have run out of its time since squall was late, or
 * this machine could not make it at all. */
bool lateness_cuts_short(const struct attempt *attempt, enum outcome outcome,
                         struct instant now);

/* The same of an operation that ends for this reason. */
bool lateness_cuts_operation(const struct worker *worker,
                             const struct operation *operation,
                             enum finish_reason reason, struct instant now);

/* Whether an operation of the measured time that ends now is one of those that
 * plan->miss_limit counts. */
bool lateness_is_miss(const struct worker *worker,
                      const struct operation *operation, enum verdict verdict,
                      struct instant now);

#endif
