/*
 * sources: where each part of a merged profile came from.
 *
 * Profiles first, then what the command line adds, in order; the last source
 * that contains a path is the one to name. A source from the command line
 * stands for one key: "--set load.rate=5" for load.rate, "-X PUT" for the
 * method of every request.
 */
#ifndef SQUALL_PLAN_SOURCES_H
#define SQUALL_PLAN_SOURCES_H

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct source {
    struct json_source json; /* of an argument: its value as JSON */
    char *path;              /* of an argument: its key; NULL: a profile */
    bool any_index;          /* path is a pattern: it holds for each element */
};

struct sources {
    size_t count, capacity;
    struct source *list;
};

#define SOURCES_INIT \
    { \
        0 \
    }

void sources_release(struct sources *sources);

/* Takes over a profile's text; returns it for reading. Void after the next
 * addition. */
struct source *sources_add_profile(struct sources *sources,
                                   struct json_source *json);

/* An argument as people typed it ("--set a=b"), the path that it stands for
 * and its value as JSON text. */
void sources_add_argument(struct sources *sources, const char *shown,
                          const char *path, bool any_index, const char *value);

/* The last source that has the path; NULL: none. */
const struct source *sources_find(const struct sources *sources,
                                  const char *path);

/* Adds an error about a path, at its place or at that of the nearest parent
 * that stands somewhere. */
struct error *sources_error(const struct sources *sources,
                            struct errors *errors, enum error_code code,
                            const char *path, enum json_part part,
                            const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The same for those that have arguments themselves. */
struct error *sources_verror(const struct sources *sources,
                             struct errors *errors, enum error_code code,
                             const char *path, enum json_part part,
                             const char *format, va_list arguments)
    __attribute__((format(printf, 6, 0)));

/* "file:line:column" or the argument that a path came from; false when it
 * came from neither. */
bool sources_where(const struct sources *sources, const char *path,
                   struct str *where);

#endif
