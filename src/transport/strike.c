#include "transport/strike.h"

#include "base/must.h"
#include "transport/wire_fault.h"
#include "transport/worker_inside.h"

#include <string.h>

/* Copies of one worker that may wait for their time at once: one more is not
 * made, and not counted as injected. */
enum { COPIES_MAX = 1 << 16 };

#define LOSING_POLL duration_us(100)

struct copy {
    struct flight flight; /* first; of no operation */
    struct copy *next;    /* free, or late and waiting for the same verdict */
    const struct fault_config *made_by;
    struct copied *copied; /* its operation, or NULL */
    struct duration delay;
    uint16_t request, stage;
    bool warmup;
    struct template_subject subject;
    char key[KEY_MAX];
};

/* A share of the median says nothing before there is one: until then, answers
 * are waited for. */
static const struct latency_config median = {
    .quantile = 0.5,
    .window = {30 * NS_PER_S},
    .refresh = {100 * NS_PER_MS},
    .min_samples = 5,
};

static struct flight *flight_of(struct heap_node *node)
{
    return (struct flight *)(void *)((char *)node -
                                     offsetof(struct flight, strike));
}

static bool has_copies(const struct plan *plan)
{
    return plan_has_fault(plan, FAULT_DUPLICATE) ||
           plan_has_fault(plan, FAULT_LATE_DUPLICATE);
}

void strikes_init(struct worker *worker, size_t operations)
{
    struct strikes *strikes = &worker->strikes;
    size_t flights = operations * CALL_IN_FLIGHT_MAX;

    strikes->copy_max = has_copies(worker->plan) ? COPIES_MAX : 0;
    strikes->copies = arena_array(&worker->arena, strikes->copy_max,
                                  sizeof(*strikes->copies));
    copied_init(&strikes->copied, &worker->arena,
                strikes->copy_max ? strikes->copy_max + operations : 0);
    strikes->losing =
        arena_array(&worker->arena, worker->loop.shape.transfers,
                    sizeof(struct wire *));
    heap_init(&strikes->timers, &worker->arena, flights + strikes->copy_max);
    latency_init(&strikes->latency);
}

/* Copies. */

static struct copy *take_copy(struct strikes *strikes)
{
    struct copy *copy = strikes->free;
    if (copy) {
        strikes->free = copy->next;
    } else if (strikes->copy_high < strikes->copy_max) {
        copy = &strikes->copies[strikes->copy_high++];
    }
    return copy;
}

static void free_copy(struct strikes *strikes, struct copy *copy)
{
    copy->flight.attempt = 0;
    copy->next = strikes->free;
    strikes->free = copy;
}

static void make_copy(struct worker *worker, struct flight *flight,
                      const struct template_subject *subject)
{
    const struct operation *operation = flight->operation;
    struct copy *copy = take_copy(&worker->strikes);
    if (!copy) {
        return;
    }
    flight->copy = copy;
    memset(copy, 0, offsetof(struct copy, key));
    copy->flight.pool = flight->pool;
    copy->flight.attempt = flight->attempt;
    copy->flight.kind = ATTEMPT_DUPLICATE;
    copy->made_by = flight->fault;
    copy->request = operation->request;
    copy->stage = operation->stage;
    copy->warmup = operation->warmup;
    copy->subject = *subject;
    memcpy(copy->key, operation->key, operation->key_length + 1);
    copy->subject.key = copy->key;
    if (flight->fault->kind == FAULT_LATE_DUPLICATE) {
        copy->delay = fault_draw_span(&worker->faults, flight->fault,
                                      &flight->fault->delay, DURATION_ZERO);
    }
}

static void set_off(struct worker *worker, struct copy *copy,
                    struct instant at)
{
    worker->strikes.copies_out++;
    heap_set(&worker->strikes.timers, &copy->flight.strike, at);
}

/* What it copies is on its way. */
static void arm_copy(struct worker *worker, struct flight *flight,
                     struct instant sent)
{
    struct operation *operation = flight->operation;
    struct copy *copy = flight->copy;

    flight->copy = NULL;
    flight->was_copied = true;
    operation->copies++;
    copy->copied = copied_add(worker, operation);
    if (copy->made_by->kind == FAULT_DUPLICATE) {
        set_off(worker, copy, sent);
        loop_hurry(&worker->loop);
    } else if (call_is_finished(&operation->call)) {
        set_off(worker, copy, instant_add(sent, copy->delay));
    } else {
        copy->next = operation->late;
        operation->late = copy;
    }
}

void strike_finished(struct worker *worker, struct operation *operation,
                     struct instant now)
{
    while (operation->late) {
        struct copy *copy = operation->late;
        operation->late = copy->next;
        set_off(worker, copy, instant_add(now, copy->delay));
    }
}

struct answers_seen *copy_seen(const struct flight *flight)
{
    struct copied *copied = ((const struct copy *)flight)->copied;
    return copied ? &copied->seen : NULL;
}

/* Nobody waits for its answer, but squall does not wait for ever either. */
void copy_begin(struct worker *worker, struct flight *flight,
                struct instant now)
{
    struct copy *copy = (struct copy *)flight;
    const struct timeout_config *timeout = &worker->plan->policy.timeout;
    struct wire *wire = wire_take(flight->pool);
    must(wire);

    flight->wire = wire;
    flight->outcome = OUTCOME_TIMEOUT;
    wire->owner = flight;
    wire->attempt = flight->attempt;
    wire->kind = flight->kind;
    wire->queue = instant_since(now, flight->asked);
    struct duration patience =
        duration_min(timeout->attempt, timeout->operation);
    if (!wire_send(wire, copy->request, NULL, &copy->subject)) {
        flight->outcome = OUTCOME_NO_SOCKET;
        patience = DURATION_ZERO;
    }
    if (patience.ns < INT64_MAX) {
        heap_set(&worker->strikes.timers, &flight->strike,
                 instant_add(now, patience));
    }
}

static struct fact copy_fact(const struct copy *copy, enum fact_kind kind,
                             struct instant at)
{
    return (struct fact){
        .kind = kind,
        .warmup = copy->warmup,
        .request = copy->request,
        .stage = copy->stage,
        .at = at,
    };
}

void copy_sent(struct worker *worker, struct flight *flight)
{
    struct fact fact = copy_fact((struct copy *)flight, FACT_SENT,
                                 to_run_clock(worker, flight->wire->sent));
    fact.sent.kind = ATTEMPT_DUPLICATE;
    tally_take(&worker->tally, &fact);
    worker->on_wire++;
}

void copy_done(struct worker *worker, struct flight *flight,
               const struct attempt_result *result, struct instant now)
{
    struct copy *copy = (struct copy *)flight;
    struct fact fault = copy_fact(copy, FACT_FAULT, now);
    struct fact fact = copy_fact(copy, FACT_DONE, now);

    fault.fault.fault = (uint8_t)copy->made_by->kind;
    tally_take(&worker->tally, &fault);
    flight_fill_done(worker, flight, result, now, &fact);
    fact.done.wasted = true;
    tally_take(&worker->tally, &fact);
    if (copy->copied) {
        struct event_key key = {copy->key, copy->subject.key_length};
        evidence_copy(worker, flight, copy->copied, &fact, &key);
    }

    worker->attempts++;
    heap_remove(&worker->strikes.timers, &flight->strike);
    worker->strikes.copies_out--;
    flight_leave(worker, flight, now);
    copied_end(worker, copy->copied);
    free_copy(&worker->strikes, copy);
}

static void turn_copy(struct worker *worker, struct flight *flight,
                      struct instant now)
{
    if (flight->wire) {
        struct attempt_result result =
            flight_unanswered(flight, flight->outcome);
        copy_done(worker, flight, &result, now);
        return;
    }
    flight->asked = now;
    flight_ask(worker, flight, now);
}

void strikes_abandon(struct worker *worker, struct instant now)
{
    struct strikes *strikes = &worker->strikes;

    for (size_t i = 0; i < strikes->copy_high; i++) {
        struct flight *flight = &strikes->copies[i].flight;
        if (flight->attempt == 0) {
            continue;
        }
        heap_remove(&strikes->timers, &flight->strike);
        if (flight->wire) {
            struct attempt_result result =
                flight_unanswered(flight, OUTCOME_CANCELLED);
            copy_done(worker, flight, &result, now);
        } else {
            gate_abandon(&flight->pool->gate, &flight->waiter);
            strikes->copies_out--;
            copied_end(worker, strikes->copies[i].copied);
            free_copy(strikes, &strikes->copies[i]);
        }
    }
}

/* Flights. */

bool strike_keeps(struct worker *worker, struct flight *flight,
                  struct instant now)
{
    const struct fault_config *fault = flight->fault;

    flight->is_held = false;
    flight->was_copied = false;
    flight->copy = NULL;
    if (!fault) {
        return false;
    }
    if (fault->kind == FAULT_LOST_REQUEST) {
        if (fault->as == FAULT_AS_RESET) {
            flight_put_ended(worker, flight, OUTCOME_RESET);
        }
        return true; /* as a timeout: the call will cancel it */
    }
    if (fault->kind == FAULT_DELAY) {
        struct duration delay = fault_draw_span(
            &worker->faults, fault, &fault->delay, DURATION_ZERO);
        flight->is_held = true;
        heap_set(&worker->strikes.timers, &flight->strike,
                 instant_add(now, delay));
        return true;
    }
    return false;
}

static void start_losing(struct worker *worker, struct wire *wire)
{
    must(!wire->is_losing);
    wire->is_losing = true;
    worker->strikes.losing[worker->strikes.losing_count++] = wire;
}

static void stop_losing(struct worker *worker, struct wire *wire)
{
    struct strikes *strikes = &worker->strikes;
    for (size_t i = 0; wire->is_losing && i < strikes->losing_count; i++) {
        if (strikes->losing[i] == wire) {
            strikes->losing[i] = strikes->losing[--strikes->losing_count];
            wire->is_losing = false;
        }
    }
    must(!wire->is_losing);
}

void strike_begun(struct worker *worker, struct flight *flight,
                  const struct template_subject *subject)
{
    const struct fault_config *fault = flight->fault;
    if (!fault) {
        return;
    }
    switch (fault->kind) {
    case FAULT_LOST_RESPONSE:
        if (fault->as == FAULT_AS_RESET && !fault->is_swept) {
            start_losing(worker, flight->wire);
        }
        break;
    case FAULT_TORN_REQUEST:
        if (flight->wire->is_torn) {
            start_losing(worker, flight->wire);
        }
        break;
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        make_copy(worker, flight, subject);
        break;
    case FAULT_LOST_REQUEST:
    case FAULT_DELAY:
    case FAULT_SLOW_READ:
        break;
    }
}

void strike_sent(struct worker *worker, struct flight *flight)
{
    const struct fault_config *fault = flight->fault;
    struct instant sent = to_run_clock(worker, flight->wire->sent);

    if (flight->copy) {
        arm_copy(worker, flight, sent);
    }
    if (!fault || fault->kind != FAULT_LOST_RESPONSE || !fault->is_swept) {
        return;
    }
    struct duration whole = DURATION_ZERO;
    if (fault->after.is_share) {
        whole = latency_quantile(&worker->strikes.latency, &median, sent);
        if (whole.ns == INT64_MAX) {
            return;
        }
    }
    flight->is_timed = true;
    heap_set(&worker->strikes.timers, &flight->strike,
             instant_add(sent, fault_draw_span(&worker->faults, fault,
                                               &fault->after, whole)));
    loop_hurry(&worker->loop);
}

/* The request is given up: a reset is seen at once, a timeout when the
 * caller's patience ends. */
static void lose(struct worker *worker, struct flight *flight,
                 struct instant now)
{
    struct wire *wire = flight->wire;

    stop_losing(worker, wire);
    wire->answer_lost = true;
    if (wire->is_torn) {
        wire_fault_tear(wire);
    } else {
        wire_stop(wire);
    }
    if (flight->fault->as == FAULT_AS_RESET) {
        struct attempt_result result =
            flight_unanswered(flight, OUTCOME_RESET);
        flight_answer(worker, flight, &result, now);
        flights_settle(worker, now);
    }
}

bool strike_keeps_answer(struct worker *worker, struct flight *flight,
                         struct instant now)
{
    struct wire *wire = flight->wire;
    bool loses = flight->fault && (wire->is_torn || flight->fault->kind ==
                                                        FAULT_LOST_RESPONSE);
    if (!loses || !wire->answered) {
        return false;
    }
    if (!flight->is_timed && !wire->is_torn) {
        latency_add(&worker->strikes.latency, &median, now,
                    instant_since(now, to_run_clock(worker, wire->sent)));
    }
    if (flight->strike.position > 0) {
        /* It came before its time to be lost: nobody hears of it till then. */
        wire->answer_lost = true;
        wire_stop(wire);
    } else {
        lose(worker, flight, now);
    }
    return true;
}

static void turn_flight(struct worker *worker, struct flight *flight,
                        struct instant now)
{
    switch (flight->fault->kind) {
    case FAULT_DELAY:
        flight->is_held = false;
        flight->asked = now;
        flight_ask(worker, flight, now);
        break;
    case FAULT_LOST_RESPONSE:
        if (flight->wire->answer_lost) {
            lose(worker, flight, now);
        } else {
            start_losing(worker, flight->wire);
        }
        break;
    case FAULT_SLOW_READ:
        wire_fault_read_on(flight->wire);
        break;
    case FAULT_LOST_REQUEST:
    case FAULT_TORN_REQUEST:
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        must_never("a fault without a time has no timer");
        break;
    }
}

static void lose_delivered(struct worker *worker, struct instant now)
{
    struct strikes *strikes = &worker->strikes;

    for (size_t i = 0; i < strikes->losing_count;) {
        struct wire *wire = strikes->losing[i];
        struct flight *flight = wire->owner;
        if (flight->is_ended || !wire_is_delivered(wire)) {
            i++;
            continue;
        }
        /* Takes the wire out of the list: the next one is at i. */
        lose(worker, flight, now);
    }
}

void strikes_turn(struct worker *worker, struct instant now)
{
    struct heap_node *node;

    while ((node = heap_pop_due(&worker->strikes.timers, now))) {
        struct flight *flight = flight_of(node);
        if (flight->kind == ATTEMPT_DUPLICATE) {
            turn_copy(worker, flight, now);
        } else if (!flight->is_ended) {
            turn_flight(worker, flight, now);
        }
    }
    lose_delivered(worker, now);
}

struct instant strikes_next(const struct worker *worker, struct instant now)
{
    struct instant next = heap_next(&worker->strikes.timers);
    if (worker->strikes.losing_count > 0) {
        next = instant_min(next, instant_add(now, LOSING_POLL));
    }
    return next;
}

bool strike_happened(struct flight *flight,
                     const struct attempt_result *result, bool *delivered)
{
    struct wire *wire = flight->wire;

    *delivered = false;
    if (!flight->fault) {
        return false;
    }
    bool sent = wire && wire_was_sent(wire);
    switch (flight->fault->kind) {
    case FAULT_LOST_REQUEST:
    case FAULT_DELAY:
        return true;
    case FAULT_TORN_REQUEST:
        return sent && wire->is_torn;
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        return flight->was_copied;
    case FAULT_SLOW_READ:
        return sent && wire->was_slowed;
    case FAULT_LOST_RESPONSE:
        break;
    }
    if (!sent) {
        return false;
    }
    /* A caller that waits for an answer that will be lost may give up before
     * it comes; a reset that was to be is none. */
    bool waited = flight->fault->as == FAULT_AS_TIMEOUT &&
                  result->outcome == OUTCOME_TIMEOUT;
    *delivered = wire->answer_lost || wire_is_delivered(wire);
    return wire->answer_lost || waited;
}

void strike_over(struct worker *worker, struct flight *flight,
                 const struct attempt_result *result, struct instant now)
{
    if (!flight->fault || flight->fault->kind != FAULT_LOST_RESPONSE) {
        if (result->outcome == OUTCOME_OK) {
            latency_add(
                &worker->strikes.latency, &median, now,
                instant_since(now, to_run_clock(worker, flight->wire->sent)));
        }
    }
    heap_remove(&worker->strikes.timers, &flight->strike);
    flight->is_timed = false;
    if (flight->copy) {
        free_copy(&worker->strikes, flight->copy);
        flight->copy = NULL;
    }
    if (flight->wire) {
        stop_losing(worker, flight->wire);
    }
}
