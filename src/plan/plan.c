#include "plan/plan.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/must.h"
#include "base/units.h"
#include "plan/gather.h"
#include "plan/reader.h"
#include "plan/resolve.h"

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
        cJSON_AddStringToObject(load, "model",
                                choice_name(choice_load_model,
                                            (int)config->model));
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

static bool read_tree(struct plan *plan, const struct plan_input *input,
                      cJSON *tree, const struct sources *sources,
                      struct errors *errors)
{
    struct draft *draft = calloc(1, sizeof(*draft));
    must(draft);
    struct reader reader = {sources, &plan->arena, errors, STR_INIT};
    struct resolver resolver = {plan, draft, tree, input, sources, errors};

    plan->profile = gather_mask(tree);
    plan->written = cJSON_Duplicate(tree, true);
    must(plan->written);
    bool good = gather_expand(tree, sources, errors);
    good = reader_read(&reader, tree, draft) && good;
    /* What keys mean together is looked at only when each one is right:
     * errors that follow from errors help nobody. */
    good = good && resolve(&resolver) && compile_urls(plan, sources, errors);
    good = good && (!plan->letters ||
                    letters_aim(plan, input->url != NULL, errors));
    if (good) {
        note_load(plan);
    }
    str_release(&reader.path);
    free(draft);
    return good;
}

struct plan *plan_read(const struct plan_input *input, struct errors *errors)
{
    struct sources sources = SOURCES_INIT;
    struct plan *plan = calloc(1, sizeof(*plan));
    must(plan);

    cJSON *tree = gather(input, &sources, errors);
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

struct template_subject plan_subject(const struct plan *plan,
                                     uint64_t operation, unsigned attempt,
                                     uint64_t client)
{
    return (struct template_subject){
        .run = plan->run,
        .operation = operation,
        .attempt = attempt,
        .max_attempts = plan->policy.retry.max_attempts,
        .client = client,
        .seed = mix64(plan->seed ^ mix64(operation)),
    };
}

static bool can_make_keys_again(const struct plan *plan)
{
    const cJSON *section = json_get(plan->written, "idempotency");
    const char *source = cJSON_GetStringValue(json_get(section, "template"));

    for (size_t i = 0; i < plan->request_count; i++) {
        if (!plan->requests[i].traits.has_key) {
            return false;
        }
    }
    switch (plan->policy.key.kind) {
    case KEY_UUID4:
    case KEY_SEQUENCE:
        return true;
    case KEY_TEMPLATE:
        return !plan->key_template.uses_client &&
               !(source && strstr(source, "${env:"));
    case KEY_UUID7:
    case KEY_HASH:
        break;
    }
    return false;
}

size_t plan_key_again(const struct plan *plan, uint64_t operation,
                      unsigned attempt, char *key)
{
    const struct key_config *config = &plan->policy.key;

    key[0] = '\0';
    if (!can_make_keys_again(plan)) {
        return 0;
    }
    if (config->scope == KEY_SCOPE_OPERATION) {
        attempt = 1;
    }
    if (config->kind == KEY_TEMPLATE) {
        struct template_subject subject =
            plan_subject(plan, operation, attempt, 0);
        return template_fill(&plan->key_template, &subject, key, KEY_MAX);
    }
    struct key_subject subject = {
        .run = plan->run,
        .operation = operation,
        .attempt = attempt,
    };
    return key_render(config, &subject, key, KEY_MAX);
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
    /* A copy has a connection beside that of what it copies. */
    unsigned copies = plan_has_fault(plan, FAULT_DUPLICATE) ||
                      plan_has_fault(plan, FAULT_LATE_DUPLICATE);
    return plan->load.model == LOAD_CLOSED
               ? 1 + plan->policy.hedge.max_extra + copies
               : 1;
}

bool plan_set_target(struct plan *plan, const char *url,
                     struct errors *errors)
{
    const char *problem;
    char hint[300];
    size_t request;

    if (!plan->target.url) {
        problem = url_problem(url, hint, sizeof(hint));
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
