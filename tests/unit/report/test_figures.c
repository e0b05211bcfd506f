/* Rows for drawing: without gaps, at most about 30, each value in one, for any
 * span from nothing to the whole range. */
#include "base/must.h"
#include "report/figures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double member(const cJSON *row, const char *name)
{
    return cJSON_GetObjectItem(row, name)->valuedouble;
}

static void check_rows(struct hist *hist)
{
    cJSON *rows = figures_rows(hist);
    int count = cJSON_GetArraySize(rows);
    double sum = 0, last = -1;
    const cJSON *row;

    assert_in_range(count, 1, 30);
    cJSON_ArrayForEach(row, rows)
    {
        assert_true(member(row, "low_us") < member(row, "high_us"));
        assert_true(last < 0 || member(row, "low_us") == last);
        last = member(row, "high_us");
        sum += member(row, "count");
    }
    assert_int_equal((uint64_t)sum, hist->count);
    const cJSON *first = cJSON_GetArrayItem(rows, 0);
    assert_true(member(first, "low_us") <= (double)hist->min_us);
    assert_true(member(first, "high_us") > (double)hist->min_us);
    assert_true(last > (double)hist->max_us);
    assert_true(member(cJSON_GetArrayItem(rows, count - 1), "count") > 0);
    cJSON_Delete(rows);
}

static void rows_fit_any_span(void **state)
{
    static const double factors[] = {1,  1.0001, 1.3, 2.9,  3,
                                     10, 1e3,    1e6, 3.6e9};
    struct arena arena = ARENA_INIT;
    struct hist hist;
    (void)state;

    hist_init(&hist, &arena);
    for (double low = 0; low <= 3.6e9; low = low < 1 ? 1 : low * 1.7) {
        for (size_t i = 0; i < array_length(factors); i++) {
            hist_reset(&hist);
            double high = fmax(low, 1) * factors[i];
            for (int step = 0; step <= 100; step++) {
                double us = low + (high - low) * step / 100;
                us = us > 3.6e9 ? 3.6e9 : us;
                hist_record(&hist, duration_us((int64_t)us));
            }
            check_rows(&hist);
        }
    }
    arena_release(&arena);
}

static void nothing_has_no_rows(void **state)
{
    struct arena arena = ARENA_INIT;
    struct hist hist;
    (void)state;
    hist_init(&hist, &arena);
    cJSON *rows = figures_rows(&hist);
    assert_int_equal(cJSON_GetArraySize(rows), 0);
    cJSON_Delete(rows);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_fit_any_span),
        cmocka_unit_test(nothing_has_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
