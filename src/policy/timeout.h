/* timeout: how long a client waits for a connection, an attempt and the whole
 * operation. DURATION_FOREVER is "no limit". */
#ifndef SQUALL_POLICY_TIMEOUT_H
#define SQUALL_POLICY_TIMEOUT_H

#include "base/instant.h"

#include <stdbool.h>

enum deadline_rule {
    DEADLINE_CUT_ATTEMPT,     /* the operation timeout ends a running try */
    DEADLINE_CHECK_BETWEEN,   /* checked between tries only (curl) */
    DEADLINE_REFUSE_IF_WAIT_EXCEEDS, /* cut, and never start a wait that would
                                      * pass it (api_core) */
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
