/*
 * capacity_document: what was found of a capacity, as one JSON document,
 * "squall.capacity/1", which every other form renders (report/writer.h).
 *
 * What was not measured is null, and so is the end of an interval that has no
 * bound. Sentences are made of the figures by rule.
 */
#ifndef SQUALL_RUN_CAPACITY_DOCUMENT_H
#define SQUALL_RUN_CAPACITY_DOCUMENT_H

#include "run/capacity.h"
#include "search/bound.h"

#include <cjson/cJSON.h>

struct capacity_info {
    int64_t started_unix_ms;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    const char *libcurl;
    const char *target; /* NULL: the embedded target, anew for each run */
    size_t slo_count;
    const struct slo *slos;
    struct duration warmup, duration; /* of each run */
    size_t gate_count;
    const struct bound_gate *gates;
};

/* How it ended, as an exit status: 0; 1 a gate does not hold, or no rate meets
 * the SLOs; 3 it cannot be judged; 130 stopped. */
int capacity_status(const struct capacity *capacity,
                    const struct capacity_info *info);

/* Owned by the caller: cJSON_Delete. */
cJSON *capacity_document(const struct capacity *capacity,
                         const struct capacity_options *options,
                         const struct capacity_info *info);

#endif
