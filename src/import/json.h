/* json: documents that other tools write, read strictly. Pure. */
#ifndef SQUALL_IMPORT_JSON_H
#define SQUALL_IMPORT_JSON_H

#include "import/import.h"

/* Parses a text. NULL after adding an error that names its place; `quiet`:
 * without one. */
cJSON *import_json(const struct import *import, const char *text,
                   size_t length, bool quiet);

/* The text of a member; NULL where it has none. */
const char *import_text_of(const cJSON *object, const char *name);

/* A member that is an object or a list; NULL where it is something else. */
const cJSON *import_part_of(const cJSON *object, const char *name);

/* A number's text as JSON writes it, or the text itself; "" of what is
 * neither. */
void import_append_scalar(struct str *out, const cJSON *value);

#endif
