/*
 * reader: from a merged JSON tree to a draft, by the table of keys.
 *
 * Checks every key and value, fills in defaults, collects all errors. It knows
 * no key by name; what keys mean together is for resolve.
 */
#ifndef SQUALL_PLAN_READER_H
#define SQUALL_PLAN_READER_H

#include "base/arena.h"
#include "plan/draft.h"
#include "plan/key.h"
#include "plan/sources.h"

#include <cjson/cJSON.h>

struct reader {
    const struct sources *sources;
    struct arena *arena;
    struct errors *errors;
    struct str path; /* of the value being read */
};

/* Fills the draft with defaults and what the tree says. False when an error
 * was added. Strings are copied into the arena. */
bool reader_read(struct reader *reader, const cJSON *tree,
                 struct draft *draft);

/* Reads one value into its field, at reader->path. */
bool value_read(struct reader *reader, const struct key *key,
                const cJSON *value, void *field);

/* The same for a map of states (value_transitions.c). */
bool value_read_transitions(struct reader *reader, const struct key *key,
                            const cJSON *value,
                            struct transition_config *states);

/* Says that a value is of another type than its key's; false. */
bool value_wrong_type(struct reader *reader, const struct key *key,
                      const cJSON *value);

/* A default or bound in profile syntax, as JSON: read as JSON when it is, as
 * a text otherwise. The caller frees it. */
cJSON *value_from_text(const char *text);

/* Whether the value of such a key is a text that needs no quotes on a command
 * line. */
bool value_is_textual(enum value_type type);

/* Whether text is a token of HTTP (RFC 9110 5.6.2), as header names and
 * methods are. */
bool value_is_token(const char *text);

/* Methods differ by case: "post" is none that squall knows, and what a rule
 * would make of it is not what its writer thinks. Whether this is one in small
 * letters; `upper` is then the one that was meant. */
bool value_method_is_miswritten(const char *method, char *upper, size_t size);

#endif
