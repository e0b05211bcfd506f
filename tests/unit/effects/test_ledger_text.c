/* What a ledger may look like, and what is said of one that does not. */
#include "effects/ledger_text.h"

#include "base/must.h"
#include "base/str.h"
#include "effects/effects_join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct errors errors;

static void take(void *user, const struct ledger_entry *entry)
{
    if (user) {
        effects_join_take(user, entry);
    }
}

/* In pieces of a size. */
static bool parse_pieces(const char *text, size_t length, size_t piece,
                         struct effects_join *join, struct errors *said)
{
    static struct ledger_text parser;
    ledger_text_begin(&parser, LEDGER_SNIFFED, LEDGER_HAS_COUNT, take, join);
    for (size_t at = 0; at < length; at += piece) {
        size_t size = length - at < piece ? length - at : piece;
        if (!ledger_text_feed(&parser, text + at, size, said)) {
            return false;
        }
    }
    return ledger_text_end(&parser, said);
}

static bool ledger_parse(const char *text, size_t length,
                         struct effects_join *join, struct errors *said)
{
    return parse_pieces(text, length, length, join, said);
}

/* What one reading says of one id: its count, and of all others. */
struct reading {
    bool ok;
    uint64_t own, foreign_ids, foreign;
};

static struct reading read_bytes(const char *text, size_t length,
                                 const char *id)
{
    struct arena arena = ARENA_INIT;
    struct operation_log *log = operation_log_new(&arena, 1);
    struct fact fact = {.kind = FACT_FINISHED};
    fact.finished.verdict = VERDICT_SUCCEEDED;
    fact.finished.attempts = 1;
    fact.finished.join = hash_bytes(id, strlen(id));
    operation_log_take(log, &fact);
    struct effects_join *join = effects_join_new(&log, 1);
    /* Exactly as long as promised: the text and a NUL. */
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';

    errors = (struct errors)ERRORS_INIT;
    struct reading reading = {.ok = ledger_parse(copy, length, join, &errors)};
    struct effect_figures effects;
    effects_join_finish(join, &effects);
    reading.own = effects.total_effects;
    reading.foreign_ids = effects.foreign_ids;
    reading.foreign = effects.foreign_effects;
    /* However it comes, it says the same. */
    uint64_t fingerprint = effects_join_fingerprint(join);
    for (size_t piece = 1; piece < 8 && length < 6000; piece += 2) {
        struct errors again = ERRORS_INIT;
        effects_join_clear(join);
        assert_int_equal(parse_pieces(copy, length, piece, join, &again),
                         reading.ok);
        assert_int_equal(again.count, errors.count);
        assert_string_equal(again.list[0].text, errors.list[0].text);
        assert_int_equal(effects_join_fingerprint(join), fingerprint);
    }
    assert_int_equal(errors.count, reading.ok ? 0 : 1);
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
    assert_true(errors.list[0].hint[0] != '\0');
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
    expect("k|3\na|b|4", "a|b", 4, 1, 3);
    expect(" k | 3 \n", "k", 3, 0, 0);
    expect("a b|3\n", "a b", 3, 0, 0);
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

/* A mark of the encoding is none of the first id; what only begins like one
 * is, and so is one that stands anywhere else. */
static void test_a_mark_before_all(void **state)
{
    (void)state;
    expect("\xef\xbb\xbfk 3\nl 1\n", "k", 3, 1, 1);
    expect("\xef\xbb\xbf\n k 3\n", "k", 3, 0, 0);
    expect("\xef\xbb\xbf{\"k\": 3}", "k", 3, 0, 0);
    expect("\xef\xbb\xbf", "k", 0, 0, 0);
    expect("\xef\xbbk 3\n", "\xef\xbbk", 3, 0, 0);
    expect("\xefk 3\n", "\xefk", 3, 0, 0);
    expect("l 1\n\xef\xbb\xbfk 3\n", "\xef\xbb\xbfk", 3, 1, 1);
    expect("\xef\xbb\xbf\xef\xbb\xbfk 3\n", "\xef\xbb\xbfk", 3, 0, 0);
    expect_refusal("\xef\xbb", "is not `id count`");
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    expect_refusal("k 1\nk\n", "line 2 is not `id count`: \"k\"");
    expect_refusal("17\n", "line 1 is not `id count`: \"17\"");
    expect_refusal("  17\n", "line 1 is not `id count`");
    expect_refusal("k -1\n", "line 1 has a negative count: \"k -1\"");
    expect_refusal("k|-1\n", "has a negative count");
    expect_refusal("|1\n", "is not `id count`");
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
    expect("{\"\\ud83d\\ude00\": 1}", "\xf0\x9f\x98\x80", 1, 0, 0);
}

static void test_records(void **state)
{
    (void)state;
    expect("{\"key\": \"k\", \"count\": 2}", "k", 2, 0, 0);
    expect("{\"count\": 2, \"amount\": 7, \"id\": \"k\"}", "k", 2, 0, 0);
    expect("{\"id\": 17, \"count\": 2}", "17", 2, 0, 0);
    expect("{\"id\": 17, \"key\": \"k\"}", "k", 1, 0, 0);
    expect("{\"id\": 17}", "17", 1, 0, 0);
    expect("{\"id\": 17, \"amount\": 5}\n{\"id\": 18}", "17", 1, 1, 1);
    expect("{\"key\": 17, \"id\": 3}", "17", 1, 0, 0);
    expect("{\"key\": null, \"id\": 17}", "17", 1, 0, 0);
    expect("{\"key\": \"k\", \"count\": \"3\"}", "k", 3, 0, 0);
    expect("{\"key\": \"k\"}\n{\"key\": \"k\"}\n", "k", 2, 0, 0);
    expect("{\"k\":1}{\"k\":1}", "k", 2, 0, 0);
    expect("[{\"key\":\"k\",\"count\":2},{\"key\":\"x\",\"count\":3}]", "k", 2,
           1, 3);
    expect("[]", "k", 0, 0, 0);
    expect("{\"entries\": [{\"key\": \"k\", \"tags\": [1, {\"k\": 9}], "
           "\"count\": 2}], \"effects\": 7, \"next\": null}",
           "k", 2, 0, 0);
    expect("[{\"k\": 1}, {\"k\": 2}]", "k", 3, 0, 0);
    expect_refusal("{\"key\": \"k\", \"count\": -1}\n",
                   "line 1 gives no whole count for: \"k\"");
    expect_refusal("{\"key\": \"k\"}\n{\"key\": \"j\", \"count\": null}\n",
                   "line 2 gives no whole count for: \"j\"");
}

/* An object shows what it is only after a while. */
static void test_many_members(void **state)
{
    (void)state;
    struct str map = STR_INIT;
    struct str record = STR_INIT;
    str_append(&map, "{\"k\": 1");
    str_append(&record, "{\"key\": \"k\"");
    for (int i = 0; i < 100; i++) {
        str_printf(&map, ", \"id-%d\": 2", i);
        str_printf(&record, ", \"id-%d\": 2", i);
    }
    str_append(&map, "}");
    str_append(&record, ", \"count\": 4}");
    expect(map.text, "k", 1, 100, 200);
    expect(record.text, "k", 4, 0, 0);
    map.length--;
    str_append(&map, ", \"bad\": \"text\"}");
    expect_refusal(map.text, "gives no whole count for: \"bad\"");
    str_release(&map);
    str_release(&record);
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
    expect_refusal("[1]", "has a value where an object belongs");
    expect_refusal("[\"k\"]", "has a text where an object belongs");
    expect_refusal("[[]]", "has an array within an array");
    expect_refusal("{\n\"k\": 1", "line 2 is not valid JSON: it ends");
    expect_refusal("{\"k\": 1} x", "is not valid JSON at: \"x\"");
    expect_refusal("{\"k\": 1,}", "is not valid JSON at: \"}\"");
    expect_refusal("{\"k\": 01}", "is not valid JSON at: \"01\"");
    expect_refusal("{\"k\" 1}", "is not valid JSON at: \"1\"");
    expect_refusal("{\"k\": 1]", "is not valid JSON at: \"]\"");
    expect_refusal("{\"\\ud83d\": 1}", "is not valid JSON");
    expect_refusal("{\"\\q\": 1}", "is not valid JSON");
    expect_refusal("{\"\xff\": 1}", "is not valid JSON: not UTF-8");
    expect_refusal("{\"\xc0\x80\": 1}", "not UTF-8");
    expect_refusal("{\"\xed\xa0\x80\": 1}", "not UTF-8");
    expect_refusal("{\"\xe2\x82\": 1}", "not UTF-8");
    assert_false(read_bytes("{\"k\":1}\0{\"k\":1}", 15, "k").ok);
}

static void test_texts_without_end(void **state)
{
    (void)state;
    struct str text = STR_INIT;
    str_append(&text, "{\"key\": \"k\", \"payload\": \"");
    for (int i = 0; i < 5000; i++) {
        str_append(&text, "x");
    }
    str_append(&text, "\"}");
    expect(text.text, "k", 1, 0, 0);
    str_reset(&text);
    str_append(&text, "{\"");
    for (int i = 0; i < 5000; i++) {
        str_append(&text, "x");
    }
    str_append(&text, "\": 1}");
    expect_refusal(text.text, "has a text longer than 4096 bytes");
    str_reset(&text);
    for (int i = 0; i < 5000; i++) {
        str_append(&text, "[");
    }
    expect_refusal(text.text, "has an array within an array");
    str_release(&text);
}

/* The last entry that was read. */
static struct ledger_entry last;
static char last_id[100], last_state[100];

static void keep(void *user, const struct ledger_entry *entry)
{
    (void)user;
    last = *entry;
    snprintf(last_id, sizeof(last_id), "%.*s", (int)entry->id_length,
             entry->id);
    snprintf(last_state, sizeof(last_state), "%.*s",
             entry->state ? (int)entry->state_length : 0,
             entry->state ? entry->state : "");
}

static bool read_entry(enum ledger_columns columns, const char *text)
{
    static struct ledger_text parser;
    errors = (struct errors)ERRORS_INIT;
    ledger_text_begin(&parser, LEDGER_SNIFFED, columns, keep, NULL);
    return ledger_text_feed(&parser, text, strlen(text), &errors) &&
           ledger_text_end(&parser, &errors);
}

static void expect_entry(enum ledger_columns columns, const char *text,
                         const char *id, uint64_t count, const char *state,
                         int64_t unix_ms)
{
    if (!read_entry(columns, text)) {
        fail_msg("%s: %s", text, errors.list[0].text);
    }
    assert_string_equal(last_id, id);
    assert_string_equal(last_state, state);
    assert_int_equal(last.count, count);
    assert_true(last.has_time);
    assert_int_equal(last.unix_ns, unix_ms * 1000000);
}

static void test_times(void **state)
{
    (void)state;
    static const int64_t at = INT64_C(1764075000123);
    expect_entry(LEDGER_HAS_COUNT_TIME, "k 2 1764075000.123", "k", 2, "", at);
    expect_entry(LEDGER_HAS_COUNT_TIME, "a b|2|1764075000123", "a b", 2, "",
                 at);
    expect_entry(LEDGER_HAS_COUNT_TIME, "k|2|2025-11-25 14:50:00.123+02", "k",
                 2, "", at);
    expect_entry(LEDGER_HAS_TIME, "a 3 2025-11-25T12:50:00.123Z", "a 3", 1, "",
                 at);
    expect_entry(LEDGER_HAS_TIME, "k\t2025-11-25 12:50:00.123", "k", 1, "",
                 at);
    expect_entry(LEDGER_HAS_STATE_TIME, "k DONE 1764075000", "k", 1, "DONE",
                 at - 123);
    expect_entry(LEDGER_HAS_STATE_TIME, "k|DONE|2025-11-25 12:50:00+00:00",
                 "k", 1, "DONE", at - 123);
    expect_entry(LEDGER_HAS_COUNT_TIME,
                 "{\"key\":\"k\",\"count\":2,\"time\":1764075000123}", "k", 2,
                 "", at);
    expect_entry(LEDGER_HAS_STATE_TIME,
                 "[{\"id\":7,\"status\":\"DONE\","
                 "\"at\":\"2025-11-25T07:50:00.123-05:00\"}]",
                 "7", 1, "DONE", at);

    /* None yet has no time. */
    static const char *const none[] = {
        "k|0|", "k | 0 | ", "{\"key\":\"k\",\"count\":0,\"time\":null}",
        "{\"key\":\"k\",\"count\":0}"};
    for (size_t i = 0; i < array_length(none); i++) {
        assert_true(read_entry(LEDGER_HAS_COUNT_TIME, none[i]));
        assert_string_equal(last_id, "k");
        assert_int_equal(last.count, 0);
        assert_false(last.has_time);
    }
    assert_false(read_entry(LEDGER_HAS_COUNT_TIME, "k|1|"));
    assert_false(read_entry(LEDGER_HAS_COUNT_TIME, "|0|"));
    assert_false(read_entry(LEDGER_HAS_COUNT_TIME,
                            "{\"key\":\"k\",\"count\":1,\"time\":null}"));
    assert_false(read_entry(LEDGER_HAS_COUNT_TIME, "k 1764075000"));
    assert_false(read_entry(LEDGER_HAS_COUNT_TIME, "k 2 yesterday"));
    assert_non_null(strstr(errors.list[0].text, "is not `id count time`"));
    assert_false(read_entry(LEDGER_HAS_STATE_TIME, "DONE 1764075000"));
    assert_false(read_entry(LEDGER_HAS_TIME, "{\"k\": 1}"));
    assert_non_null(strstr(errors.list[0].text, "has no time for"));
    assert_false(read_entry(LEDGER_HAS_STATE_TIME,
                            "{\"key\": \"k\", \"time\": 1764075000}"));
    assert_non_null(strstr(errors.list[0].text, "has no state for: \"k\""));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 2025-02-29T00:00:00Z"));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 2025-13-01T00:00:00Z"));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 2025-11-25T24:00:00Z"));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 2425-11-25T00:00:00Z"));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 1969-12-31T23:59:59Z"));
    assert_false(read_entry(LEDGER_HAS_TIME, "k 9223372036854775807"));
    assert_true(read_entry(LEDGER_HAS_TIME, "k 2024-02-29T00:00:00Z"));
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
    struct effect_figures effects;
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
        cmocka_unit_test(test_a_mark_before_all),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_only_a_piece_of_a_long_line_is_shown),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_texts_without_end),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_json_that_is_no_ledger),
        cmocka_unit_test(test_a_million_lines),
        cmocka_unit_test(test_a_reading_replaces_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
