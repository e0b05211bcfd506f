#include "compare/rounds.h"

#include "compare/share.h"
#include "compare/signed_rank.h"

#include "base/sort.h"

#include <math.h>

/* Of Wilcoxon's test beside the best one for normal differences: 3/pi. */
static const double efficiency = 0.955;
/* One in ten comparisons may miss what it looks for. */
static const double missed = 0.1;

double rounds_spread(double *differences, size_t count)
{
    double sum = 0;

    if (count < 2) {
        return NAN;
    }
    sort_doubles(differences, count);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(differences[i])) {
            return NAN;
        }
        double weight = 2 * ((double)i + 1) - (double)count - 1;
        sum += weight * differences[i];
    }
    double pairs = (double)count * ((double)count - 1);
    return sqrt(acos(-1)) / pairs * sum;
}

size_t rounds_least(double level)
{
    size_t rounds = 1;

    while (!signed_rank_is_within(ldexp(2, -(int)rounds), level)) {
        rounds++;
    }
    return rounds;
}

/* What the discreteness of the test costs in rounds; fitted to simulated
 * points of 90 % power. */
static double surplus(double z)
{
    return z * z / 2 + 1;
}

double rounds_wanted(double spread, double detect, double level, size_t count)
{
    double z = share_normal_upper(level / 2);
    double both = z + share_normal_upper(missed);

    /* 1 + 4/count pays for a spread that is known from so few rounds only. */
    return (1 + 4 / (double)count) * both * both * spread * spread /
               (efficiency * detect * detect) +
           surplus(z);
}

size_t rounds_needed(double spread, double detect, double level, size_t count)
{
    double wanted = rounds_wanted(spread, detect, level, count);
    size_t least = rounds_least(level);

    if (isnan(wanted)) {
        return 0;
    }
    return wanted <= (double)least ? least : (size_t)ceil(fmin(wanted, 1e9));
}

double rounds_resolution(double spread, double level, size_t count)
{
    double z = share_normal_upper(level / 2);
    double left = (double)count - surplus(z);

    return left > 0 ? spread * (z + share_normal_upper(missed)) /
                          sqrt(efficiency * left)
                    : NAN;
}
