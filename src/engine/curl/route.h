/*
 * route: where the requests go, found out once before the run.
 *
 * The target's name is resolved here and pinned, so that no lookup is timed
 * with a request; and one TCP connection is opened and closed, so that an
 * unreachable target is an error with a name and not a report full of them.
 */
#ifndef SQUALL_ENGINE_CURL_ROUTE_H
#define SQUALL_ENGINE_CURL_ROUTE_H

#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"

#include <curl/curl.h>
#include <stdbool.h>

/* The list for CURLOPT_RESOLVE: the plan's own entries and the resolved name.
 * *pinned is owned by the caller (curl_slist_free_all) and may be NULL. Where
 * there is a name to connect to, the addresses that answered go to `reached`,
 * with commas between, in the order in which they are tried; it may be NULL.
 * How long names took to be looked up goes to `looked_up`, 0 where none was;
 * it may be NULL. */
bool route_find(const struct plan *plan, struct curl_slist **pinned,
                struct str *reached, struct duration *looked_up,
                struct errors *errors);

/* The same for who connects by himself: no more than the addresses. */
bool route_reach(const struct plan *plan, struct str *reached,
                 struct duration *looked_up, struct errors *errors);

#endif
