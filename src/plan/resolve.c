#include "plan/resolve.h"

#include "plan/workload.h"

#include <stdio.h>
#include <string.h>

static bool phase_exists(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->load.stage_count; i++) {
        bool warmup = i == 0 && plan->load.first_stage_is_warmup;
        if (!warmup && strcmp(plan->load.stages[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool request_exists(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        if (strcmp(plan->requests[i].config.name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void hint_phases(const struct plan *plan, struct error *error)
{
    struct str names = STR_INIT;
    for (size_t i = plan->load.first_stage_is_warmup ? 1 : 0;
         i < plan->load.stage_count; i++) {
        str_printf(&names, "%s%s", names.length ? ", " : "",
                   plan->load.stages[i].name);
    }
    error_hint(error, "phases are %s", names.text);
    str_release(&names);
}

static void hint_requests(const struct plan *plan, struct error *error)
{
    struct str names = STR_INIT;
    for (size_t i = 0; i < plan->request_count; i++) {
        str_printf(&names, "%s%s", names.length ? ", " : "",
                   plan->requests[i].config.name);
    }
    error_hint(error, "requests are %s", names.text);
    str_release(&names);
}

static void resolve_slo(struct resolver *resolver, size_t index)
{
    struct plan *plan = resolver->plan;
    struct slo *slo = &plan->slos[plan->slo_count];
    const char *text = resolver->draft->slos.items[index];
    char path[64], problem[200];
    size_t at = 0;

    snprintf(path, sizeof(path), "slo[%zu]", index);
    if (!slo_parse(slo, text, problem, sizeof(problem), &at)) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\": %s", text, problem);
        error_hint(error, "`squall profile explain slo` lists the metrics");
        return;
    }
    if (slo->request[0] && !request_exists(plan, slo->request)) {
        struct error *error =
            resolve_conflict(resolver, path, "requests",
                             "there is no request \"%s\"", slo->request);
        hint_requests(plan, error);
        return;
    }
    if (slo->phase[0] && !phase_exists(plan, slo->phase)) {
        struct error *error =
            resolve_conflict(resolver, path, "load.stages",
                             "there is no phase \"%s\"", slo->phase);
        hint_phases(plan, error);
        return;
    }
    plan->slo_count++;
}

static void resolve_slos(struct resolver *resolver)
{
    size_t count = resolver->draft->slos.count;
    if (count > SLO_MAX) {
        resolve_refuse(resolver, "slo", "more than %d entries", SLO_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        resolve_slo(resolver, i);
    }
}

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
