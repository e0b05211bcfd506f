/* What was done to the service from outside, and what came of it. */
#include "base/must.h"
#include "plan/plan.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <stdio.h>
#include <string.h>

/* "FAILED, status 3" */
static void add_outcome(struct html *html, struct html_place place)
{
    const char *name = text_string(place.object, "outcome");
    enum timeline_word word;

    if (!name || !timeline_word_find(name, &word)) {
        html_words(html, name);
        return;
    }
    bool is_bad = timeline_is_problem(word);
    html_addf(html, "<span%s>%s", is_bad ? " class=\"bad\"" : "",
              timeline_word_text(word));
    if (is_bad && text_number(place.object, "status") > 0) {
        html_add(html, " ");
        html_figure(html, place, "status", UNIT_COUNT, "");
    }
    html_add(html, "</span>");
}

static void add_action(struct html *html, const cJSON *entry, int index,
                       const char *member)
{
    const cJSON *action = text_find(entry, member);
    const char *why = text_string(action, "reason");
    char prefix[32];

    if (!cJSON_IsObject(action)) {
        return;
    }
    snprintf(prefix, sizeof(prefix), "timeline[%d].%s.", index, member);
    struct html_place place = {action, prefix};
    html_add(html, "<tr><th scope=\"row\">");
    html_text(html, text_string(entry, "name"));
    html_add(html, "</th><td>");
    html_text(html, strcmp(member, "end") == 0 ? member
                                               : text_string(entry, "kind"));
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "planned_us", UNIT_DURATION, "-");
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "started_us", UNIT_DURATION, "-");
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "ended_us", UNIT_DURATION, "-");
    html_add(html, "</td><td>");
    add_outcome(html, place);
    html_add(html, "</td><td class=\"text\">");
    html_text(html, why ? why : text_string(action, "output"));
    html_add(html, "</td></tr>\n");
}

void html_timeline(struct html *html)
{
    static const char *const headings[] = {
        "Entry", "What", ">Planned", ">Began", ">Over", "Outcome", "Output"};
    const cJSON *list = text_find(html->document, "timeline");
    const cJSON *entry;
    int index = 0;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    html_section(html, "timeline", "Timeline");
    html_table(html, "Timeline", headings, array_length(headings));
    cJSON_ArrayForEach(entry, list)
    {
        if (!html_takes_row(html)) {
            break;
        }
        add_action(html, entry, index, "begin");
        add_action(html, entry, index, "end");
        index++;
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(list));
    html_section_end(html);
}
