/*
 * mask: keeps secrets out of what is shown.
 *
 * A secret is a value with an origin: what came from the environment, a user
 * and password in a URL, the value of a name that authenticates. Whoever reads
 * one adds it here, and everything that is shown goes through mask_text (by
 * errors_add, json_mask, the lines of events and dead letters, the notes), so
 * that a value is masked wherever it turns up: in a URL, a key, a body, an
 * error that quotes what it refuses. It is the same value when it was escaped
 * on its way, as in JSON that is quoted in JSON.
 *
 * Values shorter than MASK_LENGTH_MIN are masked only where a name or a place
 * says that they are secret: any text has an "a" in it. Where it is in doubt,
 * too much is masked rather than too little.
 *
 * The values are those of the process. They are added before threads are
 * made, and only read afterwards.
 */
#ifndef SQUALL_BASE_MASK_H
#define SQUALL_BASE_MASK_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define MASKED "***"

enum { MASK_LENGTH_MIN = 4 };

/* A value, and what may stand in its place where it is to be put in again
 * ("${env:NAME}"; NULL: nothing). */
void mask_add(const char *value, size_t length, const char *origin);

/* Whether a word is an option whose value, the next word, is secret: -u,
 * --password and kin. */
bool mask_is_secret_option(const char *word);

/* Adds what is secret in an argument of a command line, or in a text like one
 * ("Authorization: Basic eA==", "--header=Cookie: a", a URL). */
void mask_add_from_argument(const char *argument);
/* Adds "user:password", and the password. */
void mask_add_user(const char *text, size_t length);
/* ... and the value of a name, if that is one whose values are secret. */
void mask_add_named(const char *name, const char *value);

/* True for names whose value authenticates: see secret_name.def. */
bool mask_is_secret_name(const char *name, size_t length);
/* The texts of that table, by index; NULL at the end. */
const char *mask_secret_name(size_t index);

/* Whether mask_text would put anything in place of what is in a text. It takes
 * no memory, so that what has no secret costs none. */
bool mask_finds(const char *text);

/* Each returns owned memory. */

/* Replaces, in place, the values that stand behind secret names in a text of
 * any kind, such as the body of an answer ("token": "abc", Cookie: a=b), each
 * byte by a '*', and what follows a "Bearer" or "Basic". */
void mask_named_values(char *text, size_t length);

/* A copy with every secret value, the user and password of every URL and the
 * secret part of every query replaced by "***". */
char *mask_text(const char *text);
/* The same, of which also what follows a name that authenticates is masked to
 * its end: for arguments, commands and lines of a profile. */
char *mask_argument(const char *argument);
/* ... for the argument that follows another one, which may be an option whose
 * value is secret: -u, --bearer. `before` may be NULL. */
char *mask_argument_after(const char *before, const char *argument);

/* Of bytes that may be any: a copy with every secret value replaced, and its
 * length; NULL: there is none in them. */
char *mask_values(const char *bytes, size_t length, size_t *masked_length);

/* Whether there is any value to be masked. */
bool mask_has_values(void);

/* Masks the values in bytes where they stand, and the begin of one that they
 * end with: of MASK_LENGTH_MIN bytes or more, and of any length where the
 * bytes were cut. Returns the new length; nothing is allocated. */
size_t mask_values_in_place(char *text, size_t length, bool is_cut);

/* Puts the origin of each secret in its place, so that the text may be kept
 * and made whole again. *restorable becomes false, and "***" is put, where one
 * has none; true is returned when there was any. */
bool mask_put_origins(struct str *text, bool *restorable);

#endif
