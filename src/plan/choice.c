#include "plan/choice.h"

#include "base/must.h"
#include "faults/fault.h"
#include "load/schedule.h"
#include "plan/draft.h"
#include "policy/policy.h"
#include "model/service.h"

#include <stddef.h>
#include <string.h>

const struct choice choice_schema[] = {
    {"squall.profile/1", 1, "The only version so far."},
    {0},
};

const struct choice choice_kind[] = {
    {"part", 0, "It is merged key by key with the profiles before it."},
    {"client", 1,
     "It is a whole client: what the profiles before it say of retries, "
     "budgets, limits, keys and headers goes; their timeouts stay where it "
     "has none."},
    {0},
};

const struct choice choice_http[] = {
    {"1.1", HTTP_1_1, "HTTP/1.1, one request at a time on a connection."},
    {"2", HTTP_2, "HTTP/2: by ALPN over TLS, with prior knowledge without."},
    {0},
};

const struct choice choice_engine[] = {
#define ENGINE_WISH(id, name, sentence) {name, ENGINE_##id, sentence},
#include "plan/engine_wish.def"
#undef ENGINE_WISH
    {0},
};

const struct choice choice_load_model[] = {
#define LOAD_MODEL(id, name, sentence) {name, LOAD_##id, sentence},
#include "load/schedule.def"
    {0},
};

const struct choice choice_arrival[] = {
#define ARRIVAL(id, name, sentence) {name, ARRIVAL_##id, sentence},
#include "load/schedule.def"
    {0},
};

const struct choice choice_pool[] = {
#define LOAD_POOL(id, name, sentence) {name, POOL_##id, sentence},
#include "load/schedule.def"
    {0},
};

const struct choice choice_deadline_rule[] = {
#define DEADLINE_RULE(id, name, sentence) {name, DEADLINE_##id, sentence},
#include "policy/deadline_rule.def"
#undef DEADLINE_RULE
    {0},
};

const struct choice choice_class[] = {
#define OUTCOME_CLASS(id, name, sentence) {name, CLASS_##id, sentence},
#include "policy/outcome_class.def"
#undef OUTCOME_CLASS
    {0},
};

const struct choice choice_backoff_type[] = {
#define BACKOFF_TYPE(id, name, sentence) {name, BACKOFF_##id, sentence},
#include "policy/backoff.def"
    {0},
};

const struct choice choice_backoff_cap[] = {
#define BACKOFF_CAP(id, name, sentence) {name, CAP_##id, sentence},
#include "policy/backoff.def"
    {0},
};

const struct choice choice_decorrelated_low[] = {
#define DECORRELATED_LOW(id, name, sentence) {name, LOW_##id, sentence},
#include "policy/backoff.def"
    {0},
};

const struct choice choice_jitter[] = {
    {"none", 0, "The wait as it is: mult [1, 1]."},
    {"full", 1, "Anything up to the wait: mult [0, 1]."},
    {"equal", 2, "At least half of the wait: mult [0.5, 1]."},
    {0},
};

const struct choice choice_hint_format[] = {
#define HINT_FORMAT(id, name, sentence) {name, HINT_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_number[] = {
#define HINT_NUMBER(id, name, sentence) {name, NUMBER_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_apply[] = {
#define HINT_APPLY(id, name, sentence) {name, HINT_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_over_max[] = {
#define HINT_WHEN_OVER_MAX(id, name, sentence) {name, OVER_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_zero[] = {
#define HINT_WHEN_ZERO(id, name, sentence) {name, ZERO_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_invalid[] = {
#define HINT_WHEN_INVALID(id, name, sentence) {name, INVALID_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_negative[] = {
#define HINT_WHEN_NEGATIVE(id, name, sentence) {name, NEGATIVE_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_past[] = {
#define HINT_WHEN_PAST(id, name, sentence) {name, PAST_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_hint_empty[] = {
#define HINT_WHEN_EMPTY(id, name, sentence) {name, EMPTY_##id, sentence},
#include "policy/hint.def"
    {0},
};

const struct choice choice_budget_type[] = {
#define BUDGET_TYPE(id, name, sentence) {name, BUDGET_##id, sentence},
#include "policy/budget.def"
    {0},
};

const struct choice choice_budget_charge[] = {
#define BUDGET_CHARGE(id, name, sentence) {name, CHARGE_##id, sentence},
#include "policy/budget.def"
    {0},
};

const struct choice choice_budget_deposit[] = {
#define BUDGET_DEPOSIT(id, name, sentence) {name, DEPOSIT_##id, sentence},
#include "policy/budget.def"
    {0},
};

_Static_assert(BUDGET_COVERS_RETRY == 1 << 0, "the bits of these choices");
_Static_assert(BUDGET_COVERS_HEDGE == 1 << 1, "the bits of these choices");

const struct choice choice_budget_covers[] = {
    {"retry", 0, "Retries."},
    {"hedge", 1, "Attempts sent beside others; see hedge."},
    {0},
};

const struct choice choice_on_budget_empty[] = {
#define BUDGET_EMPTY(id, name, sentence) {name, BROKE_##id, sentence},
#include "policy/budget.def"
    {0},
};

const struct choice choice_breaker_trip[] = {
#define BREAKER_TRIP(id, name, sentence) {name, TRIP_##id, sentence},
#include "policy/breaker.def"
    {0},
};

const struct choice choice_breaker_window[] = {
#define BREAKER_WINDOW(id, name, sentence) {name, WINDOW_##id, sentence},
#include "policy/breaker.def"
    {0},
};

const struct choice choice_breaker_close[] = {
#define BREAKER_CLOSE(id, name, sentence) {name, CLOSE_##id, sentence},
#include "policy/breaker.def"
    {0},
};

const struct choice choice_unit[] = {
    {"attempt", UNIT_ATTEMPT,
     "Each attempt: the layer is put inside retry and hedge."},
    {"operation", UNIT_OPERATION,
     "Each operation, with all its retries: the layer is put outside retry."},
    {0},
};

const struct choice choice_adaptive[] = {
#define ADAPTIVE(id, name, sentence) {name, ADAPTIVE_##id, sentence},
#include "policy/adaptive.def"
#undef ADAPTIVE
    {0},
};

const struct choice choice_rate_limit[] = {
#define RATE_LIMIT(id, name, sentence) {name, RATE_LIMIT_##id, sentence},
#include "policy/rate_limit.def"
#undef RATE_LIMIT
    {0},
};

_Static_assert(RATE_LIMIT_FIRST == 1 << 0, "the bits of these choices");
_Static_assert(RATE_LIMIT_RETRY == 1 << 1, "the bits of these choices");

const struct choice choice_rate_limit_applies[] = {
    {"first", 0, "The first attempt of an operation."},
    {"retry", 1, "Retries and hedges."},
    {0},
};

const struct choice choice_throttle[] = {
#define THROTTLE(id, name, sentence) {name, THROTTLE_##id, sentence},
#include "policy/throttle.def"
#undef THROTTLE
    {0},
};

const struct choice choice_hedge_trigger[] = {
#define HEDGE_TRIGGER(id, name, sentence) {name, HEDGE_ON_##id, sentence},
#include "policy/hedge.def"
    {0},
};

const struct choice choice_hedge_failure[] = {
#define HEDGE_FAILURE(id, name, sentence) {name, HEDGE_FAILURE_##id, sentence},
#include "policy/hedge.def"
    {0},
};

const struct choice choice_layer[] = {
#define LAYER(id, name, sentence) {name, LAYER_##id, sentence},
#include "policy/layer.def"
#undef LAYER
    {0},
};

const struct choice choice_key_kind[] = {
#define KEY_KIND(id, name, sentence) {name, KEY_##id, sentence},
#include "policy/key_choice.def"
    {0},
};

const struct choice choice_key_scope[] = {
#define KEY_SCOPE(id, name, sentence) {name, KEY_SCOPE_##id, sentence},
#include "policy/key_choice.def"
    {0},
};

const struct choice choice_key_place[] = {
#define KEY_PLACE(id, name, sentence) {name, KEY_IN_##id, sentence},
#include "policy/key_choice.def"
    {0},
};

const struct choice choice_ledger_columns[] = {
    {"count", LEDGER_HAS_COUNT, "How many effects an id has."},
    {"count_time", LEDGER_HAS_COUNT_TIME,
     "The same, and the time of the first of them."},
    {"time", LEDGER_HAS_TIME, "The time of one effect, an entry for each."},
    {"state_time", LEDGER_HAS_STATE_TIME,
     "A state that an id took on, and when."},
    {0},
};

const struct choice choice_fault_kind[] = {
#define FAULT(id, name, sentence) {name, FAULT_##id, sentence},
#include "faults/fault.def"
#undef FAULT
    {0},
};

const struct choice choice_fault_as[] = {
#define FAULT_AS(id, name, sentence) {name, FAULT_AS_##id, sentence},
#include "faults/fault_as.def"
#undef FAULT_AS
    {0},
};

const struct choice choice_service_time[] = {
#define SERVICE_TIME(id, name, sentence) {name, SERVICE_##id, sentence},
#include "model/service.def"
    {0},
};

const struct choice choice_dependency_use[] = {
#define DEPENDENCY_USE(id, name, sentence) {name, DEPENDENCY_##id, sentence},
#include "model/service.def"
    {0},
};

const struct choice choice_shed[] = {
#define SHED_MODE(id, name, sentence) {name, SHED_##id, sentence},
#include "model/service.def"
    {0},
};

const struct choice choice_abandoned[] = {
#define ABANDONED_MODE(id, name, sentence) {name, ABANDONED_##id, sentence},
#include "model/service.def"
    {0},
};

const struct choice choice_key_mode[] = {
#define KEY_MODE(id, name, sentence) {name, KEYS_##id, sentence},
#include "model/service.def"
    {0},
};

const struct choice choice_service_fault[] = {
#define SERVICE_FAULT(id, name, sentence) {name, SERVICE_FAULT_##id, sentence},
#include "faults/service_fault.def"
#undef SERVICE_FAULT
    {0},
};

const struct choice choice_key_fault[] = {
#define KEY_FAULT(id, name, sentence) {name, KEY_FAULT_##id, sentence},
#include "faults/key_fault.def"
#undef KEY_FAULT
    {0},
};

/* What the tokens stand for is decided by classify_expand. */
const struct choice choice_retry_on[] = {
    {"connect", 0, "No connection: DNS, refused, timed out, TLS."},
    {"reset", 1, "The connection broke before the answer was complete."},
    {"timeout", 2, "No answer within the attempt timeout."},
    {"5xx", 3, "Every status from 500 to 599."},
    {"429", 4, "Asked to slow down."},
    {"503", 5, "Service unavailable."},
    {"protocol", 6, "The answer is not valid HTTP."},
    {"refused_stream", 7, "HTTP/2: the stream was refused unprocessed."},
    {"busy", 8, "The same key is still in flight."},
    {"no_socket", 9, "This machine ran out of descriptors or ports."},
    {"not_permitted", 10,
     "Not sent: a breaker, a limit or a throttle of the client refused it."},
    {0},
};

const struct choice choice_refusal[] = {
    {"breaker", LAYER_BREAKER, "The breaker is open."},
    {"concurrency", LAYER_CONCURRENCY, "No place among those under way."},
    {"rate_limit", LAYER_RATE_LIMIT, "The rate limit would take too long."},
    {"throttle", LAYER_THROTTLE, "The throttle refused it."},
    {0},
};

const struct choice choice_outcome[] = {
#define OUTCOME(id, name, certainty, sentence) {name, OUTCOME_##id, sentence},
#include "policy/outcome.def"
#undef OUTCOME
    {0},
};

const struct choice *choice_find(const struct choice *choices,
                                 const char *name)
{
    for (; choices->name; choices++) {
        if (strcmp(choices->name, name) == 0) {
            return choices;
        }
    }
    return NULL;
}

const char *choice_name(const struct choice *choices, int value)
{
    while (choices->name && choices->value != value) {
        choices++;
    }
    must(choices->name);
    return choices->name;
}
