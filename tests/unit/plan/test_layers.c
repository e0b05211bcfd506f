/* What profiles say of the layers around a call: every key and where it goes,
 * what is there without it, and the order of the layers. */
#include "reading.h"

#define BIT(id) (UINT32_C(1) << (id))

static const uint32_t failures_by_default =
    BIT(CLASS_TRANSIENT) | BIT(CLASS_THROTTLE) | BIT(CLASS_TIMEOUT) |
    BIT(CLASS_NETWORK);

static void nothing_means_no_layer(void **state)
{
    struct plan *plan = read_good(NULL, NULL);
    const struct policy *policy = &plan->policy;
    (void)state;
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        assert_int_equal(policy->order.list[i], i);
        assert_false(policy_has_layer(policy, (enum layer)i));
    }
    assert_int_equal(policy->chains[LEVEL_OPERATION].count, 4);
    assert_int_equal(policy->chains[LEVEL_TRY].count, 0);
    assert_int_equal(policy->chains[LEVEL_ATTEMPT].count, 2);
    assert_false(policy->timeout.attempt_spares_last);
    assert_int_equal(policy->retry.max_request_bytes, 0);
    assert_int_equal(policy->retry.on_budget_empty, BROKE_FAIL);
    assert_int_equal(policy->hedge.budget.type, BUDGET_NONE);
    assert_null(plan->verified);
    assert_null(plan->version);
    plan_free(plan);
}

/* A breaker watches what retry would classify, retried or not. */
static void a_breaker_needs_no_retry(void **state)
{
    struct plan *plan = read_good(
        "{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\",\"failures\":5}],"
        "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
        NULL);
    const struct breaker_config *breaker = &plan->policy.breaker;
    const struct attempt_result result = {.outcome = OUTCOME_SERVER_ERROR,
                                          .status = 503};
    const struct request_traits traits = {.method = METHOD_POST};
    (void)state;
    assert_int_equal(plan->policy.retry.max_attempts, 1);
    assert_int_equal(
        classify(&plan->policy.retry.classify, &result, &traits, 1).as,
        CLASS_TRANSIENT);
    assert_int_equal(breaker->condition_count, 1);
    assert_int_equal(breaker->any_of[0].type, TRIP_CONSECUTIVE);
    assert_int_equal(breaker->any_of[0].count, 5);
    assert_int_equal(breaker->any_of[0].failures, failures_by_default);
    assert_int_equal(breaker->any_of[0].ignored, 0);
    assert_int_equal(breaker->half_open_calls, 1);
    assert_int_equal(breaker->close_when, CLOSE_ALL_SUCCESS);
    assert_int_equal(breaker->half_open_max.ns, 0);
    assert_int_equal(breaker->open.type, BACKOFF_CONSTANT);
    assert_int_equal(breaker->open.initial.ns, 3 * NS_PER_S);
    assert_true(policy_has_layer(&plan->policy, LAYER_BREAKER));
    plan_free(plan);
}

static void conditions_have_their_windows_and_classes(void **state)
{
    struct plan *plan = read_good(
        "{\"breaker\":{\"counts\":[\"timeout\",\"fatal\"],"
        "\"ignores\":[\"throttle\"],\"any_of\":["
        "{\"type\":\"rate\",\"size\":100,\"min_calls\":200,"
        "\"failure_rate\":\"50%\",\"strictly\":true},"
        "{\"type\":\"rate\",\"window\":\"time\",\"length\":\"30s\","
        "\"buckets\":6,\"min_age\":\"4s\",\"failure_rate\":0.1,"
        "\"counts\":[\"throttle\"],\"ignores\":[]},"
        "{\"type\":\"slow\",\"window\":\"ema\",\"length\":\"7s\","
        "\"slow\":\"60s\"},"
        "{\"type\":\"slow\",\"size\":10,\"slow\":\"1s\","
        "\"slow_rate\":\"20%\"}],"
        "\"open\":{\"type\":\"exponential\",\"initial\":\"1s\",\"max\":"
        "\"60s\",\"jitter\":{\"mult\":[1,1.5]}},"
        "\"half_open\":{\"calls\":10,\"close_when\":\"rate_below\","
        "\"failure_rate\":\"40%\",\"max_wait\":\"2s\"}}}",
        NULL);
    const struct breaker_config *breaker = &plan->policy.breaker;
    const struct breaker_condition *any = breaker->any_of;
    (void)state;
    assert_int_equal(breaker->condition_count, 4);
    assert_int_equal(any[0].window_type, WINDOW_COUNT);
    assert_int_equal(any[0].size, 100);
    assert_int_equal(any[0].min_calls, 200);
    assert_true(any[0].rate == 0.5);
    assert_true(any[0].strictly);
    assert_int_equal(any[0].failures, BIT(CLASS_TIMEOUT) | BIT(CLASS_FATAL));
    assert_int_equal(any[0].ignored, BIT(CLASS_THROTTLE));
    assert_int_equal(any[1].window_type, WINDOW_TIME);
    assert_int_equal(any[1].window.ns, 30 * NS_PER_S);
    assert_int_equal(any[1].buckets, 6);
    assert_int_equal(any[1].min_calls, 1);
    assert_int_equal(any[1].min_age.ns, 4 * NS_PER_S);
    assert_true(any[1].rate == 0.1);
    assert_false(any[1].strictly);
    assert_int_equal(any[1].failures, BIT(CLASS_THROTTLE));
    assert_int_equal(any[1].ignored, 0);
    assert_int_equal(any[2].type, TRIP_SLOW);
    assert_int_equal(any[2].window_type, WINDOW_EMA);
    assert_int_equal(any[2].slow.ns, 60 * NS_PER_S);
    assert_true(any[2].rate == 1);
    assert_true(any[3].rate == 0.2);
    assert_int_equal(breaker->open.type, BACKOFF_EXPONENTIAL);
    assert_true(breaker->open.multiplier == 2);
    assert_true(breaker->open.jitter.mult_high == 1.5);
    assert_int_equal(breaker->open.max.ns, 60 * NS_PER_S);
    assert_int_equal(breaker->half_open_calls, 10);
    assert_int_equal(breaker->close_when, CLOSE_RATE_BELOW);
    assert_true(breaker->half_open_rate == 0.4);
    assert_int_equal(breaker->half_open_max.ns, 2 * NS_PER_S);
    plan_free(plan);
}

/* What is ignored takes itself out of the counts that nobody wrote. */
static void ignored_classes_do_not_count(void **state)
{
    struct plan *plan =
        read_good("{\"breaker\":{\"ignores\":[\"timeout\"],\"any_of\":["
                  "{\"type\":\"consecutive\",\"failures\":1}],"
                  "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
                  NULL);
    (void)state;
    assert_int_equal(plan->policy.breaker.any_of[0].failures,
                     failures_by_default & ~BIT(CLASS_TIMEOUT));
    plan_free(plan);
}

static void places_are_counted_by_tier(void **state)
{
    struct plan *plan = read_good(
        "{\"concurrency\":{\"limit\":25,\"queue\":7,\"max_wait\":\"1s\","
        "\"tiers\":[{\"tier\":1,\"limit\":5},{\"tier\":3,\"limit\":2,"
        "\"queue\":9,\"max_wait\":\"2s\"}]},"
        "\"requests\":[{\"tier\":3,\"body\":\"0123456789\"}]}",
        NULL);
    const struct concurrency_config *config = &plan->policy.concurrency;
    (void)state;
    assert_true(config->enabled);
    assert_false(config->is_adaptive);
    assert_int_equal(config->common.limit, 25);
    assert_int_equal(config->common.queue, 7);
    assert_int_equal(config->common.max_wait.ns, NS_PER_S);
    assert_int_equal(config->tier_count, 2);
    assert_int_equal(config->tiers[0].tier, 1);
    assert_int_equal(config->tiers[0].limit, 5);
    assert_int_equal(config->tiers[0].queue, 0);
    assert_int_equal(config->tiers[0].max_wait.ns, INT64_MAX);
    assert_int_equal(config->tiers[1].tier, 3);
    assert_int_equal(config->tiers[1].queue, 9);
    assert_int_equal(config->tiers[1].max_wait.ns, 2 * NS_PER_S);
    assert_int_equal(plan->requests[0].traits.tier, 3);
    assert_int_equal(plan->requests[0].traits.body_bytes, 10);
    plan_free(plan);
}

/* Whole configs are compared: no algorithm loses a default. */
static void an_algorithm_brings_its_defaults(void **state)
{
    static const char *const names[] = {"vegas", "gradient2", "aimd",
                                        "envoy_gradient"};
    (void)state;
    for (size_t i = 0; i < array_length(names); i++) {
        struct adaptive_config shipped;
        char text[128];
        memset(&shipped, 0, sizeof(shipped));
        adaptive_config_init(&shipped, (enum adaptive_algorithm)i);
        snprintf(text, sizeof(text),
                 "{\"concurrency\":{\"adaptive\":{\"algorithm\":\"%s\"}}}",
                 names[i]);
        struct plan *plan = read_good(text, NULL);
        const struct concurrency_config *config = &plan->policy.concurrency;
        assert_true(config->is_adaptive);
        assert_int_equal(config->adaptive.algorithm, i);
        assert_true(config->adaptive.initial == shipped.initial);
        assert_true(config->adaptive.min == shipped.min);
        assert_true(config->adaptive.max == shipped.max);
        assert_true(config->adaptive.smoothing == shipped.smoothing);
        assert_true(config->adaptive.alpha == shipped.alpha);
        assert_true(config->adaptive.tolerance == shipped.tolerance);
        assert_int_equal(config->adaptive.too_long.ns, shipped.too_long.ns);
        assert_int_equal(config->adaptive.update.ns, shipped.update.ns);
        assert_int_equal(config->adaptive.min_samples, shipped.min_samples);
        plan_free(plan);
    }
}

static struct adaptive_config read_adaptive(const char *keys)
{
    char text[512];
    snprintf(text, sizeof(text), "{\"concurrency\":{\"adaptive\":{%s}}}",
             keys);
    struct plan *plan = read_good(text, NULL);
    struct adaptive_config config = plan->policy.concurrency.adaptive;
    plan_free(plan);
    return config;
}

static void an_adaptive_limit_is_as_it_says(void **state)
{
    (void)state;
    struct adaptive_config config = read_adaptive(
        "\"algorithm\":\"vegas\",\"initial\":9,\"min\":2,\"max\":50,"
        "\"smoothing\":0.5,\"alpha\":4,\"beta\":7,\"probe_multiplier\":31");
    assert_true(config.initial == 9 && config.min == 2 && config.max == 50);
    assert_true(config.smoothing == 0.5);
    assert_true(config.alpha == 4 && config.beta == 7);
    assert_int_equal(config.probe_multiplier, 31);
    config = read_adaptive(
        "\"algorithm\":\"gradient2\",\"queue\":5,\"tolerance\":2,"
        "\"long_window\":100,\"warmup\":11");
    assert_true(config.queue == 5 && config.tolerance == 2);
    assert_int_equal(config.long_window, 100);
    assert_int_equal(config.warmup, 11);
    config = read_adaptive("\"algorithm\":\"aimd\",\"backoff_ratio\":0.8,"
                           "\"too_long\":\"2s\"");
    assert_true(config.backoff_ratio == 0.8);
    assert_int_equal(config.too_long.ns, 2 * NS_PER_S);
    config = read_adaptive(
        "\"algorithm\":\"envoy_gradient\",\"update\":\"50ms\","
        "\"min_interval\":\"30s\",\"min_jitter\":0.2,\"min_samples\":25,"
        "\"buffer\":\"10%\"");
    assert_int_equal(config.update.ns, 50 * NS_PER_MS);
    assert_int_equal(config.min_interval.ns, 30 * NS_PER_S);
    assert_true(config.min_jitter == 0.2 && config.buffer == 0.1);
    assert_int_equal(config.min_samples, 25);
    /* What nobody wrote moves between the limits that somebody did. */
    assert_true(read_adaptive("\"algorithm\":\"vegas\",\"max\":5").initial ==
                5);
    assert_true(read_adaptive("\"algorithm\":\"vegas\",\"min\":30").initial ==
                30);
}

static void rates_and_throttles_are_as_they_say(void **state)
{
    struct plan *plan = read_good(
        "{\"rate_limit\":{\"type\":\"token_bucket\",\"rate\":\"5/s\","
        "\"burst\":10,\"max_wait\":\"3s\",\"applies_to\":[\"retry\"]},"
        "\"throttle\":{\"type\":\"sre\",\"k\":1.5,\"window\":\"30s\","
        "\"slots\":100,\"padding\":8,\"max_reject\":\"80%\","
        "\"min_requests\":4,\"min_rps\":2,\"exponent\":3,"
        "\"counts\":[\"throttle\",\"fatal\"]}}",
        NULL);
    const struct rate_limit_config *rate = &plan->policy.rate_limit;
    const struct throttle_config *throttle = &plan->policy.throttle;
    (void)state;
    assert_int_equal(rate->type, RATE_LIMIT_BUCKET);
    assert_true(rate->rate_per_s == 5 && rate->burst == 10);
    assert_int_equal(rate->max_wait.ns, 3 * NS_PER_S);
    assert_int_equal(rate->applies_to, RATE_LIMIT_RETRY);
    assert_int_equal(throttle->type, THROTTLE_SRE);
    assert_true(throttle->k == 1.5 && throttle->padding == 8);
    assert_int_equal(throttle->window.ns, 30 * NS_PER_S);
    assert_int_equal(throttle->slots, 100);
    assert_true(throttle->max_reject == 0.8 && throttle->exponent == 3);
    assert_int_equal(throttle->min_requests, 4);
    assert_true(throttle->min_rps == 2);
    assert_int_equal(throttle->rejections,
                     BIT(CLASS_THROTTLE) | BIT(CLASS_FATAL));
    plan_free(plan);

    struct throttle_config shipped;
    throttle_config_init(&shipped);
    plan = read_good("{\"rate_limit\":{\"type\":\"cubic\"},"
                     "\"throttle\":{\"type\":\"sre\"}}",
                     NULL);
    rate = &plan->policy.rate_limit;
    throttle = &plan->policy.throttle;
    assert_int_equal(rate->type, RATE_LIMIT_CUBIC);
    assert_int_equal(rate->applies_to, RATE_LIMIT_FIRST | RATE_LIMIT_RETRY);
    assert_int_equal(rate->max_wait.ns, INT64_MAX);
    assert_true(throttle->k == shipped.k);
    assert_int_equal(throttle->window.ns, shipped.window.ns);
    assert_int_equal(throttle->slots, shipped.slots);
    assert_true(throttle->padding == shipped.padding);
    assert_true(throttle->max_reject == shipped.max_reject);
    assert_true(throttle->exponent == shipped.exponent);
    assert_int_equal(throttle->rejections, shipped.rejections);
    plan_free(plan);
}

static void hedges_are_as_they_say(void **state)
{
    struct hedge_config shipped;
    struct plan *plan = read_good("{\"hedge\":{\"delay\":\"30ms\"}}", NULL);
    const struct hedge_config *hedge = &plan->policy.hedge;
    (void)state;
    hedge_config_init(&shipped);
    assert_int_equal(hedge->max_extra, 1);
    assert_int_equal(hedge->trigger, HEDGE_ON_DELAY);
    assert_int_equal(hedge->delay.ns, 30 * NS_PER_MS);
    assert_int_equal(hedge->on_failure, shipped.on_failure);
    assert_int_equal(hedge->fatal, shipped.fatal);
    assert_true(hedge->cancel_losers);
    assert_false(hedge->counts_as_retry);
    assert_true(hedge->latency.quantile == shipped.latency.quantile);
    assert_int_equal(hedge->latency.window.ns, shipped.latency.window.ns);
    assert_int_equal(hedge->latency.refresh.ns, shipped.latency.refresh.ns);
    assert_int_equal(hedge->latency.min_samples, shipped.latency.min_samples);
    assert_int_equal(hedge->latency.least.ns, shipped.latency.least.ns);
    assert_int_equal(hedge->budget.type, BUDGET_NONE);
    plan_free(plan);

    plan = read_good(
        "{\"retry\":{\"max_attempts\":3},\"hedge\":{\"max_extra\":2,"
        "\"trigger\":\"quantile\",\"quantile\":\"99%\",\"window\":\"20s\","
        "\"refresh\":\"1s\",\"min_samples\":5,\"min_delay\":\"2ms\","
        "\"on_failure\":\"cancel_all\",\"fatal\":[\"throttle\",\"fatal\"],"
        "\"cancel_losers\":false,\"counts_as_retry\":true,"
        "\"budget_ratio\":\"5%\",\"budget_window\":\"4s\","
        "\"budget_min_per_sec\":2}}",
        NULL);
    hedge = &plan->policy.hedge;
    assert_int_equal(hedge->max_extra, 2);
    assert_int_equal(hedge->trigger, HEDGE_ON_QUANTILE);
    assert_true(hedge->latency.quantile == 0.99);
    assert_int_equal(hedge->latency.window.ns, 20 * NS_PER_S);
    assert_int_equal(hedge->latency.refresh.ns, NS_PER_S);
    assert_int_equal(hedge->latency.min_samples, 5);
    assert_int_equal(hedge->latency.least.ns, 2 * NS_PER_MS);
    assert_int_equal(hedge->on_failure, HEDGE_FAILURE_CANCEL_ALL);
    assert_int_equal(hedge->fatal, BIT(CLASS_THROTTLE) | BIT(CLASS_FATAL));
    assert_false(hedge->cancel_losers);
    assert_true(hedge->counts_as_retry);
    assert_int_equal(hedge->budget.type, BUDGET_RATIO_WINDOW);
    assert_int_equal(hedge->budget.deposit_when, DEPOSIT_REQUEST);
    assert_true(hedge->budget.ratio == 0.05);
    assert_int_equal(hedge->budget.window.ns, 4 * NS_PER_S);
    assert_int_equal(hedge->budget.slots, 10);
    assert_true(hedge->budget.min_per_sec == 2);
    plan_free(plan);
}

static void retries_have_their_refinements(void **state)
{
    static const char *const sets[] = {"retry_budget.covers=hedge",
                                       "order=[\"retry\",\"breaker\"]"};
    (void)state;
    struct plan *plan = read_good(
        "{\"retry\":{\"max_attempts\":3,\"max_request_bytes\":\"64KiB\","
        "\"on_budget_empty\":\"sleep_then_fail\"},"
        "\"retry_budget\":{\"type\":\"ratio_window\",\"ratio\":1,"
        "\"covers\":[\"retry\"]},"
        "\"timeout\":{\"attempt\":\"1s\",\"attempt_applies_to_last\":false},"
        "\"source\":\"s\",\"verified\":\"2026-11\",\"version\":\"v 1.2\"}",
        NULL);
    assert_int_equal(plan->policy.retry.max_request_bytes, 65536);
    assert_int_equal(plan->policy.retry.on_budget_empty,
                     BROKE_SLEEP_THEN_FAIL);
    assert_int_equal(plan->policy.budget.covers, BUDGET_COVERS_RETRY);
    assert_true(plan->policy.timeout.attempt_spares_last);
    assert_string_equal(plan->verified, "2026-11");
    assert_string_equal(plan->version, "v 1.2");
    plan_free(plan);
    plan = read_sets("{\"retry_budget\":{\"type\":\"ratio_window\","
                     "\"ratio\":1}}",
                     sets, array_length(sets));
    assert_non_null(plan);
    assert_int_equal(plan->policy.budget.covers, BUDGET_COVERS_HEDGE);
    plan_free(plan);
}

struct order_case {
    const char *said;  /* keys of a profile */
    const char *order; /* what it comes to, by the letters below */
};

/* r: rate_limit, c: concurrency, t: throttle, o: operation_timeout, R: retry,
 * H: hedge, b: breaker, a: attempt_timeout. */
static void assert_order(const struct order_case *expected)
{
    static const char letters[] = "rctoRHba";
    char text[600], order[LAYER_COUNT + 1] = "";
    snprintf(text, sizeof(text), "{%s}", expected->said);
    struct plan *plan = read_good(text, NULL);
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        order[i] = letters[plan->policy.order.list[i]];
    }
    if (strcmp(order, expected->order) != 0) {
        fail_msg("%s: %s, not %s", expected->said, order, expected->order);
    }
    plan_free(plan);
}

#define BREAKER(more) \
    "\"breaker\":{\"any_of\":[{\"type\":\"consecutive\",\"failures\":5}]," \
    "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}" more "}"

static void layers_are_put_in_order(void **state)
{
    static const struct order_case cases[] = {
        {"\"order\":[]", "rctoRHba"},
        {"\"order\":[\"breaker\",\"retry\"]", "rctobRHa"},
        {"\"order\":[\"retry\",\"rate_limit\"]", "ctoRrHba"},
        {"\"order\":[\"retry\",\"throttle\"]", "rcoRtHba"},
        {"\"order\":[\"hedge\",\"concurrency\"]", "rtoRHcba"},
        {"\"order\":[\"operation_timeout\",\"rate_limit\"]", "ctorRHba"},
        {"\"order\":[\"attempt_timeout\",\"breaker\"]", "rctoRHab"},
        {"\"order\":[\"breaker\",\"rate_limit\",\"retry\"]", "ctobrRHa"},
        {"\"order\":[\"concurrency\",\"operation_timeout\",\"retry\","
         "\"breaker\",\"rate_limit\",\"hedge\",\"attempt_timeout\","
         "\"throttle\"]",
         "coRbrHat"},
        {BREAKER(",\"unit\":\"operation\""), "rctobRHa"},
        {BREAKER(",\"unit\":\"attempt\""), "rctoRHba"},
        {BREAKER(",\"unit\":\"operation\"") ",\"order\":[\"retry\","
                                            "\"throttle\"]",
         "rcobRtHa"},
        {BREAKER(",\"unit\":\"operation\"") ",\"order\":[\"breaker\","
                                            "\"operation_timeout\"]",
         "rctboRHa"},
        {BREAKER(",\"unit\":\"attempt\"") ",\"order\":[\"retry\","
                                          "\"breaker\",\"hedge\"]",
         "rctoRbHa"},
        {"\"concurrency\":{\"limit\":1,\"slot_covers\":\"attempt\"}",
         "rtoRHcba"},
        {"\"concurrency\":{\"limit\":1,\"slot_covers\":\"operation\"}",
         "rctoRHba"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        assert_order(&cases[i]);
    }
}

static void chains_are_those_of_the_order(void **state)
{
    static const enum layer operation[] = {
        LAYER_RATE_LIMIT, LAYER_OPERATION_TIMEOUT, LAYER_BREAKER};
    static const enum layer attempt[] = {LAYER_CONCURRENCY,
                                         LAYER_ATTEMPT_TIMEOUT};
    struct plan *plan = read_good(
        "{" BREAKER(
            ",\"unit\":\"operation\"") ",\"concurrency\":{"
                                       "\"limit\":4,\"slot_covers\":"
                                       "\"attempt\"},\"order\":[\"retry\","
                                       "\"throttle\"]}",
        NULL);
    const struct layer_chain *chains = plan->policy.chains;
    (void)state;
    assert_int_equal(chains[LEVEL_OPERATION].count, array_length(operation));
    for (size_t i = 0; i < array_length(operation); i++) {
        assert_int_equal(chains[LEVEL_OPERATION].list[i], operation[i]);
    }
    assert_int_equal(chains[LEVEL_TRY].count, 1);
    assert_int_equal(chains[LEVEL_TRY].list[0], LAYER_THROTTLE);
    assert_int_equal(chains[LEVEL_ATTEMPT].count, array_length(attempt));
    for (size_t i = 0; i < array_length(attempt); i++) {
        assert_int_equal(chains[LEVEL_ATTEMPT].list[i], attempt[i]);
    }
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_means_no_layer),
        cmocka_unit_test(a_breaker_needs_no_retry),
        cmocka_unit_test(conditions_have_their_windows_and_classes),
        cmocka_unit_test(ignored_classes_do_not_count),
        cmocka_unit_test(places_are_counted_by_tier),
        cmocka_unit_test(an_algorithm_brings_its_defaults),
        cmocka_unit_test(an_adaptive_limit_is_as_it_says),
        cmocka_unit_test(rates_and_throttles_are_as_they_say),
        cmocka_unit_test(hedges_are_as_they_say),
        cmocka_unit_test(retries_have_their_refinements),
        cmocka_unit_test(layers_are_put_in_order),
        cmocka_unit_test(chains_are_those_of_the_order),
    };
    return cmocka_run_group_tests_name("plan/layers", tests, enter_folder,
                                       leave_folder);
}
