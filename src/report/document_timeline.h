/* document_timeline: the block "timeline" of the report: what was done to the
 * service from outside, when, and what came of it. */
#ifndef SQUALL_REPORT_DOCUMENT_TIMELINE_H
#define SQUALL_REPORT_DOCUMENT_TIMELINE_H

#include "plan/plan.h"

#include <cjson/cJSON.h>

/* `events`: one an entry of the plan; NULL: nothing was reached. Owned by the
 * caller: cJSON_Delete. */
cJSON *document_timeline(const struct plan *plan,
                         const struct timeline_event *events);

#endif
