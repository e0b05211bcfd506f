#include "plan/choice.h"

#include "base/must.h"
#include "faults/fault.h"
#include "load/schedule.h"
#include "plan/draft.h"
#include "policy/policy.h"
#include "target/service.h"

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

const struct choice choice_load_model[] = {
    {"closed", LOAD_CLOSED,
     "Each connection sends its next operation when the last has ended."},
    {"open", LOAD_OPEN,
     "Operations arrive on a schedule, however slow the service is."},
    {0},
};

const struct choice choice_arrival[] = {
    {"constant", ARRIVAL_CONSTANT, "Evenly spaced."},
    {"poisson", ARRIVAL_POISSON,
     "Independent callers: exponential gaps with the same mean."},
    {0},
};

const struct choice choice_pool[] = {
    {"shared", POOL_SHARED, "Any client uses any free connection."},
    {"per_client", POOL_PER_CLIENT,
     "Each client has its share of them and opens it itself, again when the "
     "service closes it."},
    {0},
};

const struct choice choice_deadline_rule[] = {
    {"cut_attempt", DEADLINE_CUT_ATTEMPT,
     "The operation timeout ends a running attempt."},
    {"check_between", DEADLINE_CHECK_BETWEEN,
     "It is looked at between attempts only."},
    {"refuse_if_wait_exceeds", DEADLINE_REFUSE_IF_WAIT_EXCEEDS,
     "It cuts, and no wait is begun that would pass it."},
    {0},
};

const struct choice choice_class[] = {
    {"success", CLASS_SUCCESS, "The operation is done."},
    {"transient", CLASS_TRANSIENT, "Retried."},
    {"throttle", CLASS_THROTTLE, "Retried; the service asks to slow down."},
    {"timeout", CLASS_TIMEOUT, "Retried; nobody knows what became of it."},
    {"network", CLASS_NETWORK,
     "Retried; no answer, where that is to be told from bad answers."},
    {"fatal", CLASS_FATAL, "Not retried."},
    {0},
};

const struct choice choice_backoff_type[] = {
    {"none", BACKOFF_NONE, "No wait."},
    {"constant", BACKOFF_CONSTANT, "Always initial."},
    {"linear", BACKOFF_LINEAR, "initial + n * increment."},
    {"quadratic", BACKOFF_QUADRATIC, "initial + n^2 * increment."},
    {"exponential", BACKOFF_EXPONENTIAL, "initial * multiplier^n."},
    {"exponential_minus_one", BACKOFF_EXPONENTIAL_MINUS_ONE,
     "initial * (multiplier^(n + 1) - 1)."},
    {"list", BACKOFF_LIST, "The waits of list, the last one repeated."},
    {"decorrelated", BACKOFF_DECORRELATED,
     "Random between low and three times the last wait, at most max."},
    {"decorrelated_v2", BACKOFF_DECORRELATED_V2,
     "Steps to random points of a smooth curve that doubles, as in Polly."},
    {0},
};

const struct choice choice_backoff_cap[] = {
    {"base", CAP_BASE, "max limits the wait before jitter."},
    {"final", CAP_FINAL, "max limits the wait after jitter."},
    {"both", CAP_BOTH, "max limits both."},
    {0},
};

const struct choice choice_decorrelated_low[] = {
    {"initial", LOW_INITIAL, "Never less than initial."},
    {"previous", LOW_PREVIOUS, "Never less than the last wait."},
    {0},
};

const struct choice choice_jitter[] = {
    {"none", 0, "The wait as it is: mult [1, 1]."},
    {"full", 1, "Anything up to the wait: mult [0, 1]."},
    {"equal", 2, "At least half of the wait: mult [0.5, 1]."},
    {0},
};

const struct choice choice_hint_format[] = {
    {"seconds", HINT_SECONDS, "A number of seconds."},
    {"http_date", HINT_HTTP_DATE, "A date, as RFC 9110 writes it."},
    {"ms", HINT_MS, "A number of milliseconds."},
    {"unix", HINT_UNIX, "Seconds since 1970 at which to come back."},
    {0},
};

const struct choice choice_hint_apply[] = {
    {"replace", HINT_REPLACE, "The hint is the wait."},
    {"max", HINT_MAX, "The longer of the hint and the own wait."},
    {"clamp", HINT_CLAMP,
     "The hint, moved into [own wait, own wait + clamp_add]."},
    {"add", HINT_ADD, "The hint and the own wait, one after the other."},
    {0},
};

const struct choice choice_hint_over_max[] = {
    {"clamp", OVER_CLAMP, "The hint counts as max."},
    {"ignore", OVER_IGNORE, "The hint is not followed."},
    {"no_retry", OVER_NO_RETRY, "The operation ends without a retry."},
    {0},
};

const struct choice choice_hint_zero[] = {
    {"immediate", ZERO_IMMEDIATE, "A hint of zero is a retry at once."},
    {"ignore", ZERO_IGNORE, "A hint of zero is no hint."},
    {0},
};

const struct choice choice_hint_invalid[] = {
    {"ignore", INVALID_IGNORE, "A hint that cannot be read is no hint."},
    {"no_retry", INVALID_NO_RETRY, "It ends the operation."},
    {"immediate", INVALID_IMMEDIATE, "It is a retry at once."},
    {0},
};

const struct choice choice_hint_negative[] = {
    {"as_invalid", NEGATIVE_AS_INVALID,
     "It is a hint that cannot be read; see invalid."},
    {"no_retry", NEGATIVE_NO_RETRY, "It ends the operation."},
    {0},
};

const struct choice choice_budget_type[] = {
    {"token_bucket", BUDGET_TOKEN_BUCKET,
     "A bucket that failures empty and successes fill."},
    {"ratio_window", BUDGET_RATIO_WINDOW,
     "A share of what was done within the window."},
    {"ratio_inflight", BUDGET_RATIO_INFLIGHT,
     "A share of the attempts that are in flight."},
    {0},
};

const struct choice choice_budget_charge[] = {
    {"retry", CHARGE_RETRY, "A retry costs, and is made when it can be paid."},
    {"failure", CHARGE_FAILURE,
     "A failure costs, retried or not; retries need more than allow_above."},
    {0},
};

const struct choice choice_budget_deposit[] = {
    {"request", DEPOSIT_REQUEST, "Every operation that starts."},
    {"success", DEPOSIT_SUCCESS, "Every success."},
    {"not_retried", DEPOSIT_NOT_RETRIED,
     "Every ending that is not worth a retry."},
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
    {"fail", BROKE_FAIL, "It fails at once."},
    {"sleep_then_fail", BROKE_SLEEP_THEN_FAIL,
     "It waits as for the retry, and fails then."},
    {0},
};

const struct choice choice_breaker_trip[] = {
    {"rate", TRIP_RATE, "The share of failures."},
    {"consecutive", TRIP_CONSECUTIVE, "Failures in a row."},
    {"slow", TRIP_SLOW, "The share of calls that took longer than slow."},
    {0},
};

const struct choice choice_breaker_window[] = {
    {"count", WINDOW_COUNT, "The last calls, as many as size says."},
    {"time", WINDOW_TIME, "The calls of the last length of time."},
    {"ema", WINDOW_EMA,
     "All calls, as an average in which older ones fade within length."},
    {0},
};

const struct choice choice_breaker_close[] = {
    {"all_success", CLOSE_ALL_SUCCESS,
     "Every one went well; the first that did not opens it again."},
    {"rate_below", CLOSE_RATE_BELOW,
     "When all are back, fewer than failure_rate of them are bad."},
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
    {"vegas", ADAPTIVE_VEGAS,
     "Guesses the queue at the service from the least time of a call."},
    {"gradient2", ADAPTIVE_GRADIENT2,
     "Compares what a call takes with a long average."},
    {"aimd", ADAPTIVE_AIMD,
     "Grows by one, and is cut to a share when a call was dropped."},
    {"envoy_gradient", ADAPTIVE_ENVOY_GRADIENT,
     "Compares a median with the least, which is measured now and then."},
    {0},
};

const struct choice choice_rate_limit[] = {
    {"token_bucket", RATE_LIMIT_BUCKET,
     "A rate that is given, with a burst above it."},
    {"cubic", RATE_LIMIT_CUBIC,
     "Cut by answers that throttle, and probing upwards after that."},
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
    {"sre", THROTTLE_SRE,
     "Refuses the share max(0, (calls - k * accepted) / (calls + padding))."},
    {0},
};

const struct choice choice_hedge_trigger[] = {
    {"delay", HEDGE_ON_DELAY, "After a time that is given."},
    {"quantile", HEDGE_ON_QUANTILE,
     "After what most first attempts took lately."},
    {"attempt_timeout", HEDGE_ON_ATTEMPT_TIMEOUT,
     "When an attempt reaches its timeout, which then cancels nothing."},
    {0},
};

const struct choice choice_hedge_failure[] = {
    {"next_now", HEDGE_FAILURE_NEXT_NOW, "The next is sent at once."},
    {"ignore", HEDGE_FAILURE_IGNORE,
     "Nothing: the others run on, and the next comes in its time."},
    {"cancel_all", HEDGE_FAILURE_CANCEL_ALL,
     "All others are cancelled; then it is for retry."},
    {0},
};

const struct choice choice_layer[] = {
#define LAYER(id, name, sentence) {name, LAYER_##id, sentence},
#include "policy/layer.def"
#undef LAYER
    {0},
};

const struct choice choice_key_kind[] = {
    {"uuid4", KEY_UUID4, "A random UUID."},
    {"uuid7", KEY_UUID7, "A UUID that begins with the time."},
    {"sequence", KEY_SEQUENCE, "The operation's id: run and number."},
    {"hash", KEY_HASH, "A hash of the body."},
    {"template", KEY_TEMPLATE, "What idempotency.template says."},
    {0},
};

const struct choice choice_key_scope[] = {
    {"operation", KEY_SCOPE_OPERATION,
     "One key for all attempts of an operation: the working way."},
    {"attempt", KEY_SCOPE_ATTEMPT,
     "A new key for every attempt: the classic bug."},
    {"none", KEY_SCOPE_NONE, "No key."},
    {0},
};

const struct choice choice_key_place[] = {
    {"header", KEY_IN_HEADER, "A header, that of idempotency.header."},
    {"body", KEY_IN_BODY,
     "The request itself, where it has {{key}}; no header is added, and a "
     "request without that hole has no key."},
    {0},
};

const struct choice choice_ledger_tells[] = {
    {"count", LEDGER_TELLS_COUNT, "How many effects an id has."},
    {"count_time", LEDGER_TELLS_COUNT_TIME,
     "The same, and the time of the first of them."},
    {"time", LEDGER_TELLS_TIME, "The time of one effect, an entry for each."},
    {"state_time", LEDGER_TELLS_STATE_TIME,
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
    {"timeout", FAULT_AS_TIMEOUT,
     "The caller hears nothing until a timeout of its own."},
    {"reset", FAULT_AS_RESET, "The caller sees the connection break."},
    {0},
};

const struct choice choice_service_time[] = {
    {"constant", SERVICE_CONSTANT, "Always the mean."},
    {"exponential", SERVICE_EXPONENTIAL, "Exponentially distributed."},
    {"lognormal", SERVICE_LOGNORMAL, "Log-normal, given by mean and p99."},
    {0},
};

const struct choice choice_shed[] = {
    {"none", SHED_NONE, "Nothing is turned away; the queue grows."},
    {"queue_full", SHED_QUEUE_FULL,
     "Turned away when queue_limit orders wait."},
    {"codel", SHED_CODEL,
     "Turned away when every wait exceeds codel_target for "
     "codel_interval."},
    {"token_bucket", SHED_TOKEN_BUCKET,
     "Turned away beyond shed_rate and shed_burst."},
    {0},
};

const struct choice choice_abandoned[] = {
    {"work", ABANDONED_WORK,
     "Works on for callers that have gone: the fuel of metastable failure."},
    {"skip", ABANDONED_SKIP, "Skips orders whose caller has gone."},
    {"deadline", ABANDONED_DEADLINE,
     "Skips orders that have waited longer than abandoned_deadline."},
    {0},
};

const struct choice choice_key_mode[] = {
    {"none", KEYS_NONE, "Keys are not looked at; every request is an effect."},
    {"atomic", KEYS_ATOMIC,
     "One effect a key; 409 while the first request runs."},
    {"racy", KEYS_RACY,
     "Checks, then acts: two requests that overlap both have an effect."},
    {"forgetful", KEYS_FORGETFUL, "Atomic, but forgets a key after ttl."},
    {"replay_errors", KEYS_REPLAY_ERRORS,
     "Atomic, and errors are stored and replayed too."},
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
