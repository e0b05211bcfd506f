/*
 * squall audit: does a service keep what idempotency keys promise?
 *
 * Without a URL it audits the embedded target, and knows all that there is to
 * know about it: its ledger, its second endpoint, how to make it fail.
 */
#include "audit/audit.h"
#include "audit/document.h"
#include "base/must.h"
#include "base/units.h"
#include "cli/invocation.h"
#include "cli/interrupt.h"
#include "cli/start.h"
#include "plan/address.h"
#include "report/github.h"
#include "run/embedded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_CONNECTIONS = 128 };

/* What the embedded target offers. */
static const char *const own_faults[] = {"X-Fault: before-once",
                                         "X-Fault: after-once"};
static const char own_rejected[] =
    "{\"order\": \"{{op.id}}\", \"amount\": -1}";

struct auditing {
    const struct invocation *invocation;
    struct errors errors;
    struct plan *plan;
    struct server *server;
    struct interrupt *interrupt;
    bool has_result;
    struct audit_options options;
    struct outputs outputs;
    struct audit_result result;
};

/* Keys are what this is about: the plan has some, whatever profiles say. What
 * the command line sets comes later and wins. */
static struct plan *plan_with(struct auditing *auditing, uint64_t run,
                              const char *const *own, size_t own_count)
{
    struct plan_input input = auditing->invocation->input;
    const char **sets = calloc(input.set_count + own_count, sizeof(*sets));

    must(sets);
    for (size_t i = 0; i < own_count + input.set_count; i++) {
        sets[i] = i < own_count ? own[i] : input.sets[i - own_count];
    }
    input.sets = sets;
    input.set_count += own_count;
    input.run = run;
    if (!input.has_seed) {
        input.has_seed = true;
        input.seed = run >> 32;
    }
    struct plan *plan = plan_read(&input, &auditing->errors);
    free(sets);
    return plan;
}

/* A profile may name the URL; where nobody does, it is read again with what
 * the embedded target can do. */
static bool read_plan(struct auditing *auditing)
{
    static const char *const own[] = {
        "idempotency.scope=operation", "ledger.url=/ledger",
        "ledger.settle=20ms", "service.fault_header=X-Fault"};
    uint64_t run = start_number();

    auditing->plan = plan_with(auditing, run, own, 1);
    if (auditing->plan && !auditing->plan->target.url) {
        plan_free(auditing->plan);
        auditing->plan = plan_with(auditing, run, own, array_length(own));
    }
    return auditing->plan != NULL;
}

static bool refuse(struct auditing *auditing, const char *option,
                   const char *value, const char *wanted)
{
    struct error *error =
        errors_add(&auditing->errors, ERROR_USAGE, "%s: \"%s\" is not %s",
                   option, value, wanted);
    error_hint(error, "squall audit --help lists the options");
    return false;
}

static bool is_header(const char *line)
{
    const char *colon = strchr(line, ':');
    return colon && colon > line && !line[strcspn(line, "\r\n")];
}

static bool read_options(struct auditing *auditing)
{
    const struct invocation *invocation = auditing->invocation;
    struct audit_options *options = &auditing->options;
    const char *problem;
    char hint[64];
    bool good = true;

    options->second_path = invocation->second_path;
    options->second_credentials = invocation->second_credentials;
    options->rejected_body = invocation->rejected_body;
    options->patient = invocation->patient;
    options->require_key = invocation->require_key;
    options->fail_header_count = invocation->fail_headers.count;
    options->fail_headers = invocation->fail_headers.items;
    if (invocation->convention &&
        !audit_convention_find(invocation->convention, &options->convention)) {
        good = refuse(auditing, "--convention", invocation->convention,
                      "ietf, stripe, reject-duplicate or attach");
    }
    if (invocation->window &&
        (!units_parse_duration(invocation->window, &options->window,
                               &problem) ||
         options->window.ns <= 0)) {
        good = refuse(auditing, "--window", invocation->window,
                      "a time, such as 24h");
    }
    if (invocation->limit &&
        (!units_parse_duration(invocation->limit, &options->limit, &problem) ||
         options->limit.ns <= 0)) {
        good = refuse(auditing, "--limit", invocation->limit,
                      "a time, such as 10m");
    }
    if (options->second_path &&
        (options->second_path[0] != '/' ||
         address_path_problem(options->second_path, hint, sizeof(hint)))) {
        good = refuse(auditing, "--second-path", options->second_path,
                      "a path, such as /refunds");
    }
    if (options->second_credentials &&
        !is_header(options->second_credentials)) {
        good = refuse(auditing, "--second-credentials",
                      options->second_credentials,
                      "a header, such as \"Authorization: Bearer ...\"");
    }
    for (size_t i = 0; i < options->fail_header_count; i++) {
        if (!is_header(options->fail_headers[i])) {
            good = refuse(auditing, "--fail-header", options->fail_headers[i],
                          "a header, such as \"X-Fault: after-once\"");
        }
    }
    return good;
}

static bool start_service(struct auditing *auditing)
{
    struct plan *plan = auditing->plan;
    struct audit_options *options = &auditing->options;
    if (plan->target.url) {
        return true;
    }
    auditing->server =
        embedded_start(plan, TARGET_CONNECTIONS, &auditing->errors);
    if (!auditing->server) {
        return false;
    }
    start_note(auditing->invocation,
               "no URL given: auditing the embedded target at %s",
               plan->target.url);
    if (!options->second_path) {
        options->second_path = "/refunds";
    }
    if (!options->second_credentials) {
        options->second_credentials = "Authorization: Bearer second";
    }
    if (!options->rejected_body) {
        options->rejected_body = own_rejected;
    }
    if (options->fail_header_count == 0) {
        options->fail_header_count = array_length(own_faults);
        options->fail_headers = own_faults;
    }
    return true;
}

/* What can be found out before is found out before. */
static bool prepare(struct auditing *auditing)
{
    const struct invocation *invocation = auditing->invocation;
    return read_options(auditing) && read_plan(auditing) &&
           start_outputs(invocation, NULL, &auditing->outputs,
                         &auditing->errors) &&
           outputs_check(&auditing->outputs, &auditing->errors) &&
           start_service(auditing);
}

static void show(struct auditing *auditing)
{
    cJSON *document = audit_document(&auditing->result);

    (void)outputs_write(&auditing->outputs, document, NULL, &auditing->errors);
    github_annotate(document);
    cJSON_Delete(document);
}

/* An interruption may come before there is anything to report. */
static int status_of(const struct auditing *auditing)
{
    bool is_interrupted =
        auditing->interrupt &&
        atomic_load(interrupt_stops(auditing->interrupt)) > 0;

    if (!auditing->has_result && is_interrupted) {
        return 130;
    }
    if (auditing->errors.count > 0) {
        return errors_exit_status(&auditing->errors);
    }
    if (auditing->result.interrupted) {
        return 130;
    }
    if (auditing->result.counts[AUDIT_FAIL] > 0) {
        return 1;
    }
    /* It never worked: nothing was audited. */
    return auditing->result.stopped ||
                   auditing->result.checks[AUDIT_IK01].finding.verdict ==
                       AUDIT_SKIPPED
               ? 3
               : 0;
}

static void release(struct auditing *auditing)
{
    audit_release(&auditing->result);
    if (auditing->server) {
        server_stop(auditing->server);
    }
    if (auditing->plan) {
        plan_free(auditing->plan);
    }
    if (auditing->interrupt) {
        interrupt_end(auditing->interrupt);
    }
}

int command_audit(const struct invocation *invocation)
{
    struct auditing auditing = {.invocation = invocation};

    auditing.interrupt = interrupt_begin(&auditing.errors);
    if (auditing.interrupt && prepare(&auditing) &&
        audit_run(auditing.plan, &auditing.options,
                  interrupt_flag(auditing.interrupt), &auditing.result,
                  &auditing.errors)) {
        auditing.has_result = true;
        show(&auditing);
    }
    int status = status_of(&auditing);
    errors_print(&auditing.errors, stderr);
    release(&auditing);
    return status;
}
