/*
 * overrides: where a profile says something else than one before it, and who
 * won. Names of profiles are those that were typed. What describes a profile
 * itself ("name", "about") is no override, nor is a flag, which is meant to
 * be one.
 */
#ifndef SQUALL_PLAN_OVERRIDES_H
#define SQUALL_PLAN_OVERRIDES_H

#include "base/arena.h"
#include "plan/sources.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum { OVERRIDES_MAX = 64 };

struct override {
    const char *key; /* "timeout.attempt", or a section that was replaced */
    const char *by;
    const char *of;
};

/* The first ones. */
struct overrides {
    size_t count;
    struct override list[OVERRIDES_MAX];
};

/* Who is merged. */
struct overriding {
    struct overrides *overrides;
    struct arena *arena; /* of the keys */
    const struct sources *sources;
    size_t first;             /* source, of the first profile */
    const char *const *names; /* of the profiles */
    size_t by;                /* index of the one that is merged now */
};

/* Before the merge: what `patch` changes of `tree`. */
void overrides_note(const struct overriding *overriding, const cJSON *tree,
                    const cJSON *patch);

/* Before a section of the tree is dropped for the sake of this profile. */
void overrides_note_section(const struct overriding *overriding,
                            const cJSON *tree, const char *section);

#endif
