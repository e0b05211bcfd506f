/*
 * openmetrics: the metrics of a report (report/metrics.h) as text, in the form
 * of OpenMetrics 1.0 or in the one that Prometheus had before it (0.0.4).
 *
 * Names are "squall_", the place in the report and the unit; durations are in
 * seconds. A quantile that is never is +Inf.
 */
#ifndef SQUALL_REPORT_OPENMETRICS_H
#define SQUALL_REPORT_OPENMETRICS_H

#include "base/str.h"

#include <cjson/cJSON.h>

enum openmetrics_form { FORM_OPENMETRICS, FORM_PROMETHEUS };

/* What a Content-Type says of a form. */
const char *openmetrics_content_type(enum openmetrics_form form);

void openmetrics_put(struct str *out, const cJSON *document,
                     enum openmetrics_form form);

#endif
