#include "measure/slo_quantity.h"

#include "measure/result.h"
#include "measure/slo_figure.h"
#include "measure/slo_window.h"

#include <math.h>
#include <string.h>

static double over(double a, double b)
{
    return b > 0 ? a / b : INFINITY;
}

/* What a ratio of two figures can be, if each lies between its ends. */
static struct slo_judgement divide(const struct slo_judgement *metric,
                                   const struct slo_judgement *divisor)
{
    if (!metric->measured) {
        return *metric;
    }
    if (!divisor->measured) {
        return *divisor;
    }
    if (divisor->value < 0) {
        return slo_not_measured("not measured: it is divided by what is %s",
                                divisor->reason);
    }
    if (divisor->value == 0) {
        return slo_not_measured("not measured: it is divided by 0");
    }
    double low = isinf(divisor->high) ? 0 : over(metric->low, divisor->high);
    if (metric->value < 0) {
        return slo_never(isinf(metric->low) ? INFINITY : low, "%s",
                         metric->reason);
    }
    double high =
        isinf(metric->high) ? INFINITY : over(metric->high, divisor->low);
    return slo_measured(metric->value / divisor->value,
                        (struct figure_ends){low, high});
}

struct slo_judgement slo_quantity(const struct slo_term *term,
                                  const struct result *result)
{
    struct slo_judgement metric = slo_measure(&term->metric, result);

    if (!term->is_ratio) {
        return metric;
    }
    struct slo_judgement divisor = slo_measure(&term->divisor, result);
    return divide(&metric, &divisor);
}

struct slo_judgement slo_quantity_of_window(const struct slo_term *term,
                                            const struct result *result,
                                            const struct series_interval *sum,
                                            size_t intervals)
{
    double seconds = (double)intervals *
                     duration_in_seconds(result->tally->series->interval);
    bool is_full = result->generator.saturated;
    struct slo_judgement metric =
        slo_window_measure(&term->metric, sum, seconds, is_full);

    if (!term->is_ratio) {
        return metric;
    }
    struct slo_judgement divisor =
        slo_window_measure(&term->divisor, sum, seconds, is_full);
    return divide(&metric, &divisor);
}
