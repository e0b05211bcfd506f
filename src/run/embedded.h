/* embedded: the embedded service, for a plan that names no other. */
#ifndef SQUALL_RUN_EMBEDDED_H
#define SQUALL_RUN_EMBEDDED_H

#include "base/error.h"
#include "plan/plan.h"
#include "service/server.h"

/* Starts it on a free port of the loopback and gives the plan its URL. NULL
 * after adding an error; the caller stops it (server_stop). */
struct server *embedded_start(struct plan *plan, uint64_t connections,
                              struct errors *errors);

#endif
