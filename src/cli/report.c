/* squall report: shows a saved report again, in any form, or one member of it;
 * prints the schema of reports, and the trace of one operation. */
#include "cli/invocation.h"

#include "base/gunzip.h"
#include "base/json.h"
#include "base/json_print.h"
#include "base/must.h"
#include "cli/start.h"
#include "report/diff.h"
#include "report/lookup.h"
#include "report/merge.h"
#include "report/schema.h"
#include "report/trace.h"
#include "report/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Reads the report, which is JSON as any other. */
static cJSON *read_report(const char *path, struct errors *errors)
{
    struct json_source source = {0};
    cJSON *report = NULL;

    if (json_source_read(&source, path, errors)) {
        report = json_parse(&source, errors);
    }
    if (report && !document_kind_is_read(report, errors)) {
        struct error *error = &errors->list[errors->count - 1];
        snprintf(error->file, sizeof(error->file), "%s", path);
        cJSON_Delete(report);
        report = NULL;
    }
    json_source_release(&source);
    return report;
}

/* Whether a file is one of events; a pipe is not read to find out. */
static bool is_events(const char *path)
{
    char start[64] = "";
    struct stat status;
    FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode)
                     ? gunzip_open(path)
                     : NULL;

    if (file) {
        start[fread(start, 1, sizeof(start) - 1, file)] = '\0';
        fclose(file);
    }
    return strstr(start, "squall.events/") != NULL;
}

/* How many of the words are files of events: the first is to be one. */
static size_t count_events(const struct words *words)
{
    size_t count = 1;
    while (count < words->count && is_events(words->items[count])) {
        count++;
    }
    return count;
}

static cJSON *read_trace(const char *events, const char *report_path,
                         const char *operation, struct errors *errors)
{
    FILE *stream = gunzip_open(events);
    cJSON *trace = NULL;

    if (!stream) {
        struct error *error =
            errors_add(errors, ERROR_NO_FILE, "%s", gunzip_problem(errno));
        snprintf(error->file, sizeof(error->file), "%s", events);
        return NULL;
    }
    trace = trace_read(stream, events, operation, errors);
    fclose(stream);
    cJSON *report =
        trace && report_path ? read_report(report_path, errors) : NULL;
    if (trace && (errors->count > 0 ||
                  !trace_add_effects(trace, report, report_path, errors))) {
        cJSON_Delete(trace);
        trace = NULL;
    }
    cJSON_Delete(report);
    return trace;
}

static void show_trace(const struct invocation *invocation, const cJSON *trace)
{
    if (invocation->json) {
        json_print_to(stdout, trace, invocation->compact);
    } else {
        struct text_options options = {
            .color = invocation_color(invocation, stdout),
            .width = invocation_width(stdout),
        };
        trace_render(trace, &options, stdout);
    }
}

/* A run and its replays each have a part of the trace; none need have all of
 * it. */
static void print_traces(const struct invocation *invocation,
                         struct errors *errors)
{
    const struct words *words = &invocation->words;
    size_t count = count_events(words);
    size_t shown = 0;

    for (size_t i = 0; i < count; i++) {
        struct errors own = ERRORS_INIT;
        cJSON *trace = read_trace(
            words->items[i], count < words->count ? words->items[count] : NULL,
            invocation->operation, &own);
        if (trace) {
            fputs(shown > 0 && !invocation->json ? "\n" : "", stdout);
            show_trace(invocation, trace);
            shown++;
        } else if (shown == 0 && i + 1 == count) {
            *errors = own;
        }
        cJSON_Delete(trace);
    }
}

/* At most one report, and that of the only file of events. */
static bool wants_trace(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    size_t events = words->count > 0 ? count_events(words) : 0;

    return invocation->operation && words->count > 0 &&
           (events == words->count || (events == 1 && words->count == 2));
}

/* A saved report in other forms. */
static void convert(const struct invocation *invocation, struct errors *errors)
{
    const char *path = invocation->words.items[0];
    struct outputs outputs;

    if (!start_outputs(invocation, path, &outputs, errors) ||
        !outputs_check(&outputs, errors)) {
        return;
    }
    cJSON *document = read_report(path, errors);
    if (document && outputs_take(&outputs, document, errors)) {
        (void)outputs_write(&outputs, document, NULL, errors);
    }
    cJSON_Delete(document);
}

/* A text as it is, so that a shell has no quotes to strip. */
static void print_member(const struct invocation *invocation,
                         struct errors *errors)
{
    cJSON *document = read_report(invocation->words.items[0], errors);
    const cJSON *member =
        document ? lookup(document, invocation->get, errors) : NULL;

    if (member && cJSON_IsString(member) && !invocation->json) {
        printf("%s\n", member->valuestring);
    } else if (member) {
        json_print_to(stdout, member, invocation->compact);
    }
    cJSON_Delete(document);
}

/* Reads the reports that words name from `first` on; an error of reading or
 * of a newer form leaves out the rest. The caller deletes the documents. */
static size_t read_reports(const struct words *words, size_t first,
                           struct merge_input *inputs, struct errors *errors)
{
    size_t count = 0;

    for (size_t i = first; i < words->count; i++) {
        cJSON *document = read_report(words->items[i], errors);
        if (!document) {
            break;
        }
        inputs[count++] = (struct merge_input){words->items[i], document};
    }
    return count;
}

typedef cJSON *make_of_reports(const struct merge_input *inputs, size_t count,
                               const struct invocation *invocation,
                               struct errors *errors);

static cJSON *merge(const struct merge_input *inputs, size_t count,
                    const struct invocation *invocation, struct errors *errors)
{
    return merge_reports(inputs, count, invocation->argc, invocation->argv,
                         errors);
}

static cJSON *diff(const struct merge_input *inputs, size_t count,
                   const struct invocation *invocation, struct errors *errors)
{
    must(count == 2);
    return diff_reports(inputs, invocation->argc, invocation->argv, errors);
}

/* Makes one document of the reports behind the first word, and its outputs. */
static void make_one(const struct invocation *invocation,
                     make_of_reports *make, struct errors *errors)
{
    size_t wanted = invocation->words.count - 1;
    struct merge_input *inputs = calloc(wanted, sizeof(*inputs));
    struct outputs outputs;

    must(inputs);
    if (start_outputs(invocation, NULL, &outputs, errors) &&
        outputs_check(&outputs, errors)) {
        size_t count = read_reports(&invocation->words, 1, inputs, errors);
        cJSON *document =
            count == wanted ? make(inputs, count, invocation, errors) : NULL;
        if (document && outputs_take(&outputs, document, errors)) {
            (void)outputs_write(&outputs, document, NULL, errors);
        }
        cJSON_Delete(document);
        for (size_t i = 0; i < count; i++) {
            cJSON_Delete((cJSON *)inputs[i].document);
        }
    }
    free(inputs);
}

static void merge_or_diff(const struct invocation *invocation,
                          struct errors *errors)
{
    const struct words *words = &invocation->words;
    size_t count = words->count - 1;
    bool is_merge = strcmp(words->items[0], "merge") == 0;

    if (is_merge ? count >= 2 && count <= MERGE_REPORTS_MAX : count == 2) {
        make_one(invocation, is_merge ? merge : diff, errors);
        return;
    }
    struct error *error =
        is_merge
            ? errors_add(errors, ERROR_USAGE,
                         "merge takes from 2 to %d reports", MERGE_REPORTS_MAX)
            : errors_add(errors, ERROR_USAGE, "diff takes two reports");
    error_hint(error, "squall report %s REPORT REPORT%s", words->items[0],
               is_merge ? "..." : "");
}

/* Each file with what is wrong in it; the first fault gives the status. */
static int validate(const struct words *files)
{
    int status = 0;

    for (size_t i = 1; i < files->count; i++) {
        const char *path = files->items[i];
        struct errors errors = ERRORS_INIT;
        cJSON *document = read_report(path, &errors);
        if (document && report_validate(document, &errors)) {
            printf("%s: %s, valid\n", path,
                   document_kind_words(document_kind_of(document)));
        }
        for (size_t e = 0; e < errors.count; e++) {
            snprintf(errors.list[e].file, sizeof(errors.list[e].file), "%s",
                     path);
        }
        errors_print(&errors, stderr);
        status = status ? status : errors_exit_status(&errors);
        cJSON_Delete(document);
    }
    return status;
}

static void print_schema(enum document_kind kind)
{
    cJSON *schema = report_schema_make(kind);
    json_print_to(stdout, schema, false);
    cJSON_Delete(schema);
}

/* "schema", of runs, or "schema compare". */
static bool wants_schema(const struct words *words, enum document_kind *kind)
{
    if (words->count == 0 || words->count > 2 ||
        strcmp(words->items[0], "schema") != 0) {
        return false;
    }
    *kind =
        document_kind_named(words->count == 2 ? words->items[1] : "report");
    cJSON *schema = report_schema_make(*kind);
    cJSON_Delete(schema);
    return schema != NULL;
}

int command_report(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct errors errors = ERRORS_INIT;
    enum document_kind kind;

    if (wants_trace(invocation)) {
        print_traces(invocation, &errors);
    } else if (wants_schema(words, &kind)) {
        print_schema(kind);
    } else if (words->count > 1 && strcmp(words->items[0], "validate") == 0) {
        return validate(words);
    } else if (words->count > 1 && (strcmp(words->items[0], "merge") == 0 ||
                                    strcmp(words->items[0], "diff") == 0)) {
        merge_or_diff(invocation, &errors);
    } else if (invocation->operation || words->count != 1) {
        struct error *error = errors_add(&errors, ERROR_USAGE,
                                         "say what to print about reports");
        error_hint(error, "squall report REPORT, squall report merge "
                          "REPORT..., squall report diff REPORT REPORT, "
                          "squall report validate REPORT..., squall report "
                          "schema [compare|knockout|capacity|tip|diff], or "
                          "squall report --operation KEY EVENTS... [REPORT]");
    } else if (invocation->get) {
        print_member(invocation, &errors);
    } else {
        convert(invocation, &errors);
    }
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
