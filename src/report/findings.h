/* findings: the effects block of the document: what the join with the ledger
 * found, with examples that a person can follow. */
#ifndef SQUALL_REPORT_FINDINGS_H
#define SQUALL_REPORT_FINDINGS_H

#include "measure/result.h"
#include "plan/plan.h"

#include <cjson/cJSON.h>

/* Without an oracle, or with an unverified one, every figure is null. */
cJSON *findings_make(const struct result *result, const struct plan *plan);

#endif
