#include "plan/workload.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/plan.h"

#include <string.h>

/* -- new operations -- */

static void fit_nothing(const struct workload *workload, struct plan *plan)
{
    (void)workload;
    (void)plan;
}

static bool aim_nothing(struct workload *workload, const struct plan *plan,
                        bool elsewhere, struct errors *errors)
{
    (void)workload;
    (void)plan;
    (void)elsewhere;
    (void)errors;
    return true;
}

static void make_key(struct picker *picker, unsigned attempt, int64_t unix_ms,
                     struct planned_operation *operation)
{
    const struct plan *plan = picker->plan;
    const struct key_config *config = &plan->policy.key;
    const struct planned_request *request =
        &plan->requests[operation->request];
    struct template_subject subject;

    operation->key_length = 0;
    operation->key[0] = '\0';
    subject = planned_operation_subject(plan, operation, attempt);
    if (config->kind == KEY_TEMPLATE) {
        operation->key_length =
            template_fill(&plan->key_template, &subject, operation->key,
                          sizeof(operation->key));
        return;
    }
    struct key_subject who = {
        .run = plan->run,
        .operation = operation->number,
        .attempt = attempt,
        .unix_ms = unix_ms,
    };
    if (config->kind == KEY_HASH && request->has_body) {
        who.body_length = template_fill(&request->body, &subject,
                                        picker->scratch, picker->scratch_size);
        who.body = picker->scratch;
    }
    operation->key_length =
        key_render(config, &who, operation->key, sizeof(operation->key));
}

/* A recorded arrival says which request it makes. */
static uint16_t pick_request(struct picker *picker)
{
    const struct arrivals *arrivals = picker->plan->load.arrivals;

    return arrivals ? (uint16_t)arrivals->items[picker->arrival].request
                    : (uint16_t)mix_pick(&picker->mix, &picker->rng);
}

static void pick_new(struct picker *picker, int64_t unix_ms,
                     struct planned_operation *operation)
{
    operation->number = operation->place;
    operation->request = pick_request(picker);
    operation->has_key =
        picker->plan->requests[operation->request].traits.has_key;
    if (operation->has_key) {
        make_key(picker, 1, unix_ms, operation);
    }
}

static void fill_new(const struct message_room *room, size_t index,
                     const struct planned_operation *operation,
                     unsigned attempt, struct message *message)
{
    struct template_subject subject =
        planned_operation_subject(room->plan, operation, attempt);
    message_fill_templates(room, index, operation->request, &subject, message);
}

static uint64_t place_new(const struct workload *workload, uint64_t number)
{
    (void)workload;
    return number;
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

static size_t key_again_new(const struct plan *plan, uint64_t number,
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
            plan_subject(plan, number, attempt, 0);
        return template_fill(&plan->key_template, &subject, key, KEY_MAX);
    }
    struct key_subject subject = {
        .run = plan->run,
        .operation = number,
        .attempt = attempt,
    };
    return key_render(config, &subject, key, KEY_MAX);
}

static const struct workload new_operations = {
    .count = UINT64_MAX,
    .fit = fit_nothing,
    .aim = aim_nothing,
    .pick = pick_new,
    .fill = fill_new,
    .place = place_new,
    .key_again = key_again_new,
};

/* -- of any workload -- */

const struct workload *workload_of(const struct plan *plan)
{
    return plan->workload ? plan->workload : &new_operations;
}

void picker_init(struct picker *picker, const struct plan *plan,
                 uint64_t worker, uint64_t workers, struct arena *arena)
{
    uint64_t *weights =
        arena_array(arena, plan->request_count, sizeof(*weights));

    must(worker < workers);
    *picker = (struct picker){
        .plan = plan,
        .worker = worker,
        .workers = workers,
        .rng = rng_stream(plan->seed, RNG_MIX, worker),
        .scratch_size = 1,
    };
    for (size_t i = 0; i < plan->request_count; i++) {
        size_t size = plan->requests[i].body.length_max + 1;
        weights[i] = plan->requests[i].config.weight;
        if (size > picker->scratch_size) {
            picker->scratch_size = size;
        }
    }
    mix_init(&picker->mix, arena, weights, plan->request_count);
    picker->scratch = arena_alloc(arena, picker->scratch_size);
}

void picker_next(struct picker *picker, uint64_t turn, uint64_t client,
                 int64_t unix_ms, struct planned_operation *operation)
{
    const struct workload *workload = workload_of(picker->plan);

    *operation = (struct planned_operation){
        .place = turn * picker->workers + picker->worker,
        .client = client,
    };
    must(operation->place < workload->count);
    workload->pick(picker, unix_ms, operation);
}

uint16_t picker_dropped(struct picker *picker)
{
    return pick_request(picker);
}

void picker_renew_key(struct picker *picker, unsigned attempt, int64_t unix_ms,
                      struct planned_operation *operation)
{
    if (attempt > 1 && operation->has_key &&
        picker->plan->policy.key.scope == KEY_SCOPE_ATTEMPT) {
        make_key(picker, attempt, unix_ms, operation);
    }
}

struct template_subject planned_operation_subject(
    const struct plan *plan, const struct planned_operation *operation,
    unsigned attempt)
{
    struct template_subject subject =
        plan_subject(plan, operation->number, attempt, operation->client);

    subject.key = operation->key;
    subject.key_length = operation->key_length;
    return subject;
}
