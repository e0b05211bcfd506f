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

static inline bool call_is_past(const struct call *call, struct instant now)
{
    return !instant_before(now, call->operation_deadline) &&
           call->operation_deadline.ns != INSTANT_NEVER.ns;
}

static inline bool call_is_walking(const struct call *call)
{
    return call->level != LEVEL_COUNT;
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
/* -- call_finish.c -- */

/* The only way to another state. */
void call_move_to(struct call *call, enum call_state state);

struct action *call_append(struct actions *actions, enum action_kind kind);

/* Asks for the one timer, unless the host has it so already. */
void call_arm(struct call *call, const struct policy *policy,
              struct actions *actions);

void call_cancel(struct flight_state *flight, enum outcome outcome,
                 struct actions *actions);

/* Takes an attempt that has ended, or was given up, out of those in flight,
 * and lets all learn of it who have a part in it. */
void call_land(struct call *call, size_t index, struct instant now,
               struct call_env *env, const struct attempt_result *result,
               enum outcome_class class);

/* What an ending proves. */
void call_note_proof(struct call *call, const struct attempt_result *result);

/* Gives up the walk, its place in a queue and what it holds. */
void call_stop_walking(struct call *call, struct instant now,
                       struct call_env *env);

/* The wait between tries, if there was one, is over. */
void call_leave_backoff(struct call *call, struct instant now);

void call_finish(struct call *call, struct instant now,
                 enum finish_reason reason, struct call_env *env,
                 struct actions *actions);

/* -- try.c -- */

/* Begins the next try; try_go_on walks its layers. */
void try_begin(struct call *call, struct instant now, struct call_env *env);

/* Walks on through the levels until an attempt is sent, something must be
 * waited for, or a layer refuses. */
void try_go_on(struct call *call, struct instant now, struct call_env *env,
               struct actions *actions);

/* A layer of the client did not let go what is being walked for. */
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
