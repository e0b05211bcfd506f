/*
 * completion: scripts for bash, zsh and fish, made from the tables of commands
 * and options.
 */
#include "base/error.h"
#include "base/must.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/options.h"
#include "plan/key.h"

#include <stdio.h>
#include <string.h>

static bool takes_profile(const struct option_row *row)
{
    return strcmp(row->name, "profile") == 0;
}

static bool takes_file(const struct option_row *row)
{
    return row->argument && strstr(row->argument, "FILE") &&
           !takes_profile(row);
}

/* Appends the words that an option may take, with blanks between; false when
 * they are not a closed list. */
static bool append_choices(struct str *out, const struct option_row *row)
{
    const struct key *key = row->key ? key_find(row->key) : NULL;

    if (row->type == OPTION_COLOR) {
        str_append(out, "auto always never");
        return true;
    }
    if (!row->argument || !key || !key->choices) {
        return false;
    }
    for (const struct choice *choice = key->choices; choice->name; choice++) {
        str_append(out, choice == key->choices ? "" : " ");
        str_append(out, choice->name);
    }
    return true;
}

static bool takes_choice(const struct option_row *row)
{
    struct str ignored = STR_INIT;
    bool has = append_choices(&ignored, row);
    str_release(&ignored);
    return has;
}

static bool is_for(const struct option_row *row, size_t command)
{
    return (row->commands & (1u << command)) != 0;
}

/* The first part of a sentence: long ones do not fit a menu. */
static size_t brief_length(const char *sentence)
{
    size_t length = strcspn(sentence, ".;");
    while (sentence[length] && sentence[length + 1] &&
           sentence[length + 1] != ' ') {
        length += 1 + strcspn(sentence + length + 1, ".;");
    }
    return length;
}

/* Appends text with each character of `special` behind a backslash, and a
 * single quote in the way of a shell. */
static void append_quoted(struct str *out, const char *text, size_t length,
                          const char *special)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\'') {
            str_append(out, "'\\''");
            continue;
        }
        if (strchr(special, text[i])) {
            str_append_char(out, '\\');
        }
        str_append_char(out, text[i]);
    }
}

static const char *words_of(enum command_id command)
{
    switch (command) {
    case COMMAND_profile:
        return "list check";
    case COMMAND_report:
        return "schema";
    case COMMAND_completion:
        return "bash zsh fish";
    case COMMAND_help:
    case COMMAND_run:
    case COMMAND_target:
        break;
    }
    return "";
}

static void append_bash_options(struct str *out, size_t command)
{
    str_printf(out, "    %s) words=\"%s", commands[command].name,
               words_of(commands[command].id));
    for (size_t i = 0; i < option_row_count; i++) {
        if (!is_for(&option_rows[i], command)) {
            continue;
        }
        str_printf(out, " --%s", option_rows[i].name);
        if (option_rows[i].letter) {
            str_printf(out, " -%c", option_rows[i].letter);
        }
    }
    str_append(out, "\" ;;\n");
}

/* The patterns of the options that `want` picks: "--output|-o". */
static void append_bash_pattern(struct str *out,
                                bool (*want)(const struct option_row *row))
{
    const char *separator = "    ";
    for (size_t i = 0; i < option_row_count; i++) {
        if (!want(&option_rows[i])) {
            continue;
        }
        str_printf(out, "%s--%s", separator, option_rows[i].name);
        if (option_rows[i].letter) {
            str_printf(out, "|-%c", option_rows[i].letter);
        }
        separator = "|";
    }
    str_append(out, ")\n");
}

static bool takes_other(const struct option_row *row)
{
    return row->argument && !takes_file(row) && !takes_profile(row) &&
           !takes_choice(row);
}

static void append_bash_choices(struct str *out)
{
    for (size_t i = 0; i < option_row_count; i++) {
        if (!takes_choice(&option_rows[i])) {
            continue;
        }
        str_printf(out, "    --%s)\n        words=\"", option_rows[i].name);
        append_choices(out, &option_rows[i]);
        str_append(out, "\"\n"
                        "        COMPREPLY=($(compgen -W \"$words\" -- "
                        "\"$current\"))\n"
                        "        return ;;\n");
    }
}

static void complete_bash(struct str *out)
{
    str_append(out,
               "_squall()\n"
               "{\n"
               "    local current=${COMP_WORDS[COMP_CWORD]} words=\n"
               "    local previous=${COMP_WORDS[COMP_CWORD-1]}\n"
               "    COMPREPLY=()\n"
               "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
               "        words=\"--help --version");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, " %s", commands[i].name);
    }
    str_append(out,
               "\"\n"
               "        COMPREPLY=($(compgen -W \"$words\" -- "
               "\"$current\"))\n"
               "        return\n"
               "    fi\n"
               "    case $previous in\n"
               "    --profile|-p)\n"
               "        words=$(squall profile list 2>/dev/null | "
               "cut -d' ' -f1)\n"
               "        COMPREPLY=($(compgen -f -W \"$words\" -- "
               "\"$current\"))\n"
               "        return ;;\n");
    append_bash_pattern(out, takes_file);
    str_append(out, "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
                    "        return ;;\n");
    append_bash_choices(out);
    append_bash_pattern(out, takes_other);
    str_append(out, "        return ;;\n"
                    "    esac\n"
                    "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        append_bash_options(out, i);
    }
    str_append(out,
               "    esac\n"
               "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
               "}\n"
               "complete -F _squall squall\n");
}

static void append_zsh_option(struct str *out, const struct option_row *row)
{
    str_append(out, "            ");
    if (row->letter) {
        str_printf(out, "{-%c,--%s}", row->letter, row->name);
    } else {
        str_printf(out, "--%s", row->name);
    }
    str_append(out, "'[");
    append_quoted(out, row->sentence, brief_length(row->sentence), "[]:\\");
    str_append(out, "]");
    if (row->argument) {
        str_append(out, ":");
        append_quoted(out, row->argument, strlen(row->argument), "[]:\\");
        if (takes_choice(row)) {
            str_append(out, ":(");
            append_choices(out, row);
            str_append(out, ")");
        } else {
            str_append(out, takes_profile(row) ? ":_squall_profiles"
                            : takes_file(row)  ? ":_files"
                                               : ":");
        }
    }
    str_append(out, "' \\\n");
}

static void complete_zsh(struct str *out)
{
    str_append(out, "#compdef squall\n"
                    "_squall_profiles()\n"
                    "{\n"
                    "    local -a names\n"
                    "    names=(${(f)\"$(squall profile list 2>/dev/null | "
                    "cut -d' ' -f1)\"})\n"
                    "    _alternative 'profiles:profile:compadd -a names' "
                    "'files:file:_files'\n"
                    "}\n"
                    "_squall()\n"
                    "{\n"
                    "    local -a commands\n"
                    "    commands=(\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, "        '%s:", commands[i].name);
        append_quoted(out, commands[i].summary,
                      brief_length(commands[i].summary), ":\\");
        str_append(out, "'\n");
    }
    str_append(out, "    )\n"
                    "    if (( CURRENT == 2 )); then\n"
                    "        _describe command commands\n"
                    "        return\n"
                    "    fi\n"
                    "    shift words\n"
                    "    (( CURRENT-- ))\n"
                    "    case $words[1] in\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, "    %s)\n        _arguments \\\n", commands[i].name);
        for (size_t j = 0; j < option_row_count; j++) {
            if (is_for(&option_rows[j], i)) {
                append_zsh_option(out, &option_rows[j]);
            }
        }
        const char *words = words_of(commands[i].id);
        str_printf(out, "            '*::%s:(%s)'\n        ;;\n",
                   *words ? "word" : "argument", words);
    }
    str_append(out, "    esac\n"
                    "}\n"
                    "_squall \"$@\"\n");
}

static void append_fish_option(struct str *out, size_t command,
                               const struct option_row *row)
{
    str_printf(out, "complete -c squall -n '__fish_seen_subcommand_from %s'",
               commands[command].name);
    if (row->letter) {
        str_printf(out, " -s %c", row->letter);
    }
    str_printf(out, " -l %s", row->name);
    if (takes_profile(row)) {
        str_append(out, " -r -F -a '(squall profile list 2>/dev/null | "
                        "string split -f1 \" \")'");
    } else if (takes_choice(row)) {
        str_append(out, " -x -a '");
        append_choices(out, row);
        str_append(out, "'");
    } else if (row->argument) {
        str_append(out, takes_file(row) ? " -r -F" : " -x");
    }
    str_append(out, " -d '");
    append_quoted(out, row->sentence, brief_length(row->sentence), "");
    str_append(out, "'\n");
}

static void complete_fish(struct str *out)
{
    str_append(out, "complete -c squall -f\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, "complete -c squall -n __fish_use_subcommand -a %s "
                        "-d '", commands[i].name);
        append_quoted(out, commands[i].summary,
                      brief_length(commands[i].summary), "");
        str_append(out, "'\n");
        const char *words = words_of(commands[i].id);
        if (*words) {
            str_printf(out, "complete -c squall -n "
                            "'__fish_seen_subcommand_from %s' -a '%s'\n",
                       commands[i].name, words);
        }
        for (size_t j = 0; j < option_row_count; j++) {
            if (is_for(&option_rows[j], i)) {
                append_fish_option(out, i, &option_rows[j]);
            }
        }
    }
}

int command_completion(const struct invocation *invocation)
{
    static const struct {
        const char *name;
        void (*complete)(struct str *out);
    } shells[] = {
        {"bash", complete_bash},
        {"zsh", complete_zsh},
        {"fish", complete_fish},
    };
    const struct words *words = &invocation->words;

    for (size_t i = 0; words->count == 1 && i < array_length(shells); i++) {
        if (strcmp(words->items[0], shells[i].name) == 0) {
            struct str out = STR_INIT;
            shells[i].complete(&out);
            fputs(out.text, stdout);
            str_release(&out);
            return 0;
        }
    }
    struct errors errors = ERRORS_INIT;
    struct error *error = errors_add(&errors, ERROR_USAGE,
                                     "name one shell to complete for");
    error_hint(error, "squall completion bash, zsh or fish");
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
