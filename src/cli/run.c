/*
 * squall run: drives traffic, measures, judges, reports.
 *
 * In order: read the plan; start the embedded target when there is no other;
 * find out before the run what can be found out (the report's path, the
 * descriptors, the target, the ledger); drive; reconcile; judge; report. What
 * was measured is reported whatever goes wrong afterwards.
 */
#include "base/unicode.h"
#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/interrupt.h"
#include "cli/replay.h"
#include "cli/start.h"
#include "measure/answers.h"
#include "measure/result.h"
#include "report/document.h"
#include "report/progress.h"
#include "report/text.h"
#include "transport/clock.h"
#include "transport/fleet.h"
#include "transport/ledger.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

/* A default that is lowered to less than this is worth a word. */
enum { CONNECTIONS_FEW = 1000 };

enum { TICK_MS = 100, TARGET_CONNECTIONS_BESIDE = 64, SETTLING_TOLD_S = 2 };

/* One run, from its plan to its report. */
struct run {
    const struct invocation *invocation;
    struct arena arena;
    struct errors errors;
    struct plan *plan;
    struct server *server; /* NULL: the target is somebody else's */
    struct fleet *fleet;
    struct replay *replay; /* NULL: operations are new */
    struct evidence *evidence; /* NULL: none is asked for */
    struct interrupt *interrupt;
    const struct tally *tally;
    struct baseline baseline;  /* of the ledger */
    struct effects_join *join; /* NULL: there is no ledger */
    struct instant told;       /* when settling was last told of */
    struct effects effects;
    struct result result;
    struct instant began;
    int64_t began_unix_ms;
    char id[17];
};

static bool read_plan(struct run *run)
{
    struct plan_input input = run->invocation->input;
    if (!run->invocation->has_run_id) {
        input.run = start_number();
    }
    if (run->replay) {
        /* Letters keep who they are. */
        input.letters = run->replay->letters;
        input.run = input.letters->run;
        input.replay = start_number();
        input.has_seed = true;
        input.seed = input.letters->seed;
    }
    if (!input.has_seed) {
        input.has_seed = true;
        input.seed = start_number() >> 32; /* short enough to be typed */
    }
    run->plan = plan_read(&input, &run->errors);
    if (run->plan) {
        snprintf(run->id, sizeof(run->id), "%016llx",
                 (unsigned long long)run->plan->run);
    }
    return run->plan != NULL;
}

/* The report shows the profile as it was run. */
static void lower_connections(struct plan *plan, uint64_t connections)
{
    cJSON *load = cJSON_GetObjectItemCaseSensitive(plan->profile, "load");
    cJSON *shown = cJSON_GetObjectItemCaseSensitive(load, "connections");

    plan->load.connections = connections;
    if (shown) {
        cJSON_SetNumberValue(shown, (double)connections);
    }
}

/* Makes the plan's limits fit this machine: what was asked for must fit, a
 * default is lowered. */
static bool fit_limits(struct run *run, uint64_t sides)
{
    struct load_config *load = &run->plan->load;
    uint64_t room = fleet_connections_max(run->plan, sides);

    if (load->pool == POOL_PER_CLIENT && room < load->clients) {
        room = load->clients; /* each needs one */
    }
    if (load->connections > room && !load->connections_given) {
        if (room < CONNECTIONS_FEW) {
            start_note(run->invocation,
                       "at most %llu connections: that is what the limit of "
                       "descriptors allows",
                       (unsigned long long)room);
        }
        lower_connections(run->plan, room);
    }
    uint64_t most = load->connections < load->max_in_flight
                        ? load->connections
                        : load->max_in_flight;
    if (load->threads > most) {
        start_note(run->invocation,
                   "%llu threads: there is no work for more",
                   (unsigned long long)most);
        load->threads = most;
    }
    return fleet_has_descriptors(run->plan, sides, &run->errors);
}

static bool start_service(struct run *run)
{
    struct plan *plan = run->plan;
    if (plan->target.url) {
        return fit_limits(run, 1);
    }
    if (!fit_limits(run, 2)) {
        return false;
    }
    run->server = start_target(
        run->invocation, plan,
        plan->load.connections * plan_connections_a_caller(plan) +
            TARGET_CONNECTIONS_BESIDE,
        "driving", &run->errors);
    return run->server != NULL;
}

/* All that can be found out before a run is found out before it. */
static bool prepare(struct run *run)
{
    const char *output = run->invocation->output;
    if (!evidence_files_differ(run->invocation, run->plan->letters,
                               &run->errors)) {
        return false;
    }
    if (output && strcmp(output, "-") != 0 &&
        !document_can_write(output, &run->errors)) {
        return false;
    }
    if (!start_service(run)) {
        return false;
    }
    bool ok;
    run->evidence =
        evidence_new(run->invocation, run->plan, &ok, &run->errors);
    run->fleet = ok ? fleet_new(run->plan, &run->errors) : NULL;
    if (!run->fleet) {
        return false;
    }
    evidence_keep(run->evidence, run->fleet);
    return !run->plan->has_ledger ||
           ledger_probe(run->plan, &run->baseline,
                        interrupt_flag(run->interrupt), &run->errors);
}

static const char *phase_at(const struct plan *plan, struct duration at,
                            bool load_over)
{
    struct duration end = DURATION_ZERO;
    if (load_over) {
        return "drain";
    }
    if (at.ns < plan->load.warmup.ns) {
        return "warm-up";
    }
    for (size_t i = 0; i < plan->load.stage_count; i++) {
        end = duration_add(end, plan->load.stages[i].length);
        if (at.ns < end.ns) {
            return plan->load.stages[i].name;
        }
    }
    return plan->load.stage_count
               ? plan->load.stages[plan->load.stage_count - 1].name
               : "load";
}

/* Turns two snapshots about a second apart into the figures of the view. */
struct pace {
    struct instant at;
    uint64_t finished;
    double per_s;
};

static void show(const struct run *run, struct progress_view *view,
                 struct pace *pace, const struct fleet_snapshot *snapshot)
{
    const struct load_config *load = &run->plan->load;
    struct duration since = instant_since(snapshot->now, pace->at);
    if (since.ns >= NS_PER_S) {
        pace->per_s = (double)(snapshot->finished - pace->finished) /
                      duration_in_seconds(since);
        pace->at = snapshot->now;
        pace->finished = snapshot->finished;
    }
    struct duration elapsed =
        instant_since(snapshot->now, (struct instant){0});
    struct progress progress = {
        .phase = phase_at(run->plan, elapsed, snapshot->load_over),
        .elapsed = elapsed,
        .total = duration_add(load->warmup, load->duration),
        .operations_total = load->operations,
        .started = snapshot->started,
        .finished = snapshot->finished,
        .acked = snapshot->acked,
        .attempts = snapshot->attempts,
        .errors = snapshot->finished - snapshot->acked,
        .in_flight = snapshot->in_flight,
        .rate_per_s = pace->per_s,
        .p99_us = snapshot->p99_us,
        .amplification =
            snapshot->started
                ? (double)snapshot->on_wire / (double)snapshot->started
                : -1,
    };
    if (load->duration.ns == INT64_MAX) {
        progress.total = DURATION_FOREVER;
    }
    progress_show(view, clock_now(), &progress);
}

static void obey_interrupts(struct run *run, unsigned *obeyed)
{
    unsigned heard = interrupt_count(run->interrupt);
    while (*obeyed < heard) {
        ++*obeyed;
        fleet_stop(run->fleet);
        if (*obeyed == 1) {
            start_note(run->invocation,
                       "interrupted: awaiting what is in flight; once more "
                       "to give it up");
        }
    }
}

static bool drive(struct run *run)
{
    struct progress_view view = {
        .stream = stderr,
        .live = isatty(STDERR_FILENO),
        .color = invocation_color(run->invocation, stderr),
        .width = invocation_width(stderr),
        .last = clock_now(),
    };
    struct pace pace = {0};
    struct fleet_snapshot snapshot = {0};
    unsigned obeyed = 0;

    interrupt_measuring(run->interrupt);
    if (!fleet_start(run->fleet, &run->errors)) {
        return false;
    }
    while (!snapshot.ended) {
        interrupt_wait(run->interrupt, duration_ms(TICK_MS));
        obey_interrupts(run, &obeyed);
        fleet_snapshot(run->fleet, &snapshot);
        if (!run->invocation->quiet && !snapshot.ended) {
            show(run, &view, &pace, &snapshot);
        }
    }
    progress_end(&view);
    run->tally = fleet_join(run->fleet);
    return true;
}

/* A ledger that settles late is waited for, and that is told. */
static void tell_settling(void *user, const struct ledger_progress *progress)
{
    struct run *run = user;
    struct instant now = clock_now();
    if (instant_since(now, run->told).ns < SETTLING_TOLD_S * NS_PER_S) {
        return;
    }
    run->told = now;
    start_note(run->invocation,
               "the ledger still changes: reading %u, %llu effects of this "
               "run, %lld s left (ledger.timeout)",
               progress->readings, (unsigned long long)progress->own,
               (long long)(progress->left.ns / NS_PER_S));
}

/* What answers told; where there is no ledger, they are the oracle. */
static void hear_answers(struct run *run)
{
    size_t count;
    struct answers_log **logs = fleet_answers_logs(run->fleet, &count);

    answers_merge(logs, count, &run->effects.answers,
                  run->evidence ? evidence_hear : NULL, run->evidence);
    if (!run->plan->has_ledger) {
        answers_speak(logs, count, &run->effects);
    }
}

/* Joins operations and ledger. What cannot be read makes the effects
 * unverified, and the run's other figures are kept. */
static void reconcile(struct run *run)
{
    size_t count;
    struct errors errors = ERRORS_INIT;

    run->effects = (struct effects){.oracle = ORACLE_NONE};
    if (!run->plan->has_ledger) {
        return;
    }
    struct effects_log **logs = fleet_effects_logs(run->fleet, &count);
    struct effects_join *join = effects_join_new(logs, count);
    evidence_watch(run->evidence, join);
    struct ledger_options options = {
        .stop = interrupt_flag(run->interrupt),
        .tell = tell_settling,
        .user = run,
    };
    run->join = join;
    run->told = clock_now();
    /* What the first run did is not to be taken off. */
    if (!run->replay) {
        effects_join_use_baseline(join, &run->baseline);
    }
    if (ledger_tells_time(run->plan->ledger.tells)) {
        effects_join_use_times(join, fleet_origin_unix_ns(run->fleet));
    }
    if (run->replay) {
        replay_watch(run->replay, join);
    }
    interrupt_rearm(run->interrupt);
    if (ledger_read(run->plan, join, &options, &errors)) {
        effects_join_finish(join, &run->effects);
        if (run->effects.oracle == ORACLE_UNVERIFIED) {
            errors_add(&errors, ERROR_NO_LEDGER, "%s", run->effects.problem);
        }
    } else {
        run->effects.oracle = ORACLE_UNVERIFIED;
        snprintf(run->effects.problem, sizeof(run->effects.problem), "%.*s",
                 (int)sizeof(run->effects.problem) - 1, errors.list[0].text);
        utf8_mend(run->effects.problem);
    }
    errors_print(&errors, stderr);
}

/* What really ran of each stage, the warm-up's included. */
static struct duration *stage_lengths(struct run *run, struct duration ran)
{
    const struct load_config *load = &run->plan->load;
    struct duration *lengths =
        arena_array(&run->arena, load->stage_count, sizeof(*lengths));
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

static void compute(struct run *run)
{
    const struct plan *plan = run->plan;
    struct duration ran = fleet_load_time(run->fleet);
    const char **requests =
        arena_array(&run->arena, plan->request_count, sizeof(*requests));
    const char **stages =
        arena_array(&run->arena, plan->load.stage_count, sizeof(*stages));

    for (size_t i = 0; i < plan->request_count; i++) {
        requests[i] = plan->requests[i].config.name;
    }
    for (size_t i = 0; i < plan->load.stage_count; i++) {
        stages[i] = plan->load.stages[i].name;
    }
    struct result_input input = {
        .tally = run->tally,
        .request_count = plan->request_count,
        .stage_count = plan->load.stage_count,
        .request_names = requests,
        .stage_names = stages,
        .stage_lengths = stage_lengths(run, ran),
        .measured = {ran.ns > plan->load.warmup.ns
                         ? ran.ns - plan->load.warmup.ns
                         : 0},
        .effects = &run->effects,
        .open_model = plan->load.model == LOAD_OPEN,
        .is_replay = run->replay != NULL,
        .cpu_share = fleet_cpu_share(run->fleet),
        .complete = interrupt_count(run->interrupt) == 0,
        .slo_count = plan->slo_count,
        .slos = plan->slos,
    };
    result_compute(&run->result, &run->arena, &input);
}

static int exit_status(const struct result *result)
{
    switch (result->verdict) {
    case RUN_PASS:
        return 0;
    case RUN_FAIL:
        return 1;
    case RUN_INVALID:
        return 3;
    case RUN_INCOMPLETE:
        return 130;
    }
    return 3;
}

/* The file could not be written: what is shown instead says so. */
static void tell_failure(cJSON *document, const char *problem)
{
    cJSON *run = cJSON_GetObjectItemCaseSensitive(document, "run");
    cJSON *exit = cJSON_GetObjectItemCaseSensitive(run, "exit");

    cJSON_SetNumberValue(exit, 3);
    if (!cJSON_IsString(
            cJSON_GetObjectItemCaseSensitive(run, "problem"))) {
        cJSON_ReplaceItemInObjectCaseSensitive(run, "problem",
                                               cJSON_CreateString(problem));
    }
}

static bool write_results(struct run *run, cJSON *document)
{
    const struct invocation *invocation = run->invocation;
    bool to_stdout =
        invocation->json ||
        (invocation->output && strcmp(invocation->output, "-") == 0);
    bool ok = true;

    if (invocation->output && strcmp(invocation->output, "-") != 0) {
        size_t errors = run->errors.count;
        ok = document_write(document, invocation->output, &run->errors);
        if (!ok) {
            tell_failure(document, run->errors.list[errors].text);
        }
    }
    if (to_stdout) {
        return document_write(document, "-", &run->errors) && ok;
    }
    struct text_options text = {
        .color = invocation_color(invocation, stdout),
        .width = invocation_width(stdout),
    };
    text_render(document, &text, stdout);
    return ok;
}

/* Before the report, which says how all of it ended. */
static bool write_evidence(struct run *run)
{
    struct instant now = clock_now();
    int64_t since =
        instant_since(now, fleet_origin(run->fleet)).ns / NS_PER_US;
    return evidence_write(run->evidence, clock_unix_us() - since,
                          fleet_endings(run->fleet), &run->errors);
}

static int report(struct run *run)
{
    const struct plan *plan = run->plan;
    int status = exit_status(&run->result);
    const char *problem = run->effects.oracle == ORACLE_UNVERIFIED
                              ? run->effects.problem
                              : NULL;
    size_t errors = run->errors.count;
    if (!write_evidence(run)) {
        status = 3;
        problem = problem ? problem : run->errors.list[errors].text;
    }
    if (run->replay) {
        const struct letter_ending *endings = fleet_endings(run->fleet);
        replay_count(run->replay, endings,
                     run->effects.oracle == ORACLE_LEDGER);
        if (!replay_write(run->replay, endings, run->began_unix_ms,
                          &run->errors)) {
            status = 3;
            problem = problem ? problem : run->errors.list[errors].text;
        }
    }
    struct run_info info = {
        .id = run->id,
        .started_unix_ms = run->began_unix_ms,
        .duration = instant_since(clock_now(), run->began),
        .threads = plan->load.threads,
        .argc = run->invocation->argc,
        .argv = run->invocation->argv,
        .exit_status = status,
        .target_url = plan->target.url,
        .embedded_target = run->server != NULL,
        .libcurl = curl_version(),
        .problem = problem,
        .replayed = run->replay ? &run->replay->replayed : NULL,
        .letters = run->replay ? run->replay->letters->file : NULL,
    };
    cJSON *document = document_make(&run->result, plan, &info);
    if (!write_results(run, document)) {
        status = 3;
    }
    cJSON_Delete(document);
    return status;
}

static void release(struct run *run)
{
    effects_join_free(run->join);
    baseline_release(&run->baseline);
    if (run->fleet) {
        fleet_free(run->fleet);
    }
    evidence_free(run->evidence);
    if (run->server) {
        server_stop(run->server);
    }
    if (run->plan) {
        plan_free(run->plan);
    }
    if (run->interrupt) {
        interrupt_end(run->interrupt);
    }
    arena_release(&run->arena);
}

int command_run(const struct invocation *invocation)
{
    return run_invocation(invocation, NULL);
}

int run_invocation(const struct invocation *invocation, struct replay *replay)
{
    struct run run = {.invocation = invocation,
                      .replay = replay,
                      .began = clock_now(),
                      .began_unix_ms = clock_unix_ms()};
    int status = 0;

    curl_global_init(CURL_GLOBAL_ALL);
    /* Before any thread is made: they inherit the blocked signals. */
    run.interrupt = interrupt_begin(&run.errors);
    if (run.interrupt && read_plan(&run) && prepare(&run) && drive(&run)) {
        reconcile(&run);
        hear_answers(&run);
        compute(&run);
        status = report(&run);
    }
    if (run.errors.count > 0) {
        errors_print(&run.errors, stderr);
        if (status == 0 || !run.tally) {
            status = errors_exit_status(&run.errors);
        }
        if (!run.tally && run.interrupt &&
            interrupt_count(run.interrupt) > 0) {
            status = 130;
        }
    }
    release(&run);
    curl_global_cleanup();
    return status;
}
