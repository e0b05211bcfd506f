/*
 * call_inside: what the parts of a call share. call.c takes the events, try.c
 * makes tries of them (when to send, what beside, whether again), and
 * call_finish.c keeps the state, the timer and the verdict. Nobody else
 * includes it.
 */
#ifndef SQUALL_POLICY_CALL_INSIDE_H
#define SQUALL_POLICY_CALL_INSIDE_H

#include "policy/call.h"

static inline bool call_cuts_attempts(const struct policy *policy)
{
    return policy->timeout.deadline_rule != DEADLINE_CHECK_BETWEEN;
}

/* Until a deadline, which may be none. */
static inline struct duration call_time_left(struct instant deadline,
                                             struct instant now)
{
    return deadline.ns == INSTANT_NEVER.ns ? DURATION_FOREVER
                                           : instant_since(deadline, now);
}

static inline bool call_is_past(const struct call *call, struct instant now)
{
    return !instant_before(now, call->operation_deadline) &&
           call->operation_deadline.ns != INSTANT_NEVER.ns;
}

static inline bool call_is_asking(const struct call *call)
{
    return call->asking.level != LEVEL_NONE;
}

static inline bool call_has_budget(const struct call_env *env)
{
    return env->policy->budget.type != BUDGET_NONE;
}

static inline bool call_budget_covers(const struct call_env *env,
                                      uint32_t what)
{
    return call_has_budget(env) && (env->policy->budget.covers & what);
}

static inline bool call_hedges(const struct call_env *env)
{
    return env->policy->hedge.max_extra > 0;
}

/* Whether something of it is with the service, and not only waiting for one of
 * squall's own connections. */
static inline bool call_is_tried_now(const struct call *call)
{
    bool any = false;
    for (size_t i = 0; i < call->in_flight; i++) {
        any |= call->running[i].is_sent;
    }
    return any;
}

/* -- call_finish.c -- */

/* The only way to another state. */
void call_move_to(struct call *call, enum call_state state);

struct action *call_append(struct actions *actions, enum action_kind kind);

/* Asks for the one timer, unless the host has it so already. */
void call_arm(struct call *call, const struct policy *policy,
              struct actions *actions);

void call_cancel(struct running_attempt *attempt, enum outcome outcome,
                 struct actions *actions);

/* Takes an attempt that has ended, or was given up, out of those in flight,
 * and lets all learn of it who have a part in it. */
void call_end_attempt(struct call *call, size_t index, struct instant now,
                      struct call_env *env,
                      const struct attempt_result *result,
                      enum outcome_class class);

/* What an ending proves, of an attempt that was sent or not. Where a redirect
 * made a GET of it, a no to that is none to what was asked for. */
void call_note_proof(struct call *call, const struct attempt_result *result,
                     bool was_sent, bool became_get);

/* A hop is sent: waiting for squall's own connections is left out of what
 * times the service. */
void call_sent_hop(struct running_attempt *attempt, struct instant now);

/* It waits for squall's own connections no longer: the time that this took is
 * kept from what times the service. */
void call_end_own_wait(struct call *call, struct instant now);

/* Asks no further; gives up its place in a queue and what it holds. */
void call_stop_asking(struct call *call, struct instant now,
                      struct call_env *env);

/* The wait between tries, if there was one, is over. */
void call_leave_backoff(struct call *call, struct instant now);

void call_finish(struct call *call, struct instant now,
                 enum finish_reason reason, struct call_env *env,
                 struct actions *actions);

/* -- try.c -- */

/* Begins the next try; try_go_on asks its layers. */
void try_begin(struct call *call, struct instant now, struct call_env *env);

/* Asks the layers, level by level, until an attempt is sent, something must
 * be waited for, or a layer refuses. */
void try_go_on(struct call *call, struct instant now, struct call_env *env,
               struct actions *actions);

/* An attempt is sent now: what times it starts. */
void try_sent(struct call *call, struct instant now,
              struct running_attempt *attempt, struct call_env *env);

/* A layer of the client refused what it was asked for. */
void try_refused_by(struct call *call, struct instant now, enum layer layer,
                    struct call_env *env, struct actions *actions);

/* Its time ran out while it waited for a limit inside the attempt timeout. */
void try_timed_out_waiting(struct call *call, struct instant now,
                           struct call_env *env, struct actions *actions);

/* Sends a hedge, or begins to wait for the limits that it must pass. */
void try_hedge(struct call *call, struct instant now, struct call_env *env,
               struct actions *actions);

/* An attempt has failed (is_ending), or was given up, and the call goes on:
 * with a hedge, with those in flight, or with the next try. */
void try_after_failure(struct call *call, struct instant now, bool is_ending,
                       struct call_env *env, struct actions *actions);

#endif
