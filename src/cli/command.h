/*
 * command: what squall can be asked to do: the table of commands.
 *
 * Adding a command is one row of command.def and its `command_<id>`.
 */
#ifndef SQUALL_CLI_COMMAND_H
#define SQUALL_CLI_COMMAND_H

#include "base/error.h"

enum command_id {
#define COMMAND(id, positional, usage, summary, about) COMMAND_##id,
#include "cli/command.def"
#undef COMMAND
};

enum {
    COMMAND_COUNT = 0
#define COMMAND(id, positional, usage, summary, about) +1
#include "cli/command.def"
#undef COMMAND
};

/* What the words that are not options mean. */
enum positional {
    POSITIONAL_NOTHING,
    POSITIONAL_URL,
    POSITIONAL_WORDS,
    POSITIONAL_FILE_URL
};

struct invocation;

struct command {
    enum command_id id;
    const char *name;
    enum positional positional;
    const char *usage;   /* of the positional words */
    const char *summary; /* a sentence */
    const char *about;   /* a paragraph */
};

extern const struct command commands[COMMAND_COUNT];

/* Returns the command of this name, or NULL. */
const struct command *command_find(const char *name);

/* Adds the error for a word that is no command, with what was meant. */
void command_refuse(const char *word, struct errors *errors);

/* What they do, a file each. Each returns the exit status and prints its own
 * errors. */
#define COMMAND(id, positional, usage, summary, about) \
    int command_##id(const struct invocation *invocation);
#include "cli/command.def"
#undef COMMAND

#endif
