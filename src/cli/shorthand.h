/*
 * shorthand: what a word of the command line stands for in a profile.
 */
#ifndef SQUALL_CLI_SHORTHAND_H
#define SQUALL_CLI_SHORTHAND_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* "lost_response:10%", "delay:5%:delay=50ms": appends the fault as JSON.
 * False: it is not written so. */
bool shorthand_fault(const char *text, struct str *json);

/* Whether such a fault loses a message, for which somebody must wait. */
bool shorthand_fault_loses(const char *text);

/* What an option with this value needs that nothing else may have said: the
 * index-th, "path|other=value"; NULL after the last. */
const char *shorthand_fallback(const char *option, const char *value,
                               size_t index);

#endif
