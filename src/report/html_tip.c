/* The HTML report of a search for tipping points: up to which trigger the
 * service comes back under each policy, with the interval as a bar on one
 * scale, and every run. */
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VARIANTS_SHOWN = 16, RUNS_SHOWN = 60 };

/* A size in the unit of the trigger: "2.5 s", "4 times". */
static void add_size(struct html *html, struct html_place place,
                     const char *path)
{
    const char *unit = text_string(html->document, "trigger.unit");
    double size = text_number(place.object, path);
    struct str words = STR_INIT;

    if (isnan(size)) {
        html_add(html, "<span class=\"none\">not known</span>");
        return;
    }
    str_printf(&words, "%.3g %s", size, unit ? unit : "");
    html_data(html, place, path, size, words.text);
    str_release(&words);
}

static void add_head(struct html *html)
{
    struct html_place whole = {html->document, ""};

    html_many_begin(html, "squall tip");
    html_add(html, "what a service comes back from: ");
    html_text(html, text_string(html->document, "trigger.kind"));
    html_many_target(html);
    html_figure(html, whole, "rate_per_s", UNIT_PER_S, "no fixed rate");
    html_add(html, " · ");
    html_figure(html, whole, "trigger.before_us", UNIT_DURATION, "-");
    html_add(html, " before the trigger and ");
    html_figure(html, whole, "trigger.after_us", UNIT_DURATION, "-");
    html_add(html, " after it");
    html_many_end(html);
}

/* The largest size of any run, which all bars are drawn beside. */
static double largest_size(const cJSON *document)
{
    const cJSON *variant;
    const cJSON *run;
    double most = 0;

    cJSON_ArrayForEach(variant, text_find(document, "variants"))
    {
        cJSON_ArrayForEach(run, text_find(variant, "runs"))
        {
            double size = text_number(run, "size");
            most = isfinite(size) ? fmax(most, size) : most;
        }
    }
    return most;
}

/* Where the tip lies: a bar of its interval, one without an end to the edge.
 */
static void add_bar(struct html *html, const cJSON *variant, double most)
{
    double low = text_number(variant, "tip_low") / most;
    double high = text_number(variant, "tip_high") / most;
    double tip = text_number(variant, "tip") / most;

    if (!(low >= 0) || !(low <= 1)) {
        return;
    }
    high = high <= 1 ? high : 1;
    html_addf(html,
              "<svg class=\"bar\" width=\"100%%\" height=\"14\" "
              "aria-hidden=\"true\"><rect class=\"f-ok\" x=\"%.2f%%\" "
              "y=\"5\" width=\"%.2f%%\" height=\"4\"/>",
              low * 100, fmax(high - low, 0.004) * 100);
    if (tip >= 0 && tip <= 1) {
        html_addf(html,
                  "<circle class=\"f-ok\" cx=\"%.2f%%\" cy=\"7\" r=\"4\"/>",
                  tip * 100);
    }
    html_add(html, "</svg>");
}

static void add_tips(struct html *html)
{
    static const char *const headings[] = {
        "Policy",        ">Comes back up to",
        ">Tips at",      ">Tip, at least",
        ">Tip, at most", "From 0 to the largest that was run"};
    const cJSON *variants = text_find(html->document, "variants");
    const cJSON *variant;
    double most = largest_size(html->document);
    int index = 0;

    html_section(html, "tips", "Tipping points");
    html_table(html, "Tipping points", headings, array_length(headings));
    cJSON_ArrayForEach(variant, variants)
    {
        static const char *const members[] = {"back_up_to", "tip", "tip_low",
                                              "tip_high"};
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "variants[%d].", index);
        struct html_place place = {variant, prefix};
        if (index++ >= VARIANTS_SHOWN) {
            break;
        }
        html_add(html, "<tr><th scope=\"row\">");
        html_text(html, text_string(variant, "name"));
        html_add(html, "</th>");
        for (size_t i = 0; i < array_length(members); i++) {
            html_add(html, "<td class=\"n\">");
            add_size(html, place, members[i]);
            html_add(html, "</td>");
        }
        html_add(html, "<td class=\"bars\">");
        add_bar(html, variant, most);
        html_add(html, "</td></tr>\n");
    }
    html_table_end(html);
    html_more(html, cJSON_GetArraySize(variants) - VARIANTS_SHOWN);
    html_section_end(html);
}

static void add_run(struct html *html, struct html_place place)
{
    const cJSON *back = text_find(place.object, "back");

    html_add(html, "<tr><td class=\"n\">");
    add_size(html, place, "size");
    html_addf(html, "</td><td class=\"%s\">%s</td><td>",
              cJSON_IsTrue(back)    ? "good"
              : cJSON_IsFalse(back) ? "bad"
                                    : "soft",
              cJSON_IsTrue(back)    ? "came back"
              : cJSON_IsFalse(back) ? "stayed down"
                                    : "no telling");
    html_text(html, text_string(place.object, "phase"));
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "time_to_recover_us", UNIT_DURATION,
                cJSON_IsBool(back) ? "never" : "not known");
    html_add(html, "</td><td class=\"n\">");
    html_figure(html, place, "amplification", UNIT_FACTOR, "-");
    html_add(html, "</td></tr>\n");
}

static void add_variant(struct html *html, const cJSON *variant, int index)
{
    static const char *const headings[] = {">Size", "Run", "Phase",
                                           ">Back after", ">Amplification"};
    const cJSON *runs = text_find(variant, "runs");
    const cJSON *run;
    int shown = 0;

    html_add(html, "<h3>");
    html_text(html, text_string(variant, "name"));
    html_add(html, "</h3>\n");
    html_sentences(html, text_find(variant, "summary"));
    html_table(html, "Runs, in their order", headings, array_length(headings));
    cJSON_ArrayForEach(run, runs)
    {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "variants[%d].runs[%d].", index,
                 shown);
        if (shown++ >= RUNS_SHOWN || !html_takes_row(html)) {
            break;
        }
        add_run(html, (struct html_place){run, prefix});
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(runs));
}

void html_tip(struct html *html)
{
    const cJSON *variant;
    int index = 0;

    add_head(html);
    html_gates(html);
    add_tips(html);
    html_section(html, "runs", "Runs");
    cJSON_ArrayForEach(variant, text_find(html->document, "variants"))
    {
        if (index < VARIANTS_SHOWN) {
            add_variant(html, variant, index++);
        }
    }
    html_section_end(html);
    html_section(html, "profile", "Run it again");
    html_command(html);
    html_section_end(html);
    html_add(html, "</main>\n");
}
