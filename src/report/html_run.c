/* The parts of the run, how squall itself did, and how to run it again. */
#include "base/json_print.h"
#include "base/must.h"
#include "report/html_sections.h"
#include "report/text_part.h"
#include "report/xml.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PROFILE_MAX = 28 * 1024, /* bytes of a profile, as markup */
    COMMAND_MAX = 6 * 1024,  /* the same of the command, as markup */
    PARTS_SHOWN = 40         /* requests, and phases */
};

static const struct {
    const char *title, *path;
    enum metric_unit unit;
} part_columns[] = {
    {">Started", "operations.started", UNIT_COUNT},
    {">Success", "success_rate", UNIT_RATIO},
    {">Goodput", "rates.goodput_per_s", UNIT_PER_S},
    {">p50", "latency.time_to_success.p50_us", UNIT_DURATION},
    {">p99", "latency.time_to_success.p99_us", UNIT_DURATION},
    {">Requests", "attempts.on_wire", UNIT_COUNT},
    {">Amplification", "amplification.attempts_per_operation", UNIT_FACTOR},
};

/* The tier that the profile gives the request of this name; NAN: none. */
static double tier_of(const struct html *html, const char *name)
{
    const cJSON *request;

    cJSON_ArrayForEach(request, text_find(html->document, "profile.requests"))
    {
        const char *this = text_string(request, "name");
        if (name && this && strcmp(name, this) == 0) {
            return text_number(request, "tier");
        }
    }
    return (double)NAN;
}

static void add_part(struct html *html, const cJSON *part, const char *prefix)
{
    struct html_place place = {part, prefix};
    const char *name = text_string(part, "name");
    double tier = tier_of(html, name);

    html_add(html, "<tr><th scope=\"row\">");
    html_text(html, name);
    if (!isnan(tier)) {
        html_addf(html, " <span class=\"soft\">tier %.0f</span>", tier);
    }
    html_add(html, "</th>");
    for (size_t i = 0; i < array_length(part_columns); i++) {
        html_add(html, "<td class=\"n\">");
        html_figure(html, place, part_columns[i].path, part_columns[i].unit,
                    part_columns[i].unit == UNIT_DURATION
                        ? html_missing_time(part)
                        : "-");
        html_add(html, "</td>");
    }
    html_add(html, "</tr>\n");
}

static void add_parts(struct html *html, const char *member, const char *title)
{
    const char *headings[array_length(part_columns) + 1] = {""};
    const cJSON *list = text_find(html->document, member);
    const cJSON *part;
    int index = 0;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    for (size_t i = 0; i < array_length(part_columns); i++) {
        headings[i + 1] = part_columns[i].title;
    }
    html_addf(html, "<h3>%s</h3>\n", title);
    html_table(html, title, headings, array_length(headings));
    cJSON_ArrayForEach(part, list)
    {
        char prefix[48];
        snprintf(prefix, sizeof(prefix), "%s[%d].", member, index);
        if (index++ >= PARTS_SHOWN || !html_takes_row(html)) {
            break;
        }
        add_part(html, part, prefix);
    }
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(list));
}

void html_parts(struct html *html)
{
    html_section(html, "parts", "Parts of the run");
    add_parts(html, "requests", "Requests");
    add_parts(html, "phases", "Phases");
    html_section_end(html);
}

static void add_health(struct html *html)
{
    const cJSON *generator = text_find(html->document, "generator");

    if (cJSON_IsTrue(text_find(generator, "saturated"))) {
        html_add(html, "<p class=\"bad\"><strong>Saturated</strong>: a worker "
                       "had no time to spare.</p>\n");
    } else if (cJSON_IsTrue(text_find(generator, "too_late"))) {
        html_add(html, "<p class=\"bad\"><strong>Too late</strong>: it was "
                       "another load than the one asked for.</p>\n");
    } else if (cJSON_GetArraySize(text_find(generator, "warnings")) > 0) {
        html_add(html, "<p class=\"warn\"><strong>Usable</strong>, with what "
                       "follows in mind.</p>\n");
    } else {
        html_add(html, "<p class=\"good\"><strong>Healthy</strong></p>\n");
    }
}

void html_generator(struct html *html)
{
    static const struct {
        const char *title, *path;
        enum metric_unit unit;
    } figures[] = {
        {"Busiest worker, of a core", "cpu_share", UNIT_RATIO},
        {"Started late by, p99", "schedule_lag.p99_us", UNIT_DURATION},
        {"Started late by, max", "schedule_lag.max_us", UNIT_DURATION},
        {"Dropped at a limit of its own", "dropped", UNIT_COUNT},
        {"Longest time without a look", "stall_max_us", UNIT_DURATION},
        {"Waited for a CPU", "cpu_wait_us", UNIT_DURATION},
    };
    const cJSON *generator = text_find(html->document, "generator");
    struct html_place place = {generator, "generator."};
    const cJSON *warning;

    html_section(html, "generator", "How squall itself did");
    add_health(html);
    html_add(html, "<ul class=\"plain\">");
    html_list(html);
    cJSON_ArrayForEach(warning, text_find(generator, "warnings"))
    {
        if (cJSON_IsString(warning) && html_takes_row(html)) {
            html_add(html, "<li><span class=\"warn\">•</span> ");
            html_text(html, warning->valuestring);
            html_add(html, "</li>\n");
        }
    }
    html_add(html, "</ul>\n");
    html_left_out(html, cJSON_GetArraySize(text_find(generator, "warnings")));
    html_add(html, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < array_length(figures); i++) {
        html_addf(html, "<div><dt>%s</dt><dd>", figures[i].title);
        html_figure(html, place, figures[i].path, figures[i].unit,
                    "not measured");
        html_add(html, "</dd></div>\n");
    }
    html_add(html, "</dl>\n");
    html_section_end(html);
}

/* As a word of a shell: quoted where it has to be. */
static void append_word(struct str *out, const char *word)
{
    static const char plain[] = "-_./:=,@%+";
    bool is_plain = *word != '\0';

    for (const char *c = word; *c; c++) {
        is_plain &= isalnum((unsigned char)*c) || strchr(plain, *c);
    }
    if (is_plain) {
        str_append(out, word);
        return;
    }
    str_append_char(out, '\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'') {
            str_append(out, "'\\''");
        } else {
            str_append_char(out, *c);
        }
    }
    str_append_char(out, '\'');
}

void html_command(struct html *html)
{
    const cJSON *argv = text_find(html->document, "run.argv");
    const cJSON *word;
    struct str line = STR_INIT;

    cJSON_ArrayForEach(word, argv)
    {
        if (cJSON_IsString(word) && line.length < COMMAND_MAX) {
            str_append(&line, line.length > 0 ? " " : "");
            append_word(&line, word->valuestring);
        }
    }
    if (line.length > 0) {
        html_add(html, "<h3>Command</h3>\n<pre>");
        bool is_cut =
            xml_escape_within(html->out, line.text, COMMAND_MAX) < line.length;
        html_add(html, is_cut ? "…</pre>\n" : "</pre>\n");
    }
    str_release(&line);
}

/* JSON of our own printing: its line breaks stay. Returns whether all of it
 * had room. */
static bool add_lines(struct html *html, char *text)
{
    size_t start = html->out->length;

    for (char *line = text; line;) {
        size_t used = html->out->length - start;
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        if (used > PROFILE_MAX ||
            xml_escape_within(html->out, line, PROFILE_MAX - used) <
                strlen(line)) {
            return false;
        }
        html_add(html, end ? "\n" : "");
        line = end ? end + 1 : NULL;
    }
    return true;
}

static void add_profile(struct html *html)
{
    const cJSON *profile = text_find(html->document, "profile");
    struct str json = STR_INIT;

    if (!cJSON_IsObject(profile)) {
        return;
    }
    json_print(&json, profile, false);
    html_add(html, "<details><summary>Profile, as it was merged and resolved"
                   "</summary>\n<pre>");
    bool is_whole = add_lines(html, json.text);
    html_add(html, !is_whole
                       ? "…</pre>\n<p class=\"soft\">The JSON report has "
                         "all of it.</p>\n"
                       : "</pre>\n");
    html_add(html, "</details>\n");
    str_release(&json);
}

static void add_fact(struct html *html, const char *title, const char *path)
{
    const char *text = text_string(html->document, path);

    if (text) {
        html_addf(html, "<dt>%s</dt><dd>", title);
        html_text(html, text);
        html_add(html, "</dd>\n");
    }
}

void html_profile(struct html *html)
{
    struct html_place whole = {html->document, ""};

    html_section(html, "profile", "Run it again");
    html_command(html);
    add_profile(html);
    html_add(html, "<dl class=\"facts\">\n");
    add_fact(html, "Run", "run.id");
    add_fact(html, "Seed", "run.seed");
    add_fact(html, "Started", "run.started_at");
    html_add(html, "<dt>Took</dt><dd>");
    html_figure(html, whole, "run.duration_us", UNIT_DURATION, "unknown");
    html_add(html, "</dd>\n<dt>Threads</dt><dd>");
    html_figure(html, whole, "run.threads", UNIT_COUNT, "unknown");
    html_add(html, "</dd>\n");
    add_fact(html, "Engine", "run.engine");
    add_fact(html, "squall", "tool.version");
    add_fact(html, "Build", "tool.build");
    add_fact(html, "Libraries", "tool.libcurl");
    html_add(html, "</dl>\n");
    html_section_end(html);
}
