#include "report/text_delays.h"

#include "base/mask.h"
#include "base/units.h"
#include "report/text_part.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_COLUMNS = 7, WAIT_COLUMNS = 10, CHART_COLUMNS_MAX = 100 };

static const struct {
    const char *after;
    const char *meaning;
} classes[CLASS_COUNT] = {
    [CLASS_TRANSIENT] = {"a transient failure",
                         "Transient is a failure that may pass by itself: a "
                         "status such as 503, a connection that broke."},
    [CLASS_THROTTLE] = {"being throttled",
                        "Throttle is an answer that asks callers to slow "
                        "down, such as a status 429."},
    [CLASS_TIMEOUT] = {"a timeout",
                       "Timeout is that no answer came in time: it is unknown "
                       "what became of the attempt."},
    [CLASS_NETWORK] = {"a network failure",
                       "Network is that there was no answer at all, where a "
                       "profile distinguishes that from bad answers."},
};

static void remark(struct text *text, enum style style,
                   const struct str *words)
{
    term_spaces(&text->term, 2);
    text_wrapped(text, style, words->text, 2);
}

static void put_name(struct text *text, const struct delays *delays,
                     const char *name)
{
    char *shown = mask_text(delays->plan->name ? delays->plan->name : name);
    term_untrusted(&text->term, STYLE_STRONG, shown, -1);
    free(shown);
}

/* Beyond what the profile retries: shown, but it would not come to it. */
static bool is_beyond(const struct delays *delays, size_t retry)
{
    size_t limit = delays_limit(delays->plan);
    return limit > 0 && retry >= limit;
}

/* A growth without a cap soon comes to days, and then to what no clock
 * counts. */
static void append_wait(struct str *out, struct duration wait)
{
    double days = duration_in_seconds(wait) / 86400.0;
    if (wait.ns == INT64_MAX) {
        str_append(out, "for ever");
    } else if (days > 3.0) {
        str_printf(out, "%.0f d", days);
    } else {
        units_format_duration(out, wait);
    }
}

static void add_wait(struct text *text, enum style style, struct duration wait)
{
    struct str out = STR_INIT;
    append_wait(&out, wait);
    term_right(&text->term, style, out.text, WAIT_COLUMNS);
    str_release(&out);
}

static void add_sums(struct text *text, const struct delays *delays,
                     size_t first, size_t end)
{
    size_t count = 0;
    while (count < delays->retries && !is_beyond(delays, count)) {
        count++;
    }
    if (count < 2) {
        return;
    }
    term_right(&text->term, STYLE_FAINT, "sum", RETRY_COLUMNS);
    for (size_t draw = first; draw < end; draw++) {
        struct duration sum = DURATION_ZERO;
        for (size_t i = 0; i < count; i++) {
            sum = duration_add(sum, delays_wait(delays, draw, i));
        }
        add_wait(text, STYLE_FAINT, sum);
    }
    text_newline(text);
}

/* The columns of some draws: as many as fit. */
static void add_columns(struct text *text, const struct delays *delays,
                        size_t first, size_t end)
{
    struct term *term = &text->term;

    text_newline(text);
    term_right(term, STYLE_FAINT, "retry", RETRY_COLUMNS);
    for (size_t draw = first; draw < end; draw++) {
        char title[WAIT_COLUMNS + 1];
        snprintf(title, sizeof(title), "u=%.*s", WAIT_COLUMNS - 3,
                 delays->draws.items[draw].written);
        term_right(term, STYLE_FAINT, title, WAIT_COLUMNS);
    }
    text_newline(text);
    for (size_t i = 0; i < delays->retries; i++) {
        enum style style = is_beyond(delays, i) ? STYLE_FAINT : STYLE_PLAIN;
        if (i > 0 && is_beyond(delays, i) && !is_beyond(delays, i - 1)) {
            term_write(term, STYLE_WARN, "  the profile gives up here");
            text_newline(text);
        }
        char number[24];
        snprintf(number, sizeof(number), "%zu", i + 1);
        term_right(term, style, number, RETRY_COLUMNS);
        for (size_t draw = first; draw < end; draw++) {
            add_wait(text, style, delays_wait(delays, draw, i));
        }
        text_newline(text);
    }
    add_sums(text, delays, first, end);
}

static void add_table(struct text *text, const struct delays *delays)
{
    size_t fit = (size_t)(text->term.width - RETRY_COLUMNS) / WAIT_COLUMNS;
    size_t count = delays->draws.count;

    for (size_t first = 0; first < count; first += fit) {
        size_t end = first + fit < count ? first + fit : count;
        add_columns(text, delays, first, end);
    }
}

struct span {
    struct duration low, high;
};

/* From the shortest to the longest wait that the draws give; a backoff with a
 * state does not keep to the order of the draws. */
static struct span span_of(const struct delays *delays, size_t retry)
{
    struct span span = {DURATION_FOREVER, DURATION_ZERO};
    for (size_t draw = 0; draw < delays->draws.count; draw++) {
        struct duration wait = delays_wait(delays, draw, retry);
        span.low = duration_min(span.low, wait);
        span.high = duration_max(span.high, wait);
    }
    return span;
}

static void add_chart(struct text *text, const struct delays *delays)
{
    struct term *term = &text->term;
    struct duration longest = DURATION_ZERO;
    int columns = term->width - RETRY_COLUMNS - 3;
    columns = columns > CHART_COLUMNS_MAX ? CHART_COLUMNS_MAX : columns;

    for (size_t i = 0; i < delays->retries; i++) {
        longest = duration_max(longest, span_of(delays, i).high);
    }
    if (longest.ns <= 0) {
        return;
    }
    text_newline(text);
    for (size_t i = 0; i < delays->retries; i++) {
        struct span span = span_of(delays, i);
        bool beyond = is_beyond(delays, i);
        char number[24];
        snprintf(number, sizeof(number), "%zu", i + 1);
        term_right(term, beyond ? STYLE_FAINT : STYLE_PLAIN, number,
                   RETRY_COLUMNS);
        term_sign(term, STYLE_FAINT, " ▕", " |");
        term_range(term, beyond ? STYLE_FAINT : STYLE_GOOD,
                   (double)span.low.ns / (double)longest.ns,
                   (double)span.high.ns / (double)longest.ns, columns);
        text_newline(text);
    }
    struct str most = STR_INIT;
    append_wait(&most, longest);
    term_spaces(term, RETRY_COLUMNS + 2);
    term_write(term, STYLE_FAINT, "0");
    term_right(term, STYLE_FAINT, most.text, columns - 1);
    text_newline(text);
    str_release(&most);
}

static void add_limit(struct text *text, const struct delays *delays)
{
    const struct retry_config *retry = &delays->plan->policy.retry;
    size_t limit = delays_limit(delays->plan);
    struct str words = STR_INIT;
    unsigned most = 0;
    bool exempt = false;

    for (size_t i = 0; i < retry->classify.count; i++) {
        const struct classify_rule *rule = &retry->classify.rules[i];
        if (rule->as == delays->class) {
            most = rule->max_retries > most ? rule->max_retries : most;
            exempt = exempt || rule->ignore_limit;
        }
    }
    if (limit == SIZE_MAX) {
        str_append(&words, "The number of retries has no limit but the "
                           "operation timeout.");
    } else {
        str_printf(&words,
                   "The profile gives up after %zu %s "
                   "(max_attempts %u).",
                   limit, limit == 1 ? "retry" : "retries",
                   retry->max_attempts);
    }
    if (exempt) {
        str_append(&words, " A rule for this class retries past that.");
    }
    if (most > 0) {
        str_printf(&words, " A rule for this class allows no more than %u.",
                   most);
    }
    remark(text, STYLE_PLAIN, &words);
    str_release(&words);
}

/* "Retry-After or X-Reset": a header may be there in two formats. */
static void append_header_names(struct str *words,
                                const struct hint_config *hint)
{
    for (size_t i = 0; i < hint->count; i++) {
        if (i > 0 && strcasecmp(hint->headers[i].name,
                                hint->headers[i - 1].name) == 0) {
            continue;
        }
        str_printf(words, "%s%s", i > 0 ? " or " : "", hint->headers[i].name);
    }
}

static void append_hint_effect(struct str *words,
                               const struct hint_config *hint)
{
    switch (hint->apply) {
    case HINT_REPLACE:
        str_append(words, "replaces these waits");
        return;
    case HINT_MAX:
        str_append(words, "replaces these waits where it is longer");
        return;
    case HINT_CLAMP:
        str_append(words, "replaces these waits, but makes them no shorter, "
                          "and no more than ");
        units_format_duration(words, hint->clamp_add);
        str_append(words, " longer");
        return;
    case HINT_ADD:
        str_append(words, "is added to these waits");
        return;
    }
}

static void add_hint(struct text *text, const struct delays *delays)
{
    const struct hint_config *hint = &delays->plan->policy.retry.hint;
    struct str words = STR_INIT;

    if (hint->count == 0) {
        str_append(&words, "What a server asks for, such as by Retry-After, "
                           "does not change these waits.");
    } else {
        append_header_names(&words, hint);
        str_append(&words, " of an answer ");
        append_hint_effect(&words, hint);
        str_append(&words, hint->has_status ? ", with some statuses." : ".");
    }
    if (hint->count > 0 && hint->required) {
        str_append(&words, " An answer without it is not retried.");
    }
    remark(text, STYLE_PLAIN, &words);
    str_release(&words);
}

static void add_budget(struct text *text, const struct delays *delays)
{
    const struct policy *policy = &delays->plan->policy;
    bool asked = policy->budget.type != BUDGET_NONE &&
                 policy->budget.covers != BUDGET_COVERS_HEDGE;
    struct str words = STR_INIT;

    str_append(&words, asked ? "The retry budget may deny each of these "
                               "retries"
                             : "No retry budget limits these retries");
    if (asked && policy->retry.on_budget_empty == BROKE_SLEEP_THEN_FAIL) {
        str_append(&words, ", and then the wait comes before giving up");
    }
    str_append(&words, ".");
    if (policy->timeout.operation.ns != INT64_MAX) {
        str_append(&words, " With all waits and attempts an operation ends "
                           "after ");
        units_format_duration(&words, policy->timeout.operation);
        str_append(&words, ".");
    }
    remark(text, STYLE_PLAIN, &words);
    str_release(&words);
}

static void add_remarks(struct text *text, const struct delays *delays)
{
    struct str words = STR_INIT;

    text_newline(text);
    str_append(&words, classes[delays->class].meaning);
    remark(text, STYLE_PLAIN, &words);
    if (!delays_retries_class(delays->plan, delays->class)) {
        str_reset(&words);
        str_printf(&words,
                   "No rule of this profile retries an ending as %s, "
                   "so these waits never happen.",
                   outcome_class_name(delays->class));
        remark(text, STYLE_WARN, &words);
    }
    str_release(&words);
    add_limit(text, delays);
    add_hint(text, delays);
    add_budget(text, delays);
}

static void add_schedule(struct text *text, const struct delays *delays,
                         const char *name)
{
    put_name(text, delays, name);
    term_write(&text->term, STYLE_PLAIN,
               ": waits after %s, for draws u of the jitter",
               classes[delays->class].after);
    text_newline(text);
    add_table(text, delays);
    add_chart(text, delays);
    add_remarks(text, delays);
}

/* What has no retries has no waits; says which of the two keys it is. */
static void add_nothing(struct text *text, const struct delays *delays,
                        const char *name)
{
    const struct retry_config *retry = &delays->plan->policy.retry;

    put_name(text, delays, name);
    term_write(&text->term, STYLE_PLAIN, " never retries: %s.",
               retry->max_attempts == 1
                   ? "an operation is one attempt (max_attempts 1)"
                   : "no rule says what to retry (retry_on, classify)");
    text_newline(text);
}

void text_delays_render(const struct delays *delays, const char *name,
                        const struct text_options *options, FILE *stream)
{
    struct str out = STR_INIT;
    struct text text = {.document = NULL};

    text_begin(&text, &out, options);
    if (delays->retries > 0) {
        add_schedule(&text, delays, name);
    } else {
        add_nothing(&text, delays, name);
    }
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}
