/*
 * ledger_text: what a ledger says, entry by entry, as its bytes arrive.
 *
 * Pure and in constant memory: the text is fed in pieces of any size and never
 * held; a line, or a string of JSON, may be LEDGER_LINE_MAX long. Two forms:
 *
 *   lines  `id count`. The separator before the count is blanks, a tab or a
 *          `|`; the id may hold all of them. Empty lines and CR are ignored.
 *   JSON   one value, or one after another (NDJSON). An object is a record
 *          when it has a "key" (or "id") that is a text or a number; else it
 *          is {"id": count}, of ids that are not called so. An array holds
 *          such objects, and the member "effects" or "entries" of an outer
 *          object may hold either. Other members of a record and of the outer
 *          object are ignored; a record without a count is one effect.
 *
 * What else an entry holds is declared (enum ledger_columns), because an id
 * may end with anything: a time, and a state instead of the count.
 *
 * Where there is no better word (a Content-Type), the first byte that is not
 * blank decides: { and [ begin JSON. A byte order mark before all is ignored,
 * as it would else belong to the first id.
 */
#ifndef SQUALL_EFFECTS_LEDGER_TEXT_H
#define SQUALL_EFFECTS_LEDGER_TEXT_H

#include "effects/ledger_json.h"
#include "effects/ledger_reader.h"

enum ledger_form { LEDGER_SNIFFED, LEDGER_LINES, LEDGER_JSON };

struct ledger_text {
    enum ledger_form form;
    size_t mark; /* bytes of a byte order mark so far; all: it is past */
    struct ledger_reader reader;
    struct ledger_json json;
};

/* `take` gets each entry, whose texts are valid during the call; it may be
 * NULL. The text must stay in place while it is fed. */
void ledger_text_begin(struct ledger_text *text, enum ledger_form form,
                       enum ledger_columns columns,
                       void (*take)(void *user,
                                    const struct ledger_entry *entry),
                       void *user);

/* False after adding an error (NO_LEDGER) that names the line; the text is
 * not to be fed any more. */
bool ledger_text_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors);

/* What was fed is all of it. */
bool ledger_text_end(struct ledger_text *text, struct errors *errors);

#endif
