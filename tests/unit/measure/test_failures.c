/* What failed attempts were told: kinds, their bounds, and that merging tables
 * is the same as filling one. */
#include "measure/failures.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void take(struct failures *failures, enum outcome outcome,
                 uint16_t status, const char *text, int64_t at)
{
    struct failure failure = {
        .outcome = outcome,
        .status = status,
        .text = text,
        .length = strlen(text),
        .hash = failure_hash(text, strlen(text)),
        .at = {at},
    };
    failures_take(failures, &failure);
}

static void similar_texts_are_one_kind(void **state)
{
    struct failures failures = {0};
    (void)state;
    take(&failures, OUTCOME_REJECTED, 404, "order 17 not found", 5);
    take(&failures, OUTCOME_REJECTED, 404, "order 9f-18 not found", 3);
    take(&failures, OUTCOME_REJECTED, 404, "customer 17 not found", 4);
    take(&failures, OUTCOME_REJECTED, 410, "order 17 not found", 4);
    take(&failures, OUTCOME_SERVER_ERROR, 404, "order 17 not found", 4);
    assert_int_equal(failures.count, 4);
    assert_int_equal(failures.kinds[0].count, 2);
    assert_int_equal(failures.kinds[0].first.ns, 3);
    assert_int_equal(failures.kinds[0].last.ns, 5);
    assert_memory_equal(failures.kinds[0].text, "order 17 not found", 18);
    assert_int_equal(failures.kinds[0].length, 18);
}

/* Letters of which none is a digit: all texts differ. */
static void name_text(char text[8], unsigned number)
{
    snprintf(text, 8, "%c%c%c", 'a' + (int)(number / 676 % 26),
             'a' + (int)(number / 26 % 26), 'a' + (int)(number % 26));
}

static void the_table_is_bounded_and_loses_no_count(void **state)
{
    static struct failures failures;
    uint64_t counted = 0;
    (void)state;
    memset(&failures, 0, sizeof(failures));
    for (unsigned i = 0; i < 20000; i++) {
        char text[8];
        name_text(text, i % 1000);
        take(&failures, OUTCOME_SERVER_ERROR, (uint16_t)(500 + i % 20), text,
             i);
    }
    assert_int_equal(failures.count, FAILURES_MAX);
    for (size_t i = 0; i < failures.count; i++) {
        counted += failures.kinds[i].count;
        assert_true(!failures.kinds[i].is_rest ||
                    failures.kinds[i].length == 0);
    }
    assert_true(failures.omitted > 0);
    assert_int_equal(counted + failures.omitted, 20000);
}

/* Of one status all is counted, though only so many texts are told apart. */
static void what_has_no_text_of_its_own_is_the_rest(void **state)
{
    struct failures failures = {0};
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        char text[8];
        name_text(text, i);
        take(&failures, OUTCOME_SERVER_ERROR, 500, text, i);
    }
    assert_int_equal(failures.count, FAILURE_TEXTS_MAX + 1);
    const struct failure_kind *rest = &failures.kinds[FAILURE_TEXTS_MAX];
    assert_true(rest->is_rest);
    assert_int_equal(rest->count, 100 - FAILURE_TEXTS_MAX);
    assert_int_equal(failures.omitted, 0);
    assert_ptr_equal(failures_find(&failures, OUTCOME_SERVER_ERROR, 500,
                                   failure_hash("zzz", 3)),
                     rest);
    assert_ptr_equal(failures_find(&failures, OUTCOME_SERVER_ERROR, 500,
                                   failure_hash("aac", 3)),
                     &failures.kinds[2]);
    assert_null(failures_find(&failures, OUTCOME_TIMEOUT, 0, 1));
}

static void a_merge_counts_what_one_table_counts(void **state)
{
    struct failures one = {0}, a = {0}, b = {0};
    uint8_t order[FAILURES_MAX];
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        char text[8];
        name_text(text, i % 6);
        take(&one, OUTCOME_TIMEOUT, 0, text, i);
        take(i % 3 ? &a : &b, OUTCOME_TIMEOUT, 0, text, i);
        take(i % 3 ? &a : &b, OUTCOME_RESET, 0, "", i);
        take(&one, OUTCOME_RESET, 0, "", i);
    }
    failures_merge(&a, &b);
    assert_int_equal(a.count, one.count);
    for (size_t i = 0; i < one.count; i++) {
        const struct failure_kind *kind = failures_find(
            &a, one.kinds[i].outcome, one.kinds[i].status, one.kinds[i].hash);
        assert_non_null(kind);
        assert_int_equal(kind->count, one.kinds[i].count);
        assert_int_equal(kind->first.ns, one.kinds[i].first.ns);
        assert_int_equal(kind->last.ns, one.kinds[i].last.ns);
        assert_int_equal(kind->length, one.kinds[i].length);
    }
    assert_int_equal(failures_rank(&a, order), 7);
    assert_int_equal(a.kinds[order[0]].outcome, OUTCOME_RESET);
    assert_int_equal(a.kinds[order[0]].count, 60);
}

static void what_is_shown_is_harmless(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"  a\r\n\tb  ", "a b"},
        {"\033[31mred\x7f\xff", "\\x1b[31mred\\x7f\\xff"},
        {"{\"token\": \"abc\", \"id\": 1}", "{\"token\": \"***\", \"id\": 1}"},
        {"Authorization: Bearer abc.def\nx",
         "Authorization: ****** ******* x"},
        {"sent Bearer abcd", "sent Bearer ****"},
        {"no secrets=here", "no secrets=****"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct failures failures = {0};
        char shown[FAILURE_SHOWN_MAX];
        take(&failures, OUTCOME_TIMEOUT, 0, cases[i].text, 0);
        failure_show(&failures.kinds[0], shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

/* The longest text, every byte of which is escaped, fits. */
static void the_longest_text_fits(void **state)
{
    struct failures failures = {0};
    char text[FAILURE_TEXT_MAX + 10], shown[FAILURE_SHOWN_MAX];
    (void)state;
    memset(text, 1, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    take(&failures, OUTCOME_TIMEOUT, 0, text, 0);
    failure_show(&failures.kinds[0], shown);
    assert_int_equal(strlen(shown), 4 * FAILURE_TEXT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similar_texts_are_one_kind),
        cmocka_unit_test(the_table_is_bounded_and_loses_no_count),
        cmocka_unit_test(what_has_no_text_of_its_own_is_the_rest),
        cmocka_unit_test(a_merge_counts_what_one_table_counts),
        cmocka_unit_test(what_is_shown_is_harmless),
        cmocka_unit_test(the_longest_text_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
