/* help: what --help prints, made from the tables; at most 80 columns. */
#ifndef SQUALL_CLI_HELP_H
#define SQUALL_CLI_HELP_H

#include "base/str.h"
#include "cli/invocation.h"

void help_overview(struct str *out);
void help_command(struct str *out, const struct command *command);

#endif
