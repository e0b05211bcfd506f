/* overload: what becomes of the goodput of a service beyond its capacity. */
#ifndef SQUALL_SEARCH_OVERLOAD_H
#define SQUALL_SEARCH_OVERLOAD_H

enum overload {
#define OVERLOAD(id, word, sentence) OVERLOAD_##id,
#include "search/overload.def"
};

enum {
    OVERLOAD_COUNT = 0
#define OVERLOAD(id, word, sentence) +1
#include "search/overload.def"
};

/* `beyond` and `within`: operations a second that succeed in time, beyond the
 * capacity and at it; NAN: not measured. */
enum overload overload_judge(double within, double beyond);

const char *overload_word(enum overload overload);
const char *overload_sentence(enum overload overload);

#endif
