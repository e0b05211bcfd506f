/*
 * timeline: what is done to a service at given instants of a run, and what
 * became of it.
 *
 * An entry begins at an instant: a command is run, a request is sent, or
 * nothing is done, because somebody else does it (a mark). One that has an end
 * is undone there: by another command or body, or, of a command that still
 * runs, by ending it. What lies between is a trigger, as the window of a fault
 * is; of an entry without an end, it is what its action took.
 *
 * Times are since the start of load, warm-up included. Pure.
 */
#ifndef SQUALL_LOAD_TIMELINE_H
#define SQUALL_LOAD_TIMELINE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TIMELINE_MAX = 32,
    TIMELINE_OUTPUT_MAX = 1024,
    TIMELINE_TIMEOUT_S = 30 /* where none is given */
};

enum timeline_kind { TIMELINE_RUN, TIMELINE_PUT, TIMELINE_MARK };

/* What a profile says. */
struct timeline_entry {
    const char *name;
    const char *command; /* of RUN */
    const char *url;     /* of PUT; one that begins with a slash is at the
                          * target */
    const char *body;    /* of PUT; NULL: an empty one */
    bool is_mark;
    const char *undo; /* a command, or a body; NULL: none */
    struct duration at;
    struct duration until;   /* DURATION_FOREVER: it has no end */
    struct duration timeout; /* DURATION_FOREVER: none is given */
};

enum timeline_word {
#define TIMELINE_WORD(id, name, is_problem, text, sentence) TIMELINE_##id,
#include "load/timeline_word.def"
#undef TIMELINE_WORD
};

enum {
#define TIMELINE_WORD(id, name, is_problem, text, sentence) +1
    TIMELINE_WORD_COUNT = 0
#include "load/timeline_word.def"
#undef TIMELINE_WORD
};

/* What became of an action; of one that was not reached, nothing is known. */
struct timeline_action {
    enum timeline_word word;
    struct duration from, until; /* when it began, and was over */
    int status;                  /* exit status, signal or HTTP; < 0: none */
    char reason[160];            /* why there is none, or "" */
    char output[TIMELINE_OUTPUT_MAX]; /* the begin of what was printed, or of
                                       * the answer; any bytes */
    size_t output_length;
    uint64_t output_whole; /* bytes of all of it */
};

/* Of an entry: `end` where it has one. */
struct timeline_event {
    struct timeline_action begin, end;
};

enum timeline_kind timeline_kind_of(const struct timeline_entry *entry);
const char *timeline_kind_name(enum timeline_kind kind);

static inline bool timeline_has_end(const struct timeline_entry *entry)
{
    return entry->until.ns != INT64_MAX;
}

/* How long its action may take when it begins, or ends, as planned. */
struct duration timeline_limit(const struct timeline_entry *entry,
                               bool is_undo);

/* Marks of a run whose load lasted so long, on time: where time is not real,
 * there is nothing else. */
void timeline_follow(const struct timeline_entry *entries, size_t count,
                     struct duration load, struct timeline_event *events);

/* From when until when the trigger was on; until DURATION_FOREVER where it was
 * not undone. False: it never was, or nobody knows. `event` NULL: as it is
 * planned. */
bool timeline_find_trigger(const struct timeline_entry *entry,
                           const struct timeline_event *event,
                           struct duration *from, struct duration *until);

/* Why an action did not do what it was to do, or did it for less than nine
 * tenths of the time (and by more than 100 ms), as a sentence that names its
 * place; false: it did. */
bool timeline_find_problem(const struct timeline_entry *entries, size_t index,
                           const struct timeline_event *event, char *text,
                           size_t size);

const char *timeline_word_name(enum timeline_word word);
const char *timeline_word_text(enum timeline_word word); /* for people */

/* The word of this name; false: none has it. */
bool timeline_word_find(const char *name, enum timeline_word *word);

bool timeline_is_problem(enum timeline_word word);

#endif
