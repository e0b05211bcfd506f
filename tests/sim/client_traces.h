/* client_traces: the plays of test_client_traces.c; included by it alone.
 * Times are round and nothing is drawn. */
#ifndef SQUALL_TESTS_SIM_CLIENT_TRACES_H
#define SQUALL_TESTS_SIM_CLIENT_TRACES_H

/* Retries 100 ms after a failure. */
static void tries(struct policy *policy, unsigned attempts)
{
    retrying(policy, attempts);
    every_backoff(policy, BACKOFF_CONSTANT, duration_ms(100));
}

static void move_out(struct policy *policy, enum layer layer,
                     enum layer before)
{
    struct layer_order order;
    size_t count = 0;
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        if (policy->order.list[i] == before) {
            order.list[count++] = layer;
        }
        if (policy->order.list[i] != layer) {
            order.list[count++] = policy->order.list[i];
        }
    }
    enum layer first, second;
    const char *problem;
    policy->order = order;
    assert_true(policy_arrange(policy, &first, &second, &problem));
}

static void refusals_are_retried(struct policy *policy, enum layer layer)
{
    struct classify_config *config = &policy->retry.classify;
    config->rules[config->count++] = (struct classify_rule){
        .refused_by = UINT32_C(1) << layer, .as = CLASS_TRANSIENT};
}

/* -- breakers: half of the last, open for 1 s, then 2 s, then 4 s -- */

static void breaking(struct policy *policy, enum breaker_window_type window)
{
    tries(policy, 1);
    policy->breaker = (struct breaker_config){
        .condition_count = 1,
        .any_of = {{.type = TRIP_RATE,
                    .window_type = window,
                    .size = 4,
                    .window = duration_s(1),
                    .buckets = 10,
                    .min_calls = 4,
                    .rate = 0.5,
                    .failures = UINT32_C(1) << CLASS_TRANSIENT |
                                UINT32_C(1) << CLASS_TIMEOUT}},
        .open = policy->retry.backoff[0],
        .half_open_calls = 2,
    };
    policy->breaker.open.type = BACKOFF_EXPONENTIAL;
    policy->breaker.open.initial = duration_s(1);
}

static void breaking_by_count(struct policy *policy)
{
    breaking(policy, WINDOW_COUNT);
}

static void breaking_by_time(struct policy *policy)
{
    breaking(policy, WINDOW_TIME);
}

static void breaking_with_retries(struct policy *policy)
{
    breaking(policy, WINDOW_COUNT);
    policy->retry.max_attempts = 3;
}

static void breaking_outside(struct policy *policy)
{
    breaking_with_retries(policy);
    policy->breaker.any_of[0].size = 2;
    policy->breaker.half_open_calls = 1;
    move_out(policy, LAYER_BREAKER, LAYER_RETRY);
}

static void breaking_and_waiting(struct policy *policy)
{
    breaking_with_retries(policy);
    policy->retry.max_attempts = 5;
    policy->breaker.any_of[0].size = 2;
    policy->breaker.half_open_calls = 1;
    every_backoff(policy, BACKOFF_CONSTANT, duration_ms(600));
    refusals_are_retried(policy, LAYER_BREAKER);
}

static void impatient_with_probes(struct policy *policy)
{
    breaking(policy, WINDOW_COUNT);
    policy->breaker.any_of[0].size = 2;
    policy->breaker.half_open_calls = 1;
    policy->breaker.half_open_max = duration_ms(500);
}

/* -- limits of calls under way -- */

static void one_at_a_time(struct policy *policy)
{
    tries(policy, 2);
    policy->concurrency.enabled = true;
    policy->concurrency.common.limit = 1;
    policy->concurrency.common.queue = 1;
}

static void one_at_a_time_for_50_ms(struct policy *policy)
{
    one_at_a_time(policy);
    policy->concurrency.common.max_wait = duration_ms(50);
}

static void one_attempt_at_a_time(struct policy *policy)
{
    one_at_a_time(policy);
    move_out(policy, LAYER_CONCURRENCY, LAYER_HEDGE);
}

static void pools_by_tier(struct policy *policy)
{
    one_at_a_time(policy);
    policy->concurrency.tier_count = 1;
    policy->concurrency.tiers[0] = (struct pool_config){
        .tier = 2, .limit = 1, .max_wait = DURATION_FOREVER};
}

static void one_at_a_time_in_a_second(struct policy *policy)
{
    one_at_a_time(policy);
    policy->timeout.operation = duration_ms(300);
}

static void queue_within_the_second(struct policy *policy)
{
    one_at_a_time_in_a_second(policy);
    move_out(policy, LAYER_CONCURRENCY, LAYER_RETRY);
}

/* -- rate limits: ten a second, two at once -- */

static void ten_a_second(struct policy *policy)
{
    tries(policy, 2);
    policy->rate_limit.type = RATE_LIMIT_BUCKET;
    policy->rate_limit.rate_per_s = 10;
    policy->rate_limit.burst = 2;
}

static void ten_a_second_or_never(struct policy *policy)
{
    ten_a_second(policy);
    policy->rate_limit.max_wait = duration_ms(150);
}

static void retries_ten_a_second(struct policy *policy)
{
    ten_a_second(policy);
    policy->rate_limit.burst = 1;
    policy->rate_limit.applies_to = RATE_LIMIT_RETRY;
    every_backoff(policy, BACKOFF_NONE, DURATION_ZERO);
    move_out(policy, LAYER_RATE_LIMIT, LAYER_HEDGE);
}

/* -- hedges: one more after 50 ms -- */

static void hedging(struct policy *policy)
{
    tries(policy, 2);
    policy->hedge.max_extra = 1;
    policy->hedge.delay = duration_ms(50);
}

static void hedging_twice(struct policy *policy)
{
    hedging(policy);
    policy->hedge.max_extra = 2;
}

static void hedging_patiently(struct policy *policy)
{
    hedging_twice(policy);
    policy->hedge.on_failure = HEDGE_FAILURE_IGNORE;
}

static void hedging_all_or_nothing(struct policy *policy)
{
    hedging(policy);
    policy->hedge.on_failure = HEDGE_FAILURE_CANCEL_ALL;
}

static void hedging_to_the_end(struct policy *policy)
{
    hedging(policy);
    policy->hedge.cancel_losers = false;
}

static void hedging_to_the_timeout(struct policy *policy)
{
    hedging_to_the_end(policy);
    policy->timeout.attempt = duration_ms(200);
}

static void hedging_on_timeout(struct policy *policy)
{
    hedging(policy);
    policy->hedge.trigger = HEDGE_ON_ATTEMPT_TIMEOUT;
    policy->timeout.attempt = duration_ms(200);
    policy->timeout.operation = duration_ms(1000);
}

static void hedging_within_attempts(struct policy *policy)
{
    hedging(policy);
    policy->hedge.counts_as_retry = true;
}

static void hedging_with_one_token(struct policy *policy)
{
    hedging(policy);
    policy->budget.type = BUDGET_TOKEN_BUCKET;
    policy->budget.capacity = 1;
    policy->budget.initial = 1;
    costs(&policy->budget, 1);
}

static void hedging_past_a_breaker(struct policy *policy)
{
    breaking_by_count(policy);
    policy->breaker.any_of[0].size = 2;
    policy->hedge.max_extra = 1;
    policy->hedge.delay = duration_ms(50);
    policy->hedge.on_failure = HEDGE_FAILURE_IGNORE;
}

static const struct play plays[] = {
    {"breaker-count",
     "Half of the last four, per attempt; open for 1 s, then 2 s; two probes "
     "close it.",
     breaking_by_count,
     {{.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 100, .answers = {FAILS(10)}},
      {.at_ms = 200, .answers = {OK_AFTER(10)}},
      {.at_ms = 300, .answers = {FAILS(10)}},
      {.at_ms = 400, .answers = {OK_AFTER(1)}},
      {.at_ms = 1309, .answers = {OK_AFTER(1)}},
      {.at_ms = 1310, .answers = {FAILS(10)}},
      {.at_ms = 3319, .answers = {OK_AFTER(1)}},
      {.at_ms = 3320, .answers = {OK_AFTER(50)}},
      {.at_ms = 3330, .answers = {OK_AFTER(50)}},
      {.at_ms = 3340, .answers = {OK_AFTER(1)}},
      {.at_ms = 3400, .answers = {FAILS(10)}},
      {.at_ms = 3500, .answers = {OK_AFTER(10)}}}},
    {"breaker-time",
     "Half of the last second if it has four: three failures are too few, "
     "old ones are forgotten.",
     breaking_by_time,
     {{.at_ms = 0, .answers = {FAILS(10)}},
      {.at_ms = 100, .answers = {FAILS(10)}},
      {.at_ms = 200, .answers = {FAILS(10)}},
      {.at_ms = 1150, .answers = {OK_AFTER(10)}},
      {.at_ms = 1250, .answers = {FAILS(10)}},
      {.at_ms = 1300, .answers = {OK_AFTER(10)}},
      {.at_ms = 1350, .answers = {FAILS(10)}},
      {.at_ms = 1400, .answers = {OK_AFTER(1)}},
      {.at_ms = 2400, .answers = {OK_AFTER(10)}},
      {.at_ms = 2500, .answers = {FAILS(10)}},
      {.at_ms = 4600, .answers = {OK_AFTER(10)}},
      {.at_ms = 4700, .answers = {OK_AFTER(10)}},
      {.at_ms = 4800, .answers = {OK_AFTER(10)}}}},
    {"breaker-per-attempt",
     "Inside retry it counts attempts: the second call opens it, and its own "
     "retry is refused.",
     breaking_with_retries,
     {{.at_ms = 0, .answers = {FAILS(10), FAILS(10), FAILS(10)}},
      {.at_ms = 500, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 700, .answers = {OK_AFTER(10)}}}},
    {"breaker-per-operation",
     "Outside retry it counts operations: three failed attempts are one "
     "failure, a retry that succeeds is none.",
     breaking_outside,
     {{.at_ms = 0, .answers = {FAILS(10), FAILS(10), FAILS(10)}},
      {.at_ms = 500, .answers = {FAILS(10), FAILS(10), FAILS(10)}},
      {.at_ms = 1000, .answers = {OK_AFTER(10)}},
      {.at_ms = 1730, .answers = {FAILS(10), FAILS(10), FAILS(10)}},
      {.at_ms = 2000, .answers = {OK_AFTER(10)}},
      {.at_ms = 3960, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 4200, .answers = {OK_AFTER(10)}}}},
    {"breaker-refusals-retried",
     "A rule retries what the breaker refused: after 600 ms again, and that "
     "is a probe.",
     breaking_and_waiting,
     {{.at_ms = 0, .answers = {FAILS(10), FAILS(10), OK_AFTER(10)}}}},
    {"breaker-probe-lost",
     "A probe that has not come back after 500 ms opens it again, and its "
     "late answer is of no account.",
     impatient_with_probes,
     {{.at_ms = 0, .answers = {FAILS(10)}},
      {.at_ms = 100, .answers = {FAILS(10)}},
      {.at_ms = 1200, .answers = {OK_AFTER(800)}},
      {.at_ms = 1600, .answers = {OK_AFTER(1)}},
      {.at_ms = 1700, .answers = {OK_AFTER(1)}},
      {.at_ms = 3700, .answers = {OK_AFTER(10)}},
      {.at_ms = 3800, .answers = {OK_AFTER(10)}}}},

    {"concurrency-queue",
     "One place, one may wait: run, queued until the first has ended, "
     "refused.",
     one_at_a_time,
     {{.at_ms = 0, .answers = {OK_AFTER(100)}},
      {.at_ms = 10, .answers = {OK_AFTER(100)}},
      {.at_ms = 20, .answers = {OK_AFTER(100)}}}},
    {"concurrency-max-wait",
     "Nobody waits longer than 50 ms for the place.",
     one_at_a_time_for_50_ms,
     {{.at_ms = 0, .answers = {OK_AFTER(100)}},
      {.at_ms = 10, .answers = {OK_AFTER(100)}},
      {.at_ms = 70, .answers = {OK_AFTER(100)}}}},
    {"concurrency-covers-operation",
     "Outside retry the place is kept while the call backs off.",
     one_at_a_time,
     {{.at_ms = 0, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 50, .answers = {OK_AFTER(10)}}}},
    {"concurrency-covers-attempt",
     "Inside retry it is free while the call backs off, and the retry waits "
     "for it.",
     one_attempt_at_a_time,
     {{.at_ms = 0, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 50, .answers = {OK_AFTER(100)}}}},
    {"concurrency-tiers",
     "Tier 2 has a place of its own, where nobody may wait.",
     pools_by_tier,
     {{.at_ms = 0, .answers = {OK_AFTER(100)}},
      {.at_ms = 10, .tier = 2, .answers = {OK_AFTER(100)}},
      {.at_ms = 20, .tier = 2, .answers = {OK_AFTER(100)}},
      {.at_ms = 30, .answers = {OK_AFTER(100)}}}},
    {"concurrency-outside-deadline",
     "Waiting outside the operation timeout of 300 ms does not count against "
     "it.",
     one_at_a_time_in_a_second,
     {{.at_ms = 0, .answers = {OK_AFTER(250)}},
      {.at_ms = 10, .answers = {OK_AFTER(250)}}}},
    {"concurrency-inside-deadline",
     "Waiting inside it does: the second call has 60 ms left.",
     queue_within_the_second,
     {{.at_ms = 0, .answers = {OK_AFTER(250)}},
      {.at_ms = 10, .answers = {SILENT}}}},

    {"rate-limit",
     "Two at once, ten a second: waits of 0, 0, 100, 200 ms.",
     ten_a_second,
     {{.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 500, .answers = {OK_AFTER(10)}}}},
    {"rate-limit-max-wait",
     "Refused where it would take longer than 150 ms; that costs nothing.",
     ten_a_second_or_never,
     {{.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}},
      {.at_ms = 60, .answers = {OK_AFTER(10)}}}},
    {"rate-limit-retries",
     "It limits retries only: the second one waits for 100 ms.",
     retries_ten_a_second,
     {{.at_ms = 0, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 0, .answers = {FAILS(10), OK_AFTER(10)}},
      {.at_ms = 0, .answers = {OK_AFTER(10)}}}},

    {"hedge-wins",
     "Sent again after 50 ms; the second answer is first.",
     hedging,
     {{.at_ms = 0, .answers = {OK_AFTER(500), OK_AFTER(10)}}}},
    {"hedge-loses",
     "The first answer comes after all.",
     hedging,
     {{.at_ms = 0, .answers = {OK_AFTER(55), OK_AFTER(10)}}}},
    {"hedge-not-needed",
     "Answered within 50 ms: no hedge.",
     hedging,
     {{.at_ms = 0, .answers = {OK_AFTER(49)}}}},
    {"hedge-next-now",
     "A failure sends the next hedge at once; the one after that is due "
     "50 ms later.",
     hedging_twice,
     {{.at_ms = 0, .answers = {FAILS(10), SILENT, OK_AFTER(10)}}}},
    {"hedge-ignores-failure",
     "The first hedge failed; the next one is due when it would have been.",
     hedging_patiently,
     {{.at_ms = 0, .answers = {SILENT, FAILS(10), OK_AFTER(10)}}}},
    {"hedge-cancel-all",
     "A failure ends the try; 100 ms later it is tried again.",
     hedging_all_or_nothing,
     {{.at_ms = 0, .answers = {SILENT, FAILS(10), OK_AFTER(10)}}}},
    {"hedge-fatal",
     "A 404 ends the operation, and the other attempt.",
     hedging,
     {{.at_ms = 0, .answers = {SILENT, SAYS(10, 404)}}}},
    {"hedge-both-fail",
     "The try has failed when nothing of it is left, and is tried again, "
     "with a hedge of its own.",
     hedging,
     {{.at_ms = 0, .answers = {FAILS(80), FAILS(60), SILENT, OK_AFTER(5)}}}},
    {"hedge-losers-run-on",
     "Losers are not cancelled: the second ends after the verdict.",
     hedging_to_the_end,
     {{.at_ms = 0, .answers = {OK_AFTER(60), OK_AFTER(90)}}}},
    {"hedge-losers-time-out",
     "A loser that runs on has its timeout, too.",
     hedging_to_the_timeout,
     {{.at_ms = 0, .answers = {SILENT, OK_AFTER(10)}}}},
    {"hedge-on-timeout",
     "An attempt timeout of 200 ms only sends another; the first may still "
     "answer.",
     hedging_on_timeout,
     {{.at_ms = 0, .answers = {OK_AFTER(350), SILENT}}}},
    {"hedge-on-timeout-deadline",
     "Both run until the operation timeout.",
     hedging_on_timeout,
     {{.at_ms = 0, .answers = {SILENT, SILENT}}}},
    {"hedge-counts-as-retry",
     "Two attempts in all: the hedge has taken the retry.",
     hedging_within_attempts,
     {{.at_ms = 0, .answers = {FAILS(80), FAILS(60)}}}},
    {"hedge-budget",
     "One token for hedges and retries together: the second call has none.",
     hedging_with_one_token,
     {{.at_ms = 0, .answers = {SILENT, OK_AFTER(10)}},
      {.at_ms = 100, .answers = {FAILS(80)}}}},
    {"hedge-breaker",
     "The breaker has opened since: the hedge is refused, the attempt goes "
     "on.",
     hedging_past_a_breaker,
     {{.at_ms = 0, .answers = {OK_AFTER(200)}},
      {.at_ms = 5, .answers = {FAILS(10)}},
      {.at_ms = 10, .answers = {FAILS(10)}}}},
};

#endif
