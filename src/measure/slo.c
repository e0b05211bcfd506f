#include "measure/slo.h"

#include "base/must.h"
#include "base/suggest.h"
#include "base/units.h"
#include "measure/result.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum metric_scope { PANEL, RESULT, EFFECTS, SEEN, ANSWERS };
enum metric_better { HIGHER, LOWER, NEITHER };

/* Of metrics that no layer tells. */
enum { NO_LAYER = LAYER_COUNT };

struct metric {
    const char *name;
    unsigned layer; /* enum layer, or NO_LAYER */
    enum metric_scope scope;
    enum metric_unit unit;
    enum metric_better better;
    double (*read)(const struct panel *p, const struct panel_figures *f,
                   const struct result *r);
    const char *sentence;
};

/* < 0: the ledger tells no times, or nothing was acknowledged. */
static double lag_quantile(const struct result *r, double q)
{
    const struct hist *lag = r->effects.effect_lag;
    return lag && lag->count ? (double)hist_quantile_us(lag, q) : -1;
}

/* < 0: no operation was checked, so that 0 would say nothing. */
static double of_checked(const struct result *r, uint64_t count)
{
    return r->effects.operations_checked > 0 ? (double)count : -1;
}

#define METRIC(name, scope, unit, better, expression, sentence)            \
    static double read_##name(const struct panel *p,                       \
                              const struct panel_figures *f,               \
                              const struct result *r)                      \
    {                                                                      \
        (void)p;                                                           \
        (void)f;                                                           \
        (void)r;                                                           \
        return expression;                                                 \
    }
#include "measure/metric.def"
#undef METRIC

static const struct metric metrics[] = {
#define METRIC(name, scope, unit, better, expression, sentence) \
    {#name, NO_LAYER, scope, UNIT_##unit, better, read_##name, sentence},
#define LAYER_METRIC(layer, name, scope, unit, better, expression, sentence) \
    {#name, LAYER_##layer, scope, UNIT_##unit, better, read_##name, sentence},
#include "measure/metric.def"
#undef METRIC
};

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

/* The statistics that help shows; any pN is understood. */
static const char *const shown_stats[] = {
    "min", "mean", "stddev", "max", "p50", "p90", "p95", "p99", "p99.9",
};

static const char *const operators[] = {
    [SLO_LT] = "<", [SLO_LE] = "<=", [SLO_GT] = ">",
    [SLO_GE] = ">=", [SLO_EQ] = "==", [SLO_NE] = "!=",
};

static const char *const unit_names[] = {
    [UNIT_DURATION] = "duration", [UNIT_RATIO] = "ratio",
    [UNIT_COUNT] = "count", [UNIT_PER_S] = "rate",
    [UNIT_FACTOR] = "factor",
};

/* What to write for a value of each unit. */
static const char *const unit_examples[] = {
    [UNIT_DURATION] = "a duration such as 250ms",
    [UNIT_RATIO] = "a share such as 99.9% or 0.999",
    [UNIT_COUNT] = "a whole number such as 0 or 1000",
    [UNIT_PER_S] = "a rate such as 2000/s",
    [UNIT_FACTOR] = "a plain number such as 1.2",
};

/* Where a parse stands, and where its complaint goes. */
struct reader {
    const char *text;
    size_t at;
    char *problem;
    size_t problem_size;
    size_t *problem_at;
};

static bool complain(struct reader *reader, size_t at, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

static bool complain(struct reader *reader, size_t at, const char *format,
                     ...)
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

/* The fraction of "p99" or "p99.9"; false when it is not of that form. */
static bool parse_quantile(const char *stat, double *q)
{
    if (stat[0] != 'p' || !isdigit((unsigned char)stat[1])) {
        return false;
    }
    char *end;
    double percent = strtod(stat + 1, &end);
    *q = percent / 100;
    return *end == '\0' && strspn(stat + 1, "0123456789.") ==
           strlen(stat + 1) && percent <= 100;
}

static bool is_stat(const char *stat)
{
    double q;
    return strcmp(stat, "min") == 0 || strcmp(stat, "mean") == 0 ||
           strcmp(stat, "stddev") == 0 || strcmp(stat, "max") == 0 ||
           parse_quantile(stat, &q);
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
    return -1;
}

/* "p99", "attempt.p50", "schedule_lag.max". */
static bool parse_stat(struct slo *slo, const char *name)
{
    const char *stat = name;
    int histogram = HISTOGRAM_OPERATION;
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
    slo->metric = -1;
    slo->histogram = histogram;
    slo->unit = UNIT_DURATION;
    snprintf(slo->stat, sizeof(slo->stat), "%s", stat);
    return true;
}

static bool parse_metric(struct slo *slo, struct reader *reader)
{
    char name[SLO_NAME_MAX];
    size_t at = reader->at;
    if (!take_word(reader, name, sizeof(name))) {
        return complain(reader, at,
                        "a metric must stand here, such as p99 or "
                        "success_rate");
    }
    for (size_t i = 0; i < array_length(metrics); i++) {
        if (strcmp(metrics[i].name, name) == 0) {
            slo->metric = (int)i;
            slo->unit = metrics[i].unit;
            return true;
        }
    }
    if (parse_stat(slo, name)) {
        return true;
    }
    if (find_histogram(name, strlen(name)) >= 0) {
        return complain(reader, at,
                        "%s is a distribution: write which figure of it, "
                        "such as %s.p99", name, name);
    }
    const char *nearest = nearest_metric(name);
    if (nearest) {
        return complain(reader, at,
                        "there is no metric \"%s\"; did you mean \"%s\"?",
                        name, nearest);
    }
    return complain(reader, at,
                    "there is no metric \"%s\"; \"squall profile explain "
                    "slo\" lists them", name);
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
                        "stand here", SLO_NAME_MAX - 1);
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
    bool has_panel = slo->metric < 0 ? slo->histogram != SLO_SCHEDULE_LAG
                                     : metrics[slo->metric].scope == PANEL;
    if (!has_panel) {
        char name[SLO_NAME_MAX];
        slo_metric_name(slo, name, sizeof(name));
        return complain(reader, start,
                        "%s is measured for the whole run only; leave the "
                        "selector out", name);
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
    const char *kind = unit_examples[slo->unit];
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
                        "percent sign, or as a fraction of 1", text);
    }
    return true;
}

bool slo_parse(struct slo *slo, const char *text, char *problem,
               size_t problem_size, size_t *problem_at)
{
    struct reader reader = {text, 0, problem, problem_size, problem_at};
    *slo = (struct slo){.metric = -1};
    if (strlen(text) >= SLO_TEXT_MAX) {
        return complain(&reader, SLO_TEXT_MAX - 1,
                        "longer than %d characters", SLO_TEXT_MAX - 1);
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

/* The panel that the expression selects; NULL when there is none. */
static const struct panel *select_panel(const struct slo *slo,
                                        const struct result *result,
                                        const struct panel_figures **figures)
{
    const struct tally *tally = result->tally;
    for (size_t i = 0; slo->request[0] && i < result->request_count; i++) {
        if (strcmp(result->request_names[i], slo->request) == 0) {
            *figures = &result->requests[i];
            return tally->requests[i];
        }
    }
    for (size_t i = 0; slo->phase[0] && i < result->stage_count; i++) {
        if (strcmp(result->stage_names[i], slo->phase) == 0) {
            *figures = &result->stages[i];
            return tally->stages[i];
        }
    }
    if (slo->request[0] || slo->phase[0]) {
        return NULL;
    }
    *figures = &result->total;
    return &tally->total;
}

static double read_stat(const struct hist *hist, const char *stat)
{
    double q;
    if (parse_quantile(stat, &q)) {
        return (double)hist_quantile_us(hist, q);
    }
    if (strcmp(stat, "mean") == 0) {
        return hist_mean_us(hist);
    }
    if (strcmp(stat, "stddev") == 0) {
        return hist_stddev_us(hist);
    }
    return (double)(strcmp(stat, "min") == 0 ? hist->min_us : hist->max_us);
}

/* Values that differ by less than rounding are equal: 99.9 % is not exactly
 * 999 of 1000 in binary. */
static bool holds(double value, enum slo_operator op, double bound)
{
    bool equal = fabs(value - bound) <= 1e-12 * fmax(1, fabs(bound));
    switch (op) {
    case SLO_LT:
        return !equal && value < bound;
    case SLO_LE:
        return equal || value < bound;
    case SLO_GT:
        return !equal && value > bound;
    case SLO_GE:
        return equal || value > bound;
    case SLO_EQ:
        return equal;
    case SLO_NE:
        return !equal;
    }
    return false;
}

static struct slo_judgement not_measured(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static struct slo_judgement not_measured(const char *format, ...)
{
    struct slo_judgement judgement = {.measured = false};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(judgement.reason, sizeof(judgement.reason), format, arguments);
    va_end(arguments);
    return judgement;
}

static struct slo_judgement judge_value(const struct slo *slo, double value)
{
    return (struct slo_judgement){
        .measured = true,
        .value = value,
        .pass = holds(value, slo->op, slo->value),
    };
}

static struct slo_judgement judge_stat(const struct slo *slo,
                                       const struct panel *panel,
                                       const struct result *result)
{
    const struct hist *hist;
    if (slo->histogram == SLO_SCHEDULE_LAG) {
        if (!result->open_model) {
            return not_measured("the closed model has no schedule to be "
                                "late for");
        }
        hist = &result->tally->schedule_lag;
    } else {
        hist = &panel->hist[slo->histogram];
    }
    if (hist->count == 0) {
        return not_measured("not measured: nothing was recorded");
    }
    return judge_value(slo, read_stat(hist, slo->stat));
}

static struct slo_judgement judge_metric(const struct slo *slo,
                                         const struct panel *panel,
                                         const struct panel_figures *figures,
                                         const struct result *result)
{
    const struct metric *metric = &metrics[slo->metric];
    if (metric->scope == EFFECTS || metric->scope == SEEN) {
        if (result->effects.oracle == ORACLE_NONE) {
            return not_measured("not measured: there is no ledger");
        }
        if (result->effects.oracle == ORACLE_EFFECT_ID &&
            metric->scope == EFFECTS) {
            return not_measured("not measured: ids in answers do not tell "
                                "it, only a ledger does");
        }
        if (result->effects.oracle == ORACLE_UNVERIFIED) {
            return not_measured("unverified: %.100s",
                                result->effects.problem);
        }
    }
    if (metric->layer != NO_LAYER &&
        !tally_has(result->tally, (enum layer)metric->layer)) {
        return not_measured("not measured: the profile has no %s",
                            layer_name((enum layer)metric->layer));
    }
    double value = metric->read(panel, figures, result);
    if (!(value >= 0) && metric->scope == ANSWERS) {
        return not_measured("not measured: no answer tells it (see "
                            "idempotency)");
    }
    if (!(value >= 0) && result->effects.operations_checked == 0 &&
        result->effects.seen_before > 0) {
        return not_measured("not measured: all %llu operations have ids that "
                            "had effects before the run",
                            (unsigned long long)result->effects.seen_before);
    }
    if (!(value >= 0)) {
        return not_measured("not measured: nothing to measure it on");
    }
    return judge_value(slo, value);
}

struct slo_judgement slo_judge(const struct slo *slo,
                               const struct result *result)
{
    const struct panel_figures *figures = NULL;
    const struct panel *panel = select_panel(slo, result, &figures);
    if (!panel) {
        return not_measured("there is no %s of this name",
                            slo->request[0] ? "request" : "phase");
    }
    if (slo->metric < 0) {
        return judge_stat(slo, panel, result);
    }
    return judge_metric(slo, panel, figures, result);
}

void slo_metric_name(const struct slo *slo, char *name, size_t size)
{
    if (slo->metric >= 0) {
        snprintf(name, size, "%s", metrics[slo->metric].name);
    } else if (slo->histogram == HISTOGRAM_OPERATION) {
        snprintf(name, size, "%s", slo->stat);
    } else {
        snprintf(name, size, "%s.%s",
                 slo->histogram == SLO_SCHEDULE_LAG
                     ? schedule_lag_name : histograms[slo->histogram].name,
                 slo->stat);
    }
}

bool slo_metric_describe(size_t index, const char **name, const char **unit,
                         const char **sentence)
{
    if (index < array_length(metrics)) {
        *name = metrics[index].name;
        *unit = unit_names[metrics[index].unit];
        *sentence = metrics[index].sentence;
        return true;
    }
    index -= array_length(metrics);
    *unit = unit_names[UNIT_DURATION];
    if (index < array_length(shown_stats)) {
        *name = shown_stats[index];
        *sentence = histograms[HISTOGRAM_OPERATION].sentence;
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

