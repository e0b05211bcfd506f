/*
 * failures: what went wrong, in the words of who said it: a table of the kinds
 * of attempts that failed, each with its number, its first and its last time.
 *
 * A kind is an outcome, a status and a text: the engine's own words, or the
 * first bytes of the answer's body. Texts that differ in words with digits
 * alone (ids, ports, times) are one kind, whose text is the first of them. The
 * table is fixed: of an outcome and a status the first FAILURE_TEXTS_MAX texts
 * are kinds of their own, all others are one kind without a text; what finds
 * no room is counted as omitted. Nothing is allocated.
 */
#ifndef SQUALL_MEASURE_FAILURES_H
#define SQUALL_MEASURE_FAILURES_H

#include "base/instant.h"
#include "policy/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FAILURES_MAX = 64,
    FAILURE_TEXTS_MAX = 8,
    FAILURE_TEXT_MAX = 120,
    /* As it is shown: escaped, with a NUL. */
    FAILURE_SHOWN_MAX = 4 * FAILURE_TEXT_MAX + 1
};

/* One failed attempt. */
struct failure {
    enum outcome outcome;
    uint16_t status;  /* 0: no whole answer came */
    const char *text; /* borrowed; may hold any bytes */
    size_t length;    /* only the first FAILURE_TEXT_MAX are looked at */
    uint64_t hash;    /* failure_hash of it */
    struct instant at;
};

struct failure_kind {
    enum outcome outcome;
    uint16_t status;
    uint8_t length;
    bool is_rest; /* of texts that have no kind of their own */
    uint64_t hash;
    uint64_t count;
    struct instant first, last;
    char text[FAILURE_TEXT_MAX];
};

struct failures {
    size_t count;
    uint64_t omitted;
    struct failure_kind kinds[FAILURES_MAX];
};

/* Of the text: equal for texts of one kind. */
uint64_t failure_hash(const char *text, size_t length);

void failures_take(struct failures *failures, const struct failure *failure);

void failures_merge(struct failures *failures, const struct failures *other);

/* The indices of all kinds, the commonest first; returns how many. */
size_t failures_rank(const struct failures *failures,
                     uint8_t order[FAILURES_MAX]);

/* The kind that counts such an attempt, or NULL. */
const struct failure_kind *failures_find(const struct failures *failures,
                                         enum outcome outcome, uint16_t status,
                                         uint64_t hash);

/* The text for people, in ASCII: secrets are masked, what does not print is
 * escaped, runs of blanks are one. NUL-terminated, "" when there is none. */
void failure_show(const struct failure_kind *kind,
                  char shown[FAILURE_SHOWN_MAX]);

#endif
