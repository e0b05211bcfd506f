#include "compare/beaten.h"

#include "compare/rounds.h"
#include "compare/signed_rank.h"

#include "base/must.h"

#include <math.h>

/* Of counts: how much worse is not yet worse. */
static const double count_more = 1;
static const double count_share = 0.1;

double beaten_count_allowance(double count)
{
    return count_more + count_share * count;
}

/* Differences of a pair while they are collected. */
struct numbers {
    size_t count;
    double list[SIGNED_RANK_MAX];
};

/* What a round gives, NAN where one of both has no value. */
typedef double round_number(enum compared criterion, double value,
                            double other);

static double advantage_of(enum compared criterion, double value, double other)
{
    double more = compared_difference(criterion, other, value);
    return compared_measure(criterion)->higher_is_better ? more : -more;
}

/* Above 0 where the other is within what a count may be worse by. */
static double count_within(enum compared criterion, double value, double other)
{
    bool is_higher = compared_measure(criterion)->higher_is_better;
    double more = is_higher ? value - other : other - value;
    return beaten_count_allowance(value) - more;
}

static bool is_count(enum compared criterion)
{
    return compared_measure(criterion)->scale == SCALE_COUNT;
}

static void collect(struct numbers *numbers,
                    const struct comparison_input *input, size_t variant,
                    size_t other, enum compared criterion,
                    round_number *number_of)
{
    numbers->count = 0;
    for (size_t round = 0; round < input->rounds; round++) {
        double value = comparison_value(input, round, variant, criterion);
        double of_other = comparison_value(input, round, other, criterion);
        double number = number_of(criterion, value, of_other);
        if (!isnan(value) && !isnan(of_other) && !isnan(number)) {
            numbers->list[numbers->count++] = number;
        }
    }
}

/* Counts that are equal say nothing of which is less. */
static void leave_out_ties(struct numbers *numbers)
{
    size_t kept = 0;

    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->list[i] != 0) {
            numbers->list[kept++] = numbers->list[i];
        }
    }
    numbers->count = kept;
}

static double p_above(const struct numbers *numbers, double bound)
{
    struct arena arena = ARENA_INIT;
    double p = 1;

    if (numbers->count > 0) {
        struct signed_rank ranks =
            signed_rank_make(&arena, numbers->list, numbers->count);
        p = signed_rank_p_above(&ranks, bound);
    }
    arena_release(&arena);
    return p;
}

static struct beaten_evidence gather(const struct comparison_input *input,
                                     size_t variant, size_t other,
                                     enum compared criterion)
{
    const struct compared_measure *measure = compared_measure(criterion);
    struct beaten_evidence evidence = {.p = 1, .p_not_worse = 1};
    struct numbers numbers;

    collect(&numbers, input, variant, other, criterion,
            is_count(criterion) ? count_within : advantage_of);
    evidence.is_measured = numbers.count > 0;
    if (!evidence.is_measured) {
        return evidence;
    }
    evidence.p_not_worse = p_above(
        &numbers, is_count(criterion)
                      ? 0
                      : -compared_on_scale(criterion, measure->detect));
    collect(&numbers, input, variant, other, criterion, advantage_of);
    if (is_count(criterion)) {
        leave_out_ties(&numbers);
    }
    if (numbers.count > 0) {
        struct arena arena = ARENA_INIT;
        struct signed_rank ranks =
            signed_rank_make(&arena, numbers.list, numbers.count);
        evidence.p = signed_rank_p_above(&ranks, 0);
        evidence.advantage = signed_rank_estimate(&ranks);
        arena_release(&arena);
    }
    return evidence;
}

static struct beaten_evidence *at(const struct beaten *beaten, size_t variant,
                                  size_t other, size_t criterion)
{
    size_t pair = variant * beaten->variant_count + other;
    return &beaten->evidence[pair * beaten->criterion_count + criterion];
}

struct beaten beaten_make(struct arena *arena,
                          const struct comparison_input *input,
                          const enum compared *criteria,
                          size_t criterion_count, const bool *is_out)
{
    size_t count = input->variants;
    struct beaten beaten = {
        .variant_count = count,
        .criterion_count = criterion_count,
        .criteria = criteria,
        .evidence = arena_array(arena, count * count * criterion_count,
                                sizeof *beaten.evidence),
    };

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            for (size_t c = 0;
                 i != j && !is_out[i] && !is_out[j] && c < criterion_count;
                 c++) {
                *at(&beaten, i, j, c) = gather(input, i, j, criteria[c]);
            }
        }
    }
    return beaten;
}

double beaten_p(const struct beaten *beaten, const struct beaten_pair *pair)
{
    const struct beaten_evidence *last =
        at(beaten, pair->variant, pair->other, pair->criterion);
    double p = last->is_measured ? last->p : 1;

    for (size_t c = 0; c < pair->criterion; c++) {
        const struct beaten_evidence *before =
            at(beaten, pair->variant, pair->other, c);
        if (before->is_measured) {
            p = fmax(p, before->p_not_worse);
        }
    }
    return p;
}

double beaten_advantage(const struct beaten *beaten,
                        const struct beaten_pair *pair)
{
    enum compared criterion = beaten->criteria[pair->criterion];
    const struct beaten_evidence *evidence =
        at(beaten, pair->variant, pair->other, pair->criterion);
    double detect =
        compared_on_scale(criterion, compared_measure(criterion)->detect);

    return evidence->advantage / (detect > 0 ? detect : 1);
}

bool beaten_is_shown(const struct beaten *beaten,
                     const struct beaten_pair *pair, double level)
{
    enum compared criterion = beaten->criteria[pair->criterion];
    const struct beaten_evidence *evidence =
        at(beaten, pair->variant, pair->other, pair->criterion);
    double ignore =
        compared_on_scale(criterion, compared_measure(criterion)->ignore);

    return evidence->advantage > 0 && evidence->advantage >= ignore &&
           signed_rank_is_within(beaten_p(beaten, pair), level) != 0;
}

struct beaten_difference beaten_difference(
    const struct comparison_input *input, size_t variant, size_t other,
    enum compared criterion, double level)
{
    struct arena arena = ARENA_INIT;
    struct numbers numbers;

    collect(&numbers, input, variant, other, criterion, compared_difference);
    if (is_count(criterion)) {
        leave_out_ties(&numbers);
    }
    must(numbers.count > 0);
    struct signed_rank ranks =
        signed_rank_make(&arena, numbers.list, numbers.count);
    struct interval interval = signed_rank_interval(&ranks, 2 * level);
    struct beaten_difference difference = {
        .estimate =
            compared_from_scale(criterion, signed_rank_estimate(&ranks)),
        .low = compared_from_scale(criterion, interval.low),
        .high = compared_from_scale(criterion, interval.high),
    };
    arena_release(&arena);
    return difference;
}

bool beaten_would_show(const struct comparison_input *input, size_t variant,
                       size_t other, enum compared criterion, double level)
{
    const struct compared_measure *measure = compared_measure(criterion);
    double detect = compared_on_scale(criterion, measure->detect);
    struct numbers numbers;

    collect(&numbers, input, variant, other, criterion, advantage_of);
    if (!measure->leads || detect <= 0 || numbers.count == 0) {
        return true;
    }
    double spread = rounds_spread(numbers.list, numbers.count);
    size_t wanted = rounds_needed(spread, detect, 2 * level, numbers.count);
    return wanted > 0 && wanted <= numbers.count;
}
