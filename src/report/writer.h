/*
 * writer: the forms in which squall writes what it found, one row each in
 * writer.def.
 *
 * A new form is a row there and one file with its write_<id>, which is handed
 * what it needs and appends to a file. It cannot fail by itself: what goes
 * wrong with the file is kept there (report/file.h).
 */
#ifndef SQUALL_REPORT_WRITER_H
#define SQUALL_REPORT_WRITER_H

#include "report/document_kind.h"
#include "report/events.h"
#include "report/file.h"
#include "report/text.h"

#include <cjson/cJSON.h>

enum writer_id {
#define WRITER(id, letter, option, needs, documents, what, sentence, since) \
    WRITER_##id,
#include "report/writer.def"
#undef WRITER
};

enum {
    WRITER_COUNT = 0
#define WRITER(id, letter, option, needs, documents, what, sentence, since) +1
#include "report/writer.def"
#undef WRITER
};

/* Of a run, beside its document. */
enum writer_needs {
    WRITER_NEEDS_DOCUMENT,
    WRITER_NEEDS_OPERATIONS,
    WRITER_NEEDS_DEAD_LETTERS /* operations; of a replay its dead letters */
};

struct series; /* measure/series.h */

/* What there is of a run beside its document. */
struct writer_run {
    struct events_run events;
    int64_t began_unix_ms;
    const struct series *series;
    bool has_classes; /* a ledger says what became of each operation */
    /* All operations, in the order of their ends: begin; next, until it
     * returns NULL; end, which is false where some are missing. Only where
     * the run was asked to keep them. */
    void *context;
    void (*begin)(void *context);
    const struct event_trace *(*next)(void *context);
    bool (*end)(void *context);
    /* What was found of an operation's effects. */
    struct events_effect (*effect)(const void *context, uint64_t operation);
};

struct writer_input {
    const cJSON *document;
    struct text_options style;    /* of the place that it goes to */
    bool compact;                 /* JSON without a blank */
    double sample;                /* share of the operations, for events */
    uint64_t per_second;          /* or so many of each second; 0: a share */
    const struct writer_run *run; /* NULL: there is only the document */
};

struct writer {
    enum writer_id id;
    const char *option;
    const char *what;
    enum writer_needs needs;
    unsigned documents; /* kinds of which it can be made: OF_ bits */
    void (*write)(const struct writer_input *input, struct file_writer *file);
};

extern const struct writer writers[WRITER_COUNT];

#define WRITER(id, letter, option, needs, documents, what, sentence, since) \
    void write_##id(const struct writer_input *input, \
                    struct file_writer *file);
#include "report/writer.def"
#undef WRITER

#endif
