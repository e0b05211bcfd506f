#include "report/diff.h"

#include "base/json.h"
#include "base/must.h"
#include "base/version.h"
#include "measure/figure.h"
#include "report/differences.h"
#include "report/document.h"
#include "report/document_kind.h"
#include "report/figures.h"
#include "report/member.h"
#include "report/merge_inside.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is looked at of each request and phase; and how many of them. */
enum { PARTS_MAX = 100 };

struct diff {
    const struct merge_input *inputs;
    cJSON *changes;
    size_t same; /* figures that both have, and that are equal */
};

/* "latency.time_to_success.p99_us" as "latency time to success p99". */
static void put_title(struct str *out, const char *path)
{
    static const char *const ends[] = {"_per_s", "_us"};
    size_t length = strlen(path);

    for (size_t i = 0; i < array_length(ends); i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcmp(path + length - end, ends[i]) == 0) {
            length -= end;
        }
    }
    for (size_t i = 0; i < length; i++) {
        bool is_percentile = path[i] == '_' && i >= 2 && path[i - 1] == '9' &&
                             i + 1 < length && path[i + 1] == '9';
        str_append_char(out, is_percentile                      ? '.'
                             : path[i] == '_' || path[i] == '.' ? ' '
                                                                : path[i]);
    }
}

/* 0: the same; 1: from nothing, to nothing, or to never. */
static double size_of(double from, double to)
{
    double larger = fmax(fabs(from), fabs(to));

    if (isinf(from) || isinf(to)) {
        return 1;
    }
    return larger > 0 ? fabs(to - from) / larger : 0;
}

static void add_value(cJSON *change, const char *name, double value)
{
    if (isinf(value)) {
        cJSON_AddStringToObject(change, name, "never");
    } else {
        member_measured(change, name, value);
    }
}

static void put_value(struct str *out, enum metric_unit unit, double value)
{
    if (isnan(value)) {
        str_append(out, "not measured");
    } else if (isinf(value)) {
        str_append(out, "never");
    } else {
        text_format(out, unit, value);
    }
}

/* "from 120 ms to 90.0 ms, 25.0 % less" */
static void put_words(struct str *out, enum metric_unit unit, double from,
                      double to)
{
    str_append(out, "from ");
    put_value(out, unit, from);
    str_append(out, " to ");
    put_value(out, unit, to);
    if (!(from > 0) || !(to > 0) || isinf(from) || isinf(to)) {
        return;
    }
    double ratio = to / from;
    if (unit == UNIT_RATIO) {
        str_printf(out, ", %.3g points %s", 100 * fabs(to - from),
                   to > from ? "more" : "less");
    } else if (ratio >= 2) {
        str_printf(out, ", %.3g times as much", ratio);
    } else {
        str_printf(out, ", %.3g %% %s", 100 * fabs(ratio - 1),
                   ratio > 1 ? "more" : "less");
    }
}

/* A figure of both; INFINITY is never, NAN not measured. */
static void add(struct diff *diff, const char *path, enum metric_unit unit,
                double from, double to)
{
    bool is_same = from == to || (isnan(from) && isnan(to));
    struct str title = STR_INIT, words = STR_INIT;

    if (is_same) {
        diff->same += isnan(from) ? 0 : 1;
        return;
    }
    cJSON *change = cJSON_CreateObject();
    put_title(&title, path);
    put_words(&words, unit, from, to);
    cJSON_AddStringToObject(change, "path", path);
    cJSON_AddStringToObject(change, "title", title.text);
    cJSON_AddStringToObject(change, "unit", unit_word(unit));
    add_value(change, "from", from);
    add_value(change, "to", to);
    member_measured(change, "size",
                    isnan(from) || isnan(to) ? NAN : size_of(from, to));
    cJSON_AddStringToObject(change, "words", words.text);
    cJSON_AddItemToArray(diff->changes, change);
    str_release(&title);
    str_release(&words);
}

/* Of a part where only some are told: those that stand for all. */
static bool is_chosen(const struct figure *figure)
{
    return figure->group == FIGURES_SUCCESS ||
           (figure->group == FIGURES_AMPLIFICATION &&
            strcmp(figure->member, "attempts_per_operation") == 0);
}

static void add_figures(struct diff *diff, const cJSON *first,
                        const cJSON *second, const char *prefix, bool is_part)
{
    const struct figure *figure;

    for (size_t i = 0; (figure = figure_at(i)); i++) {
        char path[96];
        struct str whole = STR_INIT;
        if (!figure->member || (is_part && !is_chosen(figure))) {
            continue;
        }
        snprintf(path, sizeof(path), "%s%s", figure_path(figure->group),
                 figure->member);
        str_printf(&whole, "%s%s", prefix, path);
        add(diff, whole.text, figure->unit, text_number(first, path),
            text_number(second, path));
        str_release(&whole);
    }
}

/* Null of a quantile of the time to success, where some were due, is never. */
static double quantile_of(const cJSON *report, const char *name,
                          const char *member)
{
    char path[96];

    snprintf(path, sizeof(path), "latency.%s.%s", name, member);
    double value = text_number(report, path);
    bool may_be_never =
        strcmp(name, "time_to_success") == 0 && strcmp(member, "mean_us") != 0;
    return isnan(value) && may_be_never &&
                   text_number(report, "latency.time_to_success.count") > 0
               ? INFINITY
               : value;
}

static void add_distribution(struct diff *diff, const cJSON *first,
                             const cJSON *second, const char *prefix,
                             const char *name)
{
    static const char *const others[] = {"mean_us", "max_us"};

    for (size_t i = 0; i < FIGURES_QUANTILES + array_length(others); i++) {
        const char *member = i < FIGURES_QUANTILES
                                 ? figures_quantiles[i].member
                                 : others[i - FIGURES_QUANTILES];
        struct str path = STR_INIT;
        str_printf(&path, "%slatency.%s.%s", prefix, name, member);
        add(diff, path.text, UNIT_DURATION, quantile_of(first, name, member),
            quantile_of(second, name, member));
        str_release(&path);
    }
}

static void add_latency(struct diff *diff, const cJSON *first,
                        const cJSON *second)
{
    static const char *const names[] = {
        "time_to_success",
#define HISTOGRAM(id, name, sentence) name,
#include "measure/histogram.def"
#undef HISTOGRAM
    };
    for (size_t i = 0; i < array_length(names); i++) {
        add_distribution(diff, first, second, "", names[i]);
    }
}

static double count_of(const cJSON *map, const char *name)
{
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(map, name);
    return cJSON_IsNumber(count) ? count->valuedouble : 0;
}

/* Counts by name: what a report does not name did not occur. */
static void add_counts(struct diff *diff, const char *path)
{
    const cJSON *first = text_find(diff->inputs[0].document, path);
    const cJSON *second = text_find(diff->inputs[1].document, path);
    const cJSON *maps[] = {first, second};
    const cJSON *one;

    for (size_t m = 0; m < array_length(maps); m++) {
        cJSON_ArrayForEach(one, maps[m])
        {
            struct str whole = STR_INIT;
            if (m == 1 &&
                cJSON_GetObjectItemCaseSensitive(first, one->string)) {
                continue;
            }
            str_printf(&whole, "%s.%s", path, one->string);
            add(diff, whole.text, UNIT_COUNT, count_of(first, one->string),
                count_of(second, one->string));
            str_release(&whole);
        }
    }
}

/* Requests or phases that both have, where there are several. */
static void add_parts(struct diff *diff, const char *member)
{
    const cJSON *first = text_find(diff->inputs[0].document, member);
    const cJSON *second = text_find(diff->inputs[1].document, member);
    const cJSON *one, *other;
    int seen = 0;

    if (cJSON_GetArraySize(first) < 2) {
        return;
    }
    cJSON_ArrayForEach(one, first)
    {
        const char *name = text_string(one, "name");
        if (seen++ >= PARTS_MAX) {
            return;
        }
        cJSON_ArrayForEach(other, second)
        {
            if (strcmp(text_string(other, "name"), name) == 0) {
                struct str prefix = STR_INIT;
                str_printf(&prefix, "%s.%s.", member, name);
                add_figures(diff, one, other, prefix.text, true);
                add_distribution(diff, one, other, prefix.text,
                                 "time_to_success");
                str_release(&prefix);
                break;
            }
        }
    }
}

static int by_size(const void *a, const void *b)
{
    const cJSON *one = *(cJSON *const *)a, *other = *(cJSON *const *)b;
    double size = text_number(one, "size");
    double other_size = text_number(other, "size");

    if (isnan(size) || isnan(other_size)) {
        return isnan(size) - isnan(other_size);
    }
    if (size != other_size) {
        return (size < other_size) - (size > other_size);
    }
    return strcmp(text_string(one, "path"), text_string(other, "path"));
}

/* The biggest first; those that only one report has come last. */
static void sort(cJSON *changes)
{
    size_t count = (size_t)cJSON_GetArraySize(changes);
    cJSON **items = calloc(count + 1, sizeof(cJSON *));

    must(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = cJSON_DetachItemFromArray(changes, 0);
    }
    qsort(items, count, sizeof(cJSON *), by_size);
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(changes, items[i]);
    }
    free(items);
}

static const char *judgement_of(const cJSON *document, const char *expr)
{
    const cJSON *slo;

    cJSON_ArrayForEach(slo, text_find(document, "slo"))
    {
        if (strcmp(text_string(slo, "expr"), expr) == 0) {
            return text_string(slo, "judgement");
        }
    }
    return NULL;
}

/* Where the verdicts, or the judgements of an SLO that both have, differ. */
static void add_judgements(const struct diff *diff, cJSON *document)
{
    const cJSON *first = diff->inputs[0].document;
    const cJSON *second = diff->inputs[1].document;
    cJSON *texts = cJSON_AddArrayToObject(document, "judgements");
    const char *verdict = text_string(first, "verdict");
    const char *other = text_string(second, "verdict");
    struct str text = STR_INIT;
    const cJSON *slo;
    int seen = 0;

    if (strcmp(verdict, other) != 0) {
        str_printf(&text, "verdict: %s, then %s", verdict, other);
        cJSON_AddItemToArray(texts, cJSON_CreateString(text.text));
    }
    cJSON_ArrayForEach(slo, text_find(first, "slo"))
    {
        const char *expr = text_string(slo, "expr");
        const char *word = text_string(slo, "judgement");
        const char *then = judgement_of(second, expr);
        if (seen++ < PARTS_MAX && then && strcmp(word, then) != 0) {
            str_reset(&text);
            str_printf(&text, "%s: %s, then %s", expr, word, then);
            cJSON_AddItemToArray(texts, cJSON_CreateString(text.text));
        }
    }
    str_release(&text);
}

/* In what the runs were set up otherwise. */
static void add_configuration(const struct diff *diff, cJSON *document)
{
    static const char *const members[] = {"target", "threads", "seed",
                                          "measured_us"};
    const cJSON *first = diff->inputs[0].document;
    const cJSON *second = diff->inputs[1].document;
    const char *name = diff->inputs[1].name;
    cJSON *texts = cJSON_AddArrayToObject(document, "configuration");
    cJSON *one = cJSON_CreateObject(), *other = cJSON_CreateObject();

    differences_add(texts, text_find(first, "profile"),
                    text_find(second, "profile"), name);
    for (size_t i = 0; i < array_length(members); i++) {
        char path[40];
        snprintf(path, sizeof(path), "run.%s", members[i]);
        cJSON_AddItemToObject(one, path,
                              cJSON_Duplicate(text_find(first, path), true));
        cJSON_AddItemToObject(other, path,
                              cJSON_Duplicate(text_find(second, path), true));
    }
    cJSON_AddItemToObject(
        one, "tool.version",
        cJSON_Duplicate(text_find(first, "tool.version"), true));
    cJSON_AddItemToObject(
        other, "tool.version",
        cJSON_Duplicate(text_find(second, "tool.version"), true));
    differences_add(texts, one, other, name);
    cJSON_Delete(one);
    cJSON_Delete(other);
}

static void add_reports(const struct diff *diff, cJSON *document)
{
    cJSON *reports = cJSON_AddArrayToObject(document, "reports");

    for (size_t i = 0; i < 2; i++) {
        cJSON *report = cJSON_CreateObject();
        const cJSON *of = diff->inputs[i].document;
        cJSON_AddStringToObject(report, "file", diff->inputs[i].name);
        member_text(report, "id", text_string(of, "run.id"));
        member_text(report, "started_at", text_string(of, "run.started_at"));
        member_text(report, "verdict", text_string(of, "verdict"));
        cJSON_AddItemToArray(reports, report);
    }
}

static cJSON *make(struct diff *diff, int argc, const char *const *argv)
{
    static const char *const maps[] = {
        "attempts.by_outcome", "attempts.by_status", "operations.reasons",
        "operations.shed_reasons"};
    const cJSON *first = diff->inputs[0].document;
    const cJSON *second = diff->inputs[1].document;
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "schema", "squall.diff/1");
    cJSON *tool = cJSON_AddObjectToObject(document, "tool");
    cJSON_AddStringToObject(tool, "version", SQUALL_VERSION);
    cJSON_AddNullToObject(tool, "libcurl");
    member_text(tool, "build", version_build());
    document_add_argv(document, argc, argv);
    add_reports(diff, document);
    add_judgements(diff, document);
    add_configuration(diff, document);
    diff->changes = cJSON_AddArrayToObject(document, "changes");
    add_figures(diff, first, second, "", false);
    add_latency(diff, first, second);
    for (size_t i = 0; i < array_length(maps); i++) {
        add_counts(diff, maps[i]);
    }
    add_parts(diff, "requests");
    add_parts(diff, "phases");
    sort(diff->changes);
    member_count(document, "same", diff->same);
    json_mask(document);
    return document;
}

cJSON *diff_reports(const struct merge_input inputs[2], int argc,
                    const char *const *argv, struct errors *errors)
{
    struct diff diff = {.inputs = inputs};
    bool ok = true;

    for (size_t i = 0; i < 2; i++) {
        ok = merge_input_is_good(&inputs[i], errors) && ok;
    }
    return ok ? make(&diff, argc, argv) : NULL;
}
