#include "transport/fleet.h"

#include "base/must.h"
#include "measure/effects.h"
#include "transport/clock.h"
#include "transport/route.h"
#include "transport/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    DESCRIPTORS_BESIDE = 64, /* files, epolls, libraries: what is not a
                              * connection */
};

struct crew_member {
    struct fleet *fleet;
    struct worker *worker;
    pthread_t thread;
    bool started;
};

struct fleet {
    const struct plan *plan;
    struct arena arena;
    struct curl_slist *pinned;
    struct crew_member *members;
    uint64_t count;
    atomic_int stop;
    /* the start: members report and wait for the word */
    pthread_mutex_t start_lock;
    pthread_cond_t start_changed;
    uint64_t waiting;
    enum { START_AWAITED, START_GIVEN, START_CALLED_OFF } start;
    struct instant origin; /* set before the start is given */
    int64_t origin_unix_ns;
    struct tally merged;
    struct effects_log **logs;
    struct answers_log **answers;
    struct letter_ending *endings; /* of a replay */
};

/* Raises the process's limit of descriptors as far as it may, and returns
 * it. */
static size_t descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit.rlim_cur = limit.rlim_max;
        }
    }
    /* The loop keeps a word a descriptor. */
    return limit.rlim_cur < 4 * 1024 * 1024 ? (size_t)limit.rlim_cur
                                            : 4 * 1024 * 1024;
}

/* Those of libcurl's multi handles. */
static uint64_t descriptors_of_shards(const struct plan *plan)
{
    uint64_t shards = 0;
    for (uint64_t i = 0; i < plan->load.threads; i++) {
        struct loop_shape shape = worker_shape(plan, i, plan->load.threads);
        shards += loop_shards(&shape);
    }
    return shards * LOOP_SHARD_DESCRIPTORS;
}

bool fleet_has_descriptors(const struct plan *plan, uint64_t sides,
                           struct errors *errors)
{
    bool own = plan->load.pool == POOL_PER_CLIENT;
    size_t limit = descriptor_limit();
    uint64_t connections =
        plan->load.connections * plan_connections_a_caller(plan);
    uint64_t needed = connections * sides + descriptors_of_shards(plan) +
                      DESCRIPTORS_BESIDE;
    if (needed <= limit) {
        return true;
    }
    struct error *error = errors_add(
        errors, ERROR_NO_RESOURCE,
        "%llu connections%s need %llu descriptors, and this process may have "
        "%zu",
        (unsigned long long)connections, own ? " in pools of their own" : "",
        (unsigned long long)needed, limit);
    error_hint(error, "raise the limit (ulimit -n %llu) or use fewer "
                      "connections (-c)%s",
               (unsigned long long)needed, own ? " and clients" : "");
    return false;
}

uint64_t fleet_connections_max(const struct plan *plan, uint64_t sides)
{
    const struct load_config *load = &plan->load;
    uint64_t pools =
        load->pool == POOL_PER_CLIENT ? load->clients : load->threads;
    uint64_t beside = DESCRIPTORS_BESIDE + pools * LOOP_SHARD_DESCRIPTORS;
    uint64_t limit = descriptor_limit();
    /* A shard more for every LOOP_SHARD_SIZE connections; and each pool may
     * have one that is not full. */
    uint64_t each = plan_connections_a_caller(plan) *
                    (sides * LOOP_SHARD_SIZE + LOOP_SHARD_DESCRIPTORS);
    uint64_t room = limit > beside ? (limit - beside) * LOOP_SHARD_SIZE : 0;
    return room > each ? room / each : 1;
}

struct fleet *fleet_new(const struct plan *plan, struct errors *errors)
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
    if (plan->letters) {
        fleet->endings = arena_array(&fleet->arena, plan->letters->count,
                                     sizeof(*fleet->endings));
    }
    bool ok = route_find(plan, &fleet->pinned, errors);
    for (uint64_t i = 0; ok && i < fleet->count; i++) {
        struct worker_options options = {
            .plan = plan,
            .index = i,
            .count = fleet->count,
            .pinned = fleet->pinned,
            .descriptors = descriptor_limit(),
            .stop = &fleet->stop,
            .endings = fleet->endings,
        };
        fleet->members[i].fleet = fleet;
        fleet->members[i].worker = worker_new(&options, errors);
        ok = fleet->members[i].worker != NULL;
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

struct instant fleet_origin(const struct fleet *fleet)
{
    return fleet->origin;
}

static void *member_main(void *argument)
{
    struct crew_member *member = argument;
    struct fleet *fleet = member->fleet;

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

bool fleet_start(struct fleet *fleet, struct errors *errors)
{
    for (uint64_t i = 0; i < fleet->count; i++) {
        struct crew_member *member = &fleet->members[i];
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
    /* All run before the clock does, so that none starts late. */
    pthread_mutex_lock(&fleet->start_lock);
    while (fleet->waiting < fleet->count) {
        pthread_cond_wait(&fleet->start_changed, &fleet->start_lock);
    }
    fleet->origin = instant_add(clock_now(), duration_ms(1));
    fleet->origin_unix_ns = clock_unix_ns() + NS_PER_MS;
    fleet->start = START_GIVEN;
    pthread_cond_broadcast(&fleet->start_changed);
    pthread_mutex_unlock(&fleet->start_lock);
    return true;
}

static int64_t recent_quantile_us(const uint32_t *bins, double q)
{
    uint64_t total = 0;
    for (size_t i = 0; i < RECENT_BINS; i++) {
        total += bins[i];
    }
    if (total == 0) {
        return -1;
    }
    uint64_t rank = (uint64_t)(q * (double)total);
    uint64_t seen = 0;
    for (size_t i = 0; i < RECENT_BINS; i++) {
        seen += bins[i];
        if (seen > rank) {
            return recent_bin_us(i);
        }
    }
    return recent_bin_us(RECENT_BINS - 1);
}

void fleet_snapshot(struct fleet *fleet, struct fleet_snapshot *snapshot)
{
    struct worker_snapshot one;
    uint32_t recent[RECENT_BINS] = {0};

    *snapshot = (struct fleet_snapshot){.load_over = true, .ended = true};
    snapshot->now = (struct instant){clock_now().ns - fleet->origin.ns};
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_snapshot(fleet->members[i].worker, &one);
        snapshot->started += one.started;
        snapshot->finished += one.finished;
        snapshot->acked += one.acked;
        snapshot->attempts += one.attempts;
        snapshot->on_wire += one.on_wire;
        snapshot->in_flight += one.in_flight;
        snapshot->load_over &= one.load_over;
        snapshot->ended &= one.ended;
        for (size_t b = 0; b < RECENT_BINS; b++) {
            recent[b] += one.recent[b];
        }
    }
    snapshot->p99_us = recent_quantile_us(recent, 0.99);
}

void fleet_stop(struct fleet *fleet)
{
    atomic_fetch_add(&fleet->stop, 1);
    for (uint64_t i = 0; i < fleet->count; i++) {
        worker_wake(fleet->members[i].worker);
    }
}

/* What an interrupted replay did not come to is still to be joined. */
static void log_unstarted(struct fleet *fleet)
{
    const struct plan *plan = fleet->plan;
    struct effects_log *log =
        effects_log_new(&fleet->arena, plan->letters->count);

    for (size_t i = 0; i < plan->letters->count; i++) {
        const struct letter *letter = &plan->letters->items[i];
        const struct request_config *request =
            &plan->requests[letter->request].config;
        if (fleet->endings[i].started || request->effect != YES) {
            continue;
        }
        struct template_subject subject = letters_subject(plan, letter, 1);
        struct fact fact = {.kind = FACT_FINISHED};
        fact.finished.verdict = VERDICT_SHED;
        fact.finished.was_before = true;
        fact.finished.verdict_before = letter->verdict;
        fact.finished.attempts_before = letter->attempts;
        fact.finished.one_key = letter->one_key;
        fact.finished.operation = letter->number;
        fact.finished.join = letters_join(plan, &subject);
        effects_log_take(log, &fact);
    }
    fleet->logs[fleet->count] = log;
}

const struct tally *fleet_join(struct fleet *fleet)
{
    const struct tally *first;

    for (uint64_t i = 0; i < fleet->count; i++) {
        pthread_join(fleet->members[i].thread, NULL);
        fleet->members[i].started = false;
        worker_hang_up(fleet->members[i].worker);
        const struct tally *tally = worker_tally(fleet->members[i].worker);
        fleet->logs[i] = tally->effects;
        fleet->answers[i] = tally->answers;
    }
    if (fleet->plan->letters && fleet->plan->has_ledger) {
        log_unstarted(fleet);
    }
    first = worker_tally(fleet->members[0].worker);
    struct tally_config config = first->config;
    config.keep_effects = false;
    config.keep_answers = false;
    tally_init(&fleet->merged, &fleet->arena, &config);
    for (uint64_t i = 0; i < fleet->count; i++) {
        tally_merge(&fleet->merged, worker_tally(fleet->members[i].worker));
    }
    tally_check(&fleet->merged);
    return &fleet->merged;
}

struct effects_log **fleet_effects_logs(struct fleet *fleet, size_t *count)
{
    *count = fleet->count + (fleet->logs[fleet->count] != NULL);
    return fleet->logs;
}

struct answers_log **fleet_answers_logs(struct fleet *fleet, size_t *count)
{
    *count = fleet->count;
    return fleet->answers;
}

const struct letter_ending *fleet_endings(const struct fleet *fleet)
{
    return fleet->endings;
}

double fleet_cpu_share(const struct fleet *fleet)
{
    double share = 0;
    for (uint64_t i = 0; i < fleet->count; i++) {
        double one = worker_cpu_share(fleet->members[i].worker);
        share = one > share ? one : share;
    }
    return share;
}

/* Constant arrivals are dealt out in turn: the first that nobody started any
 * more, of all workers, is where the load would have gone on. */
static bool ends_with_first_left_out(const struct fleet *fleet)
{
    const struct load_config *load = &fleet->plan->load;
    bool counted = load->arrival == ARRIVAL_CONSTANT &&
                   load->operations >= fleet->count;
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

int64_t fleet_origin_unix_ns(const struct fleet *fleet)
{
    return fleet->origin_unix_ns;
}

void fleet_free(struct fleet *fleet)
{
    for (uint64_t i = 0; i < fleet->count; i++) {
        must(!fleet->members[i].started);
        if (fleet->members[i].worker) {
            worker_free(fleet->members[i].worker);
        }
    }
    pthread_cond_destroy(&fleet->start_changed);
    pthread_mutex_destroy(&fleet->start_lock);
    curl_slist_free_all(fleet->pinned);
    arena_release(&fleet->arena);
    free(fleet);
}
