/* expect_bug: tests of preconditions: the statement must break a must(). */
#ifndef SQUALL_TESTS_EXPECT_BUG_H
#define SQUALL_TESTS_EXPECT_BUG_H

#include "base/must.h"

#include <setjmp.h>

static jmp_buf expect_bug_back;

static void expect_bug_jump(const char *condition, const char *file, int line)
{
    (void)condition;
    (void)file;
    (void)line;
    longjmp(expect_bug_back, 1);
}

#define expect_bug(statement) \
    do { \
        must_fail_hook = expect_bug_jump; \
        if (setjmp(expect_bug_back) == 0) { \
            statement; \
            must_fail_hook = NULL; \
            fail_msg("line %d: %s was accepted", __LINE__, #statement); \
        } \
        must_fail_hook = NULL; \
    } while (0)

#endif
