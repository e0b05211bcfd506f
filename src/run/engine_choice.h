/* engine_choice: which engine a run has, and why. */
#ifndef SQUALL_RUN_ENGINE_CHOICE_H
#define SQUALL_RUN_ENGINE_CHOICE_H

#include "base/error.h"
#include "engine/engine.h"
#include "plan/plan.h"

#include <stdbool.h>

struct engine_choice {
    const struct engine_type *type;
    char why[160]; /* a sentence without its end */
};

/* Of a run that is no simulation. False after adding an error: the one that
 * was asked for cannot do it. */
bool engine_choice_make(const struct plan *plan, struct engine_choice *choice,
                        struct errors *errors);

/* What the native engine was built with, as "llhttp 8.1.0"; or that it was
 * not. */
const char *engine_choice_native(void);

#endif
