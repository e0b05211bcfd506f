/*
 * document: the result of an audit as one JSON document, "squall.audit/1",
 * which every other form renders (report/writer.h).
 */
#ifndef SQUALL_AUDIT_DOCUMENT_H
#define SQUALL_AUDIT_DOCUMENT_H

#include "audit/audit.h"

#include <cjson/cJSON.h>

/* Owned by the caller: cJSON_Delete. */
cJSON *audit_document(const struct audit_result *result);

#endif
