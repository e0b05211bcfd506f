/*
 * header: which header fields a request may carry.
 *
 * A text that goes into a header is one line, whoever it came from; and some
 * fields are about the connection or the framing of a message, which squall
 * sets itself. Profiles, options and dead letters are held to the same rules.
 */
#ifndef SQUALL_PLAN_HEADER_H
#define SQUALL_PLAN_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is a token of HTTP (RFC 9110 5.6.2), as header names and methods
 * are. */
bool header_name_is_token(const char *text, size_t length);

/* Content-Length, Transfer-Encoding and Connection: squall writes them. */
bool header_name_is_ours(const char *name);

/* Whether a field cannot carry an idempotency key: it is one of ours, ends at
 * the next hop, or says what the message is. */
bool header_name_is_taken(const char *name);

/* Whether there is a byte that no header line may have: a control character
 * other than a tab. */
bool header_byte_breaks(unsigned char byte);
bool header_text_breaks(const char *text, size_t length);

/* What is wrong with "Name: value", or NULL; it does not show the value. */
const char *header_line_problem(const char *line);

#endif
