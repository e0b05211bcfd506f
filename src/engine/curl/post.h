/* post: one POST without a body, outside of any load, which 2xx answers. */
#ifndef SQUALL_ENGINE_CURL_POST_H
#define SQUALL_ENGINE_CURL_POST_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdatomic.h>

/* Reaches the URL as the target is reached (TLS, proxy, pinned names). False
 * after adding an error (NO_TARGET), which calls the URL `name`: it may hold
 * secrets. `stop` ends it when it is above 0; may be NULL. */
bool post_once(const struct plan *plan, const char *url, const char *name,
               struct duration timeout, const atomic_uint *stop,
               struct errors *errors);

#endif
