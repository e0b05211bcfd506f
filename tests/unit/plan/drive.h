/* drive: one operation of a shipped client in virtual time. The same failure
 * again and again, each attempt ending at the instant at which it starts; the
 * headers of the answer are read as the engine reads them. */
#ifndef SQUALL_TESTS_DRIVE_H
#define SQUALL_TESTS_DRIVE_H

#include "base/str.h"
#include "plan/plan.h"
#include "policy/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { ATTEMPTS_MAX = 64 };

/* What each attempt ends as, and what came of the operation. */
struct drive {
    struct plan *plan;
    struct attempt_result result;
    struct instant timer; /* the last that was asked for */
    unsigned attempts;
    struct duration first_wait; /* 0 where the retry was sent at once */
};

/* The plan of a client of profiles/clients; owned by the caller. */
static inline struct plan *read_client(const char *client)
{
    struct errors errors = ERRORS_INIT;
    struct str name = STR_INIT;

    str_printf(&name, "clients/%s", client);
    const char *const profile = name.text;
    struct plan_input input = {.profile_count = 1, .profiles = &profile};
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(plan);
    str_release(&name);
    return plan;
}

/* Attempts are answered with the status or, where that is 0, end so. */
static inline void drive_ending(struct drive *drive, unsigned status,
                                enum outcome outcome, bool reused)
{
    drive->result =
        (struct attempt_result){.outcome = outcome,
                                .status = (uint16_t)status,
                                .sent = outcome != OUTCOME_CONNECT_REFUSED,
                                .reused = reused};
    if (status) {
        struct expect_config expect = {0};
        status_set_add(&expect.ok, 200, 299);
        drive->result.outcome =
            outcome_of_status((uint16_t)status, &expect, false);
    }
}

/* The answers have this header, "Name: value", at this time of the wall. */
static inline void drive_header(struct drive *drive, const char *line,
                                int64_t unix_ms)
{
    const struct retry_config *retry = &drive->plan->policy.retry;
    const char *value = strchr(line, ':') + 1;

    for (size_t i = 0; i < retry->hint.count; i++) {
        const struct hint_header *header = &retry->hint.headers[i];
        if (strncasecmp(line, header->name, strlen(header->name)) == 0 &&
            value == line + strlen(header->name) + 1) {
            drive->result.hint = hint_either(
                drive->result.hint, hint_read(&retry->hint, header, value,
                                              strlen(value), unix_ms));
        }
    }
    drive->result.headers |=
        classify_headers_in(&retry->classify, line, strlen(line));
}

/* What the host is to do next: an attempt to end or a time to wait for. */
static inline bool drive_actions(struct drive *drive,
                                 const struct actions *actions,
                                 struct instant *now, struct call_event *event)
{
    bool sends = false;

    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        if (action->kind == ACTION_FINISH) {
            return false;
        }
        if (action->kind == ACTION_SEND) {
            sends = true;
            drive->attempts++;
            *event = (struct call_event){EVENT_ATTEMPT_DONE, action->attempt,
                                         drive->result};
        } else if (action->kind == ACTION_WAKE_AT) {
            drive->timer = action->at;
        }
    }
    if (!sends) {
        assert_true(instant_before(drive->timer, INSTANT_NEVER));
        if (drive->attempts == 1) {
            drive->first_wait = instant_since(drive->timer, *now);
        }
        *now = drive->timer;
        drive->timer = INSTANT_NEVER;
        *event = (struct call_event){.kind = EVENT_WOKE};
    }
    return true;
}

/* An attempt is sent at once. */
static inline void drive_sent(struct drive *drive, struct call *call,
                              struct instant now, struct call_env *env,
                              const struct actions *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        struct call_event sent = {.kind = EVENT_SENT,
                                  .attempt = actions->list[i].attempt};
        struct actions follow;
        if (actions->list[i].kind == ACTION_SEND) {
            call_step(call, now, &sent, env, &follow);
            for (size_t k = 0; k < follow.count; k++) {
                assert_int_equal(follow.list[k].kind, ACTION_WAKE_AT);
                drive->timer = follow.list[k].at;
            }
        }
    }
}

/* Runs the operation to its end, or for ATTEMPTS_MAX attempts. */
static inline void drive_operation(struct drive *drive, const char *method)
{
    struct instant now = {NS_PER_S};
    struct client *client = calloc(1, sizeof(*client));
    struct call call;
    struct actions actions;
    struct call_event event = {.kind = EVENT_STARTED};
    struct call_env env = {&drive->plan->policy,
                           client,
                           {.method = classify_method_bit(method), .tier = 1}};

    assert_non_null(client);
    drive->timer = INSTANT_NEVER;
    client_init(client, &drive->plan->policy, 1, 0);
    call_init(&call, &drive->plan->policy, now);
    do {
        call_step(&call, now, &event, &env, &actions);
        drive_sent(drive, &call, now, &env, &actions);
    } while (drive_actions(drive, &actions, &now, &event) &&
             drive->attempts < ATTEMPTS_MAX);
    free(client);
}

#endif
