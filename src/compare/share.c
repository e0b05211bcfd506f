#include "compare/share.h"

#include "base/must.h"

#include <math.h>

enum { HALVINGS = 200, TERMS_MAX = 10000 };

/* The continued fraction of the incomplete beta function, by Lentz's method
 * (Abramowitz and Stegun 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double fraction = d;

    for (int m = 1; m <= TERMS_MAX; m++) {
        double terms[] = {
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        };
        double change = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + terms[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            fraction *= change;
        }
        if (fabs(change - 1) < 1e-15) {
            break;
        }
    }
    return fraction;
}

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The regularised incomplete beta function I_x(a, b). */
static double beta_below(double a, double b, double x)
{
    if (x <= 0 || x >= 1) {
        return x >= 1;
    }
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) +
                       a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2)
               ? front * beta_fraction(a, b, x) / a
               : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The x at which I_x(a, b) is `wanted`. */
static double beta_quantile(double a, double b, double wanted)
{
    double low = 0;
    double high = 1;

    for (int i = 0; i < HALVINGS && low < high; i++) {
        double middle = (low + high) / 2;
        if (beta_below(a, b, middle) < wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

double share_upper(uint64_t hits, uint64_t trials, double level)
{
    must(trials > 0 && hits <= trials);
    return hits == trials ? 1
                          : beta_quantile((double)hits + 1,
                                          (double)(trials - hits), 1 - level);
}

struct interval share_interval(uint64_t hits, uint64_t trials, double level)
{
    must(trials > 0 && hits <= trials);
    double low = hits == 0
                     ? 0
                     : beta_quantile((double)hits, (double)(trials - hits) + 1,
                                     level / 2);
    return (struct interval){low, share_upper(hits, trials, level / 2)};
}

double share_normal_upper(double tail)
{
    double low = 0;
    double high = 40;

    must(tail > 0 && tail <= 0.5);
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (erfc(middle / sqrt(2)) / 2 > tail) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}
