/* json_print: JSON as text. */
#ifndef SQUALL_BASE_JSON_PRINT_H
#define SQUALL_BASE_JSON_PRINT_H

#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Appends a value: in lines, two spaces a level, lists of plain values on one
 * line; or compact, without a blank. No newline at the end. */
void json_print(struct str *out, const cJSON *value, bool compact);

/* Writes it to a stream, in lines, with a newline at the end. */
void json_print_to(FILE *stream, const cJSON *value, bool compact);

#endif
