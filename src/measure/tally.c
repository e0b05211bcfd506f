#include "measure/tally.h"

#include "base/must.h"
#include "measure/answers.h"
#include "measure/effects.h"
#include "measure/herd.h"
#include "measure/series.h"

#include <math.h>

/* Layers that operations tell of. */
enum {
    COUNTED_LAYERS = 1 << LAYER_RATE_LIMIT | 1 << LAYER_CONCURRENCY |
                     1 << LAYER_THROTTLE | 1 << LAYER_BREAKER |
                     1 << LAYER_HEDGE
};

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void init_panel(struct panel *panel, struct arena *arena)
{
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        hist_init(&panel->hist[i], arena);
    }
}

static struct panel *new_panel(struct arena *arena)
{
    struct panel *panel = arena_alloc(arena, sizeof(*panel));
    init_panel(panel, arena);
    return panel;
}

/* Panels of which all but `skipped` see facts; a single one that does sees
 * what the total sees, and is the total. */
static struct panel **new_panels(struct tally *tally, struct arena *arena,
                                 size_t count, size_t skipped)
{
    struct panel **panels = arena_array(arena, count, sizeof(struct panel *));
    for (size_t i = 0; i < count; i++) {
        bool only = i >= skipped && count - skipped == 1;
        panels[i] = only ? &tally->total : new_panel(arena);
    }
    return panels;
}

void tally_init(struct tally *tally, struct arena *arena,
                const struct tally_config *config)
{
    *tally = (struct tally){.config = *config};
    struct instant origin = {config->warmup.ns};

    init_panel(&tally->total, arena);
    tally->requests = new_panels(tally, arena, config->requests, 0);
    tally->stages = new_panels(tally, arena, config->stages,
                               config->first_stage_is_warmup ? 1 : 0);
    tally->budget.level_min = -1;
    breakers_init(&tally->breakers, origin);
    hist_init(&tally->schedule_lag, arena);
    tally->series = arena_alloc(arena, sizeof(*tally->series));
    series_init(tally->series, arena, origin);
    tally->herd = arena_alloc(arena, sizeof(*tally->herd));
    herd_init(tally->herd, arena, origin);
    if (config->keep_effects) {
        tally->effects = effects_log_new(arena, config->operations_max);
        if (config->keep_times) {
            effects_log_keep_times(tally->effects, arena);
        }
    }
    if (config->keep_answers) {
        tally->answers = answers_log_new(arena, config->operations_max,
                                         config->names_effects);
    }
}

/* Hedging: what it sent, and what the losers cost. */
static void take_hedged(struct panel *panel, const struct fact *fact)
{
    panel->hedges_on_wire +=
        fact->done.kind == ATTEMPT_HEDGE && fact->done.was_sent;
    if (fact->done.outcome == OUTCOME_CANCELLED && fact->done.wasted &&
        fact->done.kind != ATTEMPT_DUPLICATE) {
        panel->hedge_losers++;
        panel->loser_connections += fact->done.closed_connection;
    }
}

static void take_done(struct panel *panel, const struct fact *fact)
{
    panel->attempts++;
    panel->kinds[fact->done.kind]++;
    panel->by_outcome[fact->done.outcome]++;
    panel->resends_refused += fact->done.resend_refused;
    if (fact->done.status > 0 && fact->done.status < STATUS_MAX) {
        panel->by_status[fact->done.status]++;
    }
    if (fact->done.queue.ns >= 0) {
        hist_record(&panel->hist[HISTOGRAM_QUEUE], fact->done.queue);
    }
    if (fact->done.connect.ns >= 0) {
        hist_record(&panel->hist[HISTOGRAM_CONNECT], fact->done.connect);
    }
    if (fact->done.first_byte.ns >= 0) {
        hist_record(&panel->hist[HISTOGRAM_FIRST_BYTE],
                    fact->done.first_byte);
    }
    must(fact->done.was_sent || fact->done.outcome != OUTCOME_OK);
    if (!fact->done.was_sent) {
        return;
    }
    panel->on_wire++;
    panel->retries_on_wire += fact->done.kind == ATTEMPT_RETRY;
    panel->wasted += fact->done.wasted;
    hist_record(&panel->hist[HISTOGRAM_ATTEMPT], fact->done.latency);
    if (fact->done.outcome == OUTCOME_OK) {
        hist_record(&panel->hist[HISTOGRAM_ATTEMPT_OK], fact->done.latency);
    }
}

static void take_waits(struct panel *panel, const struct fact *fact)
{
    bool for_rate = fact->finished.waited_rate;
    bool for_place = fact->finished.waited_place;
    panel->rate_waits += for_rate;
    panel->place_waits += for_place;
    if (for_rate || for_place) {
        panel->limit_waits++;
        hist_record(&panel->hist[HISTOGRAM_LIMIT_WAIT],
                    fact->finished.limit_wait);
    }
}

/* What the layers did for an operation that has ended. */
static void take_layers(const struct tally *tally, struct panel *panel,
                        const struct fact *fact)
{
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        if (tally_has(tally, (enum layer)i)) {
            panel->refusals[i] += fact->finished.refusals[i];
        }
    }
    if (tally_has(tally, LAYER_HEDGE)) {
        panel->hedges += fact->finished.hedges;
        panel->hedges_denied += fact->finished.hedges_denied;
        panel->hedges_won += fact->finished.won_by_hedge;
    }
    if (tally_has(tally, LAYER_RATE_LIMIT) ||
        tally_has(tally, LAYER_CONCURRENCY)) {
        take_waits(panel, fact);
    }
}

static void take_finished(struct panel *panel, const struct fact *fact,
                          bool in_load)
{
    struct duration latency =
        instant_since(fact->at, fact->finished.intended);
    enum verdict verdict = fact->finished.verdict;
    unsigned bin = fact->finished.attempts;

    panel->verdicts[verdict]++;
    panel->reasons[fact->finished.reason]++;
    panel->attempts_per_operation[bin < AMPLIFICATION_BINS
                                      ? bin : AMPLIFICATION_BINS - 1]++;
    panel->last_finished = instant_max(panel->last_finished, fact->at);
    if (fact->finished.backoff.ns > 0) {
        hist_record(&panel->hist[HISTOGRAM_BACKOFF], fact->finished.backoff);
    }
    if (verdict == VERDICT_SHED) {
        panel->shed_reasons[fact->finished.reason]++;
        return;
    }
    hist_record(&panel->hist[HISTOGRAM_OPERATION], latency);
    if (verdict == VERDICT_ACKED) {
        panel->acked_in_load += in_load;
        hist_record(&panel->hist[HISTOGRAM_OPERATION_ACKED], latency);
    }
}

static void take_panel(const struct tally *tally, struct panel *panel,
                       const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_DROPPED:
        panel->offered++;
        panel->dropped++;
        break;
    case FACT_STARTED:
        panel->offered++;
        panel->started++;
        break;
    case FACT_DONE:
        take_done(panel, fact);
        if (tally_has(tally, LAYER_HEDGE)) {
            take_hedged(panel, fact);
        }
        break;
    case FACT_FINISHED:
        take_finished(panel, fact,
                      fact->at.ns <= tally->config.load_length.ns);
        if (tally->config.layers & COUNTED_LAYERS) {
            take_layers(tally, panel, fact);
        }
        break;
    case FACT_SENT:
    case FACT_FAULT:
    case FACT_BREAKER:
    case FACT_CLIENT:
    case FACT_ANSWERS:
        break;
    }
}

static void note_level(struct budget_tally *budget, double level)
{
    if (level >= 0 && (budget->level_min < 0 || level < budget->level_min)) {
        budget->level_min = level;
    }
}

static void note_limits(struct limit_tally *limit, uint64_t min, uint64_t max)
{
    if (limit->count == 0 || min < limit->min) {
        limit->min = min;
    }
    if (limit->count == 0 || max > limit->max) {
        limit->max = max;
    }
}

static void take_verdict(struct tally *tally, const struct fact *fact)
{
    struct series_interval *interval = series_at(tally->series, fact->at);
    enum verdict verdict = fact->finished.verdict;

    interval->finished++;
    interval->acked += verdict == VERDICT_ACKED;
    interval->refused += verdict == VERDICT_REFUSED;
    interval->shed += verdict == VERDICT_SHED;
    if (verdict != VERDICT_SHED) {
        series_record(interval,
                      instant_since(fact->at, fact->finished.intended));
    }
    if (fact->finished.has_budget) {
        tally->budget.granted += fact->finished.retries_granted;
        note_level(&tally->budget, fact->finished.budget_level);
        series_level(interval, fact->finished.budget_level);
    }
    if (tally_has(tally, LAYER_CONCURRENCY)) {
        uint64_t limit = fact->finished.limit;
        note_limits(&tally->limit, limit, limit);
        tally->limit.count++;
        interval->limits++;
        interval->limit_sum += limit;
    }
}

static void take_breaker(struct tally *tally, const struct fact *fact)
{
    struct breaker_note note = {
        .at = fact->at,
        .client = fact->breaker.client,
        .from = (uint8_t)fact->breaker.from,
        .to = (uint8_t)fact->breaker.to,
    };
    breakers_take(&tally->breakers, &note);
    /* One that opens in the warm-up is open from the first interval on. */
    struct series_interval *interval = series_at(tally->series, fact->at);
    interval->breakers_opened += note.to == BREAKER_OPEN;
    interval->breakers_left += note.from == BREAKER_OPEN;
}

static void take_client(struct tally *tally, const struct fact *fact)
{
    struct client_tally *clients = &tally->clients;
    clients->count++;
    if (tally_has(tally, LAYER_CONCURRENCY)) {
        clients->limits += fact->client.limit;
        clients->running_max =
            max_of(clients->running_max, fact->client.running_max);
        clients->queued_max =
            max_of(clients->queued_max, fact->client.queued_max);
    }
    if (fact->client.budget_level >= 0) {
        clients->budgets++;
        clients->budget_levels +=
            (uint64_t)llround(fmin(fact->client.budget_level, 1e9) * 1e6);
    }
}

/* What is counted for the whole run only. */
static void take_whole(struct tally *tally, const struct fact *fact)
{
    struct series *series = tally->series;
    switch (fact->kind) {
    case FACT_DROPPED:
        series_at(series, fact->at)->offered++;
        break;
    case FACT_STARTED:
        series_at(series, fact->started.intended)->offered++;
        series_at(series, fact->at)->started++;
        herd_started(tally->herd, fact->at);
        hist_record(&tally->schedule_lag,
                    instant_since(fact->at, fact->started.intended));
        break;
    case FACT_SENT: {
        struct series_interval *interval = series_at(series, fact->at);
        interval->attempts++;
        interval->retries += fact->sent.kind == ATTEMPT_RETRY;
        interval->hedges += fact->sent.kind == ATTEMPT_HEDGE;
        tally->sent++;
        herd_sent(tally->herd, fact->at);
        break;
    }
    case FACT_DONE:
        break;
    case FACT_FAULT:
        tally->faults[fact->fault.fault].injected++;
        tally->faults[fact->fault.fault].delivered += fact->fault.delivered;
        break;
    case FACT_FINISHED:
        take_verdict(tally, fact);
        break;
    case FACT_BREAKER:
    case FACT_CLIENT:
    case FACT_ANSWERS:
        break;
    }
}

void tally_take(struct tally *tally, const struct fact *fact)
{
    if (fact->kind == FACT_BREAKER) {
        take_breaker(tally, fact);
        return;
    }
    if (fact->kind == FACT_CLIENT) {
        take_client(tally, fact);
        return;
    }
    if (fact->kind == FACT_ANSWERS) {
        if (tally->answers) {
            answers_log_take(tally->answers, fact);
        }
        return;
    }
    if (tally->effects && fact->kind == FACT_FINISHED &&
        fact->finished.has_effect) {
        effects_log_take(tally->effects, fact);
    }
    if (fact->warmup) {
        return;
    }
    must(fact->request < tally->config.requests);
    take_whole(tally, fact);
    take_panel(tally, &tally->total, fact);

    struct panel *request = tally->requests[fact->request];
    if (request != &tally->total) {
        take_panel(tally, request, fact);
    }
    if (tally->config.stages == 0) {
        return;
    }
    must(fact->stage < tally->config.stages);
    struct panel *stage = tally->stages[fact->stage];
    if (stage != &tally->total) {
        take_panel(tally, stage, fact);
    }
}

static void add(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] += from[i];
    }
}

static void merge_panel(struct panel *to, const struct panel *from)
{
    to->offered += from->offered;
    to->started += from->started;
    to->dropped += from->dropped;
    to->acked_in_load += from->acked_in_load;
    to->last_finished = instant_max(to->last_finished, from->last_finished);
    to->attempts += from->attempts;
    to->on_wire += from->on_wire;
    to->retries_on_wire += from->retries_on_wire;
    to->wasted += from->wasted;
    to->resends_refused += from->resends_refused;
    add(to->verdicts, from->verdicts, VERDICT_COUNT);
    add(to->reasons, from->reasons, FINISH_REASON_COUNT);
    add(to->shed_reasons, from->shed_reasons, FINISH_REASON_COUNT);
    add(to->kinds, from->kinds, ATTEMPT_KIND_COUNT);
    add(to->by_outcome, from->by_outcome, OUTCOME_COUNT);
    add(to->by_status, from->by_status, STATUS_MAX);
    add(to->attempts_per_operation, from->attempts_per_operation,
        AMPLIFICATION_BINS);
    add(to->refusals, from->refusals, LAYER_COUNT);
    to->limit_waits += from->limit_waits;
    to->rate_waits += from->rate_waits;
    to->place_waits += from->place_waits;
    to->hedges += from->hedges;
    to->hedges_on_wire += from->hedges_on_wire;
    to->hedges_won += from->hedges_won;
    to->hedges_denied += from->hedges_denied;
    to->hedge_losers += from->hedge_losers;
    to->loser_connections += from->loser_connections;
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        hist_merge(&to->hist[i], &from->hist[i]);
    }
}

static void merge_panels(struct tally *tally, struct panel **to,
                         struct panel *const *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (to[i] != &tally->total) {
            merge_panel(to[i], from[i]);
        }
    }
}

static void merge_clients(struct client_tally *to,
                          const struct client_tally *from)
{
    to->count += from->count;
    to->limits += from->limits;
    to->running_max = max_of(to->running_max, from->running_max);
    to->queued_max = max_of(to->queued_max, from->queued_max);
    to->budgets += from->budgets;
    to->budget_levels += from->budget_levels;
}

static void merge_policy(struct tally *tally, const struct tally *other)
{
    tally->budget.granted += other->budget.granted;
    note_level(&tally->budget, other->budget.level_min);
    breakers_merge(&tally->breakers, &other->breakers);
    if (other->limit.count > 0) {
        note_limits(&tally->limit, other->limit.min, other->limit.max);
        tally->limit.count += other->limit.count;
    }
    merge_clients(&tally->clients, &other->clients);
}

void tally_merge(struct tally *tally, const struct tally *other)
{
    must(tally->config.layers == other->config.layers);
    must(tally->config.requests == other->config.requests);
    must(tally->config.stages == other->config.stages);
    must(tally->config.first_stage_is_warmup ==
         other->config.first_stage_is_warmup);

    merge_panel(&tally->total, &other->total);
    merge_panels(tally, tally->requests, other->requests,
                 tally->config.requests);
    merge_panels(tally, tally->stages, other->stages, tally->config.stages);
    tally->sent += other->sent;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        tally->faults[i].injected += other->faults[i].injected;
        tally->faults[i].delivered += other->faults[i].delivered;
    }
    merge_policy(tally, other);
    hist_merge(&tally->schedule_lag, &other->schedule_lag);
    series_merge(tally->series, other->series);
    herd_merge(tally->herd, other->herd);
}

static uint64_t sum_of(const uint64_t *counts, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += counts[i];
    }
    return sum;
}

static void check_layers(const struct panel *p, bool has_hedges)
{
    uint64_t acked = p->verdicts[VERDICT_ACKED];
    must(p->hist[HISTOGRAM_LIMIT_WAIT].count == p->limit_waits);
    must(p->limit_waits <= p->rate_waits + p->place_waits);
    must(p->rate_waits <= p->limit_waits);
    must(p->place_waits <= p->limit_waits);
    must(!has_hedges || p->hedges == p->kinds[ATTEMPT_HEDGE]);
    must(p->hedges_on_wire <= p->hedges);
    must(p->hedges_won <= p->hedges && p->hedges_won <= acked);
    must(p->hedge_losers <= p->by_outcome[OUTCOME_CANCELLED]);
    must(p->loser_connections <= p->hedge_losers);
}

static void check_panel(const struct panel *p, bool has_hedges)
{
    const struct hist *hist = p->hist;
    must(p->offered == p->started + p->dropped);
    must(p->started == sum_of(p->verdicts, VERDICT_COUNT));
    must(p->started == sum_of(p->reasons, FINISH_REASON_COUNT));
    must(p->verdicts[VERDICT_SHED] ==
         sum_of(p->shed_reasons, FINISH_REASON_COUNT));
    for (int r = 0; r < FINISH_REASON_COUNT; r++) {
        must(p->shed_reasons[r] <= p->reasons[r]);
    }
    must(p->started ==
         sum_of(p->attempts_per_operation, AMPLIFICATION_BINS));
    must(p->attempts == sum_of(p->kinds, ATTEMPT_KIND_COUNT));
    must(p->attempts == sum_of(p->by_outcome, OUTCOME_COUNT));
    must(p->attempts >= p->on_wire);
    must(hist[HISTOGRAM_OPERATION].count ==
         p->started - p->verdicts[VERDICT_SHED]);
    must(hist[HISTOGRAM_OPERATION_ACKED].count ==
         p->verdicts[VERDICT_ACKED]);
    must(hist[HISTOGRAM_ATTEMPT].count == p->on_wire);
    must(hist[HISTOGRAM_ATTEMPT_OK].count == p->by_outcome[OUTCOME_OK]);
    check_layers(p, has_hedges);
}

static void check_parts(const struct tally *tally,
                        struct panel *const *parts, size_t count)
{
    const struct panel *total = &tally->total;
    uint64_t offered = 0;
    uint64_t attempts = 0;
    uint64_t on_wire = 0;
    uint64_t acked = 0;
    uint64_t shed = 0;
    uint64_t hedges = 0;
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        check_panel(parts[i], tally_has(tally, LAYER_HEDGE));
        offered += parts[i]->offered;
        attempts += parts[i]->attempts;
        on_wire += parts[i]->on_wire;
        acked += parts[i]->verdicts[VERDICT_ACKED];
        shed += parts[i]->verdicts[VERDICT_SHED];
        hedges += parts[i]->hedges;
    }
    must(offered == total->offered);
    must(attempts == total->attempts);
    must(on_wire == total->on_wire);
    must(acked == total->verdicts[VERDICT_ACKED]);
    must(shed == total->verdicts[VERDICT_SHED]);
    must(hedges == total->hedges);
}

void tally_check(const struct tally *tally)
{
    check_panel(&tally->total, tally_has(tally, LAYER_HEDGE));
    check_parts(tally, tally->requests, tally->config.requests);
    check_parts(tally, tally->stages, tally->config.stages);
    must(tally->breakers.open >= 0);
}
