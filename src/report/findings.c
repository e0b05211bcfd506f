#include "report/findings.h"

#include "report/figures.h"
#include "report/member.h"

#include <stdio.h>

static void add_null_figures(cJSON *object)
{
    static const char *const names[] = {
        "operations_checked", "exactly_once",
        "duplicate",          "extra_effects",
        "lost",               "phantom",
        "unresolved_done",    "unresolved_not_done",
        "clean",              "foreign",
        "foreign_ids",        "total_effects",
        "single_attempt",     "aliased",
        "table",              "delivered_lost_responses",
        "ratios",             "upper_bound_95",
        "examples",           "seen_before",
        "late",               "effect_lag",
        "transitions",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cJSON_AddNullToObject(object, names[i]);
    }
}

/* Answers speak for themselves, whichever oracle judges; where they were not
 * asked they said nothing. */
static void add_answers(cJSON *object, const struct answer_figures *answers)
{
    const struct {
        const char *name;
        bool is_measured;
        uint64_t count;
    } members[] = {
        {"divergent", answers->names_effects, answers->divergent},
        {"replay_mismatch", answers->compares, answers->replay_mismatch},
        {"stuck", answers->has_keys, answers->stuck},
        {"named_twice", answers->names_effects, answers->duplicates},
        {"named_alike", answers->knows_shared, answers->aliased},
        {"unnamed", answers->names_effects, answers->unnamed},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        member_measured(object, members[i].name,
                        members[i].is_measured ? (double)members[i].count
                                               : -1);
    }
}

static void add_table(cJSON *object, const struct effects *effects)
{
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

static const enum effect_class grave[] = {EFFECT_DUPLICATE, EFFECT_LOST,
                                          EFFECT_PHANTOM};

/* A count of zero in n operations bounds the true share at 3/n with 95 %
 * confidence (the rule of three). */
static void add_ratios(cJSON *object, const struct effects *effects)
{
    cJSON *ratios = cJSON_AddObjectToObject(object, "ratios");
    cJSON *bounds = cJSON_AddObjectToObject(object, "upper_bound_95");
    double n = (double)effects->operations_checked;

    for (size_t i = 0; i < sizeof(grave) / sizeof(grave[0]); i++) {
        const char *name = effect_class_name(grave[i]);
        double count = (double)effects->classes[grave[i]];
        member_measured(ratios, name, n > 0 ? count / n : -1);
        double bound = 3 / n;
        if (n > 0 && bound > 1) {
            bound = 1;
        }
        member_measured(bounds, name, n > 0 && count <= 0 ? bound : -1);
    }
}

static void add_key(cJSON *object, const struct plan *plan,
                    uint64_t operation, unsigned attempt)
{
    char key[KEY_MAX] = "";
    if (plan->letters) {
        const struct letter *letter = letters_find(plan->letters, operation);
        member_text(object, "key", letter ? letter->key : NULL);
        return;
    }
    plan_key_again(plan, operation, attempt, key);
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
            object, "kind",
            attempt_kind_name((enum attempt_kind)note->kind));
        cJSON_AddStringToObject(object, "outcome",
                                outcome_name((enum outcome)note->outcome));
        member_us(object, "status", note->status > 0 ? note->status : -1);
        member_us(object, "sent_us",
                  note->sent.ns < 0 ? -1 : note->sent.ns / NS_PER_US);
        member_us(object, "done_us",
                  note->done.ns < 0 ? -1 : note->done.ns / NS_PER_US);
        member_text(object, "fault",
                    note->fault < 0
                        ? NULL
                        : fault_name((enum fault_kind)note->fault));
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
    cJSON_AddStringToObject(object, "verdict",
                            verdict_name(example->verdict));
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

/* When an effect came, and whether the states came in order. */
static void add_history(cJSON *object, const struct effects *effects,
                        const struct plan *plan)
{
    const struct transition_figures *figures = &effects->transitions;

    member_count(object, "seen_before", effects->seen_before);
    member_measured(object, "late",
                    effects->tells_time ? (double)effects->late : -1);
    if (effects->effect_lag) {
        cJSON_AddItemToObject(object, "effect_lag",
                              figures_distribution(effects->effect_lag));
    } else {
        cJSON_AddNullToObject(object, "effect_lag");
    }
    if (!figures->is_measured) {
        cJSON_AddNullToObject(object, "transitions");
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(object, "transitions");
    member_count(part, "checked", figures->checked);
    member_count(part, "illegal", figures->illegal);
    member_count(part, "operations", figures->offenders);
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

static void add_examples(cJSON *object, const struct effects *effects,
                         const struct plan *plan)
{
    cJSON *examples = cJSON_AddArrayToObject(object, "examples");
    for (size_t i = 0; i < effects->example_count; i++) {
        cJSON_AddItemToArray(examples,
                             make_example(&effects->examples[i], plan));
    }
}

static void set_count(cJSON *object, const char *name, uint64_t count)
{
    cJSON_ReplaceItemInObjectCaseSensitive(
        object, name, cJSON_CreateNumber((double)count));
}

/* What was seen by the ids in answers; all else stays null. No bound goes with
 * it: what was not seen may have happened all the same. */
static void add_seen(cJSON *object, const struct result *result,
                     const struct plan *plan)
{
    const struct effects *effects = &result->effects;
    double n = (double)effects->operations_checked;

    set_count(object, "operations_checked", effects->operations_checked);
    set_count(object, "duplicate", effects->classes[EFFECT_DUPLICATE]);
    set_count(object, "extra_effects", effects->extra_effects);
    set_count(object, "total_effects", effects->total_effects);
    set_count(object, "single_attempt", effects->single_attempt);
    if (effects->answers.knows_shared) {
        set_count(object, "aliased", effects->aliased);
    }
    set_count(object, "delivered_lost_responses",
              result->tally->faults[FAULT_LOST_RESPONSE].delivered);
    cJSON *ratios = cJSON_CreateObject();
    member_measured(ratios, "duplicate",
                    (double)effects->classes[EFFECT_DUPLICATE] / n);
    cJSON_AddNullToObject(ratios, "lost");
    cJSON_AddNullToObject(ratios, "phantom");
    cJSON_ReplaceItemInObjectCaseSensitive(object, "ratios", ratios);
    cJSON_DeleteItemFromObjectCaseSensitive(object, "examples");
    add_examples(object, effects, plan);
}

cJSON *findings_make(const struct result *result, const struct plan *plan)
{
    const struct effects *effects = &result->effects;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "oracle",
                            effect_oracle_name(effects->oracle));
    member_text(object, "problem", effects->problem);
    add_answers(object, &effects->answers);
    if (effects->oracle != ORACLE_LEDGER) {
        add_null_figures(object);
        if (effects->oracle == ORACLE_EFFECT_ID) {
            add_seen(object, result, plan);
        }
        return object;
    }
    member_count(object, "operations_checked", effects->operations_checked);
    for (int c = 0; c < EFFECT_CLASS_COUNT; c++) {
        member_count(object, effect_class_name((enum effect_class)c),
                     effects->classes[c]);
    }
    member_count(object, "extra_effects", effects->extra_effects);
    member_count(object, "total_effects", effects->total_effects);
    member_count(object, "foreign", effects->foreign_effects);
    member_count(object, "foreign_ids", effects->foreign_ids);
    member_count(object, "single_attempt", effects->single_attempt);
    member_count(object, "aliased", effects->aliased);
    member_count(object, "delivered_lost_responses",
                 result->tally->faults[FAULT_LOST_RESPONSE].delivered);
    add_table(object, effects);
    add_ratios(object, effects);
    add_examples(object, effects, plan);
    add_history(object, effects, plan);
    return object;
}
