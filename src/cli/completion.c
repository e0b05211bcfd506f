/*
 * completion: scripts for bash, zsh and fish, made from the tables of commands
 * and options.
 */
#include "base/error.h"
#include "base/must.h"
#include "base/str.h"
#include "cli/invocation.h"
#include "cli/options.h"
#include "plan/delays.h"
#include "plan/key.h"

#include <ctype.h>
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
    if (row->type == OPTION_PROGRESS) {
        str_append(out, "live line plain none");
        return true;
    }
    if (row->type == OPTION_ON_INVALID) {
        str_append(out, "warn fail");
        return true;
    }
    if (row->type == OPTION_CLASS) {
        for (size_t i = 0; delays_class_name(i); i++) {
            str_printf(out, "%s%s", i > 0 ? " " : "", delays_class_name(i));
        }
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

/* Appends the words that a command takes first, with blanks between: those of
 * its usage, "list|show [NAME]...", that are no placeholders. */
static void append_words(struct str *out, const struct command *command)
{
    bool first = true;
    for (const char *word = command->usage; *word && *word != '[';) {
        size_t length = strcspn(word, " |");
        if (islower((unsigned char)*word)) {
            str_append(out, first ? "" : " ");
            str_append_bytes(out, word, length);
            first = false;
        }
        word += length + strspn(word + length, " |");
    }
}

/* Whether further words of the command name profiles. */
static bool names_profiles(const struct command *command)
{
    return command->id == COMMAND_profile;
}

/* Whether a word of the command names a file. */
static bool names_file(const struct command *command)
{
    return command->positional == POSITIONAL_FILE_URL ||
           command->id == COMMAND_report || command->id == COMMAND_import;
}

/* What lists the names for a shell, and takes them off the lines. */
static const char list_names[] =
    "squall profile list 2>/dev/null | cut -d' ' -f1";
static const char list_names_fish[] =
    "squall profile list 2>/dev/null | string split -f1 \" \"";

static void append_bash_options(struct str *out, size_t command)
{
    str_printf(out, "    %s) words=\"", commands[command].name);
    append_words(out, &commands[command]);
    for (size_t i = 0; i < option_row_count; i++) {
        if (!is_for(&option_rows[i], command)) {
            continue;
        }
        str_printf(out, " --%s", option_rows[i].name);
        if (option_rows[i].letter) {
            str_printf(out, " -%c", option_rows[i].letter);
        }
    }
    str_append(out, "\"");
    if (names_profiles(&commands[command])) {
        str_printf(out,
                   "\n"
                   "        if [[ $COMP_CWORD -gt 2 && "
                   "$current != -* ]]; then\n"
                   "            words=$(%s)\n"
                   "            COMPREPLY=($(compgen -f -W \"$words\" "
                   "-- \"$current\"))\n"
                   "            return\n"
                   "        fi",
                   list_names);
    } else if (names_file(&commands[command])) {
        str_append(out, "\n"
                        "        if [[ $current != -* ]]; then\n"
                        "            COMPREPLY=($(compgen -f -W \"$words\" "
                        "-- \"$current\"))\n"
                        "            return\n"
                        "        fi");
    }
    str_append(out, " ;;\n");
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
    str_append(out, "_squall()\n"
                    "{\n"
                    "    local current=${COMP_WORDS[COMP_CWORD]} words=\n"
                    "    local previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    COMPREPLY=()\n"
                    "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
                    "        words=\"--help --version");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out, " %s", commands[i].name);
    }
    str_printf(out,
               "\"\n"
               "        COMPREPLY=($(compgen -W \"$words\" -- "
               "\"$current\"))\n"
               "        return\n"
               "    fi\n"
               "    case $previous in\n"
               "    --profile|-p)\n"
               "        words=$(%s)\n"
               "        COMPREPLY=($(compgen -f -W \"$words\" -- "
               "\"$current\"))\n"
               "        return ;;\n",
               list_names);
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
    str_printf(out,
               "#compdef squall\n"
               "_squall_profiles()\n"
               "{\n"
               "    local -a names\n"
               "    names=(${(f)\"$(%s)\"})\n"
               "    _alternative 'profiles:profile:compadd -a names' "
               "'files:file:_files'\n"
               "}\n"
               "_squall()\n"
               "{\n"
               "    local -a commands\n"
               "    commands=(\n",
               list_names);
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
        if (names_profiles(&commands[i])) {
            str_append(out, "            '*:profile:_squall_profiles' \\\n"
                            "            '1:word:(");
        } else if (names_file(&commands[i])) {
            str_append(out, "            '*:file:_files'\n        ;;\n");
            continue;
        } else {
            str_append(out, "            '*::word:(");
        }
        append_words(out, &commands[i]);
        str_append(out, ")'\n        ;;\n");
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
        str_printf(out, " -r -F -a '(%s)'", list_names_fish);
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

static void append_fish_words(struct str *out, const struct command *command)
{
    struct str words = STR_INIT;
    if (names_file(command)) {
        str_printf(out,
                   "complete -c squall -F -n "
                   "'__fish_seen_subcommand_from %s'\n",
                   command->name);
        return;
    }
    append_words(&words, command);
    if (words.length > 0) {
        str_printf(out,
                   "complete -c squall -n "
                   "'__fish_seen_subcommand_from %s",
                   command->name);
        if (names_profiles(command)) {
            str_printf(out, "; and not __fish_seen_subcommand_from %s",
                       words.text);
        }
        str_printf(out, "' -a '%s'\n", words.text);
    }
    if (names_profiles(command)) {
        str_printf(out,
                   "complete -c squall -F -n "
                   "'__fish_seen_subcommand_from %s; and "
                   "__fish_seen_subcommand_from %s' "
                   "-a '(%s)'\n",
                   command->name, words.text, list_names_fish);
    }
    str_release(&words);
}

static void complete_fish(struct str *out)
{
    str_append(out, "complete -c squall -f\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        str_printf(out,
                   "complete -c squall -n __fish_use_subcommand -a %s "
                   "-d '",
                   commands[i].name);
        append_quoted(out, commands[i].summary,
                      brief_length(commands[i].summary), "");
        str_append(out, "'\n");
        append_fish_words(out, &commands[i]);
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
    struct error *error =
        errors_add(&errors, ERROR_USAGE, "name one shell to complete for");
    error_hint(error, "squall completion bash, zsh or fish");
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
