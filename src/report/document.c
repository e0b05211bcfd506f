#include "report/document.h"

#include "base/date.h"
#include "base/json_print.h"
#include "base/mask.h"
#include "base/must.h"
#include "base/version.h"
#include "measure/heat.h"
#include "measure/herd.h"
#include "report/document_errors.h"
#include "report/document_policy.h"
#include "report/document_recovery.h"
#include "report/document_replay.h"
#include "report/document_slo.h"
#include "report/document_timeline.h"
#include "report/document_windows.h"
#include "report/figures.h"
#include "report/document_effects.h"
#include "report/member.h"
#include "report/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_tool(cJSON *document, const struct run_info *run)
{
    cJSON *tool = cJSON_AddObjectToObject(document, "tool");
    cJSON_AddStringToObject(tool, "version", SQUALL_VERSION);
    member_text(tool, "libcurl", run->libcurl);
    member_text(tool, "build", version_build());
}

static void add_started_at(cJSON *object, int64_t unix_ms)
{
    struct str date = STR_INIT;
    date_append(&date, unix_ms * 1000, 3);
    cJSON_AddStringToObject(object, "started_at", date.text);
    str_release(&date);
}

static void add_measured_from(cJSON *object, int64_t unix_us)
{
    struct str date = STR_INIT;

    if (unix_us > 0) {
        date_append(&date, unix_us, 6);
    }
    member_text(object, "measured_from", date.text);
    str_release(&date);
}

void document_add_argv(cJSON *object, int argc, const char *const *argv)
{
    cJSON *array = cJSON_AddArrayToObject(object, "argv");

    for (int i = 0; i < argc; i++) {
        char *argument =
            mask_argument_after(i > 0 ? argv[i - 1] : NULL, argv[i]);
        cJSON_AddItemToArray(array, cJSON_CreateString(argument));
        free(argument);
    }
}

static void add_run(cJSON *document, const struct result *result,
                    const struct plan *plan, const struct run_info *run)
{
    cJSON *object = cJSON_AddObjectToObject(document, "run");
    char seed[32];

    member_text(object, "id", run->id);
    add_started_at(object, run->started_unix_ms);
    add_measured_from(object, run->measured_unix_us);
    member_us(object, "duration_us", run->duration.ns / NS_PER_US);
    member_us(object, "measured_us", result->measured.ns / NS_PER_US);
    /* Numbers in JSON are exact up to 2^53 only; --seed takes it as it is. */
    snprintf(seed, sizeof(seed), "%" PRIu64, plan->seed);
    cJSON_AddStringToObject(object, "seed", seed);
    member_count(object, "threads", run->threads);
    document_add_argv(object, run->argc, run->argv);
    cJSON *profiles = cJSON_AddArrayToObject(object, "profiles");
    for (size_t i = 0; i < plan->profiles.count; i++) {
        cJSON_AddItemToArray(profiles,
                             cJSON_CreateString(plan->profiles.items[i]));
    }
    cJSON *overrides = cJSON_AddArrayToObject(object, "overrides");
    for (size_t i = 0; i < plan->overrides.count; i++) {
        const struct override *one = &plan->overrides.list[i];
        cJSON *override = cJSON_CreateObject();
        cJSON_AddStringToObject(override, "key", one->key);
        cJSON_AddStringToObject(override, "by", one->by);
        cJSON_AddStringToObject(override, "of", one->of);
        cJSON_AddItemToArray(overrides, override);
    }
    cJSON_AddBoolToObject(object, "complete", result->complete);
    cJSON_AddNumberToObject(object, "exit", run->exit_status);
    char *target = run->target_url ? mask_text(run->target_url) : NULL;
    member_text(object, "target", target);
    free(target);
    cJSON_AddBoolToObject(object, "embedded_target", run->embedded_target);
    member_text(object, "engine", run->engine);
    member_text(object, "engine_reason", run->engine_reason);
    member_text(object, "problem", run->problem);
    member_text(object, "aborted", run->aborted);
    member_us(object, "aborted_at_us",
              run->aborted ? run->aborted_at.ns / NS_PER_US : -1);
}

static void add_faults(cJSON *document, const struct tally *tally)
{
    cJSON *faults = cJSON_AddObjectToObject(document, "faults");
    for (int f = 0; f < FAULT_COUNT; f++) {
        cJSON *fault =
            cJSON_AddObjectToObject(faults, fault_name((enum fault_kind)f));
        member_count(fault, "injected", tally->faults[f].injected);
        member_measured(fault, "delivered",
                        f == FAULT_LOST_RESPONSE
                            ? (double)tally->faults[f].delivered
                            : -1);
    }
}

static void add_part(cJSON *array, const char *name,
                     const struct figure_view *view)
{
    cJSON *part = cJSON_CreateObject();
    cJSON_AddStringToObject(part, "name", name);
    member_us(part, "measured_us",
              (int64_t)(view->figures->seconds * 1e6 + 0.5));
    figures_add(part, view);
    cJSON_AddItemToArray(array, part);
}

static void add_parts(cJSON *document, const struct result *result,
                      const struct plan *plan)
{
    const struct tally *tally = result->tally;
    cJSON *requests = cJSON_AddArrayToObject(document, "requests");
    for (size_t i = 0; i < result->request_count; i++) {
        add_part(requests, result->request_names[i],
                 &(struct figure_view){tally->requests[i],
                                       &result->requests[i], result, true});
    }
    /* The warm-up is a stage, but nothing of it is counted. */
    size_t first =
        plan->load.model == LOAD_OPEN && plan->load.first_stage_is_warmup;
    cJSON *phases = cJSON_AddArrayToObject(document, "phases");
    for (size_t i = first; i < result->stage_count; i++) {
        add_part(phases, result->stage_names[i],
                 &(struct figure_view){tally->stages[i], &result->stages[i],
                                       result, true});
    }
}

static void add_series(cJSON *document, const struct result *result)
{
    cJSON *series = cJSON_AddArrayToObject(document, "series");
    double interval_s = duration_in_seconds(result->series_interval);

    for (size_t i = 0; i < result->series_count; i++) {
        const struct series_point *point = &result->series[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "t_s", (double)i * interval_s);
#define SUM(id, sentence) member_measured(object, #id, point->id);
#define POINT(id, type, null, group, value, sentence) \
    member_measured(object, #id, point->id);
#include "measure/series.def"
        cJSON_AddItemToArray(series, object);
    }
}

static void add_counts(cJSON *object, const char *name, const uint64_t *counts,
                       size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);

    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)counts[i]));
    }
}

static void add_herd(cJSON *document, const struct figure_view *view)
{
    cJSON *herd = cJSON_AddObjectToObject(document, "herd");
    struct herd_arrivals arrivals;

    figures_add_group(herd, FIGURES_HERD, view);
    herd_arrivals_read(view->result->tally->herd, view->result->measured,
                       &arrivals);
    if (arrivals.columns == 0) {
        cJSON_AddNullToObject(herd, "arrivals");
        return;
    }
    cJSON *object = cJSON_AddObjectToObject(herd, "arrivals");
    member_us(object, "interval_us", arrivals.interval.ns / NS_PER_US);
    add_counts(object, "attempts", arrivals.sent, arrivals.columns);
    add_counts(object, "most_100ms", arrivals.most_100ms, arrivals.columns);
    add_counts(object, "most_10ms", arrivals.most_10ms, arrivals.columns);
}

static cJSON *latency_by_time(const struct series *series)
{
    struct heat heat;

    heat_read(series, &heat);
    if (heat.rows == 0) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    member_us(object, "interval_us", heat.interval.ns / NS_PER_US);
    cJSON *edges = cJSON_AddArrayToObject(object, "edges_us");
    for (size_t row = 0; row <= heat.rows; row++) {
        cJSON_AddItemToArray(edges,
                             cJSON_CreateNumber((double)heat.edges_us[row]));
    }
    cJSON *counts = cJSON_AddArrayToObject(object, "counts");
    for (size_t c = 0; c < heat.columns; c++) {
        cJSON *column = cJSON_CreateArray();
        for (size_t row = 0; row < heat.rows; row++) {
            cJSON_AddItemToArray(
                column, cJSON_CreateNumber((double)heat.counts[c][row]));
        }
        cJSON_AddItemToArray(counts, column);
    }
    return object;
}

static void add_generator(cJSON *document, const struct figure_view *view,
                          const struct plan *plan)
{
    const struct result *result = view->result;
    const struct generator_figures *figures = &result->generator;
    cJSON *generator = cJSON_AddObjectToObject(document, "generator");

    /* A closed loop has no schedule to be late for. */
    cJSON_AddItemToObject(
        generator, "schedule_lag",
        plan->load.model == LOAD_OPEN
            ? figures_distribution(&result->tally->schedule_lag)
            : cJSON_CreateNull());
    figures_add_group(generator, FIGURES_GENERATOR, view);
    cJSON_AddBoolToObject(generator, "saturated", figures->saturated);
    cJSON_AddBoolToObject(generator, "too_late", figures->too_late);
    cJSON_AddBoolToObject(generator, "lacks_connections",
                          figures->lacks_connections);
    cJSON *warnings = cJSON_AddArrayToObject(generator, "warnings");
    for (size_t i = 0; i < figures->warning_count; i++) {
        cJSON_AddItemToArray(warnings,
                             cJSON_CreateString(figures->warnings[i]));
    }
}

cJSON *document_make(const struct result *result, const struct plan *plan,
                     const struct run_info *run)
{
    cJSON *document = cJSON_CreateObject();
    const struct panel *total = &result->tally->total;
    struct figure_view view = {total, &result->total, result, false};

    cJSON_AddStringToObject(document, "schema", "squall.report/1");
    add_tool(document, run);
    add_run(document, result, plan, run);
    cJSON_AddItemToObject(document, "profile",
                          plan->profile ? cJSON_Duplicate(plan->profile, true)
                                        : cJSON_CreateObject());
    figures_add(document, &view);
    figures_add_group(cJSON_AddObjectToObject(document, "bytes"),
                      FIGURES_BYTES, &view);
    cJSON_AddItemToObject(document, "operation_histogram",
                          figures_rows(&total->hist[HISTOGRAM_OPERATION]));
    add_herd(document, &view);
    cJSON_AddItemToObject(document, "effects", document_effects(&view, plan));
    cJSON_AddItemToObject(document, "replay",
                          document_replay(run->replayed, run->dead_letters));
    add_faults(document, result->tally);
    cJSON_AddItemToObject(document, "errors",
                          document_errors(result, plan->load.warmup));
    member_count(document, "errors_omitted", result->tally->failures.omitted);
    cJSON_AddItemToObject(document, "policy", document_policy(&view, plan));
    add_parts(document, result, plan);
    add_series(document, result);
    cJSON_AddItemToObject(document, "latency_by_time",
                          latency_by_time(result->tally->series));
    cJSON_AddItemToObject(
        document, "windows",
        document_windows(result, plan, run->has_service, run->events));
    cJSON_AddItemToObject(document, "timeline",
                          document_timeline(plan, run->events));
    cJSON_AddItemToObject(document, "recovery", document_recovery(result));
    add_generator(document, &view, plan);
    document_slos(document, result);
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(result->verdict));
    json_mask(document);
    return document;
}

void write_json(const struct writer_input *input, struct file_writer *file)
{
    json_print(&file->buffer, input->document, input->compact);
    str_append_char(&file->buffer, '\n');
}
