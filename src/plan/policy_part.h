/* policy_part: what of a profile is a client's policy: what it would be
 * without the traffic, the service and the faults beside it. */
#ifndef SQUALL_PLAN_POLICY_PART_H
#define SQUALL_PLAN_POLICY_PART_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* The sections that a whole client (kind: client) has of its own; NULL past
 * the last. Its timeouts are no such: a client without any takes those that
 * are there. */
const char *policy_part_section(size_t index);

/* A profile of these sections and the timeouts of another, and of what kind it
 * is. Owned by the caller. */
cJSON *policy_part(const cJSON *profile);

#endif
