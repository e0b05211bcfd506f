/* Runs in virtual time: one seed makes one document, and what it says of
 * effects is what the model has done. */
#include "run/run.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan *make_plan(uint64_t seed, const char *const *sets,
                              size_t count)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .set_count = count,
        .sets = sets,
        .has_seed = true,
        .seed = seed,
        .run = 1,
    };
    struct plan *plan = plan_read(&input, &errors);
    if (!plan) {
        errors_print(&errors, stdout);
    }
    assert_non_null(plan);
    return plan;
}

#define PLAN(seed, ...) \
    make_plan(seed, (const char *const[]){__VA_ARGS__}, \
              array_length(((const char *const[]){__VA_ARGS__})))

static const struct virtual_settings network = {
    .way = {500 * NS_PER_US},
    .way_on = {100 * NS_PER_US},
    .connect = {1 * NS_PER_MS},
    .keeps_connections = true,
    .unix_ns = INT64_C(1764000000) * NS_PER_S,
};

static struct run *simulate(struct plan *plan, const char *journal)
{
    struct run_options options = {.simulation = &network, .journal = journal};
    struct errors errors = ERRORS_INIT;
    struct run *run = run_make(plan, &options, &errors);

    errors_print(&errors, stdout);
    assert_int_equal(errors.count, 0);
    assert_non_null(run);
    return run;
}

static int number(const struct run *run, const char *section, const char *name)
{
    const cJSON *object =
        cJSON_GetObjectItemCaseSensitive(run_document(run), section);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valueint;
}

/* Lost responses to callers that send again, without keys. */
#define LOSSES \
    "load.operations=2000", "load.rate=500/s", "load.arrival=poisson", \
        "ledger.url=/ledger", "ledger.key={{op.id}}", \
        "idempotency.scope=none", "faults[0].kind=lost_response", \
        "faults[0].ratio=0.1", "faults[0].as=reset", "retry.max_attempts=3"

static char *document_of(uint64_t seed)
{
    struct plan *plan = PLAN(seed, LOSSES);
    struct run *run = simulate(plan, NULL);
    char *text = cJSON_Print(run_document(run));
    run_free(run);
    plan_free(plan);
    return text;
}

static void test_a_seed_is_a_document(void **state)
{
    (void)state;
    char *first = document_of(7), *again = document_of(7),
         *other = document_of(8);

    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    cJSON_free(first);
    cJSON_free(again);
    cJSON_free(other);
}

/* Each lost response was delivered, and done; each that was sent again was
 * done again. */
static void test_effects_are_those_of_the_model(void **state)
{
    (void)state;
    struct plan *plan = PLAN(7, LOSSES);
    struct run *run = simulate(plan, NULL);
    const struct effect_figures *effects = &run_result(run)->effects;

    assert_int_equal(run_result(run)->verdict, RUN_DONE);
    assert_int_equal(effects->oracle, ORACLE_LEDGER);
    assert_int_equal(number(run, "operations", "started"), 2000);
    assert_int_equal(effects->total_effects,
                     number(run, "attempts", "on_wire"));
    assert_true(number(run, "effects", "duplicate") > 100);
    assert_int_equal(number(run, "effects", "lost"), 0);
    assert_int_equal(number(run, "effects", "extra_effects"),
                     number(run, "attempts", "on_wire") - 2000);
    /* 2000 at 500/s, and the drain: virtual time. */
    assert_in_range(number(run, "run", "duration_us"), 3500000, 4500000);
    run_free(run);
    plan_free(plan);
}

/* The same with a key store. */
static void test_keys_make_each_of_them_one(void **state)
{
    (void)state;
    struct plan *plan = PLAN(7, LOSSES, "idempotency.scope=operation",
                             "service.idempotency=atomic");
    struct run *run = simulate(plan, NULL);

    assert_true(number(run, "attempts", "retries") > 100);
    assert_int_equal(number(run, "effects", "duplicate"), 0);
    assert_int_equal(number(run, "effects", "exactly_once"),
                     number(run, "operations", "succeeded"));
    run_free(run);
    plan_free(plan);
}

/* What is marked is judged as a fault is; what is done outside is refused,
 * where there is no time that it could be done at. */
static void test_timeline(void **state)
{
    (void)state;
    struct plan *plan =
        PLAN(7, "load.rate=200/s", "load.duration=8s",
             "service.faults[0].kind=error", "service.faults[0].from=3s",
             "service.faults[0].for=1s", "timeline[0].at=3s",
             "timeline[0].name=drill", "timeline[0].mark=true",
             "timeline[0].until=4500ms");
    struct run *run = simulate(plan, NULL);
    const struct result *result = run_result(run);

    assert_int_equal(result->recoveries.count, 1);
    assert_int_equal(result->recoveries.all[0].count, 2);
    assert_int_equal(result->recoveries.all[0].word, RECOVERY_BACK);
    assert_int_equal(result->recoveries.all[0].until.ns,
                     INT64_C(4500) * NS_PER_MS);
    assert_int_equal(result->recoveries.all[0].back.ns, 0);
    run_free(run);
    plan_free(plan);

    struct run_options options = {.simulation = &network};
    struct errors errors = ERRORS_INIT;
    plan = PLAN(7, "load.rate=200/s", "load.duration=1s", "timeline[0].at=0s",
                "timeline[0].name=drill", "timeline[0].put=/faults");
    assert_null(run_make(plan, &options, &errors));
    assert_int_equal(errors.count, 1);
    assert_non_null(strstr(errors.list[0].text, "timeline[0]"));
    plan_free(plan);
}

static void test_operations_are_kept_in_virtual_time(void **state)
{
    (void)state;
    struct plan *plan = PLAN(7, LOSSES);
    struct run *run = simulate(plan, "/tmp");
    const struct writer_run *kept = run_for_writers(run);
    const struct event_trace *trace;
    size_t attempts = 0;

    assert_int_equal(kept->events.zero_unix_us, 1764000000 * INT64_C(1000000));
    kept->begin(kept->context);
    while ((trace = kept->next(kept->context))) {
        for (size_t i = 0; i < trace->attempt_count; i++) {
            attempts += trace->attempts[i].was_sent;
        }
    }
    assert_true(kept->end(kept->context));
    assert_int_equal(attempts, number(run, "attempts", "on_wire"));
    run_free(run);
    plan_free(plan);
}

static void test_what_cannot_be_simulated_is_refused(void **state)
{
    (void)state;
    struct plan *plan =
        PLAN(7, "ledger.url=/ledger", "ledger.columns=count_time");
    struct run_options options = {.simulation = &network};
    struct errors errors = ERRORS_INIT;

    assert_null(run_make(plan, &options, &errors));
    assert_int_equal(errors.list[0].code, ERROR_CONTRADICTION);
    plan_free(plan);
}

static void stop_at_first_verdict(void *context,
                                  const struct progress *progress)
{
    if (progress->finished > 0) {
        atomic_store((atomic_uint *)context, 1);
    }
}

/* A day of load ends when it is asked to, and what was done is reported. */
static void test_a_simulation_can_be_stopped(void **state)
{
    atomic_uint stops = 0;
    struct plan *plan = PLAN(7, "load.operations=null", "load.duration=24h",
                             "load.rate=500/s", "ledger.url=/ledger");
    struct run_options options = {
        .simulation = &network,
        .stops = &stops,
        .observer = {.context = &stops, .progress = stop_at_first_verdict}};
    struct errors errors = ERRORS_INIT;
    struct run *run = run_make(plan, &options, &errors);
    (void)state;

    errors_print(&errors, stdout);
    assert_non_null(run);
    assert_int_equal(run_result(run)->verdict, RUN_INCOMPLETE);
    assert_int_equal(number(run, "run", "exit"), 130);
    int started = number(run, "operations", "started");
    assert_in_range(started, 1, 24 * 3600 * 500 - 1);
    assert_int_equal(number(run, "operations", "succeeded"), started);
    assert_int_equal(number(run, "effects", "exactly_once"), started);
    run_free(run);
    plan_free(plan);
}

/* Retries, faults and two requests; now and then nothing is under way. */
#define WATCHED \
    "load.operations=null", "load.rate=10/s", "load.warmup=2s", \
        "requests[0].name=a", "requests[0].method=POST", \
        "requests[0].path=/orders", "requests[1].name=b", \
        "requests[1].path=/healthz", "retry.max_attempts=3", \
        "faults[0].kind=lost_response", "faults[0].ratio=0.2", \
        "faults[0].as=reset", "faults[0].from=20s", "faults[0].for=20s"

/* Who looks at a run while it goes on. */
struct looking {
    struct instant at; /* of the document */
    cJSON *document;   /* the last one of a time when nothing was under way */
    unsigned asked, shown;
    unsigned most;      /* documents; then the run is to end */
    const char *reason; /* why */
};

static bool always(void *context)
{
    struct looking *looking = context;
    looking->asked++;
    return true;
}

static const char *look(void *context, const struct run_so_far *now)
{
    struct looking *looking = context;
    const struct tally *tally = now->result->tally;

    assert_true(now->result->is_so_far);
    assert_int_equal(now->result->verdict, RUN_INCOMPLETE);
    assert_ptr_equal(now->for_writers.series, tally->series);
    looking->shown++;
    if (panel_in_flight(&tally->total) == 0 &&
        tally->sent == tally->total.on_wire && now->at.ns > 30 * NS_PER_S) {
        cJSON_Delete(looking->document);
        looking->document = run_document_so_far(now);
        looking->at = now->at;
    }
    return looking->document && looking->shown >= looking->most
               ? looking->reason
               : NULL;
}

static struct run *look_at(struct plan *plan, struct looking *looking)
{
    struct run_options options = {.simulation = &network,
                                  .observer = {.context = looking,
                                               .wants_figures = always,
                                               .figures = look}};
    struct errors errors = ERRORS_INIT;
    struct run *run = run_make(plan, &options, &errors);

    errors_print(&errors, stdout);
    assert_non_null(run);
    return run;
}

static void assert_same_member(const cJSON *a, const cJSON *b,
                               const char *name)
{
    const cJSON *one = cJSON_GetObjectItemCaseSensitive(a, name);
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, name);
    char *text = cJSON_Print(one), *other_text = cJSON_Print(other);

    assert_non_null(one);
    assert_string_equal(text, other_text);
    cJSON_free(text);
    cJSON_free(other_text);
}

/* The figures so far are those of a run that ends then, and who looks changes
 * nothing. */
static void test_figures_so_far_are_those_of_a_run_that_ends_then(void **state)
{
    static const char *const same[] = {
        "operations", "attempts", "rates",        "success_rate", "latency",
        "herd",       "errors",   "requests",     "phases",       "series",
        "faults",     "recovery", "amplification"};
    struct looking looking = {0};
    char length[64];
    (void)state;
    struct plan *plan = PLAN(7, WATCHED, "load.duration=1h");
    struct run *run = look_at(plan, &looking);
    struct plan *alone_plan = PLAN(7, WATCHED, "load.duration=1h");
    struct run *alone = simulate(alone_plan, NULL);

    assert_true(looking.shown > 10 && looking.asked >= looking.shown);
    assert_non_null(looking.document);
    for (size_t i = 0; i < array_length(same); i++) {
        assert_same_member(run_document(run), run_document(alone), same[i]);
    }
    run_free(alone);
    plan_free(alone_plan);
    run_free(run);
    plan_free(plan);

    snprintf(length, sizeof(length), "load.duration=%.3fus",
             (double)looking.at.ns / 1e3 - 2e6);
    plan = PLAN(7, WATCHED, length);
    run = simulate(plan, NULL);
    for (size_t i = 0; i < array_length(same); i++) {
        assert_same_member(looking.document, run_document(run), same[i]);
    }
    const cJSON *about =
        cJSON_GetObjectItemCaseSensitive(looking.document, "run");
    assert_true(
        cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(about, "complete")));
    cJSON_Delete(looking.document);
    run_free(run);
    plan_free(plan);
}

/* Who looks may have seen enough. */
static void test_an_observer_ends_a_run(void **state)
{
    struct looking looking = {.most = 3, .reason = "p99 is above 1 s"};
    (void)state;
    struct plan *plan = PLAN(7, WATCHED, "load.duration=24h");
    struct run *run = look_at(plan, &looking);
    const cJSON *about =
        cJSON_GetObjectItemCaseSensitive(run_document(run), "run");

    assert_int_equal(run_result(run)->verdict, RUN_FAIL);
    assert_int_equal(number(run, "run", "exit"), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                            about, "problem")),
                        "p99 is above 1 s");
    assert_true(
        cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(about, "complete")));
    assert_in_range(number(run, "operations", "started"), 1,
                    24 * 3600 * 10 - 1);
    cJSON_Delete(looking.document);
    run_free(run);
    plan_free(plan);
}

#define FAILS_AT_5S \
    "service.faults=[{\"kind\": \"error\", \"from\": \"5s\"}]", \
        "load.rate=200/s", "load.duration=1h", "load.warmup=0s"

/* It ends when the condition has held, says which one and when, and keeps what
 * was measured; a condition that does not hold changes nothing. */
static void test_a_condition_ends_a_run_in_virtual_time(void **state)
{
    (void)state;
    struct plan *plan =
        PLAN(3, FAILS_AT_5S,
             "abort_if=[\"failed{status=404} > 0\", "
             "\"failure_rate{last=2s} > 90% and goodput{last=1s} < 1/s for "
             "3s\"]");
    struct run *run = simulate(plan, NULL);
    const struct result *result = run_result(run);
    const cJSON *about =
        cJSON_GetObjectItemCaseSensitive(run_document(run), "run");

    assert_int_equal(result->verdict, RUN_FAIL);
    assert_false(result->complete);
    assert_int_equal(number(run, "run", "exit"), 1);
    assert_string_equal(
        cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(about, "aborted")),
        "failure_rate{last=2s} > 90% and goodput{last=1s} < 1/s for 3s");
    /* Windows are bad from 7 s on, and it is looked at once a second. */
    int at_us = number(run, "run", "aborted_at_us");
    assert_true(at_us >= 10200000 && at_us < 60000000);
    assert_non_null(strstr(result->problem, "failure_rate{last=2s} > 90%: 100 "
                                            "%; goodput{last=1s} < 1/s: 0"));
    assert_true(result->measured.ns < 60 * NS_PER_S);
    run_free(run);
    plan_free(plan);
}

static void test_a_condition_that_does_not_hold_ends_nothing(void **state)
{
    (void)state;
    struct plan *plan = PLAN(7, WATCHED, "load.duration=40s",
                             "abort_if=[\"success_rate < 1%\"]");
    struct plan *alone_plan = PLAN(7, WATCHED, "load.duration=40s");
    struct run *run = simulate(plan, NULL);
    struct run *alone = simulate(alone_plan, NULL);

    assert_true(run_result(run)->complete);
    assert_same_member(run_document(run), run_document(alone), "operations");
    assert_same_member(run_document(run), run_document(alone), "latency");
    assert_same_member(run_document(run), run_document(alone), "series");
    run_free(run);
    run_free(alone);
    plan_free(plan);
    plan_free(alone_plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seed_is_a_document),
        cmocka_unit_test(test_effects_are_those_of_the_model),
        cmocka_unit_test(test_keys_make_each_of_them_one),
        cmocka_unit_test(test_timeline),
        cmocka_unit_test(test_operations_are_kept_in_virtual_time),
        cmocka_unit_test(test_what_cannot_be_simulated_is_refused),
        cmocka_unit_test(test_a_simulation_can_be_stopped),
        cmocka_unit_test(
            test_figures_so_far_are_those_of_a_run_that_ends_then),
        cmocka_unit_test(test_a_condition_ends_a_run_in_virtual_time),
        cmocka_unit_test(test_a_condition_that_does_not_hold_ends_nothing),
        cmocka_unit_test(test_an_observer_ends_a_run),
    };
    return cmocka_run_group_tests_name("run/simulation", tests, NULL, NULL);
}
