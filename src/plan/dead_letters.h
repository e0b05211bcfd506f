/*
 * dead_letters: operations that did not succeed, read from a file, to be sent
 * again.
 *
 * The file is "squall.dead_letters/1", lines of JSON: a line of the run that
 * wrote it, a line a dead letter, and a last one that says how many there are.
 * A dead letter is an operation that was not succeeded: its request as it was
 * sent, its key, its attempts and its verdict.
 *
 * Dead letters keep who they are: the run of the file, the operation's number
 * and the key. So the service recognises them, and the ledger's id of each is
 * the one that the first run would have looked for.
 */
#ifndef SQUALL_PLAN_DEAD_LETTERS_H
#define SQUALL_PLAN_DEAD_LETTERS_H

#include "base/arena.h"
#include "base/error.h"
#include "plan/workload.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

struct dead_letter {
    uint64_t number; /* of the operation in the run of the file */
    uint64_t client;
    uint16_t request; /* index into the requests of the profile */
    const char *key;  /* NULL: it has none */
    size_t key_length;
    const char *url; /* as it was sent, then as it will be */
    size_t header_count;
    const char **headers;          /* "Name: value" */
    char span[SPAN_ID_LENGTH + 1]; /* in its headers, to be replaced by that
                                    * of each attempt; "": there is none */
    bool has_body;
    const char *body;
    size_t body_length;
    /* what became of it so far, earlier replays included */
    enum verdict verdict;
    unsigned attempts; /* that were sent */
    bool one_key;      /* each of them carried the key above */
    int line;          /* in the file, from 1 */
    const char *text;  /* of its line, without the end of line */
    size_t length;
};

struct dead_letters {
    struct workload workload; /* first */
    struct arena arena;
    const char *file;
    char *bytes; /* of the whole file */
    size_t size;
    uint64_t run, seed;
    const char *url;  /* target of the run */
    const char *head; /* the first line, as it stands */
    size_t head_length;
    size_t count;
    struct dead_letter *items; /* in order of their numbers */
    size_t headers_max;        /* of one dead letter */
    size_t span_bytes_max;     /* of one dead letter's headers with its span */
    bool complete;             /* the run could write all of them */
    size_t keyless;            /* dead letters without a key */
    cJSON *profile;            /* what the run used and a replay needs: target,
                                * idempotency, ledger, requests */
    struct profile_base base;
};

/* Reads a file. Headers ("Name: value") stand in for those of that name in
 * every dead letter, and where dead letters go `elsewhere` (see workload.h),
 * the user and password that their URLs hide are not needed. Secrets are put
 * in from the environment. NULL after adding every error that could be found,
 * up to the limit of errors. */
struct dead_letters *dead_letters_read(const char *path,
                                       const char *const *headers,
                                       size_t header_count, bool elsewhere,
                                       struct errors *errors);
void dead_letters_free(struct dead_letters *dead_letters);

/* The dead letter of an operation's number, or NULL. */
const struct dead_letter *dead_letters_find(
    const struct dead_letters *dead_letters, uint64_t number);

/* Those that a plan sends; NULL: it sends other operations. */
const struct dead_letters *dead_letters_of(const struct plan *plan);

#endif
