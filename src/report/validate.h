/*
 * validate: whether a document keeps the schema that it names.
 *
 * Of JSON Schema it knows what report/schema writes, and no more. A member
 * that the schema does not know is no fault: later versions of squall add
 * some.
 */
#ifndef SQUALL_REPORT_VALIDATE_H
#define SQUALL_REPORT_VALIDATE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* False after adding an error for each fault, by its path in the document. */
bool report_validate(const cJSON *document, struct errors *errors);

#endif
