/*
 * walk: the way of a call through the layers of one level (policy/layer.h),
 * from the outside in. Part of the call; only policy/call.c includes it.
 *
 * What a layer gave is noted in the level's passage: a permit of the breaker,
 * a place among those under way. It is given back when what was inside has
 * ended, with its class, or forgotten when that says nothing of the service.
 */
#ifndef SQUALL_POLICY_WALK_H
#define SQUALL_POLICY_WALK_H

#include "policy/call.h"

enum walk_end {
    WALK_THROUGH, /* all layers let it go */
    WALK_WAITS,   /* call->wait says for what, and until when */
    WALK_REFUSED, /* *by says by which; what others gave is still held */
    WALK_LATE,    /* the operation timeout is over */
};

/* Begins a walk through a level; what it held before must be given back. */
void walk_begin(struct call *call, enum level level, enum attempt_kind pending);

/* Goes on from the layer that is next. */
enum walk_end walk_on(struct call *call, struct instant now,
                      struct call_env *env, enum layer *by);

/* The wait is over: the layer that made it wait lets it go. */
void walk_wait_is_over(struct call *call, struct instant now);

/* Gives up waiting, wherever the call stands in a queue. */
void walk_stop_waiting(struct call *call, struct instant now,
                       struct call_env *env);

/* What was inside has ended as a class: layers learn from it. */
void passage_end(struct passage *passage, struct instant now,
                 struct call_env *env, enum outcome_class class);

/* It has ended and says nothing: cancelled, never sent, refused within. */
void passage_forget(struct passage *passage, struct instant now,
                    struct call_env *env);

#endif
