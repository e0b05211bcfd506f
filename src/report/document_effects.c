#include "report/document_effects.h"

#include "measure/result_unjudged.h"
#include "base/must.h"
#include "plan/workload.h"
#include "report/figures.h"
#include "report/member.h"

#include <stdio.h>

static bool has_ledger(const struct effect_figures *effects)
{
    return effects->oracle == ORACLE_LEDGER;
}

/* Nothing that a ledger, or answers, could show is known. */
static bool is_blind(const struct effect_figures *effects)
{
    return !has_ledger(effects) && effects->oracle != ORACLE_EFFECT_ID;
}

static void add_table(cJSON *object, const struct effect_figures *effects)
{
    if (!has_ledger(effects)) {
        cJSON_AddNullToObject(object, "table");
        return;
    }
    cJSON *table = cJSON_AddObjectToObject(object, "table");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        cJSON *row =
            cJSON_AddArrayToObject(table, verdict_name((enum verdict)v));
        for (int n = 0; n < 3; n++) {
            cJSON_AddItemToArray(
                row, cJSON_CreateNumber((double)effects->table[v][n]));
        }
    }
}

/* What was not seen may have happened all the same: without a ledger no bound
 * goes with the ratios. */
static void add_ratios(cJSON *object, const struct figure_view *view)
{
    const struct effect_figures *effects = &view->result->effects;
    if (is_blind(effects)) {
        cJSON_AddNullToObject(object, "ratios");
    } else {
        figures_add_group(cJSON_AddObjectToObject(object, "ratios"),
                          FIGURES_RATIOS, view);
    }
    if (has_ledger(effects)) {
        figures_add_group(cJSON_AddObjectToObject(object, "upper_bound_95"),
                          FIGURES_UPPER_BOUNDS, view);
    } else {
        cJSON_AddNullToObject(object, "upper_bound_95");
    }
}

static void add_key(cJSON *object, const struct plan *plan, uint64_t operation,
                    unsigned attempt)
{
    char key[KEY_MAX] = "";
    workload_of(plan)->key_again(plan, operation, attempt, key);
    member_text(object, "key", key);
}

static cJSON *make_trace(const struct effect_example *example,
                         const struct plan *plan)
{
    cJSON *trace = cJSON_CreateArray();
    for (size_t i = 0; i < example->note_count; i++) {
        const struct attempt_note *note = &example->notes[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(
            object, "kind", attempt_kind_name((enum attempt_kind)note->kind));
        cJSON_AddStringToObject(object, "outcome",
                                outcome_name((enum outcome)note->outcome));
        member_us(object, "status", note->status > 0 ? note->status : -1);
        member_us(object, "sent_us",
                  note->sent.ns < 0 ? -1 : note->sent.ns / NS_PER_US);
        member_us(object, "done_us",
                  note->done.ns < 0 ? -1 : note->done.ns / NS_PER_US);
        member_text(
            object, "fault",
            note->fault < 0 ? NULL : fault_name((enum fault_kind)note->fault));
        add_key(object, plan, example->operation, note->number);
        member_us(object, "named", note->named > 0 ? note->named : -1);
        cJSON_AddItemToArray(trace, object);
    }
    return trace;
}

static cJSON *make_example(const struct effect_example *example,
                           const struct plan *plan)
{
    cJSON *object = cJSON_CreateObject();
    char id[64];

    cJSON_AddStringToObject(object, "class",
                            effect_class_name(example->class));
    key_operation_id(plan->run, example->operation, id, sizeof(id));
    cJSON_AddStringToObject(object, "id", id);
    add_key(object, plan, example->operation, 1);
    cJSON_AddStringToObject(object, "verdict", verdict_name(example->verdict));
    member_count(object, "effects", example->effects);
    member_count(object, "attempts", example->attempts);
    cJSON *flags = cJSON_AddArrayToObject(object, "flags");
    if (example->single_attempt) {
        cJSON_AddItemToArray(flags, cJSON_CreateString("single_attempt"));
    }
    if (example->aliased) {
        cJSON_AddItemToArray(flags, cJSON_CreateString("aliased"));
    }
    if (example->late) {
        cJSON_AddItemToArray(flags, cJSON_CreateString("late"));
    }
    if (example->divergent) {
        cJSON_AddItemToArray(flags, cJSON_CreateString("divergent"));
    }
    if (example->stuck) {
        cJSON_AddItemToArray(flags, cJSON_CreateString("stuck"));
    }
    member_us(object, "intended_us", example->intended.ns / NS_PER_US);
    if (example->note_count > 0) {
        cJSON_AddItemToObject(object, "trace", make_trace(example, plan));
    } else {
        cJSON_AddNullToObject(object, "trace");
    }
    return object;
}

static void add_unjudged(cJSON *object, const struct figure_view *view)
{
    static const enum effect_class classes[] = {EFFECT_DUPLICATE, EFFECT_LOST,
                                                EFFECT_PHANTOM};
    if (is_blind(&view->result->effects)) {
        cJSON_AddNullToObject(object, "unjudged");
        return;
    }
    cJSON *unjudged = cJSON_AddObjectToObject(object, "unjudged");
    for (size_t i = 0; i < array_length(classes); i++) {
        member_text(unjudged, effect_class_name(classes[i]),
                    result_unjudged(view->result, classes[i]));
    }
}

static void add_lag(cJSON *object, const struct effect_figures *effects)
{
    bool is_known = has_ledger(effects) && effects->effect_lag;
    cJSON_AddItemToObject(object, "effect_lag",
                          is_known ? figures_distribution(effects->effect_lag)
                                   : cJSON_CreateNull());
}

/* Whether the states came in order. */
static void add_transitions(cJSON *object, const struct figure_view *view,
                            const struct plan *plan)
{
    const struct effect_figures *effects = &view->result->effects;
    const struct transition_figures *figures = &effects->transitions;

    if (!has_ledger(effects) || !figures->is_measured) {
        cJSON_AddNullToObject(object, "transitions");
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(object, "transitions");
    figures_add_group(part, FIGURES_TRANSITIONS, view);
    cJSON *examples = cJSON_AddArrayToObject(part, "examples");
    for (size_t i = 0; i < figures->example_count; i++) {
        const struct transition_example *example = &figures->examples[i];
        cJSON *item = cJSON_CreateObject();
        char id[64];
        key_operation_id(plan->run, example->member, id, sizeof(id));
        cJSON_AddStringToObject(item, "id", id);
        add_key(item, plan, example->member, 1);
        member_text(item, "from", example->from);
        member_text(item, "to", example->to);
        member_unix_us(item, "at_unix_us", example->unix_ns / NS_PER_US);
        cJSON_AddItemToArray(examples, item);
    }
}

static void add_examples(cJSON *object, const struct effect_figures *effects,
                         const struct plan *plan)
{
    if (is_blind(effects)) {
        cJSON_AddNullToObject(object, "examples");
        return;
    }
    cJSON *examples = cJSON_AddArrayToObject(object, "examples");
    for (size_t i = 0; i < effects->example_count; i++) {
        cJSON_AddItemToArray(examples,
                             make_example(&effects->examples[i], plan));
    }
}

cJSON *document_effects(const struct figure_view *view,
                        const struct plan *plan)
{
    const struct effect_figures *effects = &view->result->effects;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "oracle",
                            effect_oracle_name(effects->oracle));
    member_text(object, "problem", effects->problem);
    figures_add_group(object, FIGURES_ANSWERS, view);
    figures_add_group(object, FIGURES_EFFECTS, view);
    add_table(object, effects);
    add_ratios(object, view);
    add_unjudged(object, view);
    member_us(object, "looked_us",
              has_ledger(effects) && effects->looked.ns >= 0
                  ? effects->looked.ns / NS_PER_US
                  : -1);
    add_examples(object, effects, plan);
    figures_add_group(object, FIGURES_HISTORY, view);
    add_lag(object, effects);
    add_transitions(object, view, plan);
    return object;
}
