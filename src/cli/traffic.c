#include "cli/traffic.h"

#include "base/must.h"
#include "cli/foresee.h"
#include "cli/interrupt.h"
#include "cli/start.h"
#include "cli/view.h"
#include "plan/dead_letters.h"
#include "publish/publisher.h"
#include "report/github.h"
#include "run/run.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Who watches the run. */
struct watcher {
    const struct invocation *invocation;
    struct interrupt *interrupt;
    struct view view;
    struct publisher *publisher; /* NULL: nothing is published */
    bool is_to_publish;          /* the figures that come next */
};

static void on_phase(void *context, enum run_phase phase)
{
    struct watcher *watcher = context;

    switch (phase) {
    case PHASE_LOAD:
        interrupt_measuring(watcher->interrupt);
        view_start(&watcher->view);
        return;
    case PHASE_RECONCILE:
        view_end(&watcher->view);
        if (watcher->publisher) {
            publisher_settle(watcher->publisher);
        }
        interrupt_rearm(watcher->interrupt);
        return;
    case PHASE_REPORT:
        return;
    }
}

static void on_note(void *context, const char *text)
{
    struct watcher *watcher = context;
    view_note(&watcher->view, text);
}

/* It was asked for, whatever else is to be quiet. */
static void on_exchange(void *context, const char *text)
{
    (void)context;
    fputs(text, stderr);
}

static void on_progress(void *context, const struct progress *progress)
{
    struct watcher *watcher = context;
    view_take_progress(&watcher->view, progress);
}

static bool has_figures(const struct watcher *watcher)
{
    return watcher->publisher || view_has_figures(&watcher->view);
}

/* The run sees to it that a view does not get them too often. */
static bool on_wants_figures(void *context)
{
    struct watcher *watcher = context;
    watcher->is_to_publish =
        watcher->publisher && publisher_wants(watcher->publisher);
    return watcher->is_to_publish || view_has_figures(&watcher->view);
}

static const char *on_figures(void *context, const struct run_so_far *now)
{
    struct watcher *watcher = context;

    if (view_has_figures(&watcher->view)) {
        view_take_figures(&watcher->view, now->result);
    }
    if (watcher->is_to_publish) {
        publisher_take(watcher->publisher, run_document_so_far(now),
                       now->for_writers.began_unix_ms);
    }
    return NULL;
}

static void wait_for_signal(void *context, struct duration most)
{
    const struct watcher *watcher = context;
    interrupt_wait(watcher->interrupt, most);
}

/* Where the journal is kept: beside the file that is made of it, if it is
 * one; NULL: nothing is. The caller frees. */
static char *journal_folder(const char *path)
{
    struct stat status;
    if (!path || (stat(path, &status) == 0 && !S_ISREG(status.st_mode))) {
        const char *folder = getenv("TMPDIR");
        return strdup(folder && folder[0] ? folder : "/tmp");
    }
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path))
                 : strdup(".");
}

static struct run *make_run(struct watcher *watcher, struct plan *plan,
                            const struct outputs *outputs,
                            struct errors *errors)
{
    const struct invocation *invocation = watcher->invocation;
    const struct output *output =
        outputs_with_journal(outputs, dead_letters_of(plan) != NULL);
    bool has_journal = output || invocation->otlp;
    char *journal =
        has_journal ? journal_folder(output ? output->path : NULL) : NULL;
    struct run_options options = {
        .observer = {.context = watcher,
                     .phase = on_phase,
                     .note = on_note,
                     .exchange = on_exchange,
                     .progress = view_has_progress(&watcher->view)
                                     ? on_progress
                                     : NULL,
                     .wait = wait_for_signal},
        .stops = interrupt_stops(watcher->interrupt),
        .give_up = interrupt_flag(watcher->interrupt),
        .journal = journal,
        .warns_of_invalid = invocation->warns_of_invalid,
        .argc = invocation->argc,
        .argv = invocation->argv,
        .libcurl = curl_version(),
    };

    must(!has_journal || journal);
    if (has_figures(watcher)) {
        options.observer.wants_figures = on_wants_figures;
        options.observer.figures = on_figures;
    }
    struct run *run = run_make(plan, &options, errors);
    view_end(&watcher->view); /* where it did not come to its end */
    free(journal);
    return run;
}

/* Why a run is not good, in a line; `problem` is what its document says. */
static void print_reason(const struct result *result, const char *problem)
{
    size_t missed = 0, undecided = 0;

    for (size_t i = 0; i < result->slo_count; i++) {
        missed += !result->judgements[i].pass;
        undecided += result->judgements[i].word == SLO_INVALID;
    }
    missed -= undecided;
    if (problem) {
        fprintf(stderr, "%s\n", problem);
    } else if (result->verdict == RUN_FAIL) {
        fprintf(stderr, "%zu of %zu SLOs missed\n", missed, result->slo_count);
    } else if (result->verdict == RUN_INVALID) {
        fprintf(stderr,
                "%zu of %zu SLOs cannot be judged: squall's own lateness "
                "decides them; the report's warnings say what made it late\n",
                undecided, result->slo_count);
    } else {
        fputs("the run was interrupted\n", stderr);
    }
}

/* Whoever does not see the text is warned of a run that is not good. */
static void report_failure(const struct outputs *outputs,
                           const struct run *run, const cJSON *about)
{
    const struct output *shown = outputs_on_stdout(outputs);
    const struct result *result = run_result(run);
    bool is_good = result->verdict == RUN_DONE || result->verdict == RUN_PASS;

    if (is_good || (shown && shown->writer->id == WRITER_text)) {
        return;
    }
    fprintf(stderr, "squall: %s: ", run_verdict_name(result->verdict));
    print_reason(result, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                             about, "problem")));
}

/* The exit status is the one that the report states. */
static int write_outputs(const struct outputs *outputs, const struct run *run)
{
    struct errors errors = ERRORS_INIT;
    cJSON *document = run_document(run);

    (void)outputs_write(outputs, document, run_for_writers(run), &errors);
    github_annotate(document);
    errors_print(&errors, stderr);
    const cJSON *about = cJSON_GetObjectItemCaseSensitive(document, "run");
    report_failure(outputs, run, about);
    return cJSON_GetObjectItemCaseSensitive(about, "exit")->valueint;
}

/* A service that wants JSON would refuse all of them. */
static void note_bodies(const struct invocation *invocation,
                        const struct plan *plan)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        if (request->seems_json) {
            start_note(invocation,
                       "the body of request \"%s\" begins as JSON does and is "
                       "not JSON, so it is sent as text/plain; a header "
                       "Content-Type says otherwise",
                       request->config.name);
        }
    }
}

/* What is asked to be published; true where that is nothing. */
static bool start_publishing(struct watcher *watcher, struct errors *errors)
{
    const struct invocation *invocation = watcher->invocation;
    struct publisher_options options = {
        .listen = invocation->publish,
        .otlp = invocation->otlp,
        .header_count = invocation->otlp_headers.count,
        .headers = invocation->otlp_headers.items,
        .context = watcher,
        .note = on_note,
    };

    if (!options.listen && !options.otlp) {
        if (options.header_count > 0) {
            errors_add(errors, ERROR_USAGE, "--otlp-header is one of --otlp");
        }
        return options.header_count == 0;
    }
    watcher->publisher = publisher_start(&options, errors);
    const char *url =
        watcher->publisher ? publisher_url(watcher->publisher) : NULL;
    if (url) {
        start_note(invocation, "figures at %s (/metrics, /report.json)", url);
    }
    if (url && !publisher_is_loopback(watcher->publisher)) {
        start_note(invocation, "warning: whoever can reach that address can "
                               "read the figures and the profile");
    }
    return watcher->publisher;
}

static int watch_run(struct watcher *watcher, const struct plan_input *input,
                     const struct outputs *outputs)
{
    struct errors errors = ERRORS_INIT;
    struct plan *plan = plan_read(input, &errors);
    bool ok = outputs_check(outputs, &errors) && plan;
    if (ok) {
        note_bodies(watcher->invocation, plan);
        ok = foresee(watcher->invocation, plan, &errors);
    }
    if (ok) {
        view_begin(&watcher->view, watcher->invocation, plan);
    }
    ok = ok && start_publishing(watcher, &errors);
    struct run *run = ok ? make_run(watcher, plan, outputs, &errors) : NULL;
    int status = errors_exit_status(&errors);

    errors_print(&errors, stderr);
    if (run) {
        status = write_outputs(outputs, run);
        if (watcher->publisher) {
            publisher_conclude(
                watcher->publisher, run_document(run), run_for_writers(run),
                watcher->invocation->sample && outputs->per_second == 0
                    ? outputs->sample
                    : PUBLISHER_SAMPLE);
        }
        run_free(run);
    } else if (atomic_load(interrupt_stops(watcher->interrupt)) > 0) {
        status = 130;
    }
    publisher_free(watcher->publisher);
    if (plan) {
        plan_free(plan);
    }
    return status;
}

int traffic_run(const struct invocation *invocation,
                const struct plan_input *input, const struct outputs *outputs)
{
    struct errors errors = ERRORS_INIT;
    struct watcher watcher = {
        .invocation = invocation,
        /* Before any thread is made: they inherit the blocked signals. */
        .interrupt = interrupt_begin(&errors),
    };

    if (!watcher.interrupt) {
        errors_print(&errors, stderr);
        return errors_exit_status(&errors);
    }
    int status = watch_run(&watcher, input, outputs);
    interrupt_end(watcher.interrupt);
    return status;
}
