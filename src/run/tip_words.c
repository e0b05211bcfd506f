#include "run/tip_words.h"

#include <math.h>

static void add(cJSON *sentences, struct str *words)
{
    cJSON_AddItemToArray(sentences, cJSON_CreateString(words->text));
    str_release(words);
}

void tip_append_size(struct str *out, enum tip_trigger trigger, double size)
{
    str_printf(out,
               tip_triggers[trigger].unit == TIP_SECONDS ? "%.3g s" : "x %.3g",
               size);
}

static void say_headline(cJSON *sentences, const struct search_view *found,
                         enum tip_trigger trigger)
{
    struct str words = STR_INIT;

    if (isnan(found->headline)) {
        str_append(&words, "Stopped before it was known what it comes back "
                           "from.");
        add(sentences, &words);
        return;
    }
    str_append(&words, "Comes back from up to ");
    tip_append_size(&words, trigger, found->headline);
    str_printf(&words,
               found->is_confirmed
                   ? ": nine of ten runs do (confirmed: the last %d did, %zu "
                     "of %zu in all)."
                   : ": nine of ten runs do (not confirmed: not %d in a row "
                     "did, %zu of %zu in all).",
               SEARCH_IN_A_ROW, found->passed, found->runs);
    add(sentences, &words);
}

static void say_edge(cJSON *sentences, const struct search_view *found,
                     enum tip_trigger trigger)
{
    struct str words = STR_INIT;

    str_append(&words, "Tips at ");
    tip_append_size(&words, trigger, found->edge);
    str_append(&words, " [");
    tip_append_size(&words, trigger, found->low);
    str_append(&words, ", ");
    if (isfinite(found->high)) {
        tip_append_size(&words, trigger, found->high);
    } else {
        str_append(&words, "no bound");
    }
    str_append(&words, "]: half of the runs do.");
    if (found->fails > 0) {
        str_append(&words, " Stays down from ");
        tip_append_size(&words, trigger, found->fails_from);
        str_printf(&words, " on (0 of %zu came back).", found->fails);
    }
    add(sentences, &words);
}

static void say_bound(cJSON *sentences, const struct search_view *found,
                      enum tip_trigger trigger)
{
    struct str words = STR_INIT;

    switch (found->end) {
    case SEARCH_NEVER_FAILS:
        str_append(&words, "Comes back from every size tried, up to ");
        tip_append_size(&words, trigger, found->headline);
        str_printf(&words, " (%zu of %zu there).", found->passed, found->runs);
        break;
    case SEARCH_NEVER_PASSES:
        str_append(&words, "Stays down from ");
        tip_append_size(&words, trigger, found->fails_from);
        str_printf(&words,
                   " on, the smallest size tried (0 of %zu came "
                   "back).",
                   found->fails);
        break;
    case SEARCH_IMPOSSIBLE:
        str_append(&words, "No size could be run.");
        break;
    case SEARCH_UNFINISHED:
    case SEARCH_FOUND:
        str_append(&words, "Too few runs to say where it tips.");
        break;
    }
    add(sentences, &words);
}

void tip_words_search(cJSON *sentences, const struct tip_search *search,
                      enum tip_trigger trigger)
{
    const struct search_view *found = &search->found;

    if (found->end == SEARCH_FOUND) {
        say_headline(sentences, found, trigger);
        say_edge(sentences, found, trigger);
    } else {
        say_bound(sentences, found, trigger);
    }
    if (search->limit[0]) {
        struct str words = STR_INIT;
        str_append(&words, "The limit at ");
        tip_append_size(&words, trigger, search->limit_size);
        str_printf(&words,
                   " is squall's own or this machine's, not the "
                   "service's: %s.",
                   search->limit);
        add(sentences, &words);
    }
}

/* Where one is known to lie, at 90 %: from what it comes back at least, to
 * what it does not. */
static bool bounds_of(const struct tip_search *search, double *low,
                      double *high)
{
    const struct search_view *found = &search->found;

    *low = 0;
    *high = INFINITY;
    switch (found->end) {
    case SEARCH_FOUND:
        *low = found->low;
        *high = found->high;
        return true;
    case SEARCH_NEVER_FAILS:
        *low = found->headline;
        return true;
    case SEARCH_NEVER_PASSES:
        *high = found->fails_from;
        return true;
    case SEARCH_UNFINISHED:
    case SEARCH_IMPOSSIBLE:
        break;
    }
    return false;
}

void tip_words_beside(cJSON *sentences, const struct tip *tip)
{
    const struct tip_search *first = &tip->searches[0];
    double low, high;

    if (tip->search_count == 0 || !bounds_of(first, &low, &high)) {
        return;
    }
    for (size_t i = 1; i < tip->search_count; i++) {
        const struct tip_search *other = &tip->searches[i];
        double other_low, other_high;
        if (!bounds_of(other, &other_low, &other_high)) {
            continue;
        }
        struct str words = STR_INIT;
        str_printf(
            &words,
            other_low > high   ? "%s comes back from larger triggers than %s."
            : other_high < low ? "%s tips at smaller triggers than %s."
                               : "Between %s and %s no difference is shown.",
            other->name, first->name);
        add(sentences, &words);
    }
}
