/*
 * call: one logical operation from its first attempt to its verdict, sans I/O.
 *
 * This is the core of squall. A host (host/, or one of the tests)
 * feeds events and performs the actions that come back; it decides nothing.
 *
 *   STARTED ------> SEND                  waiting -> sending
 *   STARTED ------> WAKE_AT, or nothing   waiting (for a limit of the client)
 *   STARTED ------> FINISH                waiting -> shed (too late, refused)
 *   SENT ---------> WAKE_AT               sending (the clocks start)
 *   SENT ---------> CANCEL                sending (it is too late for it)
 *   ATTEMPT_DONE -> FINISH                sending -> verdict, shed
 *   ATTEMPT_DONE -> CANCEL, FINISH        sending -> verdict (hedges lose)
 *   ATTEMPT_DONE -> WAKE_AT               sending -> backing_off
 *   ATTEMPT_DONE -> SEND                  sending -> backing_off -> sending
 *                                         (a wait of zero needs no timer)
 *   ATTEMPT_DONE -> SEND (a hop)          sending -> sending (it was
 *                                         redirected, and that is followed)
 *   WOKE ---------> SEND                  waiting, backing_off -> sending
 *   WOKE ---------> SEND (a hedge)        sending -> sending
 *   WOKE ---------> FINISH                backing_off -> verdict (too late),
 *                                         waiting -> shed
 *   WOKE ---------> CANCEL (timed out)    sending -> sending
 *   LOAD_OVER ----> FINISH                waiting -> shed,
 *                                         backing_off -> verdict
 *   ABANDONED ----> CANCEL                sending -> sending (run is over)
 *   ABANDONED ----> FINISH                as LOAD_OVER
 *
 * Rules between host and call:
 * - A SEND asks for an attempt to be sent. The host says SENT when it is: when
 *   it has left the queue for squall's own connections and was handed on, or
 *   an injected fault has it. All that times the service starts then: the
 *   attempt timeout, the delay of a hedge, latencies that breakers, limits and
 *   hedges learn from. Waiting for squall's own connection is nobody's time
 *   but the operation's: its deadline runs on, and one that has not been sent
 *   by then is cancelled.
 * - Every SEND is answered by exactly one ATTEMPT_DONE, after its SENT if
 *   there was one; without one its outcome is cancelled or no_socket. A SENT
 *   of an attempt that was cancelled meanwhile is harmless. A CANCEL asks the
 *   host to stop that attempt; the host then answers it with ATTEMPT_DONE at
 *   the same instant, with the outcome that the CANCEL names and `sent` as it
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
 * - LOAD_OVER and ABANDONED may come in any state until the call is over, also
 *   twice. After either nothing is sent any more: whatever the call waits for
 *   ends, and the next ending of an attempt is the last. LOAD_OVER leaves what
 *   is in flight alone, its hops too, ABANDONED cancels it.
 * - An answer that redirects ends its attempt. Where call_follows says that it
 *   is followed, the host gives it the outcome FOLLOWED and gets a SEND for
 *   the hop at once; and so with CHALLENGED and call_answers, of a 401. To all
 *   layers of the client an attempt and its hops are one: they take no other
 *   permit, and the attempt's timeout runs on. The hop that answers stands for
 *   them all. Each has a number of its own.
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
 * The layers that can refuse are asked from the outside in (policy/layer.h).
 * Refused outside retry, the operation ends; inside, so does the try, which is
 * tried again only where a rule of classify says so (refused_by), and not
 * before a millisecond has passed; a hedge that is refused is not sent. The
 * operation deadline starts at the intended start, or, when the operation had
 * to wait in layers outside it, after that wait.
 *
 * The verdict: succeeded when a definite yes came; shed when nothing was ever
 * tried on the service, because the client's own limits, squall's connections,
 * this machine or the end of the run were in the way;
 * rejected when every attempt was a definite no, or when the last answer was a
 * complete rejection and every attempt carried one and the same key (then it
 * holds for all of them); else ambiguous. An attempt of which no byte was
 * sent is no answer: it neither makes nor unmakes the last one. An attempt
 * that is given up at the end is unknown. A safe request has nothing to be
 * ambiguous about: rejected when an answer said no, whatever its status, and
 * unanswered when none came.
 *
 * State is an open struct of plain data: it embeds in arrays, prints in a
 * failing test, and, while it stands in no queue, copies as a snapshot.
 */
#ifndef SQUALL_POLICY_CALL_H
#define SQUALL_POLICY_CALL_H

#include "policy/client.h"
#include "policy/verdict.h"

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
 * sending: at least one attempt is in flight, or waits for a connection. Next:
 *   backing_off, or a verdict.
 * backing_off: nothing in flight, a retry is due, or waits for the client's
 *   limits. Next: sending, or a verdict; shed when nothing was ever sent.
 * succeeded, rejected, unanswered, ambiguous, shed: final.
 */
enum call_state {
    CALL_WAITING,
    CALL_SENDING,
    CALL_BACKING_OFF,
    CALL_SUCCEEDED,
    CALL_REJECTED,
    CALL_UNANSWERED,
    CALL_AMBIGUOUS,
    CALL_SHED,
};

enum call_event_kind {
    EVENT_STARTED,
    EVENT_SENT,
    EVENT_ATTEMPT_DONE,
    EVENT_WOKE,
    EVENT_LOAD_OVER,
    EVENT_ABANDONED,
};

struct call_event {
    enum call_event_kind kind;
    unsigned attempt;             /* SENT, ATTEMPT_DONE: which, from 1 */
    struct attempt_result result; /* ATTEMPT_DONE */
};

enum action_kind { ACTION_SEND, ACTION_CANCEL, ACTION_WAKE_AT, ACTION_FINISH };

struct action {
    enum action_kind kind;
    unsigned attempt;               /* SEND, CANCEL: number from 1 */
    enum attempt_kind attempt_kind; /* SEND */
    enum outcome outcome;           /* CANCEL: what the attempt ends as */
    struct instant at;              /* WAKE_AT */
    enum verdict verdict;           /* FINISH */
    enum finish_reason reason;      /* FINISH */
};

struct actions {
    size_t count;
    struct action list[CALL_ACTIONS_MAX];
};

/* How far the layers of one level have been asked, and what the call holds of
 * them. */
struct layer_hold {
    uint8_t next;      /* of the chain, to be asked */
    bool has_permit;   /* of the breaker */
    bool is_throttled; /* the throttle admitted it and counts its ending */
    bool has_place;    /* in the pool */
    struct breaker_permit permit;
    struct instant since;    /* when all had let it pass; NEVER: not yet. Own
                              * waits are left out: it moves on with them */
    struct instant deadline; /* attempt: from the attempt_timeout layer on */
};

/* An attempt that is in flight, or is to be once it has a connection. */
struct running_attempt {
    unsigned number; /* from 1 */
    enum attempt_kind kind;
    bool opens_try;    /* not a hedge: its latency is an estimate's */
    bool is_budgeted;  /* known to the budget as a retry */
    bool is_cancelled; /* a CANCEL is out, its ATTEMPT_DONE is awaited */
    bool is_sent;      /* its SENT has come, at `sent` */
    struct instant sent;
    unsigned hops;            /* that were followed to get here */
    bool goes_on;             /* with what another one began */
    bool has_answered;        /* a challenge, since the last hop */
    bool became_get;          /* one of them made it a GET */
    struct instant hop;       /* when the last was asked for */
    struct duration patience; /* what is left of its timeout at the send */
    struct instant deadline;  /* of the attempt from its SENT on; until then
                               * the operation's */
    struct layer_hold hold;
};

/* What a call waits for while it asks the layers of its client. */
enum call_wait {
    WAIT_NONE,
    WAIT_RATE,    /* for its turn under the rate limit, at `until` */
    WAIT_PLACE,   /* in a queue for a place; it gives up at `until` */
    WAIT_GRANTED, /* the place is its own: client_next_ready names it now */
};

/* Asking for leave to send, level by level (policy/layers.h). A call that asks
 * has not sent yet what it asks for: an operation that is waiting its first
 * attempt, one that is backing off a retry, one that is sending a hedge. */
struct call_asking {
    enum level level;       /* LEVEL_NONE: it does not ask */
    enum attempt_kind kind; /* of what is to be sent */
    enum call_wait wait;
    struct instant since, until; /* of the wait */
};

/* What the endings of a call's attempts prove so far. */
struct call_proof {
    bool any_tried; /* on the service: not ended by squall before it was */
    bool any_done;
    bool any_unknown;
    bool any_no;        /* an answer that is not the expected one */
    bool last_rejected; /* the last answer is a definite no */
};

struct call {
    enum call_state state;
    struct instant intended;   /* when the caller wanted it */
    struct instant last_event; /* time must not run backwards */
    struct instant operation_deadline;
    unsigned attempts;        /* sent so far */
    unsigned tries;           /* begun so far, sent or refused */
    unsigned retries;         /* tries but the first */
    unsigned hedges;          /* sent so far */
    unsigned hedges_left;     /* of this try */
    unsigned hedges_denied;   /* due, but their budget was spent */
    unsigned retries_granted; /* by the retry budget */
    unsigned retries_denied;
    unsigned hedges_granted; /* by the retry budget, where it covers them */
    bool won_by_hedge;
    uint16_t rule_retries[CLASSIFY_RULES_MAX];
    uint32_t refusals[LAYER_COUNT]; /* tries that a layer refused */
    struct backoff_state backoff;
    struct budget_use budget;
    struct budget_use hedge_budget;
    struct duration backoff_total; /* time spent waiting between attempts */
    struct instant backoff_since;
    struct duration limit_wait; /* time spent waiting for limits */
    bool has_waited;            /* for a limit, at all */
    /* attempts in flight */
    struct instant own_since; /* all that is in flight waits to be sent; NEVER:
                               * it does not */
    size_t in_flight;
    struct running_attempt running[CALL_IN_FLIGHT_MAX];
    /* the layers: of the operation, of the try, and of the attempt that is
     * about to be sent */
    struct layer_hold holds[LEVEL_COUNT];
    struct call_asking asking;
    struct call_queue *queue; /* that it stands in, or NULL */
    struct call *queue_next, *queue_previous;
    struct instant timer;    /* as the host has it; NEVER: none */
    struct instant retry_at; /* backing_off: when the next try is due */
    struct instant hedge_at; /* sending: when the next hedge is due */
    bool is_doomed;          /* the wait is in vain: no budget (AWS) */
    bool sends_no_more;      /* only endings are awaited */
    /* the last ending of this try that was not of squall's making */
    bool has_ending;
    struct attempt_result ending;
    struct classification ending_class;
    struct call_proof proof;
};

/* What a call needs from outside: borrowed for the step. */
struct call_env {
    const struct policy *policy;
    struct client *client;
    struct request_traits traits;
};

/* Makes a call ready for EVENT_STARTED. `intended` starts the operation
 * timeout: waiting for squall's own connections counts against it, but an
 * operation that was never tried because of it is shed. */
void call_init(struct call *call, const struct policy *policy,
               struct instant intended);

/* One step. Replaces *actions: the count and so many entries of the list, of
 * which only the fields that go with the kind mean something. */
void call_step(struct call *call, struct instant now,
               const struct call_event *event, struct call_env *env,
               struct actions *actions);

/* What becomes of an attempt whose answer says where else to ask. */
enum call_follow {
    CALL_FOLLOWS,     /* it goes on with another attempt */
    CALL_FOLLOWS_NOT, /* it is an answer as any other */
    CALL_FOLLOWED_ALL /* all hops that it may take were taken */
};
enum call_follow call_follows(const struct call *call, struct instant now,
                              unsigned attempt, const struct policy *policy);
/* Whether it answers a challenge: once for each request, hops apart. */
bool call_answers(const struct call *call, struct instant now,
                  unsigned attempt, const struct policy *policy);

/* A call has finished once its FINISH is out: its verdict stands. */
static inline bool call_is_finished(const struct call *call)
{
    return call->state >= CALL_SUCCEEDED;
}

/* It has finished and nothing of it is in flight: nothing may be fed to it. */
static inline bool call_is_over(const struct call *call)
{
    return call_is_finished(call) && call->in_flight == 0;
}

#endif
