/*
 * letters: dead letters, as a file of them says, to be sent again.
 *
 * The file is "squall.dead_letters/1", lines of JSON: a line of the run that
 * wrote it, a line a letter, and a last one that says how many there are. A
 * letter is an operation that was not acked: its request as it was sent, its
 * key, its attempts and its verdict.
 *
 * Letters keep who they are: the run of the file, the operation's number and
 * the key. So the service recognises them, and the ledger's id of each is the
 * one that the first run would have looked for.
 */
#ifndef SQUALL_PLAN_LETTERS_H
#define SQUALL_PLAN_LETTERS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "load/template.h"
#include "policy/call.h"
#include "policy/key.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;
struct resolver;

struct letter {
    uint64_t number;      /* of the operation in the run of the file */
    uint64_t client;
    uint16_t request;     /* index into the requests of letters.profile */
    const char *key;      /* NULL: it has none */
    size_t key_length;
    const char *url;      /* as it was sent, then as it will be */
    size_t header_count;
    const char **headers; /* "Name: value" */
    char span[SPAN_ID_LENGTH + 1]; /* in its headers, to be replaced by that
                                    * of each attempt; "": there is none */
    bool has_body;
    const char *body;
    size_t body_length;
    /* what became of it so far, earlier replays included */
    enum verdict verdict;
    unsigned attempts;    /* that were sent */
    bool one_key;         /* each of them carried the key above */
    int line;             /* in the file, from 1 */
    const char *text;     /* of its line, without the end of line */
    size_t length;
};

struct letters {
    struct arena arena;
    const char *file;
    char *bytes;          /* of the whole file */
    size_t size;
    uint64_t run, seed;
    const char *url;      /* target of the run */
    const char *head;     /* the first line, as it stands */
    size_t head_length;
    size_t count;
    struct letter *items; /* in order of their numbers */
    size_t headers_max;   /* of one letter */
    size_t span_bytes_max; /* of one letter's headers with its span */
    bool complete;        /* the run could write all of them */
    size_t keyless;       /* letters without a key */
    cJSON *profile;       /* what the run used and a replay needs: target,
                           * idempotency, ledger, requests */
};

/* How a letter ended in the replay. */
struct letter_ending {
    bool started;
    uint8_t verdict; /* enum verdict; of this run alone */
    uint8_t reason;  /* enum finish_reason */
    bool speaks_for_all; /* measure/replayed.h */
    unsigned attempts;
};

/* Reads a file. Headers ("Name: value") stand in for those of that name in
 * every letter, and where letters go `elsewhere` (see letters_aim), the user
 * and password that their URLs hide are not needed. Secrets are put in from the
 * environment. NULL after adding every error that could be found, up to the
 * limit of errors. */
struct letters *letters_read(const char *path,
                             const char *const *headers, size_t header_count,
                             bool elsewhere, struct errors *errors);
void letters_free(struct letters *letters);

/* The letter of an operation's number, or NULL. */
const struct letter *letters_find(const struct letters *letters,
                                  uint64_t number);

/* Whether a replay of letters leaves a key of the profile to its user; when
 * not, why. For what is merged into letters.profile. */
const char *letters_why_not(const char *path);

/* Gives the plan's requests what only letters know, and the letters the URL
 * that they are sent to. Both add errors. */
void letters_resolve(struct resolver *resolver);
bool letters_aim(struct plan *plan, bool elsewhere, struct errors *errors);

/* Who sends an attempt of a letter. */
struct template_subject letters_subject(const struct plan *plan,
                                        const struct letter *letter,
                                        unsigned attempt);

/* The id by which the ledger knows an operation. */
struct hash128 letters_join(const struct plan *plan,
                            const struct template_subject *subject);

#endif
