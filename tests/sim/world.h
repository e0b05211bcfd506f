/*
 * world: a fleet of clients and one service in virtual time.
 *
 * The host of many calls: it keeps exactly the contract of policy/call.h and
 * checks the call's part of it, decides nothing, and counts. What happens next
 * is on one heap; equal times happen in the order in which they were set, so
 * that a seed repeats a world.
 *
 * Clients call by themselves (world_offer), or as a test says (world_call).
 * Open clients start calls whatever becomes of the last one; a serial one
 * starts its next when it is due and the last is over.
 *
 * An attempt reaches the service after its way there, the service says what
 * becomes of it and when (world.serve, or the model of struct model), and
 * the answer takes its way back. What is cancelled on its way never arrives;
 * what has arrived is done, whoever still wants to hear of it.
 *
 * With a text in world.trace, everything that a call is told and says goes
 * there. Include after cmocka.
 */
#ifndef SQUALL_TESTS_SIM_WORLD_H
#define SQUALL_TESTS_SIM_WORLD_H

#include "base/heap.h"
#include "base/must.h"
#include "policy/call.h"

#include <stdlib.h>

#include "golden.h"
#include "model.h"

enum { WORLD_CALLS_MAX = 32768, WORLD_NEWS_MAX = 256 };

/* How each client calls. */
struct offer {
    double rate_per_s; /* of each client */
    bool is_poisson;   /* else constant, clients spread over the first gap */
    bool is_serial;
    bool at_once;      /* the first calls of all come now */
    struct duration length;
};

struct world_counts {
    uint64_t calls, attempts;
    uint64_t kinds[ATTEMPT_KIND_COUNT];
    uint64_t arrived, done; /* at the service */
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t reasons[FINISH_REASON_COUNT];
    uint64_t refusals[LAYER_COUNT]; /* by the client's own layers */
    uint64_t hedges_won;
};

enum happening_kind { HAPPENS_TURN, HAPPENS_START, HAPPENS_TIMER,
                      HAPPENS_ARRIVAL, HAPPENS_ANSWER };

struct caller;
struct slot;

struct happening {
    struct heap_node node; /* first: the heap hands it back */
    enum happening_kind kind;
    struct caller *caller; /* TURN */
    struct slot *slot;     /* all others */
    unsigned attempt;      /* ARRIVAL, ANSWER; 0: nothing is in flight here */
    bool is_cancelled;     /* its ATTEMPT_DONE is among the news */
    struct answer answer;
};

/* A client and how it calls. */
struct caller {
    struct client client;
    struct rng arrivals;
    struct happening turn;
    struct instant due; /* serial: its next turn, if it is free then */
};

struct slot {
    struct call call;
    struct call_env env;
    struct caller *caller;
    unsigned number; /* of the call, from 1 */
    bool calls_again;
    struct happening timer;
    struct happening flights[CALL_IN_FLIGHT_MAX];
    struct slot *next_free;
};

/* What a call is still to be told at this instant. */
struct news {
    struct slot *slot;
    unsigned number;
    struct call_event event;
};

struct world {
    const struct policy *policy;
    uint64_t seed;
    struct model model;
    struct answer (*serve)(struct world *world, const struct slot *slot,
                           unsigned attempt);
    const void *script; /* for serve */
    struct instant now;
    struct world_counts counts;
    int64_t *latencies_ns; /* of calls that were acked, from the intent */
    size_t latency_count, latency_room;
    struct str *trace;
    uint64_t breaker_table[3][3]; /* changes from, to */
    struct offer offer;
    struct duration gap;
    struct instant until;
    /* the machinery */
    struct arena arena;
    struct heap heap;
    struct caller *callers;
    size_t caller_count;
    struct slot *slots, *free_slots;
    size_t slots_used;
    size_t news_first, news_count;
    struct news news[WORLD_NEWS_MAX];
};

/* -- what a reader sees -- */

static inline void world_note(struct world *world, const struct slot *slot,
                              const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline void world_note(struct world *world, const struct slot *slot,
                              const char *format, ...)
{
    if (!world->trace) {
        return;
    }
    str_append(world->trace, "t=");
    golden_print_ms(world->trace, world->now.ns);
    if (slot) {
        str_printf(world->trace, " call %u:", slot->number);
    }
    str_append_char(world->trace, ' ');
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(world->trace, format, arguments);
    va_end(arguments);
    str_append_char(world->trace, '\n');
}

static inline void world_note_event(struct world *world,
                                    const struct slot *slot,
                                    const struct call_event *event)
{
    if (!world->trace) {
        return;
    }
    struct str status = STR_INIT;
    switch (event->kind) {
    case EVENT_STARTED:
        world_note(world, slot, slot->env.traits.tier == 1 ? "start"
                                                           : "start, tier %u",
                   slot->env.traits.tier);
        break;
    case EVENT_ATTEMPT_DONE:
        if (event->result.status) {
            str_printf(&status, " %u", (unsigned)event->result.status);
        }
        world_note(world, slot, "%s#%u%s%s",
                   outcome_name(event->result.outcome), event->attempt,
                   status.text, event->result.sent ? "" : " not sent");
        break;
    case EVENT_WOKE:
        if (slot->call.is_granted) {
            world_note(world, slot, "has its place");
        }
        break;
    case EVENT_ABANDONED:
        world_note(world, slot, "abandon");
        break;
    }
    str_release(&status);
}

static inline void world_note_action(struct world *world,
                                     const struct slot *slot,
                                     const struct action *action)
{
    if (!world->trace) {
        return;
    }
    struct str at = STR_INIT;
    switch (action->kind) {
    case ACTION_SEND:
        world_note(world, slot, "send#%u%s", action->attempt,
                   action->attempt_kind == ATTEMPT_HEDGE ? ", a hedge" : "");
        break;
    case ACTION_CANCEL:
        world_note(world, slot, "cancel#%u %s", action->attempt,
                   outcome_name(action->outcome));
        break;
    case ACTION_WAKE_AT:
        if (action->at.ns == INSTANT_NEVER.ns) {
            world_note(world, slot, "stop the timer");
            break;
        }
        golden_print_ms(&at, action->at.ns);
        world_note(world, slot, "wake_at %s", at.text);
        break;
    case ACTION_FINISH:
        world_note(world, slot, "finish %s, %s",
                   verdict_name(action->verdict),
                   finish_reason_name(action->reason));
        break;
    }
    str_release(&at);
}

/* -- the service -- */

/* An attempt has arrived. */
static inline void world_arrive(struct world *world, struct happening *flight)
{
    struct slot *slot = flight->slot;
    flight->answer = world->serve
                         ? world->serve(world, slot, flight->attempt)
                         : model_answer(&world->model, world->now);
    flight->kind = HAPPENS_ANSWER;
    world->counts.arrived += !flight->answer.unsent;
    world->counts.done += flight->answer.outcome == OUTCOME_OK;
    if (!flight->answer.never) {
        heap_set(&world->heap, &flight->node,
                 instant_add(world->now,
                             duration_add(flight->answer.after,
                                          model_way(&world->model))));
    }
}

/* -- calls -- */

static inline void world_tell(struct world *world, struct slot *slot,
                              const struct call_event *event)
{
    must(world->news_count < WORLD_NEWS_MAX);
    size_t at = (world->news_first + world->news_count++) % WORLD_NEWS_MAX;
    world->news[at] = (struct news){slot, slot->number, *event};
}

static inline struct happening *world_flight(struct slot *slot,
                                             unsigned attempt)
{
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        if (slot->flights[i].attempt == attempt) {
            return &slot->flights[i];
        }
    }
    must_never("a call speaks of an attempt that is not in flight");
    return NULL;
}

static inline void world_send(struct world *world, struct slot *slot,
                              const struct action *action)
{
    struct happening *flight = world_flight(slot, 0);
    *flight = (struct happening){.kind = HAPPENS_ARRIVAL, .slot = slot,
                                 .attempt = action->attempt};
    world->counts.attempts++;
    world->counts.kinds[action->attempt_kind]++;
    assert_int_equal(action->attempt, slot->call.attempts);
    if (world->model.way.ns > 0) {
        heap_set(&world->heap, &flight->node,
                 instant_add(world->now, model_way(&world->model)));
    } else {
        world_arrive(world, flight);
    }
}

static inline void world_cancel(struct world *world, struct slot *slot,
                                const struct action *action, bool finishes)
{
    struct happening *flight = world_flight(slot, action->attempt);
    assert_false(flight->is_cancelled);
    heap_remove(&world->heap, &flight->node);
    if (finishes) {
        flight->attempt = 0; /* dropped, and not answered */
        return;
    }
    flight->is_cancelled = true;
    world_tell(world, slot, &(struct call_event){
        .kind = EVENT_ATTEMPT_DONE,
        .attempt = action->attempt,
        .result = {.outcome = action->outcome,
                   .sent = !flight->answer.unsent},
    });
}

static inline void world_keep_latency(struct world *world, struct duration d)
{
    if (world->latency_count == world->latency_room) {
        world->latency_room = world->latency_room ? 2 * world->latency_room
                                                  : 1024;
        world->latencies_ns =
            realloc(world->latencies_ns,
                    world->latency_room * sizeof(*world->latencies_ns));
        assert_non_null(world->latencies_ns);
    }
    world->latencies_ns[world->latency_count++] = d.ns;
}

static inline void world_finish(struct world *world, struct slot *slot,
                                const struct action *action)
{
    struct world_counts *counts = &world->counts;
    const struct call *call = &slot->call;

    counts->verdicts[action->verdict]++;
    counts->reasons[action->reason]++;
    counts->hedges_won += call->won_by_hedge;
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        counts->refusals[i] += call->refusals[i];
    }
    if (action->verdict == VERDICT_ACKED) {
        world_keep_latency(world, instant_since(world->now, call->intended));
    }
    if (slot->calls_again) {
        struct caller *caller = slot->caller;
        struct instant at = instant_max(world->now, caller->due);
        if (instant_before(at, world->until)) {
            heap_set(&world->heap, &caller->turn.node, at);
        }
    }
}

static inline void world_note_changes(struct world *world,
                                      struct client *client)
{
    for (size_t i = 0; i < client->change_count; i++) {
        const struct breaker_change *change = &client->changes[i];
        world->breaker_table[change->from][change->to]++;
        assert_int_equal(change->at.ns, world->now.ns);
        world_note(world, NULL, "breaker %s -> %s",
                   breaker_state_name(change->from),
                   breaker_state_name(change->to));
    }
    client->change_count = 0;
}

/* What the client kept back in a step, and the call goes on all the same. */
static inline void world_note_refusals(struct world *world,
                                       const struct slot *slot,
                                       const uint16_t refusals[LAYER_COUNT],
                                       unsigned hedges_denied)
{
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        if (slot->call.refusals[i] != refusals[i]) {
            world_note(world, slot, "refused by %s",
                       layer_name((enum layer)i));
        }
    }
    if (slot->call.hedges_denied != hedges_denied) {
        world_note(world, slot, "no budget for a hedge");
    }
}

static inline void world_let_go(struct world *world, struct slot *slot)
{
    heap_remove(&world->heap, &slot->timer.node);
    slot->number = 0;
    slot->next_free = world->free_slots;
    world->free_slots = slot;
}

static inline void world_step(struct world *world, struct slot *slot,
                              const struct call_event *event)
{
    struct client *client = &slot->caller->client;
    struct actions actions;
    size_t in_flight = 0;
    uint16_t refusals[LAYER_COUNT];
    unsigned hedges_denied = slot->call.hedges_denied;

    memcpy(refusals, slot->call.refusals, sizeof(refusals));
    world_note_event(world, slot, event);
    call_step(&slot->call, world->now, event, &slot->env, &actions);
    world_note_changes(world, client);
    world_note_refusals(world, slot, refusals, hedges_denied);
    bool finishes = actions.count > 0 && actions.list[actions.count - 1].kind
                                             == ACTION_FINISH;
    for (size_t i = 0; i < actions.count; i++) {
        const struct action *action = &actions.list[i];
        world_note_action(world, slot, action);
        switch (action->kind) {
        case ACTION_SEND:
            world_send(world, slot, action);
            break;
        case ACTION_CANCEL:
            world_cancel(world, slot, action, finishes);
            break;
        case ACTION_WAKE_AT:
            heap_remove(&world->heap, &slot->timer.node);
            if (action->at.ns != INSTANT_NEVER.ns) {
                heap_set(&world->heap, &slot->timer.node, action->at);
            }
            break;
        case ACTION_FINISH:
            world_finish(world, slot, action);
            break;
        }
    }
    for (size_t i = 0; i < CALL_IN_FLIGHT_MAX; i++) {
        in_flight += slot->flights[i].attempt != 0;
    }
    assert_int_equal(in_flight, slot->call.in_flight);
    struct call *ready;
    while ((ready = client_next_ready(client))) {
        world_tell(world, (struct slot *)ready, /* its first member */
                   &(struct call_event){.kind = EVENT_WOKE});
    }
    if (call_is_over(&slot->call)) {
        world_let_go(world, slot);
    }
}

/* Everything that is to be told at this instant, first come, first told. */
static inline void world_tell_all(struct world *world)
{
    while (world->news_count > 0) {
        struct news news = world->news[world->news_first];
        world->news_first = (world->news_first + 1) % WORLD_NEWS_MAX;
        world->news_count--;
        if (news.slot->number != news.number) {
            continue; /* over in the meantime */
        }
        if (news.event.kind == EVENT_ATTEMPT_DONE) {
            world_flight(news.slot, news.event.attempt)->attempt = 0;
        }
        world_step(world, news.slot, &news.event);
    }
}

static inline struct slot *world_slot(struct world *world,
                                      struct caller *caller,
                                      struct instant intended)
{
    struct slot *slot = world->free_slots;
    if (slot) {
        world->free_slots = slot->next_free;
    } else {
        must(world->slots_used < WORLD_CALLS_MAX);
        slot = &world->slots[world->slots_used++];
    }
    slot->caller = caller;
    slot->number = (unsigned)++world->counts.calls;
    slot->calls_again = false;
    slot->timer = (struct happening){.kind = HAPPENS_TIMER, .slot = slot};
    slot->env = (struct call_env){
        .policy = world->policy,
        .client = &caller->client,
        .traits = {.method = METHOD_GET, .tier = 1},
    };
    call_init(&slot->call, world->policy, intended);
    return slot;
}

/* -- what a test does -- */

static inline void world_init(struct world *world, const struct policy *policy,
                              uint64_t seed, size_t clients)
{
    memset(world, 0, sizeof(*world));
    world->policy = policy;
    world->seed = seed;
    heap_init(&world->heap, &world->arena,
              WORLD_CALLS_MAX * (1 + CALL_IN_FLIGHT_MAX) + clients);
    world->model = model_make(seed);
    /* Only what is used is touched. */
    world->slots = calloc(WORLD_CALLS_MAX, sizeof(*world->slots));
    world->callers = calloc(clients, sizeof(*world->callers));
    assert_non_null(world->slots);
    assert_non_null(world->callers);
    world->caller_count = clients;
    for (size_t i = 0; i < clients; i++) {
        struct caller *caller = &world->callers[i];
        client_init(&caller->client, policy, seed, i);
        caller->arrivals = rng_stream(seed, RNG_ARRIVAL, i);
        caller->turn = (struct happening){.kind = HAPPENS_TURN,
                                          .caller = caller};
    }
}

static inline void world_release(struct world *world)
{
    arena_release(&world->arena);
    free(world->slots);
    free(world->callers);
    free(world->latencies_ns);
}

static inline struct duration world_gap(struct world *world,
                                        struct caller *caller)
{
    return world->offer.is_poisson
               ? rng_exponential(&caller->arrivals, world->gap)
               : world->gap;
}

/* From now on, for a while. */
static inline void world_offer(struct world *world, struct offer offer)
{
    world->offer = offer;
    world->gap = duration_from_ns((double)NS_PER_S / offer.rate_per_s);
    world->until = instant_add(world->now, offer.length);
    for (size_t i = 0; i < world->caller_count; i++) {
        struct caller *caller = &world->callers[i];
        struct duration first = DURATION_ZERO;
        if (offer.is_poisson && !offer.at_once) {
            first = world_gap(world, caller);
        } else if (!offer.at_once) {
            first.ns = world->gap.ns / (int64_t)world->caller_count *
                       (int64_t)i;
        }
        heap_set(&world->heap, &caller->turn.node,
                 instant_add(world->now, first));
    }
}

/* One call of one client, at a time that has not passed. */
static inline struct slot *world_call(struct world *world, size_t client,
                                      struct instant at)
{
    must(client < world->caller_count);
    struct slot *slot = world_slot(world, &world->callers[client], at);
    slot->timer.kind = HAPPENS_START;
    heap_set(&world->heap, &slot->timer.node, at);
    return slot;
}

static inline void world_turn(struct world *world, struct caller *caller)
{
    caller->due = instant_add(world->now, world_gap(world, caller));
    if (!world->offer.is_serial && instant_before(caller->due, world->until)) {
        heap_set(&world->heap, &caller->turn.node, caller->due);
    }
    struct slot *slot = world_slot(world, caller, world->now);
    slot->calls_again = world->offer.is_serial;
    world_step(world, slot, &(struct call_event){.kind = EVENT_STARTED});
}

static inline void world_happen(struct world *world,
                                struct happening *happening)
{
    struct slot *slot = happening->slot;
    struct call_event event = {.kind = EVENT_WOKE};

    switch (happening->kind) {
    case HAPPENS_TURN:
        world_turn(world, happening->caller);
        return;
    case HAPPENS_START:
        happening->kind = HAPPENS_TIMER;
        event.kind = EVENT_STARTED;
        break;
    case HAPPENS_TIMER:
        break;
    case HAPPENS_ARRIVAL:
        world_arrive(world, happening);
        return;
    case HAPPENS_ANSWER:
        event.kind = EVENT_ATTEMPT_DONE;
        event.attempt = happening->attempt;
        event.result = (struct attempt_result){
            .outcome = happening->answer.outcome,
            .status = happening->answer.status,
            .sent = !happening->answer.unsent,
        };
        happening->attempt = 0;
        break;
    }
    world_step(world, slot, &event);
}

/* Everything before an instant; INSTANT_NEVER: until nothing is left to
 * happen, and then no call may be left hanging. */
static inline void world_run(struct world *world, struct instant until)
{
    while (instant_before(heap_next(&world->heap), until)) {
        world->now = instant_max(world->now, heap_next(&world->heap));
        struct heap_node *node = heap_pop_due(&world->heap, world->now);
        world_happen(world, (struct happening *)node);
        world_tell_all(world);
    }
    if (until.ns != INSTANT_NEVER.ns) {
        world->now = instant_max(world->now, until);
        return;
    }
    uint64_t ended = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        ended += world->counts.verdicts[i];
    }
    assert_int_equal(ended, world->counts.calls);
    for (size_t i = 0; i < world->slots_used; i++) {
        assert_int_equal(world->slots[i].number, 0);
    }
}

/* -- what came of it -- */

/* The closed table of policy/breaker.h. */
static inline void expect_breaker_table(const struct world *world)
{
    static const bool allowed[3][3] = {
        [BREAKER_CLOSED] = {[BREAKER_OPEN] = true},
        [BREAKER_OPEN] = {[BREAKER_HALF_OPEN] = true},
        [BREAKER_HALF_OPEN] = {[BREAKER_CLOSED] = true,
                               [BREAKER_OPEN] = true},
    };
    for (size_t from = 0; from < 3; from++) {
        for (size_t to = 0; to < 3; to++) {
            assert_true(allowed[from][to] ||
                        world->breaker_table[from][to] == 0);
        }
    }
}

static inline double world_load(const struct world *world)
{
    return (double)world->counts.attempts / (double)world->counts.calls;
}

static inline double world_success(const struct world *world)
{
    return (double)world->counts.verdicts[VERDICT_ACKED] /
           (double)world->counts.calls;
}

static inline int world_compare_ns(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Nearest rank, in milliseconds. */
static inline double world_quantile_ms(struct world *world, double q)
{
    assert_true(world->latency_count > 0);
    qsort(world->latencies_ns, world->latency_count,
          sizeof(*world->latencies_ns), world_compare_ns);
    double rank = q * (double)world->latency_count - 1e-6;
    size_t index = rank > 0 ? (size_t)rank : 0; /* ceil, from 0 */
    return (double)world->latencies_ns[index] / (double)NS_PER_MS;
}

#endif
