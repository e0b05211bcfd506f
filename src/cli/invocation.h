/*
 * invocation: the command line of one command, as parsed.
 *
 * option.def is the list of options; adding one that stands for a profile key
 * is one row and nothing else.
 */
#ifndef SQUALL_CLI_INVOCATION_H
#define SQUALL_CLI_INVOCATION_H

#include "base/arena.h"
#include "cli/command.h"
#include "plan/plan.h"
#include "report/writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What a run shows while it goes on; see cli/view. */
enum progress_choice {
    PROGRESS_LIVE,
    PROGRESS_LINE,
    PROGRESS_PLAIN,
    PROGRESS_NONE
};

/* One list of words; borrows them from argv or the arena. */
struct words {
    size_t count;
    const char **items;
};

void words_add(struct words *words, const char *word);

/* Everything that was asked. Everything borrows from argv and the arena. */
struct invocation {
    const struct command *command;
    int argc; /* of the whole command line */
    const char *const *argv;
    struct plan_input input; /* input.run is set only when has_run_id is */
    bool has_run_id;
    struct words words; /* positional ones, of commands that take WORDS,
                         * and the file of those that take one */
    const char *outputs[WRITER_COUNT]; /* paths, "-" is stdout; NULL: none */
    const char *sample;    /* run: share of operations, as written */
    const char *publish;   /* run: HOST:PORT, or NULL */
    const char *otlp;      /* run: as written, or NULL */
    const char *operation; /* report: key or op.id, or NULL */
    const char *get;       /* report: path of a member, or NULL */
    bool sends_json;       /* --json with a body: input.body is that */
    bool json;             /* the document instead of the text, on stdout */
    bool compact;          /* and that in one line */
    bool quiet;            /* no progress, no notes, no more than a verdict */
    bool full;             /* every section of the report */
    bool warns_of_invalid; /* an SLO that cannot be judged is no error */
    enum color_choice color;
    enum progress_choice progress;
    bool long_list;         /* profile list --long */
    const char *class;      /* profile delays: checked; NULL: the default */
    const char *draws;      /* profile delays --u, as written; or NULL */
    uint64_t retries;       /* profile delays; UINT64_MAX: not given */
    const char *convention; /* audit: as written; NULL: the default */
    const char *second_path, *second_credentials, *rejected_body, *window,
        *limit;                /* audit: NULL: not given */
    bool patient, require_key; /* audit */
    bool all;                  /* compare: every strategy */
    const char *report;        /* compare: a file for the document; or NULL */
    const char *rounds, *budget, *baseline, *judge,
        *reset;            /* of many runs; NULL: none */
    const char *noise;     /* run: share of a difference; NULL: none */
    const char *precision; /* of a search; NULL: the default */
    const char *max_rate;  /* capacity; the same */
    const char *trigger, *length, *before, *after, *start_size,
        *max_size;                            /* tip; the same */
    const char *profile_file, *arrivals_file; /* import; NULL: none */
    const char *listen;       /* target: address, NULL: loopback */
    uint16_t port;            /* target: 0: chosen by the kernel */
    uint64_t max_connections; /* target: 0: its default */
    bool help;                /* --help was among the options */
    bool version;

    /* where plan_input's lists are collected */
    struct words profiles, sets, headers, form, slos, aborts;
    struct words fail_headers;         /* audit */
    struct words fail_if, fail_unless; /* of many runs */
    struct words variants;             /* compare */
    struct words otlp_headers;         /* run */
    struct words fallbacks;
    size_t typed_count;
    struct typed_set *typed; /* room for a word each */
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

#endif
