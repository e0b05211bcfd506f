#include "run/paired_document.h"

#include "base/must.h"
#include "measure/result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *scale_name(enum compared_scale scale)
{
    static const char *const names[] = {[SCALE_RATIO] = "ratio",
                                        [SCALE_POINTS] = "difference",
                                        [SCALE_COUNT] = "count"};
    return names[scale];
}

void paired_add_value(cJSON *object, const char *name, double value)
{
    if (isinf(value)) {
        cJSON_AddStringToObject(object, name, "never");
    } else if (isnan(value)) {
        cJSON_AddNullToObject(object, name);
    } else {
        cJSON_AddNumberToObject(object, name, value);
    }
}

void paired_add_bound(cJSON *object, const char *name, double value)
{
    if (isfinite(value)) {
        cJSON_AddNumberToObject(object, name, value);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

void paired_add_measures(cJSON *document, const bool *is_judged)
{
    cJSON *array = cJSON_AddArrayToObject(document, "measures");

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        const struct compared_measure *measure =
            compared_measure((enum compared)i);
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", measure->metric);
        cJSON_AddStringToObject(object, "title", measure->title);
        struct slo_metric metric;
        must(slo_read_metric(&metric, measure->metric));
        cJSON_AddStringToObject(object, "unit", unit_word(metric.unit));
        cJSON_AddStringToObject(object, "scale", scale_name(measure->scale));
        cJSON_AddStringToObject(
            object, "better", measure->higher_is_better ? "higher" : "lower");
        cJSON_AddBoolToObject(object, "judged", is_judged[i]);
        cJSON_AddNumberToObject(object, "ignore", measure->ignore);
        cJSON_AddNumberToObject(object, "detect", measure->detect);
        cJSON_AddItemToArray(array, object);
    }
}

void paired_add_medians(cJSON *object, const struct comparison_input *input,
                        size_t variant)
{
    cJSON *medians = cJSON_AddObjectToObject(object, "median");

    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        paired_add_value(medians, compared_measure((enum compared)i)->metric,
                         comparison_median(input, variant, (enum compared)i));
    }
}

static void add_run(cJSON *runs, const struct paired *paired, size_t round,
                    size_t variant, const char *name)
{
    cJSON *run = cJSON_CreateObject();

    cJSON_AddStringToObject(run, "variant", name);
    cJSON *figures = cJSON_AddObjectToObject(run, "figures");
    for (size_t m = 0; m < COMPARED_COUNT; m++) {
        paired_add_value(figures, compared_measure((enum compared)m)->metric,
                         comparison_value(&paired->input, round, variant,
                                          (enum compared)m));
    }
    cJSON_AddItemToArray(runs, run);
}

void paired_add_rounds(cJSON *document, const struct paired *paired,
                       const struct paired_variant *variants)
{
    cJSON *array = cJSON_AddArrayToObject(document, "rounds");

    for (size_t r = 0; r < paired->input.rounds; r++) {
        const struct paired_round *round = &paired->rounds[r];
        cJSON *object = cJSON_CreateObject();
        char seed[24];
        snprintf(seed, sizeof seed, "%" PRIu64, round->seed);
        cJSON_AddStringToObject(object, "seed", seed);
        cJSON *runs = cJSON_AddArrayToObject(object, "runs");
        for (size_t i = 0; i < round->count; i++) {
            size_t variant = round->order[i];
            add_run(runs, paired, r, variant, variants[variant].name);
        }
        cJSON_AddItemToArray(array, object);
    }
}
