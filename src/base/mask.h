/*
 * mask: keeps secrets out of what is shown.
 *
 * A command line may carry header values that authenticate and URLs with a
 * user and password; both end up in a report that people pass around. The
 * name before a ":" or "=" decides, or the option before a blank, never the
 * value; where it is in doubt, too much is masked rather than too little.
 */
#ifndef SQUALL_BASE_MASK_H
#define SQUALL_BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

/* True for names whose value authenticates, in any case: Authorization,
 * Cookie, X-Api-Key, X-Auth-Token and kin. */
bool mask_is_secret_name(const char *name, size_t length);

/* Copies a text with "user:password@" of every URL in it replaced by "***@".
 * Returns owned memory. */
char *mask_url(const char *text);

/* Copies an argument of a command line ("Authorization: Basic eA==",
 * "--header=Cookie: a", "headers.X-Api-Key=b", a URL) with its secret
 * replaced by "***". Returns owned memory. */
char *mask_argument(const char *argument);

#endif
