/*
 * world: a fleet of clients and one service in virtual time.
 *
 * The host is the real one (host/worker.h) on the virtual engine; what is
 * added here is whose calls start when, what the service says, and a count of
 * what the calls were fed and answered, which is read where they take a step
 * (tests that include this are linked with --wrap=call_step). An operation is
 * named by its call's number, from 1, in the order in which calls start.
 *
 * Clients call by themselves (world_offer), or as a test says (world_call).
 * Open clients start calls whatever becomes of the last one; a serial one
 * starts its next when it is due and the last is over.
 *
 * An attempt reaches the service after its way there, the service says what
 * becomes of it and when (world.serve, or the model of struct model), and
 * the answer takes its way back. What was sent arrives, whoever still wants to
 * hear of it.
 *
 * With a text in world.trace, everything that a call is fed and answers goes
 * there. Include after cmocka.
 */
#ifndef SQUALL_TESTS_SIM_WORLD_H
#define SQUALL_TESTS_SIM_WORLD_H

#include "base/heap.h"
#include "base/must.h"
#include "engine/virtual/engine_virtual.h"
#include "host/attempts.h"
#include "host/worker_inside.h"
#include "policy/call.h"

#include <stdlib.h>

#include "golden.h"
#include "model.h"

enum { WORLD_CALLS_MAX = 1024, WORLD_STARTS_MAX = 64, WORLD_TIERS = 2 };

/* How each client calls. */
struct offer {
    double rate_per_s; /* of each client */
    bool is_poisson;   /* else constant, clients spread over the first gap */
    bool is_serial;
    bool at_once; /* the first calls of all come now */
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

/* A client that calls by itself, or a call that a test wants. */
struct turn {
    struct heap_node node; /* first: the heap hands it back */
    size_t client;
    unsigned tier;
    bool is_own; /* the client's own */
    struct rng arrivals;
    struct instant due; /* serial: its next turn, if it is free then */
};

struct world {
    const struct policy *policy;
    uint64_t seed;
    struct model model;
    struct reply (*serve)(struct world *world, unsigned call,
                          unsigned attempt);
    const void *script; /* for serve */
    struct instant now;
    struct world_counts counts;
    int64_t *latencies_ns; /* of calls that succeeded, from the intent */
    size_t latency_count, latency_room;
    struct str *trace;
    uint64_t breaker_table[3][3]; /* changes from, to */
    struct offer offer;
    struct duration gap;
    struct instant until;
    size_t client_count;
    size_t calls_max; /* at once; a test may need more */
    /* the machinery */
    struct arena arena;
    struct heap heap;   /* of turns */
    struct turn *turns; /* of each client */
    struct turn starts[WORLD_STARTS_MAX];
    struct plan *plan;
    struct workload workload;
    unsigned tier; /* of the operation that starts */
    struct virtual_settings settings;
    atomic_int stop;
    struct worker *worker; /* NULL until something happens */
};

static struct world *the_world; /* whose calls take steps */

/* -- what a reader sees -- */

static inline void world_note(struct world *world, unsigned call,
                              const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline void world_note(struct world *world, unsigned call,
                              const char *format, ...)
{
    if (!world->trace) {
        return;
    }
    str_append(world->trace, "t=");
    golden_print_ms(world->trace, world->now.ns);
    if (call > 0) {
        str_printf(world->trace, " call %u:", call);
    }
    str_append_char(world->trace, ' ');
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(world->trace, format, arguments);
    va_end(arguments);
    str_append_char(world->trace, '\n');
}

static inline void world_note_event(struct world *world, unsigned number,
                                    const struct call *call,
                                    const struct call_event *event,
                                    unsigned tier)
{
    struct str status = STR_INIT;
    switch (event->kind) {
    case EVENT_STARTED:
        world_note(world, number, tier == 1 ? "start" : "start, tier %u",
                   tier);
        break;
    case EVENT_SENT:
        break; /* at once, as its SEND */
    case EVENT_ATTEMPT_DONE:
        if (event->result.status) {
            str_printf(&status, " %u", (unsigned)event->result.status);
        }
        world_note(world, number, "%s#%u%s%s",
                   outcome_name(event->result.outcome), event->attempt,
                   status.text, event->result.sent ? "" : " not sent");
        break;
    case EVENT_WOKE:
        if (call->asking.wait == WAIT_GRANTED) {
            world_note(world, number, "has its place");
        }
        break;
    case EVENT_LOAD_OVER:
        world_note(world, number, "load over");
        break;
    case EVENT_ABANDONED:
        world_note(world, number, "abandon");
        break;
    }
    str_release(&status);
}

static inline void world_note_action(struct world *world, unsigned number,
                                     const struct action *action)
{
    struct str at = STR_INIT;
    switch (action->kind) {
    case ACTION_SEND:
        world_note(world, number, "send#%u%s", action->attempt,
                   action->attempt_kind == ATTEMPT_HEDGE ? ", a hedge" : "");
        break;
    case ACTION_CANCEL:
        world_note(world, number, "cancel#%u %s", action->attempt,
                   outcome_name(action->outcome));
        break;
    case ACTION_WAKE_AT:
        if (action->at.ns == INSTANT_NEVER.ns) {
            world_note(world, number, "stop the timer");
            break;
        }
        golden_print_ms(&at, action->at.ns);
        world_note(world, number, "wake_at %s", at.text);
        break;
    case ACTION_FINISH:
        world_note(world, number, "finish %s, %s",
                   verdict_name(action->verdict),
                   finish_reason_name(action->reason));
        break;
    }
    str_release(&at);
}

static inline void world_note_changes(struct world *world,
                                      const struct client *client)
{
    for (size_t i = 0; i < client->change_count; i++) {
        const struct breaker_change *change = &client->changes[i];
        world->breaker_table[change->from][change->to]++;
        assert_int_equal(change->at.ns, world->now.ns);
        world_note(world, 0, "breaker %s -> %s",
                   breaker_state_name(change->from),
                   breaker_state_name(change->to));
    }
}

/* What the client kept back in a step, and the call goes on all the same. */
static inline void world_note_refusals(struct world *world, unsigned number,
                                       const struct call *call,
                                       const uint32_t refusals[LAYER_COUNT],
                                       unsigned hedges_denied)
{
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        if (call->refusals[i] != refusals[i]) {
            world_note(world, number, "refused by %s",
                       layer_name((enum layer)i));
        }
    }
    if (call->hedges_denied != hedges_denied) {
        world_note(world, number, "no budget for a hedge");
    }
}

/* -- what calls are fed and answer -- */

static inline void world_keep_latency(struct world *world, struct duration d)
{
    if (world->latency_count == world->latency_room) {
        world->latency_room =
            world->latency_room ? 2 * world->latency_room : 1024;
        world->latencies_ns =
            realloc(world->latencies_ns,
                    world->latency_room * sizeof(*world->latencies_ns));
        assert_non_null(world->latencies_ns);
    }
    world->latencies_ns[world->latency_count++] = d.ns;
}

static inline void world_set_turn(struct world *world, struct turn *turn,
                                  struct instant at)
{
    if (instant_before(at, world->until)) {
        heap_set(&world->heap, &turn->node, at);
    }
}

static inline void world_finish(struct world *world,
                                const struct operation *operation,
                                const struct action *action)
{
    struct world_counts *counts = &world->counts;
    const struct call *call = &operation->call;

    counts->verdicts[action->verdict]++;
    counts->reasons[action->reason]++;
    counts->hedges_won += call->won_by_hedge;
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        counts->refusals[i] += call->refusals[i];
    }
    if (action->verdict == VERDICT_SUCCEEDED) {
        world_keep_latency(world, instant_since(world->now, call->intended));
    }
    if (world->offer.is_serial) {
        struct turn *turn = &world->turns[operation->client];
        world_set_turn(world, turn, instant_max(world->now, turn->due));
    }
}

static inline void world_count_action(struct world *world,
                                      const struct operation *operation,
                                      const struct action *action)
{
    if (action->kind == ACTION_SEND) {
        world->counts.attempts++;
        world->counts.kinds[action->attempt_kind]++;
    } else if (action->kind == ACTION_FINISH) {
        world_finish(world, operation, action);
    }
}

void __real_call_step(struct call *call, struct instant now,
                      const struct call_event *event,
                      const struct call_env *env, struct actions *actions);
void __wrap_call_step(struct call *call, struct instant now,
                      const struct call_event *event,
                      const struct call_env *env, struct actions *actions);

void __wrap_call_step(struct call *call, struct instant now,
                      const struct call_event *event,
                      const struct call_env *env, struct actions *actions)
{
    struct world *world = the_world;
    const struct operation *operation = operation_of_call(call);
    unsigned number = (unsigned)operation->planned.number + 1;
    unsigned hedges_denied = call->hedges_denied;
    uint32_t refusals[LAYER_COUNT];

    world->now = now;
    memcpy(refusals, call->refusals, sizeof(refusals));
    if (world->trace) {
        world_note_event(world, number, call, event, env->traits.tier);
    }
    __real_call_step(call, now, event, env, actions);
    world_note_changes(world, env->client);
    if (world->trace) {
        world_note_refusals(world, number, call, refusals, hedges_denied);
    }
    for (size_t i = 0; i < actions->count; i++) {
        if (world->trace) {
            world_note_action(world, number, &actions->list[i]);
        }
        world_count_action(world, operation, &actions->list[i]);
    }
}

/* -- the service -- */

/* An attempt has arrived. Its path is /CALL/ATTEMPT, from 0 and from 1. */
static inline void world_arrive(void *context, struct virtual_request *request,
                                struct instant now)
{
    struct world *world = context;
    char *end = NULL;
    unsigned call = (unsigned)strtoul(request->path + 1, &end, 10) + 1;
    unsigned attempt = (unsigned)strtoul(end + 1, NULL, 10);

    world->now = now;
    struct reply reply = world->serve ? world->serve(world, call, attempt)
                                      : model_reply(&world->model, now);
    struct virtual_answer answer = {.status = reply.status};
    world->counts.arrived++;
    world->counts.done += reply.status == 200;
    if (!reply.never) {
        virtual_answer(request, reply.after, &answer);
    }
}

static inline void world_leave(void *context, struct virtual_request *request,
                               struct instant now)
{
    (void)context; /* what has arrived is done, whoever waits for it */
    (void)request;
    (void)now;
}

/* -- the machinery -- */

static inline void world_pick(struct picker *picker, int64_t unix_ms,
                              struct planned_operation *operation)
{
    (void)picker;
    (void)unix_ms;
    operation->number = operation->place;
    operation->request = (uint16_t)(the_world->tier - 1);
}

/* A closed load without an end, so that a user is a client; nobody's turn ever
 * comes but those that are given here. */
static inline void world_plan(struct world *world)
{
    struct errors errors = ERRORS_INIT;
    char clients[40];
    snprintf(clients, sizeof(clients), "load.clients=%zu",
             world->client_count);
    const char *const sets[] = {
        "load.model=\"closed\"",
        clients,
        "requests=[{\"path\": \"/{{op.seq}}/{{attempt}}\", \"tier\": 1},"
        "{\"path\": \"/{{op.seq}}/{{attempt}}\", \"tier\": 2}]",
    };
    struct plan_input input = {.set_count = array_length(sets),
                               .sets = sets,
                               .url = "http://service",
                               .has_seed = true,
                               .seed = world->seed};
    world->plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(world->plan);
    /* New operations, but for which request they are. */
    world->workload = *workload_of(world->plan);
    world->workload.pick = world_pick;
    world->plan->workload = &world->workload;
    world->plan->load.duration = DURATION_FOREVER;
    world->plan->load.think = DURATION_FOREVER;
    world->plan->policy = *world->policy;
}

static inline void world_begin(struct world *world)
{
    struct errors errors = ERRORS_INIT;
    struct worker_options options = {
        .plan = world->plan,
        .count = 1,
        .engine = &engine_virtual,
        .settings = &world->settings,
        .stop = &world->stop,
    };
    world->plan->load.connections = world->calls_max;
    world->settings = (struct virtual_settings){
        .service = {.context = world,
                    .arrive = world_arrive,
                    .leave = world_leave},
        .way_on = world->model.way,
        .keeps_connections = true,
    };
    world->worker = worker_new(&options, &errors);
    assert_non_null(world->worker);
    world->worker->users.ready_count = 0;
    worker_begin(world->worker, (struct instant){0});
}

static inline struct client *world_client(struct world *world, size_t index)
{
    if (!world->worker) {
        world_begin(world);
    }
    return &world->worker->clients[index];
}

/* -- what a test does -- */

static inline void world_init(struct world *world, const struct policy *policy,
                              uint64_t seed, size_t clients)
{
    memset(world, 0, sizeof(*world));
    the_world = world;
    world->policy = policy;
    world->seed = seed;
    world->client_count = clients;
    world->calls_max = WORLD_CALLS_MAX;
    world->model = model_make(seed);
    heap_init(&world->heap, &world->arena, clients + WORLD_STARTS_MAX);
    world->turns = arena_array(&world->arena, clients, sizeof(*world->turns));
    for (size_t i = 0; i < clients; i++) {
        world->turns[i] = (struct turn){
            .client = i,
            .tier = 1,
            .is_own = true,
            .arrivals = rng_stream(seed, RNG_ARRIVAL, i),
        };
    }
    world_plan(world);
}

static inline void world_release(struct world *world)
{
    if (world->worker) {
        worker_free(world->worker);
    }
    plan_free(world->plan);
    arena_release(&world->arena);
    free(world->latencies_ns);
}

static inline struct duration world_gap(struct world *world, struct turn *turn)
{
    return world->offer.is_poisson
               ? rng_exponential(&turn->arrivals, world->gap)
               : world->gap;
}

/* From now on, for a while. */
static inline void world_offer(struct world *world, struct offer offer)
{
    world->offer = offer;
    world->gap = duration_from_ns((double)NS_PER_S / offer.rate_per_s);
    world->until = instant_add(world->now, offer.length);
    for (size_t i = 0; i < world->client_count; i++) {
        struct turn *turn = &world->turns[i];
        struct duration first = DURATION_ZERO;
        if (offer.is_poisson && !offer.at_once) {
            first = world_gap(world, turn);
        } else if (!offer.at_once) {
            first.ns =
                world->gap.ns / (int64_t)world->client_count * (int64_t)i;
        }
        heap_set(&world->heap, &turn->node, instant_add(world->now, first));
    }
}

/* One call of one client, at a time that has not passed. */
static inline void world_call(struct world *world, size_t client,
                              unsigned tier, struct instant at)
{
    size_t i = 0;
    must(client < world->client_count && tier <= WORLD_TIERS);
    while (world->starts[i].node.position > 0) {
        i++;
        must(i < WORLD_STARTS_MAX);
    }
    world->starts[i].client = client;
    world->starts[i].tier = tier;
    heap_set(&world->heap, &world->starts[i].node, at);
}

static inline void world_start(struct world *world, struct turn *turn)
{
    if (turn->is_own) {
        turn->due = instant_add(world->now, world_gap(world, turn));
        if (!world->offer.is_serial) {
            world_set_turn(world, turn, turn->due);
        }
    }
    world->tier = turn->tier;
    world->counts.calls++;
    operation_start(world->worker, world->now, world->now, 0, turn->client);
}

/* Whether anything is left to happen. */
static inline bool world_goes_on(const struct world *world)
{
    return world->heap.count > 0 || world->worker->counts.in_flight > 0;
}

/* Everything up to an instant; INSTANT_NEVER: until nothing is left. */
static inline void world_go(struct world *world, struct instant until)
{
    struct worker *worker = world->worker;
    struct heap_node *node;
    struct instant host;

    for (;;) {
        world->now = engine_now(worker->engine);
        while ((node = heap_pop_due(&world->heap, world->now))) {
            world_start(world, (struct turn *)node);
        }
        assert_true(worker_turn(worker, &host));
        if (until.ns == INSTANT_NEVER.ns
                ? !world_goes_on(world)
                : !instant_before(world->now, until)) {
            return;
        }
        struct instant next = instant_min(heap_next(&world->heap), until);
        worker->engine->type->wait(worker->engine, instant_min(next, host));
    }
}

/* Everything before an instant; INSTANT_NEVER: until nothing is left to
 * happen, and then no call may be left hanging. */
static inline void world_run(struct world *world, struct instant until)
{
    if (!world->worker) {
        world_begin(world);
    }
    bool is_end = until.ns == INSTANT_NEVER.ns;
    world_go(world, is_end ? until : (struct instant){until.ns - 1});
    if (!is_end) {
        world->now = until;
        return;
    }
    uint64_t ended = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        ended += world->counts.verdicts[i];
    }
    assert_int_equal(ended, world->counts.calls);
    /* The facts of the host say the same. */
    tally_check(worker_tally(world->worker));
}

/* -- what came of it -- */

/* The closed table of policy/breaker.h. */
static inline void expect_breaker_table(const struct world *world)
{
    static const bool allowed[3][3] = {
        [BREAKER_CLOSED] = {[BREAKER_OPEN] = true},
        [BREAKER_OPEN] = {[BREAKER_HALF_OPEN] = true},
        [BREAKER_HALF_OPEN] = {[BREAKER_CLOSED] = true, [BREAKER_OPEN] = true},
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
    return (double)world->counts.verdicts[VERDICT_SUCCEEDED] /
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
