/* handle: the options of an easy handle that say how the target is reached:
 * HTTP version, TLS, proxy, Unix socket, pinned names. Shared by the transfers
 * and the reader of the ledger. */
#ifndef SQUALL_ENGINE_CURL_HANDLE_H
#define SQUALL_ENGINE_CURL_HANDLE_H

#include "plan/plan.h"

#include <curl/curl.h>

/* Borrows all; they must outlive the handle. pinned may be NULL. */
void handle_set_target(CURL *easy, const struct target_config *target,
                       struct curl_slist *pinned);

/* The same for what lies elsewhere, as a ledger may: HTTP/1.1, and not through
 * the target's Unix socket. */
void handle_set_other(CURL *easy, const struct target_config *target,
                      struct curl_slist *pinned);

/* Which of the addresses or devices it connects from. */
void handle_set_interface(CURL *easy, const struct target_config *target,
                          size_t turn);

#endif
