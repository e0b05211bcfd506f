#include "policy/budget.h"

#include "base/must.h"
#include "policy/slots.h"

#include <limits.h>
#include <string.h>

static int64_t millionths(double amount)
{
    return (int64_t)(amount * BUDGET_UNIT + 0.5);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_retryable(enum outcome_class class)
{
    return class != CLASS_SUCCESS && class != CLASS_FATAL;
}

/* -- token_bucket -- */

static void deposit_tokens(struct budget *budget,
                           const struct budget_config *config, int64_t amount)
{
    budget->tokens =
        smaller(budget->tokens + amount, millionths(config->capacity));
}

static void bucket_on_ending(struct budget *budget,
                             const struct budget_config *config,
                             enum outcome_class class,
                             const struct budget_use *use)
{
    if (class == CLASS_SUCCESS) {
        int64_t amount = millionths(config->deposit_success);
        if (use->taken == 0) {
            amount += millionths(config->deposit_first_success);
        } else if (config->refund_last_cost) {
            amount += use->last_cost;
        }
        deposit_tokens(budget, config, amount);
    } else if (is_retryable(class) && config->charge_on == CHARGE_FAILURE) {
        budget->tokens -=
            smaller(millionths(config->cost[class]), budget->tokens);
    }
}

static bool bucket_take(struct budget *budget,
                        const struct budget_config *config,
                        enum outcome_class class, struct budget_use *use)
{
    int64_t above = millionths(config->allow_above);
    if (config->charge_on == CHARGE_FAILURE) {
        use->last_cost = 0;
        return budget->tokens > above;
    }
    int64_t cost = millionths(config->cost[class]);
    if (budget->tokens < cost || (above > 0 && budget->tokens <= above)) {
        return false;
    }
    budget->tokens -= cost;
    use->last_cost = cost;
    return true;
}

/* -- ratio_window -- */

/* Lets the slots that have left the window go. */
static void window_advance(struct budget *budget,
                           const struct budget_config *config,
                           struct instant now)
{
    int64_t passed =
        slots_advance(&budget->slot, now, config->window, config->slots);
    for (int64_t i = 0; i < passed; i++) {
        int64_t *old = &budget->slots[(budget->slot - i) % config->slots];
        budget->sum -= *old;
        *old = 0;
    }
}

static void window_add(struct budget *budget,
                       const struct budget_config *config, struct instant now,
                       int64_t amount)
{
    window_advance(budget, config, now);
    budget->slots[budget->slot % config->slots] += amount;
    budget->sum += amount;
}

/* In millionths of a retry. */
static int64_t window_balance(struct budget *budget,
                              const struct budget_config *config,
                              struct instant now)
{
    window_advance(budget, config, now);
    double reserve = config->min_per_sec * duration_in_seconds(config->window);
    return budget->sum + millionths(reserve);
}

static bool window_take(struct budget *budget,
                        const struct budget_config *config, struct instant now)
{
    if (window_balance(budget, config, now) < BUDGET_UNIT) {
        return false;
    }
    window_add(budget, config, now, -BUDGET_UNIT);
    return true;
}

static void window_on_ending(struct budget *budget,
                             const struct budget_config *config,
                             struct instant now, enum outcome_class class)
{
    bool deposits = false;
    switch (config->deposit_when) {
    case DEPOSIT_SUCCESS:
        deposits = class == CLASS_SUCCESS;
        break;
    case DEPOSIT_NOT_RETRIED:
        deposits = !is_retryable(class);
        break;
    case DEPOSIT_REQUEST:
        break;
    }
    if (deposits) {
        window_add(budget, config, now, millionths(config->ratio));
    }
}

/* Of the balance, the share that one operation may take, rounded up. */
static unsigned share_of_one(struct budget *budget,
                             const struct budget_config *config,
                             struct instant now)
{
    if (config->max_share_per_request <= 0) {
        return UINT_MAX;
    }
    int64_t balance = window_balance(budget, config, now);
    if (balance <= 0) {
        return 0;
    }
    int64_t share =
        (int64_t)((double)balance * config->max_share_per_request + 0.5);
    int64_t whole = (share + BUDGET_UNIT - 1) / BUDGET_UNIT;
    return whole < UINT_MAX ? (unsigned)whole : UINT_MAX;
}

/* -- ratio_inflight -- */

static double inflight_limit(const struct budget *budget,
                             const struct budget_config *config)
{
    double share = config->ratio * budget->in_flight;
    double least = config->min_concurrent;
    return share > least ? share : least;
}

static void hold(struct budget *budget, struct budget_use *use)
{
    budget->held++;
    use->held++;
}

static bool inflight_take(struct budget *budget,
                          const struct budget_config *config,
                          struct budget_use *use)
{
    if (budget->held >= inflight_limit(budget, config)) {
        return false;
    }
    if (config->holds_during_backoff) {
        hold(budget, use);
    }
    return true;
}

/* -- all of them -- */

void budget_config_init(struct budget_config *config)
{
    memset(config, 0, sizeof(*config));
    config->slots = 10;
    config->window = duration_s(10);
    config->covers = BUDGET_COVERS_RETRY | BUDGET_COVERS_HEDGE;
    config->holds_during_backoff = true;
}

void budget_init(struct budget *budget, const struct budget_config *config)
{
    must(config->type != BUDGET_RATIO_WINDOW ||
         (config->slots >= 1 && config->slots <= BUDGET_SLOTS_MAX));
    memset(budget, 0, sizeof(*budget));
    budget->tokens = millionths(config->initial);
}

void budget_on_start(struct budget *budget, const struct budget_config *config,
                     struct instant now, struct budget_use *use)
{
    *use = (struct budget_use){.limit = UINT_MAX};
    switch (config->type) {
    case BUDGET_NONE:
    case BUDGET_RATIO_INFLIGHT:
        return;
    case BUDGET_TOKEN_BUCKET:
        deposit_tokens(budget, config, millionths(config->deposit_request));
        return;
    case BUDGET_RATIO_WINDOW:
        use->limit = share_of_one(budget, config, now);
        if (config->deposit_when == DEPOSIT_REQUEST) {
            window_add(budget, config, now, millionths(config->ratio));
        }
        return;
    }
}

void budget_on_send(struct budget *budget, const struct budget_config *config,
                    struct budget_use *use, bool is_retry)
{
    budget->in_flight++;
    if (config->type == BUDGET_RATIO_INFLIGHT && is_retry &&
        !config->holds_during_backoff) {
        hold(budget, use);
    }
}

void budget_on_done(struct budget *budget, const struct budget_config *config,
                    struct budget_use *use, bool is_retry)
{
    must(budget->in_flight > 0);
    budget->in_flight--;
    if (config->type == BUDGET_RATIO_INFLIGHT && is_retry) {
        must(use->held > 0 && budget->held > 0);
        use->held--;
        budget->held--;
    }
}

void budget_on_ending(struct budget *budget,
                      const struct budget_config *config, struct instant now,
                      enum outcome_class class, struct budget_use *use)
{
    switch (config->type) {
    case BUDGET_NONE:
    case BUDGET_RATIO_INFLIGHT:
        return;
    case BUDGET_TOKEN_BUCKET:
        bucket_on_ending(budget, config, class, use);
        return;
    case BUDGET_RATIO_WINDOW:
        window_on_ending(budget, config, now, class);
        return;
    }
}

bool budget_take(struct budget *budget, const struct budget_config *config,
                 struct instant now, enum outcome_class class,
                 struct budget_use *use)
{
    bool granted = true;
    if (use->taken >= use->limit) {
        return false;
    }
    switch (config->type) {
    case BUDGET_NONE:
        break;
    case BUDGET_TOKEN_BUCKET:
        granted = bucket_take(budget, config, class, use);
        break;
    case BUDGET_RATIO_WINDOW:
        granted = window_take(budget, config, now);
        break;
    case BUDGET_RATIO_INFLIGHT:
        granted = inflight_take(budget, config, use);
        break;
    }
    use->taken += granted;
    return granted;
}

void budget_release(struct budget *budget, struct budget_use *use)
{
    must(budget->held >= use->held);
    budget->held -= use->held;
    use->held = 0;
}

double budget_level(struct budget *budget, const struct budget_config *config,
                    struct instant now)
{
    switch (config->type) {
    case BUDGET_NONE:
        break;
    case BUDGET_TOKEN_BUCKET:
        return (double)budget->tokens / BUDGET_UNIT;
    case BUDGET_RATIO_WINDOW:
        return (double)window_balance(budget, config, now) / BUDGET_UNIT;
    case BUDGET_RATIO_INFLIGHT:
        return inflight_limit(budget, config) - budget->held;
    }
    return 0.0;
}
