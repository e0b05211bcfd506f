#include "policy/hint.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 5.6.7; the number
 * is what `date -u +%s` says of it. */
static const int64_t rfc_unix_ms = INT64_C(784111777000);

static struct server_hint parse_at(enum hint_format format, const char *text,
                                   int64_t unix_ms)
{
    return hint_parse(format, NUMBER_INTEGER, text, strlen(text), unix_ms);
}

static void expect_wait(enum hint_format format, const char *text,
                        int64_t unix_ms, int64_t wait_ms)
{
    struct server_hint hint = parse_at(format, text, unix_ms);
    if (hint.kind != HINT_WAIT || hint.wait.ns != wait_ms * NS_PER_MS) {
        fail_msg("\"%s\": kind %d, %lld ns, expected %lld ms", text, hint.kind,
                 (long long)hint.wait.ns, (long long)wait_ms);
    }
}

static void expect_negative(enum hint_format format, const char *text)
{
    struct server_hint hint = parse_at(format, text, rfc_unix_ms);
    if (hint.kind != HINT_NEGATIVE) {
        fail_msg("\"%s\" is a negative hint", text);
    }
}

static void expect_invalid(enum hint_format format, const char *text)
{
    struct server_hint hint = parse_at(format, text, rfc_unix_ms);
    if (hint.kind != HINT_INVALID) {
        fail_msg("\"%s\" is no valid hint", text);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    expect_wait(HINT_SECONDS, "0", 0, 0);
    expect_wait(HINT_SECONDS, "120", 0, 120000);
    expect_wait(HINT_SECONDS, "007", 0, 7000);
    expect_wait(HINT_SECONDS, " \t5 \t", 0, 5000);
    expect_wait(HINT_MS, "1500", 0, 1500);
    expect_wait(HINT_UNIX, "784111780", rfc_unix_ms, 3000);
    expect_wait(HINT_UNIX, "784111780", rfc_unix_ms + 1, 2999);
    expect_wait(HINT_UNIX, "784111777", rfc_unix_ms, 0);
    expect_wait(HINT_UNIX, "1", rfc_unix_ms, 0);

    static const char *const huge[] = {"9223372036", "9223372037",
                                       "9223372036854775807",
                                       "99999999999999999999999999"};
    assert_int_equal(parse_at(HINT_SECONDS, huge[0], 0).wait.ns,
                     INT64_C(9223372036000000000));
    for (size_t i = 1; i < array_length(huge); i++) {
        struct server_hint hint = parse_at(HINT_SECONDS, huge[i], 0);
        assert_int_equal(hint.kind, HINT_WAIT);
        assert_int_equal(hint.wait.ns, INT64_MAX);
    }
}

static void test_bad_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "+1",
                                      "1.5",
                                      "1s",
                                      "0x1",
                                      "1 2",
                                      "a",
                                      "1,2",
                                      "-0",
                                      "--1",
                                      "- 1",
                                      "-a",
                                      "-1.5",
                                      "١",
                                      "Sun, 06 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < array_length(bad); i++) {
        expect_invalid(HINT_SECONDS, bad[i]);
        expect_invalid(HINT_MS, bad[i]);
        expect_invalid(HINT_UNIX, bad[i]);
    }
    /* The bytes after the given length are not looked at. */
    assert_int_equal(
        hint_parse(HINT_SECONDS, NUMBER_INTEGER, "12", 1, 0).wait.ns,
        NS_PER_S);
    assert_int_equal(hint_parse(HINT_SECONDS, NUMBER_INTEGER, "12", 0, 0).kind,
                     HINT_INVALID);
}

/* What each grammar makes of a text, in nanoseconds. */
enum { NEGATIVE = -1, INVALID = -2 };

static int64_t ns_read(enum hint_format format, enum hint_number number,
                       const char *text)
{
    struct server_hint hint =
        hint_parse(format, number, text, strlen(text), rfc_unix_ms);
    switch (hint.kind) {
    case HINT_WAIT:
        return hint.wait.ns;
    case HINT_NEGATIVE:
        return NEGATIVE;
    case HINT_ABSENT:
    case HINT_INVALID:
        break;
    }
    return INVALID;
}

static void test_grammars_of_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t integer, decimal, leading_integer, leading_decimal;
    } rows[] = {
        {"2", 2000000000, 2000000000, 2000000000, 2000000000},
        {"1.5", INVALID, 1500000000, 1000000000, 1500000000},
        {"1.", INVALID, 1000000000, 1000000000, 1000000000},
        {".5", INVALID, 500000000, INVALID, 500000000},
        {"0.0", INVALID, 0, 0, 0},
        {"1.2.3", INVALID, INVALID, 1000000000, 1200000000},
        {"1.5s", INVALID, INVALID, 1000000000, 1500000000},
        {"1s", INVALID, INVALID, 1000000000, 1000000000},
        {"1 2", INVALID, INVALID, 1000000000, 1000000000},
        {"1e3", INVALID, INVALID, 1000000000, 1000000000},
        {"0x10", INVALID, INVALID, 0, 0},
        {"-1", NEGATIVE, NEGATIVE, NEGATIVE, NEGATIVE},
        {"-1.5", INVALID, NEGATIVE, NEGATIVE, NEGATIVE},
        {"-0.5", INVALID, NEGATIVE, INVALID, NEGATIVE},
        {"-0", INVALID, INVALID, INVALID, INVALID},
        {"+1", INVALID, INVALID, INVALID, INVALID},
        {".", INVALID, INVALID, INVALID, INVALID},
        {"-.", INVALID, INVALID, INVALID, INVALID},
        {"", INVALID, INVALID, INVALID, INVALID},
        {"soon", INVALID, INVALID, INVALID, INVALID},
        {"0.0000000019", INVALID, 1, 0, 1},
        {"9223372036.854775807", INVALID, INT64_MAX, 9223372036000000000,
         INT64_MAX},
        {"9223372036.9", INVALID, INT64_MAX, 9223372036000000000, INT64_MAX},
        {"Sun, 06 Nov 1994 08:49:41 GMT", INVALID, INVALID, INVALID, INVALID},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const int64_t expected[] = {
            [NUMBER_INTEGER] = rows[i].integer,
            [NUMBER_DECIMAL] = rows[i].decimal,
            [NUMBER_LEADING_INTEGER] = rows[i].leading_integer,
            [NUMBER_LEADING_DECIMAL] = rows[i].leading_decimal,
        };
        for (size_t j = 0; j < array_length(expected); j++) {
            int64_t ns =
                ns_read(HINT_SECONDS, (enum hint_number)j, rows[i].text);
            if (ns != expected[j]) {
                fail_msg("\"%s\", grammar %zu: %lld", rows[i].text, j,
                         (long long)ns);
            }
        }
    }
    assert_int_equal(ns_read(HINT_MS, NUMBER_DECIMAL, "1500.5"), 1500500000);
    assert_int_equal(ns_read(HINT_MS, NUMBER_DECIMAL, "0.0000019"), 1);
    assert_int_equal(ns_read(HINT_UNIX, NUMBER_DECIMAL, "784111780.25"),
                     3250000000);
    assert_int_equal(ns_read(HINT_UNIX, NUMBER_LEADING_INTEGER, "784111780.9"),
                     3000000000);
    assert_int_equal(ns_read(HINT_UNIX, NUMBER_DECIMAL, "-1.5"), INVALID);
    /* A date is a date, whatever a number would be. */
    assert_int_equal(ns_read(HINT_HTTP_DATE, NUMBER_LEADING_DECIMAL,
                             "Sun, 06 Nov 1994 08:49:41 GMT"),
                     4000000000);
    assert_int_equal(ns_read(HINT_HTTP_DATE, NUMBER_LEADING_DECIMAL, "5"),
                     INVALID);
}

static void test_read_as_configured(void **state)
{
    static const char past[] = "Sun, 06 Nov 1994 08:49:36 GMT";
    static const char now[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    static const struct {
        enum hint_format format;
        const char *text;
        struct hint_config config;
        enum hint_kind kind;
    } rows[] = {
        {HINT_SECONDS, "-1", {.count = 1}, HINT_NEGATIVE},
        {HINT_SECONDS, "-1", {.negative = NEGATIVE_NO_RETRY}, HINT_NEGATIVE},
        {HINT_SECONDS, "-1", {.negative = NEGATIVE_AS_ZERO}, HINT_WAIT},
        {HINT_SECONDS, "soon", {.negative = NEGATIVE_AS_ZERO}, HINT_INVALID},
        {HINT_SECONDS, "", {.count = 1}, HINT_INVALID},
        {HINT_SECONDS, " \t", {.empty = EMPTY_AS_ABSENT}, HINT_ABSENT},
        {HINT_HTTP_DATE, "", {.empty = EMPTY_AS_ABSENT}, HINT_ABSENT},
        {HINT_SECONDS, "x", {.empty = EMPTY_AS_ABSENT}, HINT_INVALID},
        {HINT_HTTP_DATE, past, {.count = 1}, HINT_WAIT},
        {HINT_HTTP_DATE, past, {.past = PAST_AS_NEGATIVE}, HINT_NEGATIVE},
        {HINT_HTTP_DATE, now, {.past = PAST_AS_NEGATIVE}, HINT_WAIT},
        {HINT_UNIX, "784111776", {.past = PAST_AS_NEGATIVE}, HINT_NEGATIVE},
        {HINT_UNIX, "0", {.count = 1}, HINT_WAIT},
        {HINT_HTTP_DATE,
         past,
         {.past = PAST_AS_NEGATIVE, .negative = NEGATIVE_AS_ZERO},
         HINT_WAIT},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct hint_header header = {.format = rows[i].format};
        struct server_hint hint =
            hint_read(&rows[i].config, &header, rows[i].text,
                      strlen(rows[i].text), rfc_unix_ms);
        if (hint.kind != rows[i].kind || hint.wait.ns != 0) {
            fail_msg("row %zu: kind %d, %lld ns", i, hint.kind,
                     (long long)hint.wait.ns);
        }
    }
    struct hint_header header = {.number = NUMBER_DECIMAL};
    assert_int_equal(hint_read(&rows[0].config, &header, "1.5", 3, 0).wait.ns,
                     1500000000);
}

static void test_dates(void **state)
{
    (void)state;
    /* The three forms of the RFC, 10 s ahead. */
    int64_t now = rfc_unix_ms - 10000;
    expect_wait(HINT_HTTP_DATE, "Sun, 06 Nov 1994 08:49:37 GMT", now, 10000);
    expect_wait(HINT_HTTP_DATE, "Sunday, 06-Nov-94 08:49:37 GMT", now, 10000);
    expect_wait(HINT_HTTP_DATE, "Sun Nov  6 08:49:37 1994", now, 10000);
    expect_wait(HINT_HTTP_DATE, "Sun Nov 16 08:49:37 1994", now,
                10000 + 10 * 86400000LL);
    expect_wait(HINT_HTTP_DATE, "Sun, 06 Nov 1994 08:49:37 GMT",
                rfc_unix_ms + 1, 0);
    expect_wait(HINT_HTTP_DATE, "Sun, 06 Nov 1994 08:49:37 GMT",
                rfc_unix_ms - 1, 1);

    /* Known instants: `date -u -d ... +%s`. */
    expect_wait(HINT_HTTP_DATE, "Thu, 01 Jan 1970 00:00:01 GMT", 0, 1000);
    expect_wait(HINT_HTTP_DATE, "Tue, 29 Feb 2000 23:59:60 GMT", 0,
                951868800000LL);
    expect_wait(HINT_HTTP_DATE, "Wed, 01 Mar 2000 00:00:00 GMT", 0,
                951868800000LL);
    expect_wait(HINT_HTTP_DATE, "Tue, 19 Jan 2038 03:14:08 GMT", 0,
                2147483648000LL);
    expect_wait(HINT_HTTP_DATE, "Mon, 01 Mar 2100 00:00:00 GMT", 0,
                4107542400000LL);
    expect_wait(HINT_HTTP_DATE, "Fri, 31 Dec 1999 23:59:59 GMT", 0,
                946684799000LL);
}

/* In 1994: 44 is 2044 (50 years on), 45 is 1945, 94 and 93 are past. */
static void test_two_digit_years(void **state)
{
    (void)state;
    expect_wait(HINT_HTTP_DATE, "Tuesday, 01-Nov-44 00:00:00 GMT", 0, 0);
    expect_wait(HINT_HTTP_DATE, "Thursday, 01-Jan-04 00:00:00 GMT",
                rfc_unix_ms, 1072915200000LL - rfc_unix_ms);
    expect_wait(HINT_HTTP_DATE, "Friday, 01-Jan-44 00:00:00 GMT", rfc_unix_ms,
                2335219200000LL - rfc_unix_ms);
    expect_wait(HINT_HTTP_DATE, "Sunday, 01-Jan-45 00:00:00 GMT", rfc_unix_ms,
                0);
    expect_wait(HINT_HTTP_DATE, "Friday, 01-Jan-93 00:00:00 GMT", rfc_unix_ms,
                0);
    /* In 2004, 94 is 1994; in 2099, 05 is 2105. */
    expect_wait(HINT_HTTP_DATE, "Saturday, 01-Jan-94 00:00:00 GMT",
                1072915200000LL, 0);
    expect_wait(HINT_HTTP_DATE, "Thursday, 01-Jan-05 00:00:00 GMT",
                4070908800000LL, 4260211200000LL - 4070908800000LL);
}

static void test_bad_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "120",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT+1",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 1994 08:49:37 GMT",
        "Mon, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        expect_invalid(HINT_HTTP_DATE, bad[i]);
    }
}

/* No prefix of a valid date is one, and none is read past its end (which the
 * sanitizers watch: the copy ends where the text does). */
static void test_every_prefix(void **state)
{
    (void)state;
    static const char *const dates[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < array_length(dates); i++) {
        for (size_t length = 0; length < strlen(dates[i]); length++) {
            char *copy = test_malloc(length + !length);
            memcpy(copy, dates[i], length);
            struct server_hint hint = hint_parse(
                HINT_HTTP_DATE, NUMBER_INTEGER, copy, length, rfc_unix_ms);
            test_free(copy);
            assert_int_equal(hint.kind, HINT_INVALID);
        }
    }
}

/* Every day of 400 years against a calendar that only counts. */
static void test_calendar(void **state)
{
    (void)state;
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t seconds = 0;
    for (int year = 1970; year < 2370; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 0; month < 12; month++) {
            int days =
                month == 1 ? 28 + leap : 30 + ((month + (month > 6)) % 2 == 0);
            for (int day = 1; day <= days; day++) {
                char text[64];
                snprintf(text, sizeof(text),
                         "Mon, %02d %.3s %04d 00:00:00 GMT", day,
                         months + 3 * month, year);
                struct server_hint hint = parse_at(HINT_HTTP_DATE, text, 0);
                int64_t expected;
                if (__builtin_mul_overflow(seconds, NS_PER_S, &expected)) {
                    expected = INT64_MAX;
                }
                assert_int_equal(hint.kind, HINT_WAIT);
                assert_int_equal(hint.wait.ns, expected);
                seconds += 86400;
            }
        }
    }
}

/* -1 is a word of gRPC for "do not"; a time and a date have no sign. */
static void test_negative_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {"-1", " -1 ", "-5000", "-007",
                                        "-99999999999999999999999999"};
    for (size_t i = 0; i < array_length(texts); i++) {
        expect_negative(HINT_MS, texts[i]);
        expect_negative(HINT_SECONDS, texts[i]);
        expect_invalid(HINT_UNIX, texts[i]);
        expect_invalid(HINT_HTTP_DATE, texts[i]);
    }
}

static void test_either(void **state)
{
    (void)state;
    struct server_hint absent = {HINT_ABSENT, DURATION_ZERO};
    struct server_hint invalid = {HINT_INVALID, DURATION_ZERO};
    struct server_hint negative = {HINT_NEGATIVE, DURATION_ZERO};
    struct server_hint one = {HINT_WAIT, {1}};
    struct server_hint two = {HINT_WAIT, {2}};
    assert_int_equal(hint_either(absent, absent).kind, HINT_ABSENT);
    assert_int_equal(hint_either(absent, invalid).kind, HINT_INVALID);
    assert_int_equal(hint_either(invalid, absent).kind, HINT_INVALID);
    assert_int_equal(hint_either(negative, absent).kind, HINT_NEGATIVE);
    assert_int_equal(hint_either(negative, invalid).kind, HINT_NEGATIVE);
    assert_int_equal(hint_either(invalid, negative).kind, HINT_NEGATIVE);
    assert_int_equal(hint_either(negative, one).wait.ns, 1);
    assert_int_equal(hint_either(one, negative).wait.ns, 1);
    assert_int_equal(hint_either(invalid, one).wait.ns, 1);
    assert_int_equal(hint_either(one, invalid).wait.ns, 1);
    assert_int_equal(hint_either(one, two).wait.ns, 1);
    assert_int_equal(hint_either(absent, two).wait.ns, 2);
}

struct combination {
    struct server_hint hint;
    enum hint_apply apply;
    enum hint_over_max over_max;
    enum hint_zero zero;
    enum hint_invalid invalid;
    int64_t expected; /* -1: no retry */
};

/* Own wait 100, clamp_add 50, max 1000. */
static void test_combine(void **state)
{
    (void)state;
    static const struct combination rows[] = {
        {{HINT_ABSENT, {0}}, 0, 0, 0, INVALID_NO_RETRY, 100},
        {{HINT_INVALID, {0}}, 0, 0, 0, INVALID_IGNORE, 100},
        {{HINT_INVALID, {0}}, 0, 0, 0, INVALID_NO_RETRY, -1},
        {{HINT_INVALID, {0}}, 0, 0, 0, INVALID_IMMEDIATE, 0},
        {{HINT_INVALID, {0}}, HINT_MAX, 0, ZERO_IGNORE, INVALID_IMMEDIATE, 0},
        {{HINT_NEGATIVE, {0}}, 0, 0, 0, INVALID_IGNORE, 100},
        {{HINT_NEGATIVE, {0}}, 0, 0, 0, INVALID_NO_RETRY, -1},
        {{HINT_NEGATIVE, {0}}, 0, 0, 0, INVALID_IMMEDIATE, 0},
        {{HINT_WAIT, {30}}, HINT_REPLACE, 0, 0, 0, 30},
        {{HINT_WAIT, {300}}, HINT_REPLACE, 0, 0, 0, 300},
        {{HINT_WAIT, {30}}, HINT_MAX, 0, 0, 0, 100},
        {{HINT_WAIT, {300}}, HINT_MAX, 0, 0, 0, 300},
        {{HINT_WAIT, {30}}, HINT_CLAMP, 0, 0, 0, 100},
        {{HINT_WAIT, {120}}, HINT_CLAMP, 0, 0, 0, 120},
        {{HINT_WAIT, {300}}, HINT_CLAMP, 0, 0, 0, 150},
        {{HINT_WAIT, {300}}, HINT_ADD, 0, 0, 0, 400},
        {{HINT_WAIT, {0}}, HINT_ADD, 0, 0, 0, 100},
        {{HINT_WAIT, {1001}}, HINT_ADD, OVER_CLAMP, 0, 0, 1100},
        {{HINT_WAIT, {1000}}, HINT_REPLACE, OVER_NO_RETRY, 0, 0, 1000},
        {{HINT_WAIT, {1001}}, HINT_REPLACE, OVER_NO_RETRY, 0, 0, -1},
        {{HINT_WAIT, {1001}}, HINT_REPLACE, OVER_IGNORE, 0, 0, 100},
        {{HINT_WAIT, {1001}}, HINT_REPLACE, OVER_CLAMP, 0, 0, 1000},
        {{HINT_WAIT, {1001}}, HINT_CLAMP, OVER_CLAMP, 0, 0, 150},
        {{HINT_WAIT, {0}}, HINT_REPLACE, 0, ZERO_IMMEDIATE, 0, 0},
        {{HINT_WAIT, {0}}, HINT_MAX, 0, ZERO_IMMEDIATE, 0, 100},
        {{HINT_WAIT, {0}}, HINT_REPLACE, 0, ZERO_IGNORE, 0, 100},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct hint_config config = {
            .count = 1,
            .apply = rows[i].apply,
            .clamp_add = {50},
            .max = {1000},
            .over_max = rows[i].over_max,
            .zero = rows[i].zero,
            .invalid = rows[i].invalid,
        };
        struct attempt_result result = {.status = 429, .hint = rows[i].hint};
        struct duration wait = {100};
        bool retry =
            hint_combine(&config, &result, 0.5, &wait) == HINT_DECISION_WAIT;
        if (retry != (rows[i].expected >= 0) ||
            wait.ns != (retry ? rows[i].expected : 100)) {
            fail_msg("row %zu: retry %d, wait %lld", i, retry,
                     (long long)wait.ns);
        }
    }
}

static void test_combine_when_not_read(void **state)
{
    (void)state;
    struct attempt_result result = {.status = 429, .hint = {HINT_WAIT, {5}}};
    struct duration wait = {100};

    struct hint_config off = {.max = DURATION_FOREVER};
    assert_int_equal(hint_combine(&off, &result, 0.5, &wait),
                     HINT_DECISION_WAIT);
    assert_int_equal(wait.ns, 100);

    struct hint_config on_503 = {
        .count = 1, .has_status = true, .max = DURATION_FOREVER};
    status_set_add(&on_503.status, 503, 503);
    assert_int_equal(hint_combine(&on_503, &result, 0.5, &wait),
                     HINT_DECISION_WAIT);
    assert_int_equal(wait.ns, 100);
    result.status = 503;
    hint_combine(&on_503, &result, 0.5, &wait);
    assert_int_equal(wait.ns, 5);
}

/* Envoy: 1 to 1.5 times the hint. A limit is held against it as it came. */
static void test_spread_hint(void **state)
{
    (void)state;
    struct hint_config config = {
        .count = 1,
        .max = {100},
        .over_max = OVER_NO_RETRY,
        .jitter = {.mult_low = 1.0, .mult_high = 1.5},
    };
    static const int64_t expected[] = {100, 125, 150};
    struct attempt_result result = {.status = 429, .hint = {HINT_WAIT, {100}}};
    for (int i = 0; i < 3; i++) {
        struct duration wait = {7};
        assert_int_equal(hint_combine(&config, &result, 0.5 * i, &wait),
                         HINT_DECISION_WAIT);
        assert_int_equal(wait.ns, expected[i]);
    }
    result.hint.wait.ns = 101;
    struct duration wait = {7};
    assert_int_equal(hint_combine(&config, &result, 0, &wait),
                     HINT_DECISION_NO_RETRY);

    /* The longer of both, each spread alike, is the longer one spread:
     * axios-retry waits max(own, hint) * U(1, 1.2). */
    config.apply = HINT_MAX;
    config.max = DURATION_FOREVER;
    config.jitter.mult_high = 1.2;
    result.hint.wait.ns = 1000;
    wait.ns = 550; /* 500 by the same draw */
    hint_combine(&config, &result, 0.5, &wait);
    assert_int_equal(wait.ns, 1100);
}

static void test_required_hint(void **state)
{
    (void)state;
    static const struct {
        struct server_hint hint;
        uint16_t status;
        bool retried;
    } rows[] = {
        {{HINT_WAIT, {5}}, 429, true},     {{HINT_ABSENT, {0}}, 429, false},
        {{HINT_INVALID, {0}}, 429, false}, {{HINT_NEGATIVE, {0}}, 429, false},
        {{HINT_WAIT, {0}}, 429, false},  /* zero is ignored here */
        {{HINT_WAIT, {11}}, 429, false}, /* and more than ten */
        {{HINT_ABSENT, {0}}, 503, true}, /* not a status that is asked */
        {{HINT_ABSENT, {0}}, 0, true},
    };
    struct hint_config config = {
        .count = 1,
        .has_status = true,
        .max = {10},
        .over_max = OVER_IGNORE,
        .zero = ZERO_IGNORE,
        .required = true,
    };
    status_set_add(&config.status, 429, 429);
    for (size_t i = 0; i < array_length(rows); i++) {
        struct attempt_result result = {.status = rows[i].status,
                                        .hint = rows[i].hint};
        struct duration wait = {100};
        bool retried = hint_combine(&config, &result, 0.5, &wait) !=
                       HINT_DECISION_NO_RETRY;
        if (retried != rows[i].retried) {
            fail_msg("row %zu", i);
        }
    }
    /* Without a list of statuses, an ending without an answer needs none. */
    config.has_status = false;
    struct attempt_result reset = {.status = 0};
    struct duration wait = {100};
    assert_int_equal(hint_combine(&config, &reset, 0.5, &wait),
                     HINT_DECISION_WAIT);
    assert_int_equal(wait.ns, 100);
}

/* As grpc-js: an unparsable pushback is a retry at once, and growth begins
 * anew; a negative one ends the operation. */
static void test_negative_hint_that_ends(void **state)
{
    (void)state;
    struct hint_config config = {
        .count = 1,
        .max = DURATION_FOREVER,
        .invalid = INVALID_IMMEDIATE,
        .negative = NEGATIVE_NO_RETRY,
        .resets_backoff = true,
    };
    struct attempt_result result = {.status = 503,
                                    .hint = {HINT_INVALID, {0}}};
    struct duration wait = {100};
    assert_int_equal(hint_combine(&config, &result, 0.5, &wait),
                     HINT_DECISION_WAIT_AND_RESET);
    assert_int_equal(wait.ns, 0);
    wait.ns = 100;
    result.hint.kind = HINT_NEGATIVE;
    assert_int_equal(hint_combine(&config, &result, 0.5, &wait),
                     HINT_DECISION_NO_RETRY);
    assert_int_equal(wait.ns, 100);
}

static void test_hint_that_resets(void **state)
{
    (void)state;
    struct hint_config config = {
        .count = 1, .max = DURATION_FOREVER, .resets_backoff = true};
    struct attempt_result result = {.status = 503, .hint = {HINT_WAIT, {5}}};
    struct duration wait = {100};
    assert_int_equal(hint_combine(&config, &result, 0.5, &wait),
                     HINT_DECISION_WAIT_AND_RESET);
    assert_int_equal(wait.ns, 5);
    result.hint.kind = HINT_ABSENT;
    assert_int_equal(hint_combine(&config, &result, 0.5, &wait),
                     HINT_DECISION_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_negative_numbers),
        cmocka_unit_test(test_grammars_of_numbers),
        cmocka_unit_test(test_read_as_configured),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_two_digit_years),
        cmocka_unit_test(test_bad_dates),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_either),
        cmocka_unit_test(test_combine),
        cmocka_unit_test(test_combine_when_not_read),
        cmocka_unit_test(test_spread_hint),
        cmocka_unit_test(test_required_hint),
        cmocka_unit_test(test_negative_hint_that_ends),
        cmocka_unit_test(test_hint_that_resets),
    };
    return cmocka_run_group_tests_name("policy/hint", tests, NULL, NULL);
}
