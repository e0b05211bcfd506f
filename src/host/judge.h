/*
 * judge: what an attempt ended as, by all that is known of its answer.
 */
#ifndef SQUALL_HOST_JUDGE_H
#define SQUALL_HOST_JUDGE_H

#include "host/attempt.h"

struct worker;

/* Of an attempt that the engine ended with `outcome`. Where its answer says
 * where else to ask, or asks who is calling, what the next attempt needs is
 * kept until its SEND, which comes in the same step. */
struct attempt_result judge_attempt(struct worker *worker,
                                    const struct attempt *attempt,
                                    enum outcome outcome, struct instant now);

#endif
