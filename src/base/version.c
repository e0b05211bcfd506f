#include "base/version.h"

/* The build passes these two for this file alone. */
#ifndef SQUALL_COMMIT
#define SQUALL_COMMIT "commit unknown"
#endif
#ifndef SQUALL_FLAGS
#define SQUALL_FLAGS "flags unknown"
#endif

#ifdef __clang__
#define SQUALL_COMPILER __VERSION__
#else
#define SQUALL_COMPILER "gcc " __VERSION__
#endif

const char *version_build(void)
{
    return SQUALL_COMPILER ", " SQUALL_FLAGS ", " SQUALL_COMMIT;
}
