/*
 * secrets: what a profile takes from the environment, and what it says that
 * nobody is to see.
 */
#ifndef SQUALL_PLAN_SECRETS_H
#define SQUALL_PLAN_SECRETS_H

#include "plan/sources.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Makes the secrets known that the tree has written down itself. */
void secrets_note(const cJSON *tree);

/* Replaces every ${env:NAME} in the texts of the tree, except in templates,
 * which do so themselves. */
bool secrets_expand(cJSON *tree, const struct sources *sources,
                    struct errors *errors);

/* A copy for reports: what authenticates, and what comes from the environment,
 * is "***". To be made before secrets_expand. */
cJSON *secrets_mask(const cJSON *tree);

#endif
