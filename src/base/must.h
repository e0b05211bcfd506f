/*
 * must: assertions that stay in production.
 *
 * A broken promise inside squall is a bug, never a user error: print where
 * and stop, because a figure computed after that point cannot be trusted.
 * Unit tests redirect the failure (must_fail_hook), so that preconditions
 * are themselves tested.
 */
#ifndef SQUALL_BASE_MUST_H
#define SQUALL_BASE_MUST_H

#define must(condition) \
    ((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))

/* For a place that no path may reach; the text says which. */
#define must_never(text) must_fail(text, __FILE__, __LINE__)

/* Called instead of aborting when set; it must not return. */
extern void (*must_fail_hook)(const char *condition, const char *file,
                              int line);

/* Prints the broken condition to stderr and aborts. */
_Noreturn void must_fail(const char *condition, const char *file, int line);

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

#endif
