#include "measure/tally.h"

#include "base/must.h"
#include "measure/due.h"
#include "measure/herd.h"
#include "measure/series.h"

#include <math.h>

static double lower_of(double a, double b)
{
    return b >= 0 && (a < 0 || b < a) ? b : a;
}

static double higher_of(double a, double b)
{
    return b > a ? b : a;
}

void tally_init_panel(struct panel *panel, struct arena *arena,
                      struct instant until)
{
    panel->until = until;
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        hist_init(&panel->hist[i], arena);
        hist_init(&panel->least[i], arena);
    }
}

static struct panel *new_panel(struct arena *arena, struct instant until)
{
    struct panel *panel = arena_alloc(arena, sizeof(*panel));
    tally_init_panel(panel, arena, until);
    return panel;
}

/* Panels of which all but `skipped` see facts; a single one that does sees
 * what the total sees, and is the total. */
static struct panel **new_panels(struct tally *tally, struct arena *arena,
                                 size_t count, size_t skipped,
                                 const struct instant *ends)
{
    struct panel **panels = arena_array(arena, count, sizeof(struct panel *));
    for (size_t i = 0; i < count; i++) {
        bool only = i >= skipped && count - skipped == 1;
        panels[i] =
            only ? &tally->total
                 : new_panel(arena, ends ? ends[i] : tally->total.until);
    }
    return panels;
}

void tally_init(struct tally *tally, struct arena *arena,
                const struct tally_config *config)
{
    *tally = (struct tally){.config = *config};
    struct instant origin = {config->warmup.ns};

    tally_init_panel(&tally->total, arena,
                     (struct instant){config->load_length.ns});
    tally->requests = new_panels(tally, arena, config->requests, 0, NULL);
    tally->stages =
        new_panels(tally, arena, config->stages,
                   config->first_stage_is_warmup ? 1 : 0, config->stage_ends);
    hist_init(&tally->schedule_lag, arena);
    tally->series = arena_alloc(arena, sizeof(*tally->series));
    series_init(tally->series, arena, origin);
    if (config->load_length.ns < INT64_MAX) {
        series_settle(tally->series, config->load_length);
    }
    tally->herd = arena_alloc(arena, sizeof(*tally->herd));
    herd_init(tally->herd, arena, origin);
    if (config->has_trigger) {
        tally->due = arena_alloc(arena, sizeof *tally->due);
        due_init(tally->due, arena, origin);
    }
    tally_reset(tally);
}

static void end_panels(struct panel *const *panels, size_t count,
                       struct instant at)
{
    for (size_t i = 0; i < count; i++) {
        panels[i]->until = instant_min(panels[i]->until, at);
    }
}

void tally_end_load(struct tally *tally, struct instant at)
{
    tally->total.until = instant_min(tally->total.until, at);
    end_panels(tally->requests, tally->config.requests, at);
    end_panels(tally->stages, tally->config.stages, at);
}

/* What a fact adds to the counters of a panel. The kind is a constant where
 * this is called, so that only the rows of that kind remain. */
static inline void add_counters(const struct tally *tally, struct panel *panel,
                                const struct fact *fact, enum fact_kind kind)
{
#define BASIS(group, id, when, amount) \
    if (kind == FACT_##when && \
        figure_is_on(tally->config.layers, FIGURES_##group)) { \
        panel->id += (uint64_t)(amount); \
    }
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    BASIS(group, id, when, amount)
#include "measure/figure.def"
}

/* The same for the extremes of the whole run. */
static inline void note_extremes(struct tally *tally, const struct fact *fact,
                                 enum fact_kind kind)
{
    struct extremes *extremes = &tally->extremes;
#define EXTREME(pick, group, id, when, amount) \
    if (kind == FACT_##when && \
        figure_is_on(tally->config.layers, FIGURES_##group)) { \
        extremes->id = pick(extremes->id, (double)(amount)); \
    }
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    EXTREME(lower_of, group, id, when, amount)
#define HIGHEST(group, member, form, id, better, when, amount, label, \
                sentence) \
    EXTREME(higher_of, group, id, when, amount)
#include "measure/figure.def"
#undef EXTREME
}

/* A duration of which so much may be squall's own. */
static inline void record(struct panel *panel, enum histogram which,
                          struct duration value, struct duration late)
{
    hist_record(&panel->hist[which], value);
    hist_record(
        &panel->least[which],
        duration_max((struct duration){value.ns - late.ns}, DURATION_ZERO));
}

/* One that had not ended when squall gave it up: it would have been longer. */
static inline void record_given_up(struct panel *panel, enum histogram which,
                                   struct duration value, struct duration late)
{
    hist_record_unknown(&panel->hist[which]);
    hist_record(
        &panel->least[which],
        duration_max((struct duration){value.ns - late.ns}, DURATION_ZERO));
}

static void take_queue(struct panel *panel, const struct fact *fact)
{
    if (fact->done.queue.ns < 0) {
        return;
    }
    if (fact->done.in_queue) {
        hist_record_unknown(&panel->hist[HISTOGRAM_QUEUE]);
    } else {
        hist_record(&panel->hist[HISTOGRAM_QUEUE], fact->done.queue);
    }
}

static void take_attempt(struct panel *panel, const struct fact *fact)
{
    bool given_up =
        fact->done.outcome == OUTCOME_CANCELLED && !fact->done.wasted;

    if (given_up) {
        record_given_up(panel, HISTOGRAM_ATTEMPT, fact->done.latency,
                        fact->done.late);
        return;
    }
    record(panel, HISTOGRAM_ATTEMPT, fact->done.latency, fact->done.late);
    if (fact->done.outcome == OUTCOME_OK) {
        record(panel, HISTOGRAM_ATTEMPT_OK, fact->done.latency,
               fact->done.late);
    }
}

static void take_done(struct panel *panel, const struct fact *fact)
{
    panel->kinds[fact->done.kind]++;
    panel->by_outcome[fact->done.outcome]++;
    if (fact->done.status > 0 && fact->done.status < STATUS_MAX) {
        panel->by_status[fact->done.status]++;
    }
    take_queue(panel, fact);
    if (fact->done.connect.ns >= 0) {
        record(panel, HISTOGRAM_CONNECT, fact->done.connect,
               fact->done.connect_late);
    }
    if (fact->done.connect.ns >= 0 && fact->done.dns.ns > 0) {
        record(panel, HISTOGRAM_DNS, fact->done.dns, DURATION_ZERO);
    }
    if (fact->done.connect.ns >= 0 && fact->done.tcp.ns > 0) {
        record(panel, HISTOGRAM_TCP, fact->done.tcp, fact->done.connect_late);
    }
    if (fact->done.connect.ns >= 0 && fact->done.tls.ns > 0) {
        record(panel, HISTOGRAM_TLS, fact->done.tls, fact->done.connect_late);
    }
    if (fact->done.first_byte.ns >= 0) {
        record(panel, HISTOGRAM_FIRST_BYTE, fact->done.first_byte,
               fact->done.first_byte_late);
    }
    must(fact->done.was_sent || fact->done.outcome != OUTCOME_OK);
    if (fact->done.was_sent) {
        panel->sent_in_time +=
            fact->at.ns - fact->done.latency.ns <= panel->until.ns;
        take_attempt(panel, fact);
    }
}

static void take_finished(const struct tally *tally, struct panel *panel,
                          const struct fact *fact)
{
    bool can_wait = tally_has(tally, LAYER_RATE_LIMIT) ||
                    tally_has(tally, LAYER_CONCURRENCY);
    struct duration latency = instant_since(fact->at, fact->finished.intended);
    enum verdict verdict = fact->finished.verdict;
    unsigned bin = fact->finished.attempts;

    panel->verdicts[verdict]++;
    if (verdict != VERDICT_SUCCEEDED && fact->finished.status < STATUS_MAX) {
        panel->failed_by_status[fact->finished.status]++;
    }
    panel->reasons[fact->finished.reason]++;
    panel->attempts_per_operation[bin < AMPLIFICATION_BINS
                                      ? bin
                                      : AMPLIFICATION_BINS - 1]++;
    panel->last_finished = instant_max(panel->last_finished, fact->at);
    panel->succeeded_in_time +=
        verdict == VERDICT_SUCCEEDED && fact->at.ns <= panel->until.ns;
    if (fact->finished.backoff.ns > 0) {
        hist_record(&panel->hist[HISTOGRAM_BACKOFF], fact->finished.backoff);
    }
    if (can_wait &&
        (fact->finished.waited_rate || fact->finished.waited_place)) {
        hist_record(&panel->hist[HISTOGRAM_LIMIT_WAIT],
                    fact->finished.limit_wait);
    }
    if (verdict == VERDICT_SHED) {
        panel->shed_reasons[fact->finished.reason]++;
        return;
    }
    if (fact->finished.reason == FINISH_ABANDONED) {
        record_given_up(panel, HISTOGRAM_OPERATION, latency,
                        fact->finished.late);
        record_given_up(panel, HISTOGRAM_FAILED, latency, fact->finished.late);
        return;
    }
    record(panel, HISTOGRAM_OPERATION, latency, fact->finished.late);
    record(panel,
           verdict == VERDICT_SUCCEEDED ? HISTOGRAM_SUCCEEDED
                                        : HISTOGRAM_FAILED,
           latency, fact->finished.late);
}

static void take_panel(const struct tally *tally, struct panel *panel,
                       const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_DROPPED:
        add_counters(tally, panel, fact, FACT_DROPPED);
        break;
    case FACT_STARTED:
        add_counters(tally, panel, fact, FACT_STARTED);
        break;
    case FACT_DONE:
        add_counters(tally, panel, fact, FACT_DONE);
        take_done(panel, fact);
        break;
    case FACT_FINISHED:
        add_counters(tally, panel, fact, FACT_FINISHED);
        take_finished(tally, panel, fact);
        break;
    case FACT_SENT:
    case FACT_FAULT:
    case FACT_BREAKER:
    case FACT_CLIENT:
    case FACT_ANSWERS:
    case FACT_WORKER:
        break;
    }
}

static void take_verdict(struct tally *tally, const struct fact *fact)
{
    struct series_interval *interval = series_at(tally->series, fact->at);
    enum verdict verdict = fact->finished.verdict;

    interval->finished++;
    interval->succeeded += verdict == VERDICT_SUCCEEDED;
    interval->rejected += verdict == VERDICT_REJECTED;
    interval->unanswered += verdict == VERDICT_UNANSWERED;
    interval->ambiguous += verdict == VERDICT_AMBIGUOUS;
    interval->shed += verdict == VERDICT_SHED;
    if (verdict != VERDICT_SHED) {
        series_record(interval,
                      instant_since(fact->at, fact->finished.intended),
                      verdict == VERDICT_SUCCEEDED);
        series_note_late(interval, fact->finished.late);
    }
    interval->cut_short += fact->finished.is_cut_short;
    if (tally->due && verdict == VERDICT_SUCCEEDED) {
        due_succeeded(tally->due, fact->finished.intended, fact->at);
    }
    if (fact->finished.has_budget) {
        series_level(interval, fact->finished.budget_level);
    }
    if (tally_has(tally, LAYER_CONCURRENCY)) {
        interval->limits++;
        interval->limit_sum += fact->finished.limit;
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
    note_extremes(tally, fact, FACT_CLIENT);
    clients->count++;
    if (tally_has(tally, LAYER_CONCURRENCY)) {
        clients->limits += fact->client.limit;
    }
    if (fact->client.budget_level >= 0) {
        clients->budgets++;
        clients->budget_levels +=
            (uint64_t)llround(fmin(fact->client.budget_level, 1e9) * 1e6);
    }
}

static void add_known(struct duration *to, struct duration amount)
{
    if (amount.ns >= 0) {
        *to = duration_add(duration_max(*to, DURATION_ZERO), amount);
    }
}

static void take_worker(struct worker_tally *workers, const struct fact *fact)
{
    workers->away_max = duration_max(workers->away_max, fact->worker.away);
    workers->away_sum = duration_add(workers->away_sum, fact->worker.away_sum);
    workers->stalls += fact->worker.stalls;
    workers->wall = duration_add(workers->wall, fact->worker.wall);
    add_known(&workers->waiting, fact->worker.waiting);
    workers->waiting_max =
        duration_max(workers->waiting_max, fact->worker.waiting);
    if (fact->worker.away.ns > NS_PER_MS || fact->worker.lag.ns > NS_PER_MS) {
        workers->late_wall =
            duration_add(workers->late_wall, fact->worker.wall);
        add_known(&workers->late_cpu, fact->worker.cpu);
    }
}

static void merge_workers(struct worker_tally *to,
                          const struct worker_tally *from)
{
    to->away_max = duration_max(to->away_max, from->away_max);
    to->away_sum = duration_add(to->away_sum, from->away_sum);
    to->stalls += from->stalls;
    to->wall = duration_add(to->wall, from->wall);
    add_known(&to->waiting, from->waiting);
    to->waiting_max = duration_max(to->waiting_max, from->waiting_max);
    to->late_wall = duration_add(to->late_wall, from->late_wall);
    to->late_cpu = duration_add(to->late_cpu, from->late_cpu);
}

/* A hedge that lost did not fail, and neither did what was followed. */
static void take_failure(struct tally *tally, const struct fact *fact)
{
    enum outcome outcome = fact->done.outcome;

    if (outcome != OUTCOME_OK && !outcome_goes_on(outcome) &&
        !(outcome == OUTCOME_CANCELLED && fact->done.wasted)) {
        struct failure failure = {
            .outcome = outcome,
            .status = fact->done.status,
            .text = fact->done.text ? fact->done.text : "",
            .length = fact->done.text ? fact->done.text_length : 0,
            .hash = fact->done.text_hash,
            .at = fact->at,
        };
        failures_take(&tally->failures, &failure);
    }
}

static void take_offered(struct tally *tally, struct instant intended)
{
    series_at(tally->series, intended)->offered++;
    if (tally->due) {
        due_offered(tally->due, intended);
    }
}

/* What is counted for the whole run only. */
static void take_whole(struct tally *tally, const struct fact *fact)
{
    struct series *series = tally->series;
    switch (fact->kind) {
    case FACT_DROPPED:
        take_offered(tally, fact->dropped.intended);
        series_at(tally->series, fact->dropped.intended)->dropped++;
        break;
    case FACT_STARTED:
        take_offered(tally, fact->started.intended);
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
    case FACT_DONE: {
        struct series_interval *interval = series_at(series, fact->at);
        interval->sent_bytes += fact->done.bytes_sent;
        interval->received_bytes += fact->done.bytes_received;
        interval->after_late += fact->done.was_sent && fact->done.after_late;
        take_failure(tally, fact);
        break;
    }
    case FACT_FAULT:
        tally->faults[fact->fault.fault].injected++;
        tally->faults[fact->fault.fault].delivered += fact->fault.delivered;
        break;
    case FACT_FINISHED:
        note_extremes(tally, fact, FACT_FINISHED);
        take_verdict(tally, fact);
        break;
    case FACT_BREAKER:
    case FACT_CLIENT:
    case FACT_ANSWERS:
    case FACT_WORKER:
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
    if (fact->kind == FACT_WORKER) {
        take_worker(&tally->workers, fact);
        series_note_worker(tally->series, fact->at, fact->worker.wall,
                           fact->worker.away_sum);
        return;
    }
    if (fact->warmup || fact->kind == FACT_ANSWERS) {
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

void tally_merge_panel(struct panel *to, const struct panel *from)
{
#define BASIS(group, id, when, amount) to->id += from->id;
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    BASIS(group, id, when, amount)
#include "measure/figure.def"
    to->last_finished = instant_max(to->last_finished, from->last_finished);
    to->sent_in_time += from->sent_in_time;
    to->succeeded_in_time += from->succeeded_in_time;
    add(to->verdicts, from->verdicts, VERDICT_COUNT);
    add(to->reasons, from->reasons, FINISH_REASON_COUNT);
    add(to->shed_reasons, from->shed_reasons, FINISH_REASON_COUNT);
    add(to->kinds, from->kinds, ATTEMPT_KIND_COUNT);
    add(to->by_outcome, from->by_outcome, OUTCOME_COUNT);
    add(to->by_status, from->by_status, STATUS_MAX);
    add(to->failed_by_status, from->failed_by_status, STATUS_MAX);
    add(to->attempts_per_operation, from->attempts_per_operation,
        AMPLIFICATION_BINS);
    for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
        hist_merge(&to->hist[i], &from->hist[i]);
        hist_merge(&to->least[i], &from->least[i]);
    }
}

static void merge_panels(struct tally *tally, struct panel **to,
                         struct panel *const *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (to[i] != &tally->total) {
            tally_merge_panel(to[i], from[i]);
        }
    }
}

static void merge_clients(struct client_tally *to,
                          const struct client_tally *from)
{
    to->count += from->count;
    to->limits += from->limits;
    to->budgets += from->budgets;
    to->budget_levels += from->budget_levels;
}

static void merge_extremes(struct extremes *to, const struct extremes *from)
{
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    to->id = lower_of(to->id, from->id);
#define HIGHEST(group, member, form, id, better, when, amount, label, \
                sentence) \
    to->id = higher_of(to->id, from->id);
#include "measure/figure.def"
}

void tally_merge(struct tally *tally, const struct tally *other)
{
    must(tally->config.layers == other->config.layers);
    must(tally->config.requests == other->config.requests);
    must(tally->config.stages == other->config.stages);
    must(tally->config.first_stage_is_warmup ==
         other->config.first_stage_is_warmup);

    tally_merge_panel(&tally->total, &other->total);
    merge_panels(tally, tally->requests, other->requests,
                 tally->config.requests);
    merge_panels(tally, tally->stages, other->stages, tally->config.stages);
    tally->sent += other->sent;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        tally->faults[i].injected += other->faults[i].injected;
        tally->faults[i].delivered += other->faults[i].delivered;
    }
    failures_merge(&tally->failures, &other->failures);
    merge_extremes(&tally->extremes, &other->extremes);
    breakers_merge(&tally->breakers, &other->breakers);
    merge_clients(&tally->clients, &other->clients);
    merge_workers(&tally->workers, &other->workers);
    hist_merge(&tally->schedule_lag, &other->schedule_lag);
    series_merge(tally->series, other->series);
    herd_merge(tally->herd, other->herd);
    must((tally->due != NULL) == (other->due != NULL));
    if (tally->due) {
        due_merge(tally->due, other->due);
    }
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
    uint64_t succeeded = p->verdicts[VERDICT_SUCCEEDED];
    uint64_t waits = p->hist[HISTOGRAM_LIMIT_WAIT].count;
    must(waits <= p->rate_limit_waited + p->concurrency_queued);
    must(p->rate_limit_waited <= waits);
    must(p->concurrency_queued <= waits);
    must(!has_hedges || p->hedges == p->kinds[ATTEMPT_HEDGE]);
    must(p->hedges_sent <= p->hedges);
    must(p->hedges_won <= p->hedges && p->hedges_won <= succeeded);
    must(p->hedges_cancelled <= p->by_outcome[OUTCOME_CANCELLED]);
    must(p->hedge_connections_closed <= p->hedges_cancelled);
}

static void check_panel(const struct panel *p, bool has_hedges)
{
    const struct hist *hist = p->hist;
    must(p->started == sum_of(p->verdicts, VERDICT_COUNT));
    must(p->started == sum_of(p->reasons, FINISH_REASON_COUNT));
    must(p->verdicts[VERDICT_SHED] ==
         sum_of(p->shed_reasons, FINISH_REASON_COUNT));
    for (int r = 0; r < FINISH_REASON_COUNT; r++) {
        must(p->shed_reasons[r] <= p->reasons[r]);
    }
    must(p->started == sum_of(p->attempts_per_operation, AMPLIFICATION_BINS));
    must(p->attempts == sum_of(p->kinds, ATTEMPT_KIND_COUNT));
    must(p->attempts == sum_of(p->by_outcome, OUTCOME_COUNT));
    must(p->attempts >= p->on_wire);
    must(hist[HISTOGRAM_OPERATION].count ==
         p->started - p->verdicts[VERDICT_SHED]);
    must(hist[HISTOGRAM_SUCCEEDED].count == p->verdicts[VERDICT_SUCCEEDED]);
    must(hist[HISTOGRAM_FAILED].count ==
         panel_failed(p) - p->verdicts[VERDICT_SHED]);
    must(hist[HISTOGRAM_ATTEMPT].count == p->on_wire);
    must(hist[HISTOGRAM_ATTEMPT_OK].count == p->by_outcome[OUTCOME_OK]);
    for (int h = 0; h < HISTOGRAM_COUNT; h++) {
        must(p->least[h].count == 0 || p->least[h].count == hist[h].count);
    }
    check_layers(p, has_hedges);
}

static const uint64_t *counter_at(const struct panel *panel, size_t offset)
{
    return (const uint64_t *)((const char *)panel + offset);
}

/* What all parts count is what the total counts. */
static void check_parts(const struct tally *tally, struct panel *const *parts,
                        size_t count)
{
    static const size_t offsets[] = {
#define BASIS(group, id, when, amount) offsetof(struct panel, id),
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    BASIS(group, id, when, amount)
#include "measure/figure.def"
        offsetof(struct panel, verdicts[VERDICT_SUCCEEDED]),
        offsetof(struct panel, verdicts[VERDICT_SHED]),
    };
    for (size_t i = 0; i < count; i++) {
        check_panel(parts[i], tally_has(tally, LAYER_HEDGE));
    }
    for (size_t c = 0; count > 0 && c < array_length(offsets); c++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += *counter_at(parts[i], offsets[c]);
        }
        must(sum == *counter_at(&tally->total, offsets[c]));
    }
}

void tally_check(const struct tally *tally)
{
    check_panel(&tally->total, tally_has(tally, LAYER_HEDGE));
    check_parts(tally, tally->requests, tally->config.requests);
    check_parts(tally, tally->stages, tally->config.stages);
    must(tally->breakers.open >= 0);
}
