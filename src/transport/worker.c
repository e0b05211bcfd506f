#include "transport/worker.h"

#include "base/must.h"
#include "transport/worker_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
    START_BATCH_MAX = 64,   /* arrivals started before sockets get a turn */
    READY_BATCH_MAX = 256,  /* the same for users */
    EFFECTS_UNKNOWN_MAX = 20 * 1000 * 1000, /* log entries when nothing tells
                                             * how many operations come */
};

#define PUBLISH_EVERY duration_ms(100)
#define RECENT_EVERY duration_s(1)

size_t recent_bin(struct duration latency)
{
    uint64_t us = (uint64_t)(latency.ns > 0 ? latency.ns / NS_PER_US : 0);
    if (us < 16) {
        return (size_t)us;
    }
    /* us >> shift is 16 to 31 */
    unsigned shift = 59u - (unsigned)__builtin_clzll(us);
    size_t bin = (size_t)shift * 16 + (size_t)(us >> shift);
    return bin < RECENT_BINS ? bin : RECENT_BINS - 1;
}

int64_t recent_bin_us(size_t bin)
{
    if (bin < 32) {
        return (int64_t)bin;
    }
    size_t shift = bin / 16 - 1;
    int64_t low = (int64_t)(bin % 16 + 16) << shift;
    return low + ((INT64_C(1) << shift) / 2);
}

/* How many operations this worker may log; an upper bound where the schedule
 * gives one. */
static uint64_t effects_max(const struct worker *worker)
{
    const struct load_config *load = &worker->plan->load;
    uint64_t workers = worker->options.count;
    double expected = 0;

    if (load->model == LOAD_CLOSED) {
        if (load->operations > 0 && load->warmup.ns == 0) {
            return worker->operations_left + load->max_in_flight;
        }
        return EFFECTS_UNKNOWN_MAX / workers;
    }
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct stage_config *stage = &load->stages[i];
        if (stage->length.ns == INT64_MAX) {
            return worker->operations_left == UINT64_MAX
                       ? EFFECTS_UNKNOWN_MAX / workers
                       : worker->operations_left + (uint64_t)expected + 1000;
        }
        expected += (stage->from_per_s + stage->rate_per_s) / 2 *
                    duration_in_seconds(stage->length) / (double)workers;
    }
    /* A Poisson count stays within ten standard deviations of its mean. */
    return (uint64_t)(expected + 10 * sqrt(expected)) + 1000;
}

static struct duration load_length(const struct load_config *load)
{
    return duration_add(load->warmup, load->duration);
}

struct loop_shape worker_shape(const struct plan *plan, uint64_t worker,
                               uint64_t workers)
{
    const struct load_config *load = &plan->load;
    uint64_t callers = connections_of(load, worker, workers);
    uint64_t clients = share_of(load->clients, worker, workers);
    uint64_t unit = plan_connections_a_caller(plan);

    return (struct loop_shape){
        .transfers = (callers ? callers : 1) * unit,
        .unit = unit,
        .pools = load->pool == POOL_PER_CLIENT ? clients : 1,
        .http2 = plan->target.http == HTTP_2,
    };
}

static void init_users(struct worker *worker, uint64_t users)
{
    worker->users = arena_array(&worker->arena, users, sizeof(*worker->users));
    worker->ready = arena_array(&worker->arena, users, sizeof(*worker->ready));
    heap_init(&worker->thinking, &worker->arena, users);
    for (uint64_t i = 0; i < users; i++) {
        worker->users[i].index = i;
        worker->ready[worker->ready_count++] = users - 1 - i;
    }
}

static void init_slots(struct worker *worker)
{
    const struct load_config *load = &worker->plan->load;
    const struct loop_shape *shape = &worker->loop.shape;
    /* Attempts that lost and are not cancelled keep their operation's slot. */
    uint64_t operations = load->model == LOAD_CLOSED
                              ? shape->transfers
                              : share_of(load->max_in_flight,
                                         worker->options.index,
                                         worker->options.count);

    operations = operations ? operations : 1;
    worker->operation_count = operations;
    worker->operations =
        arena_array(&worker->arena, operations, sizeof(*worker->operations));
    for (size_t i = operations; i-- > 0;) {
        worker->operations[i].next = worker->free;
        worker->free = &worker->operations[i];
    }
    heap_init(&worker->timers, &worker->arena, operations);
    strikes_init(worker, operations);
    wires_init(&worker->wires, &worker->arena, worker->plan, &worker->loop);
    worker->wires.pinned = worker->options.pinned;
    worker->wires.on_sent = flight_on_sent;
    worker->wires.on_slow = flight_on_slow;
    worker->wires.context = worker;
    if (load->model == LOAD_CLOSED) {
        init_users(worker, shape->transfers / shape->unit);
    }
}

static void init_clients(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t w = worker->options.index, n = worker->options.count;

    worker->client_count = share_of(plan->load.clients, w, n);
    worker->client_base = shares_before(plan->load.clients, w, n);
    if (worker->client_count == 0) {
        worker->client_count = 1;
    }
    worker->clients = arena_array(&worker->arena, worker->client_count,
                                  sizeof(*worker->clients));
    for (uint64_t i = 0; i < worker->client_count; i++) {
        client_init(&worker->clients[i], &plan->policy, plan->seed,
                    worker->client_base + i);
    }
}

static void init_scratch(struct worker *worker)
{
    const struct plan *plan = worker->plan;

    for (size_t i = 0; i < plan->request_count; i++) {
        size_t size = plan->requests[i].body.length_max + 1;
        if (size > worker->scratch_size) {
            worker->scratch_size = size;
        }
    }
    worker->scratch = arena_alloc(&worker->arena, worker->scratch_size);
}

static uint32_t layers_of(const struct policy *policy)
{
    uint32_t layers = 0;
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        if (policy_has_layer(policy, (enum layer)i)) {
            layers |= 1u << i;
        }
    }
    return layers;
}

static void init_load(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t w = worker->options.index, n = worker->options.count;
    uint64_t *weights =
        arena_array(&worker->arena, plan->request_count, sizeof(*weights));

    for (size_t i = 0; i < plan->request_count; i++) {
        weights[i] = plan->requests[i].config.weight;
    }
    mix_init(&worker->mix, &worker->arena, weights, plan->request_count);
    worker->mix_rng = rng_stream(plan->seed, RNG_MIX, w);
    fault_drawer_init(&worker->faults, plan->faults, plan->fault_count,
                      plan->seed, w);
    worker->operations_left = plan->load.operations
                                  ? share_of(plan->load.operations, w, n)
                                  : UINT64_MAX;
    if (plan->load.model == LOAD_OPEN) {
        schedule_init(&worker->schedule, &plan->load, plan->seed, w, n);
        worker->has_arrival =
            schedule_next(&worker->schedule, &worker->arrival);
    }
    tally_init(&worker->tally, &worker->arena,
               &(struct tally_config){
                   .requests = plan->request_count,
                   .stages = plan->load.stage_count,
                   .load_length = load_length(&plan->load),
                   .warmup = plan->load.warmup,
                   .first_stage_is_warmup =
                       plan->load.first_stage_is_warmup,
                   .keep_effects = plan->has_ledger,
                   .keep_times = plan->has_ledger &&
                                 ledger_tells_time(plan->ledger.tells),
                   .keep_answers = plan_reads_answers(plan),
                   .names_effects = plan->effect_id.place != EFFECT_ID_NONE,
                   .operations_max = effects_max(worker),
                   .layers = layers_of(&plan->policy),
               });
}

struct worker *worker_new(const struct worker_options *options,
                          struct errors *errors)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    worker->options = *options;
    worker->plan = options->plan;
    worker->ended_tail = &worker->ended;
    worker->drain_end = INSTANT_NEVER;
    pthread_mutex_init(&worker->published_lock, NULL);

    struct loop_options loop = {
        .shape = worker_shape(worker->plan, options->index, options->count),
        .descriptors = options->descriptors,
        .on_done = flight_on_done,
        .context = worker,
    };
    if (!loop_init(&worker->loop, &worker->arena, &loop, errors)) {
        worker_free(worker);
        return NULL;
    }
    init_scratch(worker);
    init_clients(worker);
    init_slots(worker);
    init_load(worker);
    return worker;
}

void worker_hang_up(struct worker *worker)
{
    wires_release(&worker->wires);
    loop_release(&worker->loop);
}

void worker_free(struct worker *worker)
{
    worker_hang_up(worker);
    pthread_mutex_destroy(&worker->published_lock);
    arena_release(&worker->arena);
    free(worker);
}

void worker_user_ready(struct worker *worker, uint64_t user,
                       struct instant now)
{
    if (worker->plan->load.think.ns > 0) {
        heap_set(&worker->thinking, &worker->users[user].timer,
                 instant_add(now, worker->plan->load.think));
    } else {
        worker->ready[worker->ready_count++] = user;
    }
}

static void end_load(struct worker *worker, struct instant at,
                     struct instant now)
{
    worker->load_over = true;
    worker->load_end = at;
    worker->drain_end = instant_add(now, worker->plan->load.drain);
}

static void count_operation(struct worker *worker, struct instant intended)
{
    if (worker->operations_left != UINT64_MAX &&
        intended.ns >= worker->plan->load.warmup.ns) {
        worker->operations_left--;
    }
}

/* Starts the operations of users whose turn it is, those that are ready at the
 * time of the call. */
static void start_ready(struct worker *worker)
{
    uint64_t turns = worker->ready_count;
    if (turns > READY_BATCH_MAX) {
        turns = READY_BATCH_MAX;
    }
    while (turns-- > 0 && worker->free && !worker->load_over) {
        struct instant now = run_now(worker);
        struct instant end = (struct instant){
            load_length(&worker->plan->load).ns};
        if (!instant_before(now, end)) {
            end_load(worker, end, now);
            return;
        }
        if (worker->operations_left == 0) {
            return;
        }
        count_operation(worker, now);
        operation_start(worker, now, now, 0,
                        worker->ready[--worker->ready_count]);
    }
}

static void drop(struct worker *worker, struct instant now)
{
    struct fact fact = {
        .kind = FACT_DROPPED,
        .warmup = worker->arrival.at.ns < worker->plan->load.warmup.ns,
        .request = (uint16_t)mix_pick(&worker->mix, &worker->mix_rng),
        .stage = (uint16_t)worker->arrival.stage,
        .at = now,
    };
    tally_take(&worker->tally, &fact);
}

/* Open model: starts what is due, whatever the service does. */
static void start_due(struct worker *worker)
{
    for (int i = 0; i < START_BATCH_MAX && !worker->load_over; i++) {
        struct instant now = run_now(worker);
        struct instant at = (struct instant){worker->arrival.at.ns};
        if (!worker->has_arrival || worker->operations_left == 0) {
            struct duration length = load_length(&worker->plan->load);
            worker->load_counted = worker->has_arrival;
            end_load(worker,
                     worker->has_arrival ? at
                                         : (struct instant){length.ns},
                     now);
            return;
        }
        if (instant_before(now, at)) {
            return;
        }
        count_operation(worker, at);
        if (worker->free) {
            operation_start(worker, now, at, (uint16_t)worker->arrival.stage,
                            0);
        } else {
            drop(worker, now);
        }
        worker->has_arrival =
            schedule_next(&worker->schedule, &worker->arrival);
    }
}

/* A stop: what is due by now was offered, and will not be started. Answers
 * that come from now on are not those of the load. */
static void cut_load(struct worker *worker, struct instant now)
{
    while (worker->has_arrival && worker->operations_left > 0 &&
           worker->arrival.at.ns <= now.ns) {
        count_operation(worker, (struct instant){worker->arrival.at.ns});
        drop(worker, now);
        worker->has_arrival =
            schedule_next(&worker->schedule, &worker->arrival);
    }
    worker->tally.config.load_length = (struct duration){now.ns};
    end_load(worker, now, now);
}

static void wake_thinkers(struct worker *worker)
{
    struct instant now = run_now(worker);
    struct heap_node *node;
    while ((node = heap_pop_due(&worker->thinking, now))) {
        worker->ready[worker->ready_count++] = ((struct user *)node)->index;
    }
    start_ready(worker);
    if (!worker->load_over && worker->operations_left == 0) {
        end_load(worker, now, now);
    }
}

static void wake_operations(struct worker *worker)
{
    struct instant now = run_now(worker);
    struct heap_node *node;
    while ((node = heap_pop_due(&worker->timers, now))) {
        struct call_event event = {.kind = EVENT_WOKE};
        operation_step(worker, (struct operation *)node, &event, now);
        now = run_now(worker);
    }
    flights_settle(worker, now);
    strikes_turn(worker, now);
    cleartext_turn(&worker->wires);
}

static void abandon_all(struct worker *worker)
{
    struct call_event event = {.kind = EVENT_ABANDONED};

    for (uint64_t i = 0; i < worker->operation_count; i++) {
        if (worker->operations[i].active) {
            operation_step(worker, &worker->operations[i], &event,
                           run_now(worker));
        }
    }
    strikes_abandon(worker, run_now(worker));
}

/* Nothing that was started is under way. */
static bool is_quiet(const struct worker *worker)
{
    return worker->active == 0 && worker->strikes.copies_out == 0;
}

static void publish(struct worker *worker, struct instant now, bool ended)
{
    worker->next_publish = instant_add(now, PUBLISH_EVERY);
    if (!instant_before(now, worker->next_recent)) {
        worker->next_recent = instant_add(now, RECENT_EVERY);
        memcpy(worker->recent_done, worker->recent, sizeof(worker->recent));
        memset(worker->recent, 0, sizeof(worker->recent));
    }
    pthread_mutex_lock(&worker->published_lock);
    struct worker_snapshot *out = &worker->published;
    out->started = worker->started;
    out->finished = worker->finished;
    out->acked = worker->acked;
    out->attempts = worker->attempts;
    out->on_wire = worker->on_wire;
    out->in_flight = worker->active;
    out->load_over = worker->load_over;
    out->ended = ended;
    memcpy(out->recent, worker->recent_done, sizeof(out->recent));
    pthread_mutex_unlock(&worker->published_lock);
}

static void obey_stop(struct worker *worker)
{
    int stop = atomic_load_explicit(worker->options.stop,
                                    memory_order_relaxed);
    struct instant now = run_now(worker);
    if (stop > 0 && !worker->load_over) {
        cut_load(worker, now);
    }
    if (worker->load_over && !is_quiet(worker) &&
        (stop > 1 || !instant_before(now, worker->drain_end))) {
        abandon_all(worker);
    }
}

/* When the loop must come back whatever the sockets do. */
static struct instant next_turn(const struct worker *worker)
{
    struct instant until = worker->next_publish;
    if (worker->ended || worker->wires.waiting_may_begin) {
        return (struct instant){0};
    }
    until = instant_min(until, heap_next(&worker->timers));
    if (worker->load_over) {
        until = instant_min(until, worker->drain_end);
    } else if (worker->plan->load.model == LOAD_OPEN) {
        until = instant_min(until, (struct instant){worker->arrival.at.ns});
    } else {
        until = instant_min(until, heap_next(&worker->thinking));
        if (worker->ready_count > 0 && worker->free &&
            worker->operations_left > 0) {
            until = (struct instant){0};
        }
        until = instant_min(until, (struct instant){
                                       load_length(&worker->plan->load).ns});
    }
    return instant_min(until, strikes_next(worker, run_now(worker)));
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void worker_run(struct worker *worker, struct instant origin)
{
    double cpu_at_start = cpu_seconds();

    /* The kernel rounds sleeps up by 50 us unless told otherwise. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    worker->origin = origin;
    worker->next_publish = (struct instant){0};
    worker->next_recent = instant_add((struct instant){0}, RECENT_EVERY);
    while (run_now(worker).ns < 0) {
        loop_wait(&worker->loop, origin);
    }
    for (;;) {
        obey_stop(worker);
        if (!worker->load_over) {
            if (worker->plan->load.model == LOAD_OPEN) {
                start_due(worker);
            } else {
                wake_thinkers(worker);
            }
        }
        wake_operations(worker);
        struct instant now = run_now(worker);
        if (!instant_before(now, worker->next_publish)) {
            publish(worker, now, false);
        }
        if (worker->load_over && is_quiet(worker)) {
            break;
        }
        struct instant until = next_turn(worker);
        loop_wait(&worker->loop,
                  instant_add(origin, (struct duration){until.ns}));
    }
    struct instant end = run_now(worker);
    clients_tell(worker, end);
    if (worker->plan->load.model == LOAD_CLOSED &&
        worker->operations_left == 0) {
        worker->load_end = worker->last_verdict; /* ends a counted load */
    }
    worker->cpu_share = (cpu_seconds() - cpu_at_start) /
                        fmax(1e-9, (double)end.ns / (double)NS_PER_S);
    publish(worker, end, true);
}

void worker_keep_journal(struct worker *worker, struct journal_part *part)
{
    evidence_begin(worker, part);
}

void worker_wake(const struct worker *worker)
{
    loop_wake(&worker->loop);
}

void worker_snapshot(struct worker *worker, struct worker_snapshot *snapshot)
{
    pthread_mutex_lock(&worker->published_lock);
    *snapshot = worker->published;
    pthread_mutex_unlock(&worker->published_lock);
}

const struct tally *worker_tally(const struct worker *worker)
{
    return &worker->tally;
}

double worker_cpu_share(const struct worker *worker)
{
    return worker->cpu_share;
}

struct duration worker_load_end(const struct worker *worker)
{
    return (struct duration){worker->load_end.ns};
}

bool worker_load_was_counted(const struct worker *worker)
{
    return worker->load_counted;
}
