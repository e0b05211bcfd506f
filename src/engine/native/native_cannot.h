/* native_cannot: whether the native engine can do what a run needs. */
#ifndef SQUALL_ENGINE_NATIVE_NATIVE_CANNOT_H
#define SQUALL_ENGINE_NATIVE_NATIVE_CANNOT_H

#include "plan/plan.h"

/* What it lacks for this plan, the first row of native_cannot.def, after "it
 * has no"; NULL: nothing. */
const char *native_cannot(const struct plan *plan);

#endif
