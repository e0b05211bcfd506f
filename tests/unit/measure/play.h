/* play: a generator of legal fact streams, which plays operations at random
 * and keeps its own simple count of what it told. For the tests of measure. */
#ifndef SQUALL_TESTS_MEASURE_PLAY_H
#define SQUALL_TESTS_MEASURE_PLAY_H

#include "base/rng.h"
#include "measure/tally.h"

#include <stdio.h>
#include <string.h>

enum { PLAY_REQUESTS = 3, PLAY_STAGES = 3, PLAY_SECONDS = 40 };

/* What was told, counted the plain way. */
struct told {
    uint64_t offered, started, dropped, acked, shed, finished;
    uint64_t attempts, on_wire, retries_on_wire, wasted, faults, delivered;
    uint64_t by_request[PLAY_REQUESTS], by_stage[PLAY_STAGES];
    uint64_t sent_in_second[PLAY_SECONDS];
    uint64_t finished_in_second[PLAY_SECONDS];
};

struct play {
    struct rng rng;
    struct instant origin; /* end of the warm-up */
    struct duration length;
    size_t requests, stages;
    uint64_t operation;
    struct told told;
    void (*sink)(void *context, const struct fact *fact);
    void *context;
};

static inline void play_tell(struct play *play, const struct fact *fact)
{
    play->sink(play->context, fact);
}

static inline size_t play_second(const struct play *play, struct instant at)
{
    int64_t second = instant_since(at, play->origin).ns / NS_PER_S;
    return second < PLAY_SECONDS ? (size_t)second : PLAY_SECONDS - 1;
}

/* One attempt from `at`; returns when it ended. */
static inline struct instant play_attempt(struct play *play,
                                          struct fact fact,
                                          struct instant at, bool is_first,
                                          enum outcome outcome, bool sent)
{
    struct told *told = &play->told;
    bool counted = !fact.warmup;
    struct duration latency =
        rng_exponential(&play->rng, duration_ms(20));
    enum attempt_kind kind = is_first ? ATTEMPT_FIRST : ATTEMPT_RETRY;
    fact.at = at;
    if (sent) {
        fact.kind = FACT_SENT;
        fact.sent.kind = kind;
        play_tell(play, &fact);
        if (counted) {
            told->on_wire++;
            told->retries_on_wire += !is_first;
            told->sent_in_second[play_second(play, at)]++;
        }
        at = instant_add(at, latency);
    }
    if (rng_below(&play->rng, 10) == 0) {
        fact.kind = FACT_FAULT;
        fact.at = at;
        fact.fault.fault = FAULT_LOST_RESPONSE;
        fact.fault.delivered = sent;
        play_tell(play, &fact);
        told->faults += counted;
        told->delivered += counted && sent;
    }
    fact.kind = FACT_DONE;
    fact.at = at;
    fact.done.kind = kind;
    fact.done.outcome = outcome;
    fact.done.status = outcome == OUTCOME_OK ? 200 : 0;
    fact.done.was_sent = sent;
    fact.done.wasted = rng_below(&play->rng, 20) == 0;
    fact.done.resend_refused = false;
    fact.done.latency = sent ? latency : NOT_MEASURED;
    fact.done.first_byte = outcome == OUTCOME_OK ? latency : NOT_MEASURED;
    fact.done.connect = is_first ? duration_us(80) : NOT_MEASURED;
    fact.done.queue = duration_us((int64_t)rng_below(&play->rng, 300));
    play_tell(play, &fact);
    if (counted) {
        told->attempts++;
        told->wasted += fact.done.wasted && sent;
    }
    return at;
}

static inline void play_finish(struct play *play, struct fact fact,
                               struct instant intended, struct instant at,
                               unsigned on_wire, enum verdict verdict)
{
    char id[32];
    snprintf(id, sizeof(id), "op-%llu", (unsigned long long)play->operation);
    fact.kind = FACT_FINISHED;
    fact.at = at;
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.verdict = verdict;
    fact.finished.reason = verdict == VERDICT_AMBIGUOUS
                               ? FINISH_OPERATION_TIMEOUT : FINISH_ANSWERED;
    fact.finished.intended = intended;
    fact.finished.attempts = on_wire;
    fact.finished.operation = play->operation;
    fact.finished.has_effect = true;
    fact.finished.join = hash_bytes(id, strlen(id));
    play_tell(play, &fact);
    if (!fact.warmup) {
        play->told.finished++;
        play->told.acked += verdict == VERDICT_ACKED;
        play->told.shed += verdict == VERDICT_SHED;
        play->told.finished_in_second[play_second(play, at)]++;
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
    struct told *told = &play->told;
    uint64_t whole = (uint64_t)(play->origin.ns + play->length.ns);
    struct instant intended = {(int64_t)rng_below(rng, whole)};
    struct fact fact = play_new_fact(play, intended);
    bool counted = !fact.warmup;

    play->operation++;
    fact.at = instant_add(intended, rng_exponential(rng, duration_us(50)));
    told->offered += counted;
    if (counted) {
        told->by_request[fact.request]++;
        told->by_stage[fact.stage]++;
    }
    if (rng_below(rng, 50) == 0) {
        fact.kind = FACT_DROPPED;
        play_tell(play, &fact);
        told->dropped += counted;
        return;
    }
    fact.kind = FACT_STARTED;
    fact.started.intended = intended;
    play_tell(play, &fact);
    told->started += counted;

    struct instant at = fact.at;
    uint64_t attempts = rng_below(rng, 20) == 0 ? 0 : 1 + rng_below(rng, 4);
    unsigned on_wire = 0;
    for (uint64_t i = 0; i < attempts; i++) {
        bool sent = rng_below(rng, 8) != 0;
        enum outcome outcome = sent ? OUTCOME_TIMEOUT
                                    : OUTCOME_CONNECT_REFUSED;
        if (i + 1 == attempts && sent && rng_below(rng, 4) != 0) {
            outcome = OUTCOME_OK;
        }
        on_wire += sent;
        at = play_attempt(play, fact, at, i == 0, outcome, sent);
        if (outcome == OUTCOME_OK) {
            play_finish(play, fact, intended, at, on_wire, VERDICT_ACKED);
            return;
        }
    }
    play_finish(play, fact, intended, at, on_wire,
                attempts == 0 ? VERDICT_SHED
                : on_wire == 0 ? VERDICT_REFUSED : VERDICT_AMBIGUOUS);
}

#endif
