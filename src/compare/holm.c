#include "compare/holm.h"

#include <math.h>

/* How many come before: smaller ones, and equal ones of a lower index. */
static size_t rank(const double *p, size_t count, size_t of)
{
    size_t before = 0;

    for (size_t i = 0; i < count; i++) {
        before += p[i] < p[of] || (i < of && p[i] == p[of]);
    }
    return before;
}

/* A running maximum over those that come before: there are a few dozen rows at
 * the most. */
void holm_adjust(const double *p, double *adjusted, size_t count)
{
    for (size_t of = 0; of < count; of++) {
        size_t own = rank(p, count, of);
        adjusted[of] = 0;
        for (size_t i = 0; i < count; i++) {
            size_t before = rank(p, count, i);
            if (before <= own) {
                double scaled = (double)(count - before) * p[i];
                adjusted[of] = fmin(1, fmax(adjusted[of], scaled));
            }
        }
    }
}

double holm_common_level(double level, size_t count, size_t rejected)
{
    size_t left = count - rejected;
    return level / (double)(left > 1 ? left : 1);
}
