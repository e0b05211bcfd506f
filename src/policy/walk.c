#include "policy/walk.h"

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

/* Tells the host of a change that the breaker has just made. */
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
    call->wait = wait;
    call->wait_since = now;
    call->wait_until = instant_add(now, length);
    call->has_waited = true;
}

static enum walk_end ask_rate_limit(struct call *call, struct instant now,
                                    struct call_env *env)
{
    const struct rate_limit_config *config = &env->policy->rate_limit;
    uint32_t kind = call->pending == ATTEMPT_FIRST ? RATE_LIMIT_FIRST
                                                   : RATE_LIMIT_RETRY;
    struct duration wait;

    if (config->type == RATE_LIMIT_NONE || !(config->applies_to & kind)) {
        return WALK_THROUGH;
    }
    if (!rate_limit_take(&env->client->rate_limit, config, now, &wait)) {
        return WALK_REFUSED;
    }
    if (wait.ns <= 0) {
        return WALK_THROUGH;
    }
    begin_wait(call, WAIT_RATE, now, wait);
    return WALK_WAITS;
}

static enum walk_end ask_concurrency(struct call *call, struct instant now,
                                     struct call_env *env)
{
    struct client *client = env->client;
    const struct concurrency_config *config = &env->policy->concurrency;

    if (!config->enabled) {
        return WALK_THROUGH;
    }
    size_t pool = pool_of(env);
    const struct pool_config *places =
        pool ? &config->tiers[pool - 1] : &config->common;

    switch (concurrency_enter(&client->pools[pool],
                              client_limit(client, env->policy, pool),
                              places->queue)) {
    case CONCURRENCY_RUNNING:
        call->passages[call->level].has_place = true;
        return WALK_THROUGH;
    case CONCURRENCY_QUEUED:
        break;
    case CONCURRENCY_REJECTED:
        return WALK_REFUSED;
    }
    call->is_granted = false;
    call_queue_push(&client->queues[pool], call);
    begin_wait(call, WAIT_PLACE, now, places->max_wait);
    return WALK_WAITS;
}

static enum walk_end ask_breaker(struct call *call, struct instant now,
                                 struct call_env *env)
{
    struct client *client = env->client;
    struct passage *passage = &call->passages[call->level];

    if (env->policy->breaker.condition_count == 0) {
        return WALK_THROUGH;
    }
    enum breaker_state before = client->breaker.state;
    passage->has_permit =
        breaker_allow(&client->breaker, &env->policy->breaker, now,
                      &passage->permit, &client->limits);
    note_change(client, before, now);
    return passage->has_permit ? WALK_THROUGH : WALK_REFUSED;
}

static enum walk_end ask_throttle(struct call *call, struct instant now,
                                  struct call_env *env)
{
    struct client *client = env->client;
    struct passage *passage = &call->passages[call->level];

    if (env->policy->throttle.type == THROTTLE_NONE) {
        return WALK_THROUGH;
    }
    passage->is_throttled =
        throttle_allow(&client->throttle, &env->policy->throttle, now,
                       rng_unit(&client->limits));
    return passage->is_throttled ? WALK_THROUGH : WALK_REFUSED;
}

/* From here on the operation's time runs: from when its caller wanted it,
 * unless layers outside this one have made it wait. */
static enum walk_end pass_operation_timeout(struct call *call,
                                            struct instant now,
                                            const struct policy *policy)
{
    call->operation_deadline =
        instant_add(call->has_waited ? now : call->intended,
                    policy->timeout.operation);
    return instant_before(now, call->operation_deadline) ? WALK_THROUGH
                                                         : WALK_LATE;
}

static enum walk_end pass_attempt_timeout(struct call *call,
                                          struct instant now,
                                          const struct policy *policy)
{
    unsigned limit = policy->retry.max_attempts;
    bool is_spared = policy->timeout.attempt_spares_last && limit &&
                     call->tries >= limit;
    if (!is_spared) {
        call->passages[call->level].deadline =
            instant_add(now, policy->timeout.attempt);
    }
    return WALK_THROUGH;
}

static enum walk_end ask(struct call *call, enum layer layer,
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
    return WALK_REFUSED;
}

void walk_begin(struct call *call, enum level level, enum attempt_kind pending)
{
    struct passage *passage = &call->passages[level];
    must(call->wait == WAIT_NONE);
    must(!passage->has_place && !passage->has_permit);
    *passage = (struct passage){.since = INSTANT_NEVER,
                                .deadline = INSTANT_NEVER};
    call->level = level;
    call->pending = pending;
}

enum walk_end walk_on(struct call *call, struct instant now,
                      struct call_env *env, enum layer *by)
{
    struct passage *passage = &call->passages[call->level];
    const struct layer_chain *chain = &env->policy->chains[call->level];

    while (passage->next < chain->count) {
        enum layer layer = (enum layer)chain->list[passage->next];
        enum walk_end end = ask(call, layer, now, env);
        if (end != WALK_THROUGH) {
            *by = layer;
            return end;
        }
        passage->next++;
    }
    passage->since = now;
    return WALK_THROUGH;
}

static void end_wait(struct call *call, struct instant now)
{
    call->limit_wait = duration_add(call->limit_wait,
                                    instant_since(now, call->wait_since));
    call->wait = WAIT_NONE;
}

void walk_wait_is_over(struct call *call, struct instant now)
{
    struct passage *passage = &call->passages[call->level];
    if (call->wait == WAIT_PLACE) {
        must(call->is_granted);
        call_queue_leave(call);
        call->is_granted = false;
        passage->has_place = true;
    }
    end_wait(call, now);
    passage->next++;
}

void walk_stop_waiting(struct call *call, struct instant now,
                       struct call_env *env)
{
    if (call->wait == WAIT_NONE) {
        return;
    }
    if (call->wait == WAIT_PLACE) {
        call_queue_leave(call);
        if (call->is_granted) {
            call->is_granted = false;
            call->passages[call->level].has_place = true;
        } else {
            concurrency_give_up(&env->client->pools[pool_of(env)]);
        }
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
        next->is_granted = true;
        call_queue_push(&client->ready, next);
    }
}

/* Whether an ending of this class tells an adaptive limit that the service
 * has too much to do. */
static bool is_overload(enum outcome_class class)
{
    return class == CLASS_TRANSIENT || class == CLASS_THROTTLE ||
           class == CLASS_TIMEOUT;
}

static void leave_place(struct passage *passage, struct instant now,
                        struct call_env *env, bool tells,
                        enum outcome_class class)
{
    struct client *client = env->client;
    const struct concurrency_config *config = &env->policy->concurrency;
    size_t pool = pool_of(env);

    if (!passage->has_place) {
        return;
    }
    passage->has_place = false;
    if (config->is_adaptive && pool == 0 && tells && class != CLASS_NETWORK) {
        adaptive_on_sample(&client->adaptive, &config->adaptive, now,
                           instant_since(now, passage->since),
                           client->pools[pool].running, is_overload(class),
                           &client->limits);
    }
    concurrency_leave(&client->pools[pool]);
    grant_places(client, env->policy, pool);
}

void passage_end(struct passage *passage, struct instant now,
                 struct call_env *env, enum outcome_class class)
{
    struct client *client = env->client;
    const struct policy *policy = env->policy;

    must(passage->since.ns != INSTANT_NEVER.ns);
    if (passage->has_permit) {
        enum breaker_state before = client->breaker.state;
        breaker_on_done(&client->breaker, &policy->breaker, now,
                        passage->permit, class,
                        instant_since(now, passage->since), &client->limits);
        note_change(client, before, now);
        passage->has_permit = false;
    }
    if (passage->is_throttled) {
        throttle_on_done(&client->throttle, &policy->throttle, now,
                         !(policy->throttle.rejections >> class & 1));
        passage->is_throttled = false;
    }
    leave_place(passage, now, env, true, class);
}

void passage_forget(struct passage *passage, struct instant now,
                    struct call_env *env)
{
    struct client *client = env->client;

    if (passage->has_permit) {
        breaker_forget(&client->breaker, passage->permit);
        passage->has_permit = false;
    }
    /* What was given up was not refused; what never got through was, by the
     * client itself, and counts as a request that was not accepted. */
    if (passage->is_throttled && passage->since.ns != INSTANT_NEVER.ns) {
        throttle_on_done(&client->throttle, &env->policy->throttle, now, true);
    }
    passage->is_throttled = false;
    leave_place(passage, now, env, false, CLASS_FATAL);
}
