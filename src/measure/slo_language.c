/* What an SLO may say: its grammar, the metrics and their names. */
#include "base/must.h"
#include "base/suggest.h"
#include "base/units.h"
#include "measure/metric.h"
#include "measure/slo.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The figures that an SLO can name, by index; NULL past the last. */
static const struct figure *metric_at(size_t index)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->metric && index-- == 0) {
            break;
        }
    }
    return figure;
}

static size_t metric_count(void)
{
    size_t count = 0;
    while (metric_at(count)) {
        count++;
    }
    return count;
}

static const struct {
    const char *name;
    const char *sentence;
} histograms[] = {
#define HISTOGRAM(id, name, sentence) {name, sentence},
#include "measure/histogram.def"
#undef HISTOGRAM
};

static const char schedule_lag_name[] = "schedule_lag";
static const char schedule_lag_sentence[] =
    "How late squall itself started operations (open model).";

static const char time_to_success_name[] = "time_to_success";
static const char time_to_success_sentence[] =
    "From the intended start to success, over all operations; one that failed "
    "never had it.";

/* The statistics that help shows; any pN is understood. */
static const char *const shown_stats[] = {
    "min", "mean", "stddev", "max", "p50", "p90", "p95", "p99", "p99.9",
};

static const char *const operators[] = {
    [SLO_LT] = "<",  [SLO_LE] = "<=", [SLO_GT] = ">",
    [SLO_GE] = ">=", [SLO_EQ] = "==", [SLO_NE] = "!=",
};

/* Where a parse stands, and where its complaint goes. */
struct reader {
    const char *text;
    size_t at;
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

static void skip_blanks(struct reader *reader)
{
    while (isspace((unsigned char)reader->text[reader->at])) {
        reader->at++;
    }
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

/* The metric that was probably meant, or NULL. */
static const char *nearest_metric(const char *name)
{
    struct suggestion suggestion;
    const char *candidate;
    const char *unit;
    const char *sentence;
    suggest_init(&suggestion, name);
    for (size_t i = 0; slo_metric_describe(i, &candidate, &unit, &sentence);
         i++) {
        suggest_offer(&suggestion, candidate);
    }
    return suggestion.best;
}

bool slo_quantile(const char *stat, double *q)
{
    if (stat[0] != 'p' || !isdigit((unsigned char)stat[1])) {
        return false;
    }
    char *end;
    double percent = strtod(stat + 1, &end);
    *q = percent / 100;
    return *end == '\0' &&
           strspn(stat + 1, "0123456789.") == strlen(stat + 1) &&
           percent <= 100;
}

static bool is_stat(const char *stat)
{
    double q;
    return strcmp(stat, "min") == 0 || strcmp(stat, "mean") == 0 ||
           strcmp(stat, "stddev") == 0 || strcmp(stat, "max") == 0 ||
           slo_quantile(stat, &q);
}

static int find_histogram(const char *name, size_t length)
{
    for (size_t i = 0; i < array_length(histograms); i++) {
        if (strlen(histograms[i].name) == length &&
            memcmp(histograms[i].name, name, length) == 0) {
            return (int)i;
        }
    }
    if (length == strlen(schedule_lag_name) &&
        memcmp(schedule_lag_name, name, length) == 0) {
        return SLO_SCHEDULE_LAG;
    }
    if (length == strlen(time_to_success_name) &&
        memcmp(time_to_success_name, name, length) == 0) {
        return SLO_TIME_TO_SUCCESS;
    }
    return -1;
}

/* "p99", "attempt.p50", "schedule_lag.max". */
static bool parse_stat(struct slo *slo, const char *name)
{
    const char *stat = name;
    int histogram = SLO_TIME_TO_SUCCESS;
    const char *dot = strchr(name, '.');
    if (dot) {
        int found = find_histogram(name, (size_t)(dot - name));
        if (found >= 0) {
            histogram = found;
            stat = dot + 1;
        }
    }
    if (!is_stat(stat) || strlen(stat) >= sizeof(slo->stat)) {
        return false;
    }
    slo->metric = NULL;
    slo->histogram = histogram;
    slo->unit = UNIT_DURATION;
    snprintf(slo->stat, sizeof(slo->stat), "%s", stat);
    return true;
}

/* Nothing is called so. Other tools write parentheses, too. */
static bool complain_of_metric(struct reader *reader, size_t at)
{
    char written[SLO_NAME_MAX];
    char meant[SLO_NAME_MAX];
    int length = (int)strcspn(reader->text + at, " \t<>=!{");

    snprintf(written, sizeof(written), "%.*s", length, reader->text + at);
    metric_meant(written, meant, sizeof(meant));
    const char *nearest = meant[0] ? meant : nearest_metric(written);
    if (nearest) {
        return complain(reader, at,
                        "there is no metric \"%s\"; did you mean \"%s\"?",
                        written, nearest);
    }
    return complain(reader, at,
                    "there is no metric \"%s\"; \"squall profile explain "
                    "slo\" lists them",
                    written);
}

static bool parse_metric(struct slo *slo, struct reader *reader)
{
    char written[SLO_NAME_MAX];
    char name[SLO_NAME_MAX];
    size_t at = reader->at;
    if (!take_word(reader, written, sizeof(written))) {
        return complain(reader, at,
                        "a metric must stand here, such as p99 or "
                        "success_rate");
    }
    metric_short_name(written, name, sizeof(name));
    for (size_t i = 0; (slo->metric = metric_at(i)); i++) {
        if (strcmp(slo->metric->metric, name) == 0) {
            slo->unit = slo->metric->unit;
            return true;
        }
    }
    if (parse_stat(slo, name)) {
        return true;
    }
    if (find_histogram(name, strlen(name)) >= 0) {
        return complain(reader, at,
                        "%s is a distribution: write which figure of it, "
                        "such as %s.p99",
                        name, name);
    }
    return complain_of_metric(reader, at);
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

static bool parse_selector(struct slo *slo, struct reader *reader)
{
    char key[SLO_NAME_MAX];
    size_t start = reader->at++;
    skip_blanks(reader);
    size_t at = reader->at;
    bool known = take_word(reader, key, sizeof(key)) &&
                 (strcmp(key, "request") == 0 || strcmp(key, "phase") == 0);
    skip_blanks(reader);
    if (!known || reader->text[reader->at] != '=') {
        return complain(reader, at,
                        "write {request=\"NAME\"} or {phase=\"NAME\"}");
    }
    reader->at++;
    skip_blanks(reader);
    at = reader->at;
    if (!take_name(reader, key[0] == 'r' ? slo->request : slo->phase,
                   SLO_NAME_MAX)) {
        return complain(reader, at,
                        "a name in quotes of at most %d characters must "
                        "stand here",
                        SLO_NAME_MAX - 1);
    }
    skip_blanks(reader);
    if (reader->text[reader->at] == ',') {
        return complain(reader, reader->at,
                        "figures are of one request or of one phase, not of "
                        "both together");
    }
    if (reader->text[reader->at] != '}') {
        return complain(reader, reader->at, "a \"}\" must stand here");
    }
    reader->at++;
    bool has_panel = slo->metric ? slo->metric->scope == SCOPE_PANEL
                                 : slo->histogram != SLO_SCHEDULE_LAG;
    if (!has_panel) {
        char name[SLO_NAME_MAX];
        slo_metric_name(slo, name, sizeof(name));
        return complain(reader, start,
                        "%s is measured for the whole run only; leave the "
                        "selector out",
                        name);
    }
    return true;
}

static bool parse_operator(struct slo *slo, struct reader *reader)
{
    const char *at = reader->text + reader->at;
    size_t length = strspn(at, "<>=!");
    for (size_t i = 0; i < array_length(operators); i++) {
        if (strlen(operators[i]) == length &&
            strncmp(at, operators[i], length) == 0) {
            slo->op = (enum slo_operator)i;
            reader->at += length;
            return true;
        }
    }
    if (length == 1 && *at == '=') {
        return complain(reader, reader->at, "write \"==\" for equality");
    }
    return complain(reader, reader->at,
                    "one of < <= > >= == != must stand here");
}

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

static bool parse_value(struct slo *slo, struct reader *reader)
{
    char text[SLO_TEXT_MAX];
    char name[SLO_NAME_MAX];
    size_t at = reader->at;
    snprintf(text, sizeof(text), "%s", reader->text + at);
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
    slo_metric_name(slo, name, sizeof(name));
    const char *kind = unit_example(slo->unit);
    if (length == 0) {
        return complain(reader, at, "a value is missing: write %s", kind);
    }
    const char *problem;
    if (!parse_number(text, slo->unit, &slo->value, &problem)) {
        return complain(reader, at, "\"%s\" is not a value for %s: write %s",
                        text, name, kind);
    }
    if (slo->unit == UNIT_RATIO && slo->value > 1) {
        return complain(reader, at,
                        "\"%s\" is more than the whole; write it with a "
                        "percent sign, or as a fraction of 1",
                        text);
    }
    return true;
}

bool slo_read_metric(struct slo *slo, const char *name)
{
    char problem[SLO_TEXT_MAX];
    size_t at;
    struct reader reader = {.text = name,
                            .problem = problem,
                            .problem_size = sizeof problem,
                            .problem_at = &at};

    *slo = (struct slo){.op = SLO_GE};
    return parse_metric(slo, &reader) && name[reader.at] == '\0';
}

bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at)
{
    struct reader reader = {text, 0, problem, problem_size, problem_at};
    *slo = (struct slo){.metric = NULL};
    if (strlen(text) >= SLO_TEXT_MAX) {
        return complain(&reader, SLO_TEXT_MAX - 1, "longer than %d characters",
                        SLO_TEXT_MAX - 1);
    }
    snprintf(slo->text, sizeof(slo->text), "%s", text);

    skip_blanks(&reader);
    if (!parse_metric(slo, &reader)) {
        return false;
    }
    skip_blanks(&reader);
    if (reader.text[reader.at] == '{' && !parse_selector(slo, &reader)) {
        return false;
    }
    skip_blanks(&reader);
    if (!parse_operator(slo, &reader)) {
        return false;
    }
    skip_blanks(&reader);
    return parse_value(slo, &reader);
}

void slo_metric_name(const struct slo *slo, char *name, size_t size)
{
    if (slo->metric) {
        snprintf(name, size, "%s", slo->metric->metric);
    } else if (slo->histogram == SLO_TIME_TO_SUCCESS) {
        snprintf(name, size, "%s", slo->stat);
    } else {
        snprintf(name, size, "%s.%s",
                 slo->histogram == SLO_SCHEDULE_LAG
                     ? schedule_lag_name
                     : histograms[slo->histogram].name,
                 slo->stat);
    }
}

bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence)
{
    const struct figure *metric = metric_at(index);
    if (metric) {
        *name = metric->metric;
        *unit = unit_name(metric->unit);
        *sentence = metric->sentence;
        return true;
    }
    index -= metric_count();
    *unit = unit_name(UNIT_DURATION);
    if (index < array_length(shown_stats)) {
        *name = shown_stats[index];
        *sentence = time_to_success_sentence;
        return true;
    }
    index -= array_length(shown_stats);
    if (index < array_length(histograms)) {
        static const char *const names[] = {
#define HISTOGRAM(id, name, sentence) name ".p99",
#include "measure/histogram.def"
#undef HISTOGRAM
        };
        *name = names[index];
        *sentence = histograms[index].sentence;
        return true;
    }
    if (index == array_length(histograms)) {
        *name = "schedule_lag.p99";
        *sentence = schedule_lag_sentence;
        return true;
    }
    return false;
}
