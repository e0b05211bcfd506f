#include "report/axis.h"

#include "base/must.h"

#include <math.h>

static size_t bounded(size_t most)
{
    must(most >= 2);
    return most < AXIS_TICKS_MAX ? most : AXIS_TICKS_MAX;
}

/* The least of 1, 2 or 5 times a power of ten that is no less than `rough`. */
static double round_step(double rough)
{
    static const double leads[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(rough)));

    for (size_t i = 0; i < array_length(leads); i++) {
        if (leads[i] * power >= rough * (1 - 1e-9)) {
            return leads[i] * power;
        }
    }
    return 10 * power;
}

/* Multiples of `step` within the axis. */
static void add_multiples(struct axis *axis, double step, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        double tick = (double)i * step;
        if (tick > axis->high * (1 + 1e-9)) {
            break;
        }
        axis->ticks[axis->count++] = tick;
    }
}

static struct axis from_zero(double high, size_t most, double least_step)
{
    struct axis axis = {.low = 0, .high = 1};

    most = bounded(most);
    /* Less than any figure has no power of ten that can be counted in. */
    if (!(high > 1e-300) || isinf(high)) {
        high = 1;
    }
    double step = fmax(round_step(high / (double)(most - 1)), least_step);
    axis.high = step * ceil(high / step * (1 - 1e-9));
    add_multiples(&axis, step, most);
    return axis;
}

/* Ticks at these multiples of each power of ten, from the last one that is no
 * more than `low` to the first that is no less than `high`. False: there are
 * more than `most`. `every` is the step in powers of ten. */
static bool add_leads(struct axis *axis, double low, double high,
                      const double *leads, size_t lead_count, size_t most,
                      double every)
{
    double first = floor(log10(low) / every + 1e-9) * every;
    double ticks[AXIS_TICKS_MAX];
    size_t count = 0;

    for (int k = 0;; k++) {
        double power = pow(10, first + k * every);
        for (size_t i = 0; i < lead_count; i++) {
            double tick = leads[i] * power;
            if (tick <= low * (1 + 1e-9)) {
                count = 0; /* a later one is nearer to the low end */
            }
            if (count == most) {
                return false;
            }
            ticks[count++] = tick;
            if (tick >= high * (1 - 1e-9) && count > 1) {
                axis->count = count;
                for (size_t t = 0; t < count; t++) {
                    axis->ticks[t] = ticks[t];
                }
                return true;
            }
        }
    }
}

struct axis axis_from_zero(double high, size_t most)
{
    return from_zero(high, most, 0);
}

struct axis axis_counts(double high, size_t most)
{
    return from_zero(high, most, 1);
}

struct axis axis_log(double low, double high, size_t most)
{
    static const double leads[] = {1, 2, 5};
    struct axis axis = {.is_log = true};

    must(low > 0 && high >= low && isfinite(high));
    most = bounded(most);
    if (!add_leads(&axis, low, high, leads, array_length(leads), most, 1)) {
        double every = 1;
        while (!add_leads(&axis, low, high, leads, 1, most, every)) {
            every++;
        }
    }
    axis.low = axis.ticks[0];
    axis.high = axis.ticks[axis.count - 1];
    return axis;
}

struct axis axis_time(double seconds, size_t most)
{
    static const double steps[] = {1,    2,    5,     10,    15,    30,
                                   60,   120,  300,   600,   900,   1800,
                                   3600, 7200, 10800, 21600, 43200, 86400};
    struct axis axis = {.low = 0, .high = seconds};

    most = bounded(most);
    if (!(seconds > 1e-300) || isinf(seconds)) {
        axis.high = 1;
    }
    double rough = axis.high / (double)(most - 1);
    double step = rough <= 0.5 ? round_step(rough) : 0;
    for (size_t i = 0; step <= 0 && i < array_length(steps); i++) {
        step = steps[i] >= rough * (1 - 1e-9) ? steps[i] : 0;
    }
    if (step <= 0) {
        step = ceil(rough / 86400) * 86400;
    }
    add_multiples(&axis, step, most);
    return axis;
}

double axis_place(const struct axis *axis, double value)
{
    double place;

    if (isnan(value)) {
        return value;
    }
    if (axis->is_log) {
        value = value > axis->low ? value : axis->low;
        place = log(value / axis->low) / log(axis->high / axis->low);
    } else {
        place = (value - axis->low) / (axis->high - axis->low);
    }
    return place < 0 ? 0 : place > 1 ? 1 : place;
}
