/*
 * snapshot: what a worker publishes of itself while it runs, ten times a
 * second, for who watches the run from another thread.
 */
#ifndef SQUALL_HOST_SNAPSHOT_H
#define SQUALL_HOST_SNAPSHOT_H

#include "base/instant.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 16 a doubling of microseconds, and one for those that failed: they never
 * succeed. */
enum { RECENT_BINS = 28 * 16, RECENT_ALL = RECENT_BINS + 1 };

#define SNAPSHOT_NEVER INT64_MAX

/* So far, the warm-up included. */
struct worker_counts {
    uint64_t started, finished, succeeded, attempts, on_wire;
    uint64_t in_flight; /* operations, now */
    uint64_t missed;    /* as plan->miss_limit counts them */
};

struct worker_snapshot {
    struct worker_counts counts;
    bool load_over;
    bool ended;
    uint32_t recent[RECENT_ALL]; /* time to success of the last second */
};

struct snapshots {
    struct instant next; /* when it is to publish */
    struct instant next_recent;
    uint32_t recent[RECENT_ALL]; /* being filled */
    uint32_t before[RECENT_ALL]; /* of the second before */
    pthread_mutex_t lock;
    struct worker_snapshot published;
};

void snapshots_init(struct snapshots *snapshots);
void snapshots_release(struct snapshots *snapshots);

/* An operation has its verdict, so long after it was due. */
void snapshots_add(struct snapshots *snapshots, struct duration latency,
                   bool succeeded);

void snapshots_publish(struct snapshots *snapshots, struct instant now,
                       const struct worker_counts *counts, bool load_over,
                       bool ended);

/* From any thread. */
void snapshots_read(struct snapshots *snapshots,
                    struct worker_snapshot *snapshot);

/* The bin of worker_snapshot.recent that a latency falls into; the middle of
 * a bin; and a quantile of all in the RECENT_ALL bins, -1 when there are
 * none. */
size_t snapshot_bin(struct duration latency);
int64_t snapshot_bin_us(size_t bin);
int64_t snapshot_quantile_us(const uint32_t *bins, double q);

#endif
