/*
 * schema: the form of the report, told by machine and to people; both come
 * from field.def.
 */
#ifndef SQUALL_REPORT_SCHEMA_H
#define SQUALL_REPORT_SCHEMA_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* The JSON Schema (2020-12) of "squall.report/1". It allows members that it
 * does not know, since later versions may add some. Owned by the caller. */
cJSON *report_schema_make(void);

void report_schema_print(FILE *stream);

/* The lists of every field for squall-report(5), in mdoc. */
void report_schema_print_manual(FILE *stream);

#endif
