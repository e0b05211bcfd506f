/* What was promised against what was done, of several runs: each operation was
 * joined with the ledger by its own run, so classes are added where all runs
 * asked the same kind of oracle. */
#include "report/merge_inside.h"

#include "base/must.h"
#include "measure/effect_figures.h"
#include "report/member.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *oracle_of(const struct merging *merging, size_t i)
{
    const char *oracle =
        text_string(merging->inputs[i].document, "effects.oracle");
    return oracle ? oracle : "none";
}

static bool is(const char *oracle, enum effect_oracle which)
{
    return strcmp(oracle, effect_oracle_name(which)) == 0;
}

/* The one that all have; else none, or unverified, and why. */
static const char *common_oracle(const struct merging *merging,
                                 struct str *problem)
{
    const char *first = oracle_of(merging, 0);
    size_t other = 0;

    for (size_t i = 0; i < merging->count; i++) {
        if (is(oracle_of(merging, i), ORACLE_UNVERIFIED)) {
            str_printf(problem, "the effects of %s are unverified",
                       merging->inputs[i].name);
            return effect_oracle_name(ORACLE_UNVERIFIED);
        }
        other = other == 0 && strcmp(oracle_of(merging, i), first) != 0
                    ? i
                    : other;
    }
    if (other == 0) {
        return first;
    }
    str_printf(problem,
               "effects were read otherwise: %s has the oracle %s, %s has %s",
               merging->inputs[0].name, first, merging->inputs[other].name,
               oracle_of(merging, other));
    return effect_oracle_name(ORACLE_NONE);
}

static void add_nulls(cJSON *object, enum figure_group group)
{
    const struct figure *figure;

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->group == group) {
            cJSON_AddNullToObject(object, figure->member);
        }
    }
}

/* What answers did not show of one run they may have shown of another. */
static void add_unjudged(const struct merging *merging, cJSON *object)
{
    static const char *const classes[] = {"duplicate", "lost", "phantom"};
    cJSON *unjudged = cJSON_AddObjectToObject(object, "unjudged");

    for (size_t c = 0; c < array_length(classes); c++) {
        const char *reason = NULL;
        for (size_t i = 0; i < merging->count; i++) {
            char path[64];
            snprintf(path, sizeof(path), "effects.unjudged.%s", classes[c]);
            reason = text_string(merging->inputs[i].document, path);
            if (!reason) {
                break;
            }
        }
        member_text(unjudged, classes[c], reason);
    }
}

/* The shortest: what came later may not have been seen. */
static double looked_us(const struct merge_places *places, size_t count)
{
    double shortest = NAN;

    for (size_t i = 0; i < count; i++) {
        double looked = text_number(places->objects[i], "effects.looked_us");
        shortest = looked >= shortest ? shortest : looked;
    }
    return shortest;
}

static void add_example(cJSON *all, const cJSON *example, double offset_us)
{
    cJSON *copy = cJSON_Duplicate(example, true);
    cJSON *intended;

    must(copy);
    intended = cJSON_GetObjectItemCaseSensitive(copy, "intended_us");
    if (cJSON_IsNumber(intended)) {
        merge_raise(intended, offset_us);
    }
    cJSON_AddItemToArray(all, copy);
}

/* As many as a report has: first those of the gravest class, of each class
 * those of the first report. */
static cJSON *merge_examples(const struct merging *merging)
{
    cJSON *all = cJSON_CreateArray();
    const cJSON *example;
    int room = EFFECT_EXAMPLES_MAX;

    for (int class = 0; class < EFFECT_CLASS_COUNT; class ++) {
        const char *name = effect_class_name((enum effect_class) class);
        for (size_t i = 0; i < merging->count; i++) {
            cJSON_ArrayForEach(example, text_find(merging->inputs[i].document,
                                                  "effects.examples"))
            {
                const char *of = text_string(example, "class");
                if (room > 0 && of && strcmp(of, name) == 0) {
                    add_example(all, example, merge_offset_us(merging, i));
                    room--;
                }
            }
        }
    }
    return all;
}

static cJSON *merge_transitions(struct merging *merging,
                                const struct merge_places *places)
{
    cJSON *part = cJSON_CreateObject();
    int room = TRANSITION_EXAMPLES_MAX;
    const cJSON *example;

    merge_group(merging, part, FIGURES_TRANSITIONS, places);
    cJSON *examples = cJSON_AddArrayToObject(part, "examples");
    for (size_t i = 0; i < merging->count; i++) {
        cJSON_ArrayForEach(example, text_find(places->objects[i],
                                              "effects.transitions.examples"))
        {
            if (room-- > 0) {
                cJSON_AddItemToArray(examples, cJSON_Duplicate(example, true));
            }
        }
    }
    return part;
}

static void add_what_was_seen(struct merging *merging, cJSON *object,
                              bool has_ledger,
                              const struct merge_places *places)
{
    cJSON *ratios = cJSON_AddObjectToObject(object, "ratios");
    bool all_ordered = has_ledger;

    merge_group(merging, ratios, FIGURES_RATIOS, places);
    add_unjudged(merging, object);
    member_measured(object, "looked_us", looked_us(places, merging->count));
    cJSON_AddItemToObject(object, "examples", merge_examples(merging));
    if (has_ledger) {
        merge_counts(merging, object, "table", "effects.table", places);
        merge_group(merging, cJSON_AddObjectToObject(object, "upper_bound_95"),
                    FIGURES_UPPER_BOUNDS, places);
    } else {
        cJSON_AddNullToObject(object, "table");
        cJSON_AddNullToObject(object, "upper_bound_95");
    }
    cJSON_AddItemToObject(
        object, "effect_lag",
        merge_distribution(merging, "effects.effect_lag", 0, places));
    for (size_t i = 0; i < merging->count; i++) {
        all_ordered =
            all_ordered && cJSON_IsObject(text_find(places->objects[i],
                                                    "effects.transitions"));
    }
    cJSON_AddItemToObject(object, "transitions",
                          all_ordered ? merge_transitions(merging, places)
                                      : cJSON_CreateNull());
}

cJSON *merge_effects(struct merging *merging,
                     const struct merge_places *places)
{
    static const char *const unknown[] = {
        "table",     "ratios",   "upper_bound_95", "unjudged",
        "looked_us", "examples", "effect_lag",     "transitions"};
    cJSON *object = cJSON_CreateObject();
    struct str problem = STR_INIT;
    const char *oracle = common_oracle(merging, &problem);
    bool is_seen = is(oracle, ORACLE_LEDGER) || is(oracle, ORACLE_EFFECT_ID);

    cJSON_AddStringToObject(object, "oracle", oracle);
    member_text(object, "problem", problem.text);
    merge_group(merging, object, FIGURES_ANSWERS, places);
    if (is_seen) {
        merge_group(merging, object, FIGURES_EFFECTS, places);
        merge_group(merging, object, FIGURES_HISTORY, places);
        add_what_was_seen(merging, object, is(oracle, ORACLE_LEDGER), places);
    } else {
        add_nulls(object, FIGURES_EFFECTS);
        add_nulls(object, FIGURES_HISTORY);
        for (size_t i = 0; i < array_length(unknown); i++) {
            cJSON_AddNullToObject(object, unknown[i]);
        }
    }
    if (problem.length > 0) {
        merge_note(merging, "effects", problem.text);
    }
    str_release(&problem);
    return object;
}
