/* What an SLO may say: its grammar. */
#include "base/must.h"
#include "base/units.h"
#include "measure/slo_figure.h"
#include "measure/slo_metric.h"
#include "measure/slo_window.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

static const char *const operators[] = {
    [SLO_LT] = "<",  [SLO_LE] = "<=", [SLO_GT] = ">",
    [SLO_GE] = ">=", [SLO_EQ] = "==", [SLO_NE] = "!=",
};

/* Where a parse stands, and where its complaint goes. */
struct reader {
    struct slo *slo;
    const char *text;
    size_t at;
    unsigned depth; /* of parentheses */
    char *problem;
    size_t problem_size;
    size_t *problem_at;
};

static bool complain(struct reader *reader, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(struct reader *reader, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->problem, reader->problem_size, format, arguments);
    va_end(arguments);
    *reader->problem_at = at;
    return false;
}

static char next_char(struct reader *reader)
{
    while (isspace((unsigned char)reader->text[reader->at])) {
        reader->at++;
    }
    return reader->text[reader->at];
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* Takes a word into out; false when there is none or it is too long. */
static bool take_word(struct reader *reader, char *out, size_t size)
{
    size_t length = 0;
    while (is_word(reader->text[reader->at])) {
        if (length + 1 == size) {
            return false;
        }
        out[length++] = reader->text[reader->at++];
    }
    out[length] = '\0';
    return length > 0;
}

/* Whether the word stands there, by itself. */
static bool is_at(const char *text, const char *word)
{
    size_t length = strlen(word);

    return strncmp(text, word, length) == 0 && !is_word(text[length]);
}

/* A quoted or bare name. */
static bool take_name(struct reader *reader, char *out, size_t size)
{
    char quote = reader->text[reader->at];
    if (quote != '"' && quote != '\'') {
        return take_word(reader, out, size);
    }
    const char *from = reader->text + reader->at + 1;
    const char *to = strchr(from, quote);
    if (!to || to == from || (size_t)(to - from) >= size) {
        return false;
    }
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
    reader->at += (size_t)(to - from) + 2;
    return true;
}

/* Selectors. */

static bool take_part(struct reader *reader, struct slo_metric *metric,
                      enum slo_part part, const char *name, size_t at)
{
    if (metric->part != SLO_WHOLE) {
        return complain(reader, at,
                        "figures are of one request, of one phase or of one "
                        "tier, not of several together");
    }
    metric->part = part;
    snprintf(metric->name, sizeof(metric->name), "%s", name);
    return true;
}

static bool read_request(struct reader *reader, struct slo_metric *metric,
                         const char *name, size_t at)
{
    return take_part(reader, metric, SLO_REQUEST, name, at);
}

static bool read_phase(struct reader *reader, struct slo_metric *metric,
                       const char *name, size_t at)
{
    return take_part(reader, metric, SLO_PHASE, name, at);
}

static bool read_tier(struct reader *reader, struct slo_metric *metric,
                      const char *name, size_t at)
{
    const char *problem;

    if (!units_parse_count(name, &metric->tier, &problem)) {
        return complain(reader, at,
                        "\"%s\" is no tier: write a number such "
                        "as tier=1",
                        name);
    }
    return take_part(reader, metric, SLO_TIER, name, at);
}

/* "503", or "5xx" for all that begin so. */
static bool read_status(struct reader *reader, struct slo_metric *metric,
                        const char *name, size_t at)
{
    bool is_formed = strlen(name) == 3 && name[0] >= '1' && name[0] <= '5';
    unsigned first = is_formed ? (unsigned)(name[0] - '0') * 100 : 0;

    if (is_formed && strspn(name, "0123456789") == 3) {
        metric->status_from = (uint16_t)strtoul(name, NULL, 10);
        metric->status_to = metric->status_from;
        return true;
    }
    if (is_formed && strcmp(name + 1, "xx") == 0) {
        metric->status_from = (uint16_t)first;
        metric->status_to = (uint16_t)(first + 99);
        return true;
    }
    return complain(reader, at,
                    "\"%s\" is no status: write one such as 503, or 5xx",
                    name);
}

static bool read_last(struct reader *reader, struct slo_metric *metric,
                      const char *name, size_t at)
{
    const char *problem;

    if (!units_parse_duration(name, &metric->last, &problem) ||
        metric->last.ns < NS_PER_S) {
        return complain(reader, at,
                        "\"%s\" is no window: write a duration of a second or "
                        "more, such as last=10s",
                        name);
    }
    return true;
}

static const struct {
    const char *key;
    bool (*read)(struct reader *reader, struct slo_metric *metric,
                 const char *name, size_t at);
} selectors[] = {
    {"request", read_request}, {"phase", read_phase}, {"tier", read_tier},
    {"status", read_status},   {"last", read_last},
};

static bool parse_selector(struct reader *reader, struct slo_metric *metric)
{
    char key[SLO_NAME_MAX], name[SLO_NAME_MAX];
    size_t found = array_length(selectors);

    next_char(reader);
    size_t at = reader->at;
    if (take_word(reader, key, sizeof(key))) {
        for (size_t i = 0; i < array_length(selectors); i++) {
            found = strcmp(selectors[i].key, key) == 0 ? i : found;
        }
    }
    if (found == array_length(selectors) || next_char(reader) != '=') {
        return complain(
            reader, at,
            "write {request=\"NAME\"}, {phase=\"NAME\"}, {tier=1}, "
            "{status=503} or {last=10s}");
    }
    reader->at++;
    next_char(reader);
    at = reader->at;
    if (!take_name(reader, name, sizeof(name))) {
        return complain(reader, at,
                        "a name in quotes of at most %d characters must "
                        "stand here",
                        SLO_NAME_MAX - 1);
    }
    return selectors[found].read(reader, metric, name, at);
}

/* Whether the metric is kept for what is selected. */
static bool check_selectors(struct reader *reader,
                            const struct slo_metric *metric, size_t start)
{
    bool has_panel = metric->figure ? metric->figure->scope == SCOPE_PANEL
                                    : metric->histogram != SLO_SCHEDULE_LAG;
    char name[SLO_NAME_MAX];

    slo_metric_name(metric, name, sizeof(name));
    if (!has_panel) {
        return complain(reader, start,
                        "%s is measured for the whole run only; leave the "
                        "selector out",
                        name);
    }
    if (metric->status_from > 0 && !slo_figure_knows_status(metric)) {
        return complain(reader, start,
                        "%s is not counted by status; failed, failure_rate "
                        "and attempts are",
                        name);
    }
    if (metric->last.ns == 0) {
        return true;
    }
    if (metric->part != SLO_WHOLE || metric->status_from > 0) {
        return complain(reader, start,
                        "windows are of all operations together; leave the "
                        "other selector out");
    }
    if (!slo_window_has(metric)) {
        return complain(reader, start,
                        "%s is not measured by the second; success_rate, "
                        "failure_rate, goodput, amplification, p99 and "
                        "operation.p99 are, among others",
                        name);
    }
    return true;
}

static bool parse_selectors(struct reader *reader, struct slo_metric *metric)
{
    size_t start = reader->at;

    do {
        reader->at++;
        if (!parse_selector(reader, metric)) {
            return false;
        }
    } while (next_char(reader) == ',');
    if (reader->text[reader->at] != '}') {
        return complain(reader, reader->at, "a \"}\" must stand here");
    }
    reader->at++;
    return check_selectors(reader, metric, start);
}

/* Quantities. */

static bool parse_metric(struct reader *reader, struct slo_metric *metric)
{
    char written[SLO_NAME_MAX], shown[SLO_NAME_MAX], problem[200];

    next_char(reader);
    size_t at = reader->at;
    if (!take_word(reader, written, sizeof(written))) {
        return complain(reader, at,
                        "a metric must stand here, such as p99 or "
                        "success_rate");
    }
    /* Other tools write parentheses, too. */
    snprintf(shown, sizeof(shown), "%.*s",
             (int)strcspn(reader->text + at, " \t<>=!{/"), reader->text + at);
    if (!slo_metric_find(metric, written, shown, problem, sizeof(problem))) {
        return complain(reader, at, "%s", problem);
    }
    return next_char(reader) != '{' || parse_selectors(reader, metric);
}

/* What is divided by its own unit is a plain number, what is divided by a
 * count keeps its unit. */
static bool parse_divisor(struct reader *reader, struct slo_term *term,
                          size_t start)
{
    const struct slo_metric *metric = &term->metric;
    const struct slo_metric *divisor = &term->divisor;

    reader->at++;
    if (!parse_metric(reader, &term->divisor)) {
        return false;
    }
    term->is_ratio = true;
    if (divisor->unit == metric->unit) {
        term->unit = UNIT_FACTOR;
    } else if (divisor->unit != UNIT_COUNT) {
        return complain(reader, start,
                        "a %s over a %s has no unit that is known: divide by "
                        "one of the same, or by a count",
                        unit_name(metric->unit), unit_name(divisor->unit));
    }
    if (metric->last.ns != divisor->last.ns) {
        return complain(reader, start,
                        "both sides of a ratio are of the same window, or "
                        "neither is of one");
    }
    return true;
}

static bool parse_operator(struct reader *reader, struct slo_term *term)
{
    next_char(reader);
    const char *at = reader->text + reader->at;
    size_t length = strspn(at, "<>=!");
    for (size_t i = 0; i < array_length(operators); i++) {
        if (strlen(operators[i]) == length &&
            strncmp(at, operators[i], length) == 0) {
            term->op = (enum slo_operator)i;
            reader->at += length;
            break;
        }
        if (i + 1 < array_length(operators)) {
            continue;
        }
        return length == 1 && *at == '='
                   ? complain(reader, reader->at, "write \"==\" for equality")
                   : complain(reader, reader->at,
                              "one of < <= > >= == != must stand here");
    }
    if (term->metric.last.ns > 0 && term->op >= SLO_EQ) {
        return complain(reader, reader->at - 2,
                        "windows are judged by the worst of them: write one "
                        "of < <= > >=");
    }
    return true;
}

/* Bounds. */

static bool parse_plain(const char *text, double *value)
{
    char *end;
    if (!isdigit((unsigned char)*text)) {
        return false;
    }
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value) &&
           strspn(text, "0123456789.eE+-") == strlen(text);
}

/* A value in the unit; *problem is a sentence's end, or NULL. */
static bool parse_number(const char *text, enum metric_unit unit,
                         double *value, const char **problem)
{
    struct duration duration;
    uint64_t count;
    *problem = NULL;
    switch (unit) {
    case UNIT_BYTES:
        if (!units_parse_size(text, &count, problem)) {
            return false;
        }
        *value = (double)count;
        return true;
    case UNIT_BYTES_PER_S:
        return units_parse_flow(text, value, problem);
    case UNIT_DURATION:
        if (!units_parse_duration(text, &duration, problem)) {
            return false;
        }
        *value = (double)duration.ns / (double)NS_PER_US;
        return true;
    case UNIT_RATIO:
        return units_parse_ratio(text, value, problem);
    case UNIT_COUNT:
        if (!units_parse_count(text, &count, problem)) {
            return false;
        }
        *value = (double)count;
        return true;
    case UNIT_PER_S:
        return units_parse_rate(text, value, problem);
    case UNIT_FACTOR:
        return parse_plain(text, value);
    }
    return false;
}

static void trim(char *text)
{
    size_t from = strspn(text, " \t\r\n\v\f");
    size_t length = strlen(text) - from;

    memmove(text, text + from, length + 1);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
}

/* "1.1", or "110%". */
static bool parse_factor(char *text, double *factor)
{
    trim(text);
    size_t length = strlen(text);
    bool is_share = length > 0 && text[length - 1] == '%';

    if (is_share) {
        text[length - 1] = '\0';
        trim(text);
    }
    if (!parse_plain(text, factor)) {
        return false;
    }
    *factor /= is_share ? 100 : 1;
    return *factor > 0;
}

/* "baseline", "1.1 * baseline" or "baseline * 1.1"; cuts the text up. */
static bool parse_baseline(struct slo_term *term, char *text)
{
    char *star = strchr(text, '*');

    term->value = 1;
    if (!star) {
        return strcmp(text, "baseline") == 0;
    }
    *star = '\0';
    trim(text);
    char *other = star + 1;
    trim(other);
    bool is_first = strcmp(text, "baseline") == 0;
    return (is_first || strcmp(other, "baseline") == 0) &&
           parse_factor(is_first ? other : text, &term->value);
}

static bool names_baseline(const char *text)
{
    const char *found = strstr(text, "baseline");

    return found && (found == text || !is_word(found[-1])) &&
           is_at(found, "baseline");
}

/* Up to what joins the next term, or the end. */
static size_t bound_length(const char *text)
{
    size_t length = 0;

    while (text[length] && text[length] != ')' &&
           !(length > 0 && isspace((unsigned char)text[length - 1]) &&
             (is_at(text + length, "and") || is_at(text + length, "or")))) {
        length++;
    }
    return length;
}

static bool check_bound(struct reader *reader, const struct slo_term *term,
                        const char *text, size_t at)
{
    if (strstr(text, "&&") || strstr(text, "||")) {
        return complain(reader, at + strcspn(text, "&|"),
                        "write \"and\" or \"or\" between two conditions");
    }
    if (term->unit == UNIT_RATIO && term->value > 1 && !term->of_baseline) {
        return complain(reader, at,
                        "\"%s\" is more than the whole; write it with a "
                        "percent sign, or as a fraction of 1",
                        text);
    }
    return true;
}

static bool parse_bound(struct reader *reader, struct slo_term *term)
{
    char text[SLO_TEXT_MAX], cut[SLO_TEXT_MAX], name[SLO_NAME_MAX];
    const char *kind = unit_example(term->unit), *problem;

    next_char(reader);
    size_t at = reader->at, length = bound_length(reader->text + at);
    snprintf(text, sizeof(text), "%.*s", (int)length, reader->text + at);
    reader->at += length;
    trim(text);
    if (!text[0]) {
        return complain(reader, at, "a value is missing: write %s", kind);
    }
    snprintf(cut, sizeof(cut), "%s", text);
    term->of_baseline = names_baseline(text);
    if (term->of_baseline && parse_baseline(term, cut)) {
        return true;
    }
    if (term->of_baseline) {
        return complain(reader, at,
                        "\"%s\" is no multiple of a baseline: write 1.1 * "
                        "baseline",
                        text);
    }
    if (!check_bound(reader, term, text, at)) {
        return false;
    }
    if (!parse_number(text, term->unit, &term->value, &problem)) {
        slo_metric_name(&term->metric, name, sizeof(name));
        return complain(reader, at, "\"%s\" is not a value for %s: write %s",
                        text, term->is_ratio ? "this ratio" : name, kind);
    }
    return check_bound(reader, term, text, at);
}

static void end_term(const struct reader *reader, struct slo_term *term)
{
    term->length = reader->at - term->from;
    while (
        term->length > 0 &&
        isspace((unsigned char)reader->text[term->from + term->length - 1])) {
        term->length--;
    }
}

static bool parse_term(struct reader *reader)
{
    struct slo *slo = reader->slo;
    size_t start = reader->at;

    if (slo->term_count == SLO_TERMS_MAX) {
        return complain(reader, start,
                        "more than %d conditions; make two SLOs of it",
                        SLO_TERMS_MAX);
    }
    struct slo_term *term = &slo->terms[slo->term_count];
    *term = (struct slo_term){.from = start, .baseline = NAN};
    if (!parse_metric(reader, &term->metric)) {
        return false;
    }
    term->unit = term->metric.unit;
    if (next_char(reader) == '/' && !parse_divisor(reader, term, start)) {
        return false;
    }
    if (!parse_operator(reader, term) || !parse_bound(reader, term)) {
        return false;
    }
    end_term(reader, term);
    slo->steps[slo->step_count++] = (signed char)slo->term_count++;
    return true;
}

/* Combinations. */

static bool parse_either(struct reader *reader);

static bool parse_operand(struct reader *reader)
{
    if (next_char(reader) != '(') {
        return parse_term(reader);
    }
    if (reader->depth == DEPTH_MAX) {
        return complain(reader, reader->at,
                        "more than %d parentheses within each other",
                        DEPTH_MAX);
    }
    reader->at++;
    reader->depth++;
    if (!parse_either(reader)) {
        return false;
    }
    reader->depth--;
    if (next_char(reader) != ')') {
        return complain(reader, reader->at, "a \")\" must stand here");
    }
    reader->at++;
    return true;
}

static bool parse_both(struct reader *reader)
{
    if (!parse_operand(reader)) {
        return false;
    }
    while (next_char(reader) && is_at(reader->text + reader->at, "and")) {
        reader->at += strlen("and");
        if (!parse_operand(reader)) {
            return false;
        }
        reader->slo->steps[reader->slo->step_count++] = SLO_AND;
    }
    return true;
}

static bool parse_either(struct reader *reader)
{
    if (!parse_both(reader)) {
        return false;
    }
    while (next_char(reader) && is_at(reader->text + reader->at, "or")) {
        reader->at += strlen("or");
        if (!parse_both(reader)) {
            return false;
        }
        reader->slo->steps[reader->slo->step_count++] = SLO_OR;
    }
    return true;
}

bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at)
{
    struct reader reader = {.slo = slo,
                            .text = text,
                            .problem = problem,
                            .problem_size = problem_size,
                            .problem_at = problem_at};
    slo->term_count = slo->step_count = 0;
    if (strlen(text) >= SLO_TEXT_MAX) {
        return complain(&reader, SLO_TEXT_MAX - 1, "longer than %d characters",
                        SLO_TEXT_MAX - 1);
    }
    snprintf(slo->text, sizeof(slo->text), "%s", text);
    if (!parse_either(&reader)) {
        return false;
    }
    if (next_char(&reader)) {
        return complain(&reader, reader.at,
                        "\"and\" or \"or\" must stand here, or nothing");
    }
    return true;
}

void slo_term_text(const struct slo *slo, size_t term, char *room)
{
    const struct slo_term *of = &slo->terms[term];

    snprintf(room, SLO_TEXT_MAX, "%.*s", (int)of->length,
             slo->text + of->from);
}
