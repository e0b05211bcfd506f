/*
 * merge: one JSON tree from profiles, --set and the other flags.
 *
 * Profiles are merged left to right; then --set in order; then URL, -X, -H
 * and -b for every request; then --slo. When there are no requests at all,
 * one is made: an order for the embedded target, or a GET of the URL. Where
 * each part came from is kept for errors.
 */
#ifndef SQUALL_PLAN_MERGE_H
#define SQUALL_PLAN_MERGE_H

#include "plan/overrides.h"
#include "plan/plan.h"
#include "plan/sources.h"

#include <cjson/cJSON.h>

/* Owned by the caller; overrides are noted, in the arena; NULL after adding
 * errors. */
cJSON *merge_input(const struct plan_input *input, struct sources *sources,
                   struct overrides *overrides, struct arena *arena,
                   struct errors *errors);

#endif
