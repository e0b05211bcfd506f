/*
 * call: one logical operation from its first attempt to its verdict, sans I/O.
 *
 * This is the heart of squall. A host (the real transport, the simulator)
 * feeds events and performs the actions that come back; it decides nothing.
 *
 *   STARTED ------> SEND                  waiting -> sending
 *   STARTED ------> FINISH                waiting -> shed (too late already)
 *   ATTEMPT_DONE -> FINISH                sending -> verdict
 *   ATTEMPT_DONE -> WAKE_AT               sending -> backing_off
 *   ATTEMPT_DONE -> SEND                  sending -> backing_off -> sending
 *                                         (a wait of zero needs no timer)
 *   WOKE ---------> SEND                  backing_off -> sending
 *   WOKE ---------> FINISH                backing_off -> verdict (too late)
 *   WOKE ---------> CANCEL (timed out)    sending -> sending
 *   ABANDONED ----> CANCEL                sending -> sending (run is over)
 *   ABANDONED ----> FINISH                waiting -> shed,
 *                                         backing_off -> verdict
 *
 * Rules between host and call:
 * - Every SEND is answered by exactly one ATTEMPT_DONE. A CANCEL asks the host
 *   to stop that attempt; the host then answers it with ATTEMPT_DONE at the
 *   same instant, with the outcome that the CANCEL names and `sent` as it
 *   knows it. After FINISH nothing more is fed: attempts that are still in
 *   flight were named by CANCELs before the FINISH, and are dropped.
 * - One timer a call: WAKE_AT replaces the earlier one; INSTANT_NEVER stops
 *   it, and so does FINISH. The host feeds WOKE when it is due, and the timer
 *   is spent by that. A WOKE that comes too early (the timer is set again) or
 *   too late is harmless.
 * - `now` never runs backwards.
 * - ABANDONED may come in any state but the final ones, also twice.
 *
 * An ending is judged in this order: class, attempt limit (and the limit of
 * the rule), retry budget of the client, wait (backoff of the class, server
 * hint), operation deadline, sleep, and the deadline once more before the
 * send. A retry that the budget has granted is paid for, sent or not. Nothing
 * is sent at or after the operation deadline, whatever the rule. What the
 * rules differ in:
 *   cut_attempt: the deadline also ends a running attempt, and a wait that
 *     would pass it ends at it, in vain, as in gRPC and Envoy, whose deadline
 *     timers run beside the backoff;
 *   refuse_if_wait_exceeds: as cut_attempt, but such a wait is not begun: the
 *     same verdict, earlier;
 *   check_between: a running attempt and a wait take as long as they take.
 *
 * The verdict: acked when a definite yes came; shed when nothing was sent;
 * refused when every attempt was a definite no, or when the last answer was a
 * complete rejection and every attempt carried one and the same key (then it
 * speaks for all of them); else ambiguous. An attempt of which no byte was
 * sent is no answer: it neither makes nor unmakes the last one.
 *
 * State is an open struct of plain data: it embeds in arrays, copies as a
 * snapshot, prints in a failing test.
 */
#ifndef SQUALL_POLICY_CALL_H
#define SQUALL_POLICY_CALL_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Attempts of one operation that may be in flight at once: the first and, as
 * hedging comes, its extras. */
enum { CALL_IN_FLIGHT_MAX = 4, CALL_ACTIONS_MAX = 2 * CALL_IN_FLIGHT_MAX + 2 };

/*
 * waiting: made, not started. Next: sending, shed.
 * sending: at least one attempt is in flight. Next: backing_off, or a verdict.
 * backing_off: nothing in flight, a retry is due. Next: sending, or a verdict.
 * acked, refused, ambiguous, shed: final.
 */
enum call_state {
    CALL_WAITING,
    CALL_SENDING,
    CALL_BACKING_OFF,
    CALL_ACKED,
    CALL_REFUSED,
    CALL_AMBIGUOUS,
    CALL_SHED,
};

enum verdict {
    VERDICT_ACKED,     /* a definite yes came */
    VERDICT_REFUSED,   /* a definite no holds for the whole operation */
    VERDICT_AMBIGUOUS, /* something was sent, nobody knows */
    VERDICT_SHED,      /* nothing was ever sent, by the client's own policy */
    VERDICT_COUNT
};

/* Why the call ended; for the report's words, decided nowhere else. */
enum finish_reason {
    FINISH_ANSWERED,          /* success, or an ending that is not retried */
    FINISH_ATTEMPTS_EXHAUSTED,
    FINISH_OPERATION_TIMEOUT, /* cut by it, or no time for another try */
    FINISH_HINT_REFUSED,      /* the server's hint forbids a retry */
    FINISH_BUDGET_EXHAUSTED,  /* the client cannot afford another retry */
    FINISH_ABANDONED,         /* the run ended */
    FINISH_REASON_COUNT
};

enum attempt_kind { ATTEMPT_FIRST, ATTEMPT_RETRY, ATTEMPT_HEDGE,
                    ATTEMPT_DUPLICATE, ATTEMPT_KIND_COUNT };

enum call_event_kind {
    EVENT_STARTED,
    EVENT_ATTEMPT_DONE,
    EVENT_WOKE,
    EVENT_ABANDONED,
};

struct call_event {
    enum call_event_kind kind;
    unsigned attempt;             /* ATTEMPT_DONE: which, from 1 */
    struct attempt_result result; /* ATTEMPT_DONE */
};

enum action_kind { ACTION_SEND, ACTION_CANCEL, ACTION_WAKE_AT, ACTION_FINISH };

struct action {
    enum action_kind kind;
    unsigned attempt;          /* SEND, CANCEL: number from 1 */
    enum attempt_kind attempt_kind; /* SEND */
    enum outcome outcome;      /* CANCEL: what the attempt ends as */
    struct instant at;         /* WAKE_AT */
    enum verdict verdict;      /* FINISH */
    enum finish_reason reason; /* FINISH */
};

struct actions {
    size_t count;
    struct action list[CALL_ACTIONS_MAX];
};

struct call {
    enum call_state state;
    struct instant intended;   /* when the caller wanted it */
    struct instant last_event; /* time must not run backwards */
    struct instant operation_deadline;
    unsigned attempts;         /* sent so far */
    unsigned retries;          /* of them */
    uint16_t rule_retries[CLASSIFY_RULES_MAX];
    struct backoff_state backoff;
    struct budget_use budget;
    struct duration backoff_total; /* time spent waiting between attempts */
    struct instant backoff_since;
    /* attempts in flight */
    size_t in_flight;
    struct {
        unsigned attempt;
        struct instant deadline; /* from SEND, so that waiting for a
                                  * connection is in it */
        bool cancelled; /* a CANCEL is out, its ATTEMPT_DONE is awaited */
    } flights[CALL_IN_FLIGHT_MAX];
    struct instant timer;      /* as the host has it; NEVER: none */
    struct instant retry_at;   /* backing_off: when the next try is due */
    bool abandoned;            /* no more sends; only endings are awaited */
    /* what the endings so far prove */
    bool any_done;
    bool any_unknown;
    bool last_rejected; /* the last answer is a definite no */
};

/* What a call needs from outside: borrowed for the step. */
struct call_env {
    const struct policy *policy;
    struct client *client;
    struct request_traits traits;
};

/* Makes a call ready for EVENT_STARTED. `intended` starts the operation
 * timeout: waiting for squall's own connections counts against it. */
void call_init(struct call *call, const struct policy *policy,
               struct instant intended);

/* One step. Replaces *actions: the count and so many entries of the list, of
 * which only the fields that go with the kind mean something. */
void call_step(struct call *call, struct instant now,
               const struct call_event *event, struct call_env *env,
               struct actions *actions);

/* A call has finished once its FINISH is out; nothing may be fed to it. */
static inline bool call_is_finished(const struct call *call)
{
    return call->state >= CALL_ACKED;
}

const char *verdict_name(enum verdict verdict);
const char *finish_reason_name(enum finish_reason reason);
const char *attempt_kind_name(enum attempt_kind kind);

#endif
