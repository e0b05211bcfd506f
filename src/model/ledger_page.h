/*
 * ledger_page: how the modelled service lists its effects: `id count`
 * lines, or {"effects": {"id": count}}. It is made piece by piece, so that a
 * ledger of any size holds up nobody for longer than a piece takes.
 */
#ifndef SQUALL_MODEL_LEDGER_PAGE_H
#define SQUALL_MODEL_LEDGER_PAGE_H

#include "base/str.h"
#include "model/effects.h"

#include <stdbool.h>

struct ledger_page {
    struct effects_cursor cursor;
    bool is_json;
    bool has_begun;
    bool has_entries;
    bool is_over;
};

/* Borrows the effects. With by_key: by key alone. */
void ledger_page_begin(struct ledger_page *page,
                       const struct service_effects *effects, bool is_json,
                       bool by_key);

/* Appends at least `enough` bytes, or all that is left, and then it is over.
 * False: the effects were reset meanwhile, and the page is cut short. */
bool ledger_page_write(struct ledger_page *page, struct str *out,
                       size_t enough);

#endif
