/* timeout: how long a client waits for a connection, an attempt and the whole
 * operation. DURATION_FOREVER is "no limit". */
#ifndef SQUALL_POLICY_TIMEOUT_H
#define SQUALL_POLICY_TIMEOUT_H

#include "base/instant.h"

#include <stdbool.h>

enum deadline_rule {
#define DEADLINE_RULE(id, name, sentence) DEADLINE_##id,
#include "policy/deadline_rule.def"
#undef DEADLINE_RULE
};

struct timeout_config {
    struct duration connect;
    struct duration attempt;
    struct duration operation;
    enum deadline_rule deadline_rule;
    bool attempt_spares_last; /* the last attempt that is allowed has no
                               * timeout of its own (Linkerd) */
};

#endif
