/*
 * pages: what the embedded target shows of itself.
 */
#ifndef SQUALL_TARGET_PAGES_H
#define SQUALL_TARGET_PAGES_H

#include "base/str.h"
#include "target/effects.h"

#include <microhttpd.h>
#include <stdbool.h>

/* The ledger as `id count` lines, or as {"effects": {"id": count}}. It is made
 * piece by piece while it is sent, so that a ledger of any size holds up the
 * service no longer than 32 KiB of text take; a reset meanwhile cuts it short.
 * Borrows the effects. NULL when memory ends. */
struct MHD_Response *page_ledger(const struct target_effects *effects,
                                 bool json, bool by_key);

/* Appends a text as a JSON string. */
void page_append_json_string(struct str *out, const char *text);

#endif
