#include "run/experiment_saved.h"

#include "base/must.h"
#include "compare/comparison.h"
#include "measure/result.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A figure where the report has it, NAN where it has none. */
static double figure_of(const cJSON *report, const char *metric)
{
    const struct figure *figure;
    char path[120];

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->metric &&
            strcmp(figure->metric, metric) == 0) {
            snprintf(path, sizeof path, "%s%s", figure_path(figure->group),
                     figure->member);
            return text_number(report, path);
        }
    }
    return NAN;
}

/* A quantile of the time to success, "p99": null is never, where there were
 * operations. */
static double quantile_of(const cJSON *report, const char *metric)
{
    const cJSON *times = text_find(report, "latency.time_to_success");
    char member[20];

    snprintf(member, sizeof member, "%s_us", metric);
    double value = text_number(times, member);
    return isnan(value) && text_number(times, "count") > 0 ? (double)INFINITY
                                                           : value;
}

/* The longest; as a run has it (measure/recovery.h). */
static double recovery_of(const cJSON *report)
{
    const cJSON *recovery;
    double longest = NAN;
    bool is_known = true;

    cJSON_ArrayForEach(recovery, text_find(report, "recovery"))
    {
        double back = text_number(recovery, "time_to_recover_us");
        if (cJSON_IsTrue(text_find(recovery, "metastable"))) {
            return (double)INFINITY;
        }
        is_known = is_known && !isnan(back);
        longest = longest >= back ? longest : back;
    }
    return is_known ? longest : NAN;
}

static double value_of(const cJSON *report, enum compared measure)
{
    const char *metric = compared_measure(measure)->metric;

    switch ((int)measure) {
    case COMPARED_TIME_TO_RECOVER:
        return recovery_of(report);
    case COMPARED_P50:
    case COMPARED_P99:
        return quantile_of(report, metric);
    default:
        return figure_of(report, metric);
    }
}

/* Whether two reports say different things of what is to be the same. */
static bool differs(const cJSON *one, const cJSON *other, const char *path)
{
    const cJSON *a = text_find(one, path), *b = text_find(other, path);
    return (a || b) && !cJSON_Compare(a, b, true);
}

/* What was not the same in all runs but the client's policy. */
static void add_differences(struct saved_remarks *remarks,
                            const cJSON *const *reports, size_t count)
{
    static const struct {
        const char *path, *words;
    } parts[] = {{"profile.load", "the load"},
                 {"profile.requests", "the requests"},
                 {"profile.faults", "the faults"},
                 {"profile.service", "the embedded target"},
                 {"run.seed", "the seed"},
                 {"tool.version", "the version of squall"}};
    struct str words = STR_INIT;

    for (size_t p = 0; p < array_length(parts); p++) {
        bool any = false;
        for (size_t i = 1; i < count; i++) {
            any = any || differs(reports[0], reports[i], parts[p].path);
        }
        if (any) {
            str_append(&words, words.length > 0 ? ", " : "");
            str_append(&words, parts[p].words);
        }
    }
    if (words.length > 0) {
        str_printf(&remarks->sentences[remarks->count++],
                   "They differ in more than the policy: %s.", words.text);
    }
    str_release(&words);
}

static void add_untrusted(struct saved_remarks *remarks,
                          const struct experiment_options *options,
                          const cJSON *const *reports)
{
    struct str words = STR_INIT;

    for (size_t i = 0; i < options->paired.variant_count; i++) {
        const char *verdict = text_string(reports[i], "verdict");
        if (verdict && (strcmp(verdict, "invalid") == 0 ||
                        strcmp(verdict, "incomplete") == 0)) {
            str_printf(&words, "%s%s is %s", words.length > 0 ? ", " : "",
                       options->paired.variants[i].name, verdict);
        }
    }
    if (words.length > 0) {
        str_printf(&remarks->sentences[remarks->count++],
                   "Figures cannot be trusted: %s.", words.text);
    }
    str_release(&words);
}

void experiment_of_reports(struct experiment *experiment, struct arena *arena,
                           const struct experiment_options *options,
                           const cJSON *const *reports,
                           struct saved_remarks *remarks)
{
    size_t count = options->paired.variant_count;
    double *values =
        arena_array(arena, count * COMPARED_COUNT, sizeof *values);

    for (size_t v = 0; v < count; v++) {
        for (size_t i = 0; i < COMPARED_COUNT; i++) {
            values[v * COMPARED_COUNT + i] =
                value_of(reports[v], (enum compared)i);
        }
    }
    *experiment = (struct experiment){
        .end = EXPERIMENT_JUDGED,
        .paired.input = {.variants = count,
                         .baseline = options->paired.baseline,
                         .rounds = 1,
                         .values = values},
    };
    memcpy(experiment->paired.input.is_judged, options->is_judged,
           sizeof options->is_judged);
    experiment->comparison = comparison_judge(
        arena, &experiment->paired.input, looks_last_level(&options->looks));
    *remarks = (struct saved_remarks){.count = 1};
    str_append(&remarks->sentences[0],
               "Each of these is a single run: whether a difference between "
               "them is one of the policies or chance cannot be known; "
               "comparing the policies themselves, round after round, shows "
               "it.");
    add_differences(remarks, reports, count);
    add_untrusted(remarks, options, reports);
}

void saved_remarks_release(struct saved_remarks *remarks)
{
    for (size_t i = 0; i < SAVED_REMARKS_MAX; i++) {
        str_release(&remarks->sentences[i]);
    }
}
