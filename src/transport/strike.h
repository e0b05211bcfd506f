/*
 * strike: what the client-side faults do to the attempts of a worker.
 *
 * A flight is struck by one fault at most (faults/fault.h says by which). What
 * the fault does next is the flight's one timer here: a delayed attempt asks
 * for its wire, an answer is thrown away, a slow reader reads on.
 *
 * A duplicate is a flight of nobody's: it carries all that its request needs,
 * so that it may outlive its operation; no call hears of it. It is made with
 * the wire of the attempt that it copies, set off when that one is sent, or
 * when its operation has ended, and counted when it ends itself. A copy that
 * was never tried is counted nowhere.
 */
#ifndef SQUALL_TRANSPORT_STRIKE_H
#define SQUALL_TRANSPORT_STRIKE_H

#include "policy/latency_estimate.h"
#include "transport/copied.h"
#include "transport/operation.h"

struct worker;
struct copy;

struct strikes {
    struct heap timers; /* of flights: their `strike` */
    struct wire **losing; /* requests to be given up once delivered */
    size_t losing_count;
    struct copy *copies;  /* room for all that may be on their way at once */
    size_t copy_max;
    size_t copy_high;     /* those before it have been used */
    struct copy *free;    /* and are used no more */
    size_t copies_out;    /* set off, or waiting for their time */
    struct copied_pool copied; /* answers that wait for copies */
    struct latency_estimate latency; /* of answers that nothing cut short */
};

/* Memory from the worker's arena, which costs nothing until it is used. */
void strikes_init(struct worker *worker, size_t operations);

/* A flight is asked for: true when its fault keeps it from asking for a
 * wire. */
bool strike_keeps(struct worker *worker, struct flight *flight,
                  struct instant now);

/* libcurl has its request. Called before it is sent. */
void strike_begun(struct worker *worker, struct flight *flight,
                  const struct template_subject *subject);

/* Its request goes out. Must not call libcurl. */
void strike_sent(struct worker *worker, struct flight *flight);

/* libcurl has ended it: true when its fault keeps the caller from hearing so
 * now. */
bool strike_keeps_answer(struct worker *worker, struct flight *flight,
                         struct instant now);

/* Whether the fault that was drawn for this attempt really struck: an answer
 * can only be lost where a request went out and nothing else broke first. */
bool strike_happened(struct flight *flight,
                     const struct attempt_result *result, bool *delivered);

/* It ends: nothing of its fault is left. */
void strike_over(struct worker *worker, struct flight *flight,
                 const struct attempt_result *result, struct instant now);

/* The operation has its verdict: its late copies get their time. */
void strike_finished(struct worker *worker, struct operation *operation,
                     struct instant now);

/* Does what is due. */
void strikes_turn(struct worker *worker, struct instant now);

/* When something is due next. */
struct instant strikes_next(const struct worker *worker, struct instant now);

/* The run is over: copies that were tried end, others are forgotten. */
void strikes_abandon(struct worker *worker, struct instant now);

/* Where the answer of a copy is looked into; NULL: nowhere. */
struct answers_seen *copy_seen(const struct flight *flight);

/* The wire of a copy is there; it is sent; it has ended. */
void copy_begin(struct worker *worker, struct flight *flight,
                struct instant now);
void copy_sent(struct worker *worker, struct flight *flight);
void copy_done(struct worker *worker, struct flight *flight,
               const struct attempt_result *result, struct instant now);

#endif
