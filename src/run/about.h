/* about: the beginning of the documents of many runs: what made them, what was
 * asked, when, and how it ended. */
#ifndef SQUALL_RUN_ABOUT_H
#define SQUALL_RUN_ABOUT_H

#include "base/instant.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct about {
    int64_t started_unix_ms;
    struct duration took;
    uint64_t seed;
    int argc;
    const char *const *argv; /* authenticating values are masked here */
    const char *libcurl;
    const char *target; /* NULL: the embedded target, anew for each run */
    bool is_complete;
    int exit_status;
    const char *problem; /* or NULL */
};

/* Adds the members "tool" and "run"; returns the second. */
cJSON *about_add(cJSON *document, const struct about *about);

#endif
