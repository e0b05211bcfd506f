#include "policy/outcome.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        const char *name = outcome_name(outcome);
        assert_true(strlen(name) > 0);
        assert_int_equal(name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")],
                         '\0');

        enum outcome found = OUTCOME_OK;
        assert_true(outcome_from_name(name, &found));
        assert_int_equal(found, outcome); /* so names are unique as well */
    }
    enum outcome untouched = OUTCOME_TLS;
    assert_false(outcome_from_name("", &untouched));
    assert_false(outcome_from_name("OK", &untouched));
    assert_false(outcome_from_name("ok ", &untouched));
    assert_int_equal(untouched, OUTCOME_TLS);
}

/* Written out again by hand, so that a slip in the table shows. */
static void test_certainty(void **state)
{
    (void)state;
    static const enum outcome definite_no[] = {
        OUTCOME_REJECTED,        OUTCOME_DNS,
        OUTCOME_CONNECT_REFUSED, OUTCOME_CONNECT_TIMEOUT,
        OUTCOME_CONNECT_FAILED,  OUTCOME_TLS,
        OUTCOME_REFUSED_STREAM,  OUTCOME_NO_SOCKET,
        OUTCOME_REDIRECTED,      OUTCOME_FOLLOWED,
        OUTCOME_REDIRECT_LIMIT,  OUTCOME_CHALLENGED,
    };
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        enum certainty expected = CERTAINTY_UNKNOWN;
        for (size_t j = 0; j < array_length(definite_no); j++) {
            if (definite_no[j] == (enum outcome)i) {
                expected = CERTAINTY_NOT_DONE;
            }
        }
        if (i == OUTCOME_OK) {
            expected = CERTAINTY_DONE;
        }
        assert_int_equal(outcome_certainty((enum outcome)i, true), expected);
        assert_int_equal(outcome_certainty((enum outcome)i, false),
                         CERTAINTY_NOT_DONE);
    }
}

static enum outcome expected_of(unsigned status, bool has_key)
{
    switch (status) {
    case 201:
        return OUTCOME_OK;
    case 429:
        return OUTCOME_THROTTLED;
    case 301:
    case 302:
    case 307:
    case 308:
        return OUTCOME_REDIRECTED;
    case 408:
    case 425:
        return OUTCOME_SERVER_ERROR;
    case 409:
        return has_key ? OUTCOME_BUSY : OUTCOME_REJECTED;
    }
    static const enum outcome of_hundred[] = {
        OUTCOME_PROTOCOL,   OUTCOME_UNEXPECTED, OUTCOME_UNEXPECTED,
        OUTCOME_UNEXPECTED, OUTCOME_REJECTED,   OUTCOME_SERVER_ERROR,
    };
    return status < 600 ? of_hundred[status / 100] : OUTCOME_PROTOCOL;
}

static void test_every_status(void **state)
{
    (void)state;
    struct expect_config expect = {0};
    status_set_add(&expect.ok, 201, 201);
    status_set_add(&expect.busy, 409, 409);
    for (unsigned status = 0; status <= 1000; status++) {
        for (int key = 0; key < 2; key++) {
            assert_int_equal(outcome_of_status((uint16_t)status, &expect, key),
                             expected_of(status, key));
        }
    }
}

/* What is expected is asked first, then busy, whatever the status. */
static void test_precedence(void **state)
{
    (void)state;
    struct expect_config expect = {0};
    status_set_add(&expect.ok, 404, 409);
    status_set_add(&expect.busy, 409, 503);
    assert_int_equal(outcome_of_status(404, &expect, true), OUTCOME_OK);
    assert_int_equal(outcome_of_status(409, &expect, true), OUTCOME_OK);
    assert_int_equal(outcome_of_status(429, &expect, true), OUTCOME_BUSY);
    assert_int_equal(outcome_of_status(503, &expect, true), OUTCOME_BUSY);
    assert_int_equal(outcome_of_status(429, &expect, false),
                     OUTCOME_THROTTLED);
    assert_int_equal(outcome_of_status(200, &expect, true),
                     OUTCOME_UNEXPECTED);
}

static void test_status_set(void **state)
{
    (void)state;
    for (unsigned first = 100; first <= 599; first += 83) {
        for (unsigned last = first; last <= 599; last += 61) {
            struct status_set set = {{0}};
            status_set_add(&set, first, last);
            for (unsigned status = 0; status <= 700; status++) {
                assert_int_equal(status_set_has(&set, status),
                                 status >= first && status <= last);
            }
        }
    }
}

static void test_status_out_of_range_is_a_bug(void **state)
{
    (void)state;
    static const unsigned bad[][2] = {{99, 200}, {200, 600}, {300, 299}};
    for (volatile size_t i = 0; i < array_length(bad); i++) {
        struct status_set set = {{0}};
        expect_bug(status_set_add(&set, bad[i][0], bad[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_certainty),
        cmocka_unit_test(test_every_status),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_status_set),
        cmocka_unit_test(test_status_out_of_range_is_a_bug),
    };
    return cmocka_run_group_tests_name("policy/outcome", tests, NULL, NULL);
}
