/*
 * traces: what a call decides, in virtual time, held against texts that a
 * person can read (tests/sim/traces/NAME.txt).
 *
 * The host here answers attempt n with the n-th answer of the scenario and
 * feeds nothing but what the contract of policy/call.h allows. After a wanted
 * change of behaviour `make golden` writes the texts anew, and the difference
 * is read like code.
 */
#include "base/must.h"
#include "base/str.h"
#include "policy/call.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"

enum { ANSWERS_MAX = 8, SEED = 7, STEPS_MAX = 200 };

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
static const int64_t wall_clock_at_0_ms = INT64_C(784111777000);

struct answer {
    enum { SILENT, ANSWER } kind;
    int64_t after_ms;
    enum outcome outcome;
    uint16_t status;
    bool unsent;
    const char *hint;
    enum hint_format format;
};

#define NO_ANSWER \
    { \
        .kind = SILENT \
    }
#define NOT_EVEN_SENT \
    { \
        .kind = SILENT, .unsent = true \
    }
#define RESETS(ms) \
    { \
        ANSWER, ms, OUTCOME_RESET, 0, false, NULL, 0 \
    }
#define REFUSES(ms) \
    { \
        ANSWER, ms, OUTCOME_CONNECT_REFUSED, 0, true, NULL, 0 \
    }
#define SAYS(ms, outcome, status) \
    { \
        ANSWER, ms, OUTCOME_##outcome, status, false, NULL, 0 \
    }
#define OK_AFTER(ms) SAYS(ms, OK, 200)
#define HINTS(ms, text, format) \
    { \
        ANSWER, ms, OUTCOME_THROTTLED, 429, false, text, format \
    }

struct scenario {
    const char *name;
    const char *about;
    void (*configure)(struct policy *policy);
    struct answer answers[ANSWERS_MAX];
    int64_t start_ms;   /* the operation is intended at 0 */
    int64_t abandon_ms; /* -1: at once, before the start; 0: never */
    bool has_key;
};

#include "traces.h"

struct host {
    const struct scenario *scenario;
    struct policy policy;
    struct client client;
    struct call_env env;
    struct call call;
    struct instant now;
    struct instant timer;
    struct instant answer_at; /* of the attempt in flight, or NEVER */
    unsigned attempt;         /* in flight; 0: none */
    struct str out;
};

static void note(struct host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct host *host, const char *format, ...)
{
    str_append(&host->out, "t=");
    golden_print_ms(&host->out, host->now.ns);
    str_append_char(&host->out, ' ');
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(&host->out, format, arguments);
    va_end(arguments);
    str_append_char(&host->out, '\n');
}

static const struct answer *answer_of(const struct host *host)
{
    assert_in_range(host->attempt, 1, ANSWERS_MAX);
    return &host->scenario->answers[host->attempt - 1];
}

static void feed(struct host *host, const struct call_event *event);

static void end_attempt(struct host *host, enum outcome outcome,
                        uint16_t status)
{
    const struct answer *answer = answer_of(host);
    struct call_event event = {
        .kind = EVENT_ATTEMPT_DONE,
        .attempt = host->attempt,
        .result = {.outcome = outcome,
                   .status = status,
                   .sent = !answer->unsent},
    };
    if (answer->hint && status) {
        event.result.hint = hint_parse(
            answer->format, NUMBER_INTEGER, answer->hint, strlen(answer->hint),
            wall_clock_at_0_ms + host->now.ns / NS_PER_MS);
    }
    struct str text = STR_INIT;
    str_printf(&text, "%s#%u", outcome_name(outcome), host->attempt);
    if (status) {
        str_printf(&text, " %u", (unsigned)status);
    }
    if (answer->unsent) {
        str_append(&text, " not sent");
    }
    if (answer->hint && status) {
        str_printf(&text, " hint \"%s\"", answer->hint);
    }
    note(host, "%s", text.text);
    str_release(&text);
    host->attempt = 0;
    host->answer_at = INSTANT_NEVER;
    feed(host, &event);
}

static void perform_send(struct host *host, const struct action *action)
{
    note(host, "send#%u", action->attempt);
    assert_int_equal(host->attempt, 0);
    assert_int_equal(action->attempt_kind,
                     action->attempt == 1 ? ATTEMPT_FIRST : ATTEMPT_RETRY);
    host->attempt = action->attempt;
    const struct answer *answer = answer_of(host);
    host->answer_at =
        answer->kind == SILENT
            ? INSTANT_NEVER
            : instant_add(host->now, duration_ms(answer->after_ms));
}

static void perform(struct host *host, const struct action *action,
                    enum outcome *cancelled)
{
    switch (action->kind) {
    case ACTION_SEND:
        perform_send(host, action);
        break;
    case ACTION_CANCEL:
        note(host, "cancel#%u %s", action->attempt,
             outcome_name(action->outcome));
        assert_int_equal(host->attempt, action->attempt);
        *cancelled = action->outcome;
        break;
    case ACTION_WAKE_AT:
        host->timer = action->at;
        if (action->at.ns == INSTANT_NEVER.ns) {
            note(host, "stop the timer");
            break;
        }
        struct str at = STR_INIT;
        golden_print_ms(&at, action->at.ns);
        note(host, "wake_at %s", at.text);
        str_release(&at);
        break;
    case ACTION_FINISH:
        note(host, "finish %s, %s", verdict_name(action->verdict),
             finish_reason_name(action->reason));
        host->timer = INSTANT_NEVER;
        break;
    }
}

static void feed(struct host *host, const struct call_event *event)
{
    struct actions actions;
    enum outcome cancelled = OUTCOME_OK;
    bool sends = false;

    call_step(&host->call, host->now, event, &host->env, &actions);
    for (size_t i = 0; i < actions.count; i++) {
        perform(host, &actions.list[i], &cancelled);
        sends = sends || actions.list[i].kind == ACTION_SEND;
    }
    if (sends) {
        struct call_event sent = {.kind = EVENT_SENT,
                                  .attempt = host->attempt};
        feed(host, &sent);
    }
    if (cancelled != OUTCOME_OK) {
        end_attempt(host, cancelled, 0);
    }
}

/* One thing happens: the earliest. An answer goes before a timer. */
static void advance(struct host *host, bool *started, bool *abandoned)
{
    const struct scenario *scenario = host->scenario;
    struct instant start = {scenario->start_ms * NS_PER_MS};
    struct instant abandon = {scenario->abandon_ms * NS_PER_MS};
    if (*started) {
        start = INSTANT_NEVER;
    }
    if (*abandoned || scenario->abandon_ms == 0) {
        abandon = INSTANT_NEVER;
    } else if (scenario->abandon_ms < 0) {
        abandon = (struct instant){0};
    }
    struct instant next =
        instant_min(instant_min(start, abandon),
                    instant_min(host->answer_at, host->timer));
    assert_true(next.ns != INSTANT_NEVER.ns); /* else the call hangs */
    host->now = instant_max(host->now, next);

    if (next.ns == abandon.ns) {
        *abandoned = true;
        note(host, "abandon");
        feed(host, &(struct call_event){.kind = EVENT_ABANDONED});
    } else if (next.ns == start.ns) {
        *started = true;
        note(host, "start");
        feed(host, &(struct call_event){.kind = EVENT_STARTED});
    } else if (next.ns == host->answer_at.ns) {
        const struct answer *answer = answer_of(host);
        end_attempt(host, answer->outcome, answer->status);
    } else {
        host->timer = INSTANT_NEVER;
        note(host, "woke");
        feed(host, &(struct call_event){.kind = EVENT_WOKE});
    }
}

static char *run(const struct scenario *scenario)
{
    struct host host = {
        .scenario = scenario,
        .timer = INSTANT_NEVER,
        .answer_at = INSTANT_NEVER,
        .out = STR_INIT,
    };
    policy_init(&host.policy);
    if (scenario->configure) {
        scenario->configure(&host.policy);
    }
    client_init(&host.client, &host.policy, SEED, 0);
    host.env = (struct call_env){
        .policy = &host.policy,
        .client = &host.client,
        .traits = {.method = METHOD_POST, .has_key = scenario->has_key},
    };
    str_printf(&host.out, "# %s\n", scenario->about);

    call_init(&host.call, &host.policy, (struct instant){0});
    bool started = false;
    bool abandoned = false;
    for (int i = 0; !call_is_finished(&host.call); i++) {
        assert_in_range(i, 0, STEPS_MAX);
        advance(&host, &started, &abandoned);
    }
    return str_detach(&host.out);
}

static void test_trace(void **state)
{
    const struct scenario *scenario = *state;
    char *text = run(scenario);
    golden_hold(scenario->name, text, SEED);
    free(text);
}

int main(void)
{
    struct CMUnitTest tests[array_length(scenarios)];
    for (size_t i = 0; i < array_length(scenarios); i++) {
        tests[i] = (struct CMUnitTest){
            .name = scenarios[i].name,
            .test_func = test_trace,
            .initial_state = (void *)(uintptr_t)&scenarios[i],
        };
    }
    return cmocka_run_group_tests_name("traces", tests, NULL, NULL);
}
