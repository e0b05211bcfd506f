/* retry: which endings are retried, how often, and after what wait. */
#ifndef SQUALL_POLICY_RETRY_H
#define SQUALL_POLICY_RETRY_H

#include "policy/backoff.h"
#include "policy/classify.h"
#include "policy/hint.h"

enum retry_broke {
#define BUDGET_EMPTY(id, name, sentence) BROKE_##id,
#include "policy/budget.def"
};

struct retry_config {
    unsigned max_attempts; /* counts the first try; 1: no retries; 0: no
                            * limit, then an operation timeout is required */
    enum retry_broke on_budget_empty; /* sleep_then_fail: AWS long polls */
    uint64_t max_request_bytes;       /* a longer body is sent once; 0: any */
    struct classify_config classify;
    /* One fully resolved backoff a class: `by_class` of the profile merged
     * over `backoff`. Those of SUCCESS and FATAL are not looked at. */
    struct backoff_config backoff[CLASS_COUNT];
    struct hint_config hint;
};

#endif
