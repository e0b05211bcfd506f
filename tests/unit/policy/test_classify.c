#include "policy/classify.h"

#include "base/must.h"
#include "policy/layer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct request_traits post = {.method = METHOD_POST};

static struct classification of(const struct classify_config *config,
                                enum outcome outcome, unsigned status)
{
    struct attempt_result result = {
        .outcome = outcome, .status = (uint16_t)status, .sent = true};
    return classify(config, &result, &post, 1);
}

static void test_without_rules(void **state)
{
    (void)state;
    struct classify_config config = {0};
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        struct classification got = of(&config, (enum outcome)i, 0);
        assert_int_equal(got.as,
                         i == OUTCOME_OK ? CLASS_SUCCESS : CLASS_FATAL);
        assert_int_equal(got.rule, -1);
    }
}

/* One condition at a time: a result that fits, and one that does not. */
static const struct {
    struct classify_rule rule;
    struct attempt_result fits;
    struct request_traits traits;
    unsigned attempt;
    struct attempt_result differs;
    struct request_traits other_traits;
    unsigned other_attempt;
} rule_rows[] = {
    {{.outcomes = 1u << OUTCOME_RESET},
     {.outcome = OUTCOME_RESET},
     {0},
     1,
     {.outcome = OUTCOME_TIMEOUT},
     {0},
     1},
    {{.methods = METHOD_GET | METHOD_PUT},
     {0},
     {.method = METHOD_PUT},
     1,
     {0},
     {.method = METHOD_POST},
     1},
    {{.sent = YES}, {.sent = true}, {0}, 1, {.sent = false}, {0}, 1},
    {{.sent = NO}, {.sent = false}, {0}, 1, {.sent = true}, {0}, 1},
    {{.reused = YES}, {.reused = true}, {0}, 1, {0}, {0}, 1},
    {{.reused = NO}, {.reused = false}, {0}, 1, {.reused = true}, {0}, 1},
    {{.has_hint = YES},
     {.hint = {HINT_WAIT, {0}}},
     {0},
     1,
     {.hint = {HINT_INVALID, {0}}},
     {0},
     1},
    {{.has_hint = NO},
     {.hint = {HINT_ABSENT, {0}}},
     {0},
     1,
     {.hint = {HINT_WAIT, {0}}},
     {0},
     1},
    {{.idempotent = YES},
     {0},
     {.method = METHOD_DELETE},
     1,
     {0},
     {.method = METHOD_PATCH},
     1},
    {{.idempotent = YES},
     {0},
     {.method = METHOD_POST, .has_key = true},
     1,
     {0},
     {.method = METHOD_POST},
     1},
    {{.idempotent = NO},
     {0},
     {.method = METHOD_POST},
     1,
     {0},
     {.method = METHOD_GET},
     1},
    {{.attempt = 2}, {0}, {0}, 2, {0}, {0}, 3},
    {{.headers = 2}, {.headers = 3}, {0}, 1, {.headers = 1}, {0}, 1},
    {{.headers = 6}, {.headers = 6}, {0}, 1, {.headers = 2}, {0}, 1},
    {{.refused_by = 5}, {.refused_by = 4}, {0}, 1, {.refused_by = 2}, {0}, 1},
    {{.refused_by = 5}, {.refused_by = 1}, {0}, 1, {0}, {0}, 1},
    {{.refused_by = 1, .idempotent = YES},
     {.refused_by = 1},
     {.method = METHOD_GET},
     1,
     {.refused_by = 1},
     {.method = METHOD_POST},
     1},
    {{.refused_by = 1, .methods = METHOD_PUT},
     {.refused_by = 1},
     {.method = METHOD_PUT},
     1,
     {.refused_by = 1},
     {.method = METHOD_GET},
     1},
    {{.refused_by = 1, .attempt = 1},
     {.refused_by = 1},
     {0},
     1,
     {.refused_by = 1},
     {0},
     2},
};

static void test_each_condition(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rule_rows); i++) {
        struct classify_config config = {.count = 1};
        config.rules[0] = rule_rows[i].rule;
        config.rules[0].as = CLASS_THROTTLE;
        assert_int_equal(classify(&config, &rule_rows[i].fits,
                                  &rule_rows[i].traits, rule_rows[i].attempt)
                             .rule,
                         0);
        assert_int_equal(classify(&config, &rule_rows[i].differs,
                                  &rule_rows[i].other_traits,
                                  rule_rows[i].other_attempt)
                             .rule,
                         -1);
    }
}

static void test_status_and_not_status(void **state)
{
    (void)state;
    struct classify_config config = {.count = 1};
    config.rules[0].has_status = true;
    config.rules[0].as = CLASS_TRANSIENT;
    status_set_add(&config.rules[0].status, 500, 599);
    status_set_add(&config.rules[0].not_status, 501, 501);
    assert_int_equal(of(&config, OUTCOME_SERVER_ERROR, 500).rule, 0);
    assert_int_equal(of(&config, OUTCOME_SERVER_ERROR, 501).rule, -1);
    assert_int_equal(of(&config, OUTCOME_SERVER_ERROR, 599).rule, 0);
    assert_int_equal(of(&config, OUTCOME_REJECTED, 404).rule, -1);
    assert_int_equal(of(&config, OUTCOME_RESET, 0).rule, -1);
}

/* Whatever a rule asks of answers, it is not asked about a refusal, and what
 * a rule about refusals asks of answers is not looked at. */
static void test_refusals_have_no_answer(void **state)
{
    (void)state;
    const uint32_t breaker = UINT32_C(1) << LAYER_BREAKER;
    struct attempt_result refusal = {
        .outcome = OUTCOME_OK, .status = 200, .refused_by = breaker};
    struct classify_config config = {.count = 1};
    config.rules[0].as = CLASS_TRANSIENT;
    struct classification got = classify(&config, &refusal, &post, 1);
    assert_int_equal(got.rule, -1);
    assert_int_equal(got.as, CLASS_FATAL);

    config.rules[0] = (struct classify_rule){
        .outcomes = 1u << OUTCOME_TIMEOUT,
        .has_status = true,
        .sent = YES,
        .reused = YES,
        .has_hint = YES,
        .headers = 1,
        .refused_by = breaker,
        .as = CLASS_THROTTLE,
    };
    status_set_add(&config.rules[0].status, 503, 503);
    got = classify(&config, &refusal, &post, 1);
    assert_int_equal(got.rule, 0);
    assert_int_equal(got.as, CLASS_THROTTLE);
}

static void test_not_permitted(void **state)
{
    (void)state;
    struct classify_config config = {0};
    const char *problem = NULL;
    assert_true(classify_expand(&config, "not_permitted", &problem));
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        assert_int_equal(of(&config, (enum outcome)i, 503).rule, -1);
    }
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        struct attempt_result refusal = {.refused_by = UINT32_C(1) << i};
        struct classification got = classify(&config, &refusal, &post, 1);
        bool can_refuse = layer_refuses((enum layer)i);
        assert_int_equal(got.rule, can_refuse ? 0 : -1);
        assert_int_equal(got.as, can_refuse ? CLASS_TRANSIENT : CLASS_FATAL);
    }
}

static uint32_t headers_in(const struct classify_config *config,
                           const char *line)
{
    return classify_headers_in(config, line, strlen(line));
}

static void test_headers_are_found(void **state)
{
    (void)state;
    struct classify_config config = {0};
    assert_int_equal(
        classify_header_bit(&config, "Stripe-Should-Retry", "true"), 1);
    assert_int_equal(
        classify_header_bit(&config, "Stripe-Should-Retry", "false"), 2);
    assert_int_equal(classify_header_bit(&config, "X-Any", ""), 4);
    assert_int_equal(
        classify_header_bit(&config, "stripe-should-RETRY", "TRUE"), 1);
    assert_int_equal(config.header_count, 3);

    assert_int_equal(headers_in(&config, "Stripe-Should-Retry: true"), 1);
    assert_int_equal(headers_in(&config, "STRIPE-SHOULD-RETRY:FALSE"), 2);
    assert_int_equal(headers_in(&config, "stripe-should-retry: \tTrue \t"), 1);
    assert_int_equal(headers_in(&config, "Stripe-Should-Retry: tru"), 0);
    assert_int_equal(headers_in(&config, "Stripe-Should-Retry: truer"), 0);
    assert_int_equal(headers_in(&config, "Stripe-Should-Retry : true"), 0);
    assert_int_equal(headers_in(&config, "Stripe-Should: true"), 0);
    assert_int_equal(headers_in(&config, "Stripe-Should-Retry"), 0);
    assert_int_equal(headers_in(&config, ""), 0);
    assert_int_equal(headers_in(&config, "x-any: whatever"), 4);
    assert_int_equal(headers_in(&config, "x-any:"), 4);
    assert_int_equal(headers_in(&config, "x-any:  "), 4);
    /* The bytes after the given length are not looked at. */
    assert_int_equal(
        classify_headers_in(&config, "Stripe-Should-Retry: truer", 25), 1);
    assert_int_equal(classify_headers_in(&config, "X-Any: 1", 5), 0);
}

static void test_headers_are_few(void **state)
{
    (void)state;
    struct classify_config config = {0};
    char value[16];
    for (unsigned i = 0; i < CLASSIFY_HEADERS_MAX; i++) {
        snprintf(value, sizeof(value), "%u", i);
        assert_int_equal(classify_header_bit(&config, "X", value), 1u << i);
    }
    assert_int_equal(classify_header_bit(&config, "X", "new"), 0);
    assert_int_equal(classify_header_bit(&config, "X", "0"), 1);
    assert_int_equal(config.header_count, CLASSIFY_HEADERS_MAX);
}

static void expect_token(const char *token, enum outcome_class as,
                         const enum outcome *outcomes, size_t count,
                         unsigned status)
{
    struct classify_config config = {0};
    const char *problem = NULL;
    assert_true(classify_expand(&config, token, &problem));
    assert_int_equal(config.count, 1);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome_class expected =
            i == OUTCOME_OK ? CLASS_SUCCESS : CLASS_FATAL;
        for (size_t j = 0; j < count; j++) {
            if (outcomes[j] == (enum outcome)i) {
                expected = as;
            }
        }
        if (of(&config, (enum outcome)i, status).as != expected) {
            fail_msg("token %s, outcome %s", token,
                     outcome_name((enum outcome)i));
        }
    }
}

#define EXPECT_TOKEN(token, as, status, ...) \
    do { \
        const enum outcome list[] = {__VA_ARGS__}; \
        expect_token(token, as, list, array_length(list), status); \
    } while (0)

static void test_tokens(void **state)
{
    (void)state;
    EXPECT_TOKEN("connect", CLASS_TRANSIENT, 0, OUTCOME_DNS,
                 OUTCOME_CONNECT_REFUSED, OUTCOME_CONNECT_TIMEOUT,
                 OUTCOME_CONNECT_FAILED, OUTCOME_TLS);
    EXPECT_TOKEN("reset", CLASS_TRANSIENT, 0, OUTCOME_RESET,
                 OUTCOME_RESET_REUSED, OUTCOME_TRUNCATED);
    EXPECT_TOKEN("timeout", CLASS_TIMEOUT, 0, OUTCOME_TIMEOUT);
    EXPECT_TOKEN("protocol", CLASS_TRANSIENT, 0, OUTCOME_PROTOCOL);
    EXPECT_TOKEN("refused_stream", CLASS_TRANSIENT, 0, OUTCOME_REFUSED_STREAM);
    EXPECT_TOKEN("busy", CLASS_TRANSIENT, 409, OUTCOME_BUSY);
    EXPECT_TOKEN("no_socket", CLASS_TRANSIENT, 0, OUTCOME_NO_SOCKET);
    EXPECT_TOKEN("dns", CLASS_TRANSIENT, 0, OUTCOME_DNS);
    EXPECT_TOKEN("throttled", CLASS_THROTTLE, 429, OUTCOME_THROTTLED);
    /* A status is asked of complete answers that were not expected. */
    EXPECT_TOKEN("5xx", CLASS_TRANSIENT, 503, OUTCOME_UNEXPECTED,
                 OUTCOME_REDIRECTED, OUTCOME_REDIRECT_LIMIT, OUTCOME_REJECTED,
                 OUTCOME_BUSY, OUTCOME_THROTTLED, OUTCOME_SERVER_ERROR);
    EXPECT_TOKEN("429", CLASS_THROTTLE, 429, OUTCOME_UNEXPECTED,
                 OUTCOME_REDIRECTED, OUTCOME_REDIRECT_LIMIT, OUTCOME_REJECTED,
                 OUTCOME_BUSY, OUTCOME_THROTTLED, OUTCOME_SERVER_ERROR);
}

static void test_status_tokens(void **state)
{
    (void)state;
    for (unsigned status = 100; status <= 599; status++) {
        struct classify_config config = {0};
        const char *problem = NULL;
        char token[8];
        snprintf(token, sizeof(token), "%u", status);
        assert_true(classify_expand(&config, token, &problem));
        snprintf(token, sizeof(token), "%uxx", status / 100);
        assert_true(classify_expand(&config, token, &problem));
        for (unsigned other = 100; other <= 599; other++) {
            int expected = other == status               ? 0
                           : other / 100 == status / 100 ? 1
                                                         : -1;
            assert_int_equal(of(&config, OUTCOME_REJECTED, other).rule,
                             expected);
        }
    }
}

static void test_bad_tokens(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "ok",  "cancelled", "6xx",
                                      "0xx",  "099", "600",       "5x",
                                      "5xxx", "50x", "Connect",   "429 "};
    for (size_t i = 0; i < array_length(bad); i++) {
        struct classify_config config = {0};
        const char *problem = NULL;
        assert_false(classify_expand(&config, bad[i], &problem));
        assert_non_null(problem);
        assert_int_equal(config.count, 0);
    }
}

static void test_full_list(void **state)
{
    (void)state;
    struct classify_config config = {0};
    const char *problem = NULL;
    for (int i = 0; i < CLASSIFY_RULES_MAX; i++) {
        assert_true(classify_expand(&config, "reset", &problem));
    }
    assert_null(problem);
    assert_false(classify_expand(&config, "reset", &problem));
    assert_non_null(problem);
    assert_int_equal(config.count, CLASSIFY_RULES_MAX);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(outcome_class_name(CLASS_SUCCESS), "success");
    assert_string_equal(outcome_class_name(CLASS_FATAL), "fatal");

    static const char *const methods[] = {"GET",   "HEAD",   "POST",
                                          "PUT",   "DELETE", "OPTIONS",
                                          "TRACE", "PATCH",  "BREW"};
    uint16_t seen = 0;
    for (size_t i = 0; i < array_length(methods); i++) {
        assert_int_equal(classify_method_bit(methods[i]), 1 << i);
        seen |= classify_method_bit(methods[i]);
    }
    assert_int_equal(seen, 2 * METHOD_OTHER - 1);
    assert_int_equal(classify_method_bit("get"), METHOD_OTHER);
    assert_int_equal(
        METHODS_IDEMPOTENT & (METHOD_POST | METHOD_PATCH | METHOD_OTHER), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_rules),
        cmocka_unit_test(test_each_condition),
        cmocka_unit_test(test_status_and_not_status),
        cmocka_unit_test(test_refusals_have_no_answer),
        cmocka_unit_test(test_not_permitted),
        cmocka_unit_test(test_headers_are_found),
        cmocka_unit_test(test_headers_are_few),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_status_tokens),
        cmocka_unit_test(test_bad_tokens),
        cmocka_unit_test(test_full_list),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("policy/classify", tests, NULL, NULL);
}
