#include "measure/slo_noise.h"

#include "measure/result.h"
#include "measure/slo_quantity.h"
#include "measure/slo_window.h"

#include <math.h>
#include <string.h>

enum { BATCHES_MIN = 5, BATCHES_MAX = 30 };

/* The quantile 0.975 of Student's distribution: Abramowitz and Stegun 1964,
 * "Handbook of Mathematical Functions", 26.7.5. */
static double student(double degrees)
{
    const double x = 1.959963985;
    double x3 = x * x * x, x5 = x3 * x * x, x7 = x5 * x * x;

    return x + (x3 + x) / (4 * degrees) +
           (5 * x5 + 16 * x3 + 3 * x) / (96 * degrees * degrees) +
           (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) /
               (384 * degrees * degrees * degrees);
}

/* Mean and sum of squared differences, updated as Welford 1962 does. */
struct spread {
    double count, mean, squares;
};

static void spread_take(struct spread *spread, double value)
{
    double apart = value - spread->mean;

    spread->count++;
    spread->mean += apart / spread->count;
    spread->squares += apart * (value - spread->mean);
}

/* False: one of them was not measured, or is never. */
static bool take_batches(const struct slo_term *term,
                         const struct result *result, size_t each,
                         size_t count, struct spread *spread)
{
    const struct series *series = result->tally->series;
    struct series_interval sum;

    memset(&sum, 0, sizeof(sum));
    for (size_t i = 0; i < count; i++) {
        series_sum(series, i * each, each, &sum);
        struct slo_judgement value =
            slo_quantity_of_window(term, result, &sum, each);
        if (!value.measured || value.value < 0) {
            return false;
        }
        spread_take(spread, value.value);
    }
    return true;
}

static bool has_batches(const struct slo_metric *metric)
{
    return metric->part == SLO_WHOLE && metric->status_from == 0 &&
           metric->last.ns == 0 && slo_window_has(metric);
}

double slo_noise(const struct slo_term *term, const struct result *result,
                 struct duration baseline)
{
    const struct series *series = result->tally->series;
    struct spread spread = {0, 0, 0};

    if (!result->tally->config.is_level || !has_batches(&term->metric) ||
        (term->is_ratio && !has_batches(&term->divisor))) {
        return NAN;
    }
    size_t whole = (size_t)(result->measured.ns / series->interval.ns);
    size_t each = (whole + BATCHES_MAX - 1) / BATCHES_MAX;
    size_t count = each > 0 ? whole / each : 0;
    if (count < BATCHES_MIN || baseline.ns <= 0 ||
        !take_batches(term, result, each, count, &spread)) {
        return NAN;
    }
    double deviation = sqrt(spread.squares / (spread.count - 1));
    double lengths = (double)result->measured.ns / (double)baseline.ns;
    double of_mean = student(spread.count - 1) * deviation /
                     sqrt(spread.count) * sqrt(1 + lengths);
    /* A count is the sum of those of its batches, of which the last seconds
     * may be a part of one. */
    return term->unit == UNIT_COUNT ? of_mean * (double)whole / (double)each
                                    : of_mean;
}
