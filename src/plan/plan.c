#include "plan/plan.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/must.h"
#include "base/units.h"
#include "plan/address.h"
#include "plan/merge.h"
#include "plan/reader.h"
#include "plan/resolve.h"
#include "plan/secrets.h"
#include "plan/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a path of a request says wrong: known only with the URL. */
static bool set_urls(struct plan *plan, const struct sources *sources,
                     struct errors *errors)
{
    const char *problem;
    size_t request;
    char path[64];

    if (requests_set_url(plan, &problem, &request)) {
        return true;
    }
    bool own = plan->requests[request].config.path != NULL;
    snprintf(path, sizeof(path), "requests[%zu].path", request);
    sources_error(sources, errors, ERROR_BAD_VALUE, own ? path : "target.url",
                  JSON_VALUE, "%s", problem);
    return false;
}

/* Templates in paths are checked even when the URL is not known yet. */
static bool compile_urls(struct plan *plan, const struct sources *sources,
                         struct errors *errors)
{
    if (plan->target.url) {
        return set_urls(plan, sources, errors);
    }
    plan->target.url = "http://127.0.0.1";
    bool good = set_urls(plan, sources, errors);
    plan->target.url = NULL;
    return good;
}

static void note_duration(cJSON *load, const char *name,
                          struct duration duration)
{
    struct str text = STR_INIT;
    if (!json_get(load, name) && duration.ns != INT64_MAX) {
        units_format_duration_exact(&text, duration);
        cJSON_AddStringToObject(load, name, text.text);
    }
    str_release(&text);
}

static void note_count(cJSON *load, const char *name, uint64_t count)
{
    if (!json_get(load, name)) {
        cJSON_AddNumberToObject(load, name, (double)count);
    }
}

/* The load as it will be, where the profile left it open: a report must say
 * what was run. The result reads back as the same plan. */
static void note_load(struct plan *plan)
{
    cJSON *load = json_get(plan->profile, "load");
    const struct load_config *config = &plan->load;

    if (!load) {
        load = cJSON_CreateObject();
        must(load);
        cJSON_AddItemToObject(plan->profile, "load", load);
    }
    if (!json_get(load, "model")) {
        cJSON_AddStringToObject(
            load, "model", choice_name(choice_load_model, (int)config->model));
    }
    note_count(load, "threads", config->threads);
    note_count(load, "clients", config->clients);
    note_count(load, "connections", config->connections);
    if (config->model == LOAD_OPEN) {
        note_count(load, "max_in_flight", config->max_in_flight);
    }
    if (!json_get(load, "stages")) {
        note_duration(load, "duration", config->duration);
    }
}

static void show_lowered(struct plan *plan, const char *name, uint64_t count)
{
    cJSON *load = cJSON_GetObjectItemCaseSensitive(plan->profile, "load");
    cJSON *shown = cJSON_GetObjectItemCaseSensitive(load, name);

    if (shown) {
        cJSON_SetNumberValue(shown, (double)count);
    }
}

void plan_lower_connections(struct plan *plan, uint64_t connections)
{
    plan->load.connections = connections;
    show_lowered(plan, "connections", connections);
}

void plan_lower_threads(struct plan *plan, uint64_t threads)
{
    plan->load.threads = threads;
    show_lowered(plan, "threads", threads);
}

static bool read_tree(struct plan *plan, const struct plan_input *input,
                      cJSON *tree, const struct sources *sources,
                      struct errors *errors)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    must(draft);
    struct reader reader = {sources, &plan->arena, errors, STR_INIT};
    struct resolver resolver = {plan, draft, tree, input, sources, errors};

    secrets_note(tree);
    plan->written = cJSON_Duplicate(tree, true);
    must(plan->written);
    bool good = secrets_expand(tree, sources, errors);
    plan->profile = secrets_mask(plan->written);
    good = reader_read(&reader, tree, draft) && good;
    /* What keys mean together is looked at only when each one is right:
     * errors that follow from errors help nobody. */
    good = good && resolve(&resolver) && compile_urls(plan, sources, errors);
    good = good && (!input->workload ||
                    input->workload->aim(input->workload, plan,
                                         input->url != NULL, errors));
    if (good) {
        note_load(plan);
    }
    str_release(&reader.path);
    free(draft);
    return good;
}

static void note_profiles(struct plan *plan, const struct plan_input *input)
{
    struct string_list *list = &plan->profiles;

    list->items = arena_array(&plan->arena, input->profile_count + 1,
                              sizeof(*list->items));
    while (list->count < input->profile_count) {
        list->items[list->count] =
            arena_strdup(&plan->arena, input->profiles[list->count]);
        list->count++;
    }
}

struct plan *plan_read(const struct plan_input *input, struct errors *errors)
{
    struct sources sources = SOURCES_INIT;
    struct plan *plan = calloc(1, sizeof(*plan));
    must(plan);

    note_profiles(plan, input);
    cJSON *tree =
        merge_input(input, &sources, &plan->overrides, &plan->arena, errors);
    bool good = tree && read_tree(plan, input, tree, &sources, errors);
    cJSON_Delete(tree);
    sources_release(&sources);
    if (!good) {
        plan_free(plan);
        return NULL;
    }
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan) {
        cJSON_Delete(plan->profile);
        cJSON_Delete(plan->written);
        arena_release(&plan->arena);
        free(plan);
    }
}

bool plan_has_fault(const struct plan *plan, enum fault_kind kind)
{
    for (size_t i = 0; i < plan->fault_count; i++) {
        if (plan->faults[i].kind == kind && plan->faults[i].ratio > 0) {
            return true;
        }
    }
    return false;
}

uint64_t plan_connections_a_caller(const struct plan *plan)
{
    /* A duplicate has a connection beside that of its attempt. */
    unsigned duplicates = plan_has_fault(plan, FAULT_DUPLICATE) ||
                          plan_has_fault(plan, FAULT_LATE_DUPLICATE);
    return plan->load.model == LOAD_CLOSED
               ? 1 + plan->policy.hedge.max_extra + duplicates
               : 1;
}

bool plan_set_target(struct plan *plan, const char *url, struct errors *errors)
{
    const char *problem;
    char hint[300];
    size_t request;

    if (!plan->target.url) {
        problem = address_url_problem(url, hint, sizeof(hint));
        if (problem) {
            struct error *error = errors_add(errors, ERROR_BAD_VALUE,
                                             "\"%s\": %s", url, problem);
            error_hint(error, "%s", hint);
            return false;
        }
        plan->target.url = arena_strdup(&plan->arena, url);
    }
    if (!requests_set_url(plan, &problem, &request)) {
        errors_add(errors, ERROR_BAD_VALUE, "requests[%zu]: %s", request,
                   problem);
        return false;
    }
    return true;
}
