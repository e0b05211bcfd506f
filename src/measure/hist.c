#include "measure/hist.h"

#include "base/must.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { HALF = 1024, HALF_BITS = 10 };

__extension__ typedef unsigned __int128 uint128;

/* The power of two that scales the value into the lower 11 bits, times the
 * half, plus what is left: indexes below 2048 are the values themselves. */
static inline size_t index_of(uint64_t us)
{
    unsigned scale =
        63U - (unsigned)__builtin_clzll(us | (2 * HALF - 1)) - HALF_BITS;
    return (size_t)scale * HALF + (size_t)(us >> scale);
}

void hist_bounds_us(size_t index, int64_t *low_us, int64_t *high_us)
{
    must(index < HIST_BUCKETS);
    size_t scale = index < 2 * HALF ? 0 : index / HALF - 1;
    *low_us = (int64_t)(index - scale * HALF) << scale;
    *high_us = *low_us + ((int64_t)1 << scale) - 1;
}

size_t hist_end(const struct hist *hist)
{
    return hist_known(hist) > 0 ? index_of((uint64_t)hist->max_us) + 1 : 0;
}

void hist_init(struct hist *hist, struct arena *arena)
{
    memset(hist, 0, sizeof(*hist));
    hist->counts = arena_array(arena, HIST_BUCKETS, sizeof(*hist->counts));
}

static inline void add_squares(struct hist *hist, uint64_t low, uint64_t high)
{
    hist->squares_low += low;
    hist->squares_high += high + (hist->squares_low < low);
}

void hist_record(struct hist *hist, struct duration value)
{
    must(value.ns >= 0);
    uint64_t us = ((uint64_t)value.ns + 500) / 1000;
    if (us > (uint64_t)HIST_US_MAX) {
        us = (uint64_t)HIST_US_MAX;
        hist->clamped++;
    }
    if (hist_known(hist) == 0 || (int64_t)us < hist->min_us) {
        hist->min_us = (int64_t)us;
    }
    if ((int64_t)us > hist->max_us) {
        hist->max_us = (int64_t)us;
    }
    hist->count++;
    hist->sum_us += us;
    add_squares(hist, us * us, 0);
    hist->counts[index_of(us)]++;
}

void hist_record_unknown(struct hist *hist)
{
    hist->count++;
    hist->unknown++;
}

void hist_merge(struct hist *hist, const struct hist *other)
{
    bool is_empty = hist_known(hist) == 0;

    hist->unknown += other->unknown;
    hist->count += other->count;
    if (hist_known(other) == 0) {
        return;
    }
    if (is_empty || other->min_us < hist->min_us) {
        hist->min_us = other->min_us;
    }
    if (other->max_us > hist->max_us) {
        hist->max_us = other->max_us;
    }
    hist->clamped += other->clamped;
    hist->sum_us += other->sum_us;
    add_squares(hist, other->squares_low, other->squares_high);

    /* Only the range in use: pages that were never touched stay so. */
    size_t last = index_of((uint64_t)other->max_us);
    for (size_t i = index_of((uint64_t)other->min_us); i <= last; i++) {
        hist->counts[i] += other->counts[i];
    }
}

void hist_reset(struct hist *hist)
{
    uint64_t *counts = hist->counts;
    if (hist_known(hist) > 0) {
        size_t first = index_of((uint64_t)hist->min_us);
        size_t last = index_of((uint64_t)hist->max_us);
        memset(counts + first, 0, (last - first + 1) * sizeof(*counts));
    }
    memset(hist, 0, sizeof(*hist));
    hist->counts = counts;
}

/* ceil(q * count), where a product that is a whole number but for the
 * rounding of q (0.07 * 100) is taken as that number. */
static uint64_t rank_of(double q, uint64_t count)
{
    double exact = q * (double)count;
    double rank = ceil(exact * (1 - 2 * DBL_EPSILON));
    if (rank < 1) {
        return 1;
    }
    return rank >= (double)count ? count : (uint64_t)rank;
}

/* A walk over the counters from the least value on. */
struct walk {
    size_t index;
    uint64_t seen; /* values before that counter */
};

static struct walk walk_from_least(const struct hist *hist)
{
    return (struct walk){index_of((uint64_t)hist->min_us), 0};
}

/* The value of a rank that is not before the walk; there is at least one
 * value. */
static int64_t value_at(const struct hist *hist, struct walk *walk,
                        uint64_t rank)
{
    size_t last = index_of((uint64_t)hist->max_us);
    while (walk->index < last) {
        uint64_t count = hist->counts[walk->index];
        if (walk->seen + count >= rank) {
            break;
        }
        walk->seen += count;
        walk->index++;
    }
    int64_t low_us;
    int64_t high_us;
    hist_bounds_us(walk->index, &low_us, &high_us);
    return high_us < hist->max_us ? high_us : hist->max_us;
}

int64_t hist_quantile_us(const struct hist *hist, double q)
{
    must(q >= 0 && q <= 1);
    return hist->count > 0 ? hist_quantile_of_us(hist, q, hist->count) : 0;
}

int64_t hist_quantile_of_us(const struct hist *hist, double q, uint64_t whole)
{
    int64_t us;

    hist_quantiles_of_us(hist, &q, 1, whole, &us);
    return us;
}

void hist_quantiles_of_us(const struct hist *hist, const double *q,
                          size_t count, uint64_t whole, int64_t *us)
{
    struct walk walk =
        hist_known(hist) > 0 ? walk_from_least(hist) : (struct walk){0};

    must(whole >= hist->count);
    for (size_t i = 0; i < count; i++) {
        must(q[i] >= (i > 0 ? q[i - 1] : 0) && q[i] <= 1);
        uint64_t rank = whole > 0 ? rank_of(q[i], whole) : 1;
        us[i] = rank <= hist_known(hist) ? value_at(hist, &walk, rank) : -1;
    }
}

int64_t hist_quantile_among_us(const struct hist *hist, double q,
                               uint64_t below, uint64_t whole)
{
    must(q >= 0 && q <= 1 && whole >= hist->count + below);
    uint64_t rank = whole > 0 ? rank_of(q, whole) : 1;
    if (whole > 0 && rank <= below) {
        return 0;
    }
    rank -= below;
    if (rank > hist_known(hist)) {
        return -1;
    }
    struct walk walk = walk_from_least(hist);
    return value_at(hist, &walk, rank);
}

double hist_mean_us(const struct hist *hist)
{
    if (hist_known(hist) == 0) {
        return 0;
    }
    return (double)hist->sum_us / (double)hist_known(hist);
}

double hist_stddev_us(const struct hist *hist)
{
    uint64_t count = hist_known(hist);
    if (count == 0) {
        return 0;
    }
    /* With the mean in whole microseconds m and the rest r, the sum of
     * (x - m)^2 is squares - m (sum + r): exact in 128 bits, where the
     * difference of two rounded sums would lose a small deviation. */
    uint64_t mean = hist->sum_us / count;
    uint64_t rest = hist->sum_us % count;
    uint128 squares = (uint128)hist->squares_high << 64 | hist->squares_low;
    uint128 about = squares - (uint128)mean * (hist->sum_us + rest);
    double n = (double)count;
    double sum =
        (double)(uint64_t)(about >> 64) * 0x1p64 + (double)(uint64_t)about;
    double off = (double)rest / n;
    double variance = sum / n - off * off;
    return variance > 0 ? sqrt(variance) : 0;
}

bool hist_next(const struct hist *hist, size_t *cursor, int64_t *low_us,
               int64_t *high_us, uint64_t *count)
{
    if (hist_known(hist) == 0) {
        return false;
    }
    size_t index = index_of((uint64_t)hist->min_us);
    size_t last = index_of((uint64_t)hist->max_us);
    for (index = *cursor > index ? *cursor : index; index <= last; index++) {
        if (hist->counts[index] > 0) {
            hist_bounds_us(index, low_us, high_us);
            *count = hist->counts[index];
            *cursor = index + 1;
            return true;
        }
    }
    *cursor = index;
    return false;
}
