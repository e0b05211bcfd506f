#include "measure/herd.h"

#include "base/must.h"

#include <stddef.h>

#define BIN_NS (NS_PER_S / HERD_BINS_PER_S)

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

void herd_sent(struct herd *herd, struct instant at)
{
    int64_t since = since_origin(herd, at);
    int64_t bin = since / BIN_NS;
    int64_t second = since / NS_PER_S;
    if (bin < HERD_BINS_MAX) {
        herd->bins[bin]++;
    } else {
        herd->beyond++;
    }
    if (second < HERD_SECONDS_MAX) {
        herd->sent[second]++;
    }
}

void herd_started(struct herd *herd, struct instant at)
{
    int64_t second = since_origin(herd, at) / NS_PER_S;
    if (second < HERD_SECONDS_MAX) {
        herd->started[second]++;
    }
}

static void add(uint32_t *to, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* Untouched pages stay untouched. */
        if (from[i] > 0) {
            to[i] += from[i];
        }
    }
}

void herd_merge(struct herd *herd, const struct herd *other)
{
    must(herd->origin.ns == other->origin.ns);
    add(herd->bins, other->bins, HERD_BINS_MAX);
    add(herd->sent, other->sent, HERD_SECONDS_MAX);
    add(herd->started, other->started, HERD_SECONDS_MAX);
    herd->beyond += other->beyond;
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

double herd_peak_1s(const struct herd *herd, struct duration measured)
{
    int64_t count = measured.ns / NS_PER_S;
    if (count == 0 && measured.ns > 0) {
        count = 1;
    }
    if (count > HERD_SECONDS_MAX) {
        count = HERD_SECONDS_MAX;
    }
    double peak = -1;
    for (int64_t i = 0; i < count; i++) {
        if (herd->started[i] > 0) {
            double ratio = (double)herd->sent[i] / (double)herd->started[i];
            peak = ratio > peak ? ratio : peak;
        }
    }
    return peak;
}
