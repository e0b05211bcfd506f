/*
 * budget: how many retries a client may afford, all operations together.
 *
 * token_bucket: a bucket of `capacity` tokens, `initial` at first. Charged on
 *   retry (AWS): a retry after class c costs cost[c], which must be there;
 *   with allow_above, more than that must be there too (strictly). Charged on
 *   failure (gRFC A6): every failure costs cost[c], the last one of an
 *   operation too, and a retry is free but needs more than allow_above.
 *   A success deposits deposit_success; at the first try also
 *   deposit_first_success; after retries, refund_last_cost gives back what
 *   the last retry cost and no more. deposit_request is paid in by every
 *   operation that starts. Never below 0, never above the capacity.
 * ratio_window (Finagle, tower): over the last `window`, retries are at most
 *   `ratio` of what was deposited, and min_per_sec * window more. Deposited is
 *   1 a success, 1 an ending that is not to be retried, or 1 a request.
 *   Deposits and retries leave the window slot by slot. With
 *   max_share_per_request an operation takes at most that share of the
 *   balance that it found, rounded up.
 * ratio_inflight (Envoy): retries in flight at once are fewer than the greater
 *   of min_concurrent and `ratio` of all attempts in flight. A retry is held
 *   from its grant, its backoff included, or from its send.
 *
 * Amounts are kept in millionths, so that ten tenths are one. The caller feeds
 * it: on_start once an operation, on_send and on_done around each attempt,
 * on_ending with the class of each ending, take before each retry (and hedge),
 * and release when the operation ends. Time never runs backwards.
 */
#ifndef SQUALL_POLICY_BUDGET_H
#define SQUALL_POLICY_BUDGET_H

#include "base/instant.h"
#include "policy/classify.h"

#include <stdbool.h>
#include <stdint.h>

enum budget_type {
    BUDGET_NONE,
#define BUDGET_TYPE(id, name, sentence) BUDGET_##id,
#include "policy/budget.def"
};

enum budget_charge {
#define BUDGET_CHARGE(id, name, sentence) CHARGE_##id,
#include "policy/budget.def"
};

enum budget_deposit {
#define BUDGET_DEPOSIT(id, name, sentence) DEPOSIT_##id,
#include "policy/budget.def"
};

/* What a budget is asked about, as bits. */
enum { BUDGET_COVERS_RETRY = 1, BUDGET_COVERS_HEDGE = 2 };

enum { BUDGET_SLOTS_MAX = 64, BUDGET_UNIT = 1000000 };

struct budget_config {
    enum budget_type type;
    uint32_t covers; /* BUDGET_COVERS_* bits */
    /* token_bucket */
    double capacity;
    double initial;
    enum budget_charge charge_on;
    double cost[CLASS_COUNT];
    double allow_above;
    double deposit_first_success;
    double deposit_success;
    double deposit_request;
    bool refund_last_cost;
    /* ratio_window; ratio is of ratio_inflight too */
    double ratio;
    struct duration window;
    unsigned slots; /* 1 to BUDGET_SLOTS_MAX */
    double min_per_sec;
    enum budget_deposit deposit_when;
    double max_share_per_request; /* 0: no such limit */
    /* ratio_inflight */
    unsigned min_concurrent;
    bool holds_during_backoff;
};

/* Of one client. */
struct budget {
    int64_t tokens;                  /* token_bucket, in millionths */
    int64_t slot;                    /* ratio_window: number of the newest */
    int64_t sum;                     /* of all slots */
    int64_t slots[BUDGET_SLOTS_MAX]; /* deposits less retries */
    unsigned in_flight;              /* attempts, retries included */
    unsigned held;                   /* ratio_inflight: retries */
};

/* Of one operation. */
struct budget_use {
    int64_t last_cost; /* of the last retry, in millionths */
    unsigned taken;    /* retries granted */
    unsigned limit;    /* of `taken`; UINT_MAX: none */
    unsigned held;     /* part of budget.held */
};

/* Everything off: no limit. */
void budget_config_init(struct budget_config *config);

void budget_init(struct budget *budget, const struct budget_config *config);

/* An operation starts. */
void budget_on_start(struct budget *budget, const struct budget_config *config,
                     struct instant now, struct budget_use *use);

/* An attempt goes out, and comes to its end, whatever it is. */
void budget_on_send(struct budget *budget, const struct budget_config *config,
                    struct budget_use *use, bool is_retry);
void budget_on_done(struct budget *budget, const struct budget_config *config,
                    struct budget_use *use, bool is_retry);

/* What the ending of an attempt was judged to be; before take. */
void budget_on_ending(struct budget *budget,
                      const struct budget_config *config, struct instant now,
                      enum outcome_class class, struct budget_use *use);

/* Asks for a retry after a failure of a class. True: granted and charged. */
bool budget_take(struct budget *budget, const struct budget_config *config,
                 struct instant now, enum outcome_class class,
                 struct budget_use *use);

/* The operation is over: what it still holds is free again. */
void budget_release(struct budget *budget, struct budget_use *use);

/* How much is left: tokens, retries that the window still grants, retries
 * that may be in flight besides those that are. */
double budget_level(struct budget *budget, const struct budget_config *config,
                    struct instant now);

#endif
