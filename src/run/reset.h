/*
 * reset: brings a service back to where it was, by a URL that is asked with
 * POST or by a command.
 */
#ifndef SQUALL_RUN_RESET_H
#define SQUALL_RUN_RESET_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdatomic.h>

/* Whether it is a URL; else it is a command. */
bool reset_is_url(const char *what);

/* Waits until it is done, a minute at most. False after adding an error. A
 * request ends when `stop` is above 0, a command when `give_up` is true; both
 * may be NULL. */
bool reset_service(const char *what, const struct plan *plan,
                   const atomic_uint *stop, const atomic_bool *give_up,
                   struct errors *errors);

#endif
