#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void (*must_fail_hook)(const char *condition, const char *file, int line);

void must_fail(const char *condition, const char *file, int line)
{
    if (must_fail_hook) {
        must_fail_hook(condition, file, line);
    }
    fprintf(stderr, "squall: bug: %s:%d: this must hold: %s\n", file, line,
            condition);
    abort();
}
