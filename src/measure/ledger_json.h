/* ledger_json: the JSON of ledger_text. Strict, but for what follows a value:
 * another one may. */
#ifndef SQUALL_MEASURE_LEDGER_JSON_H
#define SQUALL_MEASURE_LEDGER_JSON_H

#include "measure/ledger_text.h"

void ledger_json_begin(struct ledger_text *text);
bool ledger_json_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors);
bool ledger_json_end(struct ledger_text *text, struct errors *errors);

#endif
