/* tree: the values of a profile as a JSON tree, by their paths (plan/path.h).
 */
#ifndef SQUALL_PLAN_TREE_H
#define SQUALL_PLAN_TREE_H

#include <cjson/cJSON.h>

/* What is there at a path; NULL: nothing. */
cJSON *tree_at(const cJSON *tree, const char *path);

/* Puts a copy of a value at a path, making sections and lists on the way; null
 * takes away what is there. What is wrong with the path, or NULL. */
const char *tree_set(cJSON *tree, const char *path, const cJSON *value);

#endif
