/*
 * fault: which of the client-side faults an attempt gets.
 *
 * Pure. Every fault of the profile draws from a stream of its own, one draw
 * for each attempt of its request inside its window, whether or not another
 * fault is drawn first. The stream goes with the kind and with how many rows
 * of that kind stand before it, so that a row of another kind, or one more at
 * the end, does not move the others. The first in the profile's order wins.
 * How long a fault lasts is drawn from streams beside these, only where it is
 * injected.
 */
#ifndef SQUALL_FAULTS_FAULT_H
#define SQUALL_FAULTS_FAULT_H

#include "base/rng.h"
#include "faults/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
#define FAULT(id, name, sentence) FAULT_##id,
#include "faults/fault.def"
#undef FAULT
};

enum {
#define FAULT(id, name, sentence) +1
    FAULT_COUNT = 0
#include "faults/fault.def"
#undef FAULT
};

/* What the caller sees of a lost message. */
enum fault_as {
#define FAULT_AS(id, name, sentence) FAULT_AS_##id,
#include "faults/fault_as.def"
#undef FAULT_AS
};

enum { FAULTS_MAX = 16, FAULT_ANY_REQUEST = -1 };

/* From low to high, evenly; often they are one. */
struct fault_span {
    double low, high; /* in ns, or as a share of something */
    bool is_share;
};

struct fault_config {
    enum fault_kind kind;
    double ratio; /* of the attempts in the window */
    struct window window;
    int request; /* index, or FAULT_ANY_REQUEST */
    enum fault_as as;
    bool is_swept;           /* LOST_RESPONSE: `after` says when it is lost */
    struct fault_span after; /* since the send; a share: of the median
                              * latency */
    struct fault_span delay; /* DELAY, LATE_DUPLICATE: in ns */
    uint64_t rate;           /* SLOW_READ: bytes a second */
};

struct fault_drawer {
    const struct fault_config *faults;
    size_t count;
    struct rng streams[FAULTS_MAX];
    struct rng amounts[FAULTS_MAX]; /* how long: apart from whether at all */
};

/* Borrows the configs; count <= FAULTS_MAX. One drawer a worker. */
void fault_drawer_init(struct fault_drawer *drawer,
                       const struct fault_config *faults, size_t count,
                       uint64_t seed, uint64_t worker);

/* The fault that this attempt gets, or NULL. */
const struct fault_config *fault_draw(struct fault_drawer *drawer,
                                      struct duration since_start,
                                      int request);

/* How long this fault of the drawer's lasts, this time; `whole` is what a
 * share is of. */
struct duration fault_draw_span(struct fault_drawer *drawer,
                                const struct fault_config *fault,
                                const struct fault_span *span,
                                struct duration whole);

const char *fault_name(enum fault_kind kind);

#endif
