/*
 * profile_base: what profiles are merged upon where a run starts with more
 * than an empty profile, as one that sends dead letters again does.
 *
 * A base goes before all profiles and says itself what they may not say: keys
 * that it reserves are refused, or left out without a word where any client
 * says them. Some of its values are no more than defaults: they give way when
 * a profile or the command line says another key that they do not go with.
 */
#ifndef SQUALL_PLAN_PROFILE_BASE_H
#define SQUALL_PLAN_PROFILE_BASE_H

#include "base/error.h"
#include "plan/sources.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct base_key {
    const char *path;
    bool itself_alone; /* what is below it is not reserved */
    bool is_left_out;  /* of a profile, without an error */
    const char *why;
};

/* The base's value of `path` gives way to one of `other`. */
struct yielding_key {
    const char *path, *other;
};

struct profile_base {
    const char *file; /* that it comes from, for errors */
    const cJSON *profile;
    size_t reserved_count;
    const struct base_key *reserved;
    size_t yielding_count;
    const struct yielding_key *yielding;
};

/* Why nobody but the base may say a key; NULL: it is not reserved. */
const char *profile_base_why_not(const struct profile_base *base,
                                 const char *path);

/* Begins a tree with the base, which becomes its first source. */
void profile_base_begin(const struct profile_base *base, cJSON **tree,
                        struct sources *sources);

/* Takes out of a profile what is to be left out; false after an error for each
 * section that is refused. */
bool profile_base_suits(const struct profile_base *base, cJSON *profile,
                        const struct json_source *json, struct errors *errors);

/* Once all is merged: takes away what gives way. */
void profile_base_yield(const struct profile_base *base, cJSON *tree,
                        const struct sources *sources);

#endif
