#include "effects/ledger_reader.h"

enum { SHOWN_MAX = 60 };

/* What each line should have been. */
static const char *const line_forms[] = {
    [LEDGER_HAS_COUNT] = "`id count`",
    [LEDGER_HAS_COUNT_TIME] = "`id count time`",
    [LEDGER_HAS_TIME] = "`id time`",
    [LEDGER_HAS_STATE_TIME] = "`id state time`",
};

const char *ledger_reader_line_form(enum ledger_columns columns)
{
    return line_forms[columns];
}

bool ledger_reader_refuse(struct ledger_reader *reader, struct errors *errors,
                          const char *what, const char *piece, size_t length)
{
    int shown = (int)(length < SHOWN_MAX ? length : SHOWN_MAX);
    reader->failed = true;
    struct error *error = errors_add(errors, ERROR_NO_LEDGER,
                                     "the ledger's line %zu %s: \"%.*s\"",
                                     reader->line, what, shown, piece);
    if (piece[0] == '<' || (length > 1 && piece[1] == '<')) {
        error_hint(error, "this looks like a page for people: does the "
                          "ledger want a header (ledger.headers), or has it "
                          "another path?");
    } else if (reader->columns == LEDGER_HAS_COUNT) {
        error_hint(error,
                   "a ledger is lines of `id count`, or JSON: {\"id\": "
                   "count}, or records {\"key\": \"id\", \"count\": 1}; see "
                   "ledger.columns for times and states");
    } else {
        error_hint(error,
                   "with this ledger.columns, a line is %s, and JSON is "
                   "records with key, %s",
                   line_forms[reader->columns],
                   reader->columns == LEDGER_HAS_STATE_TIME ? "state and time"
                   : reader->columns == LEDGER_HAS_TIME     ? "and time"
                                                        : "count and time");
    }
    return false;
}

void ledger_reader_take(struct ledger_reader *reader,
                        const struct ledger_entry *entry)
{
    reader->entries++;
    if (reader->take) {
        reader->take(reader->user, entry);
    }
}
