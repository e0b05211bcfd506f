/*
 * command: what squall can be asked to do, and one asking.
 *
 * command.def is the list of commands; option.def that of options. Adding a
 * command is one row and its `command_<id>`; adding an option that stands for
 * a profile key is one row and nothing else.
 */
#ifndef SQUALL_CLI_COMMAND_H
#define SQUALL_CLI_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

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
enum positional { POSITIONAL_NOTHING, POSITIONAL_URL, POSITIONAL_WORDS,
                  POSITIONAL_FILE_URL };

struct invocation;

struct command {
    enum command_id id;
    const char *name;
    enum positional positional;
    const char *usage;   /* of the positional words */
    const char *summary; /* a sentence */
    const char *about;   /* a paragraph */
    int (*run)(const struct invocation *invocation);
};

extern const struct command commands[COMMAND_COUNT];

/* Returns the command of this name, or NULL. */
const struct command *command_find(const char *name);

/* Adds the error for a word that is no command, with what was meant. */
void command_refuse(const char *word, struct errors *errors);

/* Each returns the exit status. They print their own errors. */
#define COMMAND(id, positional, usage, summary, about) \
    int command_##id(const struct invocation *invocation);
#include "cli/command.def"
#undef COMMAND

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* One list of words; borrows them from argv or the arena. */
struct words {
    size_t count;
    const char **items;
};

/* One asking, as parsed. Everything borrows from argv and the arena. */
struct invocation {
    const struct command *command;
    int argc;                /* of the whole command line */
    const char *const *argv;
    struct plan_input input; /* input.run is set only when has_run_id is */
    bool has_run_id;
    struct words words;      /* positional ones, of commands that take WORDS,
                              * and the file of those that take one */
    const char *output;      /* -o, "-" is stdout; NULL: none */
    const char *events;      /* run: the file, or NULL */
    const char *dead_letters; /* run, replay: the file, or NULL */
    const char *sample;      /* run: share of operations, as written */
    const char *operation;   /* report: key or op.id, or NULL */
    bool json;               /* the document instead of the text, on stdout */
    bool quiet;              /* no progress, no notes */
    enum color_choice color;
    bool long_list;          /* profile list --long */
    const char *class;       /* profile delays: checked; NULL: the default */
    const char *draws;       /* profile delays --u, as written; or NULL */
    uint64_t retries;        /* profile delays; UINT64_MAX: not given */
    const char *convention;  /* audit: as written; NULL: the default */
    const char *second_path, *second_credentials, *rejected_body, *window,
        *limit, *junit;      /* audit: NULL: not given */
    bool patient, require_key; /* audit */
    const char *listen;      /* target: address, NULL: loopback */
    uint16_t port;           /* target: 0: chosen by the kernel */
    uint64_t max_connections; /* target: 0: its default */
    bool help;               /* --help was among the options */
    bool version;

    /* where plan_input's lists are gathered */
    struct words profiles, sets, headers, slos;
    struct words fail_headers; /* audit */
    struct arena arena;
};

/* Parses everything after the command's name. Returns false after adding an
 * error for each thing that is wrong. Release in either case. */
bool invocation_parse(struct invocation *invocation,
                      const struct command *command, int argc,
                      const char *const *argv, int first,
                      struct errors *errors);
void invocation_release(struct invocation *invocation);

/* True when what goes to this stream may be coloured: --color, then NO_COLOR,
 * then whether the stream is a terminal. */
bool invocation_color(const struct invocation *invocation, FILE *stream);

/* The columns of the terminal behind the stream, within what text can use; 80
 * where there is none. */
int invocation_width(FILE *stream);

/* The whole program: finds the command, parses, runs. Returns the exit status.
 */
int command_main(int argc, const char *const *argv);

#endif
