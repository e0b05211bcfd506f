/*
 * document_policy: the block "policy" of the report: what the clients' own
 * policies did. A layer that the profile does not have is null.
 */
#ifndef SQUALL_REPORT_DOCUMENT_POLICY_H
#define SQUALL_REPORT_DOCUMENT_POLICY_H

#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

/* Owned by the caller: cJSON_Delete. */
cJSON *document_policy(const struct figure_view *view,
                       const struct plan *plan);

#endif
