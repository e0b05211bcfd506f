/*
 * traffic: what squall run and squall replay have in common: a run that a
 * person watches and may interrupt, and what is asked to be written of it.
 */
#ifndef SQUALL_CLI_TRAFFIC_H
#define SQUALL_CLI_TRAFFIC_H

#include "cli/invocation.h"
#include "report/outputs.h"

/* Reads the plan, checks the outputs, makes the run and writes them. Prints
 * what goes wrong; returns the exit status. */
int traffic_run(const struct invocation *invocation,
                const struct plan_input *input, const struct outputs *outputs);

#endif
