/*
 * outputs: all that a command is asked to write: what, and where to.
 *
 * Checked before anything is sent, written when all is known. "-" is standard
 * output, which takes one of them, of those that need no more than the
 * document.
 */
#ifndef SQUALL_REPORT_OUTPUTS_H
#define SQUALL_REPORT_OUTPUTS_H

#include "report/writer.h"

/* --json and --report are two more of json's. */
enum { OUTPUTS_MAX = WRITER_COUNT + 2 };

struct output {
    const struct writer *writer;
    const char *path; /* borrowed */
};

struct outputs {
    const char *input;   /* the file that the command reads, or NULL: dead
                          * dead letters alone may replace it */
    double sample;       /* share of the operations, for events */
    uint64_t per_second; /* or so many of each second; 0: a share */
    struct text_options style; /* of text on standard output */
    bool compact;              /* JSON on standard output has no blanks */
    bool in_full;              /* text in files tells everything */
    size_t count;
    struct output items[OUTPUTS_MAX];
};

/* The same twice is once. */
void outputs_add(struct outputs *outputs, enum writer_id id, const char *path);

/* The one on standard output, or NULL. */
const struct output *outputs_on_stdout(const struct outputs *outputs);

/* The first that needs the journal of a run or a replay, or NULL. */
const struct output *outputs_with_journal(const struct outputs *outputs,
                                          bool is_replay);

/* False after adding an error for each that cannot be written now, or if two
 * would be one file. */
bool outputs_check(const struct outputs *outputs, struct errors *errors);

/* Whether a document that was read is one of squall, and all outputs can be
 * made of it; false after adding an error. */
bool outputs_take(const struct outputs *outputs, const cJSON *document,
                  struct errors *errors);

/* Writes them. False after adding an error for each that fails. `run` is NULL
 * where there is only the document; otherwise a failure is said in that
 * ("run.problem", with status 3), so that what is written later has it. */
bool outputs_write(const struct outputs *outputs, cJSON *document,
                   const struct writer_run *run, struct errors *errors);

#endif
