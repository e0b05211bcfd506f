#include "measure/tally.h"

#include "base/must.h"
#include "measure/effects.h"
#include "measure/herd.h"
#include "measure/series.h"

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
    hist_init(&tally->schedule_lag, arena);
    tally->series = arena_alloc(arena, sizeof(*tally->series));
    series_init(tally->series, arena, origin);
    tally->herd = arena_alloc(arena, sizeof(*tally->herd));
    herd_init(tally->herd, arena, origin);
    if (config->keep_effects) {
        tally->effects = effects_log_new(arena, config->operations_max);
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
        break;
    case FACT_FINISHED:
        take_finished(panel, fact,
                      fact->at.ns <= tally->config.load_length.ns);
        break;
    case FACT_SENT:
    case FACT_FAULT:
        break;
    }
}

static void note_level(struct budget_tally *budget, double level)
{
    if (level >= 0 && (budget->level_min < 0 || level < budget->level_min)) {
        budget->level_min = level;
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
    case FACT_FINISHED: {
        if (fact->finished.has_budget) {
            tally->budget.granted += fact->finished.retries_granted;
            note_level(&tally->budget, fact->finished.budget_level);
        }
        struct series_interval *interval = series_at(series, fact->at);
        interval->finished++;
        interval->acked += fact->finished.verdict == VERDICT_ACKED;
        if (fact->finished.verdict != VERDICT_SHED) {
            series_record(interval, instant_since(fact->at,
                                                  fact->finished.intended));
        }
        break;
    }
    }
}

void tally_take(struct tally *tally, const struct fact *fact)
{
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
    add(to->kinds, from->kinds, ATTEMPT_KIND_COUNT);
    add(to->by_outcome, from->by_outcome, OUTCOME_COUNT);
    add(to->by_status, from->by_status, STATUS_MAX);
    add(to->attempts_per_operation, from->attempts_per_operation,
        AMPLIFICATION_BINS);
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

void tally_merge(struct tally *tally, const struct tally *other)
{
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
    tally->budget.granted += other->budget.granted;
    note_level(&tally->budget, other->budget.level_min);
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

static void check_panel(const struct panel *p)
{
    const struct hist *hist = p->hist;
    must(p->offered == p->started + p->dropped);
    must(p->started == sum_of(p->verdicts, VERDICT_COUNT));
    must(p->started == sum_of(p->reasons, FINISH_REASON_COUNT));
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
}

static void check_parts(const struct panel *total,
                        struct panel *const *parts, size_t count)
{
    uint64_t offered = 0;
    uint64_t attempts = 0;
    uint64_t on_wire = 0;
    uint64_t acked = 0;
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        check_panel(parts[i]);
        offered += parts[i]->offered;
        attempts += parts[i]->attempts;
        on_wire += parts[i]->on_wire;
        acked += parts[i]->verdicts[VERDICT_ACKED];
    }
    must(offered == total->offered);
    must(attempts == total->attempts);
    must(on_wire == total->on_wire);
    must(acked == total->verdicts[VERDICT_ACKED]);
}

void tally_check(const struct tally *tally)
{
    check_panel(&tally->total);
    check_parts(&tally->total, tally->requests, tally->config.requests);
    check_parts(&tally->total, tally->stages, tally->config.stages);
}
