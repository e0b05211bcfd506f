/* The client's faults: what each kind needs, and what it does not look at. */
#include "plan/resolve.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

/* Kinds of which a message is lost, and the caller waits or sees a reset. */
enum {
    LOSSES = 1 << FAULT_LOST_REQUEST | 1 << FAULT_TORN_REQUEST |
             1 << FAULT_LOST_RESPONSE
};

static int find_request(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        if (strcmp(plan->requests[i].config.name, name) == 0) {
            return (int)i;
        }
    }
    return FAULT_ANY_REQUEST;
}

static void find_fault_request(struct resolver *resolver, const char *section,
                               const char *name, struct fault_config *fault)
{
    char path[64];

    fault->request =
        name ? find_request(resolver->plan, name) : FAULT_ANY_REQUEST;
    if (name && fault->request == FAULT_ANY_REQUEST) {
        snprintf(path, sizeof(path), "%s.request", section);
        resolve_conflict(resolver, path, "requests",
                         "there is no request \"%s\"", name);
    }
}

/* A caller that waits for what never comes needs an end. */
static void check_patience(struct resolver *resolver, const char *section,
                           const struct fault_config *fault)
{
    const struct timeout_config *timeout = &resolver->plan->policy.timeout;

    if (LOSSES >> fault->kind & 1 && fault->as == FAULT_AS_TIMEOUT &&
        timeout->attempt.ns == INT64_MAX &&
        timeout->operation.ns == INT64_MAX) {
        struct error *error = resolve_conflict(
            resolver, section, "timeout",
            "a %s that is seen as a timeout needs timeout.attempt or "
            "timeout.operation, or its caller would wait forever",
            fault_name(fault->kind));
        error_hint(error, "add \"timeout\": {\"attempt\": \"1s\"}, or \"as\": "
                          "\"reset\"");
    }
}

/* Only a body can be torn: libcurl sends a head whole. */
static void check_bodies(struct resolver *resolver, const char *section,
                         const struct fault_config *fault)
{
    const struct plan *plan = resolver->plan;

    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        bool concerns =
            fault->request == FAULT_ANY_REQUEST || fault->request == (int)i;
        if (!concerns || (request->has_body && request->body.length_max > 0)) {
            continue;
        }
        char path[64];
        snprintf(path, sizeof(path), "requests[%zu]", i);
        struct error *error = resolve_conflict(
            resolver, section, path,
            "a torn_request needs a body to tear, and the request \"%s\" has "
            "none",
            request->config.name);
        error_hint(error, "give it a body, or name another \"request\"");
        return;
    }
}

/* A turn that does not end would not be one that comes again. */
static void check_turns(struct resolver *resolver, const char *section,
                        const struct fault_config *fault)
{
    char path[64];

    snprintf(path, sizeof(path), "%s.every", section);
    if (fault->window.every.ns > 0 && fault->window.length.ns == INT64_MAX) {
        struct error *error =
            resolve_refuse(resolver, path, "means nothing without \"for\"");
        error_hint(error, "add \"for\": \"1s\"");
    }
}

static void resolve_fault(struct resolver *resolver, size_t index)
{
    static const struct typed_key typed[] = {
        {"after", 1 << FAULT_LOST_RESPONSE},
        {"as", LOSSES},
        {"delay", 1 << FAULT_DELAY | 1 << FAULT_LATE_DUPLICATE},
        {"rate", 1 << FAULT_SLOW_READ},
    };
    const struct fault_draft *draft = &resolver->draft->faults[index];
    struct fault_config *fault = &resolver->plan->faults[index];
    char section[32], path[64];

    *fault = draft->config;
    snprintf(section, sizeof(section), "faults[%zu]", index);
    find_fault_request(resolver, section, draft->request, fault);
    resolve_other_keys(resolver, section, "kind", choice_fault_kind,
                       (int)fault->kind, typed, array_length(typed));
    snprintf(path, sizeof(path), "%s.after", section);
    fault->is_swept = resolve_is_given(resolver, path);
    snprintf(path, sizeof(path), "%s.delay", section);
    if (fault->delay.is_share) {
        struct error *error = resolve_refuse(
            resolver, path, "a delay is a duration, and no share of one");
        error_hint(error, "write \"50ms\" or \"50ms..150ms\"");
    }
    if (fault->kind == FAULT_DELAY) {
        resolve_need(resolver, section, "delay", "a delay",
                     "\"delay\": \"50ms..150ms\"");
    }
    if (fault->kind == FAULT_LATE_DUPLICATE &&
        fault->delay.high >= (double)resolver->plan->load.drain.ns) {
        struct error *error =
            resolve_conflict(resolver, path, "load.drain",
                             "a duplicate that is sent so late may miss the "
                             "end of the run, which "
                             "waits for load.drain");
        error_hint(error, "raise load.drain, or lower the delay");
    }
    if (fault->kind == FAULT_SLOW_READ) {
        resolve_need(resolver, section, "rate", "a slow_read",
                     "\"rate\": \"1KiB\"");
    }
    if (fault->kind == FAULT_TORN_REQUEST) {
        check_bodies(resolver, section, fault);
    }
    check_patience(resolver, section, fault);
    check_turns(resolver, section, fault);
}

void resolve_faults(struct resolver *resolver)
{
    resolver->plan->fault_count = resolver->draft->fault_count;
    for (size_t i = 0; i < resolver->draft->fault_count; i++) {
        resolve_fault(resolver, i);
    }
}
