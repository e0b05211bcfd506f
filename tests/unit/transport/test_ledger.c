/* What a ledger may look like, and what is said of one that does not. */
#include "transport/ledger.h"

#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct errors errors;

/* What one reading says of one id: its count, and of all others. */
struct reading {
    bool ok;
    uint64_t own, foreign_ids, foreign;
};

static struct reading read_bytes(const char *text, size_t length,
                                 const char *id)
{
    struct arena arena = ARENA_INIT;
    struct effects_log *log = effects_log_new(&arena, 1);
    struct fact fact = {.kind = FACT_FINISHED};
    fact.finished.verdict = VERDICT_ACKED;
    fact.finished.attempts = 1;
    fact.finished.join = hash_bytes(id, strlen(id));
    effects_log_take(log, &fact);
    struct effects_join *join = effects_join_new(&log, 1);
    /* Exactly as long as promised: the text and a NUL. */
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';

    errors = (struct errors)ERRORS_INIT;
    struct reading reading = {.ok = ledger_parse(copy, length, join, &errors)};
    struct effects effects;
    effects_join_finish(join, &effects);
    reading.own = effects.total_effects;
    reading.foreign_ids = effects.foreign_ids;
    reading.foreign = effects.foreign_effects;
    assert_int_equal(ledger_parse(copy, length, NULL, &errors), reading.ok);
    assert_int_equal(errors.count, reading.ok ? 0 : 2);
    effects_join_free(join);
    arena_release(&arena);
    free(copy);
    return reading;
}

static struct reading read_text(const char *text, const char *id)
{
    return read_bytes(text, strlen(text), id);
}

static void expect(const char *text, const char *id, uint64_t own,
                   uint64_t foreign_ids, uint64_t foreign)
{
    struct reading reading = read_text(text, id);
    assert_true(reading.ok);
    assert_int_equal(reading.own, own);
    assert_int_equal(reading.foreign_ids, foreign_ids);
    assert_int_equal(reading.foreign, foreign);
}

static void expect_refusal(const char *text, const char *sentence)
{
    assert_false(read_text(text, "k").ok);
    if (!strstr(errors.list[0].text, sentence)) {
        fail_msg("\"%s\" is not said in \"%s\"", sentence,
                 errors.list[0].text);
    }
    assert_int_equal(errors.list[0].code, ERROR_NO_LEDGER);
    assert_non_null(strstr(errors.list[0].hint, "id count"));
}

static void test_lines(void **state)
{
    (void)state;
    expect("", "k", 0, 0, 0);
    expect("\n\r\n  \n", "k", 0, 0, 0);
    expect("k 3\n", "k", 3, 0, 0);
    expect("k 3", "k", 3, 0, 0);
    expect("k\t3\r\nother 4\r\n", "k", 3, 1, 4);
    expect("k 0\n", "k", 0, 0, 0);
    expect("k 1\nx 1\nk 2\n", "k", 3, 1, 1);
    expect("  k   2  \n", "k", 2, 0, 0);
    expect("007 2\n", "007", 2, 0, 0);
    expect("k 007\n", "k", 7, 0, 0);
}

static void test_ids_are_any_bytes(void **state)
{
    (void)state;
    expect("order 17 of Ann 2\n", "order 17 of Ann", 2, 0, 0);
    expect("\"quoted\" 1\n", "\"quoted\"", 1, 0, 0);
    expect("\xff\xfe\x80 5\n", "\xff\xfe\x80", 5, 0, 0);
    expect("r\xc3\xa9sum\xc3\xa9 1\n", "r\xc3\xa9sum\xc3\xa9", 1, 0, 0);
    struct reading reading = read_bytes("a\0b 4\n", 6, "a");
    assert_true(reading.ok);
    assert_int_equal(reading.own, 0);
    assert_int_equal(reading.foreign, 4);
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    expect_refusal("k 1\nk\n", "line 2 is not `id count`: \"k\"");
    expect_refusal("17\n", "line 1 is not `id count`: \"17\"");
    expect_refusal("  17\n", "line 1 is not `id count`");
    expect_refusal("k -1\n", "line 1 is not `id count`: \"k -1\"");
    expect_refusal("k 1.5\n", "line 1 is not `id count`");
    expect_refusal("k 1e3\n", "line 1 is not `id count`");
    expect_refusal("k7\n", "line 1 is not `id count`");
    expect_refusal("\n\n<html>\n", "line 3 is not `id count`: \"<html>\"");
    expect_refusal("k 18446744073709551616\n",
                   "line 1 has a count that is too large");
    assert_true(read_text("k 18446744073709551615\n", "k").ok);
}

static void test_only_a_piece_of_a_long_line_is_shown(void **state)
{
    (void)state;
    char line[5000];
    memset(line, 'x', sizeof(line));
    assert_false(read_bytes(line, sizeof(line), "k").ok);
    assert_true(strlen(errors.list[0].text) < 200);
}

static void test_json(void **state)
{
    (void)state;
    expect("{}", "k", 0, 0, 0);
    expect(" {\"k\": 3, \"x\": 1}\n", "k", 3, 1, 1);
    expect("{\"effects\": {\"k\": 2}, \"total\": 2}", "k", 2, 0, 0);
    expect("{\"effects\": 2, \"k\": 1}", "k", 1, 1, 2);
    expect("{\"a b\\u00e9\\n\": 2}", "a b\xc3\xa9\n", 2, 0, 0);
    expect("{\"k\": 1, \"k\": 1}", "k", 2, 0, 0);
    expect("{\"k\": 1.0}", "k", 1, 0, 0);
}

static void test_json_that_is_no_ledger(void **state)
{
    (void)state;
    expect_refusal("{\"k\": -1}", "gives no whole count for: \"k\"");
    expect_refusal("{\"k\": 1.5}", "gives no whole count for: \"k\"");
    expect_refusal("{\"k\": 1e16}", "gives no whole count for: \"k\"");
    expect_refusal("{\"k\": \"1\"}", "gives no whole count for: \"k\"");
    expect_refusal("{\"k\": true}", "gives no whole count for: \"k\"");
    expect_refusal("{\"effects\": {\"k\": []}}", "no whole count for: \"k\"");
    expect_refusal("[1]", "is JSON but no object");
    expect_refusal("{\"k\": 1", "is not valid JSON: \"{\"k\": 1\"");
    expect_refusal("{\"k\": 1} x", "is not valid JSON");
    expect_refusal("{\"k\": 1}{\"k\": 1}", "is not valid JSON");
    assert_false(read_bytes("{\"k\":1}\0{\"k\":1}", 15, "k").ok);
}

static void test_a_million_lines(void **state)
{
    (void)state;
    enum { LINES = 1000 * 1000 };
    struct str text = STR_INIT;
    for (int i = 0; i < LINES; i++) {
        str_printf(&text, "order-%d %d\n", i, i % 3);
    }
    struct reading reading =
        read_bytes(text.text, text.length, "order-999998");
    assert_true(reading.ok);
    assert_int_equal(reading.own, 2);
    /* Of 0 to 999,999, 333,333 numbers leave 1 and 333,333 leave 2. */
    assert_int_equal(reading.foreign, 3 * 333333 - 2);
    str_release(&text);
}

static void test_a_reading_replaces_the_one_before(void **state)
{
    (void)state;
    struct effects_join *join = effects_join_new(NULL, 0);
    struct effects effects;
    assert_true(ledger_parse("a 1\nb 2\n", 8, join, &errors));
    uint64_t first = effects_join_fingerprint(join);
    effects_join_clear(join);
    assert_true(ledger_parse("b 2\na 1\n", 8, join, &errors));
    assert_int_equal(effects_join_fingerprint(join), first);
    effects_join_clear(join);
    assert_true(ledger_parse("a 2\nb 1\n", 8, join, &errors));
    assert_int_not_equal(effects_join_fingerprint(join), first);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.foreign_effects, 3);
    effects_join_free(join);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_ids_are_any_bytes),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_only_a_piece_of_a_long_line_is_shown),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_that_is_no_ledger),
        cmocka_unit_test(test_a_million_lines),
        cmocka_unit_test(test_a_reading_replaces_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
