/*
 * absent: what a command does whose file is not part of this build. The
 * definitions are weak: the real command replaces them.
 */
#include "cli/command.h"

#include <stdio.h>

#define ABSENT(id)                                                    \
    __attribute__((weak)) int command_##id(                           \
        const struct invocation *invocation)                          \
    {                                                                 \
        fprintf(stderr, "squall: error: %s is not part of this "      \
                        "build\n", invocation->command->name);        \
        return 3;                                                     \
    }

ABSENT(run)
ABSENT(target)
ABSENT(profile)
