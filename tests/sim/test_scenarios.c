/*
 * Each scenario shows in virtual time what its `about` says, by the figure
 * that it names, and its remedies help. Where a figure follows from
 * arithmetic, it is held against that: shares of the time, powers of a chance,
 * queues as fluids, M/M/4.
 */
#include "base/json.h"
#include "base/must.h"
#include "run/run.h"
#include "run/simulation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 7, SETS_MAX = 6 };

static const struct virtual_settings network = {
    .way = {50 * NS_PER_US},
    .connect = {50 * NS_PER_US},
    .keeps_connections = true,
};

struct play {
    const char *scenario, *client;
    struct plan *plan;
    struct run *run;
    const cJSON *document;
};

/* A scenario under a client of profiles/strategies; sets, or NULL. */
static void begin(struct play *play, const char *scenario, const char *client,
                  const char *const sets[])
{
    char paths[2][120];
    const char *profiles[] = {paths[0], paths[1]};
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .profile_count = 2,
        .profiles = profiles,
        .sets = sets,
        .has_seed = true,
        .seed = SEED,
        .run = 1,
    };
    const struct run_options options = {.simulation = &network};

    snprintf(paths[0], sizeof(paths[0]), "profiles/scenarios/%s.json",
             scenario);
    snprintf(paths[1], sizeof(paths[1]), "profiles/strategies/%s.json",
             client);
    while (sets && sets[input.set_count]) {
        input.set_count++;
    }
    play->scenario = scenario;
    play->client = client;
    play->plan = plan_read(&input, &errors);
    errors_print(&errors, stdout);
    assert_non_null(play->plan);
    play->run = run_make(play->plan, &options, &errors);
    errors_print(&errors, stdout);
    assert_non_null(play->run);
    play->document = run_document(play->run);
}

static void end(struct play *play)
{
    run_free(play->run);
    plan_free(play->plan);
}

/* A number of the document, by its path with dots. */
static double figure(const struct play *play, const char *path)
{
    const cJSON *at = play->document;
    char part[80];

    for (const char *rest = path; at && *rest;) {
        size_t length = strcspn(rest, ".");
        snprintf(part, sizeof(part), "%.*s", (int)length, rest);
        at = cJSON_IsArray(at)
                 ? cJSON_GetArrayItem(at, (int)strtol(part, NULL, 10))
                 : cJSON_GetObjectItemCaseSensitive(at, part);
        rest += length + (rest[length] == '.');
    }
    if (at && cJSON_IsNumber(at)) {
        return at->valuedouble;
    }
    fail_msg("%s + %s: %s is not measured", play->scenario, play->client,
             path);
    return 0;
}

static void assert_between(const struct play *play, const char *path,
                           double low, double high)
{
    double value = figure(play, path);
    print_message("%s + %s: %s: %.4g, expected %.4g to %.4g\n", play->scenario,
                  play->client, path, value, low, high);
    if (!(value >= low && value <= high)) {
        fail_msg("%s + %s: %s is %g, not %g to %g", play->scenario,
                 play->client, path, value, low, high);
    }
}

static void expect(const char *scenario, const char *client,
                   const char *const sets[], const char *path, double low,
                   double high)
{
    struct play play;
    begin(&play, scenario, client, sets);
    assert_between(&play, path, low, high);
    end(&play);
}

/* Back between `low` and `high` seconds after its trigger. */
static void expect_back(const char *scenario, const char *client,
                        const char *const sets[], double low, double high)
{
    expect(scenario, client, sets, "recovery.0.time_to_recover_us",
           low * 1e6 - 1, high * 1e6);
}

static void expect_never(const char *scenario, const char *client,
                         const char *const sets[])
{
    struct play play;
    begin(&play, scenario, client, sets);
    const struct result *result = run_result(play.run);
    print_message("%s + %s: %s\n", scenario, client,
                  recovery_word(result->recoveries.all[0].word));
    assert_int_equal(result->recoveries.count, 1);
    assert_int_equal(result->recoveries.all[0].word, RECOVERY_NEVER);
    assert_true(recovery_metastable(&result->recoveries) == 1);
    end(&play);
}

/* Two of ten seconds fail. Four tries ask for four times the load, which is
 * 1200/s for 500/s, and go on to; a budget of a tenth adds a tenth. */
static void retry_storm(void **state)
{
    (void)state;
    expect("retry-storm", "none", NULL, "success_rate", 0.78, 0.82);
    expect_back("retry-storm", "none", NULL, 0, 0.1);
    expect("retry-storm", "immediate", NULL, "amplification.peak_1s", 3.8, 5);
    expect_never("retry-storm", "immediate", NULL);
    expect_never("retry-storm", "full-jitter", NULL);
    expect_back("retry-storm", "budgeted", NULL, 0, 0.3);
    expect("retry-storm", "budgeted", NULL,
           "amplification.attempts_per_operation", 1, 1.1);
}

/* Of the 200 of a herd 50 are served while it lasts, 10 are being served and
 * 40 wait: half of it. Who tries again at once meets the same full queue. */
static void thundering_herd(void **state)
{
    struct play alone, at_once, jittered;
    (void)state;

    begin(&alone, "thundering-herd", "none", NULL);
    begin(&at_once, "thundering-herd", "immediate", NULL);
    begin(&jittered, "thundering-herd", "full-jitter", NULL);
    for (int i = 1; i <= 5; i += 2) {
        char path[40];
        snprintf(path, sizeof(path), "phases.%d.success_rate", i);
        assert_between(&alone, path, 0.38, 0.55);
        assert_between(&at_once, path, 0.38, 0.55);
        assert_between(&jittered, path, 0.95, 1);
    }
    double herd = figure(&alone, "herd.peak_to_mean_100ms");
    assert_between(&at_once, "herd.peak_to_mean_100ms", 1.5 * herd, 4 * herd);
    assert_between(&jittered, "herd.peak_to_mean_100ms", 0, 1.2 * herd);
    end(&alone);
    end(&at_once);
    end(&jittered);
}

/* Three of ten seconds no order ends in time. Without a timeout of the service
 * refunds suffer with them; with one, never. */
static void slow_dependency(void **state)
{
    static const char *const timeout[] = {"service.dependency.timeout=50ms",
                                          NULL};
    struct play play;
    (void)state;

    begin(&play, "slow-dependency", "none", NULL);
    assert_between(&play, "requests.0.success_rate", 0.65, 0.75);
    assert_between(&play, "requests.1.success_rate", 0.7, 0.9);
    end(&play);
    begin(&play, "slow-dependency", "none", timeout);
    assert_between(&play, "requests.0.success_rate", 0.65, 0.75);
    assert_between(&play, "requests.1.success_rate", 1, 1);
    assert_between(&play, "requests.1.latency.time_to_success.p99_us", 1000,
                   20000);
    end(&play);
}

/* 1.2 s at 300/s into 50/s leave 300 orders in the queue; 500/s less 300/s
 * make these as few as are done in 300 ms, 150, in 0.75 s. */
static void capacity_drop(void **state)
{
    (void)state;
    expect_back("capacity-drop", "none", NULL, 0.6, 1.1);
    expect_back("capacity-drop", "budgeted", NULL, 0.6, 2.5);
    expect_never("capacity-drop", "immediate", NULL);
}

/* The mean of how much of an outage of 300 ms is left after three waits of up
 * to 100, 200 and 400 ms: who starts in that part fails. */
static double outage_left_ms(void)
{
    enum { STEPS = 100 };
    double sum = 0;

    for (int a = 0; a < STEPS; a++) {
        for (int b = 0; b < STEPS; b++) {
            for (int c = 0; c < STEPS; c++) {
                double waits = (a + 0.5) + 2 * (b + 0.5) + 4 * (c + 0.5);
                sum += fmax(0, 300 - waits);
            }
        }
    }
    return sum / (STEPS * STEPS * STEPS);
}

/* Ten outages of 0.3 s in 12 s. */
static void flapping(void **state)
{
    double left = outage_left_ms() / 1000;
    (void)state;

    expect("flapping", "none", NULL, "success_rate", 0.73, 0.77);
    expect("flapping", "immediate", NULL, "success_rate", 0.73, 0.77);
    expect("flapping", "full-jitter", NULL, "success_rate",
           1 - 10 * left / 12 - 0.01, 1 - 10 * left / 12 + 0.01);
}

/* A quarter of 0.8 s at 600/s is reset: 120 of 7,200, or with four tries 1.9.
 * Above 750/s three nodes do not carry the load. */
static void rolling_restart(void **state)
{
    static const char *const too_much[] = {"load.rate=850/s", NULL};
    (void)state;

    expect("rolling-restart", "none", NULL, "success_rate", 1 - 150.0 / 7200,
           1 - 80.0 / 7200);
    expect("rolling-restart", "immediate", NULL, "success_rate",
           1 - 8.0 / 7200, 1);
    expect("rolling-restart", "full-jitter", NULL,
           "latency.time_to_success.p99_us", 10000, 150000);
    expect_back("rolling-restart", "full-jitter", NULL, 0, 0.1);
    expect("rolling-restart", "none", too_much, "success_rate", 0.5, 0.85);
}

/* The time that 1 % exceed in M/M/4 at `rate_per_s`, workers of 100/s: with C
 * by Erlang's formula, t has e^-mt + C m (e^-mt - e^-ht) / (h - m) above it,
 * where m is a worker's rate and h what is left of all four. */
static double mm4_p99_ms(double rate_per_s)
{
    double m = 100, h = 4 * m - rate_per_s, a = rate_per_s / m, sum = 0;
    double term = 1;

    for (int k = 0; k < 4; k++) {
        sum += term;
        term *= a / (k + 1);
    }
    double last = term * 4 / (4 - a);
    double c = last / (sum + last);
    double low = 0, high = 10;
    for (int i = 0; i < 100; i++) {
        double t = (low + high) / 2;
        double above =
            exp(-m * t) + c * m * (exp(-m * t) - exp(-h * t)) / (h - m);
        *(above > 0.01 ? &low : &high) = t;
    }
    return low * 1000;
}

/* Longer, so that a p99 is known. At 97 % callers are late, and who tries
 * again makes more of them. */
static void latency_explosion(void **state)
{
    static const char *const longer[] = {
        "load.stages[0].for=400s", "load.stages[1].for=400s",
        "load.stages[2].for=400s", "timeout.attempt=10s", NULL};
    static const char *const long_end[] = {"load.stages[3].for=100s", NULL};
    static const double rates[] = {200, 320, 360};
    struct play play;
    (void)state;

    begin(&play, "latency-explosion", "none", longer);
    for (int i = 0; i < 3; i++) {
        char path[60];
        snprintf(path, sizeof(path),
                 "phases.%d.latency.time_to_success.p99_us", i);
        double p99 = mm4_p99_ms(rates[i]) * 1000;
        assert_between(&play, path, 0.88 * p99, 1.12 * p99);
    }
    end(&play);
    expect("latency-explosion", "immediate", long_end, "phases.2.success_rate",
           0.999, 1);
    expect("latency-explosion", "none", long_end, "phases.3.success_rate", 0.7,
           0.99);
    expect("latency-explosion", "immediate", long_end, "phases.3.success_rate",
           0, 0.3);
}

/* The spike leaves some 400 waiting, and above 100 the service is slower than
 * the load. A queue of 80 never gets there. */
static void resource_exhaustion(void **state)
{
    static const char *const bounded[] = {"service.queue_limit=80", NULL};
    (void)state;

    expect_never("resource-exhaustion", "none", NULL);
    expect_never("resource-exhaustion", "budgeted", NULL);
    expect("resource-exhaustion", "none", NULL, "phases.2.success_rate", 0,
           0.02);
    expect_back("resource-exhaustion", "none", bounded, 0, 0.3);
    expect_back("resource-exhaustion", "immediate", bounded, 0, 0.3);
}

/* As capacity_drop, below the service, which gives up after 250 ms: 125. With
 * 50 waiting calls all that are made end in time. */
static void dependency_collapse(void **state)
{
    static const char *const bounded[] = {"service.dependency.queue_limit=50",
                                          NULL};
    (void)state;

    expect_back("dependency-collapse", "none", NULL, 0.7, 1.2);
    expect_back("dependency-collapse", "budgeted", NULL, 0.7, 3);
    expect_never("dependency-collapse", "immediate", NULL);
    expect("dependency-collapse", "immediate", NULL, "attempts.by_status.504",
           1000, 5000);
    expect_back("dependency-collapse", "immediate", bounded, 0, 0.3);
}

/* Alone, half of 1.8 s at 300/s: 270; of four tries, which take 600 ms, one in
 * 16 of 1.2 s: 22. With keys it is some more: when the partition ends, what
 * arrives late is in flight, and who retries at once gets 409 four times. But
 * without keys it is done again. */
static void partition(void **state)
{
    static const char *const no_keys[] = {"service.idempotency=none", NULL};
    struct play play;
    (void)state;

    begin(&play, "partition", "none", NULL);
    assert_between(&play, "operations.failed", 230, 310);
    assert_between(&play, "attempts.by_outcome.timeout", 230, 310);
    assert_between(&play, "effects.unresolved_done", 230, 310);
    end(&play);
    begin(&play, "partition", "immediate", no_keys);
    assert_between(&play, "operations.failed", 8, 40);
    assert_between(&play, "effects.duplicate", 200, 310);
    end(&play);
    begin(&play, "partition", "immediate", NULL);
    assert_between(&play, "operations.failed", 8, 80);
    assert_between(&play, "effects.duplicate", 0, 0);
    end(&play);
}

/* p of the answers are errors: four tries succeed with 1 - p^4, and are
 * (1 - p^4) / (1 - p). */
static void config_drift(void **state)
{
    static const double shares[] = {0, 0.05, 0.2, 0.5, 0};
    struct play alone, retried;
    (void)state;

    begin(&alone, "config-drift", "none", NULL);
    begin(&retried, "config-drift", "immediate", NULL);
    for (int i = 0; i < 5; i++) {
        double p = shares[i], q = pow(p, 4);
        char success[60], attempts[60];
        snprintf(success, sizeof(success), "phases.%d.success_rate", i);
        snprintf(attempts, sizeof(attempts),
                 "phases.%d.amplification.attempts_per_operation", i);
        /* Three sigma of 900. */
        assert_between(&alone, success, 1 - p - 0.1 * sqrt(p * (1 - p)),
                       1 - p + 0.1 * sqrt(p * (1 - p)));
        assert_between(&retried, success,
                       1 - q - 0.1 * sqrt(q * (1 - q)) - 1.0 / 900, 1);
        double expected = (1 - q) / (1 - p);
        assert_between(&retried, attempts, expected * 0.94, expected * 1.06);
    }
    end(&alone);
    end(&retried);
}

/* 900 orders in the split; a fifth of the answers is lost, and each retry
 * meets the other half with 1/2, or is answered, and that lost again: 0.2 (0.5
 * + 0.5 x 0.2 (0.5 + 0.5 x 0.2 x 0.5)) = 0.111 of them. */
static void split_brain(void **state)
{
    static const char *const whole[] = {"service.faults=[]", NULL};
    (void)state;

    expect("split-brain", "full-jitter", NULL, "effects.duplicate", 70, 130);
    expect("split-brain", "full-jitter", whole, "effects.duplicate", 0, 0);
    expect("split-brain", "full-jitter", NULL, "success_rate", 0.99, 1);
}

/* As a fluid: n orders are in the cache, the rest of 600/s waits. The last
 * that is late comes when the queue takes 300 ms. */
static double cold_for_s(void)
{
    double n = 0, waiting = 20, late_until = 0;
    const double step = 0.001;

    for (int i = 0; i < 10000; i++) {
        double t = i * step;
        double capacity = 2000 / (1 + 9 * exp(-n / 300));
        double served = fmin(capacity * step, waiting + 600 * step);
        waiting += 600 * step - served;
        n += served;
        double wait = 0, ahead = waiting, warm = n;
        while (ahead > 0) { /* what comes now waits for */
            double part = 2000 / (1 + 9 * exp(-warm / 300)) * step;
            ahead -= part;
            warm += part;
            wait += step;
        }
        late_until = wait > 0.3 ? t : late_until;
    }
    return late_until;
}

static void cold_cache(void **state)
{
    double expected = cold_for_s();
    (void)state;

    expect_back("cold-cache", "none", NULL, expected - 0.3, expected + 0.3);
    expect_back("cold-cache", "budgeted", NULL, expected - 0.3, expected + 1);
    expect_never("cold-cache", "immediate", NULL);
}

/* What the service can do itself. A limit that follows latency keeps what is
 * admitted in time, whatever is asked for. So does a rate of 450/s for 500/s,
 * but where there is less for 1.2 s, 480 orders wait then, and 330 of them
 * have to go before the others are in time, at 50/s. */
static void shedding(void **state)
{
    static const char *const adaptive[] = {"service.shed=adaptive", NULL};
    static const char *const bucket[] = {
        "service.shed=token_bucket", "service.shed_rate=450/s",
        "service.shed_burst=20", "load.duration=20s", NULL};
    (void)state;

    expect_back("capacity-drop", "immediate", adaptive, 0, 0.5);
    expect_back("retry-storm", "immediate", adaptive, 0, 0.5);
    expect_back("cold-cache", "immediate", adaptive, 0, 2);
    expect_back("retry-storm", "immediate", bucket, 0, 0.5);
    expect_back("capacity-drop", "immediate", bucket, 5.5, 7.7);
}

/* 300/s of tier 1 and 600/s of tier 2 for 500/s: all of the one, and 200/s of
 * the other, in a queue of at most 100, which takes 200 of the 300 ms. */
static void priority(void **state)
{
    static const char requests[] =
        "requests=[{\"name\": \"first\", \"path\": \"/orders\", "
        "\"method\": \"POST\", \"headers\": {\"X-Tier\": \"1\"}}, "
        "{\"name\": \"last\", \"weight\": 2, \"path\": \"/orders\", "
        "\"method\": \"POST\", \"headers\": {\"X-Tier\": \"2\"}}]";
    static const char *const sets[] = {"service.faults=[]",
                                       "load.rate=900/s",
                                       "service.queue_limit=100",
                                       "service.shed=priority",
                                       "service.tier_header=X-Tier",
                                       requests,
                                       NULL};
    struct play play;
    (void)state;

    begin(&play, "capacity-drop", "none", sets);
    assert_between(&play, "requests.0.success_rate", 0.995, 1);
    assert_between(&play, "requests.1.success_rate", 0.3, 0.37);
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_storm),
        cmocka_unit_test(thundering_herd),
        cmocka_unit_test(slow_dependency),
        cmocka_unit_test(capacity_drop),
        cmocka_unit_test(flapping),
        cmocka_unit_test(rolling_restart),
        cmocka_unit_test(latency_explosion),
        cmocka_unit_test(resource_exhaustion),
        cmocka_unit_test(dependency_collapse),
        cmocka_unit_test(partition),
        cmocka_unit_test(config_drift),
        cmocka_unit_test(split_brain),
        cmocka_unit_test(cold_cache),
        cmocka_unit_test(shedding),
        cmocka_unit_test(priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
