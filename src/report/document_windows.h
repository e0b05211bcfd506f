/* document_windows: the part of the report that says what was on when. */
#ifndef SQUALL_REPORT_DOCUMENT_WINDOWS_H
#define SQUALL_REPORT_DOCUMENT_WINDOWS_H

#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

/* A list: stages of an open load, then faults of squall's, then those of the
 * service if that is squall's own, then the timeline with its actual times
 * (`events`: one an entry of the plan; NULL: nothing of it was reached). */
cJSON *document_windows(const struct result *result, const struct plan *plan,
                        bool has_service, const struct timeline_event *events);

#endif
