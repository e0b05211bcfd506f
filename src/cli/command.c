#include "cli/command.h"

#include "base/must.h"
#include "base/suggest.h"
#include "base/version.h"
#include "cli/help.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

const struct command commands[COMMAND_COUNT] = {
#define COMMAND(id, positional, usage, summary, about)                   \
    {COMMAND_##id, #id, POSITIONAL_##positional, usage, summary, about, \
     command_##id},
#include "cli/command.def"
#undef COMMAND
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void command_refuse(const char *word, struct errors *errors)
{
    struct error *error =
        errors_add(errors, ERROR_USAGE, "there is no command \"%s\"", word);
    if (strstr(word, "://")) {
        error_hint(error, "to send traffic there: squall run %s", word);
        return;
    }
    struct suggestion suggestion;
    suggest_init(&suggestion, word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&suggestion, commands[i].name);
    }
    if (suggestion.best) {
        error_hint(error, "did you mean squall %s?", suggestion.best);
    } else {
        error_hint(error, "squall --help lists the commands");
    }
}

static int print_version(void)
{
    printf("squall %s\nbuild: %s\nlibcurl: %s\n", SQUALL_VERSION,
           version_build(), curl_version());
    return 0;
}

static int print_help(const struct command *command)
{
    struct str out = STR_INIT;
    if (command) {
        help_command(&out, command);
    } else {
        help_overview(&out);
    }
    fputs(out.text, stdout);
    str_release(&out);
    return 0;
}

static int run_command(const struct command *command, int argc,
                       const char *const *argv)
{
    struct errors errors = ERRORS_INIT;
    struct invocation invocation;
    int status;
    bool parsed = invocation_parse(&invocation, command, argc, argv, 2,
                                   &errors);

    if (invocation.help) {
        status = print_help(command);
    } else if (invocation.version) {
        status = print_version();
    } else if (!parsed) {
        errors_print(&errors, stderr);
        status = errors_exit_status(&errors);
    } else {
        status = command->run(&invocation);
    }
    invocation_release(&invocation);
    return status;
}

int command_main(int argc, const char *const *argv)
{
    if (argc < 2) {
        struct str out = STR_INIT;
        help_overview(&out);
        fputs(out.text, stderr);
        str_release(&out);
        return error_exit_status(ERROR_USAGE);
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return print_help(NULL);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        return print_version();
    }
    const struct command *command = command_find(word);
    if (command) {
        return run_command(command, argc, argv);
    }
    struct errors errors = ERRORS_INIT;
    if (word[0] == '-') {
        struct error *error = errors_add(
            &errors, ERROR_USAGE, "a command comes before \"%s\"", word);
        error_hint(error, "such as: squall run %s", word);
    } else {
        command_refuse(word, &errors);
    }
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
