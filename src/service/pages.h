/*
 * pages: what the embedded target shows of itself.
 */
#ifndef SQUALL_SERVICE_PAGES_H
#define SQUALL_SERVICE_PAGES_H

#include "base/str.h"
#include "model/effects.h"

#include <microhttpd.h>
#include <stdbool.h>

/* The ledger (model/ledger_page.h), made in pieces of 32 KiB while it is sent;
 * a reset meanwhile cuts it short. Borrows the effects. NULL when memory ends.
 */
struct MHD_Response *page_ledger(const struct service_effects *effects,
                                 bool json, bool by_key);

#endif
