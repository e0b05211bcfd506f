#include "report/otlp.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/version.h"
#include "policy/key.h"
#include "report/buckets.h"
#include "report/metrics.h"
#include "report/ndjson.h"
#include "report/otlp_attribute.h"
#include "report/text_part.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* enum AggregationTemporality of the protocol. */
enum { CUMULATIVE = 2 };

/* UCUM, as the conventions ask for; counts have none, so that Prometheus has
 * the names that it has of us. */
static const char *const units[] = {
    [UNIT_DURATION] = "s", [UNIT_RATIO] = "1",  [UNIT_COUNT] = NULL,
    [UNIT_PER_S] = "1/s",  [UNIT_BYTES] = "By", [UNIT_BYTES_PER_S] = "By/s",
    [UNIT_FACTOR] = NULL,
};

/* Who sends: as the semantic conventions name it. Leaves the arrays open in
 * which `what` (scopeMetrics, scopeSpans) has one scope, with its items. */
static void begin_request(struct str *out, const char *kind, const char *scope,
                          const char *items, const char *run,
                          const char *profile, const char *target)
{
    ndjson_open(out);
    ndjson_begin_array(out, kind);
    ndjson_begin_object(out);
    ndjson_begin_member(out, "resource");
    ndjson_begin_array(out, "attributes");
    otlp_attribute_text(out, "service.name", "squall");
    otlp_attribute_text(out, "service.version", SQUALL_VERSION);
    otlp_attribute_text(out, "service.instance.id", run);
    otlp_attribute_text(out, "squall.profile", profile);
    otlp_attribute_text(out, "squall.target", target);
    ndjson_end(out, ']');
    ndjson_end(out, '}');
    ndjson_begin_array(out, scope);
    ndjson_begin_object(out);
    ndjson_begin_member(out, "scope");
    ndjson_text(out, "name", "squall");
    ndjson_text(out, "version", SQUALL_VERSION);
    ndjson_end(out, '}');
    ndjson_begin_array(out, items);
}

static void end_request(struct str *out)
{
    str_append(out, "]}]}]}");
}

struct writing {
    struct str *out;
    uint64_t began_unix_ns, now_unix_ns;
    bool is_open; /* a family, whose data points are being written */
};

static void close_family(struct writing *writing)
{
    if (writing->is_open) {
        str_append(writing->out, "]}}");
        writing->is_open = false;
    }
}

static void put_family(void *context, const struct metrics_family *family)
{
    struct writing *writing = context;
    struct str *out = writing->out;
    struct str name = STR_INIT;

    close_family(writing);
    if (family->kind == METRICS_QUANTILES) {
        return; /* the buckets say more, and can be added up */
    }
    str_printf(&name, "squall.%s%s", family->base,
               family->unit == UNIT_BYTES_PER_S ? "_rate" : "");
    ndjson_begin_object(out);
    ndjson_text(out, "name", name.text);
    ndjson_text(out, "description", family->sentence);
    if (units[family->unit]) {
        ndjson_text(out, "unit", units[family->unit]);
    }
    ndjson_begin_member(out, family->kind == METRICS_GAUGE     ? "gauge"
                             : family->kind == METRICS_COUNTER ? "sum"
                                                               : "histogram");
    if (family->kind != METRICS_GAUGE) {
        ndjson_count(out, "aggregationTemporality", CUMULATIVE);
    }
    if (family->kind == METRICS_COUNTER) {
        ndjson_bool(out, "isMonotonic", true);
    }
    ndjson_begin_array(out, "dataPoints");
    writing->is_open = true;
    str_release(&name);
}

static void put_histogram(struct str *out, const struct buckets *buckets)
{
    ndjson_digits(out, "count", buckets->count);
    if (!isnan(buckets->sum_s)) {
        ndjson_number(out, "sum", buckets->sum_s);
    }
    ndjson_begin_array(out, "bucketCounts");
    for (size_t i = 0; i < array_length(buckets->counts); i++) {
        str_printf(out, "%s\"%" PRIu64 "\"", i ? "," : "", buckets->counts[i]);
    }
    ndjson_end(out, ']');
    ndjson_begin_array(out, "explicitBounds");
    for (unsigned i = 0; i < BUCKETS_BOUNDS; i++) {
        str_printf(out, "%s%.15g", i ? "," : "", buckets_bound_s(i));
    }
    ndjson_end(out, ']');
}

static void put_sample(void *context, const struct metrics_sample *sample)
{
    struct writing *writing = context;
    struct str *out = writing->out;
    enum metrics_kind kind = sample->family->kind;
    struct buckets buckets;

    if (kind == METRICS_QUANTILES ||
        (kind == METRICS_BUCKETS &&
         !buckets_read(sample->distribution, &buckets))) {
        return;
    }
    ndjson_begin_object(out);
    if (sample->label_count > 0) {
        ndjson_begin_array(out, "attributes");
        for (size_t i = 0; i < sample->label_count; i++) {
            otlp_attribute_text(out, sample->labels[i].name,
                                sample->labels[i].value);
        }
        ndjson_end(out, ']');
    }
    if (kind != METRICS_GAUGE) {
        ndjson_digits(out, "startTimeUnixNano", writing->began_unix_ns);
    }
    ndjson_digits(out, "timeUnixNano", writing->now_unix_ns);
    if (kind == METRICS_BUCKETS) {
        put_histogram(out, &buckets);
    } else if (kind == METRICS_COUNTER) {
        ndjson_digits(out, "asInt", (uint64_t)sample->value);
    } else {
        ndjson_number(out, "asDouble", sample->value);
    }
    ndjson_end(out, '}');
}

void otlp_metrics(struct str *out, const cJSON *document,
                  int64_t began_unix_ns, int64_t now_unix_ns)
{
    struct writing writing = {.out = out,
                              .began_unix_ns = (uint64_t)began_unix_ns,
                              .now_unix_ns = (uint64_t)now_unix_ns};

    begin_request(out, "resourceMetrics", "scopeMetrics", "metrics",
                  text_string(document, "run.id"),
                  text_string(document, "profile.name"),
                  text_string(document, "run.target"));
    metrics_walk(document,
                 &(struct metrics_visitor){&writing, put_family, put_sample});
    close_family(&writing);
    end_request(out);
}

void otlp_spans_begin(struct str *out, const struct events_run *run)
{
    char id[17];
    char *target = mask_text(run->plan->target.url);

    snprintf(id, sizeof(id), "%016" PRIx64, run->plan->run);
    begin_request(out, "resourceSpans", "scopeSpans", "spans", id,
                  run->plan->name, target);
    free(target);
}

void otlp_spans_end(struct str *out)
{
    end_request(out);
}
