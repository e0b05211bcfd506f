/* The HTML report of a comparison: what was found, and the interval of every
 * measure of every variant as a bar beside no difference. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VARIANTS_MAX = HTML_COLUMNS_MAX - 1 /* in the table of medians */ };

static bool is(const cJSON *object, const char *path, const char *word)
{
    const char *found = text_string(object, path);
    return found && strcmp(found, word) == 0;
}

static bool is_ratio(const cJSON *measure)
{
    return is(measure, "scale", "ratio");
}

static const cJSON *measure_of(const struct html *html, const cJSON *row)
{
    const char *name = text_string(row, "measure");
    const cJSON *measure;

    cJSON_ArrayForEach(measure, text_find(html->document, "measures"))
    {
        if (name && is(measure, "name", name)) {
            return measure;
        }
    }
    return NULL;
}

/* A change on the scale of its measure: "x 1.25", "+1.20 pt", "+3". */
static void append_change(struct str *out, const cJSON *measure, double value)
{
    if (is_ratio(measure)) {
        str_printf(out, "x %.3g", value);
    } else if (is(measure, "scale", "difference")) {
        str_printf(out, "%+.2f pt", value * 100);
    } else {
        str_printf(out, "%+.0f", value);
    }
}

/* How far from no difference it is, on a scale on which twice and half are as
 * far. */
static double distance_of(const cJSON *measure, double value)
{
    if (!is_ratio(measure)) {
        return value;
    }
    return value > 0 ? log(value) : (double)NAN;
}

/* The furthest end of all intervals of measures on the scale of this one. */
static double furthest(const struct html *html, const cJSON *measure)
{
    static const char *const members[] = {"low", "high", "estimate"};
    const char *scale = text_string(measure, "scale");
    double most = 0;
    const cJSON *row;

    cJSON_ArrayForEach(row, text_find(html->document, "rows"))
    {
        const cJSON *other = measure_of(html, row);
        for (size_t i = 0; i < array_length(members); i++) {
            double value = text_number(row, members[i]);
            if (scale && is(other, "scale", scale) && !isnan(value)) {
                most = fmax(most, fabs(distance_of(other, value)));
            }
        }
    }
    return most > 0 ? most * 1.05 : 1;
}

/* 0 to 1, no difference in the middle; an end without a bound is an end of the
 * bar. */
static double place_of(const cJSON *measure, double value, double most,
                       double unbounded)
{
    double distance = distance_of(measure, value);

    if (isnan(distance)) {
        return unbounded;
    }
    return 0.5 + 0.5 * fmax(-1, fmin(1, distance / most));
}

static void add_bar(struct html *html, const cJSON *measure, const cJSON *row)
{
    double most = furthest(html, measure);
    double estimate = text_number(row, "estimate");
    double low = place_of(measure, text_number(row, "low"), most, 0);
    double high = place_of(measure, text_number(row, "high"), most, 1);
    const char *class = is(row, "finding", "better")  ? "ok"
                        : is(row, "finding", "worse") ? "bad"
                                                      : "shed";

    if (isnan(estimate)) {
        return;
    }
    html_add(html, "<svg class=\"bar\" width=\"100%\" height=\"14\" "
                   "aria-hidden=\"true\"><line class=\"base\" x1=\"50%\" "
                   "x2=\"50%\" y1=\"0\" y2=\"14\"/>");
    html_addf(html,
              "<rect class=\"f-%s\" x=\"%.2f%%\" y=\"5\" width=\"%.2f%%\" "
              "height=\"4\"/>",
              class, low * 100, fmax(high - low, 0.004) * 100);
    html_addf(html,
              "<circle class=\"f-%s\" cx=\"%.2f%%\" cy=\"7\" r=\"4\"/>"
              "</svg>",
              class, place_of(measure, estimate, most, 0.5) * 100);
}

static void add_end(struct html *html, const cJSON *measure,
                    struct html_place place, const char *member)
{
    double value = text_number(place.object, member);
    struct str words = STR_INIT;

    if (isnan(value)) {
        html_add(html, "no bound");
    } else {
        append_change(&words, measure, value);
        html_data(html, place, member, value, words.text);
    }
    str_release(&words);
}

static void add_row(struct html *html, const cJSON *row, int index)
{
    const cJSON *measure = measure_of(html, row);
    const char *finding = text_string(row, "finding");
    char prefix[32];

    snprintf(prefix, sizeof(prefix), "rows[%d].", index);
    struct html_place place = {row, prefix};
    html_add(html, "<tr><th scope=\"row\">");
    html_text(html, text_string(measure, "title"));
    html_add(html, "</th><td class=\"n\">");
    if (is(row, "estimate", "never")) {
        html_add(html, "<span class=\"bad\">never</span>");
    } else if (isnan(text_number(row, "estimate"))) {
        html_add(html, "<span class=\"none\">-</span>");
    } else if (is_ratio(measure) && text_number(row, "estimate") == 0) {
        html_add(html, "was never");
    } else {
        add_end(html, measure, place, "estimate");
    }
    html_add(html, "</td><td class=\"n soft\">");
    if (!isnan(text_number(row, "low")) || !isnan(text_number(row, "high"))) {
        add_end(html, measure, place, "low");
        html_add(html, " to ");
        add_end(html, measure, place, "high");
    }
    html_add(html, "</td><td class=\"bars\">");
    add_bar(html, measure, row);
    html_addf(html, "</td><td class=\"%s\">",
              is(row, "finding", "better")  ? "good"
              : is(row, "finding", "worse") ? "bad"
                                            : "soft");
    html_text(html, finding                                  ? finding
                    : cJSON_IsTrue(text_find(row, "judged")) ? ""
                                                             : "not judged");
    if (!isnan(text_number(row, "rounds_needed"))) {
        html_add(html, ": takes about ");
        html_figure(html, place, "rounds_needed", UNIT_COUNT, "");
        html_add(html, " rounds");
    }
    html_add(html, "</td></tr>\n");
}

static void add_variant(struct html *html, const cJSON *variant)
{
    static const char *const headings[] = {"Measure", ">Change", ">Interval",
                                           "Less, no difference, more",
                                           "Finding"};
    const char *name = text_string(variant, "name");
    const cJSON *row;
    int index = 0, shown = 0;

    html_add(html, "<h3>");
    html_text(html, name);
    html_add(html, " beside the baseline</h3>\n");
    html_table(html, "Changes", headings, array_length(headings));
    cJSON_ArrayForEach(row, text_find(html->document, "rows"))
    {
        if (name && is(row, "variant", name) &&
            !is(row, "finding", "not measured") && shown < HTML_ROWS_MAX) {
            add_row(html, row, index);
            shown++;
        }
        index++;
    }
    html_table_end(html);
}

static void add_median(struct html *html, const cJSON *variant, int index,
                       const cJSON *measure)
{
    const char *name = text_string(measure, "name");
    const char *word = text_string(measure, "unit");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(
        text_find(variant, "median"), name ? name : "");
    enum metric_unit unit = UNIT_COUNT;
    char prefix[96];

    (void)(word && unit_find(word, &unit));
    snprintf(prefix, sizeof(prefix), "variants[%d].median.%.40s", index,
             name ? name : "");
    html_add(html, "<td class=\"n\">");
    if (cJSON_IsString(value)) {
        html_text(html, value->valuestring);
    } else {
        html_figure(html, (struct html_place){value, prefix}, "", unit, "-");
    }
    html_add(html, "</td>");
}

/* Of any variant. */
static bool is_measured(const cJSON *variants, const cJSON *measure)
{
    const char *name = text_string(measure, "name");
    const cJSON *variant;

    cJSON_ArrayForEach(variant, variants)
    {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(
            text_find(variant, "median"), name ? name : "");
        if (value && !cJSON_IsNull(value)) {
            return true;
        }
    }
    return false;
}

static void add_medians(struct html *html)
{
    const cJSON *variants = text_find(html->document, "variants");
    const cJSON *variant;
    const cJSON *measure;
    int index, rows = 0;

    html_section(html, "medians",
                 cJSON_IsTrue(text_find(html->document, "run.saved"))
                     ? "The runs"
                     : "Medians of the rounds");
    html_add(html, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                   "aria-label=\"Medians\"><table>\n<thead><tr>"
                   "<th scope=\"col\">Measure</th>");
    index = 0;
    cJSON_ArrayForEach(variant, variants)
    {
        if (index++ < VARIANTS_MAX) {
            html_add(html, "<th scope=\"col\" class=\"n\">");
            html_text(html, text_string(variant, "name"));
            html_add(html, "</th>");
        }
    }
    html_add(html, "</tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(measure, text_find(html->document, "measures"))
    {
        if (!is_measured(variants, measure) || rows++ >= HTML_ROWS_MAX) {
            continue;
        }
        html_add(html, "<tr><th scope=\"row\">");
        html_text(html, text_string(measure, "title"));
        html_add(html, "</th>");
        index = 0;
        cJSON_ArrayForEach(variant, variants)
        {
            if (index < VARIANTS_MAX) {
                add_median(html, variant, index++, measure);
            }
        }
        html_add(html, "</tr>\n");
    }
    html_table_end(html);
    html_more(html, cJSON_GetArraySize(variants) - VARIANTS_MAX);
    html_section_end(html);
}

static void add_head(struct html *html)
{
    struct html_place whole = {html->document, ""};

    html_many_begin(html, "squall compare");
    html_addf(html, "%d variants",
              cJSON_GetArraySize(text_find(html->document, "variants")));
    html_many_target(html);
    html_figure(html, whole, "family.rounds", UNIT_COUNT, "no");
    html_add(html, " rounds");
    html_many_end(html);
}

static void add_changes(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const cJSON *variant;
    int shown = 0;

    if (cJSON_GetArraySize(text_find(html->document, "rows")) == 0) {
        return;
    }
    html_section(html, "changes", "Changes");
    html_add(html, "<p class=\"soft\">Intervals are at ");
    html_figure(html, whole, "family.interval_level", UNIT_RATIO, "-");
    html_add(html, "; all findings together are wrong in at most ");
    html_figure(html, whole, "family.level", UNIT_RATIO, "-");
    html_add(html, " of comparisons. The line in the middle of a bar is no "
                   "difference; it reaches as far to the right as the largest "
                   "interval on its scale, and ratios are drawn by their "
                   "logarithm.</p>\n");
    cJSON_ArrayForEach(variant, text_find(html->document, "variants"))
    {
        if (!cJSON_IsTrue(text_find(variant, "baseline")) &&
            shown++ < HTML_COLUMNS_MAX) {
            add_variant(html, variant);
        }
    }
    html_section_end(html);
}

void html_comparison(struct html *html)
{
    add_head(html);
    html_gates(html);
    add_medians(html);
    add_changes(html);
    html_section(html, "profile", "Run it again");
    html_command(html);
    html_section_end(html);
    html_add(html, "</main>\n");
}
