/*
 * natural: what people leave out on a command line, because it is clear: the
 * unit of a time or a rate, the scheme of a URL.
 *
 * A profile is read by others, later; there every value carries its unit.
 */
#ifndef SQUALL_CLI_NATURAL_H
#define SQUALL_CLI_NATURAL_H

#include "base/arena.h"

#include <stdbool.h>

/* The value of an option whose argument is called so ("TIME", "RATE", "URL"),
 * completed; the value itself where nothing is missing. */
const char *natural_value(struct arena *arena, const char *argument,
                          const char *value);

/* Whether a word that is no URL names a host: host.name, host:port,
 * localhost, [::1], with a path or without. A file that is there does not. */
bool natural_is_host(const char *word);

/* The word as a URL: with http:// before it if it names a host. */
const char *natural_url(struct arena *arena, const char *word);

/* Whether a word names a file, of profiles or of scripts. */
bool natural_is_file(const char *word);

#endif
