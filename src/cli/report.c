/* squall report: tells the form of reports, and the story of one operation. */
#include "cli/command.h"

#include "base/json.h"
#include "report/schema.h"
#include "report/story.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static cJSON *read_story(const struct invocation *invocation,
                         struct errors *errors)
{
    const struct words *words = &invocation->words;
    FILE *stream = fopen(words->items[0], "rb");
    cJSON *story = NULL;

    if (!stream) {
        struct error *error =
            errors_add(errors, ERROR_NO_FILE, "%s", strerror(errno));
        snprintf(error->file, sizeof(error->file), "%s", words->items[0]);
        return NULL;
    }
    story = story_read(stream, words->items[0], invocation->operation, errors);
    fclose(stream);
    bool with_report = words->count > 1;
    cJSON *report =
        story && with_report ? read_report(words->items[1], errors) : NULL;
    if (story && (errors->count > 0 ||
                  !story_add_effects(story, report,
                                     with_report ? words->items[1] : NULL,
                                     errors))) {
        cJSON_Delete(story);
        story = NULL;
    }
    cJSON_Delete(report);
    return story;
}

static void tell_story(const struct invocation *invocation,
                       struct errors *errors)
{
    cJSON *story = read_story(invocation, errors);
    if (story && invocation->json) {
        char *text = cJSON_Print(story);
        puts(text ? text : "");
        cJSON_free(text);
    } else if (story) {
        struct text_options options = {
            .color = invocation_color(invocation, stdout),
            .width = invocation_width(stdout),
        };
        story_render(story, &options, stdout);
    }
    cJSON_Delete(story);
}

int command_report(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct errors errors = ERRORS_INIT;

    if (invocation->operation && words->count >= 1 && words->count <= 2) {
        tell_story(invocation, &errors);
    } else if (!invocation->operation && words->count == 1 &&
               strcmp(words->items[0], "schema") == 0) {
        report_schema_print(stdout);
    } else {
        struct error *error =
            errors_add(&errors, ERROR_USAGE, "say what to tell of reports");
        error_hint(error, "squall report schema, or squall report "
                          "--operation KEY EVENTS [REPORT]");
    }
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
