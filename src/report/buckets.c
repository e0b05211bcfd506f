#include "report/buckets.h"

#include "base/arena.h"
#include "base/must.h"
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

static void count(const struct hist *hist, struct buckets *buckets)
{
    size_t cursor = 0;
    unsigned at = 0;
    int64_t low_us, high_us;
    uint64_t found;

    while (hist_next(hist, &cursor, &low_us, &high_us, &found)) {
        while (at < BUCKETS_BOUNDS &&
               (double)high_us / 1e6 > buckets_bound_s(at)) {
            at++;
        }
        buckets->counts[at] += found;
    }
}

/* The counters of a text of a report as a histogram to be walked. */
static bool read_counts(struct hist *hist, struct arena *arena,
                        const char *text)
{
    hist_init(hist, arena);
    if (!hdr_read(text, hist->counts)) {
        return false;
    }
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        hist->count += hist->counts[i];
    }
    hist->max_us = HIST_US_MAX;
    return true;
}

bool buckets_read(const cJSON *distribution, struct buckets *buckets)
{
    double whole = text_number(distribution, "count");
    double mean_us = text_number(distribution, "mean_us");
    const char *text = text_string(distribution, "hdr");
    struct arena arena = ARENA_INIT;
    struct hist hist = {0};

    *buckets = (struct buckets){.sum_s = mean_us / 1e6 * whole};
    bool ok = whole > 0 && whole < 0x1p53 &&
              (!text || read_counts(&hist, &arena, text)) &&
              hist.count <= (uint64_t)whole;
    if (ok) {
        buckets->count = (uint64_t)whole;
        count(&hist, buckets);
        buckets->counts[BUCKETS_BOUNDS] += buckets->count - hist.count;
    }
    arena_release(&arena);
    return ok;
}
