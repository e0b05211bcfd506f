/* otlp_attribute: one attribute of OTLP, as the next value of a list that is
 * being written by report/ndjson. Texts may be any; NULL and "" are left out.
 */
#ifndef SQUALL_REPORT_OTLP_ATTRIBUTE_H
#define SQUALL_REPORT_OTLP_ATTRIBUTE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void otlp_attribute_text(struct str *out, const char *key, const char *text);
void otlp_attribute_bytes(struct str *out, const char *key, const char *bytes,
                          size_t length);
void otlp_attribute_count(struct str *out, const char *key, uint64_t count);
void otlp_attribute_bool(struct str *out, const char *key, bool value);

#endif
