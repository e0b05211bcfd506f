#include "report/merge_inside.h"

#include "base/date.h"
#include "base/json.h"
#include "base/must.h"
#include "base/version.h"
#include "measure/result.h"
#include "report/document.h"
#include "report/differences.h"
#include "report/document_kind.h"
#include "report/member.h"
#include "report/text_part.h"
#include "report/validate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Requests, and stages. */

static int by_start(const void *a, const void *b)
{
    const struct span *one = a, *other = b;
    return (one->from > other->from) - (one->from < other->from);
}

double merge_covered_us(struct span *spans, size_t count)
{
    double covered = 0, until = -INFINITY;

    qsort(spans, count, sizeof(*spans), by_start);
    for (size_t i = 0; i < count; i++) {
        double from = fmax(spans[i].from, until);
        if (spans[i].until > from) {
            covered += spans[i].until - from;
            until = spans[i].until;
        }
    }
    return covered;
}

/* Whether a report may be one of a merge. */
static void check_input(struct merging *merging, size_t i)
{
    const cJSON *document = merging->inputs[i].document;

    if (!merge_input_is_good(&merging->inputs[i], merging->errors)) {
        merging->failed = true;
    } else if (cJSON_IsObject(text_find(document, "merge"))) {
        merge_refuse(merging, i, "merge",
                     "it is a merge itself: name what it was made of");
    } else if (cJSON_IsObject(text_find(document, "replay"))) {
        merge_refuse(merging, i, "replay",
                     "a replay is of operations that another run counts");
    }
}

/* Operations of one run are to be counted once. */
static void check_ids(struct merging *merging)
{
    for (size_t i = 0; i < merging->count && !merging->failed; i++) {
        const char *id = text_string(merging->inputs[i].document, "run.id");
        for (size_t k = 0; id && k < i; k++) {
            const char *other =
                text_string(merging->inputs[k].document, "run.id");
            if (other && strcmp(id, other) == 0) {
                char text[ERROR_TEXT_MAX];
                snprintf(text, sizeof(text),
                         "%s is of the same run: its operations would count "
                         "twice",
                         merging->inputs[k].name);
                merge_refuse(merging, i, "run.id", text);
                break;
            }
        }
    }
}

/* A report that does not say when its measured time began has the time at
 * which squall was started. */
static double begin_of(const cJSON *document)
{
    const char *text = text_string(document, "run.measured_from");
    const char *started = text_string(document, "run.started_at");
    int64_t unix_us = 0;

    return date_read(text ? text : started, &unix_us) ? (double)unix_us : NAN;
}

static void read_spans(struct merging *merging)
{
    struct span *sorted = calloc(merging->count, sizeof(*sorted));
    double sum = 0;

    must(sorted);
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        double from = begin_of(document);
        double length = text_number(document, "run.measured_us");
        if (isnan(from)) {
            merge_refuse(merging, i, "run.started_at", "is no date");
            from = 0;
        }
        length = isnan(length) ? 0 : length;
        merging->measured[i] = (struct span){from, from + length};
        merging->origin_us = i == 0 ? from : fmin(merging->origin_us, from);
        sum += length;
    }
    memcpy(sorted, merging->measured, merging->count * sizeof(*sorted));
    merging->covered_us = merge_covered_us(sorted, merging->count);
    merging->overlap = sum > merging->covered_us;
    free(sorted);
}

/* The text that all reports have at a path, or NULL. */
static const char *common_text(const struct merging *merging, const char *path)
{
    const char *first = text_string(merging->inputs[0].document, path);

    for (size_t i = 1; first && i < merging->count; i++) {
        const char *other = text_string(merging->inputs[i].document, path);
        if (!other || strcmp(first, other) != 0) {
            return NULL;
        }
    }
    return first;
}

static bool any_is(const struct merging *merging, const char *path)
{
    for (size_t i = 0; i < merging->count; i++) {
        if (cJSON_IsTrue(text_find(merging->inputs[i].document, path))) {
            return true;
        }
    }
    return false;
}

static bool all_are(const struct merging *merging, const char *path)
{
    for (size_t i = 0; i < merging->count; i++) {
        if (!cJSON_IsTrue(text_find(merging->inputs[i].document, path))) {
            return false;
        }
    }
    return true;
}

/* The gravest that a run has; pass only where all passed. */
static enum run_verdict verdict_of(const struct merging *merging)
{
    enum run_verdict gravest = RUN_DONE;
    bool all_pass = true;

    for (size_t i = 0; i < merging->count; i++) {
        enum run_verdict verdict = RUN_DONE;
        const char *word = text_string(merging->inputs[i].document, "verdict");
        (void)run_verdict_find(word ? word : "", &verdict);
        all_pass = all_pass && verdict == RUN_PASS;
        if (verdict != RUN_PASS && verdict > gravest) {
            gravest = verdict;
        }
    }
    return all_pass ? RUN_PASS : gravest;
}

static void add_copy(cJSON *object, const char *name, const cJSON *value)
{
    cJSON *copy = value ? cJSON_Duplicate(value, true) : cJSON_CreateNull();

    must(copy);
    cJSON_AddItemToObject(object, name, copy);
}

static double threads_of(const struct merging *merging)
{
    double sum = 0, most = 0;

    for (size_t i = 0; i < merging->count; i++) {
        double threads =
            text_number(merging->inputs[i].document, "run.threads");
        sum += threads;
        most = fmax(most, threads);
    }
    return merging->overlap ? sum : most;
}

/* From the start of the first run to the end of the last. */
static double duration_of(const struct merging *merging)
{
    double first = INFINITY, last = -INFINITY;

    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        double length = text_number(document, "run.duration_us");
        int64_t started = 0;
        if (!date_read(text_string(document, "run.started_at"), &started)) {
            return NAN;
        }
        first = fmin(first, (double)started);
        last = fmax(last, (double)started + (isnan(length) ? 0 : length));
    }
    return last - first;
}

static const char *earliest_start(const struct merging *merging)
{
    const char *earliest = NULL;
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < merging->count; i++) {
        const char *text =
            text_string(merging->inputs[i].document, "run.started_at");
        int64_t at = 0;
        if (date_read(text, &at) && at < least) {
            least = at;
            earliest = text;
        }
    }
    return earliest ? earliest : "";
}

/* What the runs say of themselves at a path, each with the name of its file;
 * null where none says anything. */
static void add_said(const struct merging *merging, cJSON *run,
                     const char *member, const char *path)
{
    struct str all = STR_INIT;

    for (size_t i = 0; i < merging->count; i++) {
        const char *said = text_string(merging->inputs[i].document, path);
        if (said) {
            str_printf(&all, "%s%s: %s", all.length ? "; " : "",
                       merging->inputs[i].name, said);
        }
    }
    member_text(run, member, all.text);
    str_release(&all);
}

static void add_run(const struct merging *merging, cJSON *document, int argc,
                    const char *const *argv)
{
    cJSON *run = cJSON_AddObjectToObject(document, "run");
    const cJSON *first = merging->inputs[0].document;
    const char *seed = common_text(merging, "run.seed");
    struct str date = STR_INIT;

    cJSON_AddNullToObject(run, "id");
    cJSON_AddStringToObject(run, "started_at", earliest_start(merging));
    date_append(&date, (int64_t)merging->origin_us, 6);
    cJSON_AddStringToObject(run, "measured_from", date.text);
    str_release(&date);
    member_measured(run, "duration_us", duration_of(merging));
    member_measured(run, "measured_us", merging->covered_us);
    cJSON_AddStringToObject(run, "seed", seed ? seed : "several");
    member_measured(run, "threads", threads_of(merging));
    document_add_argv(run, argc, argv);
    add_copy(run, "profiles", text_find(first, "run.profiles"));
    add_copy(run, "overrides", text_find(first, "run.overrides"));
    cJSON_AddBoolToObject(run, "complete", all_are(merging, "run.complete"));
    cJSON_AddNumberToObject(run, "exit",
                            run_verdict_exit_status(verdict_of(merging)));
    member_text(run, "target", common_text(merging, "run.target"));
    cJSON_AddBoolToObject(run, "embedded_target",
                          all_are(merging, "run.embedded_target"));
    member_text(run, "engine", common_text(merging, "run.engine"));
    member_text(run, "engine_reason",
                common_text(merging, "run.engine_reason"));
    add_said(merging, run, "problem", "run.problem");
    add_said(merging, run, "aborted", "run.aborted");
    /* Each counts from a start of its own. */
    cJSON_AddNullToObject(run, "aborted_at_us");
}

static void add_tool(cJSON *document)
{
    cJSON *tool = cJSON_AddObjectToObject(document, "tool");
    cJSON_AddStringToObject(tool, "version", SQUALL_VERSION);
    cJSON_AddNullToObject(tool, "libcurl");
    member_text(tool, "build", version_build());
}

static const cJSON *part_named(const cJSON *document, const char *member,
                               const char *name)
{
    const cJSON *part;

    cJSON_ArrayForEach(part, text_find(document, member))
    {
        if (strcmp(text_string(part, "name"), name) == 0) {
            return part;
        }
    }
    return NULL;
}

/* When a stage of a run was, after the beginning of its measured time. */
static double stage_offset_us(const cJSON *document, const char *name)
{
    const cJSON *window;

    cJSON_ArrayForEach(window, text_find(document, "windows"))
    {
        if (strcmp(text_string(window, "kind"), "stage") == 0 &&
            strcmp(text_string(window, "name"), name) == 0) {
            return fmax(text_number(window, "from_us"), 0);
        }
    }
    return 0;
}

static cJSON *merge_part(struct merging *merging, const char *member,
                         const char *name, bool is_stage)
{
    const cJSON **objects = calloc(merging->count, sizeof(*objects));
    struct span *spans = calloc(merging->count, sizeof(*spans));
    cJSON *part = cJSON_CreateObject();

    must(objects && spans);
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        objects[i] = part_named(document, member, name);
        double length = text_number(objects[i], "measured_us");
        double from = merging->measured[i].from +
                      (is_stage ? stage_offset_us(document, name) : 0);
        spans[i] = (struct span){from, isnan(length) ? from : from + length};
    }
    struct merge_places places = {
        .objects = objects,
        .covered_us = merge_covered_us(spans, merging->count),
        .measured = "measured_us",
        .prefix = is_stage ? "phases[]." : "requests[].",
    };
    cJSON_AddStringToObject(part, "name", name);
    member_measured(part, "measured_us", places.covered_us);
    merge_panel(merging, part, &places);
    free(objects);
    free(spans);
    return part;
}

/* Parts of one name are one, in the order in which they come. */
static cJSON *merge_parts(struct merging *merging, const char *member)
{
    cJSON *parts = cJSON_CreateArray();
    bool is_stage = strcmp(member, "phases") == 0;
    cJSON *names = cJSON_CreateObject();
    const cJSON *part;

    for (size_t i = 0; i < merging->count && !merging->failed; i++) {
        const cJSON *list = text_find(merging->inputs[i].document, member);
        if (cJSON_GetArraySize(list) > MERGE_LISTED_MAX) {
            merge_refuse(merging, i, member, "has too many elements");
            break;
        }
        cJSON_ArrayForEach(part, list)
        {
            const char *name = text_string(part, "name");
            if (!cJSON_GetObjectItemCaseSensitive(names, name) &&
                !merging->failed) {
                cJSON_AddTrueToObject(names, name);
                cJSON_AddItemToArray(
                    parts, merge_part(merging, member, name, is_stage));
            }
        }
    }
    cJSON_Delete(names);
    return parts;
}

static void add_generator(struct merging *merging, cJSON *document,
                          const struct merge_places *places)
{
    static const char *const flags[] = {"saturated", "too_late",
                                        "lacks_connections"};
    cJSON *generator = cJSON_AddObjectToObject(document, "generator");
    char path[64];

    cJSON_AddItemToObject(
        generator, "schedule_lag",
        merge_distribution(merging, "generator.schedule_lag", 0, places));
    merge_group(merging, generator, FIGURES_GENERATOR, places);
    for (size_t i = 0; i < array_length(flags); i++) {
        snprintf(path, sizeof(path), "generator.%s", flags[i]);
        cJSON_AddBoolToObject(generator, flags[i], any_is(merging, path));
    }
    cJSON_AddItemToObject(generator, "warnings", merge_warnings(merging));
}

/* One report as "merge.reports" has it. */
static cJSON *about_input(const struct merging *merging, size_t i)
{
    static const char *const members[] = {
        "id",   "started_at",  "seed",   "target",
        "exit", "measured_us", "problem"};
    const cJSON *document = merging->inputs[i].document;
    const cJSON *run = text_find(document, "run");
    cJSON *about = cJSON_CreateObject();

    cJSON_AddStringToObject(about, "file", merging->inputs[i].name);
    for (size_t m = 0; m < array_length(members); m++) {
        add_copy(about, members[m], text_find(run, members[m]));
    }
    member_measured(about, "offset_us", merge_offset_us(merging, i));
    add_copy(about, "verdict", text_find(document, "verdict"));
    return about;
}

/* How much the clocks of the runs may be off is not known; nor when a run
 * began that does not say so. */
static void add_clock_facts(struct merging *merging)
{
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        if (!text_string(document, "run.measured_from")) {
            merge_note(merging, "merge.reports[].offset_us",
                       "a report does not say when its measured time began: "
                       "the start of its run stands for that");
        }
    }
}

static void add_merge(struct merging *merging, cJSON *document)
{
    cJSON *merge = cJSON_AddObjectToObject(document, "merge");
    cJSON *reports = cJSON_AddArrayToObject(merge, "reports");
    cJSON *texts = cJSON_AddArrayToObject(merge, "differences");
    double sum = 0;

    for (size_t i = 0; i < merging->count; i++) {
        cJSON_AddItemToArray(reports, about_input(merging, i));
        sum += merging->measured[i].until - merging->measured[i].from;
        if (i > 0) {
            differences_add(texts,
                            text_find(merging->inputs[0].document, "profile"),
                            text_find(merging->inputs[i].document, "profile"),
                            merging->inputs[i].name);
        }
    }
    member_measured(merge, "covered_us", merging->covered_us);
    member_measured(merge, "overlap_us", sum - merging->covered_us);
    add_clock_facts(merging);
    cJSON_AddItemToObject(merge, "not_merged", merging->not_merged);
}

static void note_absent(struct merging *merging)
{
    merge_note(merging, "herd.arrivals",
               "reports hold the arrivals of one run each, in columns that "
               "need not meet");
    merge_note(merging, "latency_by_time",
               "the rows of each report follow its own latencies");
    merge_note(merging, "slo",
               "each run was judged by its own: see the verdicts of the "
               "reports");
}

static void add_sections(struct merging *merging, cJSON *document,
                         const struct merge_places *places)
{
    double omitted;

    merge_panel(merging, document, places);
    merge_group(merging, cJSON_AddObjectToObject(document, "bytes"),
                FIGURES_BYTES, places);
    cJSON_AddItemToObject(document, "operation_histogram",
                          merge_operation_rows(merging, places));
    cJSON *herd = cJSON_AddObjectToObject(document, "herd");
    merge_group(merging, herd, FIGURES_HERD, places);
    cJSON_AddNullToObject(herd, "arrivals");
    cJSON_AddItemToObject(document, "effects", merge_effects(merging, places));
    cJSON_AddNullToObject(document, "replay");
    cJSON_AddItemToObject(document, "faults", merge_faults(merging));
    cJSON_AddItemToObject(document, "errors", merge_errors(merging, &omitted));
    member_measured(document, "errors_omitted", omitted);
    cJSON_AddItemToObject(document, "policy", merge_policy(merging, places));
    cJSON_AddItemToObject(document, "requests",
                          merge_parts(merging, "requests"));
    cJSON_AddItemToObject(document, "phases", merge_parts(merging, "phases"));
    cJSON_AddItemToObject(document, "series", merge_series(merging));
    cJSON_AddNullToObject(document, "latency_by_time");
    cJSON_AddItemToObject(document, "windows",
                          merge_shifted(merging, "windows"));
    cJSON_AddItemToObject(document, "timeline",
                          merge_shifted(merging, "timeline"));
    cJSON_AddItemToObject(document, "recovery",
                          merge_shifted(merging, "recovery"));
    add_generator(merging, document, places);
}

static cJSON *merge_all(struct merging *merging, int argc,
                        const char *const *argv)
{
    const cJSON **roots = calloc(merging->count, sizeof(*roots));
    cJSON *document = cJSON_CreateObject();

    must(roots && document);
    for (size_t i = 0; i < merging->count; i++) {
        roots[i] = merging->inputs[i].document;
    }
    struct merge_places places = {.objects = roots,
                                  .covered_us = merging->covered_us,
                                  .measured = "run.measured_us",
                                  .prefix = ""};
    cJSON_AddStringToObject(document, "schema", "squall.report/1");
    add_tool(document);
    add_run(merging, document, argc, argv);
    add_copy(document, "profile", text_find(roots[0], "profile"));
    add_sections(merging, document, &places);
    cJSON_AddArrayToObject(document, "slo");
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(verdict_of(merging)));
    note_absent(merging);
    add_merge(merging, document);
    json_mask(document);
    free(roots);
    return document;
}

/* Numbers that no run has, of a file that is not squall's, may have no sum. */
static void check_result(struct merging *merging, const cJSON *document)
{
    struct errors own = ERRORS_INIT;

    if (!report_validate(document, &own)) {
        merge_refuse(merging, 0, own.list[0].path,
                     "these reports have numbers that no runs have together");
    }
}

cJSON *merge_reports(const struct merge_input *inputs, size_t count, int argc,
                     const char *const *argv, struct errors *errors)
{
    struct merging merging = {
        .inputs = inputs, .count = count, .errors = errors};
    cJSON *document = NULL;

    must(count >= 2 && count <= MERGE_REPORTS_MAX);
    merging.measured = calloc(count, sizeof(*merging.measured));
    merging.not_merged = cJSON_CreateArray();
    must(merging.measured && merging.not_merged);
    for (size_t i = 0; i < count; i++) {
        check_input(&merging, i);
    }
    if (!merging.failed) {
        check_ids(&merging);
        read_spans(&merging);
    }
    if (merging.failed) {
        cJSON_Delete(merging.not_merged);
    } else {
        document = merge_all(&merging, argc, argv);
    }
    if (document && !merging.failed) {
        check_result(&merging, document);
    }
    if (merging.failed) {
        cJSON_Delete(document);
        document = NULL;
    }
    free(merging.measured);
    return document;
}
