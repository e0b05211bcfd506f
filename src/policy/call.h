/*
 * call: one logical operation from its first attempt to its verdict, sans I/O.
 *
 * This is the heart of squall. A host (the real transport, the simulator)
 * feeds events and performs the actions that come back; it decides nothing.
 *
 *   STARTED ------> SEND                  waiting -> sending
 *   STARTED ------> WAKE_AT, or nothing   waiting (for a limit of the client)
 *   STARTED ------> FINISH                waiting -> shed (too late, refused)
 *   ATTEMPT_DONE -> FINISH                sending -> verdict
 *   ATTEMPT_DONE -> CANCEL, FINISH        sending -> verdict (hedges lose)
 *   ATTEMPT_DONE -> WAKE_AT               sending -> backing_off
 *   ATTEMPT_DONE -> SEND                  sending -> backing_off -> sending
 *                                         (a wait of zero needs no timer)
 *   WOKE ---------> SEND                  waiting, backing_off -> sending
 *   WOKE ---------> SEND (a hedge)        sending -> sending
 *   WOKE ---------> FINISH                backing_off -> verdict (too late),
 *                                         waiting -> shed
 *   WOKE ---------> CANCEL (timed out)    sending -> sending
 *   ABANDONED ----> CANCEL                sending -> sending (run is over)
 *   ABANDONED ----> FINISH                waiting -> shed,
 *                                         backing_off -> verdict
 *
 * Rules between host and call:
 * - Every SEND is answered by exactly one ATTEMPT_DONE. A CANCEL asks the host
 *   to stop that attempt; the host then answers it with ATTEMPT_DONE at the
 *   same instant, with the outcome that the CANCEL names and `sent` as it
 *   knows it. But attempts that are cancelled in the very step that finishes
 *   are dropped and not answered. Others that are still in flight then (hedges
 *   that lost and are not cancelled) go on: they are answered as ever, and the
 *   call is over when the last one is (call_is_over).
 * - One timer a call: WAKE_AT replaces the earlier one; INSTANT_NEVER stops
 *   it, and so does FINISH, unless attempts go on. The host feeds WOKE when it
 *   is due, and the timer is spent by that. A WOKE that comes too early (the
 *   timer is set again) or too late is harmless.
 * - After each step the host asks client_next_ready for calls of the same
 *   client whose turn has come, and feeds each WOKE at the same instant.
 * - `now` never runs backwards. The call and its client stay in place.
 * - ABANDONED may come in any state until the call is over, also twice.
 *
 * A try is one attempt and the hedges beside it (policy/hedge.h); its ending
 * is that of the last of them. It is judged in this order: class, attempt
 * limit (and the limit of the rule), retry budget of the client, wait (backoff
 * of the class, server hint), operation deadline, sleep, and the deadline once
 * more before the send; then the layers inside retry are asked. A retry that
 * the budget has granted is paid for, sent or not. Nothing is sent at or after
 * the operation deadline, whatever the rule. What the rules differ in:
 *   cut_attempt: the deadline also ends a running attempt, and a wait that
 *     would pass it ends at it, in vain, as in gRPC and Envoy, whose deadline
 *     timers run beside the backoff;
 *   refuse_if_wait_exceeds: as cut_attempt, but such a wait is not begun: the
 *     same verdict, earlier;
 *   check_between: a running attempt and a wait take as long as they take.
 *
 * The layers that can refuse are walked from the outside in (policy/layer.h).
 * Refused outside retry, the operation ends; inside, so does the try, which is
 * tried again only where a rule of classify says so (refused_by), and not
 * before a millisecond has passed; a hedge that is refused is not sent. The
 * operation deadline starts at the intended start, or, when the operation had
 * to wait in layers outside it, after that wait.
 *
 * The verdict: acked when a definite yes came; shed when nothing was sent;
 * refused when every attempt was a definite no, or when the last answer was a
 * complete rejection and every attempt carried one and the same key (then it
 * speaks for all of them); else ambiguous. An attempt of which no byte was
 * sent is no answer: it neither makes nor unmakes the last one. An attempt
 * that is given up at the end is unknown.
 *
 * State is an open struct of plain data: it embeds in arrays, prints in a
 * failing test, and, while it stands in no queue, copies as a snapshot.
 */
#ifndef SQUALL_POLICY_CALL_H
#define SQUALL_POLICY_CALL_H

#include "policy/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Attempts of one operation that may be in flight at once: the first and its
 * hedges. A step cancels each at most once, sends one, sets the timer once and
 * finishes. */
enum {
    CALL_IN_FLIGHT_MAX = 1 + HEDGE_EXTRA_MAX,
    CALL_ACTIONS_MAX = CALL_IN_FLIGHT_MAX + 3
};

/*
 * waiting: nothing was sent yet; the client's limits are waited for. Next:
 *   sending, backing_off (the first try was refused by the client itself, and
 *   is to be tried again), shed.
 * sending: at least one attempt is in flight. Next: backing_off, or a verdict.
 * backing_off: nothing in flight, a retry is due, or waits for the client's
 *   limits. Next: sending, or a verdict; shed when nothing was ever sent.
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
    FINISH_BREAKER_OPEN,      /* the client's breaker did not let it go */
    FINISH_CONCURRENCY_FULL,  /* no place among those under way, in time */
    FINISH_RATE_LIMITED,      /* the client's rate limit would take too long */
    FINISH_THROTTLED,         /* the client's throttle refused it */
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

/* A walk through the layers of one level, and what it holds of them. */
struct passage {
    uint8_t next;      /* of the chain, to be asked */
    bool has_permit;   /* of the breaker */
    bool is_throttled; /* the throttle let it go and wants to hear of it */
    bool has_place;    /* in the pool */
    struct breaker_permit permit;
    struct instant since;    /* when it was through; NEVER: it is not yet */
    struct instant deadline; /* attempt: from the attempt_timeout layer on */
};

struct flight_state {
    unsigned attempt;
    enum attempt_kind kind;
    bool opens_try;          /* not a hedge: its latency is an estimate's */
    bool is_budgeted;        /* known to the budget as a retry */
    bool is_cancelled;       /* a CANCEL is out, its ATTEMPT_DONE is awaited */
    struct instant sent;
    struct instant deadline; /* from SEND, so that waiting for a connection is
                              * in it */
    struct passage passage;
};

/* Where the call waits for a limit of its client. */
enum call_wait { WAIT_NONE, WAIT_RATE, WAIT_PLACE };

struct call {
    enum call_state state;
    struct instant intended;   /* when the caller wanted it */
    struct instant last_event; /* time must not run backwards */
    struct instant operation_deadline;
    unsigned attempts;         /* sent so far */
    unsigned tries;            /* begun so far, sent or refused */
    unsigned retries;          /* tries but the first */
    unsigned hedges;           /* sent so far */
    unsigned hedges_left;      /* of this try */
    unsigned hedges_denied;    /* due, but their budget was spent */
    bool won_by_hedge;
    uint16_t rule_retries[CLASSIFY_RULES_MAX];
    uint16_t refusals[LAYER_COUNT]; /* tries that a layer refused */
    struct backoff_state backoff;
    struct budget_use budget;
    struct budget_use hedge_budget;
    struct duration backoff_total; /* time spent waiting between attempts */
    struct instant backoff_since;
    struct duration limit_wait;    /* time spent waiting for limits */
    bool has_waited;               /* for a limit, at all */
    /* attempts in flight */
    size_t in_flight;
    struct flight_state flights[CALL_IN_FLIGHT_MAX];
    /* the layers: of the operation, of the try, and of the attempt that is
     * about to be sent */
    struct passage passages[LEVEL_COUNT];
    enum level level;          /* that is being walked, LEVEL_COUNT: none */
    enum attempt_kind pending; /* what the walk is for */
    enum call_wait wait;
    struct instant wait_since;
    struct instant wait_until; /* RATE: go on; PLACE: give up */
    bool is_granted;           /* PLACE: it has it now */
    struct call_queue *queue;  /* that it stands in, or NULL */
    struct call *queue_next, *queue_previous;
    struct instant timer;      /* as the host has it; NEVER: none */
    struct instant retry_at;   /* backing_off: when the next try is due */
    struct instant hedge_at;   /* sending: when the next hedge is due */
    bool is_doomed;            /* the wait is in vain: no budget (AWS) */
    bool abandoned;            /* no more sends; only endings are awaited */
    /* the last ending of this try that was not of squall's making */
    bool has_ending;
    struct attempt_result ending;
    struct classification ending_class;
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

/* A call has finished once its FINISH is out: its verdict stands. */
static inline bool call_is_finished(const struct call *call)
{
    return call->state >= CALL_ACKED;
}

/* It has finished and nothing of it is in flight: nothing may be fed to it. */
static inline bool call_is_over(const struct call *call)
{
    return call_is_finished(call) && call->in_flight == 0;
}

const char *verdict_name(enum verdict verdict);
const char *finish_reason_name(enum finish_reason reason);
const char *attempt_kind_name(enum attempt_kind kind);

#endif
