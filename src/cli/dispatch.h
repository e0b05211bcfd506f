/* dispatch: the whole program: finds the command, parses its options, and runs
 * it. */
#ifndef SQUALL_CLI_DISPATCH_H
#define SQUALL_CLI_DISPATCH_H

/* Returns the exit status. */
int dispatch(int argc, const char *const *argv);

#endif
