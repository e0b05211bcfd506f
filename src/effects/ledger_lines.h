/* ledger_lines: a ledger that is lines of `id count`, with or without times
 * and states (see ledger_text.h). */
#ifndef SQUALL_EFFECTS_LEDGER_LINES_H
#define SQUALL_EFFECTS_LEDGER_LINES_H

#include "effects/ledger_reader.h"

/* As ledger_text_feed and _end. */
bool ledger_lines_feed(struct ledger_reader *reader, const char *bytes,
                       size_t length, struct errors *errors);
bool ledger_lines_end(struct ledger_reader *reader, struct errors *errors);

#endif
