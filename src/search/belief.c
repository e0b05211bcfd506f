#include "search/belief.h"

#include "base/must.h"

#include <math.h>

/* Of the runs at any size: those that go the wrong way. */
static const double freaks = 0.02;

void belief_init(struct belief *belief, struct arena *arena,
                 const struct belief_grid *grid)
{
    size_t pairs = grid->count * grid->sigma_count;

    must(pairs > 0);
    *belief = (struct belief){
        .grid = *grid,
        .weights = arena_array(arena, pairs, sizeof *belief->weights),
    };
    for (size_t i = 0; i < pairs; i++) {
        belief->weights[i] = 1 / (double)pairs;
    }
}

static double theta_at(const struct belief *belief, size_t index)
{
    return belief->grid.first + (double)index * belief->grid.step;
}

static double passes(double theta, double sigma, double log_size)
{
    double z = (theta - log_size) / sigma;
    return freaks + (1 - 2 * freaks) * erfc(-z / sqrt(2)) / 2;
}

void belief_take(struct belief *belief, double log_size, bool passed)
{
    const struct belief_grid *grid = &belief->grid;
    double sum = 0;

    for (size_t i = 0; i < grid->count; i++) {
        for (size_t s = 0; s < grid->sigma_count; s++) {
            double *weight = &belief->weights[i * grid->sigma_count + s];
            double p = passes(theta_at(belief, i), grid->sigmas[s], log_size);
            *weight *= passed ? p : 1 - p;
            sum += *weight;
        }
    }
    for (size_t i = 0; i < grid->count * grid->sigma_count; i++) {
        belief->weights[i] /= sum;
    }
}

double belief_quantile(const struct belief *belief, double share)
{
    const struct belief_grid *grid = &belief->grid;
    double sum = 0;

    for (size_t i = 0; i < grid->count; i++) {
        for (size_t s = 0; s < grid->sigma_count; s++) {
            sum += belief->weights[i * grid->sigma_count + s];
        }
        if (sum >= share) {
            return theta_at(belief, i);
        }
    }
    return theta_at(belief, grid->count - 1);
}

double belief_spread(const struct belief *belief)
{
    const struct belief_grid *grid = &belief->grid;
    double sum = 0;

    for (size_t i = 0; i < grid->count * grid->sigma_count; i++) {
        sum += belief->weights[i] * log(grid->sigmas[i % grid->sigma_count]);
    }
    return exp(sum);
}
