#include "search/overload.h"

#include "base/must.h"

#include <math.h>
#include <stddef.h>

/* Shares of the goodput within capacity: what differs by less than a tenth is
 * the same, and less than half is a collapse. */
static const double same = 0.9, half = 0.5;

enum overload overload_judge(double within, double beyond)
{
    if (isnan(within) || isnan(beyond) || within <= 0) {
        return OVERLOAD_UNKNOWN;
    }
    return beyond >= same * within   ? OVERLOAD_PLATEAU
           : beyond >= half * within ? OVERLOAD_DECLINE
                                     : OVERLOAD_COLLAPSE;
}

static const struct {
    const char *word, *sentence;
} words[OVERLOAD_COUNT] = {
#define OVERLOAD(id, word, sentence) [OVERLOAD_##id] = {word, sentence},
#include "search/overload.def"
};

const char *overload_word(enum overload overload)
{
    must((size_t)overload < OVERLOAD_COUNT);
    return words[overload].word;
}

const char *overload_sentence(enum overload overload)
{
    must((size_t)overload < OVERLOAD_COUNT);
    return words[overload].sentence;
}
