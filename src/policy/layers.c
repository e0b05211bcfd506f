#include "policy/layers.h"

#include "base/must.h"

static size_t pool_of(const struct call_env *env)
{
    const struct concurrency_config *config = &env->policy->concurrency;
    for (size_t i = 0; i < config->tier_count; i++) {
        if (config->tiers[i].tier == env->traits.tier) {
            return i + 1;
        }
    }
    return 0;
}

/* Notes a change for the host that the breaker has just made. */
static void note_change(struct client *client, enum breaker_state before,
                        struct instant now)
{
    enum breaker_state after = client->breaker.state;
    if (after != before) {
        must(client->change_count < BREAKER_CHANGES_MAX);
        client->changes[client->change_count++] =
            (struct breaker_change){before, after, now};
    }
}

static void begin_wait(struct call *call, enum call_wait wait,
                       struct instant now, struct duration length)
{
    call->asking.wait = wait;
    call->asking.since = now;
    call->asking.until = instant_add(now, length);
    call->has_waited = true;
}

static enum layers_answer ask_rate_limit(struct call *call, struct instant now,
                                         struct call_env *env)
{
    const struct rate_limit_config *config = &env->policy->rate_limit;
    uint32_t kind = call->asking.kind == ATTEMPT_FIRST ? RATE_LIMIT_FIRST
                                                       : RATE_LIMIT_RETRY;
    struct duration wait;

    if (config->type == RATE_LIMIT_NONE || !(config->applies_to & kind)) {
        return LAYERS_PASSED;
    }
    if (!rate_limit_take(&env->client->rate_limit, config, now, &wait)) {
        return LAYERS_REFUSED;
    }
    if (wait.ns <= 0) {
        return LAYERS_PASSED;
    }
    begin_wait(call, WAIT_RATE, now, wait);
    return LAYERS_WAIT;
}

static enum layers_answer ask_concurrency(struct call *call,
                                          struct instant now,
                                          struct call_env *env)
{
    struct client *client = env->client;
    const struct concurrency_config *config = &env->policy->concurrency;

    if (!config->enabled) {
        return LAYERS_PASSED;
    }
    size_t pool = pool_of(env);
    const struct pool_config *places =
        pool ? &config->tiers[pool - 1] : &config->common;

    switch (concurrency_enter(&client->pools[pool],
                              client_limit(client, env->policy, pool),
                              places->queue)) {
    case CONCURRENCY_RUNNING:
        call->holds[call->asking.level].has_place = true;
        return LAYERS_PASSED;
    case CONCURRENCY_QUEUED:
        break;
    case CONCURRENCY_REJECTED:
        return LAYERS_REFUSED;
    }
    call_queue_push(&client->queues[pool], call);
    begin_wait(call, WAIT_PLACE, now, places->max_wait);
    return LAYERS_WAIT;
}

static enum layers_answer ask_breaker(struct call *call, struct instant now,
                                      struct call_env *env)
{
    struct client *client = env->client;
    struct layer_hold *hold = &call->holds[call->asking.level];

    if (env->policy->breaker.condition_count == 0) {
        return LAYERS_PASSED;
    }
    enum breaker_state before = client->breaker.state;
    hold->has_permit = breaker_allow(&client->breaker, &env->policy->breaker,
                                     now, &hold->permit, &client->limits);
    note_change(client, before, now);
    return hold->has_permit ? LAYERS_PASSED : LAYERS_REFUSED;
}

static enum layers_answer ask_throttle(struct call *call, struct instant now,
                                       struct call_env *env)
{
    struct client *client = env->client;
    struct layer_hold *hold = &call->holds[call->asking.level];

    if (env->policy->throttle.type == THROTTLE_NONE) {
        return LAYERS_PASSED;
    }
    hold->is_throttled =
        throttle_allow(&client->throttle, &env->policy->throttle, now,
                       rng_unit(&client->limits));
    return hold->is_throttled ? LAYERS_PASSED : LAYERS_REFUSED;
}

/* From here on the operation's time runs: from when its caller wanted it,
 * unless layers outside this one have made it wait. */
static enum layers_answer pass_operation_timeout(struct call *call,
                                                 struct instant now,
                                                 const struct policy *policy)
{
    call->operation_deadline = instant_add(
        call->has_waited ? now : call->intended, policy->timeout.operation);
    return instant_before(now, call->operation_deadline) ? LAYERS_PASSED
                                                         : LAYERS_LATE;
}

static enum layers_answer pass_attempt_timeout(struct call *call,
                                               struct instant now,
                                               const struct policy *policy)
{
    unsigned limit = policy->retry.max_attempts;
    bool is_spared =
        policy->timeout.attempt_spares_last && limit && call->tries >= limit;
    if (!is_spared) {
        call->holds[call->asking.level].deadline =
            instant_add(now, policy->timeout.attempt);
    }
    return LAYERS_PASSED;
}

static enum layers_answer ask(struct call *call, enum layer layer,
                              struct instant now, struct call_env *env)
{
    switch (layer) {
    case LAYER_RATE_LIMIT:
        return ask_rate_limit(call, now, env);
    case LAYER_CONCURRENCY:
        return ask_concurrency(call, now, env);
    case LAYER_THROTTLE:
        return ask_throttle(call, now, env);
    case LAYER_BREAKER:
        return ask_breaker(call, now, env);
    case LAYER_OPERATION_TIMEOUT:
        return pass_operation_timeout(call, now, env->policy);
    case LAYER_ATTEMPT_TIMEOUT:
        return pass_attempt_timeout(call, now, env->policy);
    case LAYER_RETRY:
    case LAYER_HEDGE:
        break;
    }
    must_never("retry and hedge are between levels");
    return LAYERS_REFUSED;
}

void layers_begin(struct call *call, enum level level,
                  enum attempt_kind pending)
{
    struct layer_hold *hold = &call->holds[level];
    must(call->asking.wait == WAIT_NONE);
    must(!hold->has_place && !hold->has_permit);
    *hold =
        (struct layer_hold){.since = INSTANT_NEVER, .deadline = INSTANT_NEVER};
    call->asking.level = level;
    call->asking.kind = pending;
}

enum layers_answer layers_ask(struct call *call, struct instant now,
                              struct call_env *env, enum layer *by)
{
    struct layer_hold *hold = &call->holds[call->asking.level];
    const struct layer_chain *chain = &env->policy->chains[call->asking.level];

    while (hold->next < chain->count) {
        enum layer layer = (enum layer)chain->list[hold->next];
        enum layers_answer end = ask(call, layer, now, env);
        if (end != LAYERS_PASSED) {
            *by = layer;
            return end;
        }
        hold->next++;
    }
    hold->since = now;
    return LAYERS_PASSED;
}

static void end_wait(struct call *call, struct instant now)
{
    call->limit_wait =
        duration_add(call->limit_wait, instant_since(now, call->asking.since));
    call->asking.wait = WAIT_NONE;
}

void layers_end_wait(struct call *call, struct instant now)
{
    struct layer_hold *hold = &call->holds[call->asking.level];
    must(call->asking.wait != WAIT_PLACE);
    if (call->asking.wait == WAIT_GRANTED) {
        call_queue_leave(call);
        hold->has_place = true;
    }
    end_wait(call, now);
    hold->next++;
}

void layers_stop_waiting(struct call *call, struct instant now,
                         struct call_env *env)
{
    switch (call->asking.wait) {
    case WAIT_NONE:
        return;
    case WAIT_RATE:
        break;
    case WAIT_PLACE:
        call_queue_leave(call);
        concurrency_give_up(&env->client->pools[pool_of(env)]);
        break;
    case WAIT_GRANTED:
        call_queue_leave(call);
        call->holds[call->asking.level].has_place = true;
        break;
    }
    end_wait(call, now);
}

/* Those at the head of the queue get the places that are free. */
static void grant_places(struct client *client, const struct policy *policy,
                         size_t pool)
{
    while (concurrency_next(&client->pools[pool],
                            client_limit(client, policy, pool))) {
        struct call *next = client->queues[pool].head;
        must(next);
        call_queue_leave(next);
        next->asking.wait = WAIT_GRANTED;
        call_queue_push(&client->ready, next);
    }
}

/* Whether an ending of this class shows an adaptive limit that the service
 * has too much to do. */
static bool is_overload(enum outcome_class class)
{
    return class == CLASS_TRANSIENT || class == CLASS_THROTTLE ||
           class == CLASS_TIMEOUT;
}

static void leave_place(struct layer_hold *hold, struct instant now,
                        struct call_env *env, bool counts,
                        enum outcome_class class)
{
    struct client *client = env->client;
    const struct concurrency_config *config = &env->policy->concurrency;
    size_t pool = pool_of(env);

    if (!hold->has_place) {
        return;
    }
    hold->has_place = false;
    if (config->is_adaptive && pool == 0 && counts && class != CLASS_NETWORK) {
        adaptive_on_sample(&client->adaptive, &config->adaptive, now,
                           instant_since(now, hold->since),
                           client->pools[pool].running, is_overload(class),
                           &client->limits);
    }
    concurrency_leave(&client->pools[pool]);
    grant_places(client, env->policy, pool);
}

void layer_hold_end(struct layer_hold *hold, struct instant now,
                    struct call_env *env, enum outcome_class class)
{
    struct client *client = env->client;
    const struct policy *policy = env->policy;

    must(hold->since.ns != INSTANT_NEVER.ns);
    if (hold->has_permit) {
        enum breaker_state before = client->breaker.state;
        breaker_on_done(&client->breaker, &policy->breaker, now, hold->permit,
                        class, instant_since(now, hold->since),
                        &client->limits);
        note_change(client, before, now);
        hold->has_permit = false;
    }
    if (hold->is_throttled) {
        throttle_on_done(&client->throttle, &policy->throttle, now,
                         !(policy->throttle.rejections >> class & 1));
        hold->is_throttled = false;
    }
    leave_place(hold, now, env, true, class);
}

void layer_hold_forget(struct layer_hold *hold, struct instant now,
                       struct call_env *env)
{
    struct client *client = env->client;

    if (hold->has_permit) {
        breaker_forget(&client->breaker, hold->permit);
        hold->has_permit = false;
    }
    /* What was given up was not refused; what never got through was, by the
     * client itself, and counts as a request that was not accepted. */
    if (hold->is_throttled && hold->since.ns != INSTANT_NEVER.ns) {
        throttle_on_done(&client->throttle, &env->policy->throttle, now, true);
    }
    hold->is_throttled = false;
    leave_place(hold, now, env, false, CLASS_FATAL);
}
