/* schema: the JSON Schema of profiles, for editors, made from the table of
 * keys. What keys mean together it cannot say; `profile check` can. */
#ifndef SQUALL_PLAN_SCHEMA_H
#define SQUALL_PLAN_SCHEMA_H

#include <cjson/cJSON.h>

/* Owned by the caller: cJSON_Delete. */
cJSON *schema_make(void);

#endif
