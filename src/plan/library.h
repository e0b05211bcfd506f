/*
 * library: where shipped profiles are found by name.
 *
 * A bare name ("full-jitter", "strategies/full-jitter") is looked up in
 * $SQUALL_PROFILES, beside the executable (so that a build tree works from any
 * folder), then where `make install` put them. Anything that contains a slash
 * and exists, or ends in ".json", is a file.
 */
#ifndef SQUALL_PLAN_LIBRARY_H
#define SQUALL_PLAN_LIBRARY_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

/* Finds the file of a profile. On failure adds an error with a did-you-mean. */
bool library_find(const char *name, struct str *path, struct errors *errors);

/* Calls visit for every shipped profile, sorted by folder and name. */
void library_walk(void (*visit)(void *context, const char *name,
                                const char *path),
                  void *context);

#endif
