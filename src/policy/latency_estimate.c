#include "policy/latency_estimate.h"

#include "base/must.h"
#include "policy/slots.h"

#include <math.h>
#include <string.h>

/* Below 64 units of 64 ns bins are one unit wide; above, 32 a doubling. */
enum { UNIT_SHIFT = 6, SUB_BITS = 5 };

static unsigned bin_of(struct duration took)
{
    uint64_t units = took.ns > 0 ? (uint64_t)took.ns >> UNIT_SHIFT : 0;
    if (units < 2u << SUB_BITS) {
        return (unsigned)units;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(units) - SUB_BITS;
    unsigned bin = (shift << SUB_BITS) + (unsigned)(units >> shift);
    return bin < LATENCY_BINS ? bin : LATENCY_BINS - 1;
}

/* The longest duration that falls into a bin. */
static struct duration upper_end(unsigned bin)
{
    uint64_t shift = 0;
    uint64_t units = bin;
    if (bin >= 2u << SUB_BITS) {
        shift = (bin >> SUB_BITS) - 1;
        units = bin - (shift << SUB_BITS);
    }
    return (struct duration){
        (int64_t)(((units + 1) << (shift + UNIT_SHIFT)) - 1)};
}

static void advance(struct latency_estimate *estimate,
                    const struct latency_config *config, struct instant now)
{
    int64_t passed =
        slots_advance(&estimate->newest, now, config->window, LATENCY_PARTS);
    for (int64_t i = 0; i < passed; i++) {
        size_t old = (size_t)((estimate->newest - i) % LATENCY_PARTS);
        estimate->total -= estimate->totals[old];
        estimate->totals[old] = 0;
        memset(estimate->bins[old], 0, sizeof(estimate->bins[old]));
    }
}

void latency_estimate_init(struct latency_estimate *estimate)
{
    memset(estimate, 0, sizeof(*estimate));
}

void latency_estimate_add(struct latency_estimate *estimate,
                          const struct latency_config *config,
                          struct instant now, struct duration took)
{
    advance(estimate, config, now);
    size_t part = (size_t)(estimate->newest % LATENCY_PARTS);
    estimate->bins[part][bin_of(took)]++;
    estimate->totals[part]++;
    estimate->total++;
}

/* The sample of rank ceil(q * n), by its bin. */
static struct duration ranked(const struct latency_estimate *estimate,
                              double quantile)
{
    double rank = ceil(quantile * estimate->total);
    uint32_t below = 0;
    unsigned bin = 0;
    for (; bin < LATENCY_BINS; bin++) {
        for (int part = 0; part < LATENCY_PARTS; part++) {
            below += estimate->bins[part][bin];
        }
        if (below > 0 && below >= rank) {
            break;
        }
    }
    must(bin < LATENCY_BINS);
    return upper_end(bin);
}

struct duration latency_estimate_quantile(struct latency_estimate *estimate,
                                          const struct latency_config *config,
                                          struct instant now)
{
    if (estimate->known &&
        instant_before(now, instant_add(estimate->asked, config->refresh))) {
        return estimate->value;
    }
    advance(estimate, config, now);
    estimate->known =
        estimate->total > 0 && estimate->total >= config->min_samples;
    if (!estimate->known) {
        return DURATION_FOREVER;
    }
    estimate->asked = now;
    estimate->value =
        duration_max(ranked(estimate, config->quantile), config->least);
    return estimate->value;
}
