/* squall report: tells the form of reports, and the story of one operation. */
#include "cli/command.h"

#include "base/json.h"
#include "report/schema.h"
#include "report/story.h"

#include <errno.h>
#include <stdio.h>
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
    json_source_release(&source);
    return report;
}

/* Whether a file is one of events; pipes are not looked into. */
static bool is_events(const char *path)
{
    char start[64] = "";
    struct stat status;
    FILE *file = stat(path, &status) == 0 && S_ISREG(status.st_mode)
                     ? fopen(path, "rb")
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

static cJSON *read_story(const char *events, const char *report_path,
                         const char *operation, struct errors *errors)
{
    FILE *stream = fopen(events, "rb");
    cJSON *story = NULL;

    if (!stream) {
        struct error *error =
            errors_add(errors, ERROR_NO_FILE, "%s", strerror(errno));
        snprintf(error->file, sizeof(error->file), "%s", events);
        return NULL;
    }
    story = story_read(stream, events, operation, errors);
    fclose(stream);
    cJSON *report =
        story && report_path ? read_report(report_path, errors) : NULL;
    if (story && (errors->count > 0 ||
                  !story_add_effects(story, report, report_path, errors))) {
        cJSON_Delete(story);
        story = NULL;
    }
    cJSON_Delete(report);
    return story;
}

static void show_story(const struct invocation *invocation,
                       const cJSON *story)
{
    if (invocation->json) {
        char *text = cJSON_Print(story);
        puts(text ? text : "");
        cJSON_free(text);
    } else {
        struct text_options options = {
            .color = invocation_color(invocation, stdout),
            .width = invocation_width(stdout),
        };
        story_render(story, &options, stdout);
    }
}

/* A run and its replays tell one story, each of them a part; none need have
 * all of it. */
static void tell_story(const struct invocation *invocation,
                       struct errors *errors)
{
    const struct words *words = &invocation->words;
    size_t count = count_events(words);
    size_t told = 0;

    for (size_t i = 0; i < count; i++) {
        struct errors own = ERRORS_INIT;
        cJSON *story = read_story(
            words->items[i], count < words->count ? words->items[count] : NULL,
            invocation->operation, &own);
        if (story) {
            fputs(told > 0 && !invocation->json ? "\n" : "", stdout);
            show_story(invocation, story);
            told++;
        } else if (told == 0 && i + 1 == count) {
            *errors = own;
        }
        cJSON_Delete(story);
    }
}

/* At most one report, and that of the only file of events. */
static bool is_story(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    size_t events = words->count > 0 ? count_events(words) : 0;

    return invocation->operation && words->count > 0 &&
           (events == words->count ||
            (events == 1 && words->count == 2));
}

int command_report(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct errors errors = ERRORS_INIT;

    if (is_story(invocation)) {
        tell_story(invocation, &errors);
    } else if (!invocation->operation && words->count == 1 &&
               strcmp(words->items[0], "schema") == 0) {
        report_schema_print(stdout);
    } else {
        struct error *error =
            errors_add(&errors, ERROR_USAGE, "say what to tell of reports");
        error_hint(error, "squall report schema, or squall report "
                          "--operation KEY EVENTS... [REPORT]");
    }
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
