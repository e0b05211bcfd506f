/* The HTML report of a knock-out: what is suggested and why, and the ranking
 * with the medians of what decides. */
#include "base/json_print.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <stdio.h>
#include <string.h>

enum { RANKED_SHOWN = 40, CRITERIA_SHOWN = HTML_COLUMNS_MAX - 3 };

static const cJSON *measure_of(const struct html *html, const char *name)
{
    const cJSON *measure;

    cJSON_ArrayForEach(measure, text_find(html->document, "measures"))
    {
        const char *own = text_string(measure, "name");
        if (own && strcmp(own, name) == 0) {
            return measure;
        }
    }
    return NULL;
}

static void add_head(struct html *html)
{
    struct html_place whole = {html->document, ""};

    html_many_begin(html, "squall compare --all");
    html_addf(html, "%d strategies",
              cJSON_GetArraySize(text_find(html->document, "ranking")));
    html_many_target(html);
    html_figure(html, whole, "method.rounds", UNIT_COUNT, "no");
    html_add(html, " rounds");
    html_many_end(html);
}

static void add_median(struct html *html, const cJSON *ranked, int index,
                       const char *criterion)
{
    const char *word = text_string(measure_of(html, criterion), "unit");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(
        text_find(ranked, "median"), criterion);
    enum metric_unit unit = UNIT_COUNT;
    char prefix[96];

    (void)(word && unit_find(word, &unit));
    snprintf(prefix, sizeof(prefix), "ranking[%d].median.%.40s", index,
             criterion);
    html_add(html, "<td class=\"n\">");
    if (cJSON_IsString(value)) {
        html_text(html, value->valuestring);
    } else {
        html_figure(html, (struct html_place){value, prefix}, "", unit, "-");
    }
    html_add(html, "</td>");
}

/* Calls for each criterion that is shown. */
static void add_criteria(struct html *html, const cJSON *ranked, int index)
{
    const cJSON *criterion;
    int shown = 0;

    cJSON_ArrayForEach(criterion, text_find(html->document, "method.criteria"))
    {
        if (!cJSON_IsString(criterion) || shown++ >= CRITERIA_SHOWN) {
            continue;
        }
        if (ranked) {
            add_median(html, ranked, index, criterion->valuestring);
        } else {
            html_add(html, "<th scope=\"col\" class=\"n\">");
            html_text(html,
                      text_string(measure_of(html, criterion->valuestring),
                                  "title"));
            html_add(html, "</th>");
        }
    }
}

static void add_ranked(struct html *html, const cJSON *ranked, int index)
{
    const char *reason = text_string(ranked, "dropped.reason");
    char prefix[32];

    snprintf(prefix, sizeof(prefix), "ranking[%d].", index);
    struct html_place place = {ranked, prefix};
    html_add(html, "<tr><td class=\"n\">");
    html_figure(html, place, "place", UNIT_COUNT, "-");
    html_add(html, "</td><th scope=\"row\">");
    html_text(html, text_string(ranked, "name"));
    html_add(html, "</th>");
    add_criteria(html, ranked, index);
    html_addf(html, "<td class=\"%s\">", reason ? "soft" : "good");
    if (reason) {
        html_add(html, "after ");
        html_figure(html, place, "dropped.rounds", UNIT_COUNT, "-");
        html_add(html, " rounds: ");
        html_text(html, reason);
    } else {
        html_add(html, "kept");
    }
    html_add(html, "</td></tr>\n");
}

static void add_ranking(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const cJSON *ranking = text_find(html->document, "ranking");
    const cJSON *ranked;
    int index = 0;

    html_section(html, "ranking", "Ranking");
    html_add(html, "<p class=\"soft\">Medians of the rounds. In at most ");
    html_figure(html, whole, "method.level", UNIT_RATIO, "-");
    html_add(html, " of knock-outs a strategy is dropped that none beats; who "
                   "is kept is not shown to be equal. It ended with: ");
    html_text(html, text_string(html->document, "method.end"));
    html_add(html, ".</p>\n<div class=\"scroll\" role=\"region\" "
                   "tabindex=\"0\" aria-label=\"Ranking\"><table>\n<thead>"
                   "<tr><th scope=\"col\" class=\"n\">Place</th>"
                   "<th scope=\"col\">Strategy</th>");
    add_criteria(html, NULL, 0);
    html_add(html, "<th scope=\"col\">Dropped</th></tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(ranked, ranking)
    {
        if (index < RANKED_SHOWN) {
            add_ranked(html, ranked, index);
        }
        index++;
    }
    html_table_end(html);
    html_more(html, cJSON_GetArraySize(ranking) - RANKED_SHOWN);
    html_section_end(html);
}

/* As squall compare --all -o writes it. */
static void add_suggestion(struct html *html)
{
    const cJSON *profile = text_find(html->document, "suggestion.profile");
    struct str json = STR_INIT;

    if (!cJSON_IsObject(profile)) {
        return;
    }
    json_print(&json, profile, false);
    html_section(html, "suggestion", "Suggested profile");
    html_add(html, "<pre>");
    html_text(html, json.text);
    html_add(html, "</pre>\n");
    html_section_end(html);
    str_release(&json);
}

void html_knockout(struct html *html)
{
    add_head(html);
    html_gates(html);
    add_ranking(html);
    add_suggestion(html);
    html_section(html, "profile", "Run it again");
    html_command(html);
    html_section_end(html);
    html_add(html, "</main>\n");
}
