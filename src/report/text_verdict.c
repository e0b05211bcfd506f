/* The judgement: each SLO, and the line that repeats what matters. */
#include "base/must.h"
#include "measure/result.h"
#include "report/slo_words.h"
#include "report/text_part.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EXPRESSION_COLUMNS = 36 };

/* False: the document has none that is known. */
static bool find_verdict(const struct text *text, enum run_verdict *verdict)
{
    const char *name = text_string(text->document, "verdict");
    return name && run_verdict_find(name, verdict);
}

int text_verdict_word(struct text *text)
{
    static const enum style styles[RUN_VERDICT_COUNT] = {
#define RUN_VERDICT(id, name, exit_status, style, problem, sentence) \
    [RUN_##id] = STYLE_##style,
#include "measure/run_verdict.def"
#undef RUN_VERDICT
    };
    enum run_verdict verdict;
    char word[] = "NO VERDICT";
    enum style style = STYLE_WARN;

    if (find_verdict(text, &verdict)) {
        style = styles[verdict];
        snprintf(word, sizeof(word), "%s", run_verdict_name(verdict));
        for (char *c = word; *c; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
    }
    term_write(&text->term, style, "%s", word);
    return (int)strlen(word);
}

/* Why an SLO has no value, behind it or, when that is too long, below. */
static void add_reason(struct text *text, const char *reason, int used)
{
    static const char never[] = "never: ";
    const char *words = "not measured: ";
    struct term *term = &text->term;

    if (!reason) {
        reason = "no reason given";
    }
    if (strncmp(reason, never, strlen(never)) == 0) {
        words = never;
    }
    int length = (int)strlen(words);
    /* Some of them say it themselves. */
    if (strncmp(reason, words, (size_t)length) == 0) {
        reason += length;
    }
    term_write(term, STYLE_BAD, "%s", words);
    if (used + length + term_untrusted_columns(term, reason) <= term->width) {
        term_untrusted(term, STYLE_PLAIN, reason, -1);
        text_newline(text);
        return;
    }
    text_newline(text);
    term_spaces(term, 8);
    text_wrapped(text, STYLE_PLAIN, reason, 8);
}

/* Between what the value lies, where that is not enough to judge it. */
static void add_ends(struct text *text, const cJSON *slo)
{
    struct term *term = &text->term;
    double high = text_number(slo, "high");

    text_figure(text, STYLE_WARN, text_unit(slo), text_number(slo, "low"));
    term_write(term, STYLE_PLAIN, " to ");
    if (high == high) {
        text_figure(text, STYLE_WARN, text_unit(slo), high);
    } else {
        term_write(term, STYLE_WARN, "unknown");
    }
    text_newline(text);
    term_spaces(term, 8);
    text_wrapped(text, STYLE_PLAIN,
                 "it cannot be judged: squall's own lateness decides it", 8);
}

/* The value, when that was, and what there is to say of one that was met. */
static void add_value(struct text *text, const cJSON *slo, double value)
{
    struct term *term = &text->term;
    const char *remark = slo_words_remark(slo);
    struct str time = STR_INIT;

    text_figure(text, slo_words_passes(slo) ? STYLE_PLAIN : STYLE_BAD,
                text_unit(slo), value);
    slo_words_time(&time, slo);
    if (time.length > 0) {
        term_write(term, STYLE_FAINT, "%s", time.text);
    }
    str_release(&time);
    text_newline(text);
    if (remark) {
        term_spaces(term, 8);
        text_wrapped(text, STYLE_FAINT, remark, 8);
    }
}

/* How it was judged; returns the columns. */
static int add_sign(struct text *text, const cJSON *slo, int indent)
{
    struct term *term = &text->term;

    term_spaces(term, indent);
    if (slo_words_passes(slo)) {
        term_sign(term, STYLE_GOOD, "  ✓ ", "  ok    ");
    } else if (slo_words_undecided(slo)) {
        term_write(term, STYLE_WARN, "%s",
                   term->unicode ? "  ? " : "  ?     ");
    } else {
        term_sign(term, STYLE_BAD, "  ✗ ", "  FAILS ");
    }
    return indent + (term->unicode ? 4 : 8);
}

/* One comparison, and what was measured of it. */
static void add_term(struct text *text, const cJSON *slo, int indent)
{
    struct term *term = &text->term;
    const char *expression = text_string(slo, "expr");
    int columns = (term->width / 2 < EXPRESSION_COLUMNS ? term->width / 2
                                                        : EXPRESSION_COLUMNS) -
                  indent;
    int used = add_sign(text, slo, indent) + columns + 2;
    double value = text_number(slo, "value");

    term_cell(term, STYLE_PLAIN, expression ? expression : "?", columns);
    term_write(term, STYLE_PLAIN, "  ");
    if (slo_words_undecided(slo)) {
        add_ends(text, slo);
    } else if (value == value) {
        add_value(text, slo, value);
    } else {
        add_reason(text, text_string(slo, "reason"), used);
    }
}

static void add_slo(struct text *text, const cJSON *slo)
{
    const char *expression = text_string(slo, "expr");
    const cJSON *term;

    if (!slo_words_combined(slo)) {
        add_term(text, slo, 0);
        return;
    }
    int used = add_sign(text, slo, 0);
    text_wrapped(text, STYLE_PLAIN, expression ? expression : "?", used);
    cJSON_ArrayForEach(term, text_find(slo, "terms"))
    {
        add_term(text, term, 2);
    }
}

void text_limit(struct text *text)
{
    const cJSON *generator = text_find(text->document, "generator");
    const cJSON *first =
        cJSON_GetArrayItem(text_find(generator, "warnings"), 0);

    if (cJSON_IsTrue(text_find(generator, "lacks_connections")) &&
        cJSON_IsString(first)) {
        term_sign(&text->term, STYLE_BAD, "  ⚠ ", "  WARNING: ");
        text_wrapped(text, STYLE_WARN, first->valuestring,
                     text->term.unicode ? 4 : 11);
    }
}

/* What went wrong with the run as a whole. */
static void add_problem(struct text *text)
{
    const char *problem = text_string(text->document, "run.problem");

    if (problem) {
        term_write(&text->term, STYLE_PLAIN, "  ");
        text_wrapped(text, STYLE_BAD, problem, 2);
    }
}

static void add_slos(struct text *text, bool missed_only)
{
    const cJSON *slo;

    cJSON_ArrayForEach(slo, text_find(text->document, "slo"))
    {
        if (!missed_only || !cJSON_IsTrue(text_find(slo, "pass"))) {
            add_slo(text, slo);
        }
    }
}

void text_slos(struct text *text)
{
    add_slos(text, false);
}

void text_missed(struct text *text)
{
    add_slos(text, true);
}

void text_judgement(struct text *text)
{
    text_newline(text);
    text_verdict_word(text);
    if (cJSON_GetArraySize(text_find(text->document, "slo")) == 0) {
        term_write(&text->term, STYLE_FAINT, "  %s",
                   text_find(text->document, "merge")
                       ? "each run was judged by its own SLOs"
                       : "no SLO was asked for");
    }
    text_newline(text);
    text_limit(text);
    add_problem(text);
    text_slos(text);
}

/* A line of parts, each of which stands whole on one line. */
struct closing {
    struct text *text;
    int used;
};

__attribute__((format(printf, 3, 4))) static void add_part(
    struct closing *closing, enum style style, const char *format, ...)
{
    struct term *term = &closing->text->term;
    struct str words = STR_INIT;
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&words, format, arguments);
    va_end(arguments);
    int columns = term_columns(words.text);
    if (closing->used + 2 + columns > term->width) {
        text_newline(closing->text);
        closing->used = 0;
    }
    term_spaces(term, 2);
    term_write(term, style, "%s", words.text);
    closing->used += 2 + columns;
    str_release(&words);
}

static void add_figure(struct closing *closing, enum style style,
                       const char *name, enum metric_unit unit,
                       const char *path)
{
    double value = text_number(closing->text->document, path);
    struct str out = STR_INIT;

    if (!isnan(value)) {
        text_format(&out, unit, value);
        add_part(closing, style, "%s%s", name, out.text);
    }
    str_release(&out);
}

static void add_success(struct closing *closing, bool is_bad)
{
    const cJSON *document = closing->text->document;
    double p99 = text_number(document, "latency.time_to_success.p99_us");
    enum style style = is_bad ? STYLE_BAD : STYLE_PLAIN;

    if (!(text_number(document, "operations.started") > 0)) {
        return;
    }
    add_figure(closing, style, "success ", UNIT_RATIO, "success_rate");
    if (isnan(p99)) {
        add_part(closing, style, "p99 never");
    } else {
        add_figure(closing, STYLE_PLAIN, "p99 ", UNIT_DURATION,
                   "latency.time_to_success.p99_us");
    }
    add_figure(closing, STYLE_PLAIN, "", UNIT_PER_S, "rates.goodput_per_s");
    double factor =
        text_number(document, "amplification.attempts_per_operation");
    if (factor > 1.005) {
        add_part(closing, STYLE_PLAIN, "amplification %.3g", factor);
    }
}

/* Only those that were found: what was not looked for is not none. */
static void add_offences(struct closing *closing)
{
    static const char *const classes[] = {"duplicate", "lost", "phantom"};
    const cJSON *effects = text_find(closing->text->document, "effects");

    for (size_t i = 0; i < array_length(classes); i++) {
        double count = text_number(effects, classes[i]);
        if (count > 0) {
            struct str out = STR_INIT;
            text_format(&out, UNIT_COUNT, count);
            add_part(closing, STYLE_BAD, "%s %s", out.text, classes[i]);
            str_release(&out);
        }
    }
}

/* "(1 of 3 SLOs missed, 1 cannot be judged)" */
static void add_slo_summary(struct closing *closing)
{
    const cJSON *slos = text_find(closing->text->document, "slo");
    enum run_verdict verdict;
    const char *problem = find_verdict(closing->text, &verdict)
                              ? run_verdict_problem(verdict)
                              : NULL;
    const cJSON *slo;
    int count = cJSON_GetArraySize(slos);
    int missed = 0, undecided = 0;
    struct str words = STR_INIT;

    cJSON_ArrayForEach(slo, slos)
    {
        undecided += slo_words_undecided(slo);
        missed +=
            !cJSON_IsTrue(text_find(slo, "pass")) && !slo_words_undecided(slo);
    }
    if (problem && (verdict != RUN_INVALID || undecided == 0)) {
        str_append(&words, problem);
    } else if (count == 0) {
        str_append(&words, text_find(closing->text->document, "merge")
                               ? "each run was judged by its own SLOs"
                               : "no SLO");
    } else if (missed > 0) {
        str_printf(&words, "%d of %d SLO%s missed", missed, count,
                   count == 1 ? "" : "s");
    } else {
        str_printf(&words, "%d of %d SLO%s met", count - undecided, count,
                   count == 1 ? "" : "s");
    }
    if (undecided > 0) {
        str_printf(&words, ", %d cannot be judged", undecided);
    }
    add_part(closing, STYLE_PLAIN, "(%s)", words.text);
    str_release(&words);
}

/* The exit status, where the word alone does not say it. */
static void add_exit_status(struct closing *closing)
{
    enum run_verdict verdict;
    double status = text_number(closing->text->document, "run.exit");
    bool is_said = find_verdict(closing->text, &verdict) &&
                   !run_verdict_problem(verdict) &&
                   status == run_verdict_exit_status(verdict);

    if (!isnan(status) && !is_said) {
        add_part(closing, STYLE_PLAIN, "exit status %.0f", status);
    }
}

void text_closing(struct text *text)
{
    enum run_verdict verdict;
    bool is_bad = find_verdict(text, &verdict) && verdict == RUN_FAIL;
    add_problem(text);
    struct closing closing = {text, text_verdict_word(text)};

    add_success(&closing, is_bad);
    add_offences(&closing);
    add_slo_summary(&closing);
    add_exit_status(&closing);
    text_newline(text);
}
