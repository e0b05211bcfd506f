/* Every figure of the run, for who looks for one that no other section of the
 * HTML report shows: a row a group of measure/figure.def, and a row a
 * distribution. */
#include "base/must.h"
#include "report/figures.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where the figures of a group are, without the dot: "operations". */
static const cJSON *object_of(const struct html *html, enum figure_group group,
                              char path[64])
{
    snprintf(path, 64, "%s", figure_path(group));
    size_t length = strlen(path);
    if (length > 0) {
        path[length - 1] = '\0';
    }
    return text_find(html->document, path);
}

/* The name of a figure, and its value; nothing of what was not measured. */
static void add_figure(struct html *html, struct html_place place,
                       const char *member, enum metric_unit unit)
{
    if (isnan(text_number(place.object, member))) {
        return;
    }
    html_add(html, "<span class=\"soft\">");
    html_words(html, member);
    html_add(html, "</span> ");
    html_figure(html, place, member, unit, "");
    html_add(html, " · ");
}

/* Whether it is of an offence that no operation could have shown: a 0 would
 * say that there is none. */
static bool is_unjudged(const struct html *html, const struct figure *figure)
{
    char path[64];

    snprintf(path, sizeof(path), "effects.unjudged.%s", figure->member);
    return (figure->group == FIGURES_EFFECTS ||
            figure->group == FIGURES_RATIOS ||
            figure->group == FIGURES_UPPER_BOUNDS) &&
           text_string(html->document, path) != NULL;
}

static void add_groups(struct html *html)
{
    static const char *const headings[] = {"Group", "Figures"};
    const struct figure *figure;
    int group = -1;
    bool is_open = false;

    html_table(html, "All figures", headings, array_length(headings));
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        char path[64];
        const cJSON *object = object_of(html, figure->group, path);
        if (!figure->member || !cJSON_IsObject(object) ||
            is_unjudged(html, figure)) {
            continue;
        }
        if ((int)figure->group != group) {
            html_add(html, is_open ? "</td></tr>\n" : "");
            is_open = html_takes_row(html);
            if (!is_open) {
                break;
            }
            group = (int)figure->group;
            html_add(html, "<tr><th scope=\"row\">");
            html_text(html, path[0] ? path : "the run");
            html_add(html, "</th><td>");
        }
        add_figure(html,
                   (struct html_place){object, figure_path(figure->group)},
                   figure->member, figure->unit);
    }
    html_add(html, is_open ? "</td></tr>\n" : "");
    html_table_end(html);
}

static void add_distribution(struct html *html, const char *path)
{
    static const char *const others[] = {"count", "min_us", "mean_us",
                                         "stddev_us", "max_us"};
    const cJSON *object = text_find(html->document, path);
    char prefix[80];

    if (!(text_number(object, "count") > 0) || !html_takes_row(html)) {
        return;
    }
    snprintf(prefix, sizeof(prefix), "%s.", path);
    struct html_place place = {object, prefix};
    html_add(html, "<tr><th scope=\"row\">");
    html_text(html, path);
    html_add(html, "</th><td>");
    for (size_t i = 0; i < array_length(others) + FIGURES_QUANTILES; i++) {
        const char *member =
            i < array_length(others)
                ? others[i]
                : figures_quantiles[i - array_length(others)].member;
        add_figure(html, place, member, i == 0 ? UNIT_COUNT : UNIT_DURATION);
    }
    html_add(html, "</td></tr>\n");
}

static void add_distributions(struct html *html)
{
    static const char *const headings[] = {"Distribution", "Figures"};
    static const char *const paths[] = {
        "latency.time_to_success",
#define HISTOGRAM(id, name, sentence) "latency." name,
#include "measure/histogram.def"
#undef HISTOGRAM
        "policy.limit_wait",
        "effects.effect_lag",
        "generator.schedule_lag",
    };
    html_table(html, "All distributions", headings, array_length(headings));
    for (size_t i = 0; i < array_length(paths); i++) {
        add_distribution(html, paths[i]);
    }
    html_table_end(html);
}

void html_all(struct html *html)
{
    html_section(html, "all", "All figures");
    html_add(html, "<details><summary>As the JSON report has them</summary>"
                   "\n");
    add_groups(html);
    add_distributions(html);
    html_add(html, "</details>\n");
    html_section_end(html);
}
