/*
 * ledger_reader: what the two forms of a ledger share while they are read: who
 * gets the entries, the line that errors name, and the line, text or word that
 * is being collected.
 */
#ifndef SQUALL_EFFECTS_LEDGER_READER_H
#define SQUALL_EFFECTS_LEDGER_READER_H

#include "base/error.h"
#include "effects/ledger_entry.h"

enum { LEDGER_LINE_MAX = 4096 };

struct ledger_reader {
    enum ledger_columns columns;
    void (*take)(void *user, const struct ledger_entry *entry); /* or NULL */
    void *user;
    uint64_t entries;
    size_t line; /* from 1 */
    bool failed;
    size_t length; /* of buffer: the line, string or word so far */
    char buffer[LEDGER_LINE_MAX + 1];
};

/* Hands an entry on. */
void ledger_reader_take(struct ledger_reader *reader,
                        const struct ledger_entry *entry);

/* Adds an error (NO_LEDGER) about a piece of the text, of which the begin is
 * shown; returns false. */
bool ledger_reader_refuse(struct ledger_reader *reader, struct errors *errors,
                          const char *what, const char *piece, size_t length);

/* How a line must look with this ledger.columns: "`id count`". */
const char *ledger_reader_line_form(enum ledger_columns columns);

#endif
