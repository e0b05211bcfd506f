/* The HTML report of an audit: what each check came to, and of those that
 * failed what was sent and what the rule is. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_audit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum style style;
    bool is_explained;
} verdicts[] = {
#define AUDIT_VERDICT(id, name, style, is_explained) \
    {name, STYLE_##style, is_explained},
#include "report/audit_verdict.def"
#undef AUDIT_VERDICT
};

static const char *class_of(enum style style)
{
    switch (style) {
    case STYLE_GOOD:
        return "good";
    case STYLE_BAD:
        return "bad";
    case STYLE_WARN:
        return "warn";
    default:
        return "soft";
    }
}

/* What was sent and the rule, below what was observed. */
static void add_explanation(struct html *html, const cJSON *check)
{
    struct str sent = STR_INIT;

    text_audit_attempts(&sent, check);
    html_add(html, "<br/><span class=\"soft\">sent: ");
    html_text(html, sent.text);
    html_add(html, "<br/>rule: ");
    html_text(html, text_string(check, "expected"));
    html_add(html, "<br/>source: ");
    html_text(html, text_string(check, "source"));
    html_add(html, "</span>");
    str_release(&sent);
}

static void add_check(struct html *html, const cJSON *check)
{
    const char *verdict = text_string(check, "verdict");
    const char *class = "soft";
    bool is_explained = false;

    for (size_t i = 0; i < array_length(verdicts); i++) {
        if (verdict && strcmp(verdicts[i].name, verdict) == 0) {
            class = class_of(verdicts[i].style);
            is_explained = verdicts[i].is_explained;
        }
    }
    html_add(html, "<tr><td>");
    html_text(html, text_string(check, "id"));
    html_addf(html, "</td><td class=\"%s\">", class);
    html_text(html, verdict);
    html_add(html, "</td><th scope=\"row\">");
    html_text(html, text_string(check, "title"));
    html_add(html, "</th><td class=\"text\">");
    html_text(html, text_string(check, "observed"));
    if (is_explained) {
        add_explanation(html, check);
    }
    html_add(html, "</td></tr>\n");
}

/* An audit that was stopped, or whose first check could not be made, found
 * nothing, and did not pass. */
static void add_verdict(struct html *html)
{
    const cJSON *first =
        cJSON_GetArrayItem(text_find(html->document, "checks"), 0);
    const char *verdict = text_string(first, "verdict");

    if (text_number(html->document, "summary.fail") > 0) {
        html_verdict(html, "fail", "bad");
    } else if (!cJSON_IsTrue(text_find(html->document, "complete"))) {
        html_verdict(html, "incomplete", "warn");
    } else if (!verdict || strcmp(verdict, "skipped") == 0) {
        html_verdict(html, "invalid", "bad");
    } else {
        html_verdict(html, "pass", "good");
    }
}

static void add_head(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const char *stopped = text_string(html->document, "stopped");
    int shown = 0;

    html_add(html, "<header>\n<p class=\"soft\">squall audit</p>\n<h1>");
    add_verdict(html);
    for (size_t i = array_length(verdicts); i > 0; i--) {
        char path[64];
        snprintf(path, sizeof(path), "summary.%s", verdicts[i - 1].name);
        if (text_number(html->document, path) > 0) {
            html_add(html, shown++ ? ", " : "");
            html_figure(html, whole, path, UNIT_COUNT, "");
            html_addf(html, " %s", verdicts[i - 1].name);
        }
    }
    html_add(html, "</h1>\n<p class=\"soft\">");
    html_text(html, text_string(html->document, "target"));
    html_add(html, " · convention ");
    html_text(html, text_string(html->document, "convention"));
    html_add(html, " · effects read from ");
    html_words(html, text_string(html->document, "oracle"));
    html_add(html, " · started ");
    html_text(html, text_string(html->document, "started_at"));
    html_add(html, "</p>\n");
    if (stopped) {
        html_add(html, "<p class=\"bad\">It was stopped: ");
        html_text(html, stopped);
        html_add(html, "</p>\n");
    }
    html_add(html, "</header>\n<main>\n");
}

void html_audit(struct html *html)
{
    static const char *const headings[] = {"", "Verdict", "Check", "Observed"};
    const cJSON *checks = text_find(html->document, "checks");
    const cJSON *check;

    add_head(html);
    html_section(html, "checks", "Checks");
    html_table(html, "Checks", headings, array_length(headings));
    cJSON_ArrayForEach(check, checks)
    {
        if (html_takes_row(html)) {
            add_check(html, check);
        }
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(checks));
    html_section_end(html);
    html_add(html, "</main>\n");
}
