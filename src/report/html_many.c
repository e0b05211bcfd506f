/* html_many: what the pages about many runs have in common. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"

void html_sentences(struct html *html, const cJSON *sentences)
{
    const cJSON *sentence;
    int shown = 0;

    cJSON_ArrayForEach(sentence, sentences)
    {
        if (cJSON_IsString(sentence) && shown++ < HTML_ROWS_MAX) {
            html_add(html, "<p>");
            html_text(html, sentence->valuestring);
            html_add(html, "</p>\n");
        }
    }
}

void html_many_begin(struct html *html, const char *command)
{
    const char *verdict = text_string(html->document, "verdict");

    html_addf(html, "<header>\n<p class=\"soft\">%s</p>\n<h1>", command);
    html_verdict(html, verdict ? verdict : "no verdict",
                 html_verdict_class(html->document));
}

void html_many_target(struct html *html)
{
    const char *target = text_string(html->document, "run.target");

    html_add(html, "</h1>\n<p class=\"soft\">");
    html_text(html,
              target ? target : "the embedded target, anew for every run");
    html_add(html, " · ");
}

void html_many_end(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const char *problem = text_string(html->document, "run.problem");

    html_add(html, " · started ");
    html_text(html, text_string(html->document, "run.started_at"));
    html_add(html, " · took ");
    html_figure(html, whole, "run.duration_us", UNIT_DURATION, "unknown");
    html_add(html, " · exit status ");
    html_figure(html, whole, "run.exit", UNIT_COUNT, "unknown");
    html_add(html, "</p>\n");
    if (problem) {
        html_add(html, "<p class=\"bad\">");
        html_text(html, problem);
        html_add(html, "</p>\n");
    }
    html_sentences(html, text_find(html->document, "summary"));
    html_add(html, "</header>\n<main>\n");
}

void html_gates(struct html *html)
{
    static const char *const headings[] = {"", "Gate", "", ""};
    const cJSON *gates = text_find(html->document, "gates");
    const cJSON *gate;
    int shown = 0;

    if (cJSON_GetArraySize(gates) == 0) {
        return;
    }
    html_section(html, "slo", "Gates");
    html_table(html, "Gates", headings, array_length(headings));
    cJSON_ArrayForEach(gate, gates)
    {
        const cJSON *pass = text_find(gate, "pass");
        const char *class = cJSON_IsTrue(pass)    ? "good"
                            : cJSON_IsFalse(pass) ? "bad"
                                                  : "soft";
        if (shown++ >= HTML_ROWS_MAX) {
            break;
        }
        html_addf(html, "<tr><td class=\"sign %s\">%s</td><th scope=\"row\">",
                  class,
                  cJSON_IsTrue(pass)    ? "✓"
                  : cJSON_IsFalse(pass) ? "✗"
                                        : "-");
        html_text(html, text_string(gate, "option"));
        html_add(html, " ");
        html_text(html, text_string(gate, "expr"));
        html_add(html, "</th><td class=\"soft\">");
        html_text(html, text_string(gate, "unseen")
                            ? text_string(gate, "unseen")
                            : "");
        html_addf(html, "</td><td class=\"%s\">%s</td></tr>\n", class,
                  cJSON_IsTrue(pass)    ? "holds"
                  : cJSON_IsFalse(pass) ? "fails"
                                        : "not judged");
    }
    html_table_end(html);
    html_section_end(html);
}
