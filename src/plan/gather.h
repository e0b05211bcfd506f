/*
 * gather: one JSON tree from profiles, --set and the other flags.
 *
 * Profiles are merged left to right; then --set in order; then URL, -X, -H
 * and -b for every request; then --slo. When there are no requests at all,
 * one is made: an order for the embedded target, or a GET of the URL. Where
 * each part came from is kept for errors.
 */
#ifndef SQUALL_PLAN_GATHER_H
#define SQUALL_PLAN_GATHER_H

#include "plan/plan.h"
#include "plan/sources.h"

#include <cjson/cJSON.h>

/* Owned by the caller; NULL after adding errors. */
cJSON *gather(const struct plan_input *input, struct sources *sources,
              struct errors *errors);

/* Replaces every ${env:NAME} in the texts of the tree. */
bool gather_expand(cJSON *tree, const struct sources *sources,
                   struct errors *errors);

/* A copy for reports: what authenticates, and what comes from the environment,
 * is "***". To be made before gather_expand. */
cJSON *gather_mask(const cJSON *tree);

#endif
