/* A fleet in virtual time: one worker runs in the calling thread; of several,
 * each with a clock of its own, all is merged. */
#include "host/fleet.h"

#include "base/must.h"
#include "effects/effects_join.h"
#include "engine/virtual/engine_virtual.h"
#include "measure/series.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A service that answers all the same, from any thread. */
struct counter {
    atomic_uint arrived;
    pthread_t last; /* of one thread alone */
};

static void arrive(void *context, struct virtual_request *request,
                   struct instant now)
{
    static const struct virtual_answer answer = {.status = 201};
    struct counter *counter = context;
    (void)now;
    atomic_fetch_add(&counter->arrived, 1);
    virtual_answer(request, duration_ms(30), &answer);
}

static void arrive_alone(void *context, struct virtual_request *request,
                         struct instant now)
{
    struct counter *counter = context;
    counter->last = pthread_self();
    arrive(context, request, now);
}

/* A virtual engine that says that its time is real: then there may be
 * several, each in a thread and a time of its own. */
static struct engine_type threaded;

static struct engine *open_threaded(const struct engine_options *options,
                                    struct errors *errors)
{
    struct engine_options own = *options;
    own.first = NULL;
    struct engine *engine = engine_virtual.open(&own, errors);
    if (engine) {
        engine->type = &threaded;
    }
    return engine;
}

struct bench {
    struct counter counter;
    struct virtual_settings settings;
    struct plan *plan;
    struct fleet *fleet;
    struct errors errors;
};

static void begin_for(struct bench *bench, const struct engine_type *engine,
                      const char *threads, const char *length)
{
    const char *const sets[] = {
        threads,
        "load.model=open",
        "load.rate=20/s",
        length,
        "idempotency.scope=operation",
        "idempotency.key=uuid4",
        "idempotency.header=Idempotency-Key",
        "ledger.url=/ledger",
        "ledger.key={{key}}",
    };
    struct plan_input input = {
        .set_count = array_length(sets),
        .sets = sets,
        .url = "http://service.invalid/orders",
        .method = "POST",
        .has_seed = true,
        .seed = 7,
        .run = 1,
    };
    bench->errors = (struct errors)ERRORS_INIT;
    bench->plan = plan_read(&input, &bench->errors);
    errors_print(&bench->errors, stdout);
    assert_non_null(bench->plan);
    bench->settings = (struct virtual_settings){
        .service = {.context = &bench->counter,
                    .arrive = engine == &threaded ? arrive : arrive_alone},
        .way = duration_ms(10),
        .keeps_connections = true,
        .unix_ns = INT64_C(1764000000) * NS_PER_S,
    };
    atomic_init(&bench->counter.arrived, 0);
    bench->fleet =
        fleet_new(bench->plan, engine, &bench->settings, &bench->errors);
    assert_non_null(bench->fleet);
}

static void begin(struct bench *bench, const struct engine_type *engine,
                  const char *threads)
{
    begin_for(bench, engine, threads, "load.duration=1s");
}

static void end(struct bench *bench)
{
    fleet_free(bench->fleet);
    plan_free(bench->plan);
}

static void test_virtual_time_runs_here_and_now(void **state)
{
    struct bench bench;
    struct fleet_snapshot snapshot;
    (void)state;
    begin(&bench, &engine_virtual, "load.threads=1");

    assert_true(fleet_start(bench.fleet, &bench.errors));
    assert_true(fleet_work(bench.fleet, 1));
    fleet_snapshot(bench.fleet, &snapshot);
    assert_false(snapshot.ended);
    assert_true(fleet_work(bench.fleet, 1000));
    assert_true(pthread_equal(bench.counter.last, pthread_self()));
    fleet_snapshot(bench.fleet, &snapshot);
    assert_true(snapshot.ended && snapshot.load_over);
    assert_int_equal(snapshot.started, 20);
    assert_int_equal(snapshot.finished, 20);
    assert_int_equal(snapshot.succeeded, 20);
    assert_int_equal(snapshot.attempts, 20);
    assert_int_equal(snapshot.on_wire, 20);
    assert_int_equal(snapshot.in_flight, 0);
    assert_int_equal(snapshot.now.ns, 1000 * NS_PER_MS);
    assert_int_equal(fleet_join(bench.fleet)->total.started, 20);
    assert_int_equal(fleet_load_time(bench.fleet).ns, 1 * NS_PER_S);
    assert_int_equal(fleet_origin_unix_ns(bench.fleet),
                     INT64_C(1764000000) * NS_PER_S);
    assert_true(fleet_cpu_share(bench.fleet) < 0);
    assert_null(fleet_endings(bench.fleet));
    end(&bench);
}

/* Three threads share the schedule, and its operations. */
static void test_workers_are_merged(void **state)
{
    struct bench bench;
    struct fleet_snapshot snapshot;
    size_t logs;
    struct effect_figures effects = {.oracle = ORACLE_NONE};
    (void)state;
    begin(&bench, &threaded, "load.threads=3");

    assert_true(fleet_start(bench.fleet, &bench.errors));
    assert_false(fleet_work(bench.fleet, 1)); /* the threads do it */
    const struct tally *tally = fleet_join(bench.fleet);
    tally_check(tally);
    assert_int_equal(tally->total.started, 20);
    assert_int_equal(tally->total.verdicts[VERDICT_SUCCEEDED], 20);
    assert_int_equal(tally->total.attempts, 20);
    assert_int_equal(tally->total.hist[HISTOGRAM_OPERATION].count, 20);
    /* The answer is 50 ms away, in every worker's time. */
    assert_int_equal(tally->total.hist[HISTOGRAM_ATTEMPT].min_us, 50000);
    assert_int_equal(tally->total.hist[HISTOGRAM_ATTEMPT].max_us, 50000);
    assert_int_equal(atomic_load(&bench.counter.arrived), 20);
    assert_int_equal(tally->clients.count, 3);

    struct operation_log **list = fleet_effects_logs(bench.fleet, &logs);
    struct effects_join *join = effects_join_new(list, logs);
    effects_join_finish(join, &effects);
    effects_join_free(join);
    assert_int_equal(logs, 3);
    assert_int_equal(effects.operations_checked, 20);
    fleet_snapshot(bench.fleet, &snapshot);
    assert_true(snapshot.ended);
    assert_int_equal(snapshot.finished, 20);
    assert_true(fleet_cpu_share(bench.fleet) >= 0);
    end(&bench);
}

/* Where time is not real, what was counted is there at once, at any turn; what
 * is under way has started. */
static void test_figures_so_far(void **state)
{
    struct bench bench;
    struct fleet_figures figures = {0};
    struct fleet_snapshot snapshot;
    uint64_t started = 0, peeks = 0;
    (void)state;
    begin(&bench, &engine_virtual, "load.threads=1");
    fleet_allow_peek(bench.fleet);
    assert_true(fleet_start(bench.fleet, &bench.errors));

    assert_false(fleet_peek(bench.fleet, &figures)); /* nobody has asked */
    fleet_snapshot(bench.fleet, &snapshot);
    while (!snapshot.ended) {
        assert_true(fleet_work(bench.fleet, 1));
        fleet_ask(bench.fleet);
        fleet_ask(bench.fleet); /* is open already */
        assert_true(fleet_peek(bench.fleet, &figures));
        fleet_snapshot(bench.fleet, &snapshot);
        const struct panel *total = &figures.tally->total;
        assert_int_equal(figures.at.ns, snapshot.now.ns);
        assert_true(panel_in_flight(total) <= 2);
        assert_int_equal(total->hist[HISTOGRAM_OPERATION].count,
                         panel_settled(total));
        assert_true(total->started >= started);
        started = total->started;
        peeks++;
    }
    assert_true(peeks > 20);
    assert_int_equal(started, 20);
    assert_int_equal(figures.load_time.ns, NS_PER_S);
    const struct tally *tally = fleet_join(bench.fleet);
    assert_int_equal(tally->total.hist[HISTOGRAM_OPERATION].count, 20);
    assert_int_equal(tally->clients.count, 1);
    end(&bench);
}

/* Threads answer while they work, and lose nothing by it. */
static void test_threads_answer_while_they_work(void **state)
{
    struct bench bench;
    struct fleet_figures figures;
    uint64_t finished = 0, peeks = 0;
    (void)state;
    begin_for(&bench, &threaded, "load.threads=3", "load.duration=1000s");
    fleet_allow_peek(bench.fleet);
    assert_true(fleet_start(bench.fleet, &bench.errors));

    while (finished < 20000) {
        fleet_ask(bench.fleet);
        if (fleet_peek(bench.fleet, &figures)) {
            const struct panel *total = &figures.tally->total;
            assert_true(panel_finished(total) >= finished);
            assert_true(panel_finished(total) <= total->started);
            assert_int_equal(total->hist[HISTOGRAM_OPERATION].count,
                             panel_finished(total));
            assert_int_equal(total->hist[HISTOGRAM_ATTEMPT].count,
                             total->on_wire);
            finished = panel_finished(total);
            peeks++;
        }
    }
    fleet_ask(bench.fleet); /* the last answer is for the join */
    const struct tally *tally = fleet_join(bench.fleet);
    assert_true(peeks > 0);
    assert_int_equal(tally->total.started, 20000);
    assert_int_equal(tally->total.verdicts[VERDICT_SUCCEEDED], 20000);
    assert_int_equal(tally->total.hist[HISTOGRAM_OPERATION].count, 20000);
    assert_int_equal(tally->series->count, 1001);
    assert_int_equal(tally->clients.count, 3);
    end(&bench);
}

/* What is due at once was offered, and is dropped. */
static void test_stop_before_the_start(void **state)
{
    struct bench bench;
    (void)state;
    begin(&bench, &threaded, "load.threads=2");

    fleet_stop(bench.fleet);
    assert_true(fleet_start(bench.fleet, &bench.errors));
    const struct tally *tally = fleet_join(bench.fleet);
    assert_int_equal(tally->total.started, 0);
    assert_int_equal(atomic_load(&bench.counter.arrived), 0);
    assert_true(fleet_load_time(bench.fleet).ns <= 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virtual_time_runs_here_and_now),
        cmocka_unit_test(test_workers_are_merged),
        cmocka_unit_test(test_figures_so_far),
        cmocka_unit_test(test_threads_answer_while_they_work),
        cmocka_unit_test(test_stop_before_the_start),
    };
    threaded = engine_virtual;
    threaded.name = "threaded";
    threaded.open = open_threaded;
    threaded.has_real_time = true;
    return cmocka_run_group_tests_name("host/fleet", tests, NULL, NULL);
}
