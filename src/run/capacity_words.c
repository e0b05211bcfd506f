#include "run/capacity_words.h"

#include "base/units.h"

#include <math.h>

static void add(cJSON *sentences, struct str *words)
{
    cJSON_AddItemToArray(sentences, cJSON_CreateString(words->text));
    str_release(words);
}

/* "881/s": three digits, or all of a whole number. */
static void append_rate(struct str *out, double rate_per_s)
{
    if (rate_per_s >= 1000) {
        str_printf(out, "%.0f/s", rate_per_s);
    } else {
        str_printf(out, "%.3g/s", rate_per_s);
    }
}

static void append_slos(struct str *out, const struct capacity_info *info)
{
    for (size_t i = 0; i < info->slo_count; i++) {
        bool is_part = info->slo_count > 1 && !slo_needs_each(&info->slos[i]);
        str_printf(out, "%s%s%s%s", i ? " and " : "", is_part ? "(" : "",
                   info->slos[i].text, is_part ? ")" : "");
    }
}

static void say_headline(cJSON *sentences, const struct search_view *found,
                         bool is_over, const struct capacity_info *info)
{
    struct str words = STR_INIT;

    str_append(&words, "Capacity ");
    append_rate(&words, found->headline);
    str_append(&words, ": there nine of ten runs meet ");
    append_slos(&words, info);
    str_printf(&words,
               found->is_confirmed
                   ? " (confirmed: the last %d did, %zu of %zu "
                     "in all)."
                   : " (not confirmed: not %d in a row did, "
                     "%zu of %zu in all).",
               SEARCH_IN_A_ROW, found->passed, found->runs);
    if (!is_over && !found->is_confirmed) {
        str_reset(&words);
        str_append(&words, "Stopped before the capacity was confirmed.");
    }
    add(sentences, &words);
}

static void say_knee(cJSON *sentences, const struct search_view *found,
                     const struct capacity_info *info)
{
    struct str words = STR_INIT;

    str_append(&words, "Knee ");
    append_rate(&words, found->edge);
    str_append(&words, " [");
    append_rate(&words, found->low);
    str_append(&words, ", ");
    if (isfinite(found->high)) {
        append_rate(&words, found->high);
    } else {
        str_append(&words, "no bound");
    }
    str_append(&words, "]: half of the runs of ");
    units_format_duration(&words, info->duration);
    str_append(&words, " do.");
    if (found->fails > 0) {
        str_append(&words, " From ");
        append_rate(&words, found->fails_from);
        str_printf(&words, " on none does (0 of %zu).", found->fails);
    }
    add(sentences, &words);
}

/* No knee: how far the search went. */
static void say_bound(cJSON *sentences, const struct search_view *found,
                      const struct capacity_info *info)
{
    struct str words = STR_INIT;

    switch (found->end) {
    case SEARCH_NEVER_FAILS:
        str_append(&words, "Capacity at least ");
        append_rate(&words, found->headline);
        str_append(&words, ": up to there runs meet ");
        append_slos(&words, info);
        str_printf(&words, " (%zu of %zu there); no higher rate was run.",
                   found->passed, found->runs);
        break;
    case SEARCH_NEVER_PASSES:
        str_append(&words, "No rate meets ");
        append_slos(&words, info);
        str_append(&words, ": runs fail from ");
        append_rate(&words, found->fails_from);
        str_printf(&words, " on (0 of %zu).", found->fails);
        break;
    case SEARCH_IMPOSSIBLE:
        str_append(&words, "No rate could be driven.");
        break;
    case SEARCH_UNFINISHED:
    case SEARCH_FOUND:
        str_append(&words, "Too few runs to say where the capacity lies.");
        break;
    }
    add(sentences, &words);
}

static void say_limit(cJSON *sentences, const struct capacity_search *search)
{
    struct str words = STR_INIT;

    str_append(&words, "The limit at ");
    append_rate(&words, search->limit_per_s);
    str_printf(&words,
               " is squall's own or this machine's, not the "
               "service's: %s.",
               search->limit);
    add(sentences, &words);
}

static void say_overload(cJSON *sentences,
                         const struct capacity_search *search)
{
    const struct capacity_run *last = NULL;
    struct str words = STR_INIT;

    for (size_t i = 0; i < search->run_count; i++) {
        const struct capacity_run *run = &search->runs[i];
        last =
            run->phase == CAPACITY_GOES_BEYOND && !run->is_void ? run : last;
    }
    if (!last || search->overload == OVERLOAD_UNKNOWN) {
        return;
    }
    str_append(&words, "At ");
    append_rate(&words, last->rate_per_s);
    str_append(&words, " operations succeed in time at ");
    append_rate(&words, last->in_time_per_s);
    str_append(&words, ", at the capacity at ");
    append_rate(&words, search->goodput_per_s);
    str_printf(&words, ": %s.", overload_sentence(search->overload));
    add(sentences, &words);
}

/* Says it of the first quantile of an SLO that so few operations have not. */
static bool say_few_of(cJSON *sentences, const struct slo *slo, double offered,
                       double rate_per_s)
{
    for (size_t i = 0; i < slo->term_count; i++) {
        const struct slo_metric *metric = &slo->terms[i].metric;
        double q;
        if (metric->figure || !slo_quantile(metric->stat, &q) || q >= 1 ||
            offered >= 10 / (1 - q)) {
            continue;
        }
        struct str words = STR_INIT;
        str_printf(&words,
                   "Runs there have %.0f operations, few for %s: make them "
                   "longer, with -d %.0fs or more.",
                   offered, metric->stat, ceil(10 / (1 - q) / rate_per_s));
        add(sentences, &words);
        return true;
    }
    return false;
}

/* A quantile of few operations is one of chance. */
static void say_few(cJSON *sentences, const struct search_view *found,
                    const struct capacity_info *info)
{
    double offered = found->headline * duration_in_seconds(info->duration);
    bool is_said = false;

    for (size_t i = 0; i < info->slo_count && !is_said; i++) {
        is_said =
            say_few_of(sentences, &info->slos[i], offered, found->headline);
    }
}

void capacity_words_search(cJSON *sentences,
                           const struct capacity_search *search,
                           const struct capacity_info *info)
{
    const struct search_view *found = &search->found;

    if (found->end == SEARCH_FOUND) {
        say_headline(sentences, found, search->is_over, info);
        say_knee(sentences, found, info);
    } else {
        say_bound(sentences, found, info);
    }
    if (search->limit[0]) {
        say_limit(sentences, search);
    }
    say_overload(sentences, search);
    if (found->headline > 0) {
        say_few(sentences, found, info);
    }
}

void capacity_words_retries(cJSON *sentences, const struct capacity *capacity)
{
    const struct search_view *with = &capacity->searches[0].found;
    const struct search_view *without = &capacity->searches[1].found;
    struct str words = STR_INIT;

    if (capacity->search_count < 2 || with->end != SEARCH_FOUND ||
        without->end != SEARCH_FOUND || !capacity->searches[1].is_over) {
        return;
    }
    str_append(&words, "Without retries and hedges the knee is at ");
    append_rate(&words, without->edge);
    str_append(&words, ", with them at ");
    append_rate(&words, with->edge);
    str_append(&words, with->low > without->high ? ": they move it up."
                       : with->high < without->low
                           ? ": they move it down."
                           : ": the intervals overlap, "
                             "so no difference is "
                             "shown.");
    add(sentences, &words);
}
