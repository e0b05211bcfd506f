#include "host/worker.h"

#include "base/must.h"
#include "host/attempts.h"
#include "host/worker_inside.h"
#include "load/share.h"
#include "plan/triggers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    START_BATCH_MAX = 64,  /* arrivals started before sockets get a turn */
    READY_BATCH_MAX = 256, /* the same for users */
    EFFECTS_UNKNOWN_MAX = 20 * 1000 * 1000, /* log entries when nothing says
                                             * how many operations come */
};

/* Arrivals that squall comes to so late after the end of the load are not
 * started any more. */
#define LATE_MAX duration_ms(100)

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

/* When the load is over, whatever its operations do; NEVER: it has a number of
 * them and no length. */
static struct instant time_end(const struct worker *worker)
{
    return (struct instant){load_length(&worker->plan->load).ns};
}

static void init_slots(struct worker *worker)
{
    const struct load_config *load = &worker->plan->load;
    const struct engine_shape *shape = &worker->engine->shape;
    /* Attempts that lost and are not cancelled keep their operation's slot. */
    uint64_t operations =
        load->model == LOAD_CLOSED
            ? shape->transfers
            : share_of(load->max_in_flight, worker->options.index,
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
    ended_init(&worker->ended);
    inject_init(&worker->injector, &worker->arena,
                &(struct inject_options){
                    .plan = worker->plan,
                    .worker = worker->options.index,
                    .clock = &worker->clock,
                    .engine = worker->engine,
                    .ended = &worker->ended,
                    .duplicates = &worker->duplicates,
                    .operations = operations,
                });
    worker->gates =
        arena_array(&worker->arena, shape->pools, sizeof(*worker->gates));
    for (size_t p = 0; p < shape->pools; p++) {
        gate_init(&worker->gates[p], engine_pool_size(shape, p));
    }
    message_room_init(&worker->messages, worker->plan, shape->transfers,
                      &worker->arena);
    redirects_init(&worker->redirects, worker->plan,
                   operations * CALL_IN_FLIGHT_MAX, &worker->arena);
    failed_exchanges_init(&worker->failed, worker->plan->show_failed,
                          &worker->arena);
    authenticator_init(&worker->authenticator, worker->plan,
                       worker->options.index, worker->client_count,
                       shape->transfers, &worker->arena);
    if (load->model == LOAD_CLOSED) {
        users_init(&worker->users, &worker->arena,
                   shape->transfers / shape->unit, load->think);
    }
}

static void init_clients(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t w = worker->options.index, n = worker->options.count;

    worker->client_count = share_of(plan->load.clients, w, n);
    worker->client_base = share_before(plan->load.clients, w, n);
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

static void init_load(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t w = worker->options.index, n = worker->options.count;

    picker_init(&worker->picker, plan, w, n, &worker->arena);
    worker->operations_left = plan->load.operations
                                  ? share_of(plan->load.operations, w, n)
                                  : UINT64_MAX;
    if (plan->load.model == LOAD_OPEN) {
        schedule_init(&worker->schedule, &plan->load, plan->seed, w, n);
        worker->has_arrival =
            schedule_next(&worker->schedule, &worker->arrival);
    }
}

/* When each stage is over, whatever becomes of its operations; NULL: there
 * are none. */
static const struct instant *stage_ends(struct worker *worker)
{
    const struct load_config *load = &worker->plan->load;
    struct instant end = {0};
    struct instant *ends;

    if (load->model == LOAD_CLOSED) {
        return NULL;
    }
    ends = arena_array(&worker->arena, load->stage_count, sizeof(*ends));
    for (size_t i = 0; i < load->stage_count; i++) {
        end = instant_add(end, load->stages[i].length);
        ends[i] = end;
    }
    return ends;
}

static void init_recorder(struct worker *worker)
{
    const struct plan *plan = worker->plan;

    worker->recorder = (struct recorder){
        .plan = plan,
        .clock = &worker->clock,
        .clients = worker->clients,
        .client_count = worker->client_count,
        .client_base = worker->client_base,
        .journal = {.plan = plan,
                    .clock = &worker->clock,
                    .client_base = worker->client_base},
        .endings = worker->options.endings,
    };
    tally_init(&worker->recorder.tally, &worker->arena,
               &(struct tally_config){
                   .requests = plan->request_count,
                   .stages = plan->load.stage_count,
                   .load_length = load_length(&plan->load),
                   .warmup = plan->load.warmup,
                   .first_stage_is_warmup = plan->load.first_stage_is_warmup,
                   .stage_ends = stage_ends(worker),
                   .layers = policy_layers(&plan->policy),
                   .has_trigger = plan_has_trigger(plan, true),
                   .is_level = plan_is_level(plan, true),
               });
    effect_logs_init(
        &worker->recorder.logs, &worker->arena,
        &(struct effect_logs_config){
            .keep_operations = plan->has_ledger,
            .keep_times =
                plan->has_ledger && ledger_has_time(plan->ledger.columns),
            .keep_answers = plan_reads_answers(plan),
            .names_effects = plan->effect_id.place != EFFECT_ID_NONE,
            .operations_max = effects_max(worker),
        });
}

static bool open_engine(struct worker *worker, struct errors *errors)
{
    const struct worker_options *options = &worker->options;
    struct engine_options engine = {
        .plan = worker->plan,
        .shape = engine_shape_of(worker->plan, options->index, options->count),
        .callbacks = attempts_callbacks(worker),
        .first = options->first,
        .settings = options->settings,
    };
    worker->engine = options->engine->open(&engine, errors);
    worker->clock.engine = worker->engine;
    return worker->engine != NULL;
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
    worker->drain_end = INSTANT_NEVER;
    snapshots_init(&worker->snapshots);

    if (!open_engine(worker, errors)) {
        worker_free(worker);
        return NULL;
    }
    init_clients(worker);
    init_slots(worker);
    init_load(worker);
    init_recorder(worker);
    return worker;
}

void worker_close_connections(struct worker *worker)
{
    worker->engine->type->close_connections(worker->engine);
}

void worker_free(struct worker *worker)
{
    if (worker->engine) {
        worker->engine->type->close(worker->engine);
    }
    snapshots_release(&worker->snapshots);
    arena_release(&worker->arena);
    free(worker);
}

/* Of the time from the start of the load to now, on a core; negative: it is
 * not known. */
static double cpu_share(const struct worker *worker, struct instant now)
{
    struct duration used = engine_cpu(worker->engine);
    if (used.ns < 0) {
        return -1;
    }
    return (double)(used.ns - worker->cpu_before.ns) / fmax(1, (double)now.ns);
}

/* No operation starts any more. Of those that are under way, verdicts are
 * awaited for load.drain from `from` on. */
static void end_load(struct worker *worker, struct instant at,
                     struct instant from)
{
    worker->load_over = true;
    worker->load_end = at;
    worker->cpu_share = cpu_share(worker, run_clock_now(&worker->clock));
    tally_end_load(&worker->recorder.tally, at);
    worker->drain_end = instant_add(from, worker->plan->load.drain);
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
    uint64_t turns = worker->users.ready_count;
    if (turns > READY_BATCH_MAX) {
        turns = READY_BATCH_MAX;
    }
    while (turns-- > 0 && worker->free && !worker->load_over) {
        struct instant now = run_clock_now(&worker->clock);
        if (worker->operations_left == 0 ||
            !instant_before(now, time_end(worker))) {
            return;
        }
        count_operation(worker, now);
        operation_start(worker, now, now, 0, users_next(&worker->users));
    }
}

static void drop(struct worker *worker, struct instant now)
{
    struct fact_scope scope = {
        .warmup = worker->arrival.at.ns < worker->plan->load.warmup.ns,
        .request = picker_dropped(&worker->picker),
        .stage = (uint16_t)worker->arrival.stage,
    };
    record_dropped(&worker->recorder, &scope,
                   (struct instant){worker->arrival.at.ns}, now);
}

/* What had come by then is known: a timer that is due later must not go off
 * yet, however late it is. */
static struct instant seen_until(const struct worker *worker)
{
    return run_clock_of(&worker->clock, look_read(&worker->engine->look));
}

/* Open model: starts what is due, whatever the service does. That there is no
 * slot for it is known once all that came by its time was seen. */
static void start_due(struct worker *worker)
{
    for (int i = 0; i < START_BATCH_MAX && !worker->load_over; i++) {
        struct instant now = run_clock_now(&worker->clock);
        struct instant at = (struct instant){worker->arrival.at.ns};
        if (worker->operations_left == 0) {
            worker->load_counted = worker->has_arrival;
            end_load(worker, worker->has_arrival ? at : time_end(worker), now);
            return;
        }
        if (!worker->has_arrival || instant_before(now, at) ||
            (!worker->free && instant_before(seen_until(worker), at))) {
            return;
        }
        count_operation(worker, at);
        worker->picker.arrival = worker->arrival.index;
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

/* Nothing that was started is under way. */
static bool is_quiet(const struct worker *worker)
{
    return worker->counts.in_flight == 0 && worker->duplicates.out == 0;
}

static bool is_stopped(const struct worker *worker, int times)
{
    return atomic_load_explicit(worker->options.stop, memory_order_relaxed) >=
           times;
}

/* What is due by now was offered, and will not be started. */
static void drop_due(struct worker *worker, struct instant now)
{
    while (worker->has_arrival && worker->operations_left > 0 &&
           worker->arrival.at.ns <= now.ns) {
        count_operation(worker, (struct instant){worker->arrival.at.ns});
        worker->picker.arrival = worker->arrival.index;
        drop(worker, now);
        worker->has_arrival =
            schedule_next(&worker->schedule, &worker->arrival);
    }
}

/* A stop. Answers that come from now on are not those of the load. */
static void cut_load(struct worker *worker, struct instant now)
{
    drop_due(worker, now);
    worker->recorder.tally.config.load_length = (struct duration){now.ns};
    end_load(worker, now, now);
}

/* Where nothing but answers can bring a counted load on, and none comes: when
 * it is given up. NEVER: something is due. */
static struct instant patience_end(const struct worker *worker)
{
    const struct users *users = &worker->users;
    bool is_idle = worker->timers.count == 0 && users->thinking.count == 0 &&
                   (users->ready_count == 0 || !worker->free);
    if (worker->load_over || worker->plan->load.model == LOAD_OPEN ||
        !is_idle || time_end(worker).ns != INT64_MAX) {
        return INSTANT_NEVER;
    }
    return instant_add(instant_max(worker->last_start, worker->last_verdict),
                       worker->plan->load.drain);
}

/* All that is due before the end of the load has been started, or is too late
 * for it. */
static bool is_all_started(const struct worker *worker, struct instant now)
{
    return worker->load_over || !worker->has_arrival ||
           !instant_before(now, instant_add(time_end(worker), LATE_MAX));
}

/* The load had its time, or there is nothing left that it could wait for. */
static bool end_by_time(struct worker *worker, struct instant now)
{
    struct instant end = time_end(worker);
    bool open = worker->plan->load.model == LOAD_OPEN;

    if (!instant_before(seen_until(worker), end) &&
        is_all_started(worker, now)) {
        if (!worker->load_over) {
            drop_due(worker, end);
            end_load(worker, end, end);
        }
        worker->drain_end = instant_min(
            worker->drain_end, instant_add(end, worker->plan->load.drain));
        return true;
    }
    if (open && !worker->load_over && !worker->has_arrival &&
        is_quiet(worker)) {
        end_load(worker, end, now);
    }
    return false;
}

/* The one place where a load ends but by its last operation: see worker.h. */
static void end_in_time(struct worker *worker, struct instant now)
{
    bool is_cut = is_stopped(worker, 1) ||
                  !instant_before(seen_until(worker), patience_end(worker));

    if (worker->sends_no_more) {
        return;
    }
    if (is_cut && !worker->load_over) {
        cut_load(worker, now);
    }
    if (is_cut || end_by_time(worker, now)) {
        attempts_close(worker, now);
    }
}

static void wake_thinkers(struct worker *worker, struct instant now)
{
    users_wake(&worker->users, now);
    start_ready(worker);
    if (!worker->load_over && worker->operations_left == 0) {
        end_load(worker, now, now);
    }
}

static void wake_operations(struct worker *worker)
{
    struct instant now = run_clock_now(&worker->clock);
    struct instant by = instant_min(now, seen_until(worker));
    struct heap_node *node;
    while ((node = heap_pop_due(&worker->timers, by))) {
        operation_wake(worker, (struct operation *)node, now);
        now = run_clock_now(&worker->clock);
    }
    attempts_turn(worker, now, by);
}

/* What is still under way when the drain is over, or at a second stop. */
static void end_drain(struct worker *worker, struct instant now)
{
    if (worker->load_over && !is_quiet(worker) &&
        (is_stopped(worker, 2) ||
         !instant_before(seen_until(worker), worker->drain_end))) {
        attempts_abandon(worker, now);
    }
}

/* When the loop must come back whatever the sockets do. */
static struct instant next_turn(const struct worker *worker,
                                struct instant now)
{
    struct instant until = worker->snapshots.next;
    if (worker->ended.first) {
        return (struct instant){0};
    }
    until = instant_min(until, heap_next(&worker->timers));
    if (!worker->sends_no_more) {
        until = instant_min(until, time_end(worker));
        until = instant_min(until, patience_end(worker));
    }
    if (worker->load_over) {
        until = instant_min(until, worker->drain_end);
    } else if (worker->plan->load.model == LOAD_OPEN) {
        if (worker->has_arrival) {
            until =
                instant_min(until, (struct instant){worker->arrival.at.ns});
        }
    } else {
        until = instant_min(until, heap_next(&worker->users.thinking));
        if (worker->users.ready_count > 0 && worker->free &&
            worker->operations_left > 0) {
            until = (struct instant){0};
        }
    }
    return instant_min(until, inject_next(&worker->injector, now));
}

void worker_begin(struct worker *worker, struct instant origin)
{
    struct engine *engine = worker->engine;

    worker->cpu_before = engine_cpu(engine);
    worker->clock.origin = origin;
    while (run_clock_now(&worker->clock).ns < 0) {
        engine->type->wait(engine, origin);
    }
    look_take_away(&engine->look);
    watch_begin(&worker->watch, engine, run_clock_now(&worker->clock));
}

/* Of the warm-up nothing is recorded. */
static void tell_of_self(struct worker *worker, struct instant now)
{
    struct fact fact = watch_take(&worker->watch, worker->engine, now);
    if (now.ns - fact.worker.wall.ns >= worker->plan->load.warmup.ns) {
        tally_take(&worker->recorder.tally, &fact);
    }
}

void worker_allow_peek(struct worker *worker)
{
    peek_allow(&worker->peek, &worker->arena, &worker->recorder.tally.config);
}

struct peek *worker_peek(struct worker *worker)
{
    return &worker->peek;
}

void worker_answer(struct worker *worker)
{
    if (!peek_is_asked(&worker->peek)) {
        return;
    }
    struct instant now = run_clock_now(&worker->clock);
    bool is_over = worker->load_over;
    peek_answer(
        &worker->peek, &worker->recorder.tally,
        &(struct peek_facts){
            .at = now,
            .load_time = {is_over ? worker->load_end.ns : now.ns},
            .cpu_share = is_over ? worker->cpu_share : cpu_share(worker, now),
            .load_over = is_over,
        });
}

bool worker_turn(struct worker *worker, struct instant *until)
{
    struct instant now = run_clock_now(&worker->clock);

    end_in_time(worker, now);
    end_drain(worker, now);
    if (!worker->load_over) {
        if (worker->plan->load.model == LOAD_OPEN) {
            start_due(worker);
        } else {
            wake_thinkers(worker, now);
        }
    }
    wake_operations(worker);
    now = run_clock_now(&worker->clock);
    if (!instant_before(now, worker->snapshots.next)) {
        tell_of_self(worker, now);
        snapshots_publish(&worker->snapshots, now, &worker->counts,
                          worker->load_over, false);
    }
    worker_answer(worker);
    *until = run_clock_to_engine(&worker->clock, next_turn(worker, now));
    return !worker->load_over || !is_quiet(worker);
}

void worker_wait(struct worker *worker, struct instant until)
{
    worker->engine->type->wait(worker->engine, until);
}

void worker_end(struct worker *worker)
{
    struct instant end = run_clock_now(&worker->clock);

    tell_of_self(worker, end);
    record_clients(&worker->recorder, end);
    if (worker->plan->load.model == LOAD_CLOSED &&
        worker->operations_left == 0) {
        worker->load_end = worker->last_verdict; /* ends a counted load */
    }
    snapshots_publish(&worker->snapshots, end, &worker->counts,
                      worker->load_over, true);
}

void worker_run(struct worker *worker, struct instant origin)
{
    struct instant until;

    worker_begin(worker, origin);
    while (worker_turn(worker, &until)) {
        worker_wait(worker, until);
    }
    worker_end(worker);
}

void worker_keep_journal(struct worker *worker, struct journal_part *part)
{
    journal_entry_begin(&worker->recorder.journal, part,
                        worker->engine->shape.transfers, &worker->arena);
}

void worker_wake(const struct worker *worker)
{
    worker->engine->type->wake(worker->engine);
}

const struct engine *worker_engine(const struct worker *worker)
{
    return worker->engine;
}

void worker_snapshot(struct worker *worker, struct worker_snapshot *snapshot)
{
    snapshots_read(&worker->snapshots, snapshot);
}

const struct tally *worker_tally(const struct worker *worker)
{
    return &worker->recorder.tally;
}

const struct effect_logs *worker_effect_logs(const struct worker *worker)
{
    return &worker->recorder.logs;
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

const struct failed_exchanges *worker_failed(const struct worker *worker)
{
    return &worker->failed;
}
