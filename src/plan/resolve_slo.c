/* What a run is judged by and what ends it early: expressions, and the
 * requests, phases and tiers that they name. */
#include "base/suggest.h"
#include "plan/resolve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where an expression stands. */
struct place {
    const struct resolver *resolver;
    char path[64];
};

/* Names that there are, one after another, and what one was meant by a name
 * that there is not. */
struct names {
    struct str list;
    struct suggestion meant;
    bool has;
};

static void names_init(struct names *names, const char *written)
{
    *names = (struct names){.list = STR_INIT};
    suggest_init(&names->meant, written);
}

static void names_offer(struct names *names, const char *name)
{
    names->has = names->has || strcmp(name, names->meant.word) == 0;
    str_printf(&names->list, "%s%s", names->list.length ? ", " : "", name);
    suggest_offer(&names->meant, name);
}

static void offer_requests(struct names *names, const struct plan *plan)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        names_offer(names, plan->requests[i].config.name);
    }
}

static void offer_phases(struct names *names, const struct plan *plan)
{
    for (size_t i = plan->load.first_stage_is_warmup ? 1 : 0;
         i < plan->load.stage_count; i++) {
        names_offer(names, plan->load.stages[i].name);
    }
}

/* False after adding an error. */
static bool check_name(const struct place *place, const char *written,
                       const char *what, const char *section,
                       void (*offer)(struct names *names,
                                     const struct plan *plan))
{
    struct names names;

    names_init(&names, written);
    offer(&names, place->resolver->plan);
    if (!names.has) {
        struct error *error =
            resolve_conflict(place->resolver, place->path, section,
                             "there is no %s \"%s\"", what, written);
        if (names.meant.best) {
            error_hint(error, "did you mean \"%s\"? %ss are %s",
                       names.meant.best, what, names.list.text);
        } else {
            error_hint(error, "%ss are %s", what, names.list.text);
        }
    }
    str_release(&names.list);
    return names.has;
}

static bool check_tier(const struct place *place, uint64_t tier)
{
    const struct plan *plan = place->resolver->plan;
    struct str list = STR_INIT;
    bool has = false;

    for (size_t i = 0; i < plan->request_count; i++) {
        uint64_t one = plan->requests[i].config.tier;
        bool is_new = true;
        for (size_t k = 0; k < i; k++) {
            is_new = is_new && plan->requests[k].config.tier != one;
        }
        has = has || one == tier;
        if (is_new) {
            str_printf(&list, "%s%" PRIu64, list.length ? ", " : "", one);
        }
    }
    if (!has) {
        struct error *error =
            resolve_conflict(place->resolver, place->path, "requests",
                             "there is no request of tier %" PRIu64, tier);
        error_hint(error, "tiers are %s", list.text);
    }
    str_release(&list);
    return has;
}

static bool check_metric(const struct place *place,
                         const struct slo_metric *metric)
{
    switch (metric->part) {
    case SLO_WHOLE:
        return true;
    case SLO_REQUEST:
        return check_name(place, metric->name, "request", "requests",
                          offer_requests);
    case SLO_PHASE:
        return check_name(place, metric->name, "phase", "load.stages",
                          offer_phases);
    case SLO_TIER:
        return check_tier(place, metric->tier);
    }
    return false;
}

static bool check_parts(const struct place *place, const struct slo *slo)
{
    bool good = true;

    for (size_t i = 0; i < slo->term_count && good; i++) {
        const struct slo_term *term = &slo->terms[i];
        good = check_metric(place, &term->metric) &&
               (!term->is_ratio || check_metric(place, &term->divisor));
    }
    return good;
}

static void refuse(const struct place *place, const char *text,
                   const char *problem)
{
    struct error *error = resolve_refuse(place->resolver, place->path,
                                         "\"%s\": %s", text, problem);
    error_hint(error, "`squall help slo` has the grammar, `squall profile "
                      "explain slo` lists the metrics");
}

static void resolve_slo(struct resolver *resolver, size_t index)
{
    struct plan *plan = resolver->plan;
    struct slo *slo = &plan->slos[plan->slo_count];
    const char *text = resolver->draft->slos.items[index];
    struct place place = {.resolver = resolver};
    char problem[200];
    size_t at = 0;

    snprintf(place.path, sizeof(place.path), "slo[%zu]", index);
    if (!slo_parse(slo, text, problem, sizeof(problem), &at)) {
        refuse(&place, text, problem);
    } else if (check_parts(&place, slo)) {
        plan->slo_count++;
    }
}

static void resolve_abort(struct resolver *resolver, size_t index)
{
    struct plan *plan = resolver->plan;
    struct abort_rule *rule = &plan->aborts[plan->abort_count];
    const char *text = resolver->draft->aborts.items[index];
    struct place place = {.resolver = resolver};
    char problem[200];
    size_t at = 0;

    snprintf(place.path, sizeof(place.path), "abort_if[%zu]", index);
    if (!abort_rule_parse(rule, text, problem, sizeof(problem), &at)) {
        refuse(&place, text, problem);
    } else if (check_parts(&place, &rule->when)) {
        plan->abort_count++;
    }
}

static void resolve_each(struct resolver *resolver, const char *path,
                         size_t count, size_t most,
                         void (*one)(struct resolver *resolver, size_t index))
{
    if (count > most) {
        resolve_refuse(resolver, path, "more than %zu entries", most);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        one(resolver, i);
    }
}

void resolve_slos(struct resolver *resolver)
{
    const struct draft *draft = resolver->draft;

    resolve_each(resolver, "slo", draft->slos.count, SLO_MAX, resolve_slo);
    resolve_each(resolver, "abort_if", draft->aborts.count, ABORT_RULES_MAX,
                 resolve_abort);
}
