/*
 * environment: what ${env:NAME} in a profile stands for.
 *
 * What comes from there is taken to be secret: whoever asks for a value makes
 * it known to base/mask, with ${env:NAME} as what may be shown in its place
 * and be kept of it.
 */
#ifndef SQUALL_PLAN_ENVIRONMENT_H
#define SQUALL_PLAN_ENVIRONMENT_H

#include "base/str.h"
#include "load/template.h"

#include <stddef.h>

/* The value of a variable whose name is `length` bytes long; NULL: it is not
 * set. */
const char *environment_find(const char *name, size_t length);

/* For templates: in a text, in a string of JSON, in a URL, and in a form that
 * is urlencoded. */
extern const struct template_values environment_in_text;
extern const struct template_values environment_in_json;
extern const struct template_values environment_in_url;
extern const struct template_values environment_in_form;

/* Appends a text with every ${env:NAME} in it replaced; what cannot be
 * replaced stays. */
void environment_expand(struct str *out, const char *text);

/* Whether texts of a path of the profile are templates, which take what is in
 * the environment themselves. `pattern` is that of the path (key_pattern). */
bool environment_is_for_template(const char *pattern);

#endif
