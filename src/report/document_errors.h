/* document_errors: the part of the report that says what failed attempts were
 * told, the commonest first. */
#ifndef SQUALL_REPORT_DOCUMENT_ERRORS_H
#define SQUALL_REPORT_DOCUMENT_ERRORS_H

#include "measure/result.h"

#include <cjson/cJSON.h>

cJSON *document_errors(const struct result *result, struct duration warmup);

#endif
