/* Why attempts failed, and what the clients' own policies did. */
#include "base/must.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>

enum { TRANSITIONS_SHOWN = 40 };

void html_errors(struct html *html)
{
    static const char *const headings[] = {">Attempts", "Outcome", ">First",
                                           ">Last", "Text"};
    const cJSON *errors = text_find(html->document, "errors");
    const cJSON *error;
    int index = 0;

    html_section(html, "errors", "Errors");
    if (cJSON_GetArraySize(errors) == 0) {
        html_add(html, "<p>No attempt failed.</p>\n");
        html_section_end(html);
        return;
    }
    html_table(html, "Errors", headings, array_length(headings));
    cJSON_ArrayForEach(error, errors)
    {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "errors[%d].", index);
        struct html_place place = {error, prefix};
        index++;
        if (!html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><td class=\"n\">");
        html_figure(html, place, "count", UNIT_COUNT, "-");
        html_add(html, "</td><th scope=\"row\">");
        html_words(html, text_string(error, "outcome"));
        if (text_number(error, "status") > 0) {
            html_addf(html, " %.0f", text_number(error, "status"));
        }
        html_add(html, "</th><td class=\"n\">");
        html_figure(html, place, "first_us", UNIT_DURATION, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "last_us", UNIT_DURATION, "-");
        html_add(html, "</td><td class=\"text\">");
        html_text(html, text_string(error, "text"));
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(errors));
    if (text_number(html->document, "errors_omitted") > 0) {
        html_add(html, "<p class=\"soft\">");
        html_figure(html, (struct html_place){html->document, ""},
                    "errors_omitted", UNIT_COUNT, "");
        html_add(html, " failed attempts of other kinds found no room."
                       "</p>\n");
    }
    html_section_end(html);
}

static const struct {
    const char *member, *name;
    enum figure_group group;
} layers[] = {
    {"rate_limit", "Rate limit", FIGURES_RATE_LIMIT},
    {"concurrency", "Concurrency limit", FIGURES_CONCURRENCY},
    {"throttle", "Throttle", FIGURES_THROTTLE},
    {"retry_budget", "Retry budget", FIGURES_BUDGET},
    {"hedge", "Hedge", FIGURES_HEDGE},
    {"breaker", "Breaker", FIGURES_BREAKER},
};

/* The changes of state, in the order of time. */
static void add_transitions(struct html *html, const cJSON *breaker)
{
    static const char *const headings[] = {">At", ">Client", "From", "To"};
    const cJSON *list = text_find(breaker, "transitions");
    const cJSON *item;
    int index = 0;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    html_add(html, "<details><summary>Transitions</summary>\n");
    html_table(html, "Transitions of breakers", headings,
               array_length(headings));
    cJSON_ArrayForEach(item, list)
    {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "policy.breaker.transitions[%d].",
                 index);
        struct html_place place = {item, prefix};
        if (index++ >= TRANSITIONS_SHOWN || !html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><td class=\"n\">");
        html_figure(html, place, "at_us", UNIT_DURATION, "-");
        html_add(html, "</td><td class=\"n\">");
        html_figure(html, place, "client", UNIT_COUNT, "-");
        html_add(html, "</td><td>");
        html_words(html, text_string(item, "from"));
        html_add(html, "</td><td>");
        html_words(html, text_string(item, "to"));
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    double omitted = text_number(breaker, "transitions_omitted");
    html_more(html, cJSON_GetArraySize(list) - html->list.rows +
                        (isnan(omitted) ? 0 : omitted));
    html_add(html, "</details>\n");
}

static void add_states(struct html *html)
{
    static const struct {
        const char *id, *title, *about, *member;
        enum chart_unit unit;
    } states[] = {
        {"breakers", "Breakers open", "clients, at the end of each interval",
         "breakers_open", CHART_COUNT},
        {"budget", "Retry budget", "the least that a client had left",
         "budget_level", CHART_NUMBER},
        {"limit", "Concurrency limit", "of a client, mean", "limit",
         CHART_NUMBER},
        {"hedges", "Hedges", "sent in each interval", "hedges", CHART_COUNT},
    };
    struct chart_series series;

    html_add(html, "<div class=\"plots\">\n");
    if (chart_series_make(&series, html)) {
        for (size_t i = 0; i < array_length(states); i++) {
            struct chart_frame frame = {.id = states[i].id,
                                        .title = states[i].title,
                                        .about = states[i].about,
                                        .height = CHART_HEIGHT,
                                        .y_unit = states[i].unit};
            chart_member(&series, &frame, states[i].member,
                         states[i].unit == CHART_COUNT ? UNIT_COUNT
                                                       : UNIT_FACTOR,
                         "line-ok");
        }
    }
    chart_series_free(&series);
    html_add(html, "</div>\n");
}

void html_policy(struct html *html)
{
    const cJSON *policy = text_find(html->document, "policy");
    bool any = false;

    for (size_t i = 0; i < array_length(layers); i++) {
        any |= cJSON_IsObject(text_find(policy, layers[i].member));
    }
    if (!any) {
        return;
    }
    html_section(html, "policy", "What the clients' own policies did");
    add_states(html);
    for (size_t i = 0; i < array_length(layers); i++) {
        const cJSON *block = text_find(policy, layers[i].member);
        char prefix[64];
        if (!cJSON_IsObject(block)) {
            continue;
        }
        snprintf(prefix, sizeof(prefix), "policy.%s.", layers[i].member);
        html_addf(html, "<h3>%s</h3>\n", layers[i].name);
        html_figures(html, layers[i].group,
                     (struct html_place){block, prefix});
        if (layers[i].group == FIGURES_BREAKER) {
            add_transitions(html, block);
        }
    }
    html_section_end(html);
}
