#include "measure/slo.h"

#include "base/must.h"
#include "measure/result.h"
#include "measure/slo_figure.h"
#include "measure/slo_noise.h"
#include "measure/slo_quantity.h"
#include "measure/slo_window.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Values that differ by less than rounding are equal: 99.9 % is not exactly
 * 999 of 1000 in binary. */
static bool holds(double value, enum slo_operator op, double bound)
{
    bool equal = fabs(value - bound) <= 1e-12 * fmax(1, fabs(bound));
    switch (op) {
    case SLO_LT:
        return !equal && value < bound;
    case SLO_LE:
        return equal || value < bound;
    case SLO_GT:
        return !equal && value > bound;
    case SLO_GE:
        return equal || value > bound;
    case SLO_EQ:
        return equal;
    case SLO_NE:
        return !equal;
    }
    return false;
}

/* Whether it holds for all values from low to high, and for any. */
static bool holds_for_all(enum slo_operator op, double bound, double low,
                          double high)
{
    switch (op) {
    case SLO_LT:
    case SLO_LE:
        return holds(high, op, bound);
    case SLO_GT:
    case SLO_GE:
        return holds(low, op, bound);
    case SLO_EQ:
        return holds(low, SLO_EQ, bound) && holds(high, SLO_EQ, bound);
    case SLO_NE:
        return holds(high, SLO_LT, bound) || holds(low, SLO_GT, bound);
    }
    return false;
}

static bool holds_for_any(enum slo_operator op, double bound, double low,
                          double high)
{
    switch (op) {
    case SLO_LT:
    case SLO_LE:
        return holds(low, op, bound);
    case SLO_GT:
    case SLO_GE:
        return holds(high, op, bound);
    case SLO_EQ:
        return holds(low, SLO_LE, bound) && holds(high, SLO_GE, bound);
    case SLO_NE:
        return holds(low, SLO_NE, bound) || holds(high, SLO_NE, bound);
    }
    return false;
}

/* How a value is judged that is to be held against a bound. */
struct judging {
    enum slo_operator op;
    double bound;
    bool never_is_more; /* than any bound; else it meets none */
};

static enum slo_word judge_value(const struct judging *judging,
                                 const struct slo_judgement *value)
{
    double low = value->low, high = value->high;

    if (value->value < 0 && !judging->never_is_more) {
        return low < (double)INFINITY &&
                       holds_for_any(judging->op, judging->bound, low, high)
                   ? SLO_INVALID
                   : SLO_MISSED;
    }
    if (holds_for_all(judging->op, judging->bound, low, high)) {
        return SLO_MET;
    }
    return holds_for_any(judging->op, judging->bound, low, high) ? SLO_INVALID
                                                                 : SLO_MISSED;
}

/* The bound of a term; NAN: it is one of a baseline that nobody knows. */
static double bound_of(const struct slo_term *term)
{
    return term->of_baseline ? term->value * term->baseline : term->value;
}

/* The bound without the noise of a difference from it. */
static double yield(enum slo_operator op, double bound, double noise)
{
    switch (op) {
    case SLO_LT:
    case SLO_LE:
        return bound + noise;
    case SLO_GT:
    case SLO_GE:
        return bound - noise;
    case SLO_EQ:
    case SLO_NE:
        break;
    }
    return bound;
}

/* What noise makes, at least what was declared; NAN: of what is compared with
 * no other run, or for equality, none is taken off. */
static double noise_of(const struct slo_term *term,
                       const struct result *result)
{
    if (!term->of_baseline || term->op == SLO_EQ || term->op == SLO_NE) {
        return NAN;
    }
    double seen = slo_noise(term, result, term->baseline_length);
    double declared =
        term->least_noise > 0 ? term->least_noise * fabs(bound_of(term)) : NAN;
    return isnan(seen)                          ? declared
           : isnan(declared) || seen > declared ? seen
                                                : declared;
}

static void explain_word(struct slo_judgement *judgement,
                         enum slo_word without_noise)
{
    const char *why = NULL;

    if (judgement->word == SLO_MET && without_noise != SLO_MET) {
        why = "beyond the bound by no more than noise makes";
    } else if (judgement->word == SLO_INVALID && judgement->value >= 0) {
        why = "squall's own lateness decides it";
    }
    if (why) {
        snprintf(judgement->reason, sizeof(judgement->reason), "%s", why);
    }
}

/* Judges what was measured of a term. */
static void judge_bound(const struct slo_term *term, double noise,
                        bool never_is_more, struct slo_judgement *judgement)
{
    struct judging judging = {term->op, bound_of(term), never_is_more};

    judgement->bound = judging.bound;
    judgement->baseline = term->of_baseline ? term->baseline : NAN;
    judgement->noise = noise;
    if (!judgement->measured) {
        judgement->word = SLO_NOT_MEASURED;
        return;
    }
    enum slo_word word = judge_value(&judging, judgement);
    judgement->word = word;
    if (!isnan(noise)) {
        judging.bound = yield(term->op, judging.bound, noise);
        judgement->word = judge_value(&judging, judgement);
    }
    judgement->pass = judgement->word == SLO_MET;
    explain_word(judgement, word);
}

/* Windows. */

/* Whether a value is further on the wrong side than the one before. */
static bool is_worse(enum slo_operator op, const struct slo_judgement *value,
                     const struct slo_judgement *than)
{
    double a = value->value < 0 ? (double)INFINITY : value->value;
    double b = than->value < 0 ? (double)INFINITY : than->value;

    return op == SLO_LT || op == SLO_LE ? a > b : a < b;
}

/* In the order in which one window decides for all of them. */
static int weight_of(enum slo_word word)
{
    return word == SLO_MISSED    ? 3
           : word == SLO_INVALID ? 2
           : word == SLO_MET     ? 1
                                 : 0;
}

static void keep_worst(const struct slo_term *term,
                       struct slo_judgement *worst,
                       const struct slo_judgement *found)
{
    int before = weight_of(worst->word), now = weight_of(found->word);

    if (now > before || (now == before && found->measured &&
                         is_worse(term->op, found, worst))) {
        *worst = *found;
    }
}

/* Of the window that ends with this interval, of whole ones that were part of
 * the load. */
static struct slo_judgement judge_window(const struct slo_term *term,
                                         const struct result *result,
                                         size_t end, size_t length,
                                         bool never_is_more,
                                         struct series_interval *sum)
{
    const struct series *series = result->tally->series;

    series_sum(series, end - length, length, sum);
    struct slo_judgement judgement =
        slo_quantity_of_window(term, result, sum, length);
    judge_bound(term, NAN, never_is_more, &judgement);
    judgement.at_s = (double)end * duration_in_seconds(series->interval);
    return judgement;
}

static struct slo_judgement judge_windows(const struct slo_term *term,
                                          const struct result *result)
{
    const struct series *series = result->tally->series;
    size_t length = slo_window_length(series, term->metric.last);
    size_t whole = (size_t)(result->measured.ns / series->interval.ns);
    struct slo_judgement worst = slo_not_measured(
        "not measured: %s", whole < length ? "the run is shorter than a window"
                                           : "nothing happened");
    struct series_interval sum;

    memset(&sum, 0, sizeof(sum));
    for (size_t end = length; end <= whole; end++) {
        struct slo_judgement found =
            judge_window(term, result, end, length, false, &sum);
        keep_worst(term, &worst, &found);
    }
    return worst;
}

static struct slo_judgement judge_term(const struct slo_term *term,
                                       const struct result *result)
{
    if (term->of_baseline && isnan(term->baseline)) {
        return slo_not_measured("not measured: there is no baseline");
    }
    if (term->metric.last.ns > 0) {
        return judge_windows(term, result);
    }
    struct slo_judgement judgement = slo_quantity(term, result);
    double noise = judgement.measured ? noise_of(term, result) : NAN;
    judge_bound(term, noise, false, &judgement);
    return judgement;
}

/* Combinations. */

enum truth { UNTRUE, UNKNOWN, TRUE };

/* Kleene's and is the least of both, his or the most. */
static enum truth combine(const struct slo *slo, const enum truth *terms)
{
    enum truth stack[SLO_TERMS_MAX];
    size_t depth = 0;

    for (size_t i = 0; i < slo->step_count; i++) {
        signed char step = slo->steps[i];
        if (step >= 0) {
            stack[depth++] = terms[step];
            continue;
        }
        must(depth >= 2);
        enum truth b = stack[--depth], a = stack[depth - 1];
        bool takes_a = step == SLO_AND ? a < b : a > b;
        stack[depth - 1] = takes_a ? a : b;
    }
    must(depth == 1);
    return stack[0];
}

/* What was not measured is not met: only what the rest decides without it
 * stands. */
static enum slo_word word_of_all(const struct slo *slo,
                                 const struct slo_judgement *terms)
{
    enum truth known[SLO_TERMS_MAX], strict[SLO_TERMS_MAX];

    for (size_t i = 0; i < slo->term_count; i++) {
        enum slo_word word = terms[i].word;
        known[i] = word == SLO_MET      ? TRUE
                   : word == SLO_MISSED ? UNTRUE
                                        : UNKNOWN;
        strict[i] = word == SLO_NOT_MEASURED ? UNTRUE : known[i];
    }
    switch (combine(slo, known)) {
    case TRUE:
        return SLO_MET;
    case UNTRUE:
        return SLO_MISSED;
    case UNKNOWN:
        break;
    }
    return combine(slo, strict) == UNTRUE ? SLO_NOT_MEASURED : SLO_INVALID;
}

/* A combination has the reason of the first term that has its word. */
static struct slo_judgement judge_all(const struct slo *slo,
                                      const struct slo_judgement *terms)
{
    struct slo_judgement all = slo_not_measured("%s", "");

    all.word = word_of_all(slo, terms);
    all.pass = all.word == SLO_MET;
    for (size_t i = 0; i < slo->term_count && !all.pass; i++) {
        if (terms[i].word == all.word) {
            snprintf(all.reason, sizeof(all.reason), "%s", terms[i].reason);
            break;
        }
    }
    return all;
}

struct slo_judgement slo_judge_all(const struct slo *slo,
                                   const struct result *result,
                                   struct slo_judgement *terms)
{
    for (size_t i = 0; i < slo->term_count; i++) {
        terms[i] = judge_term(&slo->terms[i], result);
    }
    return slo->term_count == 1 ? terms[0] : judge_all(slo, terms);
}

struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result)
{
    struct slo_judgement terms[SLO_TERMS_MAX];

    return slo_judge_all(slo, result, terms);
}

/* The window that ends now; none does where the run is shorter. */
static struct slo_judgement judge_last(const struct slo_term *term,
                                       const struct result *result,
                                       struct duration now)
{
    const struct series *series = result->tally->series;
    size_t length = slo_window_length(series, term->metric.last);
    size_t whole = now.ns > 0 ? (size_t)(now.ns / series->interval.ns) : 0;
    struct series_interval sum;

    if (whole < length) {
        return slo_not_measured("not measured: no window has ended");
    }
    memset(&sum, 0, sizeof(sum));
    return judge_window(term, result, whole, length, true, &sum);
}

bool slo_holds_now(const struct slo *slo, const struct result *result,
                   struct duration now, struct slo_judgement *terms)
{
    for (size_t i = 0; i < slo->term_count; i++) {
        const struct slo_term *term = &slo->terms[i];
        if (term->metric.last.ns > 0) {
            terms[i] = judge_last(term, result, now);
        } else {
            terms[i] = slo_quantity(term, result);
            judge_bound(term, NAN, true, &terms[i]);
        }
    }
    return word_of_all(slo, terms) == SLO_MET;
}

bool slo_needs_each(const struct slo *slo)
{
    for (size_t i = 0; i < slo->step_count; i++) {
        if (slo->steps[i] == SLO_OR) {
            return false;
        }
    }
    return true;
}

const char *slo_word_name(enum slo_word word)
{
    static const char *const names[] = {
#define SLO_WORD(id, word, sentence) [SLO_##id] = (word),
#include "measure/slo_word.def"
#undef SLO_WORD
    };
    must((size_t)word < array_length(names));
    return names[word];
}
