/*
 * options: the table of options, made from option.def.
 */
#ifndef SQUALL_CLI_OPTIONS_H
#define SQUALL_CLI_OPTIONS_H

#include "cli/invocation.h"

#include <stdbool.h>
#include <stddef.h>

enum {
#define COMMAND(id, positional, usage, summary, about) \
    FOR_##id = 1 << COMMAND_##id,
#include "cli/command.def"
#undef COMMAND
    FOR_ALL = (1 << COMMAND_COUNT) - 1
};

/* The commands that can meet the need of a writer. */
#define FOR_WRITER(needs, documents) \
    (((documents)&OF_RUN ? FOR_run | FOR_replay : 0) | \
     (WRITER_NEEDS_##needs == WRITER_NEEDS_DOCUMENT ? FOR_report : 0) | \
     ((documents)&OF_AUDIT ? FOR_audit : 0) | \
     ((documents) & (OF_COMPARISON | OF_KNOCKOUT) ? FOR_compare : 0) | \
     ((documents)&OF_CAPACITY ? FOR_capacity : 0) | \
     ((documents)&OF_TIP ? FOR_tip : 0))

enum option_group {
    GROUP_LOAD,
    GROUP_REQUEST,
    GROUP_CONNECTION,
    GROUP_POLICY,
    GROUP_EFFECTS,
    GROUP_COMPARE,
    GROUP_CAPACITY,
    GROUP_TIP,
    GROUP_AUDIT,
    GROUP_SERVICE,
    GROUP_PROFILE,
    GROUP_RESULT,
    GROUP_GENERAL,
    GROUP_COUNT
};

/*
 * KEY: takes an argument and stands for a profile key: `--rate 5/s` is
 *   `--set load.rate=5/s`.
 * KEY_ITEM: the same for a list; every use adds an item.
 * KEY_TRUE: takes none and sets the key to true.
 * The others fill a field of the invocation: TEXT a pointer, LIST a struct
 * words, FLAG a bool; SEED, RUN, COLOR, PORT and COUNT what they are named
 * for, PROGRESS too, ON_INVALID a bool (warn), CLASS a pointer to the name of
 * a class of endings. JSON is a FLAG, or takes a body where one follows. URL
 * is the URL; RETRIES, FAULT stand for keys of a profile in words of their
 * own. HEADER adds a header, all but its value.
 */
enum option_type {
    OPTION_KEY,
    OPTION_KEY_ITEM,
    OPTION_KEY_TRUE,
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_FLAG,
    OPTION_SEED,
    OPTION_RUN,
    OPTION_COLOR,
    OPTION_PROGRESS,
    OPTION_ON_INVALID,
    OPTION_PORT,
    OPTION_COUNT,
    OPTION_CLASS,
    OPTION_JSON,
    OPTION_URL,
    OPTION_RETRIES,
    OPTION_FAULT,
    OPTION_HEADER
};

struct option_row {
    unsigned commands; /* FOR_ bits */
    enum option_group group;
    char letter; /* 0: none */
    const char *name;
    const char *argument; /* placeholder; NULL: takes none */
    enum option_type type;
    const char *key;     /* KEY and KEY_TRUE: the profile key, else NULL */
    size_t field;        /* the others: offset into struct invocation */
    const char *prefix;  /* HEADER: what stands before the argument */
    const char *implied; /* KEY: what it means where no number follows it;
                          * NULL: its argument must */
    const char *sentence;
    const char *since;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* The title under which help lists a group. */
const char *option_group_title(enum option_group group);

/* Finds the option of a command by long name (its first `length` bytes) or by
 * letter; NULL when the command has none. */
const struct option_row *option_find(const struct command *command,
                                     const char *name, size_t length);
const struct option_row *option_find_letter(const struct command *command,
                                            char letter);

#endif
