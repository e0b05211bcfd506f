/*
 * schema: the form of the report, for machines and for people; both come from
 * field.def.
 */
#ifndef SQUALL_REPORT_SCHEMA_H
#define SQUALL_REPORT_SCHEMA_H

#include "report/document_kind.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* The JSON Schema (2020-12) of a kind of document. It allows members that it
 * does not know, since later versions may add some. Owned by the caller; NULL
 * where the kind has none. */
cJSON *report_schema_make(enum document_kind kind);

/* The lists of every field for squall-report(5), in mdoc. */
void report_schema_print_manual(FILE *stream);

#endif
