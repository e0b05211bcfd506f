/* What the server has counted, for other threads to read. */
#include "service/server_inside.h"

/* Only the server's thread counts, so that no locked addition is needed. */
static void publish(_Atomic uint64_t *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_relaxed);
}

void server_publish_counts(struct server *server)
{
    const struct order_counts *counts = &server->orders.counts;
    struct shared_counts *shared = &server->counts;
    publish(&shared->requests, server->requests);
    publish(&shared->orders, counts->orders);
    publish(&shared->effects, counts->effects);
    publish(&shared->replays, counts->replays);
    publish(&shared->conflicts, counts->conflicts);
    publish(&shared->shed, counts->shed);
    publish(&shared->abandoned, counts->abandoned);
}

void server_counts(struct server *server, struct server_counts *counts)
{
    const struct shared_counts *shared = &server->counts;
    counts->requests = atomic_load(&shared->requests);
    counts->orders = atomic_load(&shared->orders);
    counts->effects = atomic_load(&shared->effects);
    counts->replays = atomic_load(&shared->replays);
    counts->conflicts = atomic_load(&shared->conflicts);
    counts->shed = atomic_load(&shared->shed);
    counts->abandoned = atomic_load(&shared->abandoned);
}
