/* slots: how a sliding window in slots moves on. The owner keeps the slots,
 * a ring by slot number, and the number of the newest one. */
#ifndef SQUALL_POLICY_SLOTS_H
#define SQUALL_POLICY_SLOTS_H

#include "base/instant.h"

#include <stdint.h>

/* Moves *newest on to the slot of now; returns how many slots, *newest and
 * those before it, are new and must be cleared: at most `count`. */
static inline int64_t slots_advance(int64_t *newest, struct instant now,
                                    struct duration window, unsigned count)
{
    int64_t length = window.ns / count;
    int64_t slot = now.ns / (length > 0 ? length : 1);
    int64_t passed = slot - *newest;
    if (passed <= 0) {
        return 0;
    }
    *newest = slot;
    return passed < count ? passed : count;
}

#endif
