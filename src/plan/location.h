/*
 * location: where a redirect leads: RFC 3986, section 5, for http and https.
 */
#ifndef SQUALL_PLAN_LOCATION_H
#define SQUALL_PLAN_LOCATION_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a URL that is followed, with its NUL. */
enum { LOCATION_URL_MAX = 4096 };

/* The URL that a Location stands for, as seen from the absolute URL `base`:
 * without its fragment, and with bytes that no URL has percent-encoded. False:
 * there is none (it is empty, of another scheme, or longer than the room), and
 * `out` is of no use. */
bool location_resolve(const char *base, const char *location, size_t length,
                      char out[LOCATION_URL_MAX]);

/* Whether two absolute URLs have one origin: scheme, host and port. */
bool location_same_origin(const char *a, const char *b);
bool location_same_scheme(const char *a, const char *b);

#endif
