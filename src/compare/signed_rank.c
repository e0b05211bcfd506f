#include "compare/signed_rank.h"

#include "base/must.h"
#include "base/sort.h"

#include <math.h>

static void average_all(struct signed_rank *ranks, const double *differences)
{
    size_t filled = 0;

    for (size_t i = 0; i < ranks->count; i++) {
        must(!isnan(differences[i]));
        for (size_t j = i; j < ranks->count; j++) {
            double average = (differences[i] + differences[j]) / 2;
            ranks->averages[filled++] = isnan(average) ? 0 : average;
        }
    }
    sort_doubles(ranks->averages, filled);
}

/* The sum of the members of a random subset of {1 .. count}: each number is
 * in it, or not, by a fair coin. */
static void distribute(struct signed_rank *ranks)
{
    double *law = ranks->below;

    law[0] = 1;
    for (size_t k = 1; k <= ranks->count; k++) {
        for (size_t sum = k * (k + 1) / 2 + 1; sum-- > 0;) {
            law[sum] = (law[sum] + (sum >= k ? law[sum - k] : 0)) / 2;
        }
    }
    for (size_t sum = 1; sum <= ranks->average_count; sum++) {
        law[sum] += law[sum - 1];
    }
}

struct signed_rank signed_rank_make(struct arena *arena,
                                    const double *differences, size_t count)
{
    must(count >= 1 && count <= SIGNED_RANK_MAX);
    struct signed_rank ranks = {
        .count = count,
        .average_count = count * (count + 1) / 2,
    };

    ranks.averages =
        arena_array(arena, ranks.average_count, sizeof *ranks.averages);
    ranks.below =
        arena_array(arena, ranks.average_count + 1, sizeof *ranks.below);
    average_all(&ranks, differences);
    distribute(&ranks);
    return ranks;
}

double signed_rank_estimate(const struct signed_rank *ranks)
{
    size_t middle = ranks->average_count / 2;

    if (ranks->average_count % 2) {
        return ranks->averages[middle];
    }
    double estimate =
        (ranks->averages[middle - 1] + ranks->averages[middle]) / 2;
    return isnan(estimate) ? 0 : estimate;
}

double signed_rank_p(const struct signed_rank *ranks, double margin)
{
    size_t up = 0;
    size_t down = 0;

    for (size_t i = 0; i < ranks->average_count; i++) {
        up += ranks->averages[i] > margin;
        down += ranks->averages[i] < -margin;
    }
    /* The law is symmetric: at least t is as likely as at most all but t. */
    size_t most = up > down ? up : down;
    return fmin(1, 2 * ranks->below[ranks->average_count - most]);
}

double signed_rank_p_above(const struct signed_rank *ranks, double bound)
{
    size_t up = 0;

    for (size_t i = 0; i < ranks->average_count; i++) {
        up += ranks->averages[i] > bound;
    }
    return ranks->below[ranks->average_count - up];
}

int signed_rank_is_within(double probability, double level)
{
    return probability <= level * (1 + 1e-12);
}

struct interval signed_rank_interval(const struct signed_rank *ranks,
                                     double level)
{
    size_t cut = 0;

    while (cut < ranks->average_count / 2 &&
           signed_rank_is_within(ranks->below[cut], level / 2)) {
        cut++;
    }
    if (cut == 0) {
        return (struct interval){-INFINITY, INFINITY};
    }
    return (struct interval){ranks->averages[cut - 1],
                             ranks->averages[ranks->average_count - cut]};
}
