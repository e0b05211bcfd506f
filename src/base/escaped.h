/*
 * escaped: finds a text in another one that may have been escaped on its way
 * there, as a string in JSON is, and once more where JSON is quoted in JSON.
 */
#ifndef SQUALL_BASE_ESCAPED_H
#define SQUALL_BASE_ESCAPED_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes at the begin of `text` are `wanted`, plain or escaped any
 * number of times; 0: they are something else. *is_cut: the text ends within
 * it, and all that is left of the text is its begin. Backslashes do not count:
 * they may be of the escapes. */
size_t escaped_match(const char *text, size_t left, const char *wanted,
                     size_t length, bool *is_cut);

#endif
