/*
 * throttle: refuses calls that the service would most likely refuse.
 *
 * Client-side throttling as in the SRE book, chapter 21: over a sliding
 * window, a call is refused at once with the probability
 *
 *   P = max(0, (requests - k * accepts) / (requests + padding))
 *
 * to the power 1 / exponent, at most max_reject. Calls that are refused here
 * are requests too. With k = 2 the service sees about twice what it accepts.
 * Envoy's admission control is the same with k = 1 / threshold, its
 * aggression as the exponent. Nothing is refused before min_requests in the
 * window, or below min_rps. The draw is handed in.
 */
#ifndef SQUALL_POLICY_THROTTLE_H
#define SQUALL_POLICY_THROTTLE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_SLOTS_MAX = 120 };

enum throttle_type {
    THROTTLE_NONE,
#define THROTTLE(id, name, sentence) THROTTLE_##id,
#include "policy/throttle.def"
#undef THROTTLE
};

struct throttle_config {
    enum throttle_type type;
    uint32_t rejections; /* bits of enum outcome_class: not accepted */
    double k;
    struct duration window;
    unsigned slots; /* 1 to THROTTLE_SLOTS_MAX */
    double padding;
    double max_reject;
    double exponent;
    unsigned min_requests;
    double min_rps;
};

struct throttle_slot {
    uint32_t requests, accepts;
};

struct throttle {
    int64_t newest;
    uint64_t requests, accepts; /* in the window */
    uint64_t refused;           /* ever */
    struct throttle_slot slots[THROTTLE_SLOTS_MAX];
};

/* SRE: k 2, two minutes in 120 slots, padding 1, no other limits. */
void throttle_config_init(struct throttle_config *config);

void throttle_init(struct throttle *throttle,
                   const struct throttle_config *config);

/* The probability with which a call would be refused now. */
double throttle_refusal(struct throttle *throttle,
                        const struct throttle_config *config,
                        struct instant now);

/* Asks for a call, with a draw from [0, 1). True: it may go. */
bool throttle_allow(struct throttle *throttle,
                    const struct throttle_config *config, struct instant now,
                    double u);

/* A call came back: whether the service took it. */
void throttle_on_done(struct throttle *throttle,
                      const struct throttle_config *config, struct instant now,
                      bool accepted);

#endif
