/*
 * suggest: "did you mean ...?"
 *
 * Candidates are offered one by one, in any order; the nearest by edits
 * (insert, delete, replace, swap of neighbours) is kept when it is near enough
 * to be meant: at most a third of the word's length, and at least one edit.
 * Words longer than SUGGEST_LENGTH_MAX are never near.
 */
#ifndef SQUALL_BASE_SUGGEST_H
#define SQUALL_BASE_SUGGEST_H

#include <stddef.h>

enum { SUGGEST_LENGTH_MAX = 64 };

struct suggestion {
    const char *word; /* borrowed: what was written */
    const char *best; /* borrowed from the caller; NULL: nothing near */
    size_t distance;  /* of best */
};

void suggest_init(struct suggestion *suggestion, const char *word);
void suggest_offer(struct suggestion *suggestion, const char *candidate);

/* Edits from one word to the other; SIZE_MAX when either is too long. */
size_t suggest_distance(const char *from, const char *to);

#endif
