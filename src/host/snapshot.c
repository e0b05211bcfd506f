#include "host/snapshot.h"

#include <string.h>

#define PUBLISH_EVERY duration_ms(100)
#define RECENT_EVERY duration_s(1)

size_t snapshot_bin(struct duration latency)
{
    uint64_t us = (uint64_t)(latency.ns > 0 ? latency.ns / NS_PER_US : 0);
    if (us < 16) {
        return (size_t)us;
    }
    /* us >> shift is 16 to 31 */
    unsigned shift = 59u - (unsigned)__builtin_clzll(us);
    size_t bin = (size_t)shift * 16 + (size_t)(us >> shift);
    return bin < RECENT_BINS ? bin : RECENT_BINS - 1;
}

int64_t snapshot_bin_us(size_t bin)
{
    if (bin < 32) {
        return (int64_t)bin;
    }
    size_t shift = bin / 16 - 1;
    int64_t low = (int64_t)(bin % 16 + 16) << shift;
    return low + ((INT64_C(1) << shift) / 2);
}

int64_t snapshot_quantile_us(const uint32_t *bins, double q)
{
    uint64_t total = 0;
    for (size_t i = 0; i < RECENT_ALL; i++) {
        total += bins[i];
    }
    if (total == 0) {
        return -1;
    }
    uint64_t rank = (uint64_t)(q * (double)total);
    uint64_t seen = 0;
    for (size_t i = 0; i < RECENT_BINS; i++) {
        seen += bins[i];
        if (seen > rank) {
            return snapshot_bin_us(i);
        }
    }
    return SNAPSHOT_NEVER;
}

void snapshots_init(struct snapshots *snapshots)
{
    *snapshots = (struct snapshots){
        .next_recent = instant_add((struct instant){0}, RECENT_EVERY),
    };
    pthread_mutex_init(&snapshots->lock, NULL);
}

void snapshots_release(struct snapshots *snapshots)
{
    pthread_mutex_destroy(&snapshots->lock);
}

void snapshots_add(struct snapshots *snapshots, struct duration latency,
                   bool succeeded)
{
    snapshots->recent[succeeded ? snapshot_bin(latency) : RECENT_BINS]++;
}

void snapshots_publish(struct snapshots *snapshots, struct instant now,
                       const struct worker_counts *counts, bool load_over,
                       bool ended)
{
    snapshots->next = instant_add(now, PUBLISH_EVERY);
    if (!instant_before(now, snapshots->next_recent)) {
        snapshots->next_recent = instant_add(now, RECENT_EVERY);
        memcpy(snapshots->before, snapshots->recent,
               sizeof(snapshots->before));
        memset(snapshots->recent, 0, sizeof(snapshots->recent));
    }
    pthread_mutex_lock(&snapshots->lock);
    struct worker_snapshot *out = &snapshots->published;
    out->counts = *counts;
    out->load_over = load_over;
    out->ended = ended;
    memcpy(out->recent, snapshots->before, sizeof(out->recent));
    pthread_mutex_unlock(&snapshots->lock);
}

void snapshots_read(struct snapshots *snapshots,
                    struct worker_snapshot *snapshot)
{
    pthread_mutex_lock(&snapshots->lock);
    *snapshot = snapshots->published;
    pthread_mutex_unlock(&snapshots->lock);
}
