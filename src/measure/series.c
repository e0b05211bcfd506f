#include "measure/series.h"

#include "base/must.h"
#include "measure/hist.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { HALF = 64, HALF_BITS = 6 };

/* The layout of hist with fewer sub-buckets. */
static uint32_t index_of(uint64_t us)
{
    unsigned scale =
        63U - (unsigned)__builtin_clzll(us | (2 * HALF - 1)) - HALF_BITS;
    return (uint32_t)(scale * HALF + (us >> scale));
}

static int64_t middle_of(uint32_t index)
{
    uint32_t scale = index < 2 * HALF ? 0 : index / HALF - 1;
    int64_t low = (int64_t)(index - scale * HALF) << scale;
    return low + (((int64_t)1 << scale) - 1) / 2;
}

void series_init(struct series *series, struct arena *arena,
                 struct instant origin)
{
    *series = (struct series){
        .origin = origin,
        .interval = {NS_PER_S},
        .intervals = arena_array(arena, SERIES_POINTS_MAX,
                                 sizeof(*series->intervals)),
    };
}

static void widen(struct series_interval *interval, uint32_t low,
                  uint32_t high)
{
    if (interval->measured == 0 || low < interval->low) {
        interval->low = low;
    }
    if (interval->measured == 0 || high > interval->high) {
        interval->high = high;
    }
}

static void note_level(struct series_interval *interval, double level,
                       uint64_t count)
{
    if (interval->levels == 0 || level < interval->level_min) {
        interval->level_min = level;
    }
    interval->levels += count;
}

static void add(struct series_interval *to, const struct series_interval *from)
{
    to->offered += from->offered;
    to->started += from->started;
    to->attempts += from->attempts;
    to->retries += from->retries;
    to->hedges += from->hedges;
    to->finished += from->finished;
    to->acked += from->acked;
    to->refused += from->refused;
    to->shed += from->shed;
    to->breakers_opened += from->breakers_opened;
    to->breakers_left += from->breakers_left;
    to->limits += from->limits;
    to->limit_sum += from->limit_sum;
    if (from->levels > 0) {
        note_level(to, from->level_min, from->levels);
    }
    if (from->measured == 0) {
        return;
    }
    widen(to, from->low, from->high);
    to->measured += from->measured;
    for (uint32_t i = from->low; i <= from->high; i++) {
        to->buckets[i] += from->buckets[i];
    }
}

/* Only the buckets in use are touched, in clearing as in adding. */
static void clear(struct series_interval *interval)
{
    if (interval->measured > 0) {
        memset(interval->buckets + interval->low, 0,
               (interval->high - interval->low + 1) *
                   sizeof(interval->buckets[0]));
    }
    memset(interval, 0, offsetof(struct series_interval, buckets));
}

static void coalesce(struct series *series)
{
    struct series_interval *all = series->intervals;
    /* In ascending order each target was emptied before it is filled, but
     * for the first, which stays. */
    for (size_t i = 1; i < series->count; i++) {
        add(&all[i / 2], &all[i]);
        clear(&all[i]);
    }
    series->count = (series->count + 1) / 2;
    series->interval.ns *= 2;
    series->current = NULL;
}

struct series_interval *series_at(struct series *series, struct instant at)
{
    if (series->current && !instant_before(at, series->current_from) &&
        instant_before(at, series->current_to)) {
        return series->current;
    }
    int64_t since = instant_since(at, series->origin).ns;
    if (since < 0) {
        since = 0;
    }
    while (since / series->interval.ns >= SERIES_POINTS_MAX) {
        coalesce(series);
    }
    size_t index = (size_t)(since / series->interval.ns);
    if (index >= series->count) {
        series->count = index + 1;
    }
    series->current = &series->intervals[index];
    series->current_from = instant_add(
        series->origin,
        (struct duration){(int64_t)index * series->interval.ns});
    series->current_to = instant_add(series->current_from, series->interval);
    return series->current;
}

void series_record(struct series_interval *interval, struct duration value)
{
    must(value.ns >= 0);
    uint64_t us = ((uint64_t)value.ns + 500) / 1000;
    if (us > (uint64_t)HIST_US_MAX) {
        us = (uint64_t)HIST_US_MAX;
    }
    uint32_t index = index_of(us);
    widen(interval, index, index);
    interval->measured++;
    interval->buckets[index]++;
}

void series_level(struct series_interval *interval, double level)
{
    must(level >= 0);
    note_level(interval, level, 1);
}

void series_merge(struct series *series, const struct series *other)
{
    must(series->origin.ns == other->origin.ns);
    while (series->interval.ns < other->interval.ns) {
        coalesce(series);
    }
    size_t step = (size_t)(series->interval.ns / other->interval.ns);
    for (size_t i = 0; i < other->count; i++) {
        add(&series->intervals[i / step], &other->intervals[i]);
    }
    size_t count = (other->count + step - 1) / step;
    if (count > series->count) {
        series->count = count;
    }
}

int64_t series_quantile_us(const struct series_interval *interval, double q)
{
    must(q >= 0 && q <= 1);
    if (interval->measured == 0) {
        return -1;
    }
    double rank = ceil(q * (double)interval->measured *
                       (1 - 2 * DBL_EPSILON));
    uint64_t seen = 0;
    uint32_t index = interval->low;
    while (index < interval->high) {
        seen += interval->buckets[index];
        if ((double)seen >= rank && seen > 0) {
            break;
        }
        index++;
    }
    return middle_of(index);
}
