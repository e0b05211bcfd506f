/*
 * show: the result of an audit: as JSON, as text for people, as JUnit XML.
 */
#ifndef SQUALL_AUDIT_SHOW_H
#define SQUALL_AUDIT_SHOW_H

#include "audit/audit.h"
#include "base/str.h"

#include <cjson/cJSON.h>

struct show_options {
    bool color;
    bool unicode;
    int width;
};

/* "squall.audit/1"; the caller deletes it. */
cJSON *audit_document(const struct audit_result *result);

/* Everything from outside is escaped in each. */
void audit_show_text(const struct audit_result *result,
                     const struct show_options *options, struct str *out);
void audit_show_junit(const struct audit_result *result, struct str *out);

#endif
