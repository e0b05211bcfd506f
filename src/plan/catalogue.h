/*
 * catalogue: the profiles that can be named, and what each says of itself.
 *
 * A pattern picks by name: one with "*" or "?" is held against the whole name
 * and against its last part, any other is a part of the name, without regard
 * to case: "clients", "aws", "clients/aws*".
 */
#ifndef SQUALL_PLAN_CATALOGUE_H
#define SQUALL_PLAN_CATALOGUE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct catalogue_entry {
    char *name; /* as it is to be typed */
    char *path;
    cJSON *tree; /* NULL: the file cannot be read as JSON */
};

struct catalogue {
    size_t count, capacity;
    struct catalogue_entry *entries; /* by folder and name */
};

/* Reads those that a pattern picks, or all when there is none. False after
 * adding an error when a pattern picks nothing. Release in either case. */
bool catalogue_read(struct catalogue *catalogue, const char *const *patterns,
                    size_t pattern_count, struct errors *errors);
void catalogue_release(struct catalogue *catalogue);

/* A text at the top of the profile ("about"); NULL when there is none. */
const char *catalogue_text(const struct catalogue_entry *entry,
                           const char *key);

/* Whether an entry lies in another folder than the one before it. */
bool catalogue_begins_folder(const struct catalogue *catalogue, size_t index);

/* A list of {"name", "about", "version", "verified", "source", "file"}; what
 * a profile does not say is left out. Owned by the caller. */
cJSON *catalogue_document(const struct catalogue *catalogue);

#endif
