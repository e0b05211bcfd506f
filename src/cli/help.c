#include "cli/help.h"

#include "base/must.h"
#include "base/suggest.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 80, OPTION_COLUMN = 30, EXAMPLE_INDENT = 6,
       USAGE_INDENT = 7 };

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

/* Appends words and breaks lines so that none is longer than HELP_WIDTH; the
 * cursor stands in `column`, further lines begin at `left`. */
static void append_wrapped(struct str *out, const char *text, size_t column,
                           size_t left)
{
    bool first = true;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > HELP_WIDTH) {
            str_append_char(out, '\n');
            indent(out, left);
            column = left;
        } else if (!first) {
            str_append_char(out, ' ');
            column++;
        }
        str_append_bytes(out, text, length);
        column += length;
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    str_append_char(out, '\n');
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
    append_wrapped(out, text.text, OPTION_COLUMN, OPTION_COLUMN);
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
    append_wrapped(out, usage.text, 0, USAGE_INDENT);
    str_append_char(out, '\n');
    str_release(&usage);
    append_wrapped(out, command->summary, 0, 0);
    append_wrapped(out, command->about, 0, 0);
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
        append_wrapped(out, examples[i].sentence, EXAMPLE_INDENT,
                       EXAMPLE_INDENT);
    }
}

void help_overview(struct str *out)
{
    str_append(out, "Usage: squall COMMAND [OPTION]... [URL]\n\n");
    append_wrapped(out,
                   "Plays a fleet of clients with a retry policy against a "
                   "service, breaks the conversation on purpose, and reports "
                   "what that did: to latency, to load, and to what the "
                   "service really performed.",
                   0, 0);
    str_append(out, "\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, "  %-12s", commands[i].name);
        append_wrapped(out, commands[i].summary, 14, 14);
    }
    str_append(out, "\nStart with:\n"
                    "  squall run                    against a target that "
                    "squall brings along\n"
                    "  squall run http://HOST/PATH   against your service\n"
                    "  squall COMMAND --help         everything that a "
                    "command can do\n"
                    "\nExit status: 0 good, 1 an objective failed, 2 usage or "
                    "profile error,\n3 could not run, 130 interrupted.\n");
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
        if (!command) {
            struct errors errors = ERRORS_INIT;
            command_refuse(words->items[i], &errors);
            errors_print(&errors, stderr);
            str_release(&out);
            return errors_exit_status(&errors);
        }
        if (i > 0) {
            str_append_char(&out, '\n');
        }
        help_command(&out, command);
    }
    fputs(out.text, stdout);
    str_release(&out);
    return 0;
}
