/*
 * process: a command of the user's while it runs: a shell, whatever it starts,
 * and one pipe that takes what they print.
 *
 * They are a process group of their own, so that they can all be ended
 * together, whoever of them is still there. The shell is not waited for before
 * that, so its number stays the group's.
 */
#ifndef SQUALL_LEDGER_PROCESS_H
#define SQUALL_LEDGER_PROCESS_H

#include "base/instant.h"

#include <stdbool.h>
#include <sys/types.h>

struct process {
    pid_t group; /* that of the shell, whose number it has */
    int output;  /* what they print; ours to read, -1: closed */
    int shell;   /* a descriptor that can be read when the shell has ended; -1:
                  * this system has none */
};

struct process_setup {
    int files[3];             /* its first three; -1: /dev/null */
    char *const *environment; /* NULL: ours */
    bool has_session;         /* of its own, else a group of its own */
};

/* Runs `command` with /bin/sh. The calling thread waits until the shell is
 * there, and no other one is held up: nothing of the process is copied. 0, or
 * an error number. */
int process_spawn(pid_t *shell, const char *command,
                  const struct process_setup *setup);

/* Runs `command` so, nothing on its standard input. What it prints
 * goes to the pipe, and its errors do where `with_errors`; else they go where
 * ours go. 0, or an error number. */
int process_start(struct process *process, const char *command,
                  bool with_errors);

/* Whether the shell has ended; *status is as of waitpid, 0 where nobody can
 * know (SIGCHLD is ignored). */
bool process_has_ended(const struct process *process, int *status);

/* Ends what is left of it: asks (SIGTERM) where there is time for that, then
 * kills. Returns when nothing is left, and within `grace` or a moment later;
 * not before that where somebody else's child, which nobody waits for, is left
 * of it (process_adopt). What it prints at last can still be read. */
void process_end(struct process *process, struct duration grace);

/* The shell has ended, or was: gives back what we hold of it, and leaves
 * whatever else it started as it is. */
void process_release(struct process *process);

/* From now on whoever in such a group loses its parent is a child of this
 * process, so that it is known when nobody is left. Returns how it was before,
 * which process_adopt takes again. */
bool process_adopt(bool adopts);

#endif
