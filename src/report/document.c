#include "report/document.h"

#include "base/mask.h"
#include "base/version.h"
#include "report/document_policy.h"
#include "report/document_replay.h"
#include "report/figures.h"
#include "report/findings.h"
#include "report/member.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static void add_tool(cJSON *document, const struct run_info *run)
{
    cJSON *tool = cJSON_AddObjectToObject(document, "tool");
    cJSON_AddStringToObject(tool, "version", SQUALL_VERSION);
    member_text(tool, "libcurl", run->libcurl);
    member_text(tool, "build", version_build());
}

static void add_started_at(cJSON *object, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    int ms = (int)(unix_ms % 1000);
    struct tm utc;
    char date[40];
    char text[64];

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof(text), "%s.%03dZ", date, ms);
    cJSON_AddStringToObject(object, "started_at", text);
}

static void add_run(cJSON *document, const struct result *result,
                    const struct plan *plan, const struct run_info *run)
{
    cJSON *object = cJSON_AddObjectToObject(document, "run");
    char seed[32];

    member_text(object, "id", run->id);
    add_started_at(object, run->started_unix_ms);
    member_us(object, "duration_us", run->duration.ns / NS_PER_US);
    member_us(object, "measured_us", result->measured.ns / NS_PER_US);
    /* Numbers in JSON are exact up to 2^53 only; --seed takes it as it is. */
    snprintf(seed, sizeof(seed), "%" PRIu64, plan->seed);
    cJSON_AddStringToObject(object, "seed", seed);
    member_count(object, "threads", run->threads);
    cJSON *argv = cJSON_AddArrayToObject(object, "argv");
    for (int i = 0; i < run->argc; i++) {
        char *argument = mask_argument(run->argv[i]);
        cJSON_AddItemToArray(argv, cJSON_CreateString(argument));
        free(argument);
    }
    cJSON_AddBoolToObject(object, "complete", result->complete);
    cJSON_AddNumberToObject(object, "exit", run->exit_status);
    char *target = run->target_url ? mask_url(run->target_url) : NULL;
    member_text(object, "target", target);
    free(target);
    cJSON_AddBoolToObject(object, "embedded_target", run->embedded_target);
    member_text(object, "problem", run->problem);
}

static void add_herd(cJSON *document, const struct herd_figures *figures)
{
    cJSON *herd = cJSON_AddObjectToObject(document, "herd");
    member_measured(herd, "peak_to_mean_100ms", figures->peak_to_mean_100ms);
    member_measured(herd, "dispersion_10ms", figures->dispersion_10ms);
}

static void add_faults(cJSON *document, const struct tally *tally)
{
    cJSON *faults = cJSON_AddObjectToObject(document, "faults");
    for (int f = 0; f < FAULT_COUNT; f++) {
        cJSON *fault = cJSON_AddObjectToObject(
            faults, fault_name((enum fault_kind)f));
        member_count(fault, "injected", tally->faults[f].injected);
        member_measured(fault, "delivered",
                        f == FAULT_LOST_RESPONSE
                            ? (double)tally->faults[f].delivered
                            : -1);
    }
}

static void add_part(cJSON *array, const char *name,
                     const struct panel *panel,
                     const struct panel_figures *figures)
{
    cJSON *part = cJSON_CreateObject();
    cJSON_AddStringToObject(part, "name", name);
    member_us(part, "measured_us", (int64_t)(figures->seconds * 1e6 + 0.5));
    figures_add(part, panel, figures, -1);
    cJSON_AddItemToArray(array, part);
}

static void add_parts(cJSON *document, const struct result *result,
                      const struct plan *plan)
{
    cJSON *requests = cJSON_AddArrayToObject(document, "requests");
    for (size_t i = 0; i < result->request_count; i++) {
        add_part(requests, result->request_names[i],
                 result->tally->requests[i], &result->requests[i]);
    }
    /* The warm-up is a stage, but nothing of it is counted. */
    size_t first = plan->load.model == LOAD_OPEN &&
                   plan->load.first_stage_is_warmup;
    cJSON *phases = cJSON_AddArrayToObject(document, "phases");
    for (size_t i = first; i < result->stage_count; i++) {
        add_part(phases, result->stage_names[i], result->tally->stages[i],
                 &result->stages[i]);
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
        member_count(object, "offered", point->offered);
        member_count(object, "started", point->started);
        member_count(object, "finished", point->finished);
        member_count(object, "attempts", point->attempts);
        member_count(object, "acked", point->acked);
        member_count(object, "failed", point->failed);
        member_count(object, "refused", point->refused);
        member_count(object, "shed", point->shed);
        member_count(object, "retries", point->retries);
        member_measured(object, "hedges", (double)point->hedges);
        cJSON_AddNumberToObject(object, "in_flight",
                                (double)point->in_flight);
        member_us(object, "p50_us", point->p50_us);
        member_us(object, "p99_us", point->p99_us);
        member_measured(object, "amplification",
                        point->started > 0 ? (double)point->attempts /
                                                 (double)point->started
                                           : -1);
        member_measured(object, "breakers_open",
                        (double)point->breakers_open);
        member_measured(object, "limit", point->limit);
        member_measured(object, "budget_level", point->budget_level);
        cJSON_AddItemToArray(series, object);
    }
}

static void add_generator(cJSON *document, const struct result *result,
                          const struct plan *plan)
{
    const struct generator_figures *figures = &result->generator;
    cJSON *generator = cJSON_AddObjectToObject(document, "generator");

    /* A closed loop has no schedule to be late for. */
    cJSON_AddItemToObject(
        generator, "schedule_lag",
        plan->load.model == LOAD_OPEN
            ? figures_distribution(&result->tally->schedule_lag)
            : cJSON_CreateNull());
    member_measured(generator, "cpu_share", figures->cpu_share);
    member_count(generator, "dropped", result->tally->total.dropped);
    cJSON_AddBoolToObject(generator, "saturated", figures->saturated);
    cJSON *warnings = cJSON_AddArrayToObject(generator, "warnings");
    for (size_t i = 0; i < figures->warning_count; i++) {
        cJSON_AddItemToArray(warnings,
                             cJSON_CreateString(figures->warnings[i]));
    }
}

static const char *unit_name(enum metric_unit unit)
{
    switch (unit) {
    case UNIT_DURATION:
        return "us";
    case UNIT_RATIO:
        return "ratio";
    case UNIT_COUNT:
        return "count";
    case UNIT_PER_S:
        return "per_s";
    case UNIT_FACTOR:
        return "factor";
    }
    return NULL;
}

static void add_slos(cJSON *document, const struct result *result)
{
    cJSON *slos = cJSON_AddArrayToObject(document, "slo");
    for (size_t i = 0; i < result->slo_count; i++) {
        const struct slo_judgement *judgement = &result->judgements[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "expr", result->slos[i].text);
        cJSON_AddStringToObject(object, "unit",
                                unit_name(result->slos[i].unit));
        member_measured(object, "value",
                        judgement->measured ? judgement->value : -1);
        cJSON_AddBoolToObject(object, "pass", judgement->pass);
        cJSON_AddBoolToObject(object, "measured", judgement->measured);
        member_text(object, "reason", judgement->reason);
        cJSON_AddItemToArray(slos, object);
    }
}

cJSON *document_make(const struct result *result, const struct plan *plan,
                     const struct run_info *run)
{
    cJSON *document = cJSON_CreateObject();
    const struct panel *total = &result->tally->total;

    cJSON_AddStringToObject(document, "schema", "squall.report/1");
    add_tool(document, run);
    add_run(document, result, plan, run);
    cJSON_AddItemToObject(document, "profile",
                          plan->profile ? cJSON_Duplicate(plan->profile, true)
                                        : cJSON_CreateObject());
    figures_add(document, total, &result->total, result->peak_1s);
    cJSON_AddItemToObject(document, "operation_histogram",
                          figures_rows(&total->hist[HISTOGRAM_OPERATION]));
    add_herd(document, &result->herd);
    cJSON_AddItemToObject(document, "effects", findings_make(result, plan));
    cJSON_AddItemToObject(document, "replay",
                          document_replay(run->replayed, run->letters));
    add_faults(document, result->tally);
    cJSON_AddItemToObject(document, "policy",
                          document_policy(result, plan));
    add_parts(document, result, plan);
    add_series(document, result);
    add_generator(document, result, plan);
    add_slos(document, result);
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(result->verdict));
    return document;
}
