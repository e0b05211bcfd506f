/* unicode: text from outside must be valid before it goes into a document. */
#ifndef SQUALL_BASE_UNICODE_H
#define SQUALL_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 sequence at `at`, 0 when it is not valid: overlong
 * forms, surrogates and values past U+10FFFF are not. */
size_t utf8_length(const char *text, size_t left);

bool utf8_is_valid(const char *text, size_t length);

/* Puts a question mark where a byte is not valid, in place. */
void utf8_mend(char *text);

#endif
