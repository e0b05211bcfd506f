/* Random legal fact streams: the equations hold, the counts are those of a
 * plain count, parts merge to the whole, and nothing is allocated. */
#include "measure/tally.h"

#include "base/must.h"
#include "measure/due.h"
#include "measure/herd.h"
#include "measure/series.h"
#include "play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static struct tally_config new_config(size_t requests, size_t stages)
{
    return (struct tally_config){
        .requests = requests,
        .stages = stages,
        .load_length = duration_s(12),
        .warmup = duration_s(2),
        .layers = (1u << LAYER_COUNT) - 1,
    };
}

static struct play new_play(uint64_t seed, size_t requests, size_t stages)
{
    return (struct play){
        .rng = rng_stream(seed, RNG_MIX, 0),
        .origin = {2 * NS_PER_S},
        .length = duration_s(10),
        .requests = requests,
        .stages = stages,
        .has_breakers = true,
    };
}

static void into_tally(void *context, const struct fact *fact)
{
    tally_take(context, fact);
}

/* The counts of the total against those that the generator kept. */
static void assert_recorded(const struct tally *tally,
                            const struct recorded *recorded)
{
    const struct panel *p = &tally->total;
    assert_int_equal(panel_offered(p), recorded->offered);
    assert_int_equal(p->started, recorded->started);
    assert_int_equal(p->dropped, recorded->dropped);
    assert_int_equal(p->verdicts[VERDICT_SUCCEEDED], recorded->succeeded);
    assert_int_equal(p->verdicts[VERDICT_SHED], recorded->shed);
    assert_int_equal(p->attempts, recorded->attempts);
    assert_int_equal(p->on_wire, recorded->on_wire);
    assert_int_equal(p->retries_on_wire, recorded->retries_on_wire);
    assert_int_equal(p->wasted, recorded->wasted);
    assert_int_equal(p->kinds[ATTEMPT_DUPLICATE], recorded->duplicates);
    assert_true(recorded->duplicates > 0 || recorded->finished < 100);
    assert_int_equal(p->by_status[200], recorded->succeeded);
    assert_int_equal(tally->sent, recorded->on_wire);
    assert_int_equal(tally->schedule_lag.count, recorded->started);
    assert_int_equal(tally->faults[FAULT_LOST_RESPONSE].injected,
                     recorded->faults);
    assert_int_equal(tally->faults[FAULT_LOST_RESPONSE].delivered,
                     recorded->delivered);
    for (size_t i = 0; i < tally->config.requests; i++) {
        assert_int_equal(panel_offered(tally->requests[i]),
                         recorded->by_request[i]);
    }
    for (size_t i = 0; i < tally->config.stages; i++) {
        assert_int_equal(panel_offered(tally->stages[i]),
                         recorded->by_stage[i]);
    }
    for (size_t i = 0; i < PLAY_SECONDS; i++) {
        const struct series_interval *in = &tally->series->intervals[i];
        assert_int_equal(in->attempts, recorded->sent_in_second[i]);
        assert_int_equal(in->finished, recorded->finished_in_second[i]);
        assert_int_equal(in->shed, recorded->shed_in_second[i]);
        assert_int_equal(in->hedges, recorded->hedges_in_second[i]);
        assert_int_equal(in->limits, recorded->finished_in_second[i]);
        assert_int_equal(in->limit_sum, recorded->limits_in_second[i]);
        assert_int_equal(in->levels, recorded->finished_in_second[i]);
        assert_int_equal(tally->herd->sent[i], recorded->sent_in_second[i]);
        uint64_t bins = 0;
        for (size_t b = 0; b < HERD_BINS_PER_S; b++) {
            bins += tally->herd->bins[HERD_BINS_PER_S * i + b];
        }
        assert_int_equal(bins, recorded->sent_in_second[i]);
    }
}

/* The same of what the clients' policies did. */
static void assert_recorded_layers(const struct tally *tally,
                                   const struct play *play)
{
    const struct recorded *recorded = &play->recorded;
    const struct panel *p = &tally->total;
    const struct breakers *breakers = &tally->breakers;
    int64_t open = 0;
    struct instant end = {(PLAY_SECONDS + 100) * NS_PER_S};
    int64_t open_ns = recorded->open_ns;

    assert_int_equal(p->hedges, recorded->hedges);
    assert_int_equal(p->hedges_sent, recorded->hedges_sent);
    assert_int_equal(p->hedges_won, recorded->won);
    assert_int_equal(p->hedges_denied, recorded->denied);
    assert_int_equal(p->hedges_cancelled, recorded->losers);
    assert_int_equal(p->hedge_connections_closed,
                     recorded->closed_connections);
    assert_int_equal(p->hist[HISTOGRAM_LIMIT_WAIT].count, recorded->waited);
    assert_int_equal(p->rate_limit_waited, recorded->waited_rate);
    assert_int_equal(p->concurrency_queued, recorded->waited_place);
    assert_int_equal(p->not_permitted, recorded->not_permitted);
    assert_int_equal(p->throttled, recorded->throttled);
    assert_int_equal(p->concurrency_rejected, 0);
    assert_int_equal(p->shed_reasons[FINISH_BREAKER_OPEN], recorded->shed);
    assert_int_equal((int)tally->extremes.limit_min, 1);
    assert_int_equal((int)tally->extremes.limit_max, PLAY_LIMIT);
    assert_int_equal(breakers->opened, recorded->opened);
    assert_int_equal(breakers->half_opened, recorded->half_opened);
    assert_int_equal(breakers->closed, recorded->closed);
    for (size_t i = 0; i < PLAY_CLIENTS; i++) {
        if (play->breakers[i].state == BREAKER_OPEN) {
            open++;
            open_ns += instant_since(end, play->breakers[i].since).ns;
        }
    }
    assert_int_equal(breakers->open, open);
    assert_int_equal(breakers_open_time(breakers, end).ns, open_ns);
    assert_true(recorded->won > 0 &&
                recorded->losers > recorded->closed_connections);
    assert_true(recorded->opened > BREAKER_NOTES_MAX);
}

static void test_random_streams_hold_the_equations(void **state)
{
    (void)state;
    const uint64_t seed = 31;
    print_message("seeds from %llu\n", (unsigned long long)seed);
    for (uint64_t round = 0; round < 12; round++) {
        struct arena arena = ARENA_INIT;
        struct tally tally;
        size_t requests = 1 + round % PLAY_REQUESTS;
        size_t stages = 1 + round / 3 % PLAY_STAGES;
        struct tally_config config = new_config(requests, stages);
        struct play play = new_play(seed + round, requests, stages);

        tally_init(&tally, &arena, &config);
        play.sink = into_tally;
        play.context = &tally;
        for (int i = 0; i < 3000; i++) {
            play.client = rng_below(&play.rng, PLAY_CLIENTS);
            play_operation(&play);
        }
        tally_check(&tally);
        assert_recorded(&tally, &play.recorded);
        assert_recorded_layers(&tally, &play);
        assert_true(play.recorded.shed > 0 && play.recorded.dropped > 0);
        arena_release(&arena);
    }
}

struct split {
    struct tally whole;
    struct tally parts[3];
    size_t at;
};

static void into_split(void *context, const struct fact *fact)
{
    struct split *split = context;
    tally_take(&split->whole, fact);
    tally_take(&split->parts[split->at], fact);
}

/* What a client of the part is left with. */
static void end_client(struct split *split)
{
    struct fact fact = {.kind = FACT_CLIENT};
    fact.client.budget_level = split->at == 0 ? -1 : 0.1 * (double)split->at;
    fact.client.limit = (unsigned)(10 + split->at);
    fact.client.running_max = (unsigned)(8 - split->at);
    fact.client.queued_max = (unsigned)split->at;
    into_split(split, &fact);
}

static void assert_same_hist(const struct hist *a, const struct hist *b)
{
    assert_memory_equal(a->counts, b->counts,
                        HIST_BUCKETS * sizeof(*a->counts));
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->sum_us, b->sum_us);
    assert_int_equal(a->squares_low, b->squares_low);
    assert_int_equal(a->min_us, b->min_us);
    assert_int_equal(a->max_us, b->max_us);
}

/* Every counter lies before the histograms. */
static void assert_same_panel(const struct panel *a, const struct panel *b)
{
    assert_memory_equal(a, b, offsetof(struct panel, hist));
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        assert_same_hist(&a->hist[i], &b->hist[i]);
    }
}

static void assert_same_breakers(const struct breakers *a,
                                 const struct breakers *b)
{
    assert_memory_equal(a, b, offsetof(struct breakers, notes));
    for (size_t i = 0; i < a->note_count; i++) {
        assert_int_equal(a->notes[i].at.ns, b->notes[i].at.ns);
        assert_int_equal(a->notes[i].client, b->notes[i].client);
        assert_int_equal(a->notes[i].from, b->notes[i].from);
        assert_int_equal(a->notes[i].to, b->notes[i].to);
        assert_true(i == 0 || a->notes[i - 1].at.ns <= a->notes[i].at.ns);
    }
}

static void assert_same_due(const struct due *a, const struct due *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->step.ns, b->step.ns);
    assert_memory_equal(a->steps, b->steps, a->count * sizeof(*a->steps));
}

static void assert_same(const struct tally *a, const struct tally *b)
{
    assert_same_panel(&a->total, &b->total);
    for (size_t i = 0; i < a->config.requests; i++) {
        assert_same_panel(a->requests[i], b->requests[i]);
    }
    for (size_t i = 0; i < a->config.stages; i++) {
        assert_same_panel(a->stages[i], b->stages[i]);
    }
    assert_memory_equal(a->faults, b->faults, sizeof(a->faults));
    assert_int_equal(a->sent, b->sent);
    assert_same_hist(&a->schedule_lag, &b->schedule_lag);
    assert_int_equal(a->series->count, b->series->count);
    assert_int_equal(a->series->interval.ns, b->series->interval.ns);
    for (size_t i = 0; i < a->series->count; i++) {
        assert_memory_equal(&a->series->intervals[i], &b->series->intervals[i],
                            sizeof(struct series_interval));
    }
    assert_int_equal(a->due != NULL, b->due != NULL);
    if (a->due) {
        assert_same_due(a->due, b->due);
    }
    assert_memory_equal(&a->extremes, &b->extremes, sizeof(a->extremes));
    assert_memory_equal(&a->clients, &b->clients, sizeof(a->clients));
    assert_same_breakers(&a->breakers, &b->breakers);
    assert_memory_equal(a->herd->bins, b->herd->bins,
                        HERD_BINS_MAX * sizeof(*a->herd->bins));
    assert_memory_equal(a->herd->sent, b->herd->sent,
                        HERD_SECONDS_MAX * sizeof(*a->herd->sent));
    assert_memory_equal(a->herd->started, b->herd->started,
                        HERD_SECONDS_MAX * sizeof(*a->herd->started));
}

static void test_parts_merge_to_the_whole(void **state)
{
    (void)state;
    const uint64_t seed = 32;
    print_message("seeds from %llu\n", (unsigned long long)seed);
    for (uint64_t round = 0; round < 4; round++) {
        static struct split split;
        struct arena arena = ARENA_INIT;
        size_t count = round % 2 ? 1 : 3;
        struct tally_config config = new_config(count, count);
        struct play play = new_play(seed + round, count, count);

        tally_init(&split.whole, &arena, &config);
        for (size_t i = 0; i < 3; i++) {
            tally_init(&split.parts[i], &arena, &config);
        }
        play.sink = into_split;
        play.context = &split;
        for (int i = 0; i < 2000; i++) {
            split.at = rng_below(&play.rng, 3);
            play.client = split.at; /* it lives on one worker */
            play_operation(&play);
        }
        for (split.at = 0; split.at < 3; split.at++) {
            end_client(&split);
        }
        struct tally merged;
        tally_init(&merged, &arena, &config);
        for (size_t i = 0; i < 3; i++) {
            tally_check(&split.parts[i]);
            tally_merge(&merged, &split.parts[i]);
        }
        tally_check(&merged);
        assert_same(&merged, &split.whole);
        assert_int_equal(merged.clients.count, 3);
        assert_int_equal(merged.clients.limits, 33);
        assert_int_equal((int)merged.extremes.running_max, 8);
        assert_int_equal((int)merged.extremes.queued_max, 2);
        assert_int_equal(merged.clients.budgets, 2);
        assert_int_equal(merged.clients.budget_levels, 300000);
        arena_release(&arena);
    }
}

/* A tally that hands over what it has, now and then, beside one that does
 * not. */
struct handing {
    struct tally whole, tally, part, sum;
    struct rng rng;
    unsigned parts;
};

/* More words than a kind of failure keeps, in an order of their own. */
static void into_both(void *context, const struct fact *fact)
{
    static const char words[] = "abcdefghijklmnopqrstuvwxyz";
    struct handing *handing = context;
    struct fact own = *fact;

    if (own.kind == FACT_DONE && own.done.outcome != OUTCOME_OK) {
        own.done.text = words + rng_below(&handing->rng, 20);
        own.done.text_length = 5;
        own.done.text_hash = failure_hash(own.done.text, 5);
    }
    tally_take(&handing->whole, &own);
    tally_take(&handing->tally, &own);
}

static void assert_same_failures(const struct failures *a,
                                 const struct failures *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->omitted, b->omitted);
    for (size_t i = 0; i < a->count; i++) {
        const struct failure_kind *x = &a->kinds[i], *y = &b->kinds[i];
        assert_int_equal(x->outcome, y->outcome);
        assert_int_equal(x->hash, y->hash);
        assert_int_equal(x->count, y->count);
        assert_int_equal(x->first.ns, y->first.ns);
        assert_int_equal(x->last.ns, y->last.ns);
        assert_int_equal(x->is_rest, y->is_rest);
        assert_int_equal(x->length, y->length);
        assert_memory_equal(x->text, y->text, x->length);
    }
}

static void hand_over(struct handing *handing)
{
    tally_hand_over(&handing->tally, &handing->part);
    tally_forget_failures(&handing->sum);
    tally_merge(&handing->sum, &handing->part);
    tally_reset(&handing->part);
    handing->parts++;
    /* At any time, in the middle of operations. */
    assert_same(&handing->sum, &handing->whole);
    assert_same_failures(&handing->sum.failures, &handing->whole.failures);
}

static void test_what_is_handed_over_adds_up(void **state)
{
    (void)state;
    const uint64_t seed = 77;
    print_message("seeds from %llu\n", (unsigned long long)seed);
    for (uint64_t round = 0; round < 4; round++) {
        static struct handing handing;
        struct arena arena = ARENA_INIT;
        size_t count = round % 2 ? 1 : 3;
        struct tally_config config = new_config(count, count);
        struct play play = new_play(seed + round, count, count);

        config.has_trigger = true;
        handing = (struct handing){.rng = rng_stream(seed, RNG_MIX, round)};
        tally_init(&handing.whole, &arena, &config);
        tally_init(&handing.tally, &arena, &config);
        tally_init(&handing.part, &arena, &config);
        tally_init(&handing.sum, &arena, &config);
        play.sink = into_both;
        play.context = &handing;
        for (int i = 0; i < 1000; i++) {
            play.client = rng_below(&play.rng, PLAY_CLIENTS);
            play_operation(&play);
            if (i % 97 == 0) {
                hand_over(&handing);
            }
        }
        tally_end_load(&handing.tally, (struct instant){8 * NS_PER_S});
        tally_end_load(&handing.whole, (struct instant){8 * NS_PER_S});
        tally_end_load(&handing.sum, (struct instant){8 * NS_PER_S});
        for (int i = 0; i < 100; i++) {
            play_operation(&play);
        }
        hand_over(&handing);
        tally_check(&handing.sum);
        assert_int_equal(handing.tally.total.started, 0);
        assert_int_equal(handing.tally.config.load_length.ns,
                         config.load_length.ns);
        assert_true(handing.parts > 10 &&
                    handing.whole.failures.count > FAILURE_TEXTS_MAX);
        arena_release(&arena);
    }
}

/* What repeats the total is the total; a warm-up's stage stays empty. */
static void test_panels_that_repeat_the_total_are_the_total(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(1, 2);
    tally_init(&tally, &arena, &config);
    assert_ptr_equal(tally.requests[0], &tally.total);
    assert_ptr_not_equal(tally.stages[0], &tally.total);
    assert_ptr_not_equal(tally.stages[1], &tally.total);

    config.first_stage_is_warmup = true;
    tally_init(&tally, &arena, &config);
    assert_ptr_not_equal(tally.stages[0], &tally.total);
    assert_ptr_equal(tally.stages[1], &tally.total);

    config.stages = 0;
    config.first_stage_is_warmup = false;
    tally_init(&tally, &arena, &config);
    struct fact fact = {.kind = FACT_DROPPED, .at = {3 * NS_PER_S}};
    tally_take(&tally, &fact);
    tally_check(&tally);
    assert_int_equal(tally.total.dropped, 1);
    arena_release(&arena);
}

static void test_warmup_leaves_no_trace(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally empty;
    struct tally_config config = new_config(1, 1);
    struct play play = new_play(33, 1, 1);

    tally_init(&tally, &arena, &config);
    tally_init(&empty, &arena, &config);
    play.origin = (struct instant){1000 * NS_PER_S};
    play.length = DURATION_ZERO;
    play.has_breakers = false; /* an open one stays open, see breakers.h */
    play.sink = into_tally;
    play.context = &tally;
    for (int i = 0; i < 500; i++) {
        play_operation(&play);
    }
    assert_same(&tally, &empty);
    arena_release(&arena);
}

/* Only what succeeds before the load ends is goodput. */
static void test_late_verdicts_are_not_goodput(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(1, 1);
    tally_init(&tally, &arena, &config);
    for (int64_t s = 10; s < 15; s++) {
        struct fact fact = {.kind = FACT_FINISHED, .at = {s * NS_PER_S}};
        fact.finished.intended = (struct instant){9 * NS_PER_S};
        fact.finished.verdict = VERDICT_SUCCEEDED;
        tally_take(&tally, &fact);
    }
    assert_int_equal(tally.total.verdicts[VERDICT_SUCCEEDED], 5);
    assert_int_equal(tally.total.succeeded_in_time, 3);
    assert_int_equal(tally.total.last_finished.ns, 14 * NS_PER_S);
    arena_release(&arena);
}

/* Rates are those of the time in which things were done: the load, which may
 * have ended before its time, or the phase. */
static void test_rates_have_an_end(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(2, 2);
    const struct instant ends[] = {{4 * NS_PER_S}, {12 * NS_PER_S}};
    config.warmup = DURATION_ZERO;
    config.stage_ends = ends;
    config.load_length = duration_s(12);
    tally_init(&tally, &arena, &config);
    tally_end_load(&tally, (struct instant){9 * NS_PER_S});
    for (int64_t s = 1; s <= 12; s++) {
        struct fact fact = {
            .kind = FACT_DONE, .at = {s * NS_PER_S}, .stage = s > 6};
        fact.done.was_sent = true;
        fact.done.outcome = OUTCOME_RESET;
        fact.done.latency = duration_ms(500);
        fact.done.first_byte = fact.done.connect = NOT_MEASURED;
        fact.done.queue = NOT_MEASURED;
        tally_take(&tally, &fact);
        fact = (struct fact){
            .kind = FACT_FINISHED, .at = {s * NS_PER_S}, .stage = s > 6};
        fact.finished.verdict = VERDICT_SUCCEEDED;
        tally_take(&tally, &fact);
    }
    assert_int_equal(tally.total.sent_in_time, 9);
    assert_int_equal(tally.total.succeeded_in_time, 9);
    assert_int_equal(tally.stages[0]->sent_in_time, 4);
    assert_int_equal(tally.stages[0]->succeeded_in_time, 4);
    assert_int_equal(tally.stages[1]->sent_in_time, 3);
    assert_int_equal(tally.stages[1]->succeeded_in_time, 3);
    assert_int_equal(tally.requests[0]->sent_in_time, 9);
    arena_release(&arena);
}

static void test_broken_streams_are_caught(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(1, 1);
    tally_init(&tally, &arena, &config);
    struct fact started = {.kind = FACT_STARTED, .at = {3 * NS_PER_S}};
    started.started.intended = started.at;
    tally_take(&tally, &started);
    expect_assert_failure(tally_check(&tally));

    started.started.intended.ns++;
    expect_assert_failure(tally_take(&tally, &started));
    struct fact done = {.kind = FACT_DONE, .at = {3 * NS_PER_S}};
    done.done.outcome = OUTCOME_OK;
    done.done.latency = NOT_MEASURED;
    expect_assert_failure(tally_take(&tally, &done));
    done.request = 1;
    expect_assert_failure(tally_take(&tally, &done));
    arena_release(&arena);
}

/* What layers recorded must add up too. */
static void test_broken_sums_are_caught(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(1, 1);
    struct panel *p = &tally.total;
    tally_init(&tally, &arena, &config);
    uint64_t *const counters[] = {
        &p->hedges,
        &p->hedges_sent,
        &p->hedges_won,
        &p->hist[HISTOGRAM_LIMIT_WAIT].count,
        &p->hedge_connections_closed,
        &p->hedges_cancelled,
        &p->rate_limit_waited,
        &p->concurrency_queued,
        &p->verdicts[VERDICT_SHED],
        &p->shed_reasons[FINISH_BREAKER_OPEN],
        &p->kinds[ATTEMPT_HEDGE],
    };
    tally_check(&tally);
    for (size_t i = 0; i < array_length(counters); i++) {
        (*counters[i])++;
        expect_assert_failure(tally_check(&tally));
        (*counters[i])--;
    }
    tally.breakers.open--;
    expect_assert_failure(tally_check(&tally));
    arena_release(&arena);
}

/* A layer that is off has nothing to report, whatever a fact holds. */
static void test_layers_that_are_off_are_not_counted(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(1, 1);
    struct play play = new_play(35, 1, 1);
    config.layers = 1u << LAYER_RETRY;
    tally_init(&tally, &arena, &config);
    play.sink = into_tally;
    play.context = &tally;
    for (int i = 0; i < 500; i++) {
        play_operation(&play);
    }
    tally_check(&tally);
    const struct panel *p = &tally.total;
    assert_true(p->kinds[ATTEMPT_HEDGE] > 0);
    assert_int_equal(p->hedges + p->hedges_won + p->hedges_cancelled, 0);
    assert_int_equal(p->hist[HISTOGRAM_LIMIT_WAIT].count + p->not_permitted,
                     0);
    assert_true(tally.extremes.limit_min < 0);
    arena_release(&arena);
}

/*
 * The arena takes its memory with calloc, and nothing else in measure may ask
 * for any. Every allocator of the program is replaced by one that counts.
 */
static size_t allocations;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

void free(void *memory)
{
    __libc_free(memory);
}
#endif

static void test_counting_allocates_nothing(void **state)
{
    (void)state;
    size_t before = allocations;
    void *(*volatile ask)(size_t, size_t) = calloc; /* not inlined */
    free(ask(1, 1));
    if (allocations == before) {
        skip(); /* sanitizers and valgrind bring an allocator of their own */
    }
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = new_config(3, 3);
    struct play play = new_play(34, 3, 3);

    before = allocations;
    tally_init(&tally, &arena, &config);
    assert_true(allocations > before);
    play.sink = into_tally;
    play.context = &tally;
    before = allocations;
    for (int i = 0; i < 5000; i++) {
        play_operation(&play);
    }
    hist_record(&tally.schedule_lag, duration_s(1));
    assert_int_equal(allocations, before);
    arena_release(&arena);
}

/* An operation that has ended, and what its budget was left with. */
static void end_with_budget(struct tally *tally, bool has_budget, double level,
                            unsigned granted)
{
    struct fact fact = {.kind = FACT_STARTED};
    tally_take(tally, &fact);
    memset(&fact, 0, sizeof(fact));
    fact.kind = FACT_FINISHED;
    fact.finished.verdict = VERDICT_SHED;
    fact.finished.reason = FINISH_BUDGET_EXHAUSTED;
    fact.finished.has_budget = has_budget;
    fact.finished.budget_level = level;
    fact.finished.retries_granted = granted;
    fact.finished.retries_denied = granted + 10;
    fact.finished.hedges_granted = granted + 100;
    tally_take(tally, &fact);
}

static void test_budgets_merge(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally a, b;
    struct tally_config config = new_config(1, 0);
    config.warmup = DURATION_ZERO;
    tally_init(&a, &arena, &config);
    tally_init(&b, &arena, &config);

    end_with_budget(&a, false, 0, 9); /* has none: says nothing */
    assert_true(a.extremes.budget_level_min < 0);
    tally_merge(&a, &b);
    assert_true(a.extremes.budget_level_min < 0);

    end_with_budget(&b, true, 4.5, 2);
    tally_merge(&a, &b);
    assert_true(a.extremes.budget_level_min == 4.5);
    end_with_budget(&a, true, 0, 1);
    end_with_budget(&a, true, 7, 3);
    assert_true(a.extremes.budget_level_min == 0);
    assert_int_equal(a.total.retries_granted, 6);
    assert_int_equal(a.total.retries_denied, 36);
    assert_int_equal(a.total.budget_hedges, 306);
    assert_int_equal(a.total.reasons[FINISH_BUDGET_EXHAUSTED], 4);
    tally_check(&a);
    arena_release(&arena);
}

int main(void)
{
    must_fail_hook = throw_failure;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_streams_hold_the_equations),
        cmocka_unit_test(test_parts_merge_to_the_whole),
        cmocka_unit_test(test_what_is_handed_over_adds_up),
        cmocka_unit_test(test_panels_that_repeat_the_total_are_the_total),
        cmocka_unit_test(test_warmup_leaves_no_trace),
        cmocka_unit_test(test_late_verdicts_are_not_goodput),
        cmocka_unit_test(test_rates_have_an_end),
        cmocka_unit_test(test_broken_streams_are_caught),
        cmocka_unit_test(test_broken_sums_are_caught),
        cmocka_unit_test(test_layers_that_are_off_are_not_counted),
        cmocka_unit_test(test_budgets_merge),
        cmocka_unit_test(test_counting_allocates_nothing),
    };
    return cmocka_run_group_tests_name("measure/tally", tests, NULL, NULL);
}
