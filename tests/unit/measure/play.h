/* play: a generator of legal fact streams, which plays operations at random
 * and keeps its own simple count of what it recorded. For the tests of
 * measure. */
#ifndef SQUALL_TESTS_MEASURE_PLAY_H
#define SQUALL_TESTS_MEASURE_PLAY_H

#include "base/rng.h"
#include "measure/tally.h"

#include <stdio.h>
#include <string.h>

enum {
    PLAY_REQUESTS = 3,
    PLAY_STAGES = 3,
    PLAY_SECONDS = 40,
    PLAY_CLIENTS = 3,
    PLAY_LIMIT = 40
};

/* What was recorded, counted the plain way. */
struct recorded {
    uint64_t offered, started, dropped, succeeded, shed, finished;
    uint64_t attempts, on_wire, retries_on_wire, wasted, faults, delivered;
    uint64_t duplicates;
    uint64_t by_request[PLAY_REQUESTS], by_stage[PLAY_STAGES];
    uint64_t sent_in_second[PLAY_SECONDS];
    uint64_t finished_in_second[PLAY_SECONDS];
    /* what the clients' own policies did */
    uint64_t hedges, hedges_sent, won, losers, closed_connections, denied;
    uint64_t waited, waited_rate, waited_place, not_permitted, throttled;
    uint64_t shed_in_second[PLAY_SECONDS];
    uint64_t hedges_in_second[PLAY_SECONDS];
    uint64_t limits_in_second[PLAY_SECONDS];
    uint64_t opened, half_opened, closed;
    int64_t open_ns; /* of open times that are over */
};

/* A client's breaker, that moves at random. */
struct play_breaker {
    enum breaker_state state;
    struct instant since; /* in this state, but not before the origin */
    struct instant now;
};

struct play {
    struct rng rng;
    struct instant origin; /* end of the warm-up */
    struct duration length;
    size_t requests, stages;
    uint64_t operation;
    uint64_t client; /* whose turn it is */
    bool has_breakers;
    struct play_breaker breakers[PLAY_CLIENTS];
    struct recorded recorded;
    void (*sink)(void *context, const struct fact *fact);
    void *context;
};

static inline void play_record(struct play *play, const struct fact *fact)
{
    play->sink(play->context, fact);
}

static inline size_t play_second(const struct play *play, struct instant at)
{
    int64_t second = instant_since(at, play->origin).ns / NS_PER_S;
    if (second < 0) {
        return 0;
    }
    return second < PLAY_SECONDS ? (size_t)second : PLAY_SECONDS - 1;
}

/* One attempt from `at`; returns when it ended. */
static inline struct instant play_attempt(struct play *play, struct fact fact,
                                          struct instant at,
                                          enum attempt_kind kind,
                                          enum outcome outcome, bool sent)
{
    struct recorded *recorded = &play->recorded;
    bool counted = !fact.warmup;
    struct duration latency = rng_exponential(&play->rng, duration_ms(20));
    bool is_copy = kind == ATTEMPT_DUPLICATE;
    bool has_lost = outcome == OUTCOME_CANCELLED && !is_copy;
    fact.at = at;
    if (sent) {
        fact.kind = FACT_SENT;
        fact.sent.kind = kind;
        play_record(play, &fact);
        if (counted) {
            recorded->on_wire++;
            recorded->retries_on_wire += kind == ATTEMPT_RETRY;
            recorded->hedges_sent += kind == ATTEMPT_HEDGE;
            recorded->hedges_in_second[play_second(play, at)] +=
                kind == ATTEMPT_HEDGE;
            recorded->sent_in_second[play_second(play, at)]++;
        }
        at = instant_add(at, latency);
    }
    if (rng_below(&play->rng, 10) == 0) {
        fact.kind = FACT_FAULT;
        fact.at = at;
        fact.fault.fault = FAULT_LOST_RESPONSE;
        fact.fault.delivered = sent;
        play_record(play, &fact);
        recorded->faults += counted;
        recorded->delivered += counted && sent;
    }
    fact.kind = FACT_DONE;
    fact.at = at;
    memset(&fact.done, 0, sizeof(fact.done));
    fact.done.kind = kind;
    fact.done.outcome = outcome;
    fact.done.status = outcome == OUTCOME_OK ? 200 : 0;
    /* The words of a failure go with its outcome. */
    fact.done.text = outcome_name(outcome);
    fact.done.text_length = strlen(fact.done.text);
    fact.done.text_hash = failure_hash(fact.done.text, fact.done.text_length);
    fact.done.was_sent = sent;
    fact.done.wasted = has_lost || is_copy || rng_below(&play->rng, 20) == 0;
    fact.done.closed_connection =
        has_lost && sent && rng_below(&play->rng, 2) == 0;
    fact.done.resend_refused = false;
    fact.done.latency = sent ? latency : NOT_MEASURED;
    fact.done.first_byte = outcome == OUTCOME_OK ? latency : NOT_MEASURED;
    fact.done.connect = kind == ATTEMPT_FIRST ? duration_us(80) : NOT_MEASURED;
    fact.done.queue = duration_us((int64_t)rng_below(&play->rng, 300));
    play_record(play, &fact);
    if (counted) {
        recorded->attempts++;
        recorded->wasted += fact.done.wasted && sent;
        recorded->losers += has_lost;
        recorded->closed_connections += fact.done.closed_connection;
        recorded->hedges += kind == ATTEMPT_HEDGE;
        recorded->duplicates += is_copy;
    }
    return at;
}

/* What the layers did for an operation. */
static inline void play_layers(struct play *play, struct fact *fact)
{
    struct rng *rng = &play->rng;
    struct recorded *recorded = &play->recorded;
    bool is_shed = fact->finished.verdict == VERDICT_SHED;

    fact->finished.refusals[LAYER_BREAKER] =
        (uint16_t)(is_shed ? 1 + rng_below(rng, 3) : 0);
    fact->finished.refusals[LAYER_THROTTLE] = (uint16_t)rng_below(rng, 2);
    fact->finished.hedges_denied = (uint16_t)rng_below(rng, 2);
    fact->finished.waited_rate = rng_below(rng, 4) == 0;
    fact->finished.waited_place = rng_below(rng, 4) == 0;
    fact->finished.limit_wait = rng_exponential(rng, duration_ms(5));
    fact->finished.limit = (unsigned)(1 + rng_below(rng, PLAY_LIMIT));
    fact->finished.has_budget = true;
    fact->finished.budget_level = (double)rng_below(rng, 100) / 8;
    if (fact->warmup) {
        return;
    }
    recorded->not_permitted += fact->finished.refusals[LAYER_BREAKER];
    recorded->throttled += fact->finished.refusals[LAYER_THROTTLE];
    recorded->denied += fact->finished.hedges_denied;
    recorded->won += fact->finished.won_by_hedge;
    recorded->waited_rate += fact->finished.waited_rate;
    recorded->waited_place += fact->finished.waited_place;
    recorded->waited +=
        fact->finished.waited_rate || fact->finished.waited_place;
    recorded->limits_in_second[play_second(play, fact->at)] +=
        fact->finished.limit;
}

/* Now and then the breaker of the client whose turn it is moves, in the
 * warm-up too. */
static inline void play_breaker(struct play *play)
{
    struct play_breaker *breaker = &play->breakers[play->client];
    struct recorded *recorded = &play->recorded;
    struct fact fact = {.kind = FACT_BREAKER};
    enum breaker_state to =
        breaker->state == BREAKER_OPEN ? BREAKER_HALF_OPEN
        : breaker->state == BREAKER_HALF_OPEN && rng_below(&play->rng, 2)
            ? BREAKER_CLOSED
            : BREAKER_OPEN;
    breaker->now = instant_add(breaker->now,
                               rng_exponential(&play->rng, duration_ms(30)));
    bool counted = !instant_before(breaker->now, play->origin);
    fact.at = breaker->now;
    fact.breaker.client = play->client;
    fact.breaker.from = breaker->state;
    fact.breaker.to = to;
    play_record(play, &fact);
    if (breaker->state == BREAKER_OPEN && counted) {
        recorded->open_ns += instant_since(breaker->now, breaker->since).ns;
    }
    breaker->state = to;
    breaker->since = instant_max(breaker->now, play->origin);
    recorded->opened += counted && to == BREAKER_OPEN;
    recorded->half_opened += counted && to == BREAKER_HALF_OPEN;
    recorded->closed += counted && to == BREAKER_CLOSED;
}

static inline void play_finish(struct play *play, struct fact fact,
                               struct instant intended, struct instant at,
                               unsigned on_wire, enum verdict verdict,
                               unsigned hedges, bool won_by_hedge)
{
    char id[32];
    snprintf(id, sizeof(id), "op-%llu", (unsigned long long)play->operation);
    fact.kind = FACT_FINISHED;
    fact.at = at;
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.verdict = verdict;
    fact.finished.reason = verdict == VERDICT_AMBIGUOUS
                               ? FINISH_OPERATION_TIMEOUT
                           : verdict == VERDICT_SHED ? FINISH_BREAKER_OPEN
                                                     : FINISH_ANSWERED;
    fact.finished.intended = intended;
    fact.finished.attempts = on_wire;
    fact.finished.operation = play->operation;
    fact.finished.has_effect = true;
    fact.finished.join = hash_bytes(id, strlen(id));
    fact.finished.hedges = (uint16_t)hedges;
    fact.finished.won_by_hedge = won_by_hedge;
    play_layers(play, &fact);
    play_record(play, &fact);
    /* A copy that comes late; one that the end of the run cuts short lost
     * no hedge. */
    if (on_wire > 0 && rng_below(&play->rng, 8) == 0) {
        play_attempt(play, fact, at, ATTEMPT_DUPLICATE,
                     rng_below(&play->rng, 2) ? OUTCOME_CANCELLED
                                              : OUTCOME_SERVER_ERROR,
                     true);
    }
    if (!fact.warmup) {
        play->recorded.finished++;
        play->recorded.succeeded += verdict == VERDICT_SUCCEEDED;
        play->recorded.shed += verdict == VERDICT_SHED;
        play->recorded.finished_in_second[play_second(play, at)]++;
        play->recorded.shed_in_second[play_second(play, at)] +=
            verdict == VERDICT_SHED;
    }
}

static inline struct fact play_new_fact(struct play *play,
                                        struct instant intended)
{
    return (struct fact){
        .warmup = instant_before(intended, play->origin),
        .request = (uint16_t)rng_below(&play->rng, play->requests),
        .stage = (uint16_t)rng_below(&play->rng, play->stages),
    };
}

/* One arrival: dropped, or an operation from its start to its verdict. */
static inline void play_operation(struct play *play)
{
    struct rng *rng = &play->rng;
    struct recorded *recorded = &play->recorded;
    uint64_t whole = (uint64_t)(play->origin.ns + play->length.ns);
    struct instant intended = {(int64_t)rng_below(rng, whole)};
    struct fact fact = play_new_fact(play, intended);
    bool counted = !fact.warmup;

    play->operation++;
    if (play->has_breakers && rng_below(rng, 3) == 0) {
        play_breaker(play);
    }
    fact.at = instant_add(intended, rng_exponential(rng, duration_us(50)));
    recorded->offered += counted;
    if (counted) {
        recorded->by_request[fact.request]++;
        recorded->by_stage[fact.stage]++;
    }
    if (rng_below(rng, 50) == 0) {
        fact.kind = FACT_DROPPED;
        fact.dropped.intended = fact.at;
        play_record(play, &fact);
        recorded->dropped += counted;
        return;
    }
    fact.kind = FACT_STARTED;
    fact.started.intended = intended;
    play_record(play, &fact);
    recorded->started += counted;

    struct instant at = fact.at;
    uint64_t attempts = rng_below(rng, 20) == 0 ? 0 : 1 + rng_below(rng, 4);
    unsigned on_wire = 0;
    unsigned hedges = 0;
    for (uint64_t i = 0; i < attempts; i++) {
        bool sent = rng_below(rng, 8) != 0;
        enum outcome outcome =
            sent ? OUTCOME_TIMEOUT : OUTCOME_CONNECT_REFUSED;
        if (i + 1 == attempts && sent && rng_below(rng, 4) != 0) {
            outcome = OUTCOME_OK;
        }
        enum attempt_kind kind = i == 0 ? ATTEMPT_FIRST : ATTEMPT_RETRY;
        bool is_hedged = rng_below(rng, 5) == 0;
        bool has_won =
            is_hedged && outcome == OUTCOME_OK && rng_below(rng, 2) == 0;
        if (is_hedged) {
            bool loser_sent = rng_below(rng, 4) != 0;
            play_attempt(play, fact, at, has_won ? kind : ATTEMPT_HEDGE,
                         OUTCOME_CANCELLED, loser_sent);
            on_wire += loser_sent;
            hedges++;
        }
        on_wire += sent;
        at = play_attempt(play, fact, at, has_won ? ATTEMPT_HEDGE : kind,
                          outcome, sent);
        if (outcome == OUTCOME_OK) {
            play_finish(play, fact, intended, at, on_wire, VERDICT_SUCCEEDED,
                        hedges, has_won);
            return;
        }
    }
    play_finish(play, fact, intended, at, on_wire,
                attempts == 0  ? VERDICT_SHED
                : on_wire == 0 ? VERDICT_REJECTED
                               : VERDICT_AMBIGUOUS,
                hedges, false);
}

#endif
