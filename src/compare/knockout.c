#include "compare/knockout.h"

#include "compare/beaten.h"
#include "compare/rounds.h"

#include "base/must.h"

#include <math.h>
#include <string.h>

static const double of_whole = 0.05;

enum { FIRST = 8 };

void knockout_criteria(struct knockout_rules *rules, bool has_trigger)
{
    static const enum compared all[] = {
#define CRITERION(measure) COMPARED_##measure,
#include "compare/criterion.def"
    };

    rules->criterion_count = 0;
    for (size_t i = 0; i < array_length(all); i++) {
        if (has_trigger ||
            compared_measure(all[i])->by_default != COMPARED_WITH_TRIGGER) {
            rules->criteria[rules->criterion_count++] = all[i];
        }
    }
}

void knockout_begin(struct knockout *knockout,
                    const struct knockout_rules *rules)
{
    must(rules->variant_count >= 2 &&
         rules->variant_count <= KNOCKOUT_VARIANTS_MAX);
    must(rules->criterion_count >= 1);
    *knockout =
        (struct knockout){.rules = *rules, .left = rules->variant_count};
}

double knockout_level(void)
{
    return of_whole;
}

double knockout_look_level(const struct knockout_rules *rules)
{
    return rules->fixed ? of_whole : of_whole / KNOCKOUT_LOOKS_MAX;
}

double knockout_test_level(const struct knockout_rules *rules, size_t left)
{
    size_t others = (rules->variant_count - 1) * rules->criterion_count;
    return knockout_look_level(rules) / (double)(left * others);
}

/* A one-sided test rejects at 2^-rounds at best. */
size_t knockout_least(const struct knockout_rules *rules)
{
    return rounds_least(2 * knockout_test_level(rules, rules->variant_count));
}

size_t knockout_first(const struct knockout_rules *rules)
{
    size_t least = knockout_least(rules);
    size_t first = least > FIRST ? least : FIRST;

    if (rules->fixed) {
        return rules->fixed;
    }
    return first < rules->most ? first : rules->most;
}

static size_t at_most(size_t rounds, size_t most)
{
    return rounds < most ? rounds : most;
}

static size_t half_as_far_again(const struct knockout_rules *rules,
                                size_t rounds)
{
    return at_most((rounds * 3 + 1) / 2, rules->most);
}

size_t knockout_last(const struct knockout_rules *rules)
{
    size_t rounds = knockout_first(rules);

    for (size_t look = 1; !rules->fixed && look < KNOCKOUT_LOOKS_MAX; look++) {
        rounds = half_as_far_again(rules, rounds);
    }
    return rounds;
}

size_t knockout_next(const struct knockout *knockout, size_t rounds)
{
    const struct knockout_rules *rules = &knockout->rules;

    if (rules->fixed || rounds >= rules->most ||
        knockout->looks >= KNOCKOUT_LOOKS_MAX) {
        return 0;
    }
    return half_as_far_again(rules, rounds);
}

/* A pair of which one is shown to beat the other. */
struct candidate {
    bool is_there;
    struct beaten_pair pair;
    double advantage;
};

/* Whether it is to go before another: by the weightiest criterion, then by the
 * largest difference. */
static bool goes_first(const struct candidate *one,
                       const struct candidate *other)
{
    if (!other->is_there || one->pair.criterion != other->pair.criterion) {
        return !other->is_there || one->pair.criterion < other->pair.criterion;
    }
    return one->advantage > other->advantage;
}

static struct candidate next_to_go(const struct knockout *knockout,
                                   const struct beaten *beaten)
{
    const struct knockout_rules *rules = &knockout->rules;
    const bool *is_dropped = knockout->is_dropped;
    double level = knockout_test_level(rules, knockout->left);
    size_t count = rules->variant_count;
    struct candidate first = {0};

    for (size_t pair = 0; pair < count * count * rules->criterion_count;
         pair++) {
        struct candidate one = {
            .is_there = true,
            .pair = {.variant = pair / rules->criterion_count / count,
                     .other = pair / rules->criterion_count % count,
                     .criterion = pair % rules->criterion_count}};
        if (one.pair.variant == one.pair.other ||
            is_dropped[one.pair.variant] || is_dropped[one.pair.other] ||
            !beaten_is_shown(beaten, &one.pair, level)) {
            continue;
        }
        one.advantage = beaten_advantage(beaten, &one.pair);
        if (goes_first(&one, &first)) {
            first = one;
        }
    }
    return first;
}

static void drop(struct knockout *knockout,
                 const struct comparison_input *input,
                 const struct beaten *beaten, const struct beaten_pair *pair)
{
    const struct knockout_rules *rules = &knockout->rules;
    double level = knockout_test_level(rules, knockout->left);
    enum compared criterion = rules->criteria[pair->criterion];
    struct beaten_difference difference =
        beaten_difference(input, pair->variant, pair->other, criterion, level);

    knockout->is_dropped[pair->variant] = true;
    knockout->drops[pair->variant] = (struct knockout_drop){
        .look = knockout->looks,
        .rounds = input->rounds,
        .by = pair->other,
        .criterion = criterion,
        .estimate = difference.estimate,
        .low = difference.low,
        .high = difference.high,
        .p = beaten_p(beaten, pair) * knockout_look_level(rules) / level,
    };
    knockout->left--;
}

void knockout_look(struct knockout *knockout,
                   const struct comparison_input *input)
{
    const struct knockout_rules *rules = &knockout->rules;
    struct arena arena = ARENA_INIT;
    struct beaten beaten =
        beaten_make(&arena, input, rules->criteria, rules->criterion_count,
                    knockout->is_dropped);
    struct candidate candidate;

    must(input->variants == rules->variant_count);
    knockout->looks++;
    while (candidate = next_to_go(knockout, &beaten), candidate.is_there) {
        drop(knockout, input, &beaten, &candidate.pair);
    }
    arena_release(&arena);
}

bool knockout_is_settled(const struct knockout *knockout,
                         const struct comparison_input *input)
{
    const struct knockout_rules *rules = &knockout->rules;
    double level = knockout_test_level(rules, knockout->left);

    for (size_t i = 0; i < rules->variant_count; i++) {
        for (size_t j = i + 1; j < rules->variant_count; j++) {
            for (size_t c = 0;
                 !knockout->is_dropped[i] && !knockout->is_dropped[j] &&
                 c < rules->criterion_count;
                 c++) {
                if (!beaten_would_show(input, i, j, rules->criteria[c],
                                       level)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* How much worse than the best of a group is not taken for worse. */
static bool is_as_good(enum compared criterion, double value, double best)
{
    const struct compared_measure *measure = compared_measure(criterion);
    double apart = fabs(compared_difference(criterion, value, best));

    return measure->scale == SCALE_COUNT
               ? apart <= beaten_count_allowance(best)
               : apart <= compared_on_scale(criterion, measure->detect);
}

static bool is_better(enum compared criterion, double value, double other)
{
    return compared_measure(criterion)->higher_is_better ? value > other
                                                         : value < other;
}

/* The one of those that `is_in` which is best by its medians. */
static size_t best_of(const struct knockout_rules *rules,
                      const struct comparison_input *input, bool *is_in)
{
    size_t count = rules->variant_count;
    size_t first = 0;

    for (size_t c = 0; c < rules->criterion_count; c++) {
        enum compared criterion = rules->criteria[c];
        double best = NAN;
        for (size_t v = 0; v < count; v++) {
            double value = comparison_median(input, v, criterion);
            if (is_in[v] && !isnan(value) &&
                (isnan(best) || is_better(criterion, value, best))) {
                best = value;
            }
        }
        for (size_t v = 0; v < count && !isnan(best); v++) {
            double value = comparison_median(input, v, criterion);
            is_in[v] = is_in[v] && is_as_good(criterion, value, best);
        }
    }
    while (!is_in[first]) {
        first++;
        must(first < count);
    }
    return first;
}

size_t knockout_place(const struct knockout *knockout, size_t variant)
{
    size_t place = 1;

    for (size_t v = 0;
         knockout->is_dropped[variant] && v < knockout->rules.variant_count;
         v++) {
        place += !knockout->is_dropped[v] ||
                 knockout->drops[v].look > knockout->drops[variant].look;
    }
    return place;
}

void knockout_rank(const struct knockout *knockout,
                   const struct comparison_input *input, size_t *order)
{
    size_t count = knockout->rules.variant_count;
    bool is_ranked[KNOCKOUT_VARIANTS_MAX] = {false};

    for (size_t filled = 0; filled < count; filled++) {
        bool is_in[KNOCKOUT_VARIANTS_MAX] = {false};
        size_t place = count + 1;
        for (size_t v = 0; v < count; v++) {
            size_t own = knockout_place(knockout, v);
            place = !is_ranked[v] && own < place ? own : place;
        }
        for (size_t v = 0; v < count; v++) {
            is_in[v] = !is_ranked[v] && knockout_place(knockout, v) == place;
        }
        order[filled] = best_of(&knockout->rules, input, is_in);
        is_ranked[order[filled]] = true;
    }
}
