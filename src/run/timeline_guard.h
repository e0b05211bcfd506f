/*
 * timeline_guard: a process that outlives this one where this one is killed,
 * and then ends what a timeline has started and undoes what it has done.
 *
 * It is a shell that reads from a pipe what is under way. When the pipe ends
 * without a word, nobody is left to do the rest: it kills the groups that it
 * knows of and runs the commands that undo something. Of a request it can undo
 * nothing.
 */
#ifndef SQUALL_RUN_TIMELINE_GUARD_H
#define SQUALL_RUN_TIMELINE_GUARD_H

#include "base/error.h"
#include "plan/plan.h"

#include <sys/types.h>

struct timeline_guard {
    pid_t process; /* -1: nothing needs one */
    int pipe;
};

/* False after adding an error. Nothing is started where no entry runs a
 * command. */
bool timeline_guard_start(struct timeline_guard *guard,
                          const struct plan *plan, struct errors *errors);

/* From any thread. An entry, by its index, is about to begin, so that it must
 * be undone; or is about to be undone. */
void timeline_guard_begun(const struct timeline_guard *guard, size_t entry);
void timeline_guard_undone(const struct timeline_guard *guard, size_t entry);

/* Its command runs, as this process group; or nothing is left of it. */
void timeline_guard_runs(const struct timeline_guard *guard, size_t entry,
                         pid_t group);
void timeline_guard_ran(const struct timeline_guard *guard, size_t entry);

/* Nothing is left to be done. */
void timeline_guard_end(struct timeline_guard *guard);

#endif
