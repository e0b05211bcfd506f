/*
 * form: the fields of a form, as the body of a request.
 *
 * A form is urlencoded; with a file among its fields it is
 * multipart/form-data. What is made is the source of a template: placeholders
 * in values stay placeholders, files are sent as they are.
 */
#ifndef SQUALL_PLAN_FORM_H
#define SQUALL_PLAN_FORM_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* "name=value", "name=@FILE" or "name=@FILE;type=MEDIA". */
struct form_field {
    const char *name;
    const char *value; /* NULL: a file */
    const char *file;
    const char *type;   /* of a file; NULL: not said */
    struct str content; /* of a file, once its caller has read it */
};

/* Takes a field apart; false: it has no name. Memory from the arena; the
 * caller fills content and releases it. */
bool form_field_read(struct form_field *field, const char *text,
                     struct arena *arena);

/* Writes the body and its media type. */
void form_write(const struct form_field *fields, size_t count,
                struct str *body, struct str *type);

#endif
