/*
 * otlp_endpoint: where OTLP is sent to, as a command line names it.
 *
 * A URL is the base of a collector, such as http://127.0.0.1:4318: metrics go
 * to /v1/metrics below it and traces to /v1/traces. "env" stands for what the
 * environment says in the way of OpenTelemetry: OTEL_EXPORTER_OTLP_ENDPOINT,
 * by default http://localhost:4318, and OTEL_EXPORTER_OTLP_HEADERS, whose
 * secrets are so never sent to another place than theirs.
 *
 * The values of all headers, and a user and password in the URL, are secrets
 * (base/mask.h).
 */
#ifndef SQUALL_PUBLISH_OTLP_ENDPOINT_H
#define SQUALL_PUBLISH_OTLP_ENDPOINT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum otlp_signal { OTLP_METRICS, OTLP_TRACES, OTLP_SIGNAL_COUNT };

struct otlp_endpoint {
    char *urls[OTLP_SIGNAL_COUNT]; /* owned */
    size_t header_count;
    char **headers; /* "Name: value", owned */
};

/* Reads what was written after --otlp and each --otlp-header. False after
 * adding an error. Before threads are made, since it adds secrets. Release in
 * either case. */
bool otlp_endpoint_read(struct otlp_endpoint *endpoint, const char *text,
                        const char *const *headers, size_t header_count,
                        struct errors *errors);
void otlp_endpoint_release(struct otlp_endpoint *endpoint);

#endif
