/*
 * failed_exchange: the first attempts of a worker that failed, with what both
 * sides said, where a plan asks for them.
 */
#ifndef SQUALL_HOST_FAILED_EXCHANGE_H
#define SQUALL_HOST_FAILED_EXCHANGE_H

#include "base/arena.h"
#include "engine/engine.h"

struct failed_exchange {
    struct instant at; /* of its end, on the run's clock */
    uint64_t operation;
    unsigned attempt;
    enum attempt_kind kind;
    enum outcome outcome;
    bool injected; /* a fault of squall's made it fail */
    struct transcript said;
};

struct failed_exchanges {
    struct failed_exchange *items;
    size_t count, max;
};

void failed_exchanges_init(struct failed_exchanges *exchanges, size_t max,
                           struct arena *arena);

/* A place for an attempt that ended so, to be filled by the caller; NULL where
 * it did not fail, or there is no room. */
struct failed_exchange *failed_exchanges_next(
    struct failed_exchanges *exchanges, enum outcome outcome, bool wasted);

#endif
