/* tip_words: what was found of tipping points, in sentences made by rule. */
#ifndef SQUALL_RUN_TIP_WORDS_H
#define SQUALL_RUN_TIP_WORDS_H

#include "run/tip_document.h"

/* Adds the sentences about one policy to a list of JSON texts. */
void tip_words_search(cJSON *sentences, const struct tip_search *search,
                      enum tip_trigger trigger);

/* Those that hold each of them beside the first. */
void tip_words_beside(cJSON *sentences, const struct tip *tip);

#endif
