/*
 * ledger_text: what a ledger says, entry by entry, as its bytes arrive.
 *
 * Pure and in constant memory: the text is fed in pieces of any size and never
 * held; a line, or a string of JSON, may be LEDGER_LINE_MAX long. Two forms:
 *
 *   lines  `id count`. The separator before the count is blanks, a tab or a
 *          `|`; the id may hold all of them. Empty lines and CR are ignored.
 *   JSON   one value, or one after another (NDJSON). An object is a record
 *          when it has a "key" (or "id") that is a text or a number; else it is
 *          {"id": count}, of ids that are not called so. An array holds such
 *          objects, and the member "effects" or "entries" of an outer object
 *          may hold either. Other members of a record and of the outer object
 *          are ignored; a record without a count is one effect.
 *
 * What else an entry tells is declared (enum ledger_tells), because an id may
 * end with anything: a time, and a state instead of the count.
 *
 * Where there is no better word (a Content-Type), the first byte that is not
 * blank decides: { and [ begin JSON. A byte order mark before all is ignored,
 * as it would else belong to the first id.
 */
#ifndef SQUALL_MEASURE_LEDGER_TEXT_H
#define SQUALL_MEASURE_LEDGER_TEXT_H

#include "base/error.h"
#include "measure/ledger_entry.h"

enum ledger_form { LEDGER_SNIFFED, LEDGER_LINES, LEDGER_JSON };

enum { LEDGER_LINE_MAX = 4096, LEDGER_PENDING_MAX = 16 };

/* The parts of a record of JSON. */
enum ledger_part { PART_KEY, PART_ID, PART_COUNT, PART_TIME, PART_STATE,
                   PART_COUNT_OF };

/* What is known of the object that is being read. */
enum ledger_object { OBJECT_OPEN, OBJECT_MAP, OBJECT_RECORD, OBJECT_OUTER };

/* A number that may yet turn out to be the count of an id. */
struct ledger_pending {
    uint16_t at, length; /* of its name, in pool */
    bool is_whole;
    uint64_t count;
};

struct ledger_text {
    enum ledger_form form;
    enum ledger_tells tells;
    void (*take)(void *user, const struct ledger_entry *entry);
    void *user;
    uint64_t entries;
    size_t line; /* from 1 */
    size_t mark; /* bytes of a byte order mark so far; all: it is past */
    bool failed;
    size_t length; /* of buffer: the line, string or word so far */
    char buffer[LEDGER_LINE_MAX + 1];
    struct {
        int state;          /* of the grammar: ledger_json.c */
        uint64_t arrays;    /* bit per depth: an array, not an object */
        unsigned depth;
        unsigned skip;      /* depth below which all is ignored; 0: nothing */
        bool is_outer;      /* inside of "effects" or "entries" */
        bool is_cut;        /* longer than the buffer */
        unsigned escape;    /* 1: after a backslash; more: digits to come */
        unsigned escape_value;
        unsigned surrogate; /* the first half of a pair; 0: none */
        uint16_t name_length;
        char name[LEDGER_LINE_MAX + 1];
        enum ledger_object object;
        bool is_odd;        /* has a member that no map of counts has */
        char odd[64];       /* its name */
        size_t pending_count, pool_length;
        struct ledger_pending pending[LEDGER_PENDING_MAX];
        char pool[LEDGER_LINE_MAX];
        struct {
            char kind;      /* 0: none, 's'tring, 'n'umber, 'o'ther */
            uint16_t length;
        } parts[PART_COUNT_OF];
        char values[PART_COUNT_OF][LEDGER_LINE_MAX + 1];
    } json;
};

/* `take` gets each entry, whose texts are valid during the call; it may be
 * NULL. */
void ledger_text_begin(struct ledger_text *text, enum ledger_form form,
                       enum ledger_tells tells,
                       void (*take)(void *user,
                                    const struct ledger_entry *entry),
                       void *user);

/* False after adding an error (NO_LEDGER) that names the line; the text is
 * not to be fed any more. */
bool ledger_text_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors);

/* What was fed is all of it. */
bool ledger_text_end(struct ledger_text *text, struct errors *errors);

/* For ledger_json.c: an entry, and an error about a piece of the text. */
void ledger_text_take(struct ledger_text *text,
                      const struct ledger_entry *entry);
bool ledger_text_refuse(struct ledger_text *text, struct errors *errors,
                        const char *what, const char *piece, size_t length);

#endif
