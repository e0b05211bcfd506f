/* refusal: a profile that is not accepted, and what is said of it. */
#ifndef SQUALL_TESTS_REFUSAL_H
#define SQUALL_TESTS_REFUSAL_H

#include "reading.h"

struct refusal {
    const char *profile;
    int line, column;
    const char *path, *text, *hint; /* parts of them */
};

static inline void check(const struct refusal *refusal)
{
    struct plan *plan =
        read_texts(refusal->profile, NULL, (struct plan_input){0});
    if (plan) {
        fail_msg("accepted: %s", refusal->profile);
    }
    for (size_t i = 0; i < errors.count; i++) {
        const struct error *error = &errors.list[i];
        if (strcmp(error->path, refusal->path) == 0 &&
            strstr(error->text, refusal->text) &&
            strstr(error->hint, refusal->hint) &&
            error->line == refusal->line && error->column == refusal->column &&
            strcmp(error->file, "a.json") == 0) {
            assert_int_equal(errors_exit_status(&errors), 2);
            return;
        }
    }
    errors_print(&errors, stderr);
    fail_msg("not reported as expected: %s", refusal->profile);
}

static inline void check_all(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(&refusals[i]);
    }
}

#endif
