/*
 * key: the table of everything that a profile may say.
 *
 * One row a key in key.def; from it come the reader, its ranges and defaults,
 * the did-you-mean, `profile explain`, the JSON Schema, the list in the
 * manual and completion. Defaults and bounds are written as a profile would.
 *
 * A row's path is a pattern: the elements of a list are "[]". Sections that
 * are backoffs too have the rows of the common one: both
 * retry.backoff.by_class.throttle.initial and breaker.open.initial are
 * retry.backoff.initial.
 */
#ifndef SQUALL_PLAN_KEY_H
#define SQUALL_PLAN_KEY_H

#include "base/str.h"
#include "plan/choice.h"

#include <stdbool.h>
#include <stddef.h>

enum value_type {
#define VALUE_TYPE(id, name, example, schema) TYPE_##id,
#include "plan/value_type.def"
#undef VALUE_TYPE
};

struct key {
    const char *path;
    enum value_type type;
    size_t offset; /* of the field, in the draft or the list's element */
    size_t count_offset, element_size, element_max; /* LIST */
    bool required;
    const char *fallback;  /* the default, in profile syntax; NULL: none */
    const char *min, *max; /* in profile syntax; NULL: no bound */
    const struct choice *choices;
    const char *since;
    const char *sentence;
};

extern const struct key keys[];
extern const size_t key_count;

/* The row of a path, with or without indexes; NULL when there is none. */
const struct key *key_find(const char *path);

/* Turns a path with indexes into the pattern that key.def has. */
void key_pattern(const char *path, struct str *pattern);

/* Walks the direct children of a row (or of "" for the top): index from 0,
 * NULL at the end. Patterns end in ".name" or "[].name". */
const struct key *key_child(const char *pattern, size_t index);

/* The last name of a path. */
const char *key_last_name(const char *path);

/* The word that someone who wrote an unknown key may have meant: the path of
 * a key, or NULL. `pattern` is that of the object that it was found in. */
const char *key_suggest(const char *pattern, const char *name);

/* "duration", "list of texts" ... */
const char *value_type_name(enum value_type type);
/* How such a value may be written. */
const char *value_type_example(enum value_type type);
/* The core of its JSON Schema, a JSON text. */
const char *value_type_schema(enum value_type type);

#endif
