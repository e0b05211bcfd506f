#include "plan/resolve.h"

#include "plan/workload.h"

#include <stdio.h>
#include <string.h>

/* A month, so that profiles can be distinguished by how old their check is. */
static void check_verified(const struct resolver *resolver)
{
    const char *text = resolver->draft->verified;
    static const char digits[] = "0123456789";

    if (!text) {
        return;
    }
    bool formed = strlen(text) == 7 && strspn(text, digits) == 4 &&
                  text[4] == '-' && strspn(text + 5, digits) == 2;
    int month = formed ? (text[5] - '0') * 10 + text[6] - '0' : 0;
    if (month < 1 || month > 12) {
        struct error *error = resolve_refuse(
            resolver, "verified", "\"%s\" is not a year and a month", text);
        error_hint(error, "write \"2026-11\"");
    }
}

/* Operations of an earlier run keep its number and its seed. */
static void set_numbers(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    const struct plan_input *input = resolver->input;

    plan->workload = input->workload;
    plan->spans = input->run;
    if (plan->workload) {
        plan->run = plan->workload->run;
        plan->seed = plan->workload->seed;
    } else {
        plan->run = input->run;
        plan->seed = !input->has_seed && resolve_is_given(resolver, "seed")
                         ? resolver->draft->seed
                         : input->seed;
    }
}

enum { SHOW_FAILED_MAX = 1000 };

static void set_show_failed(struct resolver *resolver)
{
    uint64_t asked = resolver->input->show_failed;

    if (asked > SHOW_FAILED_MAX) {
        struct error *error =
            errors_add(resolver->errors, ERROR_USAGE,
                       "--show-failed: %llu is more than %d",
                       (unsigned long long)asked, SHOW_FAILED_MAX);
        error_hint(error, "--events FILE records every attempt");
        return;
    }
    resolver->plan->show_failed = asked;
}

bool resolve(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    const struct draft *draft = resolver->draft;
    size_t before = resolver->errors->count + resolver->errors->more;

    plan->name = draft->name;
    plan->about = draft->about;
    plan->source = draft->source;
    plan->verified = draft->verified;
    plan->version = draft->version;
    plan->target = draft->target;
    plan->load = draft->load;
    plan->policy = draft->policy;
    plan->ledger = draft->ledger;
    plan->service = draft->service;
    set_numbers(resolver);
    set_show_failed(resolver);

    check_verified(resolver);
    resolve_target(resolver);
    resolve_service(resolver);
    resolve_load(resolver);
    resolve_windows(resolver);
    resolve_timeout(resolver);
    resolve_retry(resolver);
    resolve_budget(resolver);
    resolve_breaker(resolver);
    resolve_concurrency(resolver);
    resolve_rate_limit(resolver);
    resolve_throttle(resolver);
    resolve_hedge(resolver);
    resolve_order(resolver);
    resolve_key(resolver);
    resolve_requests(resolver);
    workload_of(plan)->fit(workload_of(plan), plan);
    resolve_faults(resolver);
    resolve_timeline(resolver);
    resolve_ledger(resolver);
    resolve_effect_id(resolver);
    resolve_slos(resolver);
    return resolver->errors->count + resolver->errors->more == before;
}
