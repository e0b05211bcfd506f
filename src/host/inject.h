/*
 * inject: what the client-side faults do to the attempts of a worker.
 *
 * One fault at most is drawn for an attempt (faults/fault.h says which). What
 * it asks of the engine goes with the attempt's order. What it does at a time
 * of its own is the attempt's one timer here: a delayed attempt asks for its
 * transfer, an answer is thrown away. An attempt that its fault ends goes to
 * the list of the ended.
 *
 * Instants are those of the run clock, but where it says otherwise.
 */
#ifndef SQUALL_HOST_INJECT_H
#define SQUALL_HOST_INJECT_H

#include "host/duplicate.h"
#include "host/ended.h"
#include "host/run_clock.h"
#include "policy/latency_estimate.h"

struct injector {
    const struct plan *plan;
    const struct run_clock *clock;
    struct engine *engine;
    struct ended_list *ended;
    struct duplicates *duplicates;
    struct fault_drawer drawer;
    struct heap timers;      /* of attempts */
    struct attempt **losing; /* to be given up once delivered */
    size_t losing_count;
    struct latency_estimate latency; /* of answers that nothing cut short */
};

struct inject_options {
    const struct plan *plan;
    uint64_t worker; /* whose: faults are drawn by it */
    const struct run_clock *clock;
    struct engine *engine;
    struct ended_list *ended;
    struct duplicates *duplicates;
    size_t operations; /* at once, at most */
};

/* Borrows all. Makes room for duplicates where a fault makes some. */
void inject_init(struct injector *injector, struct arena *arena,
                 const struct inject_options *options);

/* An attempt is to be sent: draws its fault. True when its request is lost, so
 * that it asks for no transfer. */
bool inject_asked(struct injector *injector, struct attempt *attempt,
                  struct instant now);

/* It has a transfer. True when its fault delays what it sends: inject_due
 * gives it back in time. */
bool inject_delays(struct injector *injector, struct attempt *attempt,
                   struct instant now);

/* What its fault asks of the engine; all of an order but its message. */
void inject_order(const struct attempt *attempt, struct transfer_order *order);

/* The engine has its request. Called before it is sent. */
void inject_begun(struct injector *injector, struct attempt *attempt,
                  struct instant now);

/* Its request goes out. Must not call the engine. */
void inject_sent(struct injector *injector, struct attempt *attempt);

/* Whether its fault keeps the answer, which is there, from the caller. */
bool inject_withholds(const struct attempt *attempt);

/* The engine has ended it: true when its fault keeps the caller from hearing
 * so. */
bool inject_keeps_answer(struct injector *injector, struct attempt *attempt,
                         struct instant now);

/* Whether the fault that was drawn for an attempt that ends so really did
 * something: an answer can only be lost where a request went out and nothing
 * else broke first. `delivered`: the service had it all. */
bool inject_happened(const struct injector *injector,
                     const struct attempt *attempt,
                     const struct attempt_result *result, bool *delivered);

/* It ends: nothing of its fault is left. */
void inject_over(struct injector *injector, struct attempt *attempt,
                 const struct attempt_result *result, struct instant now);

/* The operation has its verdict: its late duplicates get their time. */
void inject_finished(struct injector *injector, struct operation *operation,
                     struct instant now);

/* Does what was due by then. Returns the next attempt whose time has come, to
 * begin where it has a transfer and else to ask for one; or NULL: all is
 * done. */
struct attempt *inject_due(struct injector *injector, struct instant by);

/* When something is due next. */
struct instant inject_next(const struct injector *injector,
                           struct instant now);

#endif
