#include "run/elimination_words.h"

#include "base/str.h"
#include "compare/summary.h"

#include <math.h>

enum { NAMES_TOLD = 4, REASONS_TOLD = 4 };

static const struct knockout *knockout_of(
    const struct elimination_telling *telling)
{
    return &telling->elimination->knockout;
}

static size_t count_of(const struct elimination_telling *telling)
{
    return knockout_of(telling)->rules.variant_count;
}

void elimination_append_reason(struct str *out,
                               const struct elimination_telling *telling,
                               size_t variant)
{
    const struct knockout_drop *drop = &knockout_of(telling)->drops[variant];
    struct comparison_input input = telling->elimination->paired.input;
    const struct comparison_row row = {.measure = drop->criterion,
                                       .variant = variant,
                                       .finding = FOUND_WORSE,
                                       .estimate = drop->estimate};

    input.baseline = drop->by;
    str_printf(out, "beside %s it ", telling->names[drop->by]);
    summary_append_finding(out, &input, &row, telling->names);
}

static void add(cJSON *sentences, struct str *words)
{
    if (words->length > 0) {
        cJSON_AddItemToArray(sentences, cJSON_CreateString(words->text));
    }
    str_release(words);
}

static const char *suggested(const struct elimination_telling *telling)
{
    return telling->names[telling->order[0]];
}

/* Those that are left beside the one that is suggested. */
static void append_others_left(struct str *out,
                               const struct elimination_telling *telling)
{
    size_t others = knockout_of(telling)->left - 1;

    for (size_t i = 1; i <= others && i <= NAMES_TOLD; i++) {
        str_printf(out, "%s%s",
                   i == 1                                ? ""
                   : i == others && others <= NAMES_TOLD ? " and "
                                                         : ", ",
                   telling->names[telling->order[i]]);
    }
    if (others > NAMES_TOLD) {
        str_printf(out, " and %zu more", others - NAMES_TOLD);
    }
}

static void say_who(cJSON *sentences,
                    const struct elimination_telling *telling)
{
    size_t left = knockout_of(telling)->left;
    size_t rounds = telling->elimination->paired.input.rounds;
    struct str words = STR_INIT;

    if (left == 1) {
        str_printf(&words,
                   "%s is suggested: of %zu strategies it alone is left "
                   "after %zu rounds.",
                   suggested(telling), count_of(telling), rounds);
    } else {
        str_printf(&words,
                   "%s is suggested, by its medians: %zu of %zu strategies "
                   "are left after %zu rounds, and ",
                   suggested(telling), left, count_of(telling), rounds);
        append_others_left(&words, telling);
        str_append(&words, left == 2 ? " is" : " are");
        str_append(&words, " not shown to be worse.");
    }
    add(sentences, &words);
}

/* The nearest of the dropped, and the furthest. */
static void say_dropped(cJSON *sentences,
                        const struct elimination_telling *telling)
{
    size_t left = knockout_of(telling)->left, count = count_of(telling);
    struct str words = STR_INIT;

    if (left < count) {
        size_t last = telling->order[count - 1];
        str_printf(&words, "%s is last: ", telling->names[last]);
        elimination_append_reason(&words, telling, last);
        if (left + 1 < count) {
            size_t next = telling->order[left];
            str_printf(&words, "; %s came nearest: ", telling->names[next]);
            elimination_append_reason(&words, telling, next);
        }
        str_append(&words, ".");
    } else {
        str_append(&words, "Nobody was dropped.");
    }
    add(sentences, &words);
}

/* The fewest that any variant makes a run; NAN: none has a number. */
static double fewest_duplicates(const struct elimination_telling *telling,
                                size_t *who)
{
    const struct comparison_input *input = &telling->elimination->paired.input;
    double fewest = (double)NAN;

    for (size_t v = 0; v < count_of(telling); v++) {
        double own = comparison_median(input, v, COMPARED_DUPLICATES);
        if (!isnan(own) && !(own >= fewest)) {
            fewest = own;
            *who = v;
        }
    }
    return fewest;
}

/* What callers would not forgive, though it was not judged. */
static void append_duplicates(struct str *out,
                              const struct elimination_telling *telling)
{
    const struct comparison_input *input = &telling->elimination->paired.input;
    size_t who = 0;
    double fewest = fewest_duplicates(telling, &who);
    double own =
        comparison_median(input, telling->order[0], COMPARED_DUPLICATES);

    if (own > 0 && own > fewest) {
        str_printf(out,
                   "%s makes %.3g duplicates a run, and the strategy %s %.3g: "
                   "this service performs an order again that is sent again",
                   suggested(telling), own, telling->names[who], fewest);
    }
}

static bool is_judged(const struct elimination_telling *telling,
                      enum compared measure)
{
    const struct knockout_rules *rules = &knockout_of(telling)->rules;

    for (size_t c = 0; c < rules->criterion_count; c++) {
        if (rules->criteria[c] == measure) {
            return true;
        }
    }
    return false;
}

void elimination_say(cJSON *sentences,
                     const struct elimination_telling *telling)
{
    struct str words = STR_INIT;

    say_who(sentences, telling);
    say_dropped(sentences, telling);
    append_duplicates(&words, telling);
    if (words.length > 0) {
        str_append(&words, is_judged(telling, COMPARED_DUPLICATES)
                               ? "."
                               : "; --judge duplicates,success_rate,... "
                                 "drops for that.");
    }
    add(sentences, &words);
}

/* From the last of the ranking on: who is furthest from it says most. */
static void append_reasons(struct str *out,
                           const struct elimination_telling *telling)
{
    size_t left = knockout_of(telling)->left, count = count_of(telling);
    size_t told = 0;

    for (size_t i = count; i-- > left && told < REASONS_TOLD; told++) {
        size_t variant = telling->order[i];
        str_printf(out, "; %s was dropped, as ", telling->names[variant]);
        elimination_append_reason(out, telling, variant);
    }
    if (count - left > told) {
        str_printf(out, "; and %zu more were", count - left - told);
    }
}

void elimination_append_about(struct str *out,
                              const struct elimination_telling *telling)
{
    const struct elimination *elimination = telling->elimination;
    size_t left = knockout_of(telling)->left;
    struct str duplicates = STR_INIT;

    str_printf(
        out, "%s, which squall compare --all suggests: ", suggested(telling));
    if (left == 1) {
        str_printf(out, "of %zu strategies it alone is left after %zu rounds",
                   count_of(telling), elimination->paired.input.rounds);
    } else {
        str_printf(out,
                   "of %zu strategies %zu are left after %zu rounds, and by "
                   "its medians it is the first of them",
                   count_of(telling), left, elimination->paired.input.rounds);
    }
    append_reasons(out, telling);
    if (left > 1) {
        str_append(out, "; not shown to be worse: ");
        append_others_left(out, telling);
    }
    append_duplicates(&duplicates, telling);
    if (duplicates.length > 0) {
        str_printf(out, "; but %s", duplicates.text);
    }
    str_release(&duplicates);
    str_append(out, ".");
}
