/* The beginning of the HTML report: the verdict and why, the SLOs, and the
 * figures that matter most. */
#include "base/must.h"
#include "measure/result.h"
#include "report/html_sections.h"
#include "report/slo_words.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ERRORS_SHOWN = 2 };

const char *html_verdict_class(const cJSON *document)
{
    static const enum style styles[RUN_VERDICT_COUNT] = {
#define RUN_VERDICT(id, name, exit_status, style, problem, sentence) \
    [RUN_##id] = STYLE_##style,
#include "measure/run_verdict.def"
#undef RUN_VERDICT
    };
    const char *name = text_string(document, "verdict");
    enum run_verdict verdict;

    if (!name || !run_verdict_find(name, &verdict)) {
        return "warn";
    }
    return styles[verdict] == STYLE_BAD    ? "bad"
           : styles[verdict] == STYLE_WARN ? "warn"
                                           : "good";
}

/* "2 of 4 SLOs missed, 1 cannot be judged" */
static void add_slo_summary(struct html *html)
{
    const cJSON *slos = text_find(html->document, "slo");
    const cJSON *slo;
    int count = cJSON_GetArraySize(slos), missed = 0, undecided = 0;

    cJSON_ArrayForEach(slo, slos)
    {
        undecided += slo_words_undecided(slo);
        missed += !slo_words_passes(slo) && !slo_words_undecided(slo);
    }
    if (count == 0) {
        html_add(html, text_find(html->document, "merge")
                           ? "each run was judged by its own SLOs"
                           : "no SLO was asked for");
        return;
    }
    html_addf(html, "%d of %d SLO%s %s", missed ? missed : count - undecided,
              count, count == 1 ? "" : "s", missed ? "missed" : "met");
    if (undecided > 0) {
        html_addf(html, ", %d cannot be judged", undecided);
    }
}

/* The profiles that were merged, or the name that the profile has. */
static void add_profiles(struct html *html)
{
    const char *name = text_string(html->document, "profile.name");
    const cJSON *profile;
    int shown = 0;

    html_list(html);
    cJSON_ArrayForEach(profile, text_find(html->document, "run.profiles"))
    {
        if (cJSON_IsString(profile) && html_takes_row(html)) {
            html_add(html, shown++ ? " + " : "");
            html_text(html, profile->valuestring);
        }
    }
    if (shown == 0 && name) {
        html_text(html, name);
    }
}

static void add_facts(struct html *html)
{
    struct html_place whole = {html->document, ""};
    const char *target = text_string(html->document, "run.target");

    html_add(html, "<p class=\"soft\">");
    add_profiles(html);
    if (target) {
        html_add(html, " → ");
        html_text(html, target);
        html_add(html,
                 cJSON_IsTrue(text_find(html->document, "run.embedded_target"))
                     ? " (embedded target)"
                     : "");
    }
    html_add(html, " · ");
    html_figure(html, whole, "run.measured_us", UNIT_DURATION, "nothing");
    html_add(html, " measured · started ");
    html_text(html, text_string(html->document, "run.started_at"));
    html_add(html, " · exit status ");
    html_figure(html, whole, "run.exit", UNIT_COUNT, "unknown");
    html_add(html, "</p>\n");
}

/* What a reader is to know before all figures. */
static void begin_remark(struct html *html, const char *class)
{
    html_addf(html, "<li><span class=\"%s\">•</span> ", class);
}

static void add_offences(struct html *html)
{
    static const struct {
        const char *member, *words;
    } classes[] = {
        {"effects.duplicate", "performed more than once"},
        {"effects.lost", "acknowledged and not performed"},
        {"effects.phantom", "rejected or shed, and performed"},
    };
    struct html_place whole = {html->document, ""};

    for (size_t i = 0; i < array_length(classes); i++) {
        if (text_number(html->document, classes[i].member) > 0) {
            begin_remark(html, "bad");
            html_figure(html, whole, classes[i].member, UNIT_COUNT, "");
            html_addf(html, " operations were %s.</li>\n", classes[i].words);
        }
    }
}

static void add_setbacks(struct html *html)
{
    const cJSON *recovery;
    int index = 0, shown = 0;

    cJSON_ArrayForEach(recovery, text_find(html->document, "recovery"))
    {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "recovery[%d].", index++);
        struct html_place place = {recovery, prefix};
        bool is_lasting = cJSON_IsTrue(text_find(recovery, "metastable"));
        double depth = text_number(recovery, "depth");
        if (shown >= ERRORS_SHOWN || (!is_lasting && !(depth > 0.005))) {
            continue;
        }
        shown++;
        begin_remark(html, is_lasting ? "bad" : "warn");
        html_words(html, text_string(recovery, "after"));
        html_add(html, ": ");
        html_figure(html, place, "depth", UNIT_RATIO, "an unknown share");
        html_add(html, " of what succeeded in time was gone at the worst; ");
        if (is_lasting) {
            html_add(html, "the service never came back.</li>\n");
        } else if (text_number(recovery, "time_to_recover_us") > 0) {
            html_add(html, "the service was back ");
            html_figure(html, place, "time_to_recover_us", UNIT_DURATION, "");
            html_add(html, " after it.</li>\n");
        } else if (text_number(recovery, "time_to_recover_us") == 0) {
            html_add(html, "the service was back at once after it.</li>\n");
        } else {
            html_add(html, "recovery was not measured.</li>\n");
        }
    }
}

static void add_commonest(struct html *html)
{
    const cJSON *error;
    int index = 0;

    cJSON_ArrayForEach(error, text_find(html->document, "errors"))
    {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "errors[%d].", index);
        struct html_place place = {error, prefix};
        const char *words = text_string(error, "text");
        if (index++ == ERRORS_SHOWN) {
            break;
        }
        begin_remark(html, "warn");
        html_figure(html, place, "count", UNIT_COUNT, "?");
        html_add(html, " requests ended as ");
        html_words(html, text_string(error, "outcome"));
        if (text_number(error, "status") > 0) {
            html_addf(html, " %.0f", text_number(error, "status"));
        }
        html_add(html, ", from ");
        html_figure(html, place, "first_us", UNIT_DURATION, "unknown");
        html_add(html, " to ");
        html_figure(html, place, "last_us", UNIT_DURATION, "unknown");
        if (words) {
            html_add(html, ": ");
            html_text(html, words);
        }
        html_add(html, "</li>\n");
    }
}

static void add_distrust(struct html *html)
{
    const cJSON *generator = text_find(html->document, "generator");
    const cJSON *first =
        cJSON_GetArrayItem(text_find(generator, "warnings"), 0);

    if (cJSON_IsString(first)) {
        begin_remark(html, "warn");
        html_text(html, first->valuestring);
        html_add(html, "</li>\n");
    }
}

static void add_contents(struct html *html)
{
    static const struct {
        const char *id, *title;
    } parts[] = {
        {"time", "Over time"},          {"latency", "Latency"},
        {"load", "Requests sent"},      {"effects", "Effects"},
        {"errors", "Errors"},           {"parts", "Parts"},
        {"generator", "Squall itself"}, {"profile", "Run it again"},
    };

    html_add(html, "<nav aria-label=\"Contents\">");
    for (size_t i = 0; i < array_length(parts); i++) {
        html_addf(html, "<a href=\"#%s\">%s</a> ", parts[i].id,
                  parts[i].title);
    }
    html_add(html, "</nav>\n");
}

void html_head(struct html *html)
{
    const char *verdict = text_string(html->document, "verdict");
    const char *problem = text_string(html->document, "run.problem");
    bool is_replay = cJSON_IsObject(text_find(html->document, "replay"));

    html_addf(html, "<header>\n<p class=\"soft\">squall %s</p>\n<h1>",
              is_replay ? "replay" : "run");
    html_verdict(html, verdict ? verdict : "no verdict",
                 html_verdict_class(html->document));
    add_slo_summary(html);
    html_add(html, "</h1>\n");
    add_facts(html);
    if (problem) {
        html_add(html, "<p class=\"bad\">");
        html_text(html, problem);
        html_add(html, "</p>\n");
    }
    html_add(html, "<ul class=\"plain\">\n");
    add_offences(html);
    add_setbacks(html);
    add_commonest(html);
    add_distrust(html);
    html_add(html, "</ul>\n");
    add_contents(html);
    html_add(html, "</header>\n");
}

/* What was measured, or between what it lies where that decides nothing. */
static void add_measured(struct html *html, const cJSON *slo,
                         const char *prefix)
{
    struct str time = STR_INIT;
    enum metric_unit unit = text_unit(slo);
    const char *reason = text_string(slo, "reason");
    bool is_never = reason && strncmp(reason, "never", 5) == 0;

    struct html_place place = {slo, prefix};
    html_add(html, "<td class=\"n\">");
    if (slo_words_combined(slo)) {
        html_add(html, "</td>");
        return;
    }
    if (slo_words_undecided(slo)) {
        html_figure(html, place, "low", unit, "unknown");
        html_add(html, " to ");
        html_figure(html, place, "high", unit, "unknown");
    } else {
        html_figure(html, place, "value", unit,
                    is_never ? "never" : "not measured");
    }
    slo_words_time(&time, slo);
    html_add(html, time.text ? time.text : "");
    html_add(html, "</td>");
    str_release(&time);
}

/* How it was judged, its expression and, where there is one, the reason. */
static void add_row(struct html *html, const cJSON *slo, const char *prefix,
                    bool is_term)
{
    const char *reason = text_string(slo, "reason");
    const char *class = slo_words_undecided(slo) ? "warn"
                        : slo_words_passes(slo)  ? "good"
                                                 : "bad";

    html_addf(html, "<tr><td class=\"sign %s\">%s</td><th scope=\"row\"%s>",
              class,
              slo_words_undecided(slo) ? "?"
              : slo_words_passes(slo)  ? "✓"
                                       : "✗",
              is_term ? " class=\"term\"" : "");
    html_text(html, text_string(slo, "expr"));
    if (!slo_words_combined(slo) && (reason || slo_words_undecided(slo))) {
        html_add(html, "<br/><span class=\"soft\">");
        html_text(html, reason ? reason : "squall's own lateness decides it");
        html_add(html, "</span>");
    }
    html_add(html, "</th>");
    add_measured(html, slo, prefix);
    html_addf(html, "<td class=\"%s\">%s</td></tr>\n", class,
              slo_words_undecided(slo) ? "cannot be judged"
              : slo_words_passes(slo)  ? "met"
                                       : "missed");
}

/* One of several terms has a row for each of them, below its own. */
static void add_slo(struct html *html, const cJSON *slo, int index)
{
    const cJSON *term;
    char prefix[64];
    int number = 0;

    snprintf(prefix, sizeof(prefix), "slo[%d].", index);
    add_row(html, slo, prefix, false);
    cJSON_ArrayForEach(term, text_find(slo, "terms"))
    {
        snprintf(prefix, sizeof(prefix), "slo[%d].terms[%d].", index,
                 number++);
        add_row(html, term, prefix, true);
    }
}

/* Those that hold, or those that do not, which come first. */
static void add_judged(struct html *html, const cJSON *slos, bool hold)
{
    const cJSON *slo;
    int index = 0;

    cJSON_ArrayForEach(slo, slos)
    {
        if (slo_words_passes(slo) == hold && html_takes_row(html)) {
            add_slo(html, slo, index);
        }
        index++;
    }
}

void html_slos(struct html *html)
{
    static const char *const headings[] = {"", "SLO", ">Measured", "Judged"};
    const cJSON *slos = text_find(html->document, "slo");

    if (cJSON_GetArraySize(slos) == 0) {
        return;
    }
    html_section(html, "slo", "SLOs");
    html_table(html, "SLOs", headings, array_length(headings));
    add_judged(html, slos, false);
    add_judged(html, slos, true);
    html_table_end(html);
    html_left_out(html, cJSON_GetArraySize(slos));
    html_section_end(html);
}

/* A figure and one that goes with it. */
struct tile {
    const char *title, *path;
    enum metric_unit unit;
    const char *sub; /* words around the other, which is at %s */
    const char *sub_path;
    enum metric_unit sub_unit;
    const char *unjudged; /* why a 0 says nothing, where there is a reason */
};

static const struct tile tiles[] = {
    {"Success rate", "success_rate", UNIT_RATIO, "%s operations failed",
     "operations.failed", UNIT_COUNT, NULL},
    {"p99 to success", "latency.time_to_success.p99_us", UNIT_DURATION,
     "p50 %s", "latency.time_to_success.p50_us", UNIT_DURATION, NULL},
    {"Goodput", "rates.goodput_per_s", UNIT_PER_S, "%s were due",
     "rates.offered_per_s", UNIT_PER_S, NULL},
    {"Operations", "operations.started", UNIT_COUNT, "%s never started",
     "operations.dropped", UNIT_COUNT, NULL},
    {"Requests sent", "attempts.on_wire", UNIT_COUNT, "%s retries",
     "attempts.retries", UNIT_COUNT, NULL},
    {"Amplification", "amplification.attempts_per_operation", UNIT_FACTOR,
     "peak %s in a second", "amplification.peak_1s", UNIT_FACTOR, NULL},
    {"Duplicate effects", "effects.duplicate", UNIT_COUNT, "%s checked",
     "effects.operations_checked", UNIT_COUNT, "effects.unjudged.duplicate"},
    {"Lost effects", "effects.lost", UNIT_COUNT, "%s foreign",
     "effects.foreign", UNIT_COUNT, "effects.unjudged.lost"},
};

static void add_tile(struct html *html, const struct tile *tile)
{
    struct html_place whole = {html->document, ""};
    bool is_time = tile->unit == UNIT_DURATION;
    const char *missing =
        is_time ? html_missing_time(html->document) : "not measured";
    const char *hole = strstr(tile->sub, "%s");

    html_addf(html, "<div><dt>%s</dt><dd>", tile->title);
    if (tile->unjudged && text_string(html->document, tile->unjudged)) {
        html_add(html, "<span class=\"none\">not judged</span>");
    } else {
        html_figure(html, whole, tile->path, tile->unit, missing);
    }
    html_add(html, "</dd>");
    if (is_time || !isnan(text_number(html->document, tile->sub_path))) {
        html_addf(html, "<dd class=\"sub\">%.*s", (int)(hole - tile->sub),
                  tile->sub);
        html_figure(html, whole, tile->sub_path, tile->sub_unit, missing);
        html_addf(html, "%s</dd>", hole + 2);
    }
    html_add(html, "</div>\n");
}

void html_key_figures(struct html *html)
{
    html_section(html, "figures", "Key figures");
    html_add(html, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < array_length(tiles); i++) {
        add_tile(html, &tiles[i]);
    }
    html_add(html, "</dl>\n");
    html_section_end(html);
}
