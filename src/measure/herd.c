#include "measure/herd.h"

#include "base/must.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define BIN_NS (NS_PER_S / HERD_BINS_PER_S)
#define PART_NS_MIN (NS_PER_S / 10)

void herd_init(struct herd *herd, struct arena *arena, struct instant origin)
{
    *herd = (struct herd){
        .origin = origin,
        .bins = arena_array(arena, HERD_BINS_MAX, sizeof(*herd->bins)),
        .sent = arena_array(arena, HERD_SECONDS_MAX, sizeof(*herd->sent)),
        .started =
            arena_array(arena, HERD_SECONDS_MAX, sizeof(*herd->started)),
    };
}

static int64_t since_origin(const struct herd *herd, struct instant at)
{
    int64_t since = instant_since(at, herd->origin).ns;
    return since < 0 ? 0 : since;
}

/* The counter of a second; NULL beyond the last. */
static uint32_t *second_at(struct herd *herd, uint32_t *counts, int64_t since)
{
    int64_t second = since / NS_PER_S;
    if (second >= HERD_SECONDS_MAX) {
        return NULL;
    }
    if (second >= herd->seconds) {
        herd->seconds = second + 1;
    }
    return &counts[second];
}

void herd_sent(struct herd *herd, struct instant at)
{
    int64_t since = since_origin(herd, at);
    int64_t bin = since / BIN_NS;
    uint32_t *second = second_at(herd, herd->sent, since);
    if (bin < HERD_BINS_MAX) {
        herd->bins[bin]++;
    } else {
        herd->beyond++;
    }
    if (second) {
        ++*second;
    }
}

void herd_started(struct herd *herd, struct instant at)
{
    uint32_t *second = second_at(herd, herd->started, since_origin(herd, at));
    if (second) {
        ++*second;
    }
}

/* The bins of a second, of those that have any; NULL beyond the last. */
static uint32_t *bins_of(const struct herd *herd, int64_t second)
{
    int64_t bin = second * HERD_BINS_PER_S;
    return bin < HERD_BINS_MAX ? &herd->bins[bin] : NULL;
}

/* Only what was counted is touched: most of the pages never are. */
void herd_merge(struct herd *herd, const struct herd *other)
{
    must(herd->origin.ns == other->origin.ns);
    for (int64_t s = 0; s < other->seconds; s++) {
        const uint32_t *from = bins_of(other, s);
        uint32_t *to = bins_of(herd, s);
        if (other->started[s] > 0) {
            herd->started[s] += other->started[s];
        }
        if (other->sent[s] == 0) {
            continue;
        }
        herd->sent[s] += other->sent[s];
        for (size_t i = 0; from && i < HERD_BINS_PER_S; i++) {
            to[i] += from[i];
        }
    }
    herd->beyond += other->beyond;
    if (other->seconds > herd->seconds) {
        herd->seconds = other->seconds;
    }
}

void herd_reset(struct herd *herd)
{
    for (int64_t s = 0; s < herd->seconds; s++) {
        uint32_t *bins = bins_of(herd, s);
        if (herd->started[s] > 0) {
            herd->started[s] = 0;
        }
        if (herd->sent[s] == 0) {
            continue;
        }
        herd->sent[s] = 0;
        if (bins) {
            memset(bins, 0, HERD_BINS_PER_S * sizeof(*bins));
        }
    }
    herd->beyond = 0;
    herd->seconds = 0;
}

static size_t whole_bins(struct duration measured)
{
    if (measured.ns <= 0) {
        return 0;
    }
    int64_t bins = measured.ns / BIN_NS;
    return bins < HERD_BINS_MAX ? (size_t)bins : HERD_BINS_MAX;
}

struct duration herd_covered(struct duration measured)
{
    return (struct duration){(int64_t)whole_bins(measured) * BIN_NS};
}

double herd_peak_to_mean_100ms(const struct herd *herd,
                               struct duration measured)
{
    size_t count = whole_bins(measured) / 10;
    uint64_t total = 0;
    uint64_t peak = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = 0;
        for (size_t j = 0; j < 10; j++) {
            sum += herd->bins[10 * i + j];
        }
        total += sum;
        peak = sum > peak ? sum : peak;
    }
    if (total == 0) {
        return -1;
    }
    return (double)peak * (double)count / (double)total;
}

double herd_dispersion_10ms(const struct herd *herd, struct duration measured)
{
    size_t count = whole_bins(measured);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += herd->bins[i];
    }
    if (total == 0) {
        return -1;
    }
    double mean = (double)total / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        double off = (double)herd->bins[i] - mean;
        squares += off * off;
    }
    return squares / (double)count / mean;
}

/* One bin of 100 ms, from its first of 10 ms. */
static void add_bin(struct herd_arrivals *arrivals, size_t column,
                    const uint32_t *bins)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < 10; i++) {
        sum += bins[i];
        if (bins[i] > arrivals->most_10ms[column]) {
            arrivals->most_10ms[column] = bins[i];
        }
    }
    arrivals->sent[column] += sum;
    if (sum > arrivals->most_100ms[column]) {
        arrivals->most_100ms[column] = sum;
    }
}

void herd_arrivals_read(const struct herd *herd, struct duration measured,
                        struct herd_arrivals *arrivals)
{
    size_t count = whole_bins(measured) / 10;
    size_t width = (count + HERD_COLUMNS_MAX - 1) / HERD_COLUMNS_MAX;
    uint64_t total = 0;

    memset(arrivals, 0, sizeof(*arrivals));
    for (size_t i = 0; i < count; i++) {
        add_bin(arrivals, i / width, herd->bins + 10 * i);
        total += arrivals->most_100ms[i / width];
    }
    if (total > 0) {
        arrivals->interval.ns = (int64_t)width * 10 * BIN_NS;
        arrivals->columns = (count + width - 1) / width;
    }
}

/* Whether the second stands for itself: it had starts, and was not cut so
 * short that a few sends of it say nothing. */
static bool is_second(const struct herd *herd, int64_t second,
                      struct duration measured)
{
    int64_t covered = measured.ns - second * NS_PER_S;
    return herd->started[second] > 0 &&
           (second == 0 || covered >= PART_NS_MIN);
}

double herd_peak_1s(const struct herd *herd, struct duration measured)
{
    uint64_t sent = 0;
    uint64_t started = 0;
    double peak = -1;
    for (int64_t i = 0; i < herd->seconds; i++) {
        if (started > 0 && is_second(herd, i, measured)) {
            peak = fmax(peak, (double)sent / (double)started);
            sent = started = 0;
        }
        sent += herd->sent[i];
        started += herd->started[i];
    }
    return started > 0 ? fmax(peak, (double)sent / (double)started) : peak;
}
