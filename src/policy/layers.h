/*
 * layers: asks the layers of one level (policy/layer.h), from the outside in,
 * whether a call may pass. Part of the call; only its parts include it.
 *
 * What a layer gave is kept in the level's layer_hold: a permit of the
 * breaker, a place in the pool. It is given back when what was inside has
 * ended, with its class, or forgotten when that says nothing of the service.
 */
#ifndef SQUALL_POLICY_LAYERS_H
#define SQUALL_POLICY_LAYERS_H

#include "policy/call.h"

enum layers_answer {
    LAYERS_PASSED,  /* all layers let it go */
    LAYERS_WAIT,    /* call->asking.wait says for what, and until when */
    LAYERS_REFUSED, /* *by says by which; what others gave is still held */
    LAYERS_LATE,    /* the operation timeout is over */
};

/* Begins to ask the layers of a level; what was held of them before must have
 * been given back. */
void layers_begin(struct call *call, enum level level,
                  enum attempt_kind pending);

/* Asks on from the layer that is next. */
enum layers_answer layers_ask(struct call *call, struct instant now,
                              struct call_env *env, enum layer *by);

/* The wait is over: the layer that made it wait lets it go. */
void layers_end_wait(struct call *call, struct instant now);

/* Gives up waiting, wherever the call stands in a queue. */
void layers_stop_waiting(struct call *call, struct instant now,
                         struct call_env *env);

/* What was inside has ended as a class: layers learn from it. */
void layer_hold_end(struct layer_hold *hold, struct instant now,
                    struct call_env *env, enum outcome_class class);

/* It has ended and says nothing: cancelled, never sent, refused within. */
void layer_hold_forget(struct layer_hold *hold, struct instant now,
                       struct call_env *env);

#endif
