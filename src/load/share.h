/* share: how a load is divided over the workers of a run. Pure. */
#ifndef SQUALL_LOAD_SHARE_H
#define SQUALL_LOAD_SHARE_H

#include "load/schedule.h"

/* How many of `total` things worker w of n gets: the shares differ by at most
 * one and their sum is the total. */
uint64_t share_of(uint64_t total, uint64_t worker, uint64_t workers);

/* The sum of the shares of the workers before this one; `worker` may be
 * `workers`, whose answer is the total. */
uint64_t share_before(uint64_t total, uint64_t worker, uint64_t workers);

/* The connections of a worker: its share, or those of its clients where each
 * has its own. They are in turn the clients' shares: client i of the worker's
 * n has share_of(share_of_connections(...), i, n). */
uint64_t share_of_connections(const struct load_config *load, uint64_t worker,
                              uint64_t workers);

#endif
