/* descriptors: how many this process may have, and what it says to people
 * where connections need more. */
#ifndef SQUALL_ENGINE_DESCRIPTORS_H
#define SQUALL_ENGINE_DESCRIPTORS_H

#include "base/error.h"
#include "plan/plan.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DESCRIPTORS_BESIDE = 64 /* files, epolls, libraries: what is not a
                             * connection */
};

/* Raises the process's limit as far as it may, and returns it. */
size_t descriptors_limit(void);

/* Adds the error that the plan's connections need more. */
void descriptors_refuse(const struct plan *plan, uint64_t needed,
                        uint64_t limit, struct errors *errors);

#endif
