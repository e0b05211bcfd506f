/* capacity_words: what was found of a capacity, in sentences made by rule. */
#ifndef SQUALL_RUN_CAPACITY_WORDS_H
#define SQUALL_RUN_CAPACITY_WORDS_H

#include "base/str.h"
#include "run/capacity_document.h"

/* Adds the sentences about one search to a list of JSON texts. */
void capacity_words_search(cJSON *sentences,
                           const struct capacity_search *search,
                           const struct capacity_info *info);

/* The one that holds two searches beside each other; nothing unless both have
 * found a knee. */
void capacity_words_retries(cJSON *sentences, const struct capacity *capacity);

#endif
