/*
 * path: where a value stands in a profile, as in "load.stages[2].rate". A name
 * that is not a plain word is quoted: headers["X-A.B"].
 */
#ifndef SQUALL_PLAN_PATH_H
#define SQUALL_PLAN_PATH_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* The first step of a path: the name of a member, or the index of an element.
 * Returns the rest; NULL: it is not a path. */
const char *path_step(const char *path, struct str *name, size_t *index,
                      bool *is_index);

/* Takes the last step off a path. */
void path_to_parent(struct str *path);

/* Appends a member's name, quoted when it has to be, or an index. */
void path_push_name(struct str *path, const char *name);
void path_push_index(struct str *path, size_t index);
/* Cuts back to an earlier length. */
void path_pop(struct str *path, size_t length);

#endif
