/* elimination_words: what a knock-out found, in sentences made by rule. */
#ifndef SQUALL_RUN_ELIMINATION_WORDS_H
#define SQUALL_RUN_ELIMINATION_WORDS_H

#include "run/elimination.h"

#include <cjson/cJSON.h>

/* What is told, and of whom. */
struct elimination_telling {
    const struct elimination *elimination;
    const char *const *names; /* of the variants */
    const size_t *order;      /* knockout_rank's */
};

/* Why a variant was dropped: "beside budgeted it has 12 points less success".
 */
void elimination_append_reason(struct str *out,
                               const struct elimination_telling *telling,
                               size_t variant);

/* What it comes to, into a list of at most three sentences. */
void elimination_say(cJSON *sentences,
                     const struct elimination_telling *telling);

/* The reasons for the suggestion, for a profile of its own. */
void elimination_append_about(struct str *out,
                              const struct elimination_telling *telling);

#endif
