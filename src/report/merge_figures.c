/* Figures and distributions of several reports as those of all together. */
#include "report/merge_inside.h"

#include "base/arena.h"
#include "base/must.h"
#include "measure/hist.h"
#include "report/figures.h"
#include "report/hdr.h"
#include "report/member.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a map that is merged; of a distribution, whose counts are whole. */
enum { MERGE_NAMES_MAX = 1000 };
#define WHOLE_MAX 0x1p53

enum merge_how {
    MERGE_ADD,
    MERGE_LEAST,
    MERGE_MOST,
    MERGE_SHARE,
    MERGE_WEIGHTED,
    MERGE_PER,
    MERGE_RATE,
    MERGE_BOUND,
    MERGE_ADD_APART,
    MERGE_MOST_APART,
    MERGE_NEVER
};

struct merge_rule {
    enum merge_how how;
    const char *of, *by;
};

#define RULE(group, member, how, of, by) \
    static const struct merge_rule rule_##group##_##member = {MERGE_##how, \
                                                              of, by};
#include "report/merge.def"

static const struct merge_rule add = {MERGE_ADD, NULL, NULL};
static const struct merge_rule least = {MERGE_LEAST, NULL, NULL};
static const struct merge_rule most = {MERGE_MOST, NULL, NULL};

static const struct {
    enum figure_group group;
    const char *member;
    const struct merge_rule *rule;
} rules[] = {
#define FIGURE(group, member, form, metric, scope, unit, better, value, \
               label, sentence) \
    {FIGURES_##group, #member, &rule_##group##_##member},
#define MEMBER(group, member, form, scope, unit, value, label, sentence) \
    {FIGURES_##group, #member, &rule_##group##_##member},
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    {FIGURES_##group, #member, &add},
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    {FIGURES_##group, #member, &least},
#define HIGHEST(group, member, form, id, better, when, amount, label, \
                sentence) \
    {FIGURES_##group, #member, &most},
#include "measure/figure.def"
};

static const char at_once[] =
    "the runs were at the same time, and each report has its own alone";

static const struct merge_rule *rule_of(const struct figure *figure)
{
    for (size_t i = 0; i < array_length(rules); i++) {
        if (rules[i].group == figure->group &&
            strcmp(rules[i].member, figure->member) == 0) {
            return rules[i].rule;
        }
    }
    must_never("a figure without a rule");
}

/* What a rule is computed from. */
struct sums {
    size_t known, missing; /* reports that have a value, or do not */
    double sum, least, most;
    double of, by; /* sums of what the rule names */
    double weighted, weight;
    double rate; /* what was counted, in all */
};

static void take(struct sums *sums, const struct merge_rule *rule,
                 const cJSON *place, const char *measured, double value)
{
    double of = rule->of ? text_number(place, rule->of) : NAN;
    double by = rule->by ? text_number(place, rule->by) : NAN;
    double weight = isnan(by) ? 1 : by;

    sums->of += isnan(of) ? 0 : of;
    sums->by += isnan(by) ? 0 : by;
    if (isnan(value)) {
        sums->missing++;
        return;
    }
    sums->least = sums->known && sums->least < value ? sums->least : value;
    sums->most = sums->known && sums->most > value ? sums->most : value;
    sums->known++;
    sums->sum += value;
    sums->weighted += value * weight;
    sums->weight += weight;
    sums->rate += value * text_number(place, measured);
    if (rule->how == MERGE_PER && value > 0) {
        sums->by += of / value;
    }
}

static double quotient(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static double value_of(const struct merging *merging,
                       const struct merge_rule *rule, const struct sums *sums,
                       double covered_us)
{
    switch (rule->how) {
    case MERGE_ADD:
        return sums->sum;
    case MERGE_LEAST:
        return sums->least;
    case MERGE_MOST:
        return sums->most;
    case MERGE_SHARE:
    case MERGE_PER:
        return quotient(sums->of, sums->by);
    case MERGE_WEIGHTED:
        return quotient(sums->weighted, sums->weight);
    case MERGE_RATE:
        return quotient(sums->rate, covered_us);
    case MERGE_BOUND:
        return sums->of > 0 || !(sums->by > 0) ? NAN : fmin(3 / sums->by, 1);
    case MERGE_ADD_APART:
        return merging->overlap ? NAN : sums->sum;
    case MERGE_MOST_APART:
        return merging->overlap ? NAN : sums->most;
    case MERGE_NEVER:
        break;
    }
    return NAN;
}

/* Why a figure that some reports have is not measured; NULL: it is. */
static const char *why_not(const struct merging *merging,
                           const struct merge_rule *rule,
                           const struct sums *sums)
{
    bool is_apart =
        rule->how == MERGE_ADD_APART || rule->how == MERGE_MOST_APART;
    bool is_computed = rule->how == MERGE_SHARE || rule->how == MERGE_BOUND ||
                       rule->how == MERGE_PER || rule->how == MERGE_WEIGHTED;

    if (rule->how == MERGE_NEVER) {
        return "it takes when each attempt of all runs arrived, which reports "
               "do not hold";
    }
    if (is_apart && merging->overlap) {
        return at_once;
    }
    return sums->missing > 0 && !is_computed ? "not every report has it"
                                             : NULL;
}

double merge_figure(struct merging *merging, const struct figure *figure,
                    const struct merge_places *places)
{
    const struct merge_rule *rule = rule_of(figure);
    struct sums sums = {0};
    char path[96];

    snprintf(path, sizeof(path), "%s%s", figure_path(figure->group),
             figure->member);
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *place = places->objects[i];
        /* One that has not even the section is not about such things. */
        if (place && text_find(place, path)) {
            take(&sums, rule, place, places->measured,
                 text_number(place, path));
        }
    }
    if (sums.known == 0) {
        return NAN;
    }
    const char *reason = why_not(merging, rule, &sums);
    if (!reason) {
        return value_of(merging, rule, &sums, places->covered_us);
    }
    char noted[160];
    snprintf(noted, sizeof(noted), "%s%s", places->prefix, path);
    merge_note(merging, noted, reason);
    return NAN;
}

void merge_group(struct merging *merging, cJSON *object,
                 enum figure_group group, const struct merge_places *places)
{
    const struct figure *figure;

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->member && figure->group == group) {
            member_measured(object, figure->member,
                            merge_figure(merging, figure, places));
        }
    }
}

static void add_to_list(cJSON *list, const cJSON *counts)
{
    const cJSON *count;
    cJSON *sum = list->child;

    cJSON_ArrayForEach(count, counts)
    {
        if (!sum) {
            cJSON_AddItemToArray(list, cJSON_CreateNumber(0));
            sum = list->child->prev; /* the last */
        }
        merge_raise(sum, count->valuedouble);
        sum = sum->next;
    }
}

/* Names that are not there yet come behind. */
static void add_to_map(cJSON *map, const cJSON *counts)
{
    const cJSON *count;

    cJSON_ArrayForEach(count, counts)
    {
        cJSON *sum = cJSON_GetObjectItemCaseSensitive(map, count->string);
        if (cJSON_IsArray(count)) {
            sum = sum ? sum : cJSON_AddArrayToObject(map, count->string);
            add_to_list(sum, count);
        } else if (sum) {
            merge_raise(sum, count->valuedouble);
        } else {
            cJSON_AddNumberToObject(map, count->string, count->valuedouble);
        }
    }
}

void merge_counts(struct merging *merging, cJSON *object, const char *name,
                  const char *path, const struct merge_places *places)
{
    cJSON *sums = NULL;

    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *counts = text_find(places->objects[i], path);
        if (!counts || cJSON_IsNull(counts)) {
            continue;
        }
        if (cJSON_IsArray(counts)) {
            sums = sums ? sums : cJSON_CreateArray();
            add_to_list(sums, counts);
        } else if (cJSON_GetArraySize(counts) > MERGE_NAMES_MAX) {
            merge_refuse(merging, i, path, "has too many names");
        } else {
            sums = sums ? sums : cJSON_CreateObject();
            add_to_map(sums, counts);
        }
    }
    cJSON_AddItemToObject(object, name, sums ? sums : cJSON_CreateNull());
}

/* Several distributions as one. */
struct pool {
    size_t known;       /* reports that have one */
    size_t missing;     /* and that have none */
    double count;       /* values */
    double with_values; /* of those that have a mean */
    double sum, squares;
    bool has_values;
    bool has_all; /* no value lacks its duration */
    bool has_least;
    uint64_t *counts;
    double buckets; /* values in them */
    double min_us, max_us;
    double largest_us; /* that is known; NAN: it is not */
};

static void pool_moments(struct pool *pool, double count, double mean,
                         double deviation)
{
    pool->with_values += count;
    pool->sum += count * mean;
    pool->squares += count * (deviation * deviation + mean * mean);
}

/* Adds the buckets; false where the text is none of squall's. */
static bool pool_buckets(struct pool *pool, const char *hdr, double count)
{
    uint64_t *counts = calloc(HIST_BUCKETS, sizeof(*counts));
    double sum = 0;

    must(counts);
    bool ok = hdr_read(hdr, counts);
    for (size_t i = 0; ok && i < HIST_BUCKETS; i++) {
        sum += (double)counts[i];
        pool->counts[i] += counts[i];
    }
    free(counts);
    pool->buckets += sum;
    return ok && sum <= count;
}

static double smaller(double one, double other)
{
    return isnan(one) || other < one ? other : one;
}

static double larger(double one, double other)
{
    return isnan(one) || other > one ? other : one;
}

static void pool_take(struct merging *merging, struct pool *pool, size_t input,
                      const char *path, const cJSON *one)
{
    const char *hdr = text_string(one, "hdr");
    double count = text_number(one, "count");
    double mean = text_number(one, "mean_us");
    double largest = text_number(one, "max_us");

    pool->known++;
    pool->count += count;
    pool->has_all = pool->has_all && (count == 0 || !isnan(mean));
    pool->has_least |= cJSON_IsObject(text_find(one, "at_least"));
    if (hdr && !pool_buckets(pool, hdr, count)) {
        merge_refuse(merging, input, path,
                     "its hdr holds no histogram of squall's, or another "
                     "number of values");
    }
    if (!isnan(text_number(one, "min_us"))) {
        pool->min_us = smaller(pool->min_us, text_number(one, "min_us"));
    }
    if (!isnan(mean)) {
        pool_moments(pool, count, mean, text_number(one, "stddev_us"));
        pool->max_us = larger(pool->max_us, largest);
    }
}

/* Where some never ended, the largest of the others is not at its own place in
 * a report, but may be at another. NAN: it is not. */
static double largest_at(const struct merging *merging, const char *path,
                         const struct merge_places *places)
{
    static const struct {
        const char *path, *parts[2];
    } known[] = {
        {"latency.time_to_success", {"latency.succeeded", NULL}},
        {"latency.operation", {"latency.succeeded", "latency.failed"}},
    };
    double largest = NAN;

    for (size_t k = 0; k < array_length(known); k++) {
        for (size_t i = 0; i < merging->count; i++) {
            for (size_t p = 0; p < 2 && strcmp(known[k].path, path) == 0;
                 p++) {
                const char *part = known[k].parts[p];
                const cJSON *one =
                    part ? text_find(places->objects[i], part) : NULL;
                double max = text_number(one, "max_us");
                if (isnan(max) && text_number(one, "count") > 0) {
                    return NAN;
                }
                largest = isnan(max) ? largest : larger(largest, max);
            }
        }
    }
    return largest;
}

/* The buckets as hist has them. Where the largest is not known, the end of its
 * bucket is. */
static struct hist pool_hist(const struct pool *pool)
{
    struct hist all = {.counts = pool->counts,
                       .count = (uint64_t)pool->buckets,
                       .max_us = HIST_US_MAX};
    struct hist hist = all;
    int64_t low_us = 0, high_us = 0;
    size_t cursor = 0;
    uint64_t count;
    bool any = false;

    while (hist_next(&all, &cursor, &low_us, &high_us, &count)) {
        hist.min_us = any ? hist.min_us : low_us;
        hist.max_us = high_us < HIST_US_MAX ? high_us : HIST_US_MAX;
        any = true;
    }
    if (pool->largest_us >= (double)low_us &&
        pool->largest_us < (double)hist.max_us) {
        hist.max_us = (int64_t)pool->largest_us;
    }
    if (pool->min_us > (double)hist.min_us &&
        pool->min_us <= (double)hist.max_us) {
        hist.min_us = (int64_t)pool->min_us;
    }
    return hist;
}

static void add_statistics(cJSON *object, const struct pool *pool,
                           const struct hist *hist, double whole)
{
    bool any = pool->buckets > 0;
    bool all = any && pool->has_all && pool->buckets >= whole;
    double mean = quotient(pool->sum, pool->with_values);
    double variance = quotient(pool->squares, pool->with_values) - mean * mean;

    member_us(object, "min_us", any ? hist->min_us : -1);
    member_measured(object, "mean_us", all ? round(mean) : -1);
    member_measured(object, "stddev_us",
                    all ? round(sqrt(fmax(variance, 0))) : -1);
    for (size_t i = 0; i < FIGURES_QUANTILES; i++) {
        member_us(object, figures_quantiles[i].member,
                  hist_quantile_of_us(hist, figures_quantiles[i].q,
                                      (uint64_t)whole));
    }
    member_us(object, "max_us", all ? hist->max_us : -1);
}

static void add_buckets(cJSON *object, const struct pool *pool)
{
    struct str hdr = STR_INIT;

    if (pool->buckets > 0) {
        hdr_append(&hdr, pool->counts, HIST_BUCKETS);
    }
    member_text(object, "hdr", hdr.text);
    str_release(&hdr);
}

/* The lower ends have no buckets. A quantile of all is at least the least of
 * those of the parts, so that is a lower end, too. */
static void add_at_least(cJSON *object, const char *path,
                         const struct merge_places *places, size_t inputs)
{
    struct pool pool = {.has_all = true, .min_us = NAN, .max_us = NAN};
    double quantiles[FIGURES_QUANTILES];

    for (size_t q = 0; q < FIGURES_QUANTILES; q++) {
        quantiles[q] = NAN;
    }
    for (size_t i = 0; i < inputs; i++) {
        const cJSON *one = text_find(places->objects[i], path);
        const cJSON *ends = text_find(one, "at_least");
        double count = text_number(one, "count");
        ends = cJSON_IsObject(ends) ? ends : one;
        if (!(count > 0)) {
            continue;
        }
        double mean = text_number(ends, "mean_us");
        pool.has_all = pool.has_all && !isnan(mean);
        pool_moments(&pool, count, mean, text_number(ends, "stddev_us"));
        pool.min_us = smaller(pool.min_us, text_number(ends, "min_us"));
        pool.max_us = larger(pool.max_us, text_number(ends, "max_us"));
        for (size_t q = 0; q < FIGURES_QUANTILES; q++) {
            quantiles[q] = smaller(
                quantiles[q], text_number(ends, figures_quantiles[q].member));
        }
    }
    double mean = quotient(pool.sum, pool.with_values);
    double variance = quotient(pool.squares, pool.with_values) - mean * mean;
    cJSON *part = cJSON_AddObjectToObject(object, "at_least");
    member_measured(part, "min_us", pool.min_us);
    member_measured(part, "mean_us", pool.has_all ? round(mean) : -1);
    member_measured(part, "stddev_us",
                    pool.has_all ? round(sqrt(fmax(variance, 0))) : -1);
    for (size_t q = 0; q < FIGURES_QUANTILES; q++) {
        member_measured(part, figures_quantiles[q].member, quantiles[q]);
    }
    member_measured(part, "max_us", pool.has_all ? pool.max_us : -1);
}

/* All distributions at a path. The caller frees the counts. */
static struct pool pool_all(struct merging *merging, const char *path,
                            const struct merge_places *places)
{
    struct pool pool = {.has_all = true, .min_us = NAN, .max_us = NAN};
    char noted[160];

    pool.counts = calloc(HIST_BUCKETS, sizeof(*pool.counts));
    must(pool.counts);
    snprintf(noted, sizeof(noted), "%s%s", places->prefix, path);
    for (size_t i = 0; i < merging->count && !merging->failed; i++) {
        const cJSON *one = text_find(places->objects[i], path);
        if (cJSON_IsObject(one)) {
            pool_take(merging, &pool, i, noted, one);
        } else {
            pool.missing++;
        }
    }
    pool.largest_us =
        pool.has_all ? pool.max_us : largest_at(merging, path, places);
    return pool;
}

cJSON *merge_distribution(struct merging *merging, const char *path,
                          double whole, const struct merge_places *places)
{
    struct pool pool = pool_all(merging, path, places);
    struct hist hist = pool_hist(&pool);
    cJSON *object = cJSON_CreateNull();

    whole = fmax(isnan(whole) ? 0 : whole, pool.count);
    whole = fmin(fmax(whole, pool.buckets), WHOLE_MAX);
    if (pool.known > 0 && pool.missing > 0) {
        char noted[160];
        snprintf(noted, sizeof(noted), "%s%s", places->prefix, path);
        merge_note(merging, noted, "of those reports alone that have it");
    }
    if (pool.known > 0 && !merging->failed && pool.buckets < WHOLE_MAX) {
        cJSON_Delete(object);
        object = cJSON_CreateObject();
        member_measured(object, "count", pool.count);
        add_statistics(object, &pool, &hist, whole);
        add_buckets(object, &pool);
        if (pool.has_least) {
            add_at_least(object, path, places, merging->count);
        } else {
            cJSON_AddNullToObject(object, "at_least");
        }
    }
    free(pool.counts);
    return object;
}

cJSON *merge_operation_rows(struct merging *merging,
                            const struct merge_places *places)
{
    struct pool pool = pool_all(merging, "latency.operation", places);
    struct hist hist = pool_hist(&pool);
    cJSON *rows = figures_rows(&hist);

    free(pool.counts);
    return rows;
}

static void merge_latency(struct merging *merging, cJSON *object,
                          const struct merge_places *places)
{
    static const char *const names[] = {
        "time_to_success",
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
    };
    cJSON *latency = cJSON_AddObjectToObject(object, "latency");
    double offered = text_number(object, "operations.offered");

    for (size_t i = 0; i < array_length(names); i++) {
        char path[64];
        bool of_offered = strcmp(names[i], "operation") == 0;
        snprintf(path, sizeof(path), "latency.%s", names[i]);
        cJSON_AddItemToObject(latency, names[i],
                              merge_distribution(merging, path,
                                                 of_offered ? offered : 0,
                                                 places));
    }
}

void merge_panel(struct merging *merging, cJSON *object,
                 const struct merge_places *places)
{
    cJSON *part = cJSON_AddObjectToObject(object, "operations");
    merge_group(merging, part, FIGURES_OPERATIONS, places);
    merge_counts(merging, part, "reasons", "operations.reasons", places);
    merge_counts(merging, part, "shed_reasons", "operations.shed_reasons",
                 places);
    part = cJSON_AddObjectToObject(object, "attempts");
    merge_group(merging, part, FIGURES_ATTEMPTS, places);
    merge_counts(merging, part, "by_outcome", "attempts.by_outcome", places);
    merge_counts(merging, part, "by_status", "attempts.by_status", places);
    merge_group(merging, cJSON_AddObjectToObject(object, "rates"),
                FIGURES_RATES, places);
    merge_group(merging, object, FIGURES_SUCCESS, places);
    merge_latency(merging, object, places);
    part = cJSON_AddObjectToObject(object, "amplification");
    merge_group(merging, part, FIGURES_AMPLIFICATION, places);
    merge_counts(merging, part, "histogram", "amplification.histogram",
                 places);
}
