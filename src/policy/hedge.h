/*
 * hedge: sending the same again beside an attempt that takes long.
 *
 * A try begins with one attempt; after `delay`, or the moving quantile of what
 * attempts took, a further one is sent beside it, up to max_extra of them,
 * each so long after the last. With the trigger attempt_timeout an attempt
 * whose time is up is not cancelled: another is sent, and both may still
 * answer, until the operation timeout (Envoy's hedge_on_per_try_timeout).
 *
 * The first success is the answer; the losers are cancelled, or left to run.
 * A failure of a class in `fatal` ends the operation at once. Any other
 * failure: next_now, the next hedge is sent without waiting (gRFC A6, Polly);
 * ignore, the others and the timer go on (Finagle); cancel_all, it is the
 * end of the try. A try has failed when nothing of it is left; then the retry
 * policy is asked about its last failure.
 */
#ifndef SQUALL_POLICY_HEDGE_H
#define SQUALL_POLICY_HEDGE_H

#include "base/instant.h"
#include "policy/budget.h"
#include "policy/latency_estimate.h"

#include <stdbool.h>
#include <stdint.h>

enum hedge_trigger {
#define HEDGE_TRIGGER(id, name, sentence) HEDGE_ON_##id,
#include "policy/hedge.def"
};

enum hedge_failure {
#define HEDGE_FAILURE(id, name, sentence) HEDGE_FAILURE_##id,
#include "policy/hedge.def"
};

enum { HEDGE_EXTRA_MAX = 7 };

struct hedge_config {
    unsigned max_extra; /* 0: no hedging; at most HEDGE_EXTRA_MAX */
    enum hedge_trigger trigger;
    struct duration delay;         /* delay */
    struct latency_config latency; /* quantile; of first attempts */
    enum hedge_failure on_failure;
    uint32_t fatal; /* bits of enum outcome_class */
    bool cancel_losers;
    bool counts_as_retry;        /* against retry.max_attempts */
    struct budget_config budget; /* of hedges alone; besides, the retry
                                  * budget is asked where it covers hedges */
};

/* Off; what is not said otherwise by a profile. */
void hedge_config_init(struct hedge_config *config);

#endif
