#include "plan/resolve.h"

#include "base/must.h"
#include "plan/reader.h"

#include <stdio.h>
#include <string.h>

bool is_given(const struct resolver *resolver, const char *path)
{
    return tree_at(resolver->tree, path) != NULL;
}

struct error *resolve_refuse(const struct resolver *resolver,
                             const char *path, const char *format, ...)
{
    struct str text = STR_INIT;
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    struct error *error =
        sources_error(resolver->sources, resolver->errors, ERROR_BAD_VALUE,
                      path, JSON_VALUE, "%s", text.text);
    str_release(&text);
    return error;
}

struct error *resolve_conflict(const struct resolver *resolver,
                               const char *path, const char *other,
                               const char *format, ...)
{
    struct str text = STR_INIT;
    struct str where = STR_INIT;
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    if (sources_where(resolver->sources, other, &where)) {
        str_printf(&text, " (%s: %s)", other, where.text);
    }
    struct error *error =
        sources_error(resolver->sources, resolver->errors,
                      ERROR_CONTRADICTION, path, JSON_KEY, "%s", text.text);
    str_release(&text);
    str_release(&where);
    return error;
}

static void list_types(const struct choice *choices, uint32_t types,
                       struct str *out)
{
    for (; choices->name; choices++) {
        if (types >> choices->value & 1u) {
            str_printf(out, "%s\"%s\"", out->length ? " or " : "",
                       choices->name);
        }
    }
}

void resolve_other_keys(const struct resolver *resolver, const char *section,
                        const char *by, const struct choice *choices, int type,
                        const struct typed_key *list, size_t count)
{
    struct str types = STR_INIT;
    struct str silent = STR_INIT;
    char path[96], other[96];

    snprintf(other, sizeof(other), "%s.%s", section, by);
    if (!is_given(resolver, other)) {
        str_printf(&silent, "; by default it is \"%s\"",
                   choice_name(choices, type));
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s.%s", section, list[i].name);
        if (list[i].types >> type & 1u || !is_given(resolver, path)) {
            continue;
        }
        str_reset(&types);
        list_types(choices, list[i].types, &types);
        struct error *error = resolve_conflict(
            resolver, path, other,
            "\"%s\" means something only when \"%s\" is %s%s", list[i].name,
            by, types.text, silent.text);
        error_hint(error, "remove it, or write \"%s\": %s", by, types.text);
    }
    str_release(&types);
    str_release(&silent);
}

bool resolve_need(const struct resolver *resolver, const char *section,
                  const char *name, const char *who, const char *example)
{
    char path[96];

    snprintf(path, sizeof(path), "%s.%s", section, name);
    if (is_given(resolver, path)) {
        return true;
    }
    struct error *error =
        resolve_refuse(resolver, section, "%s needs \"%s\"", who, name);
    error_hint(error, "add %s", example);
    return false;
}

bool resolve_template(const struct resolver *resolver, const char *path,
                      const char *text, size_t length,
                      struct template *template)
{
    const char *problem;
    size_t at = 0;

    if (template_compile(template, &resolver->plan->arena, text, length,
                         &problem, &at)) {
        return true;
    }
    size_t shown = length - at < 24 ? length - at : 24;
    resolve_refuse(resolver, path, "%s, at \"%.*s\"", problem, (int)shown,
                   text + at);
    return false;
}

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
        struct error *error = resolve_refuse(resolver, path, "\"%s\": %s",
                                             text, problem);
        error_hint(error, "`squall profile explain slo` lists the metrics");
        return;
    }
    if (slo->request[0] && !request_exists(plan, slo->request)) {
        struct error *error = resolve_conflict(
            resolver, path, "requests", "there is no request \"%s\"",
            slo->request);
        hint_requests(plan, error);
        return;
    }
    if (slo->phase[0] && !phase_exists(plan, slo->phase)) {
        struct error *error = resolve_conflict(
            resolver, path, "load.stages", "there is no phase \"%s\"",
            slo->phase);
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

/* A month, so that profiles can be told apart by how old their check is. */
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
    plan->letters = resolver->input->letters;
    plan->run = resolver->input->run;
    plan->spans = plan->letters ? resolver->input->replay : plan->run;
    plan->seed = !resolver->input->has_seed && is_given(resolver, "seed")
                     ? draft->seed
                     : resolver->input->seed;

    check_verified(resolver);
    resolve_target(resolver);
    resolve_service(resolver);
    resolve_load(resolver);
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
    if (plan->letters) {
        letters_resolve(resolver);
    }
    resolve_faults(resolver);
    resolve_ledger(resolver);
    resolve_effect_id(resolver);
    resolve_slos(resolver);
    return resolver->errors->count + resolver->errors->more == before;
}
