/* document_slo: the part of the document that says what a run was judged by,
 * and what ended it early. */
#ifndef SQUALL_REPORT_DOCUMENT_SLO_H
#define SQUALL_REPORT_DOCUMENT_SLO_H

#include "measure/result.h"

#include <cjson/cJSON.h>

/* Adds the member "slo": each SLO and its judgement. */
void document_slos(cJSON *document, const struct result *result);

#endif
