#include "cli/compare_saved.h"

#include "base/json.h"
#include "base/must.h"
#include "cli/start.h"
#include "engine/clock.h"
#include "report/document_kind.h"
#include "run/experiment_document.h"
#include "run/experiment_saved.h"

#include <curl/curl.h>
#include <string.h>

struct saved {
    const struct invocation *invocation;
    struct errors errors;
    struct arena arena;
    struct outputs outputs;
    struct experiment_options options;
    struct paired_variant variants[PAIRED_VARIANTS_MAX];
    cJSON *reports[PAIRED_VARIANTS_MAX];
};

/* NULL after adding an error. */
static cJSON *read_document(const char *path, struct errors *errors)
{
    struct json_source source = {0};
    cJSON *document = NULL;

    if (json_source_read(&source, path, errors)) {
        document = json_parse(&source, errors);
    }
    json_source_release(&source);
    return document;
}

bool compare_saved_is_meant(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct errors nobody_sees = ERRORS_INIT;
    cJSON *document = words->count > 0 && strstr(words->items[0], ".json")
                          ? read_document(words->items[0], &nobody_sees)
                          : NULL;
    bool is_report = document && document_kind_of(document) == DOCUMENT_RUN;

    cJSON_Delete(document);
    return is_report;
}

static void refuse(struct saved *saved, const char *path, const char *problem,
                   const char *hint)
{
    struct error *error =
        errors_add(&saved->errors, ERROR_USAGE, "%s: %s", path, problem);
    error_hint(error, "%s", hint);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Its file, without the folder where that is enough. */
static const char *name_of(const struct words *words, size_t index)
{
    const char *name = last_part(words->items[index]);

    for (size_t i = 0; i < words->count; i++) {
        if (i != index && strcmp(last_part(words->items[i]), name) == 0) {
            return words->items[index];
        }
    }
    return name;
}

static bool read_reports(struct saved *saved)
{
    const struct words *words = &saved->invocation->words;

    if (words->count < 2 || words->count > PAIRED_VARIANTS_MAX) {
        refuse(saved, words->items[0], "reports are compared with each other",
               "name from 2 to 32 reports");
        return false;
    }
    for (size_t i = 0; i < words->count; i++) {
        const char *path = words->items[i];
        saved->variants[i].name = name_of(words, i);
        saved->options.paired.variant_count++;
        saved->reports[i] = read_document(path, &saved->errors);
        if (saved->reports[i] &&
            document_kind_of(saved->reports[i]) != DOCUMENT_RUN) {
            refuse(saved, path, "it is not the report of a run",
                   "compare reports, or policies, but not both");
        }
    }
    return saved->errors.count == 0;
}

/* Of one run each nothing can be found, and nothing is run. */
static bool asks_for_no_run(struct saved *saved)
{
    const struct invocation *invocation = saved->invocation;
    const struct plan_input *input = &invocation->input;
    const struct {
        bool is_given;
        const char *option;
    } options[] = {
        {invocation->fail_if.count > 0, "--fail-if"},
        {invocation->fail_unless.count > 0, "--fail-unless"},
        {invocation->all, "--all"},
        {invocation->variants.count > 0, "--variant"},
        {invocation->rounds != NULL, "--rounds"},
        {invocation->budget != NULL, "--budget"},
        {invocation->judge != NULL, "--judge"},
        {invocation->reset != NULL, "--reset"},
        {input->profile_count > 0, "-p"},
        {input->set_count > 0, "--set, and options of a run"},
    };
    size_t before = saved->errors.count;

    for (size_t i = 0; i < array_length(options); i++) {
        if (options[i].is_given) {
            refuse(saved, options[i].option,
                   "saved reports are of runs that have been made, one each",
                   "compare the policies themselves: squall compare A B");
        }
    }
    return saved->errors.count == before;
}

static bool find_baseline(struct saved *saved)
{
    const char *name = saved->invocation->baseline;

    for (size_t i = 0; name && i < saved->options.paired.variant_count; i++) {
        if (strcmp(saved->variants[i].name, name) == 0 ||
            strcmp(saved->invocation->words.items[i], name) == 0) {
            saved->options.paired.baseline = i;
            return true;
        }
    }
    if (name) {
        refuse(saved, "--baseline", "it is none of the reports",
               "write it as the report was written");
    }
    return !name;
}

static int show(struct saved *saved)
{
    struct experiment experiment;
    struct saved_remarks remarks;

    experiment_of_reports(&experiment, &saved->arena, &saved->options,
                          (const cJSON *const *)saved->reports, &remarks);
    struct experiment_info info = {
        .started_unix_ms = clock_unix_ms(),
        .argc = saved->invocation->argc,
        .argv = saved->invocation->argv,
        .libcurl = curl_version(),
        .saved = &remarks,
    };
    cJSON *document = experiment_document(&experiment, &saved->options, &info);
    bool ok = outputs_write(&saved->outputs, document, NULL, &saved->errors);
    cJSON_Delete(document);
    saved_remarks_release(&remarks);
    return ok ? 0 : errors_exit_status(&saved->errors);
}

int compare_saved(const struct invocation *invocation)
{
    struct saved saved = {.invocation = invocation, .arena = ARENA_INIT};

    saved.options.paired.variants = saved.variants;
    saved.options.looks.fixed = 1;
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        saved.options.is_judged[i] =
            compared_measure((enum compared)i)->by_default !=
            COMPARED_DESCRIBED;
    }
    int status = asks_for_no_run(&saved) && read_reports(&saved) &&
                         find_baseline(&saved) &&
                         start_outputs(invocation, NULL, &saved.outputs,
                                       &saved.errors) &&
                         outputs_check(&saved.outputs, &saved.errors)
                     ? show(&saved)
                     : errors_exit_status(&saved.errors);
    errors_print(&saved.errors, stderr);
    for (size_t i = 0; i < PAIRED_VARIANTS_MAX; i++) {
        cJSON_Delete(saved.reports[i]);
    }
    arena_release(&saved.arena);
    return status;
}
