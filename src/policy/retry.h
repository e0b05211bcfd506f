/* retry: which endings are retried, how often, and after what wait. */
#ifndef SQUALL_POLICY_RETRY_H
#define SQUALL_POLICY_RETRY_H

#include "policy/backoff.h"
#include "policy/classify.h"
#include "policy/hint.h"

struct retry_config {
    unsigned max_attempts; /* counts the first try; 1: no retries; 0: no
                            * limit, then an operation timeout is required */
    struct classify_config classify;
    /* One fully resolved backoff a class: `by_class` of the profile merged
     * over `backoff`. Those of SUCCESS and FATAL are not looked at. */
    struct backoff_config backoff[CLASS_COUNT];
    struct hint_config hint;
};

#endif
