#include "cli/dispatch.h"

#include "base/must.h"
#include "base/version.h"
#include "cli/help.h"
#include "cli/invocation.h"
#include "cli/natural.h"
#include "run/engine_choice.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* What each command does; a file each. */
static int (*const actions[COMMAND_COUNT])(const struct invocation *) = {
#define COMMAND(id, positional, usage, summary, about) command_##id,
#include "cli/command.def"
#undef COMMAND
};

static int print_version(void)
{
    printf("squall %s\nbuild: %s\nlibcurl: %s\nnative engine: %s\n",
           SQUALL_VERSION, version_build(), curl_version(),
           engine_choice_native());
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

/* `first`: the word after the command's name. */
static int run_command(const struct command *command, int argc,
                       const char *const *argv, int first)
{
    struct errors errors = ERRORS_INIT;
    struct invocation invocation;
    int status;
    bool parsed =
        invocation_parse(&invocation, command, argc, argv, first, &errors);

    if (invocation.help) {
        status = print_help(command);
    } else if (invocation.version) {
        status = print_version();
    } else if (!parsed) {
        errors_print(&errors, stderr);
        status = errors_exit_status(&errors);
    } else {
        status = actions[command->id](&invocation);
    }
    invocation_release(&invocation);
    return status;
}

int dispatch(int argc, const char *const *argv)
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
        return run_command(command, argc, argv, 2);
    }
    if (word[0] == '-' || word[0] == ':' || strstr(word, "://") ||
        natural_is_host(word)) {
        return run_command(&commands[COMMAND_run], argc, argv, 1);
    }
    struct errors errors = ERRORS_INIT;
    command_refuse(word, &errors);
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
