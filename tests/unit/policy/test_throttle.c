#include "policy/throttle.h"

#include "base/must.h"
#include "base/rng.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t seed = 20160316;

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

/* So many requests and accepts at once. */
static struct throttle with(const struct throttle_config *config, int requests,
                            int accepts)
{
    struct throttle throttle;
    throttle_init(&throttle, config);
    for (int i = 0; i < requests; i++) {
        throttle_allow(&throttle, config, at_ms(0), 1.0);
        throttle_on_done(&throttle, config, at_ms(0), i < accepts);
    }
    return throttle;
}

/* (requests - k accepts) / (requests + padding), by hand. */
static void test_probability(void **state)
{
    (void)state;
    static const struct {
        double k, padding, max_reject, exponent;
        int requests, accepts;
        double expected;
    } rows[] = {
        {2, 1, 1, 1, 0, 0, 0},
        {2, 1, 1, 1, 1, 0, 0.5},
        {2, 1, 1, 1, 99, 0, 0.99},
        {2, 1, 1, 1, 99, 50, 0},
        {2, 1, 1, 1, 99, 40, 0.19},
        {1.1, 1, 1, 1, 99, 90, 0},
        {1.1, 1, 1, 1, 99, 80, 0.11},
        {2, 8, 1, 1, 92, 21, 0.5},         /* grpc-go pads with 8 */
        {2, 1, 0.8, 1, 999, 0, 0.8},       /* Envoy stops at 80 % */
        {2, 1, 1, 2, 99, 37, 0.5},         /* aggression 2: the root of 0.25 */
        {1 / 0.95, 1, 1, 1, 99, 76, 0.19}, /* threshold 95 % */
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct throttle_config config;
        throttle_config_init(&config);
        config.k = rows[i].k;
        config.padding = rows[i].padding;
        config.max_reject = rows[i].max_reject;
        config.exponent = rows[i].exponent;
        struct throttle throttle =
            with(&config, rows[i].requests, rows[i].accepts);
        double got = throttle_refusal(&throttle, &config, at_ms(0));
        if (fabs(got - rows[i].expected) > 1e-12) { /* of the arithmetic */
            fail_msg("row %zu: %.17g", i, got);
        }
    }
}

static void test_minimum(void **state)
{
    (void)state;
    struct throttle_config config;
    throttle_config_init(&config);
    config.min_requests = 10;
    struct throttle throttle = with(&config, 9, 0);
    assert_true(throttle_refusal(&throttle, &config, at_ms(0)) == 0);
    throttle_allow(&throttle, &config, at_ms(0), 1.0);
    assert_true(throttle_refusal(&throttle, &config, at_ms(0)) > 0.9);

    config.min_requests = 0;
    config.min_rps = 0.1; /* 12 in 120 s */
    throttle = with(&config, 11, 0);
    assert_true(throttle_refusal(&throttle, &config, at_ms(0)) == 0);
    throttle = with(&config, 12, 0);
    assert_true(throttle_refusal(&throttle, &config, at_ms(0)) > 0.9);
    /* All forgotten when the window has gone by, and not before. */
    assert_true(throttle_refusal(&throttle, &config, at_ms(119999)) > 0.9);
    assert_true(throttle_refusal(&throttle, &config, at_ms(120000)) == 0);
}

/* x = 1000/s are offered, C = 100/s accepted: K C are sent (within 3 %
 * after five windows); and the drop from all to C is followed by a silence
 * of W (1 - 1/K) / (1 - C/x), W = 120 s. */
static void test_steady_state(void **state)
{
    (void)state;
    static const double k[] = {2, 1.1, 1.5};
    print_message("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < array_length(k); i++) {
        struct throttle_config config;
        throttle_config_init(&config);
        config.k = k[i];
        struct throttle throttle;
        throttle_init(&throttle, &config);
        struct rng rng = rng_stream(seed, RNG_JITTER, i);
        double tokens = 0;
        uint64_t sent = 0;
        int64_t first_refusal_ms = -1;
        const int64_t drop_ms = 240000;
        for (int64_t ms = 0; ms < drop_ms + 900000; ms++) {
            bool full = ms < drop_ms;
            tokens = full ? 0 : fmin(tokens + 0.1, 1000);
            if (throttle_allow(&throttle, &config, at_ms(ms),
                               rng_unit(&rng))) {
                bool accepted = full || tokens >= 1;
                tokens -= accepted && !full;
                throttle_on_done(&throttle, &config, at_ms(ms), accepted);
                sent += ms >= drop_ms + 600000;
            } else if (first_refusal_ms < 0) {
                first_refusal_ms = ms - drop_ms;
            }
        }
        double silence_ms = 120000 * (1 - 1 / k[i]) / (1 - 0.1);
        double rate = (double)sent / 300;
        print_message("k %.1f: sent %.1f/s, silent for %.1f s\n", k[i], rate,
                      (double)first_refusal_ms / 1000);
        assert_true(fabs(rate - 100 * k[i]) < 3 * k[i]);
        /* Slots are whole seconds, and the first refusals are rare. */
        assert_true(fabs((double)first_refusal_ms - silence_ms) < 2000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probability),
        cmocka_unit_test(test_minimum),
        cmocka_unit_test(test_steady_state),
    };
    return cmocka_run_group_tests_name("policy/throttle", tests, NULL, NULL);
}
