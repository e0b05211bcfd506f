#include "report/buckets.h"

#include "base/must.h"
#include "measure/hist.h"
#include "report/hdr.h"
#include "report/text_part.h"

#include <math.h>

enum {
    LOWEST_EXPONENT = -14,
    FINE_OCTAVES = 21, /* with two bounds each, up to 2^7 s */
    FINE_BOUNDS = 2 * FINE_OCTAVES + 1
};

double buckets_bound_s(unsigned index)
{
    must(index < BUCKETS_BOUNDS);
    double halves = index < FINE_BOUNDS
                        ? (double)index / 2
                        : (double)(FINE_OCTAVES + index + 1 - FINE_BOUNDS);
    return exp2(LOWEST_EXPONENT + halves);
}

/* A distribution that is being read; indexes come in ascending order. */
struct reading {
    struct buckets *buckets;
    unsigned at; /* the bucket of the last value */
    uint64_t known;
};

static void count(void *context, size_t index, uint64_t found)
{
    struct reading *reading = context;
    int64_t low_us, high_us;

    hist_bounds_us(index, &low_us, &high_us);
    while (reading->at < BUCKETS_BOUNDS &&
           (double)high_us / 1e6 > buckets_bound_s(reading->at)) {
        reading->at++;
    }
    reading->buckets->counts[reading->at] += found;
    reading->known += found;
}

bool buckets_read(const cJSON *distribution, struct buckets *buckets)
{
    double whole = text_number(distribution, "count");
    double mean_us = text_number(distribution, "mean_us");
    const char *text = text_string(distribution, "hdr");
    struct reading reading = {.buckets = buckets};

    *buckets = (struct buckets){.sum_s = mean_us / 1e6 * whole};
    bool ok = whole > 0 && whole < 0x1p53 &&
              (!text || hdr_walk(text, count, &reading)) &&
              reading.known <= (uint64_t)whole;
    if (ok) {
        buckets->count = (uint64_t)whole;
        buckets->counts[BUCKETS_BOUNDS] += buckets->count - reading.known;
    }
    return ok;
}
