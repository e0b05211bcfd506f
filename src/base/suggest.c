#include "base/suggest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(const char *from, const char *to)
{
    size_t from_length = strlen(from);
    size_t to_length = strlen(to);
    if (from_length > SUGGEST_LENGTH_MAX || to_length > SUGGEST_LENGTH_MAX) {
        return SIZE_MAX;
    }

    /* Three rows of the table are enough: a swap looks back two. */
    size_t rows[3][SUGGEST_LENGTH_MAX + 1];
    for (size_t j = 0; j <= to_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= from_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= to_length; j++) {
            size_t change = from[i - 1] == to[j - 1] ? 0 : 1;
            row[j] =
                least(above[j - 1] + change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] &&
                from[i - 2] == to[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[from_length % 3][to_length];
}

void suggest_init(struct suggestion *suggestion, const char *word)
{
    suggestion->word = word;
    suggestion->best = NULL;
    suggestion->distance = SIZE_MAX;
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
    size_t distance = suggest_distance(suggestion->word, candidate);
    size_t allowed = strlen(suggestion->word) / 3;
    if (allowed == 0) {
        allowed = 1;
    }
    if (distance <= allowed && distance < suggestion->distance) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
