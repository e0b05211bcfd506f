#include "host/fleet.h"

#include "base/must.h"
#include "effects/effects_join.h"
#include "host/worker.h"
#include "plan/join.h"
#include "plan/workload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct fleet_member {
    struct fleet *fleet;
    struct worker *worker;
    pthread_t thread;
    bool started;
};

struct fleet {
    const struct plan *plan;
    struct arena arena;
    struct fleet_member *members;
    uint64_t count;
    atomic_int stop;
    /* the start: members report and wait for the word */
    pthread_mutex_t start_lock;
    pthread_cond_t start_changed;
    uint64_t waiting;
    enum { START_AWAITED, START_GIVEN, START_CALLED_OFF } start;
    struct instant origin; /* set before the start is given */
    int64_t origin_unix_ns;
    bool has_ended; /* the worker that fleet_work is for */
    bool has_peeks; /* `merged` has what was counted until the last one */
    struct tally merged;
    struct operation_log **logs;
    struct answers_log **answers;
    struct operation_ending *endings; /* of a replay */
};

static bool make_worker(struct fleet *fleet, const struct engine_type *engine,
                        void *settings, uint64_t index, struct errors *errors)
{
    struct fleet_member *first = &fleet->members[0];
    struct worker_options options = {
        .plan = fleet->plan,
        .index = index,
        .count = fleet->count,
        .engine = engine,
        .settings = settings,
        .first = index > 0 ? worker_engine(first->worker) : NULL,
        .stop = &fleet->stop,
        .endings = fleet->endings,
    };
    fleet->members[index].fleet = fleet;
    fleet->members[index].worker = worker_new(&options, errors);
    return fleet->members[index].worker != NULL;
}

struct fleet *fleet_new(const struct plan *plan,
                        const struct engine_type *engine, void *settings,
                        struct errors *errors)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    if (!fleet) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return NULL;
    }
    fleet->plan = plan;
    atomic_init(&fleet->stop, 0);
    pthread_mutex_init(&fleet->start_lock, NULL);
    pthread_cond_init(&fleet->start_changed, NULL);
    fleet->count = plan->load.threads;
    fleet->members =
        arena_array(&fleet->arena, fleet->count, sizeof(*fleet->members));
    fleet->logs =
        arena_array(&fleet->arena, fleet->count + 1, sizeof(*fleet->logs));
    fleet->answers =
        arena_array(&fleet->arena, fleet->count, sizeof(*fleet->answers));
    if (workload_has_end(workload_of(plan))) {
        fleet->endings = arena_array(&fleet->arena, workload_of(plan)->count,
                                     sizeof(*fleet->endings));
    }
    bool ok = true;
    for (uint64_t i = 0; ok && i < fleet->count; i++) {
        ok = make_worker(fleet, engine, settings, i, errors);
    }
    if (!ok) {
        fleet_free(fleet);
        return NULL;
    }
    return fleet;
}

void fleet_keep_journal(struct fleet *fleet, struct journal *journal)
{
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_keep_journal(fleet->members[i].worker,
                            journal_part(journal, i));
    }
}

static void *member_main(void *argument)
{
    struct fleet_member *member = argument;
    struct fleet *fleet = member->fleet;

    /* The kernel rounds sleeps up by 50 us unless asked not to. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    pthread_mutex_lock(&fleet->start_lock);
    fleet->waiting++;
    pthread_cond_broadcast(&fleet->start_changed);
    while (fleet->start == START_AWAITED) {
        pthread_cond_wait(&fleet->start_changed, &fleet->start_lock);
    }
    bool given = fleet->start == START_GIVEN;
    pthread_mutex_unlock(&fleet->start_lock);
    if (given) {
        worker_run(member->worker, fleet->origin);
    }
    return NULL;
}

static void call_off(struct fleet *fleet)
{
    pthread_mutex_lock(&fleet->start_lock);
    fleet->start = START_CALLED_OFF;
    pthread_cond_broadcast(&fleet->start_changed);
    pthread_mutex_unlock(&fleet->start_lock);
    for (uint64_t i = 0; i < fleet->count; i++) {
        if (fleet->members[i].started) {
            pthread_join(fleet->members[i].thread, NULL);
            fleet->members[i].started = false;
        }
    }
}

static const struct engine *first_engine(const struct fleet *fleet)
{
    return worker_engine(fleet->members[0].worker);
}

static bool time_is_real(const struct fleet *fleet)
{
    return first_engine(fleet)->type->has_real_time;
}

static void set_origin(struct fleet *fleet, struct duration from_now)
{
    const struct engine *engine = first_engine(fleet);
    fleet->origin = instant_add(engine_now(engine), from_now);
    fleet->origin_unix_ns = fleet->origin.ns + engine->unix_offset_ns;
}

/* Gives the start when all threads run, so that none starts late. */
static void give_start(struct fleet *fleet)
{
    pthread_mutex_lock(&fleet->start_lock);
    while (fleet->waiting < fleet->count) {
        pthread_cond_wait(&fleet->start_changed, &fleet->start_lock);
    }
    set_origin(fleet, duration_ms(1));
    fleet->start = START_GIVEN;
    pthread_cond_broadcast(&fleet->start_changed);
    pthread_mutex_unlock(&fleet->start_lock);
}

bool fleet_start(struct fleet *fleet, struct errors *errors)
{
    if (!time_is_real(fleet)) {
        must(fleet->count == 1);
        set_origin(fleet, DURATION_ZERO);
        worker_begin(fleet->members[0].worker, fleet->origin);
        return true;
    }
    for (uint64_t i = 0; i < fleet->count; i++) {
        struct fleet_member *member = &fleet->members[i];
        int failed =
            pthread_create(&member->thread, NULL, member_main, member);
        if (failed) {
            errors_add(errors, ERROR_NO_RESOURCE,
                       "a thread could not be started: %s", strerror(failed));
            call_off(fleet);
            return false;
        }
        member->started = true;
    }
    give_start(fleet);
    return true;
}

bool fleet_work(struct fleet *fleet, uint64_t turns)
{
    struct worker *worker = fleet->members[0].worker;
    struct instant until;

    if (time_is_real(fleet)) {
        return false;
    }
    for (uint64_t i = 0; i < turns && !fleet->has_ended; i++) {
        if (worker_turn(worker, &until)) {
            worker_wait(worker, until);
        } else {
            worker_end(worker);
            fleet->has_ended = true;
        }
    }
    return true;
}

void fleet_allow_peek(struct fleet *fleet)
{
    const struct worker *first = fleet->members[0].worker;

    must(!fleet->has_peeks);
    fleet->has_peeks = true;
    tally_init(&fleet->merged, &fleet->arena, &worker_tally(first)->config);
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_allow_peek(fleet->members[i].worker);
    }
}

void fleet_ask(struct fleet *fleet)
{
    must(fleet->has_peeks);
    for (uint64_t i = 0; i < fleet->count; i++) {
        peek_ask(worker_peek(fleet->members[i].worker));
    }
}

/* Nobody else does any more, or ever did. */
static bool answers_here(const struct fleet *fleet, struct worker *worker)
{
    struct worker_snapshot snapshot;

    worker_snapshot(worker, &snapshot);
    return snapshot.ended || !time_is_real(fleet);
}

static bool is_answered(const struct fleet *fleet)
{
    bool all = true;

    for (uint64_t i = 0; i < fleet->count; i++) {
        struct worker *worker = fleet->members[i].worker;
        if (!peek_is_answered(worker_peek(worker)) &&
            answers_here(fleet, worker)) {
            worker_answer(worker);
        }
        all = all && peek_is_answered(worker_peek(worker));
    }
    return all;
}

/* Adds the parts that have come. */
static void merge_parts(struct fleet *fleet)
{
    tally_forget_failures(&fleet->merged);
    for (uint64_t i = 0; i < fleet->count; i++) {
        struct peek *peek = worker_peek(fleet->members[i].worker);
        if (peek_is_answered(peek)) {
            tally_merge(&fleet->merged, peek->part);
            peek_done(peek);
        }
    }
}

bool fleet_peek(struct fleet *fleet, struct fleet_figures *figures)
{
    if (!is_answered(fleet)) {
        return false;
    }
    *figures = (struct fleet_figures){
        .tally = &fleet->merged,
        .at = {INT64_MIN},
        .load_time = {INT64_MIN},
        .cpu_share = -1,
    };
    for (uint64_t i = 0; i < fleet->count; i++) {
        const struct peek_facts *facts =
            &worker_peek(fleet->members[i].worker)->facts;
        figures->at = instant_max(figures->at, facts->at);
        figures->load_time =
            duration_max(figures->load_time, facts->load_time);
        figures->cpu_share = facts->cpu_share > figures->cpu_share
                                 ? facts->cpu_share
                                 : figures->cpu_share;
    }
    merge_parts(fleet);
    return true;
}

void fleet_snapshot(struct fleet *fleet, struct fleet_snapshot *snapshot)
{
    struct worker_snapshot one;
    uint32_t recent[RECENT_ALL] = {0};

    *snapshot = (struct fleet_snapshot){.load_over = true, .ended = true};
    snapshot->now = (struct instant){engine_now(first_engine(fleet)).ns -
                                     fleet->origin.ns};
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_snapshot(fleet->members[i].worker, &one);
        snapshot->started += one.counts.started;
        snapshot->finished += one.counts.finished;
        snapshot->succeeded += one.counts.succeeded;
        snapshot->attempts += one.counts.attempts;
        snapshot->on_wire += one.counts.on_wire;
        snapshot->in_flight += one.counts.in_flight;
        snapshot->missed += one.counts.missed;
        snapshot->load_over &= one.load_over;
        snapshot->ended &= one.ended;
        for (size_t b = 0; b < RECENT_ALL; b++) {
            recent[b] += one.recent[b];
        }
    }
    snapshot->p99_us = snapshot_quantile_us(recent, 0.99);
}

void fleet_stop(struct fleet *fleet)
{
    atomic_fetch_add(&fleet->stop, 1);
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_wake(fleet->members[i].worker);
    }
}

/* Operations of earlier runs that an interrupted run did not come to are still
 * to be joined. */
static void log_unstarted(struct fleet *fleet)
{
    const struct plan *plan = fleet->plan;
    uint64_t count = workload_of(plan)->count;
    struct operation_log *log = operation_log_new(&fleet->arena, count);
    struct picker picker;
    struct planned_operation one;

    picker_init(&picker, plan, 0, 1, &fleet->arena);
    for (uint64_t i = 0; i < count; i++) {
        picker_next(&picker, i, 0, 0, &one);
        if (fleet->endings[i].started ||
            plan->requests[one.request].config.effect != YES) {
            continue;
        }
        struct template_subject subject =
            planned_operation_subject(plan, &one, 1);
        struct fact fact = {.kind = FACT_FINISHED};
        fact.finished.verdict = VERDICT_SHED;
        fact.finished.was_before = one.is_repeated;
        fact.finished.verdict_before = one.earlier.verdict;
        fact.finished.attempts_before = one.earlier.attempts;
        fact.finished.one_key = one.earlier.one_key;
        fact.finished.operation = one.number;
        fact.finished.join = join_id(plan, &subject);
        operation_log_take(log, &fact);
    }
    fleet->logs[fleet->count] = log;
}

/* What the workers have counted, after the last peek where there was one. */
static void merge_all(struct fleet *fleet)
{
    const struct tally *first = worker_tally(fleet->members[0].worker);

    if (fleet->has_peeks) {
        merge_parts(fleet);
        tally_forget_failures(&fleet->merged);
        fleet->merged.config = first->config;
    } else {
        tally_init(&fleet->merged, &fleet->arena, &first->config);
    }
    for (uint64_t i = 0; i < fleet->count; i++) {
        tally_merge(&fleet->merged, worker_tally(fleet->members[i].worker));
    }
    tally_check(&fleet->merged);
}

const struct tally *fleet_join(struct fleet *fleet)
{
    (void)fleet_work(fleet, UINT64_MAX);
    for (uint64_t i = 0; i < fleet->count; i++) {
        if (fleet->members[i].started) {
            pthread_join(fleet->members[i].thread, NULL);
            fleet->members[i].started = false;
        }
        worker_close_connections(fleet->members[i].worker);
        const struct effect_logs *logs =
            worker_effect_logs(fleet->members[i].worker);
        fleet->logs[i] = logs->operations;
        fleet->answers[i] = logs->answers;
    }
    if (fleet->endings && fleet->plan->has_ledger) {
        log_unstarted(fleet);
    }
    merge_all(fleet);
    return &fleet->merged;
}

struct operation_log **fleet_effects_logs(struct fleet *fleet, size_t *count)
{
    *count = fleet->count + (fleet->logs[fleet->count] != NULL);
    return fleet->logs;
}

struct answers_log **fleet_answers_logs(struct fleet *fleet, size_t *count)
{
    *count = fleet->count;
    return fleet->answers;
}

const struct operation_ending *fleet_endings(const struct fleet *fleet)
{
    return fleet->endings;
}

double fleet_cpu_share(const struct fleet *fleet)
{
    double share = -1;
    for (uint64_t i = 0; i < fleet->count; i++) {
        double one = worker_cpu_share(fleet->members[i].worker);
        share = one > share ? one : share;
    }
    return share;
}

/* Arrivals are dealt out in turn: the first that nobody started any
 * more, of all workers, is where the load would have gone on. */
static bool ends_with_first_left_out(const struct fleet *fleet)
{
    const struct load_config *load = &fleet->plan->load;
    bool counted =
        load->model == LOAD_OPEN && load->operations >= fleet->count;
    for (uint64_t i = 0; i < fleet->count; i++) {
        counted &= worker_load_was_counted(fleet->members[i].worker);
    }
    return counted;
}

struct duration fleet_load_time(const struct fleet *fleet)
{
    bool first = ends_with_first_left_out(fleet);
    struct duration time = worker_load_end(fleet->members[0].worker);
    for (uint64_t i = 1; i < fleet->count; i++) {
        struct duration one = worker_load_end(fleet->members[i].worker);
        time = first ? duration_min(time, one) : duration_max(time, one);
    }
    return time;
}

const char *fleet_place(const struct fleet *fleet)
{
    return worker_engine(fleet->members[0].worker)->place;
}

struct instant fleet_origin(const struct fleet *fleet)
{
    return fleet->origin;
}

int64_t fleet_origin_unix_ns(const struct fleet *fleet)
{
    return fleet->origin_unix_ns;
}

size_t fleet_worker_count(const struct fleet *fleet)
{
    return fleet->count;
}

const struct failed_exchanges *fleet_failed(const struct fleet *fleet,
                                            size_t worker)
{
    must(worker < fleet->count);
    return worker_failed(fleet->members[worker].worker);
}

void fleet_free(struct fleet *fleet)
{
    for (uint64_t i = fleet->count; i-- > 0;) {
        must(!fleet->members[i].started);
        if (fleet->members[i].worker) {
            worker_free(fleet->members[i].worker);
        }
    }
    pthread_cond_destroy(&fleet->start_changed);
    pthread_mutex_destroy(&fleet->start_lock);
    arena_release(&fleet->arena);
    free(fleet);
}
