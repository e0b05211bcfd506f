/* The first rule that matches decides: random rules and results against each
 * rule asked alone. */
#include "base/must.h"
#include "base/rng.h"
#include "policy/classify.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20000, RESULTS = 10 };

static const uint64_t seed = 31415;

static enum tristate random_tristate(struct rng *rng)
{
    static const enum tristate mostly_any[] = {ANY, ANY, ANY, NO, YES};
    return mostly_any[rng_below(rng, array_length(mostly_any))];
}

static struct classify_rule random_rule(struct rng *rng)
{
    struct classify_rule rule = {
        .outcomes = rng_below(rng, 2) ? (uint32_t)rng_next(rng) : 0,
        .has_status = rng_below(rng, 3) == 0,
        .methods = rng_below(rng, 2) ? (uint16_t)(rng_next(rng) & 511) : 0,
        .sent = random_tristate(rng),
        .reused = random_tristate(rng),
        .has_hint = random_tristate(rng),
        .idempotent = random_tristate(rng),
        .attempt = (unsigned)rng_below(rng, 3),
        .headers = rng_below(rng, 4) == 0 ? (uint32_t)rng_below(rng, 4) : 0,
        .refused_by =
            rng_below(rng, 3) == 0 ? (uint32_t)rng_below(rng, 16) : 0,
        .as = (enum outcome_class)rng_below(rng, CLASS_COUNT),
    };
    unsigned first = 100 + (unsigned)rng_below(rng, 400);
    status_set_add(&rule.status, first, first + 99);
    status_set_add(&rule.not_status, first + 50, first + 60);
    return rule;
}

static struct attempt_result random_result(struct rng *rng)
{
    return (struct attempt_result){
        .outcome = (enum outcome)rng_below(rng, OUTCOME_COUNT),
        .status = (uint16_t)rng_below(rng, 600),
        .sent = rng_below(rng, 2),
        .reused = rng_below(rng, 2),
        .hint = {(enum hint_kind)rng_below(rng, 4), {0}},
        .headers = (uint32_t)rng_below(rng, 4),
        .refused_by = rng_below(rng, 4) == 0 ? 1u << rng_below(rng, 4) : 0,
    };
}

static void test_first_match(void **state)
{
    (void)state;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    unsigned matched[4] = {0}; /* none, first, a later one, several */
    print_message("seed %" PRIu64 "\n", seed);
    for (int round = 0; round < ROUNDS; round++) {
        static struct classify_config config;
        config.count = rng_below(&rng, 6);
        for (size_t i = 0; i < config.count; i++) {
            config.rules[i] = random_rule(&rng);
        }
        for (int i = 0; i < RESULTS; i++) {
            struct attempt_result result = random_result(&rng);
            struct request_traits traits = {
                .method = (uint16_t)(1u << rng_below(&rng, 9)),
                .has_key = rng_below(&rng, 2)};
            unsigned attempt = 1 + (unsigned)rng_below(&rng, 3);

            int expected = -1;
            int matches = 0;
            for (size_t j = 0; j < config.count; j++) {
                static struct classify_config alone;
                alone.count = 1;
                alone.rules[0] = config.rules[j];
                if (classify(&alone, &result, &traits, attempt).rule == 0) {
                    expected = expected < 0 ? (int)j : expected;
                    matches++;
                }
            }
            struct classification got =
                classify(&config, &result, &traits, attempt);
            assert_int_equal(got.rule, expected);
            assert_int_equal(got.as, expected >= 0 ? config.rules[expected].as
                                     : result.outcome == OUTCOME_OK &&
                                             !result.refused_by
                                         ? CLASS_SUCCESS
                                         : CLASS_FATAL);
            matched[expected < 0 ? 0 : expected == 0 ? 1 : 2]++;
            matched[3] += matches > 1;
        }
    }
    for (size_t i = 0; i < array_length(matched); i++) {
        assert_true(matched[i] > ROUNDS / 100); /* all cases were seen */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_match),
    };
    return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
