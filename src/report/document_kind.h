/* document_kind: of what a document is, as its schema says. */
#ifndef SQUALL_REPORT_DOCUMENT_KIND_H
#define SQUALL_REPORT_DOCUMENT_KIND_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum document_kind {
#define DOCUMENT_KIND(id, schema, words) DOCUMENT_##id,
#include "report/document_kind.def"
    DOCUMENT_KIND_COUNT /* none of squall's */
};

/* Sets of them. */
enum {
#define DOCUMENT_KIND(id, schema, words) OF_##id = 1 << DOCUMENT_##id,
#include "report/document_kind.def"
};

enum document_kind document_kind_of(const cJSON *document);

/* That of "squall.NAME/1": "report", "compare"; DOCUMENT_KIND_COUNT: none. */
enum document_kind document_kind_named(const char *name);

/* False after adding an error where a document is of a newer form of one of
 * these, "squall.report/2": what its members mean is not known here. */
bool document_kind_is_read(const cJSON *document, struct errors *errors);

/* "a run" */
const char *document_kind_words(enum document_kind kind);

#endif
