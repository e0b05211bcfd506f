#include "run/run.h"

#include "base/must.h"
#include "effects/replayed.h"
#include "engine/clock.h"
#include "engine/cpu_wait.h"
#include "host/fleet.h"
#include "plan/address.h"
#include "plan/triggers.h"
#include "report/document.h"
#include "report/remaining.h"
#include "run/abort.h"
#include "run/archive.h"
#include "run/drive.h"
#include "run/embedded.h"
#include "run/engine_choice.h"
#include "run/limits.h"
#include "run/show_failed.h"
#include "run/timeline_threads.h"
#include "run/reconcile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE_CONNECTIONS_BESIDE = 64 };

struct run {
    struct plan *plan;
    const struct run_options *options; /* while it is made */
    struct engine_choice engine;
    struct arena arena;
    struct instant began;
    int64_t began_unix_ms;
    struct server *server; /* NULL: the service is somebody else's */
    struct simulation simulation;
    bool is_simulated;
    struct archive archive;
    struct fleet *fleet;
    struct timeline_threads *timeline; /* NULL: there is none, or no time */
    const struct timeline_event *events;
    char timeline_problem[400];
    const struct tally *tally;
    struct abort_state abort;
    bool observer_wants;    /* the figures that were asked for */
    char stop_reason[400];  /* why an observer ended the load, or "" */
    struct duration stolen; /* while the load ran */
    struct reconciliation reconciliation;
    struct replayed replayed;
    struct result result;
    cJSON *document;
    struct writer_run for_writers;
};

static bool start_embedded(struct run *run, struct errors *errors)
{
    struct plan *plan = run->plan;

    run->server = embedded_start(plan,
                                 plan->load.connections *
                                         plan_connections_a_caller(plan) +
                                     SERVICE_CONNECTIONS_BESIDE,
                                 errors);
    if (run->server) {
        observer_note(&run->options->observer,
                      "no URL given: driving the embedded target at %s",
                      plan->target.url);
    }
    return run->server != NULL;
}

/* Which engine it is, and what its requests come to. */
static bool prepare_service(struct run *run, struct errors *errors)
{
    const struct run_options *options = run->options;
    struct plan *plan = run->plan;
    bool is_embedded = !plan->target.url;

    if (options->simulation) {
        run->engine.type = &engine_virtual;
        run->is_simulated = simulation_init(&run->simulation, plan,
                                            options->simulation, errors);
        return run->is_simulated && limits_fit(plan, run->engine.type, 1,
                                               &options->observer, errors);
    }
    return engine_choice_make(plan, &run->engine, errors) &&
           limits_fit(plan, run->engine.type, is_embedded ? 2 : 1,
                      &options->observer, errors) &&
           (plan->target.url || start_embedded(run, errors));
}

/* All that can be found out before the load is found out before it. */
/* Connections go to the first address as long as it answers: who has several
 * is told, since the others are measured only then. */
static void note_place(const struct run *run)
{
    const char *place = fleet_place(run->fleet);
    const char *comma = place ? strchr(place, ',') : NULL;

    if (comma) {
        observer_note(&run->options->observer,
                      "%s has several addresses: connections go to %.*s, and "
                      "to %s when that fails",
                      run->plan->target.proxy ? "the proxy" : "the target",
                      (int)(comma - place), place, comma + 1);
    }
}

static bool prepare(struct run *run, struct errors *errors)
{
    const struct run_options *options = run->options;

    if (!prepare_service(run, errors) ||
        !archive_init(&run->archive, run->plan, options->journal, errors)) {
        return false;
    }
    run->fleet = fleet_new(run->plan, run->engine.type,
                           &run->simulation.settings, errors);
    if (!run->fleet) {
        return false;
    }
    note_place(run);
    if (run->plan->timeline_count > 0 && !run->is_simulated) {
        run->timeline = timeline_threads_new(run->plan, errors);
        if (!run->timeline) {
            return false;
        }
    }
    archive_keep(&run->archive, run->fleet);
    run->reconciliation = (struct reconciliation){
        .plan = run->plan,
        .simulation = run->is_simulated ? &run->simulation : NULL,
        .give_up = options->give_up,
        .observer = &options->observer,
    };
    return reconcile_prepare(&run->reconciliation, errors);
}

/* What really ran of each stage, the warm-up's included. */
static struct duration *stage_lengths(const struct run *run,
                                      struct arena *arena, struct duration ran)
{
    const struct load_config *load = &run->plan->load;
    struct duration *lengths =
        arena_array(arena, load->stage_count, sizeof(*lengths));
    struct duration start = DURATION_ZERO;

    if (load->model == LOAD_CLOSED) {
        start = load->warmup;
    }
    for (size_t i = 0; i < load->stage_count; i++) {
        struct duration length = load->stages[i].length;
        struct duration left = {ran.ns > start.ns ? ran.ns - start.ns : 0};
        if (load->model == LOAD_CLOSED) {
            length = DURATION_FOREVER;
        }
        lengths[i] = duration_min(length, left);
        start = duration_add(start, length);
    }
    return lengths;
}

static bool is_stopped(const struct run_options *options)
{
    return options->stops && atomic_load(options->stops) > 0;
}

static bool asks_for_tier(const struct slo *slo)
{
    for (size_t i = 0; i < slo->term_count; i++) {
        const struct slo_term *term = &slo->terms[i];
        if (term->metric.part == SLO_TIER ||
            (term->is_ratio && term->divisor.part == SLO_TIER)) {
            return true;
        }
    }
    return false;
}

/* Of each request, where an expression asks for them; else NULL. */
static const uint64_t *tiers_of(const struct plan *plan, struct arena *arena)
{
    bool asks = false;

    for (size_t i = 0; i < plan->slo_count; i++) {
        asks = asks || asks_for_tier(&plan->slos[i]);
    }
    for (size_t i = 0; i < plan->abort_count; i++) {
        asks = asks || asks_for_tier(&plan->aborts[i].when);
    }
    if (!asks) {
        return NULL;
    }
    uint64_t *tiers = arena_array(arena, plan->request_count, sizeof(*tiers));
    for (size_t i = 0; i < plan->request_count; i++) {
        tiers[i] = plan->requests[i].config.tier;
    }
    return tiers;
}

/* What the figures are computed from, of a load that ran so long; without what
 * is known only when it is over. */
static struct result_input input_of(const struct run *run, struct arena *arena,
                                    const struct tally *tally,
                                    struct duration ran)
{
    const struct plan *plan = run->plan;
    bool has_service = run->server || run->is_simulated;
    const char **requests =
        arena_array(arena, plan->request_count, sizeof(*requests));
    const char **stages =
        arena_array(arena, plan->load.stage_count, sizeof(*stages));
    struct trigger *triggers =
        arena_array(arena, TRIGGERS_MAX, sizeof *triggers);

    for (size_t i = 0; i < plan->request_count; i++) {
        requests[i] = plan->requests[i].config.name;
    }
    for (size_t i = 0; i < plan->load.stage_count; i++) {
        stages[i] = plan->load.stages[i].name;
    }
    return (struct result_input){
        .tally = tally,
        .request_count = plan->request_count,
        .stage_count = plan->load.stage_count,
        .request_names = requests,
        .stage_names = stages,
        .stage_lengths = stage_lengths(run, arena, ran),
        .trigger_count =
            plan_triggers(plan, has_service, ran, run->events, triggers),
        .triggers = triggers,
        .measured = {ran.ns > plan->load.warmup.ns
                         ? ran.ns - plan->load.warmup.ns
                         : 0},
        .open_model = plan->load.model == LOAD_OPEN,
        .is_replay = dead_letters_of(plan) != NULL,
        .connections =
            plan->load.connections * plan_connections_a_caller(plan),
        .request_tiers = tiers_of(plan, arena),
        .slo_count = plan->slo_count,
        .slos = plan->slos,
    };
}

static void compute(struct run *run)
{
    struct result_input input =
        input_of(run, &run->arena, run->tally, fleet_load_time(run->fleet));

    input.effects = &run->reconciliation.effects;
    input.cpu_share = fleet_cpu_share(run->fleet);
    input.stolen = run->stolen;
    input.timeline_problem =
        run->timeline_problem[0] ? run->timeline_problem : NULL;
    input.stop_reason = run->stop_reason[0] ? run->stop_reason : NULL;
    input.complete = !is_stopped(run->options) && !input.stop_reason;
    result_compute(&run->result, &run->arena, &input);
}

static struct writer_run for_writers(const struct run *run,
                                     const struct tally *tally)
{
    return (struct writer_run){
        .events = {.plan = run->plan,
                   .failures = &tally->failures,
                   .zero_unix_us =
                       fleet_origin_unix_ns(run->fleet) / NS_PER_US},
        .began_unix_ms = run->began_unix_ms,
        .series = tally->series,
    };
}

static void fill_for_writers(struct run *run)
{
    run->for_writers = for_writers(run, run->tally);
    run->for_writers.events.endings = fleet_endings(run->fleet);
    run->for_writers.has_classes =
        run->reconciliation.effects.oracle == ORACLE_LEDGER;
    archive_show(&run->archive, &run->for_writers);
}

/* What is known of dead letters over all their runs. */
static void count_dead_letters(struct run *run)
{
    const struct dead_letters *dead_letters = dead_letters_of(run->plan);
    struct replayed *replayed = &run->replayed;

    *replayed = (struct replayed){.has_classes = run->for_writers.has_classes};
    for (size_t i = 0; dead_letters && i < dead_letters->count; i++) {
        struct remaining one = remaining_of(&run->for_writers, i);
        replayed_take(replayed, one.dead_letter->verdict, one.after,
                      one.class);
        replayed->sent += one.ending.attempts > 0;
        replayed->unstarted += !one.ending.started;
    }
}

static int exit_status(const struct result *result, bool warns_of_invalid)
{
    bool is_warned_of = result->verdict == RUN_INVALID && warns_of_invalid &&
                        result->only_undecided;
    return is_warned_of ? 0 : run_verdict_exit_status(result->verdict);
}

/* Of all of it; in virtual time, of the load and its end. */
static struct duration duration_of(const struct run *run)
{
    struct fleet_snapshot snapshot;

    if (!run->is_simulated) {
        return instant_since(clock_now(), run->began);
    }
    fleet_snapshot(run->fleet, &snapshot);
    return (struct duration){snapshot.now.ns};
}

static const char *add_words(struct run *run, const char *text,
                             const char *words)
{
    size_t size = strlen(text) + strlen(words) + 1;
    char *both = arena_alloc(&run->arena, size);

    snprintf(both, size, "%s%s", text, words);
    return both;
}

/* Where the two sides agree on no version, as TLS lets them, a service of
 * HTTP/1.1 may just close: nobody else says why. */
static bool never_spoke_http2(const struct run *run)
{
    const struct target_config *target = &run->plan->target;
    const struct panel *total = &run->tally->total;

    return target->http == HTTP_2 && target->url &&
           !address_is_tls(target->url) && total->on_wire > 0 &&
           total->http2_answers == 0;
}

/* A service of TLS that is spoken to without it closes the connection, or
 * sends an alert, which is no HTTP. */
static bool may_want_tls(const struct run *run)
{
    const struct target_config *target = &run->plan->target;
    const struct panel *total = &run->tally->total;

    return target->url && !address_is_tls(target->url) && total->on_wire > 0 &&
           total->by_outcome[OUTCOME_RESET] +
                   total->by_outcome[OUTCOME_PROTOCOL] ==
               total->on_wire;
}

/* All that kept the run from being good, or NULL. `lost`: what was lost of the
 * journal, or NULL. Memory from the arena. */
static const char *problem_of(struct run *run, const char *lost)
{
    const struct effect_figures *effects = &run->reconciliation.effects;
    const char *first = NULL;

    if (run->stop_reason[0]) {
        first = run->result.problem;
    } else if (!run->result.complete && run->timeline_problem[0]) {
        first = run->timeline_problem; /* it may still need to be undone */
    } else if (effects->oracle == ORACLE_UNVERIFIED) {
        first = effects->problem;
    } else if (!lost && run->result.complete && run->result.problem[0]) {
        first = run->result.problem;
    }
    if (first == run->result.problem && never_spoke_http2(run)) {
        first = add_words(run, first,
                          ": no answer came by HTTP/2, and without TLS a "
                          "service must be known to speak it (--http 1.1)");
    } else if (first == run->result.problem && may_want_tls(run)) {
        first = add_words(run, first,
                          ". If the service speaks TLS, its URL begins with "
                          "https:");
    }
    if (!first || !lost) {
        return first ? first : lost;
    }
    size_t size = strlen(first) + strlen(lost) + sizeof("; ");
    char *both = arena_alloc(&run->arena, size);
    snprintf(both, size, "%s; %s", first, lost);
    return both;
}

enum { ID_SIZE = 17 };

/* Without what differs between a run that is over and one that goes on. The
 * number of the run is put into `id`. */
static struct run_info info_of(const struct run *run, char id[ID_SIZE])
{
    const struct plan *plan = run->plan;

    snprintf(id, ID_SIZE, "%016" PRIx64, plan->run);
    return (struct run_info){
        .id = id,
        .started_unix_ms = run->began_unix_ms,
        .measured_unix_us =
            (fleet_origin_unix_ns(run->fleet) + plan->load.warmup.ns) /
            NS_PER_US,
        .threads = plan->load.threads,
        .argc = run->options->argc,
        .argv = run->options->argv,
        .target_url = plan->target.url,
        .embedded_target = run->server != NULL,
        .has_service = run->server || run->is_simulated,
        .libcurl = run->options->libcurl,
        .engine = run->engine.type->name,
        .engine_reason = run->is_simulated ? NULL : run->engine.why,
        .events = run->events,
    };
}

static void make_document(struct run *run, const char *lost)
{
    const struct dead_letters *dead_letters = dead_letters_of(run->plan);
    char id[ID_SIZE];
    struct run_info info = info_of(run, id);

    info.duration = duration_of(run);
    info.exit_status =
        lost ? 3 : exit_status(&run->result, run->options->warns_of_invalid);
    info.problem = problem_of(run, lost);
    if (run->abort.ended_by) {
        info.aborted = run->abort.ended_by->text;
        info.aborted_at = run->abort.ended_at;
    }
    info.replayed = dead_letters ? &run->replayed : NULL;
    info.dead_letters = dead_letters ? dead_letters->file : NULL;
    run->document = document_make(&run->result, run->plan, &info);
}

cJSON *run_document_so_far(const struct run_so_far *now)
{
    char id[ID_SIZE];
    struct run_info info = info_of(now->run, id);

    info.duration = duration_of(now->run);
    info.exit_status = run_verdict_exit_status(now->result->verdict);
    return document_make(now->result, now->run->plan, &info);
}

static void stop_service(struct run *run)
{
    if (run->server) {
        server_stop(run->server);
        run->server = NULL;
    }
}

/* What became of the timeline. It is undone before anything else is asked of
 * the service. */
static void end_timeline(struct run *run)
{
    const struct run_options *options = run->options;
    const struct plan *plan = run->plan;
    size_t count = plan->timeline_count;

    if (run->timeline) {
        timeline_threads_end(run->timeline);
        timeline_threads_await(run->timeline, &options->observer,
                               options->stops);
        timeline_threads_note(run->timeline, &options->observer);
        run->events = timeline_threads_events(run->timeline);
    } else {
        struct timeline_event *events =
            arena_array(&run->arena, count, sizeof(*events));
        timeline_follow(plan->timeline, count, fleet_load_time(run->fleet),
                        events);
        run->events = events;
    }
    for (size_t i = 0; i < count; i++) {
        if (timeline_find_problem(plan->timeline, i, &run->events[i],
                                  run->timeline_problem,
                                  sizeof(run->timeline_problem))) {
            return;
        }
    }
}

static void conclude(struct run *run, struct errors *errors)
{
    const struct run_options *options = run->options;

    end_timeline(run);
    observer_phase(&options->observer, PHASE_RECONCILE);
    reconcile(&run->reconciliation, run->fleet, &run->archive, errors);
    observer_phase(&options->observer, PHASE_REPORT);
    compute(run);
    bool is_kept = archive_end(&run->archive, errors);
    fill_for_writers(run);
    count_dead_letters(run);
    make_document(run, is_kept ? NULL : errors_last_text(errors));
    stop_service(run);
}

/* What this machine's host took of it. In virtual time nobody takes any. */
static struct duration stolen_since(const struct run *run,
                                    struct duration before)
{
    struct duration now = cpu_wait_for_host();

    return run->is_simulated || before.ns < 0 || now.ns < before.ns
               ? NOT_MEASURED
               : (struct duration){now.ns - before.ns};
}

/* Who observes the run, or the rules that may end it. */
static bool wants_figures(void *context)
{
    struct run *run = context;
    const struct run_observer *observer = &run->options->observer;

    if (observer->wants_figures) {
        run->observer_wants = observer->wants_figures(observer->context);
    }
    return run->observer_wants || run->plan->abort_count > 0;
}

/* Shows them the figures so far. */
static bool show_so_far(void *context, const struct fleet_figures *now)
{
    const struct effect_figures unknown = {.oracle = ORACLE_NONE,
                                           .looked = NOT_MEASURED};
    struct run *run = context;
    const struct run_observer *observer = &run->options->observer;
    struct arena arena = ARENA_INIT;
    struct result result;
    struct result_input input =
        input_of(run, &arena, now->tally, now->load_time);

    input.effects = &unknown;
    input.cpu_share = now->cpu_share;
    input.stolen = NOT_MEASURED;
    input.is_so_far = true;
    result_compute(&result, &arena, &input);
    char aborted[sizeof(run->stop_reason)];
    const char *reason = abort_look(&run->abort, run->plan, &result, now->at,
                                    aborted, sizeof(aborted))
                             ? aborted
                             : NULL;
    if (run->observer_wants) {
        const char *said = observer->figures(
            observer->context, &(struct run_so_far){
                                   .run = run,
                                   .result = &result,
                                   .at = now->at,
                                   .for_writers = for_writers(run, now->tally),
                               });
        reason = reason ? reason : said;
        run->observer_wants = false;
    }
    bool is_first = reason && !run->stop_reason[0];
    if (is_first) {
        observer_note(observer, "%s", reason);
        snprintf(run->stop_reason, sizeof(run->stop_reason), "%.*s",
                 (int)sizeof(run->stop_reason) - 1, reason);
    }
    arena_release(&arena);
    return is_first;
}

struct run *run_make(struct plan *plan, const struct run_options *options,
                     struct errors *errors)
{
    struct run *run = calloc(1, sizeof(*run));

    must(run);
    run->plan = plan;
    run->options = options;
    run->began = clock_now();
    run->began_unix_ms = options->simulation
                             ? options->simulation->unix_ns / NS_PER_MS
                             : clock_unix_ms();
    if (prepare(run, errors)) {
        observer_phase(&options->observer, PHASE_LOAD);
        struct duration before = cpu_wait_for_host();
        if (run->server) {
            server_begin(run->server);
        }
        run->tally = drive(plan, run->fleet, run->timeline, &options->observer,
                           &(struct drive_figures){
                               .context = run,
                               .wants = options->observer.wants_figures ||
                                                plan->abort_count > 0
                                            ? wants_figures
                                            : NULL,
                               .take = show_so_far,
                           },
                           options->stops, errors);
        run->stolen = stolen_since(run, before);
        show_failed(run->fleet, plan->show_failed, &options->observer);
    }
    if (!run->tally) {
        run_free(run);
        return NULL;
    }
    conclude(run, errors);
    run->options = NULL;
    return run;
}

void run_free(struct run *run)
{
    cJSON_Delete(run->document);
    reconcile_release(&run->reconciliation);
    if (run->timeline) {
        timeline_threads_free(run->timeline);
    }
    if (run->fleet) {
        fleet_free(run->fleet);
    }
    archive_release(&run->archive);
    stop_service(run);
    if (run->is_simulated) {
        simulation_release(&run->simulation);
    }
    arena_release(&run->arena);
    free(run);
}

const struct result *run_result(const struct run *run)
{
    return &run->result;
}

cJSON *run_document(const struct run *run)
{
    return run->document;
}

const struct writer_run *run_for_writers(const struct run *run)
{
    return &run->for_writers;
}
