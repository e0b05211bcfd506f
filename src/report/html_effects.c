/* Effects: what was promised against what was done, and what happened to some
 * of the operations that offend; and what became of dead letters. */
#include "base/must.h"
#include "measure/effect_figures.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES_SHOWN = 8, ATTEMPTS_SHOWN = 16, FLAGS_SHOWN = 8, COUNTS = 3 };

static const struct {
    const char *member, *words;
} offences[] = {
    {"duplicate", "performed more than once"},
    {"lost", "succeeded and not performed"},
    {"phantom", "rejected or shed, and performed"},
};

/* A class that breaks what was promised: how often, its share or what that is
 * below, or why nothing can be said. */
static void add_offence(struct html *html, const cJSON *effects,
                        const char *member, const char *words)
{
    struct html_place place = {effects, "effects."};
    char path[64];
    double count = text_number(effects, member);

    snprintf(path, sizeof(path), "unjudged.%s", member);
    const char *why = text_string(effects, path);
    bool is_known = !why && !isnan(count);
    html_addf(html, "<tr><td class=\"sign %s\">%s</td><th scope=\"row\">%s",
              !is_known   ? "soft"
              : count > 0 ? "bad"
                          : "good",
              !is_known   ? "-"
              : count > 0 ? "✗"
                          : "✓",
              member);
    html_addf(html, "</th><td class=\"n\">");
    if (is_known) {
        html_figure(html, place, member, UNIT_COUNT, "not measured");
    } else {
        html_add(html, "<span class=\"none\">not judged</span>");
    }
    html_add(html, "</td><td class=\"n\">");
    if (is_known) {
        snprintf(path, sizeof(path), "%s.%s",
                 count > 0 ? "ratios" : "upper_bound_95", member);
        html_add(html, count > 0 ? "" : "&lt; ");
        html_figure(html, place, path, UNIT_RATIO, "-");
    }
    html_add(html, "</td><td class=\"text soft\">");
    html_text(html, why ? why : words);
    html_add(html, "</td></tr>\n");
}

static void add_offences(struct html *html, const cJSON *effects)
{
    static const char *const headings[] = {"", "Offence", ">Operations",
                                           ">Share", ""};

    html_table(html, "Offences", headings, array_length(headings));
    for (size_t i = 0; i < array_length(offences); i++) {
        add_offence(html, effects, offences[i].member, offences[i].words);
    }
    html_table_end(html);
}

static void add_table(struct html *html, const cJSON *effects)
{
    static const char *const headings[] = {"Verdict", ">No effect",
                                           ">One effect", ">Two or more"};
    const cJSON *table = text_find(effects, "table");

    if (!cJSON_IsObject(table)) {
        return;
    }
    html_table(html, "Effects by verdict", headings, array_length(headings));
    for (int v = 0; v < VERDICT_COUNT; v++) {
        enum verdict verdict = (enum verdict)v;
        const cJSON *row = text_find(table, verdict_name(verdict));
        html_addf(html, "<tr><th scope=\"row\">%s</th>",
                  verdict_name(verdict));
        for (int n = 0; n < COUNTS; n++) {
            const cJSON *item = cJSON_GetArrayItem(row, n);
            enum effect_class class = effect_class_of(verdict, (uint64_t)n);
            bool any = cJSON_IsNumber(item) && item->valuedouble > 0;
            char prefix[64];
            snprintf(prefix, sizeof(prefix), "effects.table.%s[%d]",
                     verdict_name(verdict), n);
            html_addf(html, "<td class=\"n %s\">",
                      any && effect_class_is_offence(class) ? "bad"
                      : any                                 ? ""
                                                            : "soft");
            html_figure(html, (struct html_place){item, prefix}, "",
                        UNIT_COUNT, "-");
            html_addf(html, "%s%s</td>", any ? " " : "",
                      any ? effect_class_words(class) : "");
        }
        html_add(html, "</tr>\n");
    }
    html_table_end(html);
}

/* How an attempt ended, in a row of the story of its operation. */
static void add_attempt(struct html *html, const cJSON *attempt,
                        const char *prefix)
{
    struct html_place place = {attempt, prefix};
    const char *fault = text_string(attempt, "fault");

    html_add(html, "<tr><td>");
    html_words(html, text_string(attempt, "kind"));
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "sent_us", UNIT_DURATION, "never sent");
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "done_us", UNIT_DURATION, "-");
    html_add(html, "</td><td>");
    html_words(html, text_string(attempt, "outcome"));
    if (text_number(attempt, "status") > 0) {
        html_addf(html, " %.0f", text_number(attempt, "status"));
    }
    html_add(html, "</td><td>");
    html_words(html, fault ? fault : "");
    html_add(html, "</td></tr>\n");
}

static void add_trace(struct html *html, const cJSON *example, int index)
{
    static const char *const headings[] = {"Attempt", ">Sent", ">Ended",
                                           "Outcome", "Injected fault"};
    const cJSON *trace = text_find(example, "trace");
    const cJSON *attempt;
    int count = 0;

    if (cJSON_GetArraySize(trace) == 0) {
        return;
    }
    html_table(html, "Attempts, by the time since it was meant to start",
               headings, array_length(headings));
    cJSON_ArrayForEach(attempt, trace)
    {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "effects.examples[%d].trace[%d].",
                 index, count);
        if (count++ >= ATTEMPTS_SHOWN || !html_takes_row(html)) {
            break;
        }
        add_attempt(html, attempt, prefix);
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(trace));
}

static void add_example(struct html *html, const cJSON *example, int index)
{
    const char *id = text_string(example, "id");
    const char *key = text_string(example, "key");
    const cJSON *flag;
    char prefix[48];
    int flags = 0;

    snprintf(prefix, sizeof(prefix), "effects.examples[%d].", index);
    struct html_place place = {example, prefix};
    html_addf(html, "<details%s><summary><strong class=\"bad\">",
              index == 0 ? " open=\"open\"" : "");
    html_words(html, text_string(example, "class"));
    html_add(html, "</strong> <code>");
    html_text(html, id);
    html_add(html, "</code>, ");
    html_text(html, text_string(example, "verdict"));
    html_add(html, ", ");
    html_figure(html, place, "effects", UNIT_COUNT, "?");
    html_add(html, " effects, ");
    html_figure(html, place, "attempts", UNIT_COUNT, "?");
    html_add(html, " attempts");
    cJSON_ArrayForEach(flag, text_find(example, "flags"))
    {
        if (cJSON_IsString(flag) && flags++ < FLAGS_SHOWN) {
            html_add(html, ", ");
            html_words(html, flag->valuestring);
        }
    }
    html_add(html, "</summary>\n");
    if (key && !(id && strcmp(key, id) == 0)) {
        html_add(html, "<p class=\"soft\">key <code>");
        html_text(html, key);
        html_add(html, "</code></p>\n");
    }
    add_trace(html, example, index);
    html_add(html, "</details>\n");
}

static void add_examples(struct html *html, const cJSON *effects)
{
    const cJSON *examples = text_find(effects, "examples");
    const cJSON *example;
    int index = 0;

    if (cJSON_GetArraySize(examples) == 0) {
        return;
    }
    html_add(html, "<h3>Operations that offend</h3>\n");
    html_list(html);
    cJSON_ArrayForEach(example, examples)
    {
        if (index == EXAMPLES_SHOWN || !html_takes_row(html)) {
            break;
        }
        /* The table of its attempts is a list within this one. */
        struct html_list list = html->list;
        add_example(html, example, index++);
        html->list = list;
    }
    html_left_out(html, cJSON_GetArraySize(examples));
}

/* By what the effects were known. */
static void add_oracle(struct html *html, const cJSON *effects)
{
    const char *oracle = text_string(effects, "oracle");
    const char *problem = text_string(effects, "problem");
    struct html_place place = {effects, "effects."};

    html_add(html, "<p>");
    if (!oracle || strcmp(oracle, "none") == 0) {
        html_add(html, "Not measured: there was no ledger to read, and no "
                       "answer names an effect.");
    } else if (strcmp(oracle, "unverified") == 0) {
        html_add(html, "<span class=\"bad\">Unverified: the ledger could not "
                       "be relied on.</span>");
    } else {
        html_figure(html, place, "operations_checked", UNIT_COUNT, "no");
        html_add(html, " operations checked against ");
        html_add(html, strcmp(oracle, "ledger") == 0
                           ? "the ledger, which has "
                           : "what answers name; effects: ");
        html_figure(html, place, "total_effects", UNIT_COUNT, "not measured");
        html_add(html,
                 strcmp(oracle, "ledger") == 0 ? " effects of them." : ".");
    }
    if (problem) {
        html_add(html, " <span class=\"warn\">");
        html_text(html, problem);
        html_add(html, "</span>");
    }
    html_add(html, "</p>\n");
}

void html_effects(struct html *html)
{
    const cJSON *effects = text_find(html->document, "effects");
    struct html_place place = {effects, "effects."};

    html_section(html, "effects", "Effects: what was promised, and done");
    add_oracle(html, effects);
    if (text_number(effects, "operations_checked") > 0) {
        add_offences(html, effects);
        html_add(html, "<p>");
        html_figure(html, place, "delivered_lost_responses", UNIT_COUNT,
                    "An unknown number of");
        html_add(html, " responses were lost after delivery; a run that lost "
                       "none proves nothing of keys.</p>\n");
        add_table(html, effects);
        add_examples(html, effects);
    }
    html_section_end(html);
}

static void add_counts(struct html *html, const char *title, const char *path)
{
    const char *const headings[] = {title, ">Dead letters"};
    const cJSON *map = text_find(html->document, path);
    const cJSON *item;
    char prefix[64];

    if (!cJSON_IsObject(map)) {
        return;
    }
    snprintf(prefix, sizeof(prefix), "%s.", path);
    html_add(html, "<div>");
    html_table(html, title, headings, array_length(headings));
    cJSON_ArrayForEach(item, map)
    {
        if (!html_takes_row(html)) {
            break;
        }
        html_add(html, "<tr><th scope=\"row\">");
        html_words(html, item->string);
        html_add(html, "</th><td class=\"n\">");
        html_figure(html, (struct html_place){map, prefix}, item->string,
                    UNIT_COUNT, "-");
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(map));
    html_add(html, "</div>\n");
}

void html_replay(struct html *html)
{
    static const struct {
        const char *member, *words;
    } counts[] = {
        {"dead_letters", "dead letters"},
        {"sent", "sent again"},
        {"unstarted", "not sent"},
        {"still_unresolved", "still unresolved"},
        {"still_open", "not succeeded yet"},
    };
    const cJSON *replay = text_find(html->document, "replay");
    struct html_place place = {replay, "replay."};

    if (!cJSON_IsObject(replay)) {
        return;
    }
    html_section(html, "replay", "Dead letters");
    html_add(html, "<p><code>");
    html_text(html, text_string(replay, "file"));
    html_add(html, "</code></p>\n<ul class=\"remarks\">");
    for (size_t i = 0; i < array_length(counts); i++) {
        html_add(html, "<li>");
        html_figure(html, place, counts[i].member, UNIT_COUNT, "?");
        html_addf(html, " %s</li>", counts[i].words);
    }
    html_add(html, "</ul>\n<div class=\"plots\">\n");
    add_counts(html, "Verdict before", "replay.earlier");
    add_counts(html, "Verdict over all runs", "replay.verdicts");
    add_counts(html, "Effects", "replay.resolved");
    add_counts(html, "Effects of the ambiguous", "replay.ambiguous_resolved");
    html_add(html, "</div>\n");
    html_section_end(html);
}
