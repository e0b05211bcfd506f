#include "measure/series.h"

#include "base/must.h"
#include "measure/figure.h"

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

static uint32_t scale_of(uint32_t index)
{
    return index < 2 * HALF ? 0 : index / HALF - 1;
}

int64_t series_bucket_us(uint32_t bucket)
{
    uint32_t scale = scale_of(bucket);
    return (int64_t)(bucket - scale * HALF) << scale;
}

static int64_t middle_of(uint32_t index)
{
    return series_bucket_us(index) + (((int64_t)1 << scale_of(index)) - 1) / 2;
}

void series_init(struct series *series, struct arena *arena,
                 struct instant origin)
{
    *series = (struct series){
        .origin = origin,
        .interval = {NS_PER_S},
        .intervals =
            arena_array(arena, SERIES_POINTS_MAX, sizeof(*series->intervals)),
    };
}

void series_settle(struct series *series, struct duration length)
{
    int64_t wanted = length.ns / series->interval.ns + 1;
    size_t count =
        wanted < SERIES_POINTS_MAX ? (size_t)wanted : SERIES_POINTS_MAX;

    must(series->count == 0);
    memset(series->intervals, 0, count * sizeof(*series->intervals));
}

static void widen(struct series_times *times, uint32_t low, uint32_t high)
{
    if (times->measured == 0 || low < times->low) {
        times->low = low;
    }
    if (times->measured == 0 || high > times->high) {
        times->high = high;
    }
}

static void add_times(struct series_times *to, const struct series_times *from)
{
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
static void clear_times(struct series_times *times)
{
    if (times->measured > 0) {
        memset(times->buckets + times->low, 0,
               (times->high - times->low + 1) * sizeof(times->buckets[0]));
    }
    memset(times, 0, offsetof(struct series_times, buckets));
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
#define SUM(id, sentence) to->id += from->id;
#define PART(id) to->id += from->id;
#include "measure/series.def"
    if (from->levels > 0) {
        note_level(to, from->level_min, from->levels);
    }
    if (from->late_max_us > to->late_max_us) {
        to->late_max_us = from->late_max_us;
    }
    add_times(&to->times, &from->times);
    add_times(&to->success, &from->success);
}

static void clear(struct series_interval *interval)
{
    clear_times(&interval->times);
    clear_times(&interval->success);
    memset(interval, 0, offsetof(struct series_interval, times));
}

static void coalesce(struct series *series)
{
    struct series_interval *all = series->intervals;
    /* In ascending order each target was emptied before it is filled, but
     * for the first, which stays. */
    for (size_t i = series->first > 1 ? series->first : 1; i < series->count;
         i++) {
        add(&all[i / 2], &all[i]);
        clear(&all[i]);
    }
    series->first /= 2;
    series->count = (series->count + 1) / 2;
    series->interval.ns *= 2;
    series->current = NULL;
}

static void use(struct series *series, size_t first, size_t count)
{
    if (series->count == 0 || first < series->first) {
        series->first = first;
    }
    if (count > series->count) {
        series->count = count;
    }
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
    use(series, index, index + 1);
    series->current = &series->intervals[index];
    series->current_from =
        instant_add(series->origin,
                    (struct duration){(int64_t)index * series->interval.ns});
    series->current_to = instant_add(series->current_from, series->interval);
    return series->current;
}

static void record(struct series_times *times, uint32_t index)
{
    widen(times, index, index);
    times->measured++;
    times->buckets[index]++;
}

void series_record(struct series_interval *interval, struct duration value,
                   bool succeeded)
{
    must(value.ns >= 0);
    uint64_t us = ((uint64_t)value.ns + 500) / 1000;
    if (us > (uint64_t)HIST_US_MAX) {
        us = (uint64_t)HIST_US_MAX;
    }
    record(&interval->times, index_of(us));
    if (succeeded) {
        record(&interval->success, index_of(us));
    }
}

void series_note_late(struct series_interval *interval, struct duration late)
{
    uint64_t us = late.ns > 0 ? (uint64_t)(late.ns / NS_PER_US) : 0;

    interval->late += us > SERIES_LATE_US;
    if (us > interval->late_max_us) {
        interval->late_max_us = us;
    }
}

void series_note_worker(struct series *series, struct instant at,
                        struct duration wall, struct duration away)
{
    int64_t since = instant_since(at, series->origin).ns;

    if (since < 0) {
        return;
    }
    size_t index = (size_t)(since / series->interval.ns);
    if (series->count > 0 && index >= series->count) {
        index = series->count - 1;
    }
    struct series_interval *interval =
        series->count > 0 && index >= series->first ? &series->intervals[index]
                                                    : series_at(series, at);
    interval->wall_us += (uint64_t)(wall.ns / NS_PER_US);
    interval->away_us += (uint64_t)(away.ns / NS_PER_US);
}

void series_sum(const struct series *series, size_t from, size_t count,
                struct series_interval *sum)
{
    clear(sum);
    for (size_t i = from; i < from + count && i < series->count; i++) {
        add(sum, &series->intervals[i]);
    }
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
    if (other->count == 0) {
        return;
    }
    for (size_t i = other->first; i < other->count; i++) {
        add(&series->intervals[i / step], &other->intervals[i]);
    }
    use(series, other->first / step, (other->count + step - 1) / step);
}

void series_reset(struct series *series)
{
    for (size_t i = series->first; i < series->count; i++) {
        clear(&series->intervals[i]);
    }
    series->first = series->count = 0;
    series->current = NULL;
}

int64_t series_rank_us(const struct series_times *times, double rank)
{
    uint64_t seen = 0;
    uint32_t index = times->low;
    while (index < times->high) {
        seen += times->buckets[index];
        if ((double)seen >= rank && seen > 0) {
            break;
        }
        index++;
    }
    return middle_of(index);
}

double series_rank(double q, uint64_t count)
{
    must(q >= 0 && q <= 1);
    return ceil(q * (double)count * (1 - 2 * DBL_EPSILON));
}

int64_t series_quantile_us(const struct series_interval *interval, double q)
{
    double rank = series_rank(q, interval->times.measured);

    return interval->times.measured == 0
               ? -1
               : series_rank_us(&interval->times, rank);
}

int64_t series_success_us(const struct series_interval *interval, double q)
{
    double rank = series_rank(q, interval->finished);

    return interval->success.measured == 0 ||
                   rank > (double)interval->success.measured
               ? -1
               : series_rank_us(&interval->success, rank);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

static struct series_point point_of(const struct series_interval *in,
                                    const struct series_running *so_far,
                                    uint32_t layers)
{
    return (struct series_point){
#define SUM(id, sentence) .id = (double)in->id,
#define POINT(id, type, null, group, value, sentence) \
    .id = figure_is_on(layers, FIGURES_##group) ? (value) : -1,
#include "measure/series.def"
    };
}

void series_points(const struct series *series, uint32_t layers,
                   struct series_point *points)
{
    struct series_running so_far = {0, 0};
    for (size_t i = 0; i < series->count; i++) {
        const struct series_interval *in = &series->intervals[i];
        so_far.in_flight += (int64_t)in->started - (int64_t)in->finished;
        so_far.breakers_open +=
            (int64_t)in->breakers_opened - (int64_t)in->breakers_left;
        points[i] = point_of(in, &so_far, layers);
    }
}

void series_fill(const struct series_times *times, struct hist *hist)
{
    if (times->measured == 0) {
        return;
    }
    for (uint32_t i = times->low; i <= times->high; i++) {
        for (uint32_t n = 0; n < times->buckets[i]; n++) {
            hist_record(hist, duration_us(middle_of(i)));
        }
    }
}
