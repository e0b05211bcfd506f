/*
 * slo_file: expressions in a file of their own, so that several services share
 * a profile: one a line; a # and what follows it is a comment.
 */
#ifndef SQUALL_PLAN_SLO_FILE_H
#define SQUALL_PLAN_SLO_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Calls `take` for each expression of the file, "-" for standard input, with
 * the number of its line. False after adding an error: it cannot be read, or
 * has none. */
bool slo_file_read(const char *path,
                   void (*take)(void *context, const char *expression,
                                size_t line),
                   void *context, struct errors *errors);

#endif
