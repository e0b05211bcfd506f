/*
 * attempts: performs what the calls of a worker ask for.
 *
 * Two rules keep the order of things simple. An attempt that ends without the
 * engine (see ended.h) is answered after the step that ended it; and its
 * transfer goes back before the next waiter of the gate gets it.
 *
 * The way of an answer: the engine is done with a transfer; the answer is
 * judged by its status and its body; its fault may withhold it; else the
 * attempt ends (facts are recorded, the fault is over, the transfer goes back)
 * and its call takes the next step.
 */
#ifndef SQUALL_HOST_ATTEMPTS_H
#define SQUALL_HOST_ATTEMPTS_H

#include "base/instant.h"
#include "engine/engine.h"
#include "policy/call.h"

struct worker;
struct operation;

/* A new operation takes a slot and its first step. There must be a slot. */
void operation_start(struct worker *worker, struct instant now,
                     struct instant intended, uint16_t stage, uint64_t user);

/* The timer of an operation's call was due: its next step, and all that
 * follows from it now. */
void operation_wake(struct worker *worker, struct operation *operation,
                    struct instant now);

/* The load is over: nothing that waits for its turn is sent any more. Calls
 * that have nothing on the wire get their verdict. */
void attempts_close(struct worker *worker, struct instant now);

/* Answers attempts that ended without the engine, and does what faults had to
 * do `by` then. Many at once are answered in turns: when some are left, the
 * worker must not wait. */
void attempts_turn(struct worker *worker, struct instant now,
                   struct instant by);

/* The drain is over: operations end as they are; duplicates that were tried
 * end, others are forgotten. */
void attempts_abandon(struct worker *worker, struct instant now);

/* What the worker's engine is to call. */
struct engine_callbacks attempts_callbacks(struct worker *worker);

#endif
