/*
 * otlp: figures and traces as OpenTelemetry has them: the requests of OTLP
 * over HTTP in JSON (protocol 1.x), whose paths are /v1/metrics and
 * /v1/traces.
 *
 * The metrics are those of report/metrics.h: sums that only grow and
 * histograms are cumulative since the begin of the run, the rest are gauges.
 * What was not measured is left out.
 *
 * An operation is a span, each of its attempts a child of it. Trace and span
 * ids are those that a `traceparent` of the attempt carries where it is sent,
 * so that spans of the service are children of attempts; a retry has a link to
 * the attempt before it. Texts are escaped, and secrets in them masked.
 */
#ifndef SQUALL_REPORT_OTLP_H
#define SQUALL_REPORT_OTLP_H

#include "base/str.h"
#include "report/events.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Appends a request with all metrics of a document, which says how a run
 * stands or ended. Times in nanoseconds since 1970. */
void otlp_metrics(struct str *out, const cJSON *document,
                  int64_t began_unix_ns, int64_t now_unix_ns);

/* Begins a request, appends the spans of one operation after another, ends it.
 */
void otlp_spans_begin(struct str *out, const struct events_run *run);
void otlp_spans_add(struct str *out, const struct events_run *run,
                    const struct event_trace *trace,
                    const struct events_effect *effect);
void otlp_spans_end(struct str *out);

#endif
