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
};

/* Runs `command` with /bin/sh, nothing on its standard input. What it prints
 * goes to the pipe, and its errors do where `with_errors`; else they go where
 * ours go. The calling thread waits until the shell is there, and no other one
 * is held up: nothing of the process is copied. 0, or an error number. */
int process_start(struct process *process, const char *command,
                  bool with_errors);

/* Whether the shell has ended; *status is as of waitpid, 0 where nobody can
 * know (SIGCHLD is ignored). */
bool process_has_ended(const struct process *process, int *status);

/* Ends what is left of it: asks (SIGTERM) where there is time for that, then
 * kills; closes the pipe. Returns within `grace`, or a moment later. */
void process_end(struct process *process, struct duration grace);

/* The shell has ended: leaves whatever else it started as it is, and closes
 * the pipe. */
void process_release(struct process *process);

#endif
