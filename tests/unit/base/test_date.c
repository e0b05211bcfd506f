/* Dates as RFC 3339 writes them, before and after 1970. */
#include "base/date.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_us;
        unsigned digits;
        const char *text;
    } rows[] = {
        {0, 0, "1970-01-01T00:00:00Z"},
        {INT64_C(1700000000123456), 6, "2023-11-14T22:13:20.123456Z"},
        {INT64_C(1700000000123456), 3, "2023-11-14T22:13:20.123Z"},
        {INT64_C(1700000000999999), 0, "2023-11-14T22:13:20Z"},
        {INT64_C(1709251199000001), 6, "2024-02-29T23:59:59.000001Z"},
        {-1, 6, "1969-12-31T23:59:59.999999Z"},
        {-1000000, 3, "1969-12-31T23:59:59.000Z"},
    };
    struct str out = STR_INIT;
    for (size_t i = 0; i < array_length(rows); i++) {
        str_reset(&out);
        date_append(&out, rows[i].unix_us, rows[i].digits);
        assert_string_equal(out.text, rows[i].text);
        int64_t read = 1, wanted = rows[i].unix_us;
        int64_t cut[] = {1000000, 0, 0, 1000, 0, 0, 1};
        assert_true(date_read(rows[i].text, &read));
        assert_true(read <= wanted && wanted - read < cut[rows[i].digits]);
    }
    str_release(&out);
}

static void test_no_dates(void **state)
{
    static const char *const texts[] = {"",
                                        "2026",
                                        "2026-11-25",
                                        "2026-11-25T13:00:00",
                                        "2026-13-25T13:00:00Z",
                                        "2026-11-25T13:00:00+01:00",
                                        "2026-11-25T13:00:00.5",
                                        "x",
                                        "2026-11-25T13:00:00Zx"};
    int64_t read;

    (void)state;
    for (size_t i = 0; i < array_length(texts); i++) {
        assert_false(date_read(texts[i], &read));
    }
    assert_false(date_read(NULL, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_no_dates),
    };
    return cmocka_run_group_tests_name("base/date", tests, NULL, NULL);
}
