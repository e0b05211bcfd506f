/* reading: makes plans from texts in a folder of its own. */
#ifndef SQUALL_TESTS_READING_H
#define SQUALL_TESTS_READING_H

#include "base/must.h"
#include "base/str.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static inline int enter_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/squall-plan-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static inline int leave_folder(void **state)
{
    (void)state;
    unlink("a.json");
    unlink("b.json");
    unlink("body.txt");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static inline void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct errors errors;

/* Reads up to two texts as a.json and b.json. */
static inline struct plan *read_texts(const char *a, const char *b,
                                      struct plan_input input)
{
    static const char *const names[] = {"a.json", "b.json"};
    errors = (struct errors)ERRORS_INIT;
    input.profiles = names;
    input.profile_count = b ? 2 : a ? 1 : 0;
    if (a) {
        write_file(names[0], a);
    }
    if (b) {
        write_file(names[1], b);
    }
    return plan_read(&input, &errors);
}

static inline struct plan *read_good(const char *a, const char *b)
{
    struct plan *plan = read_texts(a, b, (struct plan_input){0});
    errors_print(&errors, stderr);
    assert_non_null(plan);
    assert_int_equal(errors.count, 0);
    return plan;
}

static inline struct plan *read_sets(const char *a, const char *const *sets,
                                     size_t count)
{
    return read_texts(a, NULL,
                      (struct plan_input){.sets = sets, .set_count = count});
}

#endif
