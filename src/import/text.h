/* text: what was found, as texts of a profile. Pure. */
#ifndef SQUALL_IMPORT_TEXT_H
#define SQUALL_IMPORT_TEXT_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends a text so that a template sends it as it was: "{{" and "${env:" are
 * escaped, and a variable of the shell (import.h) becomes ${env:NAME}. */
void text_append_template(struct str *out, const char *text, size_t length);

/* ... where no placeholders are, but ${env:NAME} is. */
void text_append_value(struct str *out, const char *text);

/* Appends a text percent-encoded, as a query or a form has it; variables of
 * the shell stay, where it may have them. */
void text_append_encoded(struct str *out, const char *text,
                         bool has_variables);

/* Whether the bytes can stand in JSON: UTF-8 without a NUL. */
bool text_is_plain(const char *bytes, size_t length);

/* Appends a name for a variable of the environment: in capitals, "_" for what
 * no name has. */
void text_append_variable(struct str *out, const char *name, size_t length);

#endif
