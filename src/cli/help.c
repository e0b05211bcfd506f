#include "cli/help.h"

#include "base/must.h"
#include "base/suggest.h"
#include "cli/options.h"
#include "cli/synonym.h"
#include "cli/topic.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_COLUMN = 30, EXAMPLE_INDENT = 6, USAGE_INDENT = 7 };

struct example {
    enum command_id command;
    const char *line;
    const char *sentence;
};

static const struct example examples[] = {
#define EXAMPLE(command, line, sentence) {COMMAND_##command, line, sentence},
#include "cli/example.def"
#undef EXAMPLE
};

static void indent(struct str *out, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        str_append_char(out, ' ');
    }
}

/* Other spellings that do not differ in what they set. */
static void append_synonyms(struct str *out, const struct option_row *row)
{
    const char *before = " Also ";
    for (size_t i = 0; i < synonym_count; i++) {
        const struct synonym *synonym = &synonyms[i];
        if (strcmp(synonym->option, row->name) != 0) {
            continue;
        }
        str_append(out, before);
        if (synonym->letter) {
            str_printf(out, "-%c%s", synonym->letter,
                       *synonym->name ? ", " : "");
        }
        if (*synonym->name) {
            str_printf(out, "--%s", synonym->name);
        }
        if (synonym->value) {
            str_printf(out, " (%s)", synonym->value);
        }
        before = ", ";
    }
    str_append(out, *before == ',' ? "." : "");
}

static void append_option(struct str *out, const struct option_row *row)
{
    size_t start = out->length;
    if (row->letter) {
        str_printf(out, "  -%c, --%s", row->letter, row->name);
    } else {
        str_printf(out, "      --%s", row->name);
    }
    if (row->argument) {
        str_printf(out, " %s", row->argument);
    }
    size_t column = out->length - start;
    if (column + 2 > OPTION_COLUMN) {
        str_append_char(out, '\n');
        column = 0;
    }
    indent(out, OPTION_COLUMN - column);

    struct str text = STR_INIT;
    str_append(&text, row->sentence);
    if (row->key) {
        str_printf(&text, " (%s)", row->key);
    }
    append_synonyms(&text, row);
    str_append_wrapped(out, text.text, OPTION_COLUMN, OPTION_COLUMN);
    str_release(&text);
}

static void append_group(struct str *out, const struct command *command,
                         enum option_group group)
{
    bool titled = false;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->group != group || !(row->commands & (1u << command->id))) {
            continue;
        }
        if (!titled) {
            str_printf(out, "\n%s:\n", option_group_title(group));
            titled = true;
        }
        append_option(out, row);
    }
}

void help_command(struct str *out, const struct command *command)
{
    struct str usage = STR_INIT;
    str_printf(&usage, "Usage: squall %s [OPTION]...%s%s", command->name,
               *command->usage ? " " : "", command->usage);
    str_append_wrapped(out, usage.text, 0, USAGE_INDENT);
    str_append_char(out, '\n');
    str_release(&usage);
    str_append_wrapped(out, command->summary, 0, 0);
    str_append_wrapped(out, command->about, 0, 0);
    for (size_t group = 0; group < GROUP_COUNT; group++) {
        append_group(out, command, (enum option_group)group);
    }
    bool titled = false;
    for (size_t i = 0; i < array_length(examples); i++) {
        if (examples[i].command != command->id) {
            continue;
        }
        if (!titled) {
            str_append(out, "\nExamples:\n");
            titled = true;
        }
        str_printf(out, "  %s\n", examples[i].line);
        indent(out, EXAMPLE_INDENT);
        str_append_wrapped(out, examples[i].sentence, EXAMPLE_INDENT,
                           EXAMPLE_INDENT);
    }
}

static void append_topics(struct str *out)
{
    const char *name, *sentence;
    for (size_t i = 0; topic_describe(i, &name, &sentence); i++) {
        str_printf(out, "  %-12s", name);
        str_append_wrapped(out, sentence, 14, 14);
    }
}

void help_overview(struct str *out)
{
    str_append(out, "Usage: squall COMMAND [OPTION]... [URL]\n\n");
    str_append_wrapped(
        out,
        "Plays a fleet of clients with a retry policy against a "
        "service, breaks the conversation on purpose, and reports "
        "what that did: to latency, to load, and to what the "
        "service really performed.",
        0, 0);
    str_append(out, "\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, "  %-12s", commands[i].name);
        str_append_wrapped(out, commands[i].summary, 14, 14);
    }
    str_append(out, "\nTopics of squall help:\n");
    append_topics(out);
    str_append(out, "\nStart with:\n"
                    "  squall run                    against a target that "
                    "squall brings along\n"
                    "  squall http://HOST/PATH       against your service; "
                    "\"run\" may be left out\n"
                    "  squall COMMAND --help         everything that a "
                    "command can do\n"
                    "\nExit status: 0 good, 1 an objective failed, 2 usage or "
                    "profile error,\n3 could not run, 130 interrupted.\n");
}

static void refuse_topic(const char *word, struct errors *errors)
{
    const char *name, *sentence;
    struct suggestion suggestion;
    struct error *error = errors_add(
        errors, ERROR_USAGE, "there is no command and no topic \"%s\"", word);

    suggest_init(&suggestion, word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&suggestion, commands[i].name);
    }
    for (size_t i = 0; topic_describe(i, &name, &sentence); i++) {
        suggest_offer(&suggestion, name);
    }
    if (suggestion.best) {
        error_hint(error, "did you mean squall help %s?", suggestion.best);
    } else {
        error_hint(error, "squall help lists both");
    }
}

int command_help(const struct invocation *invocation)
{
    struct str out = STR_INIT;
    const struct words *words = &invocation->words;

    if (words->count == 0) {
        help_overview(&out);
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct command *command = command_find(words->items[i]);
        if (i > 0) {
            str_append_char(&out, '\n');
        }
        if (command) {
            help_command(&out, command);
        } else if (!topic_write(&out, words->items[i])) {
            struct errors errors = ERRORS_INIT;
            refuse_topic(words->items[i], &errors);
            errors_print(&errors, stderr);
            str_release(&out);
            return errors_exit_status(&errors);
        }
    }
    fputs(out.text, stdout);
    str_release(&out);
    return 0;
}
