/* units: every form that is accepted, every form that is refused, and that
 * what is formatted exactly parses back to the same value. */
#include "base/must.h"
#include "base/rng.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"250ms", 250000000},
        {"1.5s", 1500000000},
        {"80us", 80000},
        {"10ns", 10},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"1m30s", 90000000000},
        {"1h2m3s4ms5us6ns", 3723004005006},
        {"0.000000001s", 1},
        {"1.23456789s", 1234567890},
        {"0.5ns", 1},
        {"292y", -1},
        {"2562047h", 9223369200000000000},
        {"9223372036854775806ns", 9223372036854775806},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct duration duration = {-7};
        const char *problem = NULL;
        bool good = units_parse_duration(cases[i].text, &duration, &problem);
        assert_int_equal(good, cases[i].ns >= 0);
        if (good) {
            assert_int_equal(duration.ns, cases[i].ns);
        } else {
            assert_int_equal(duration.ns, -7);
            assert_non_null(problem);
        }
    }
}

static void bad_durations_are_refused(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"", "is not a number with a unit"},
        {"250", "has no unit"},
        {"0.5", "has no unit"},
        {"ms", "is not a number with a unit"},
        {"-1s", "is negative"},
        {"+1s", "is not a number with a unit"},
        {" 1s", "is not a number with a unit"},
        {"1 s", "is not a number with a unit"},
        {"1s ", "is not a number with a unit"},
        {"1.s", "has no digit after the point"},
        {".5s", "is not a number with a unit"},
        {"1e3s", "has an unknown unit (ns, us, ms, s, m, h are known)"},
        {"1d", "has an unknown unit (ns, us, ms, s, m, h are known)"},
        {"1S", "has an unknown unit (ns, us, ms, s, m, h are known)"},
        {"0x10s", "has an unknown unit (ns, us, ms, s, m, h are known)"},
        {"1s1m", "has its units out of order"},
        {"1s1s", "has its units out of order"},
        {"1m30", "has no unit"},
        {"1.0000000001s", "has more than nine digits after the point"},
        {"9223372036854775807ns", "is too long"},
        {"2562048h", "is too long"},
        {"2562047h60m", "is too long"},
        {"99999999999999999999s", "is too large"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct duration duration;
        const char *problem = "none";
        assert_false(units_parse_duration(cases[i].text, &duration, &problem));
        assert_string_equal(problem, cases[i].problem);
    }
}

static void rates_are_read(void **state)
{
    double rate = 0;
    const char *problem;
    (void)state;
    assert_true(units_parse_rate("2000/s", &rate, &problem));
    assert_true(rate == 2000);
    assert_true(units_parse_rate("30/m", &rate, &problem));
    assert_true(rate == 0.5);
    assert_true(units_parse_rate("1800/h", &rate, &problem));
    assert_true(rate == 0.5);
    assert_true(units_parse_rate("0.1/s", &rate, &problem));
    assert_true(rate == 0.1);
    assert_false(units_parse_rate("2000", &rate, &problem));
    assert_string_equal(problem, "has no unit");
    assert_false(units_parse_rate("2000/d", &rate, &problem));
    assert_false(units_parse_rate("2000/s/s", &rate, &problem));
    assert_false(units_parse_rate("2000/s1", &rate, &problem));
    assert_false(units_parse_rate("-1/s", &rate, &problem));
    assert_string_equal(problem, "is negative");
    assert_false(units_parse_rate("/s", &rate, &problem));
}

static void ratios_are_read(void **state)
{
    double ratio = 0;
    const char *problem;
    (void)state;
    assert_true(units_parse_ratio("10%", &ratio, &problem));
    assert_true(ratio == 0.1);
    assert_true(units_parse_ratio("10 %", &ratio, &problem));
    assert_true(ratio == 0.1);
    assert_true(units_parse_ratio("0.1", &ratio, &problem));
    assert_true(ratio == 0.1);
    assert_true(units_parse_ratio("99.9%", &ratio, &problem));
    assert_true(ratio == 99.9 / 100);
    assert_true(units_parse_ratio("250%", &ratio, &problem));
    assert_true(ratio == 2.5);
    assert_false(units_parse_ratio("10%%", &ratio, &problem));
    assert_false(units_parse_ratio("ten", &ratio, &problem));
    assert_false(units_parse_ratio("-0.1", &ratio, &problem));
}

static void sizes_and_counts_are_read(void **state)
{
    uint64_t value = 7;
    const char *problem;
    (void)state;
    assert_true(units_parse_size("64KiB", &value, &problem));
    assert_int_equal(value, 65536);
    assert_true(units_parse_size("1MB", &value, &problem));
    assert_int_equal(value, 1000000);
    assert_true(units_parse_size("1.5GiB", &value, &problem));
    assert_int_equal(value, 1610612736);
    assert_true(units_parse_size("512B", &value, &problem));
    assert_int_equal(value, 512);
    assert_true(units_parse_size("0", &value, &problem));
    assert_int_equal(value, 0);
    assert_false(units_parse_size("512", &value, &problem));
    assert_false(units_parse_size("99999999999GiB", &value, &problem));

    assert_true(units_parse_count("100_000", &value, &problem));
    assert_int_equal(value, 100000);
    assert_true(units_parse_count("10k", &value, &problem));
    assert_int_equal(value, 10000);
    assert_true(units_parse_count("1.5M", &value, &problem));
    assert_int_equal(value, 1500000);
    assert_true(units_parse_count("18446744073709551615", &value, &problem));
    assert_true(value == UINT64_MAX);
    static const char *const bad[] = {"",
                                      "_1",
                                      "1_",
                                      "1__0",
                                      "1.5",
                                      "10K",
                                      "10kk",
                                      "-1",
                                      "0x1",
                                      "1e3",
                                      "18446744073709551616",
                                      "1.0001k"};
    for (size_t i = 0; i < array_length(bad); i++) {
        assert_false(units_parse_count(bad[i], &value, &problem));
    }
}

static void durations_read_well(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0 s"},
        {7, "7 ns"},
        {999, "999 ns"},
        {1000, "1.00 us"},
        {850000, "850 us"},
        {999499, "999 us"},
        {999500, "1.00 ms"},
        {12345678, "12.3 ms"},
        {99950000, "100 ms"},
        {1400000000, "1.40 s"},
        {59940000000, "59.9 s"},
        {59960000000, "1 m 00 s"},
        {125000000000, "2 m 05 s"},
        {3599600000000, "1 h 00 m"},
        {3900000000000, "1 h 05 m"},
        {-1500000, "-1.50 ms"},
        {-59500000000, "-59.5 s"},
        {125500000000, "2 m 06 s"},
        {INT64_MAX, "no limit"},
        {INT64_MIN, "-2562047 h 47 m"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct str out = STR_INIT;
        units_format_duration(&out, (struct duration){cases[i].ns});
        assert_string_equal(out.text, cases[i].text);
        str_release(&out);
    }
}

static void figures_read_well(void **state)
{
    struct str out = STR_INIT;
    (void)state;
    units_format_count(&out, 0);
    str_append_char(&out, '|');
    units_format_count(&out, 999);
    str_append_char(&out, '|');
    units_format_count(&out, 1000);
    str_append_char(&out, '|');
    units_format_count(&out, UINT64_MAX);
    assert_string_equal(out.text, "0|999|1,000|18,446,744,073,709,551,615");
    str_reset(&out);

    static const double ratios[] = {0,        0.123,  0.9995,   1,
                                    0.05,     0.5,    0.000001, 2.5,
                                    0.999999, 0.0999, 0.989};
    for (size_t i = 0; i < array_length(ratios); i++) {
        units_format_ratio(&out, ratios[i]);
        str_append_char(&out, '|');
    }
    assert_string_equal(out.text,
                        "0.00 %|12.3 %|99.95 %|100 %|5.00 %|50.0 %|0.0001 %|"
                        "250.0 %|99.9999 %|9.99 %|98.9 %|");
    str_reset(&out);

    units_format_rate(&out, 2000);
    str_append_char(&out, '|');
    units_format_rate(&out, 0.5);
    str_append_char(&out, '|');
    units_format_rate(&out, 12.34);
    assert_string_equal(out.text, "2,000/s|0.5/s|12.3/s");
    str_release(&out);
}

static void exact_durations_parse_back(void **state)
{
    uint64_t seed = 20240229;
    struct rng rng = rng_stream(seed, RNG_TEMPLATE, 0);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        /* Spread over all magnitudes, and often round in decimal. */
        static const int64_t steps[] = {1, 1000, 100000, 1000000, 250000000};
        int64_t step = steps[rng_below(&rng, array_length(steps))];
        uint64_t bits = rng_below(&rng, 34);
        int64_t ns = (int64_t)(rng_next(&rng) >> (63 - bits)) * step;
        struct duration back = {-1};
        struct str out = STR_INIT;
        const char *problem;
        units_format_duration_exact(&out, (struct duration){ns});
        if (!units_parse_duration(out.text, &back, &problem) ||
            back.ns != ns) {
            fail_msg("seed %llu: %lld ns became \"%s\"",
                     (unsigned long long)seed, (long long)ns, out.text);
        }
        str_release(&out);
    }
    struct str out = STR_INIT;
    units_format_duration_exact(&out, duration_ms(250));
    str_append_char(&out, ' ');
    units_format_duration_exact(&out, duration_ms(1500));
    str_append_char(&out, ' ');
    units_format_duration_exact(&out, DURATION_ZERO);
    assert_string_equal(out.text, "250ms 1.5s 0s");
    str_release(&out);
}

static void test_flows_and_sizes(void **state)
{
    static const struct {
        double bytes;
        const char *text;
    } rows[] = {
        {0, "0 B"},          {512, "512 B"},        {999, "999 B"},
        {999.6, "1.00 kB"},  {1536, "1.54 kB"},     {27800, "27.8 kB"},
        {999949, "1.00 MB"}, {12345678, "12.3 MB"}, {5e15, "5000 TB"},
    };
    struct str out = STR_INIT;
    const char *problem;
    double flow = 0;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        str_reset(&out);
        units_format_size(&out, rows[i].bytes);
        assert_string_equal(out.text, rows[i].text);
    }
    str_release(&out);
    assert_true(units_parse_flow("5MB/s", &flow, &problem));
    assert_true(flow == 5e6);
    assert_true(units_parse_flow("1KiB/s", &flow, &problem));
    assert_true(flow == 1024);
    assert_false(units_parse_flow("5MB", &flow, &problem));
    assert_false(units_parse_flow("5/s", &flow, &problem));
    assert_false(units_parse_flow("5MB/m", &flow, &problem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(bad_durations_are_refused),
        cmocka_unit_test(rates_are_read),
        cmocka_unit_test(ratios_are_read),
        cmocka_unit_test(sizes_and_counts_are_read),
        cmocka_unit_test(durations_read_well),
        cmocka_unit_test(figures_read_well),
        cmocka_unit_test(exact_durations_parse_back),
        cmocka_unit_test(test_flows_and_sizes),
    };
    return cmocka_run_group_tests_name("base/units", tests, NULL, NULL);
}
