/* document_recovery: how the service came back after each trigger. */
#ifndef SQUALL_REPORT_DOCUMENT_RECOVERY_H
#define SQUALL_REPORT_DOCUMENT_RECOVERY_H

#include "measure/result.h"

#include <cjson/cJSON.h>

/* The caller owns it. */
cJSON *document_recovery(const struct result *result);

#endif
