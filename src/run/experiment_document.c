#include "run/experiment_document.h"

#include "base/json.h"
#include "base/str.h"
#include "compare/summary.h"
#include "measure/result.h"
#include "report/member.h"
#include "run/about.h"
#include "run/paired_document.h"

#include <math.h>
#include <stdio.h>

/* A variant, with the middle of each measure over its runs. */
static void add_variants(cJSON *document, const struct experiment *experiment,
                         const struct experiment_options *options)
{
    cJSON *array = cJSON_AddArrayToObject(document, "variants");

    for (size_t v = 0; v < options->paired.variant_count; v++) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name",
                                options->paired.variants[v].name);
        cJSON_AddBoolToObject(object, "baseline",
                              v == options->paired.baseline);
        paired_add_medians(object, &experiment->paired.input, v);
        cJSON_AddItemToArray(array, object);
    }
}

static const char *finding_shown(const struct experiment *experiment,
                                 const struct comparison_row *row)
{
    return experiment->end == EXPERIMENT_JUDGED &&
                   (row->is_judged || row->finding == FOUND_UNMEASURED)
               ? finding_word(row->finding)
               : NULL;
}

/* Why it was not measured; null where it was. */
static void add_reason(cJSON *object, const struct experiment *experiment,
                       const struct comparison_row *row)
{
    uint64_t least = experiment->paired.operations_lacking[row->measure];
    char reason[80] = "";

    if (row->finding == FOUND_UNMEASURED) {
        if (least > 0) {
            snprintf(reason, sizeof reason,
                     "it takes %" PRIu64 " operations a run", least);
        } else {
            snprintf(reason, sizeof reason,
                     "no round has measured it on both sides");
        }
    }
    member_text(object, "reason", reason);
}

/* Those that are not judged, and those of an experiment that was stopped, have
 * no word. */
static void add_rows(cJSON *document, const struct experiment *experiment,
                     const struct experiment_options *options)
{
    cJSON *array = cJSON_AddArrayToObject(document, "rows");

    for (size_t i = 0; i < experiment->comparison.row_count; i++) {
        const struct comparison_row *row = &experiment->comparison.rows[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "variant",
                                options->paired.variants[row->variant].name);
        cJSON_AddStringToObject(object, "measure",
                                compared_measure(row->measure)->metric);
        cJSON_AddBoolToObject(object, "judged", row->is_judged);
        member_text(object, "finding", finding_shown(experiment, row));
        member_count(object, "rounds", row->rounds);
        paired_add_value(object, "estimate", row->estimate);
        add_reason(object, experiment, row);
        paired_add_bound(object, "low", row->low);
        paired_add_bound(object, "high", row->high);
        paired_add_bound(object, "p", row->rounds > 0 ? row->p : NAN);
        paired_add_bound(object, "resolution", row->resolution);
        member_measured(object, "rounds_needed",
                        row->needed > 0 ? (double)row->needed : -1);
        cJSON_AddItemToArray(array, object);
    }
}

static size_t gates_missed(const struct experiment *experiment,
                           const struct experiment_info *info)
{
    size_t missed = 0;
    for (size_t i = 0; i < info->gate_count; i++) {
        missed += !gate_holds(&info->gates[i], &experiment->comparison);
    }
    return missed;
}

/* What an undecided row could have hidden, beside a gate that it passes; null
 * where there is no such row. */
static void add_unseen(cJSON *object, const struct gate *gate,
                       const struct experiment *experiment)
{
    const struct comparison_row *row =
        experiment->end == EXPERIMENT_JUDGED
            ? gate_undecided(gate, &experiment->comparison)
            : NULL;
    struct str words = STR_INIT;

    if (row && isfinite(row->resolution)) {
        static const struct {
            double factor;
            const char *unit;
        } scales[] = {[SCALE_RATIO] = {100, " %"},
                      [SCALE_POINTS] = {100, " points"},
                      [SCALE_COUNT] = {1, ""}};
        enum compared_scale scale = compared_measure(row->measure)->scale;
        str_printf(&words, "less than %.3g%s could not have been seen",
                   row->resolution * scales[scale].factor, scales[scale].unit);
    } else if (row) {
        str_append(&words, "nothing could have been seen");
    }
    member_text(object, "unseen", words.text);
    str_release(&words);
}

static void add_gates(cJSON *document, const struct experiment *experiment,
                      const struct experiment_info *info)
{
    cJSON *array = cJSON_AddArrayToObject(document, "gates");

    for (size_t i = 0; i < info->gate_count; i++) {
        const struct gate *gate = &info->gates[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "expr", gate->text);
        cJSON_AddStringToObject(object, "option",
                                gate->is_demand ? "fail-unless" : "fail-if");
        add_unseen(object, gate, experiment);
        if (experiment->end == EXPERIMENT_JUDGED) {
            cJSON_AddBoolToObject(object, "pass",
                                  gate_holds(gate, &experiment->comparison));
        } else {
            cJSON_AddNullToObject(object, "pass");
        }
        cJSON_AddItemToArray(array, object);
    }
}

static enum run_verdict verdict_of(const struct experiment *experiment,
                                   const struct experiment_info *info)
{
    switch (experiment->end) {
    case EXPERIMENT_JUDGED:
        return info->gate_count == 0                ? RUN_DONE
               : gates_missed(experiment, info) > 0 ? RUN_FAIL
                                                    : RUN_PASS;
    case EXPERIMENT_STOPPED:
        return RUN_INCOMPLETE;
    case EXPERIMENT_VOID:
        return RUN_INVALID;
    }
    return RUN_INVALID;
}

int experiment_status(const struct experiment *experiment,
                      const struct experiment_info *info)
{
    return run_verdict_exit_status(verdict_of(experiment, info));
}

static void add_about(cJSON *document, const struct experiment *experiment,
                      const struct experiment_options *options,
                      const struct experiment_info *info)
{
    bool is_void = experiment->end == EXPERIMENT_VOID;
    cJSON *run = about_add(
        document,
        &(struct about){
            .started_unix_ms = info->started_unix_ms,
            .took = experiment->took,
            .seed = options->paired.trials.seed,
            .argc = info->argc,
            .argv = info->argv,
            .libcurl = info->libcurl,
            .target = info->target,
            .is_complete = experiment->end != EXPERIMENT_STOPPED,
            .exit_status = experiment_status(experiment, info),
            .problem = is_void ? experiment->paired.spoiled_by : NULL,
        });
    cJSON_AddBoolToObject(run, "saved", info->saved != NULL);
}

static void add_level(cJSON *document, const struct experiment *experiment)
{
    const struct comparison *comparison = &experiment->comparison;
    cJSON *family = cJSON_AddObjectToObject(document, "family");

    cJSON_AddNumberToObject(family, "level", comparison->level);
    cJSON_AddNumberToObject(family, "interval_level",
                            1 - comparison->common_level);
    member_count(family, "rows", comparison_family(&experiment->paired.input));
    member_count(family, "rounds", experiment->paired.input.rounds);
    member_count(family, "void_rounds", experiment->paired.void_rounds);
    member_count(family, "least_rounds", comparison->least);
}

static void add_sentences(cJSON *document, const struct str *sentences,
                          size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(document, "summary");

    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(array, cJSON_CreateString(sentences[i].text));
    }
}

/* Nothing, where there are no words. */
static void add_summary(cJSON *document, const struct experiment *experiment,
                        const struct experiment_options *options)
{
    const char *names[PAIRED_VARIANTS_MAX];
    struct summary summary;

    if (experiment->end != EXPERIMENT_JUDGED) {
        add_sentences(document, NULL, 0);
        return;
    }
    for (size_t v = 0; v < options->paired.variant_count; v++) {
        names[v] = options->paired.variants[v].name;
    }
    summary_make(&summary, &experiment->paired.input, &experiment->comparison,
                 names);
    add_sentences(document, summary.sentences, summary.count);
    summary_release(&summary);
}

cJSON *experiment_document(const struct experiment *experiment,
                           const struct experiment_options *options,
                           const struct experiment_info *info)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "schema", "squall.compare/1");
    add_about(document, experiment, options, info);
    add_level(document, experiment);
    paired_add_measures(document, experiment->paired.input.is_judged);
    add_variants(document, experiment, options);
    add_rows(document, experiment, options);
    if (info->saved) {
        add_sentences(document, info->saved->sentences, info->saved->count);
    } else {
        add_summary(document, experiment, options);
    }
    add_gates(document, experiment, info);
    if (info->saved) {
        /* Saved runs make no rounds. */
        cJSON_AddArrayToObject(document, "rounds");
    } else {
        paired_add_rounds(document, &experiment->paired,
                          options->paired.variants);
    }
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(verdict_of(experiment, info)));
    json_mask(document);
    return document;
}
