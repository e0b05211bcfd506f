/*
 * library: where shipped profiles are found by name.
 *
 * A bare name ("full-jitter", "strategies/full-jitter") is looked up in
 * $SQUALL_PROFILES and its folders; then among the shipped ones, which are
 * beside the executable (so that a build tree works from any folder, and an
 * installed tree wherever it is moved), or else where `make install` put them.
 * The first of the two places that knows the name decides: who gives a profile
 * of their own the name of a shipped one gets theirs. A name without its
 * folder must be the only one there. Anything that contains a slash and
 * exists, or ends in ".json", is a file.
 */
#ifndef SQUALL_PLAN_LIBRARY_H
#define SQUALL_PLAN_LIBRARY_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

/* Finds the file of a profile. On failure adds an error with a did-you-mean.
 */
bool library_find(const char *name, struct str *path, struct errors *errors);

/* Calls visit for every profile that can be named, sorted by folder and name;
 * those of $SQUALL_PROFILES come first, and hide shipped ones of their name.
 */
void library_walk(void (*visit)(void *context, const char *name,
                                const char *path),
                  void *context);

#endif
