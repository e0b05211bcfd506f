#include "engine/descriptors.h"

#include <sys/resource.h>

enum {
    LIMIT_MAX = 4 * 1024 * 1024, /* engines keep some words for each */
    LIMIT_UNKNOWN = 1024
};

size_t descriptors_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return LIMIT_UNKNOWN;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit.rlim_cur = limit.rlim_max;
        }
    }
    return limit.rlim_cur < LIMIT_MAX ? (size_t)limit.rlim_cur : LIMIT_MAX;
}

void descriptors_refuse(const struct plan *plan, uint64_t needed,
                        uint64_t limit, struct errors *errors)
{
    uint64_t connections =
        plan->load.connections * plan_connections_a_caller(plan);
    bool own = plan->load.pool == POOL_PER_CLIENT;
    struct error *error = errors_add(
        errors, ERROR_NO_RESOURCE,
        "%llu connections%s need %llu descriptors, and this process may have "
        "%llu",
        (unsigned long long)connections, own ? " in pools of their own" : "",
        (unsigned long long)needed, (unsigned long long)limit);
    error_hint(error,
               "raise the limit (ulimit -n %llu) or use fewer "
               "connections (-c)%s",
               (unsigned long long)needed, own ? " and clients" : "");
}
