#include "host/inject.h"

#include "base/must.h"

/* Duplicates of one worker that may wait for their time at once: one more is
 * not made, and not counted as injected. */
enum { DUPLICATES_MAX = 1 << 16 };

#define LOSING_POLL duration_us(100)

/* A share of the median says nothing before there is one: until then, answers
 * are waited for. */
static const struct latency_config median = {
    .quantile = 0.5,
    .window = {30 * NS_PER_S},
    .refresh = {100 * NS_PER_MS},
    .min_samples = 5,
};

static struct attempt *attempt_of(struct heap_node *node)
{
    return (struct attempt *)(void *)((char *)node -
                                      offsetof(struct attempt, timer));
}

static bool has_fault(const struct attempt *attempt, enum fault_kind kind)
{
    return attempt->fault && attempt->fault->kind == kind;
}

void inject_init(struct injector *injector, struct arena *arena,
                 const struct inject_options *options)
{
    const struct plan *plan = options->plan;
    size_t attempts = options->operations * CALL_IN_FLIGHT_MAX;
    size_t duplicates = plan_has_fault(plan, FAULT_DUPLICATE) ||
                                plan_has_fault(plan, FAULT_LATE_DUPLICATE)
                            ? DUPLICATES_MAX
                            : 0;

    *injector = (struct injector){
        .plan = plan,
        .clock = options->clock,
        .engine = options->engine,
        .ended = options->ended,
        .duplicates = options->duplicates,
        .losing = arena_array(arena, options->engine->shape.transfers,
                              sizeof(*injector->losing)),
    };
    duplicates_init(injector->duplicates, arena, duplicates,
                    options->operations);
    fault_drawer_init(&injector->drawer, plan->faults, plan->fault_count,
                      plan->seed, options->worker);
    heap_init(&injector->timers, arena, attempts + duplicates);
    latency_estimate_init(&injector->latency);
}

bool inject_asked(struct injector *injector, struct attempt *attempt,
                  struct instant now)
{
    const struct fault_config *fault =
        fault_draw(&injector->drawer, instant_since(now, (struct instant){0}),
                   attempt->scope.request);

    attempt->fault = fault;
    if (!fault) {
        return false;
    }
    if (fault->kind == FAULT_LOST_REQUEST) {
        if (fault->as == FAULT_AS_RESET) {
            ended_put(injector->ended, attempt, OUTCOME_RESET);
        }
        return true; /* as a timeout: the call will cancel it */
    }
    if (fault->kind == FAULT_DELAY) {
        attempt->is_held = true;
        attempt->delay = fault_draw_span(&injector->drawer, fault,
                                         &fault->delay, DURATION_ZERO);
    }
    return false;
}

bool inject_delays(struct injector *injector, struct attempt *attempt,
                   struct instant now)
{
    if (attempt->is_held) {
        heap_set(&injector->timers, &attempt->timer,
                 instant_add(now, attempt->delay));
    }
    return attempt->is_held;
}

void inject_order(const struct attempt *attempt, struct transfer_order *order)
{
    *order = (struct transfer_order){
        .tears = has_fault(attempt, FAULT_TORN_REQUEST),
        .closes = has_fault(attempt, FAULT_TORN_REQUEST) ||
                  /* who lost an answer does not use its connection again */
                  has_fault(attempt, FAULT_LOST_RESPONSE),
        .slow_rate =
            has_fault(attempt, FAULT_SLOW_READ) ? attempt->fault->rate : 0,
    };
}

/* Requests to be given up. */

static void start_losing(struct injector *injector, struct attempt *attempt)
{
    must(!attempt->is_losing);
    attempt->is_losing = true;
    injector->losing[injector->losing_count++] = attempt;
}

static void stop_losing(struct injector *injector, struct attempt *attempt)
{
    for (size_t i = 0; attempt->is_losing && i < injector->losing_count; i++) {
        if (injector->losing[i] == attempt) {
            injector->losing[i] = injector->losing[--injector->losing_count];
            attempt->is_losing = false;
        }
    }
    must(!attempt->is_losing);
}

/* The request is given up: a reset is seen at once, a timeout when the
 * caller's patience ends. */
static void lose(struct injector *injector, struct attempt *attempt)
{
    struct transfer *transfer = attempt->transfer;

    stop_losing(injector, attempt);
    attempt->answer_lost = true;
    engine_stop(injector->engine, transfer,
                transfer->facts.is_torn ? STOP_WITH_RESET : STOP_QUIETLY);
    if (attempt->fault->as == FAULT_AS_RESET) {
        ended_put(injector->ended, attempt, OUTCOME_RESET);
    }
}

static bool is_delivered(const struct injector *injector,
                         const struct attempt *attempt)
{
    return injector->engine->type->is_delivered(injector->engine,
                                                attempt->transfer);
}

static void lose_delivered(struct injector *injector)
{
    for (size_t i = 0; i < injector->losing_count;) {
        struct attempt *attempt = injector->losing[i];
        if (attempt->is_ended || !is_delivered(injector, attempt)) {
            i++;
            continue;
        }
        /* Takes it out of the list: the next one is at i. */
        lose(injector, attempt);
    }
}

/* Duplicates. */

static void make_duplicate(struct injector *injector, struct attempt *attempt)
{
    const struct fault_config *fault = attempt->fault;
    struct duplicate *duplicate =
        duplicate_take(injector->duplicates, attempt);

    attempt->duplicate = duplicate;
    if (duplicate && fault->kind == FAULT_LATE_DUPLICATE) {
        duplicate->delay = fault_draw_span(&injector->drawer, fault,
                                           &fault->delay, DURATION_ZERO);
    }
}

static void set_off(struct injector *injector, struct duplicate *duplicate,
                    struct instant at)
{
    injector->duplicates->out++;
    duplicate->is_out = true;
    heap_set(&injector->timers, &duplicate->attempt.timer, at);
}

/* What it duplicates is on its way. */
static void arm_duplicate(struct injector *injector, struct attempt *attempt,
                          struct instant sent)
{
    struct operation *operation = attempt->operation;
    struct duplicate *duplicate = attempt->duplicate;

    attempt->duplicate = NULL;
    attempt->was_duplicated = true;
    operation->progress.duplicates++;
    if (attempt->fault->kind == FAULT_DUPLICATE) {
        set_off(injector, duplicate, sent);
        engine_hurry(injector->engine);
    } else if (call_is_finished(&operation->call)) {
        set_off(injector, duplicate, instant_add(sent, duplicate->delay));
    } else {
        duplicate->next = operation->progress.late;
        operation->progress.late = duplicate;
    }
}

void inject_finished(struct injector *injector, struct operation *operation,
                     struct instant now)
{
    while (operation->progress.late) {
        struct duplicate *duplicate = operation->progress.late;
        operation->progress.late = duplicate->next;
        set_off(injector, duplicate, instant_add(now, duplicate->delay));
    }
}

/* Nobody waits for its answer, but squall does not wait for ever either. */
static void limit_patience(struct injector *injector, struct attempt *attempt,
                           struct instant now)
{
    const struct timeout_config *timeout = &injector->plan->policy.timeout;
    struct duration patience =
        duration_min(timeout->attempt, timeout->operation);

    if (patience.ns < INT64_MAX) {
        heap_set(&injector->timers, &attempt->timer,
                 instant_add(now, patience));
    }
}

/* The life of an attempt. */

void inject_begun(struct injector *injector, struct attempt *attempt,
                  struct instant now)
{
    const struct fault_config *fault = attempt->fault;

    if (attempt->kind == ATTEMPT_DUPLICATE) {
        limit_patience(injector, attempt, now);
        return;
    }
    if (!fault) {
        return;
    }
    switch (fault->kind) {
    case FAULT_LOST_RESPONSE:
        if (fault->as == FAULT_AS_RESET && !fault->is_swept) {
            start_losing(injector, attempt);
        }
        break;
    case FAULT_TORN_REQUEST:
        if (attempt->transfer->facts.is_torn) {
            start_losing(injector, attempt);
        }
        break;
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        /* A duplicate is of what the operation asks for. */
        if (!attempt->hop) {
            make_duplicate(injector, attempt);
        }
        break;
    case FAULT_LOST_REQUEST:
    case FAULT_DELAY:
    case FAULT_SLOW_READ:
        break;
    }
}

/* An answer that is lost at a time of its own. */
static void time_loss(struct injector *injector, struct attempt *attempt,
                      struct instant sent)
{
    const struct fault_config *fault = attempt->fault;
    struct duration whole = DURATION_ZERO;

    if (fault->after.is_share) {
        whole = latency_estimate_quantile(&injector->latency, &median, sent);
        if (whole.ns == INT64_MAX) {
            return;
        }
    }
    attempt->is_timed = true;
    heap_set(&injector->timers, &attempt->timer,
             instant_add(sent, fault_draw_span(&injector->drawer, fault,
                                               &fault->after, whole)));
    engine_hurry(injector->engine);
}

static struct instant sent_at(const struct injector *injector,
                              const struct attempt *attempt)
{
    return run_clock_of(injector->clock, attempt->transfer->facts.sent);
}

void inject_sent(struct injector *injector, struct attempt *attempt)
{
    struct instant sent = sent_at(injector, attempt);

    if (attempt->duplicate) {
        arm_duplicate(injector, attempt, sent);
    }
    if (has_fault(attempt, FAULT_LOST_RESPONSE) && attempt->fault->is_swept) {
        time_loss(injector, attempt, sent);
    }
}

static void note_latency(struct injector *injector,
                         const struct attempt *attempt, struct instant now)
{
    latency_estimate_add(&injector->latency, &median, now,
                         instant_since(now, sent_at(injector, attempt)));
}

bool inject_withholds(const struct attempt *attempt)
{
    const struct transfer_facts *facts = &attempt->transfer->facts;

    return facts->is_answered &&
           (facts->is_torn || has_fault(attempt, FAULT_LOST_RESPONSE));
}

bool inject_keeps_answer(struct injector *injector, struct attempt *attempt,
                         struct instant now)
{
    if (!inject_withholds(attempt)) {
        return false;
    }
    if (!attempt->is_timed && !attempt->transfer->facts.is_torn) {
        note_latency(injector, attempt, now);
    }
    if (attempt->timer.position > 0) {
        /* It came before its time to be lost: nothing is reported till then.
         */
        attempt->answer_lost = true;
    } else {
        lose(injector, attempt);
    }
    return true;
}

bool inject_happened(const struct injector *injector,
                     const struct attempt *attempt,
                     const struct attempt_result *result, bool *delivered)
{
    bool sent = attempt_was_sent(attempt);

    *delivered = false;
    if (!attempt->fault || attempt->kind == ATTEMPT_DUPLICATE) {
        return attempt->fault != NULL;
    }
    switch (attempt->fault->kind) {
    case FAULT_LOST_REQUEST:
    case FAULT_DELAY:
        return true;
    case FAULT_TORN_REQUEST:
        return sent && attempt->transfer->facts.is_torn;
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        return attempt->was_duplicated;
    case FAULT_SLOW_READ:
        return sent && attempt->transfer->facts.was_slowed;
    case FAULT_LOST_RESPONSE:
        break;
    }
    if (!sent) {
        return false;
    }
    /* A caller that waits for an answer that will be lost may give up before
     * it comes; a reset that was to be is none. */
    bool waited = attempt->fault->as == FAULT_AS_TIMEOUT &&
                  result->outcome == OUTCOME_TIMEOUT;
    *delivered = is_delivered(injector, attempt);
    return attempt->answer_lost || waited;
}

void inject_over(struct injector *injector, struct attempt *attempt,
                 const struct attempt_result *result, struct instant now)
{
    if (result->outcome == OUTCOME_OK && attempt->kind != ATTEMPT_DUPLICATE &&
        !has_fault(attempt, FAULT_LOST_RESPONSE)) {
        note_latency(injector, attempt, now);
    }
    heap_remove(&injector->timers, &attempt->timer);
    if (attempt->duplicate) {
        duplicate_free(injector->duplicates, attempt->duplicate);
        attempt->duplicate = NULL;
    }
    stop_losing(injector, attempt);
}

/* What the timer of an attempt was set for. True: it begins, or asks for a
 * transfer. */
static bool turn(struct injector *injector, struct attempt *attempt)
{
    if (attempt->kind == ATTEMPT_DUPLICATE) {
        if (attempt->transfer) {
            ended_put(injector->ended, attempt, OUTCOME_TIMEOUT);
        }
        return !attempt->transfer;
    }
    switch (attempt->fault->kind) {
    case FAULT_DELAY:
        attempt->is_held = false;
        return true;
    case FAULT_LOST_RESPONSE:
        if (attempt->answer_lost) {
            lose(injector, attempt);
        } else {
            start_losing(injector, attempt);
        }
        return false;
    case FAULT_LOST_REQUEST:
    case FAULT_TORN_REQUEST:
    case FAULT_SLOW_READ:
    case FAULT_DUPLICATE:
    case FAULT_LATE_DUPLICATE:
        must_never("a fault without a time has no timer");
    }
    return false;
}

struct attempt *inject_due(struct injector *injector, struct instant by)
{
    struct heap_node *node;

    while ((node = heap_pop_due(&injector->timers, by))) {
        struct attempt *attempt = attempt_of(node);
        if (!attempt->is_ended && turn(injector, attempt)) {
            return attempt;
        }
    }
    lose_delivered(injector);
    return NULL;
}

struct instant inject_next(const struct injector *injector, struct instant now)
{
    struct instant next = heap_next(&injector->timers);
    if (injector->losing_count > 0) {
        next = instant_min(next, instant_add(now, LOSING_POLL));
    }
    return next;
}
