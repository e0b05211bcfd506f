/* The part of the HTML report that says what a merge was made from. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <stdio.h>

static void add_reports(struct html *html, const cJSON *merge)
{
    static const char *const headings[] = {"Report",    "Target", ">From",
                                           ">Measured", ">Exit",  "Verdict"};
    static const struct {
        const char *path;
        enum metric_unit unit;
    } figures[] = {{"offset_us", UNIT_DURATION},
                   {"measured_us", UNIT_DURATION},
                   {"exit", UNIT_COUNT}};
    const cJSON *reports = text_find(merge, "reports");
    const cJSON *report;
    int index = 0;

    html_table(html, "Merged reports", headings, array_length(headings));
    cJSON_ArrayForEach(report, reports)
    {
        char prefix[40];
        if (!html_takes_row(html)) {
            break;
        }
        snprintf(prefix, sizeof(prefix), "merge.reports[%d].", index++);
        html_add(html, "<tr><th scope=\"row\">");
        html_text(html, text_string(report, "file"));
        html_add(html, "</th><td>");
        html_text(html, text_string(report, "target"));
        html_add(html, "</td>");
        for (size_t i = 0; i < array_length(figures); i++) {
            html_add(html, "<td class=\"n\">");
            html_figure(html, (struct html_place){report, prefix},
                        figures[i].path, figures[i].unit, "not measured");
            html_add(html, "</td>");
        }
        html_add(html, "<td>");
        html_text(html, text_string(report, "verdict"));
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(reports));
}

static void add_not_merged(struct html *html, const cJSON *merge)
{
    const cJSON *list = text_find(merge, "not_merged");
    const cJSON *one;

    html_add(html, "<details><summary>What reports have and their merge has "
                   "not, or not in full</summary>\n<ul>\n");
    html_list(html);
    cJSON_ArrayForEach(one, list)
    {
        if (html_takes_row(html)) {
            html_add(html, "<li><code>");
            html_text(html, text_string(one, "path"));
            html_add(html, "</code>: ");
            html_text(html, text_string(one, "reason"));
            html_add(html, "</li>\n");
        }
    }
    html_add(html, "</ul></details>\n");
    html_left_out(html, cJSON_GetArraySize(list));
}

void html_merge(struct html *html)
{
    const cJSON *merge = text_find(html->document, "merge");
    const cJSON *text;
    struct html_place whole = {html->document, ""};
    int shown = 0;

    if (!cJSON_IsObject(merge)) {
        return;
    }
    html_section(html, "merge", "Merged");
    html_add(html, "<p>The runs cover ");
    html_figure(html, whole, "merge.covered_us", UNIT_DURATION, "nothing");
    html_add(html, " together; they were at the same time for ");
    html_figure(html, whole, "merge.overlap_us", UNIT_DURATION, "nothing");
    html_add(html, ".</p>\n");
    add_reports(html, merge);
    html_add(html, "<ul>\n");
    html_list(html);
    cJSON_ArrayForEach(text, text_find(merge, "differences"))
    {
        shown++;
        if (html_takes_row(html)) {
            html_add(html, "<li class=\"warn\">Profiles differ: ");
            html_text(html, cJSON_GetStringValue(text));
            html_add(html, "</li>\n");
        }
    }
    html_add(html, shown ? "" : "<li>The profiles do not differ.</li>\n");
    html_add(html, "</ul>\n");
    html_left_out(html, shown);
    add_not_merged(html, merge);
    html_section_end(html);
}
