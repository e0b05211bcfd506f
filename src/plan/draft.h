/* draft: what a profile says, field by field, before it is resolved into a
 * plan. The only memory that the reader writes to; key.def names its fields.
 */
#ifndef SQUALL_PLAN_DRAFT_H
#define SQUALL_PLAN_DRAFT_H

#include "plan/plan.h"

enum { STAGES_MAX = 256, REQUESTS_MAX = 256 };

/* What a layer takes for one call. */
enum unit { UNIT_ATTEMPT, UNIT_OPERATION };

struct fault_draft {
    struct fault_config config;
    const char *request; /* by name; NULL: any */
};

struct classify_draft {
    struct classify_rule rule;
    struct header_list headers; /* of the answer; "*" is any value */
};

struct draft {
    const char *json_schema; /* "$schema", for editors */
    int schema;
    int kind; /* what merge made of it */
    const char *name;
    const char *about;
    const char *source;
    const char *verified;
    const char *version;
    uint64_t seed;
    struct target_config target;
    struct load_config load;
    const char *arrivals_file; /* NULL: none */
    double arrivals_speed;
    size_t stage_count;
    struct stage_config stages[STAGES_MAX];
    size_t request_count;
    struct request_config requests[REQUESTS_MAX];
    struct header_list headers; /* of every request */
    bool traceparent;
    struct policy policy;
    size_t classify_count;
    struct classify_draft classify[CLASSIFY_RULES_MAX];
    struct string_list retry_on;
    bool attempt_applies_to_last;
    struct string_list order;
    size_t condition_count; /* of the breaker */
    struct breaker_condition conditions[BREAKER_CONDITIONS_MAX];
    uint32_t breaker_counts, breaker_ignores; /* bits of outcome_class */
    enum unit breaker_unit, slot_covers;
    size_t fault_count;
    struct fault_draft faults[FAULTS_MAX];
    struct ledger_config ledger;
    const char *effect_id;
    struct string_list slos;
    struct string_list aborts;
    struct service_config service;
    size_t timeline_count;
    struct timeline_entry timeline[TIMELINE_MAX];
};

#endif
