/* The load: model, stages, connections and clients, and their defaults. */
#include "plan/resolve.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

static const char warmup_name[] = "warm-up";

static bool check_unused(const struct resolver *resolver, const char *path,
                         const char *because, const char *words)
{
    if (!resolve_is_given(resolver, path)) {
        return true;
    }
    struct error *error =
        resolve_conflict(resolver, path, because, "%s", words);
    error_hint(error, "remove one of them");
    return false;
}

/* A rate, stages or arrivals make the model open, unless it says otherwise. */
static void resolve_model(struct resolver *resolver)
{
    struct load_config *load = &resolver->plan->load;
    bool stages = resolve_is_given(resolver, "load.stages");
    bool rate = resolve_is_given(resolver, "load.rate");
    bool arrivals = resolve_is_given(resolver, "load.arrivals");

    if (!resolve_is_given(resolver, "load.model")) {
        load->model = rate || stages || arrivals ? LOAD_OPEN : LOAD_CLOSED;
    }
    if (load->model == LOAD_OPEN) {
        if (!rate && !stages && !arrivals) {
            struct error *error =
                resolve_refuse(resolver, "load.model",
                               "the open model needs load.rate, load.stages "
                               "or load.arrivals");
            error_hint(error, "write --rate 100/s or \"rate\": \"100/s\"");
        }
        check_unused(resolver, "load.think", "load.model",
                     "a think time belongs to the closed model; this one is "
                     "open");
        return;
    }
    check_unused(resolver, "load.rate", "load.model",
                 "the closed model has no rate");
    check_unused(resolver, "load.stages", "load.model",
                 "the closed model has no stages");
    check_unused(resolver, "load.max_in_flight", "load.model",
                 "in the closed model load.connections says how much is in "
                 "flight");
    check_unused(resolver, "load.arrival", "load.model",
                 "the closed model has no arrivals");
    check_unused(resolver, "load.arrivals", "load.model",
                 "the closed model has no arrivals");
}

static void resolve_duration(struct resolver *resolver)
{
    struct load_config *load = &resolver->plan->load;

    if (resolve_is_given(resolver, "load.stages")) {
        check_unused(resolver, "load.duration", "load.stages",
                     "the stages say how long the run lasts");
    } else if (!resolve_is_given(resolver, "load.duration") &&
               !load->operations) {
        load->duration = duration_s(10);
    }
}

/* One stage of the profile; a rate that is absent is that of the load. */
static void resolve_stage(struct resolver *resolver, size_t index,
                          struct stage_config *stage)
{
    const struct draft *draft = resolver->draft;
    struct plan *plan = resolver->plan;
    char path[64], name[32];

    *stage = draft->stages[index];
    if (!stage->name) {
        snprintf(name, sizeof(name), "stage-%zu", index + 1);
        stage->name = arena_strdup(&plan->arena, name);
    }
    snprintf(path, sizeof(path), "load.stages[%zu].rate", index);
    if (!resolve_is_given(resolver, path)) {
        stage->rate_per_s = plan->load.rate_per_s;
        if (!resolve_is_given(resolver, "load.rate")) {
            struct error *error =
                resolve_refuse(resolver, path,
                               "the stage has no rate, and load.rate is "
                               "not given");
            error_hint(error, "add \"rate\": \"100/s\"");
        }
    }
    snprintf(path, sizeof(path), "load.stages[%zu].from", index);
    if (!resolve_is_given(resolver, path)) {
        stage->from_per_s = stage->rate_per_s;
    }
    for (size_t i = 0; i < index; i++) {
        const char *other = draft->stages[i].name;
        if (other && draft->stages[index].name &&
            strcmp(other, draft->stages[index].name) == 0) {
            char first[64];
            snprintf(first, sizeof(first), "load.stages[%zu].name", i);
            snprintf(path, sizeof(path), "load.stages[%zu].name", index);
            resolve_conflict(resolver, path, first,
                             "two stages are named \"%s\"", other);
            return;
        }
    }
}

static bool any_stage_lacks_rate(const struct resolver *resolver)
{
    char path[64];
    for (size_t i = 0; i < resolver->draft->stage_count; i++) {
        snprintf(path, sizeof(path), "load.stages[%zu].rate", i);
        if (!resolve_is_given(resolver, path)) {
            return true;
        }
    }
    return false;
}

static struct duration sum_of(const struct stage_config *stages, size_t count)
{
    struct duration sum = DURATION_ZERO;
    for (size_t i = 0; i < count; i++) {
        sum = duration_add(sum, stages[i].length);
    }
    return sum;
}

/* Stages of the profile, or the whole load as one; a warm-up goes before. */
static void resolve_stages(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    struct load_config *load = &plan->load;
    size_t given = resolver->draft->stage_count;
    struct stage_config *stages =
        arena_array(&plan->arena, given + 2, sizeof(*stages));
    size_t count = 0;

    load->first_stage_is_warmup =
        load->model == LOAD_OPEN && load->warmup.ns > 0;
    if (load->first_stage_is_warmup) {
        stages[count++] =
            (struct stage_config){.name = warmup_name, .length = load->warmup};
    }
    size_t first = count;
    for (size_t i = 0; i < given; i++) {
        resolve_stage(resolver, i, &stages[count]);
        if (load->first_stage_is_warmup &&
            strcmp(stages[count].name, warmup_name) == 0) {
            resolve_conflict(resolver, "load.stages", "load.warmup",
                             "a stage is named \"%s\", which is the name of "
                             "the warm-up",
                             warmup_name);
        }
        count++;
    }
    if (given == 0) {
        stages[count++] = (struct stage_config){
            "main", load->duration, load->rate_per_s, load->rate_per_s};
    } else {
        load->duration = sum_of(stages + first, given);
    }
    stages[0].from_per_s = stages[first].from_per_s;
    if (first > 0) {
        stages[0].rate_per_s = stages[first].from_per_s;
    }
    load->stages = stages;
    load->stage_count = count;
}

static void check_threads(const struct resolver *resolver, const char *path,
                          uint64_t count)
{
    uint64_t threads = resolver->plan->load.threads;
    if (count < threads) {
        struct error *error = resolve_conflict(
            resolver, path, "load.threads",
            "%llu is less than the %llu threads, and each needs one",
            (unsigned long long)count, (unsigned long long)threads);
        error_hint(error, "raise it, or lower load.threads");
    }
}

/* A pool holds at least one connection. Clients that nobody asked for are no
 * more than there are threads, or connections. */
static void check_pools(const struct resolver *resolver)
{
    const struct load_config *load = &resolver->plan->load;
    if (load->pool == POOL_SHARED || load->clients <= load->connections ||
        !resolve_is_given(resolver, "load.clients")) {
        return;
    }
    struct error *error = resolve_conflict(
        resolver, "load.clients", "load.connections",
        "%llu clients cannot each have one of %llu connections",
        (unsigned long long)load->clients,
        (unsigned long long)load->connections);
    error_hint(error,
               "write \"connections\": %llu, or let them share with "
               "\"pool\": \"shared\"",
               (unsigned long long)load->clients);
}

/* What a run may open when the profile does not say it. In the open model
 * connections are opened as they are needed, so many cost nothing. */
static uint64_t default_connections(const struct load_config *load,
                                    bool clients_given)
{
    bool own = load->pool == POOL_PER_CLIENT && clients_given;
    if (load->model == LOAD_OPEN) {
        return own && load->clients > load->max_in_flight
                   ? load->clients
                   : load->max_in_flight;
    }
    if (own) {
        return load->clients;
    }
    return load->threads > 10 ? load->threads : 10;
}

/* Whether somebody asked for so many connections. A shown profile has every
 * default written out, and reads back as the same plan: what a profile says
 * as it would be anyway is no more than the default. */
static bool asks_for_connections(const struct resolver *resolver,
                                 uint64_t by_default)
{
    const struct source *source =
        sources_find(resolver->sources, "load.connections");
    bool is_typed = source && source->path;

    return is_typed || resolver->plan->load.connections != by_default;
}

static void resolve_connections(struct resolver *resolver, bool clients_given)
{
    struct load_config *load = &resolver->plan->load;
    uint64_t by_default = default_connections(load, clients_given);

    if (resolve_is_given(resolver, "load.connections")) {
        load->connections_given = asks_for_connections(resolver, by_default);
    } else {
        load->connections = by_default;
    }
}

static void resolve_counts(struct resolver *resolver)
{
    struct load_config *load = &resolver->plan->load;
    bool clients = resolve_is_given(resolver, "load.clients");

    resolve_connections(resolver, clients);
    if (load->model == LOAD_CLOSED) {
        load->max_in_flight = load->connections;
    }
    if (!clients) {
        load->clients =
            load->model == LOAD_CLOSED ? load->connections : load->threads;
    }
    check_pools(resolver);
    check_threads(resolver, "load.connections", load->connections);
    if (load->model == LOAD_OPEN) {
        check_threads(resolver, "load.max_in_flight", load->max_in_flight);
    }
    if (clients) {
        check_threads(resolver, "load.clients", load->clients);
    }
}

void resolve_load(struct resolver *resolver)
{
    struct load_config *load = &resolver->plan->load;

    resolve_model(resolver);
    if (resolve_is_given(resolver, "load.rate") &&
        resolver->draft->stage_count > 0 && !any_stage_lacks_rate(resolver)) {
        check_unused(resolver, "load.rate", "load.stages",
                     "every stage has a rate of its own");
    }
    resolve_duration(resolver);
    if (load->model == LOAD_OPEN) {
        resolve_arrivals(resolver);
    }
    resolve_counts(resolver);
    if (load->model == LOAD_CLOSED) {
        resolver->draft->stage_count = 0;
        load->rate_per_s = 0;
    }
    resolve_stages(resolver);
    double total = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        total += load->stages[i].rate_per_s + load->stages[i].from_per_s;
    }
    if (load->model == LOAD_OPEN &&
        resolve_is_given(resolver, "load.stages") && total == 0 &&
        resolver->draft->stage_count > 0) {
        resolve_refuse(resolver, "load.stages", "every rate is zero");
    }
}
