#include "measure/heat.h"

#include <string.h>

/* Half a power of two; the first 64 buckets are one microsecond wide each. */
enum { LEAST_STEP = 32 };

/* The buckets in use, over all intervals; false: there are none. */
static bool find_range(const struct series *series, uint32_t *low,
                       uint32_t *high)
{
    bool any = false;

    for (size_t i = 0; i < series->count; i++) {
        const struct series_times *times = &series->intervals[i].times;
        if (times->measured == 0) {
            continue;
        }
        *low = any && *low < times->low ? *low : times->low;
        *high = any && *high > times->high ? *high : times->high;
        any = true;
    }
    return any;
}

static void add(uint64_t *rows, const struct series_times *times,
                uint32_t first, uint32_t step)
{
    if (times->measured == 0) {
        return;
    }
    for (uint32_t i = times->low; i <= times->high; i++) {
        rows[i / step - first] += times->buckets[i];
    }
}

void heat_read(const struct series *series, struct heat *heat)
{
    size_t width = (series->count + HEAT_COLUMNS_MAX - 1) / HEAT_COLUMNS_MAX;
    uint32_t low = 0, high = 0, step = LEAST_STEP;

    memset(heat, 0, sizeof(*heat));
    if (!find_range(series, &low, &high)) {
        return;
    }
    while (high / step - low / step >= HEAT_ROWS_MAX) {
        step *= 2;
    }
    uint32_t first = low / step;
    heat->interval.ns = series->interval.ns * (int64_t)width;
    heat->columns = (series->count + width - 1) / width;
    heat->rows = high / step - first + 1;
    for (size_t row = 0; row <= heat->rows; row++) {
        heat->edges_us[row] = series_bucket_us((uint32_t)(first + row) * step);
    }
    for (size_t i = 0; i < series->count; i++) {
        add(heat->counts[i / width], &series->intervals[i].times, first, step);
    }
}
