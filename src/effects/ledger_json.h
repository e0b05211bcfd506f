/*
 * ledger_json: a ledger that is JSON, byte by byte: the grammar, and which
 * objects are records and which are maps of counts (see ledger_text.h).
 * Strict, but for what follows a value: another one may.
 */
#ifndef SQUALL_EFFECTS_LEDGER_JSON_H
#define SQUALL_EFFECTS_LEDGER_JSON_H

#include "effects/ledger_reader.h"

enum { LEDGER_PENDING_MAX = 16 };

/* The parts of a record of JSON. */
enum ledger_part {
    PART_KEY,
    PART_ID,
    PART_COUNT,
    PART_TIME,
    PART_STATE,
    PART_COUNT_OF
};

/* What is known of the object that is being read. */
enum ledger_object { OBJECT_OPEN, OBJECT_MAP, OBJECT_RECORD, OBJECT_OUTER };

/* A number that may yet turn out to be the count of an id. */
struct ledger_pending {
    uint16_t at, length; /* of its name, in pool */
    bool is_whole;
    uint64_t count;
};

struct ledger_json {
    struct ledger_reader *reader;
    int state;       /* of the grammar, see ledger_json.c */
    uint64_t arrays; /* bit per depth: an array, not an object */
    unsigned depth;
    unsigned skip;   /* depth below which all is ignored; 0: nothing */
    bool is_outer;   /* inside of "effects" or "entries" */
    bool is_cut;     /* longer than the buffer */
    unsigned escape; /* 1: after a backslash; more: digits to come */
    unsigned escape_value;
    unsigned surrogate; /* the first half of a pair; 0: none */
    uint16_t name_length;
    char name[LEDGER_LINE_MAX + 1];
    enum ledger_object object;
    bool is_odd;  /* has a member that no map of counts has */
    char odd[64]; /* its name */
    size_t pending_count, pool_length;
    struct ledger_pending pending[LEDGER_PENDING_MAX];
    char pool[LEDGER_LINE_MAX];
    struct {
        char kind; /* 0: none, 's'tring, 'n'umber, 'o'ther */
        uint16_t length;
    } parts[PART_COUNT_OF];
    char values[PART_COUNT_OF][LEDGER_LINE_MAX + 1];
};

/* Borrows the reader, in which names and values are collected; as ledger_text.
 */
void ledger_json_begin(struct ledger_json *json, struct ledger_reader *reader);
bool ledger_json_feed(struct ledger_json *json, const char *bytes,
                      size_t length, struct errors *errors);
bool ledger_json_end(struct ledger_json *json, struct errors *errors);

#endif
