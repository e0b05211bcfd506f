/* cpu_wait: how long this machine let squall wait for a core. */
#ifndef SQUALL_ENGINE_CPU_WAIT_H
#define SQUALL_ENGINE_CPU_WAIT_H

#include "base/instant.h"

/* The calling thread, since it began: ready to run, and not on a core
 * (/proc/thread-self/schedstat). Negative: the kernel does not say. */
struct duration cpu_wait_of_thread(void);

/* All cores, since this machine began: what its host gave to others (steal in
 * /proc/stat). Negative: the kernel does not say. */
struct duration cpu_wait_for_host(void);

#endif
