/*
 * belief: where the edge lies between sizes at which runs pass and sizes at
 * which they fail, as a distribution that every run makes narrower.
 *
 * A run at size x passes with probability 0.02 + 0.96 Phi((theta - ln x) /
 * sigma): half of the runs at the edge exp(theta) do, sigma is how gradual
 * that is, and one run in fifty goes the wrong way whatever its size. Theta
 * and sigma lie on a grid, each pair as likely as any before the first run;
 * a run multiplies the weight of each pair by the probability of what it
 * showed (Bayes).
 */
#ifndef SQUALL_SEARCH_BELIEF_H
#define SQUALL_SEARCH_BELIEF_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct belief_grid {
    double first, step;   /* of theta */
    size_t count;         /* of thetas, at least 1 */
    size_t sigma_count;   /* at least 1 */
    const double *sigmas; /* above 0; borrowed */
};

struct belief {
    struct belief_grid grid;
    double *weights; /* [theta * sigma_count + sigma]; their sum is 1 */
};

/* Memory from the arena; no run shows anything yet. */
void belief_init(struct belief *belief, struct arena *arena,
                 const struct belief_grid *grid);

/* A run at exp(log_size) passed, or failed. */
void belief_take(struct belief *belief, double log_size, bool passed);

/* The smallest theta below or at which lies this share of the weight. */
double belief_quantile(const struct belief *belief, double share);

/* The geometric mean of sigma. */
double belief_spread(const struct belief *belief);

#endif
