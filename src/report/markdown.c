/* The report as Markdown, for the summary of a CI job or a comment on a
 * change: the verdict, the SLOs, and the figures that the text begins with.
 * Nothing in a document can end a cell or begin markup of its own. */
#include "base/must.h"
#include "base/unicode.h"
#include "plan/plan.h"
#include "report/slo_words.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* What is said of a run, a row each where there is something to say. */
struct figure_row {
    const char *label, *path;
    enum metric_unit unit;
    bool if_any;       /* only where it is not 0 */
    const char *never; /* the count beside which a missing value is "never" */
    const char *unjudged; /* why a 0 says nothing, where there is a reason */
};

static const char times[] = "latency.time_to_success.count";

static const struct figure_row figure_rows[] = {
    {"Operations", "operations.started", UNIT_COUNT, false, NULL, NULL},
    {"Failed", "operations.failed", UNIT_COUNT, false, NULL, NULL},
    {"Never started", "operations.dropped", UNIT_COUNT, true, NULL, NULL},
    {"Success rate", "success_rate", UNIT_RATIO, false, NULL, NULL},
    {"Requests", "attempts.on_wire", UNIT_COUNT, false, NULL, NULL},
    {"Requests/s", "rates.attempts_per_s", UNIT_PER_S, false, NULL, NULL},
    {"Goodput", "rates.goodput_per_s", UNIT_PER_S, false, NULL, NULL},
    {"Time to success p50", "latency.time_to_success.p50_us", UNIT_DURATION,
     false, times, NULL},
    {"Time to success p90", "latency.time_to_success.p90_us", UNIT_DURATION,
     false, times, NULL},
    {"Time to success p99", "latency.time_to_success.p99_us", UNIT_DURATION,
     false, times, NULL},
    {"Time to success max", "latency.time_to_success.max_us", UNIT_DURATION,
     false, times, NULL},
    {"Retries", "attempts.retries", UNIT_COUNT, true, NULL, NULL},
    {"Hedges", "attempts.hedges", UNIT_COUNT, true, NULL, NULL},
    {"Amplification", "amplification.attempts_per_operation", UNIT_FACTOR,
     false, NULL, NULL},
    {"Exactly once", "effects.exactly_once", UNIT_COUNT, false, NULL, NULL},
    {"Duplicate effects", "effects.duplicate", UNIT_COUNT, false, NULL,
     "effects.unjudged.duplicate"},
    {"Lost effects", "effects.lost", UNIT_COUNT, false, NULL,
     "effects.unjudged.lost"},
    {"Phantom effects", "effects.phantom", UNIT_COUNT, false, NULL,
     "effects.unjudged.phantom"},
};

/* Text that may say anything, within a line. */
static void put(struct str *out, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = utf8_length(text, left);
        if (strchr("\\`*_[]|~#!", *text)) {
            str_append_char(out, '\\');
            str_append_char(out, *text);
        } else if (*text == '<' || *text == '>' || *text == '&') {
            str_append(out, *text == '<'   ? "&lt;"
                            : *text == '>' ? "&gt;"
                                           : "&amp;");
        } else if (isspace((unsigned char)*text)) {
            str_append_char(out, ' ');
        } else if (length == 0 || (unsigned char)*text < 0x20 ||
                   *text == 0x7f) {
            str_append_char(out, '?');
        } else {
            str_append_bytes(out, text, length);
        }
        length = length > 0 ? length : 1;
        text += length;
        left -= length;
    }
}

static void put_member(struct str *out, const cJSON *object, const char *path)
{
    const char *text = text_string(object, path);
    put(out, text ? text : "");
}

/* What a report was merged from. */
static void put_merged(struct str *out, const cJSON *document)
{
    const cJSON *reports = text_find(document, "merge.reports");
    const cJSON *report;
    const char *between = "";

    if (cJSON_GetArraySize(reports) == 0) {
        return;
    }
    str_printf(out, "Merged from %d reports: ", cJSON_GetArraySize(reports));
    cJSON_ArrayForEach(report, reports)
    {
        str_append(out, between);
        put_member(out, report, "file");
        str_append(out, " (");
        put_member(out, report, "verdict");
        str_append(out, ")");
        between = ", ";
    }
    str_append(out, ".\n\n");
}

static void put_verdict(struct str *out, const cJSON *document,
                        const char *command)
{
    const char *verdict = text_string(document, "verdict");
    const char *problem = text_string(document, "run.problem");
    const char *target = text_string(document, "run.target");
    struct str word = STR_INIT;

    put(&word, verdict ? verdict : "no verdict");
    for (char *c = word.text; *c; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    str_printf(out, "### %s: squall %s", word.text, command);
    str_release(&word);
    if (target) {
        str_append(out, ", ");
        put(out, target);
    }
    str_append(out, "\n\n");
    if (problem) {
        put(out, problem);
        str_append(out, "\n\n");
    }
    put_merged(out, document);
}

static const char *judgement_of(const cJSON *slo)
{
    return slo_words_passes(slo)      ? "met"
           : slo_words_undecided(slo) ? "**cannot be judged**"
                                      : "**missed**";
}

static void put_slos(struct str *out, const cJSON *document)
{
    const cJSON *slos = text_find(document, "slo");
    const cJSON *slo;

    if (cJSON_GetArraySize(slos) == 0) {
        return;
    }
    str_append(out, "| SLO | Measured | |\n|:--|--:|:--|\n");
    cJSON_ArrayForEach(slo, slos)
    {
        struct str measured = STR_INIT;
        const char *remark = slo_words_remark(slo);
        str_append(out, "| ");
        put_member(out, slo, "expr");
        str_append(out, " | ");
        slo_words_measured(&measured, slo);
        put(out, measured.text);
        str_printf(out, " | %s", judgement_of(slo));
        if (remark) {
            str_append(out, ": ");
            put(out, remark);
        }
        str_append(out, " |\n");
        str_release(&measured);
    }
    str_append_char(out, '\n');
}

static void put_figures(struct str *out, const cJSON *document)
{
    str_append(out, "| Figure | |\n|:--|--:|\n");
    for (size_t i = 0; i < array_length(figure_rows); i++) {
        const struct figure_row *row = &figure_rows[i];
        double value = text_number(document, row->path);
        bool is_never = isnan(value) && row->never &&
                        text_number(document, row->never) > 0;
        if ((isnan(value) && !is_never) || (row->if_any && value == 0)) {
            continue;
        }
        const char *unjudged =
            row->unjudged ? text_string(document, row->unjudged) : NULL;
        str_printf(out, "| %s | ", row->label);
        if (unjudged && value == 0) {
            str_append(out, "not judged: ");
            put(out, unjudged);
        } else if (is_never) {
            str_append(out, "never");
        } else {
            text_format(out, row->unit, value);
        }
        str_append(out, " |\n");
    }
    str_append_char(out, '\n');
}

static void put_errors(struct str *out, const cJSON *document)
{
    const cJSON *errors = text_find(document, "errors");
    const cJSON *error;

    if (cJSON_GetArraySize(errors) == 0) {
        return;
    }
    str_append(out, "| Errors of requests | Outcome | Status | Text |\n"
                    "|--:|:--|:--|:--|\n");
    cJSON_ArrayForEach(error, errors)
    {
        double status = text_number(error, "status");
        str_append(out, "| ");
        text_format(out, UNIT_COUNT, text_number(error, "count"));
        str_append(out, " | ");
        put_member(out, error, "outcome");
        str_append(out, " | ");
        if (!isnan(status)) {
            str_printf(out, "%.0f", status);
        }
        str_append(out, " | ");
        put_member(out, error, "text");
        str_append(out, " |\n");
    }
    str_append_char(out, '\n');
}

/* When an action began, and what became of it. */
static void put_action(struct str *out, const cJSON *action)
{
    double at = text_number(action, "started_us");
    const char *name = text_string(action, "outcome");
    enum timeline_word word;
    bool is_bad =
        name && timeline_word_find(name, &word) && timeline_is_problem(word);

    str_append(out, " | ");
    if (cJSON_IsObject(action)) {
        text_format(out, UNIT_DURATION,
                    isnan(at) ? text_number(action, "planned_us") : at);
        str_append(out, is_bad ? ", **" : ", ");
        put(out, name ? name : "");
        str_append(out, is_bad ? "**" : "");
    }
}

static void put_timeline(struct str *out, const cJSON *document)
{
    const cJSON *list = text_find(document, "timeline");
    const cJSON *entry;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    str_append(out, "| Timeline | | Began | Ended |\n|:--|:--|:--|:--|\n");
    cJSON_ArrayForEach(entry, list)
    {
        str_append(out, "| ");
        put_member(out, entry, "name");
        str_append(out, " | ");
        put_member(out, entry, "kind");
        put_action(out, text_find(entry, "begin"));
        put_action(out, text_find(entry, "end"));
        str_append(out, " |\n");
    }
    str_append_char(out, '\n');
}

static void put_warnings(struct str *out, const cJSON *document)
{
    const cJSON *warning;
    bool any = false;

    cJSON_ArrayForEach(warning, text_find(document, "generator.warnings"))
    {
        if (cJSON_IsString(warning)) {
            str_append(out, "- ");
            put(out, warning->valuestring);
            str_append_char(out, '\n');
            any = true;
        }
    }
    if (any) {
        str_append_char(out, '\n');
    }
}

static void put_run(struct str *out, const cJSON *document)
{
    bool is_replay = cJSON_IsObject(text_find(document, "replay"));

    put_verdict(out, document, is_replay ? "replay" : "run");
    put_slos(out, document);
    put_figures(out, document);
    put_timeline(out, document);
    put_errors(out, document);
    put_warnings(out, document);
}

/* An audit that was stopped, or whose first check could not be made, found
 * nothing, and did not pass. */
static const char *verdict_of_audit(const cJSON *document)
{
    const cJSON *first = cJSON_GetArrayItem(text_find(document, "checks"), 0);
    const char *verdict = text_string(first, "verdict");

    if (text_number(document, "summary.fail") > 0) {
        return "FAIL";
    }
    if (!cJSON_IsTrue(text_find(document, "complete"))) {
        return "INCOMPLETE";
    }
    return !verdict || strcmp(verdict, "skipped") == 0 ? "INVALID" : "PASS";
}

static void put_audit(struct str *out, const cJSON *document)
{
    const char *stopped = text_string(document, "stopped");
    const cJSON *check;

    str_printf(out, "### %s: squall audit, ", verdict_of_audit(document));
    put_member(out, document, "target");
    if (stopped) {
        str_append(out, "\n\nIt was stopped: ");
        put(out, stopped);
    }
    str_append(out, "\n\n| Check | | Verdict | Observed |\n"
                    "|:--|:--|:--|:--|\n");
    cJSON_ArrayForEach(check, text_find(document, "checks"))
    {
        static const char *const members[] = {"id", "title", "verdict",
                                              "observed"};
        for (size_t i = 0; i < array_length(members); i++) {
            str_append(out, "| ");
            put_member(out, check, members[i]);
            str_append_char(out, ' ');
        }
        str_append(out, "|\n");
    }
    str_append_char(out, '\n');
}

static void put_median(struct str *out, const cJSON *variant,
                       const cJSON *measure)
{
    const char *name = text_string(measure, "name");
    const char *word = text_string(measure, "unit");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(
        text_find(variant, "median"), name ? name : "");
    enum metric_unit unit = UNIT_FACTOR;

    (void)(word && unit_find(word, &unit));
    str_append(out, " | ");
    if (cJSON_IsString(value)) {
        put(out, value->valuestring);
    } else {
        text_format(out, unit,
                    cJSON_IsNumber(value) ? value->valuedouble : (double)NAN);
    }
}

/* What was found of a variant beside the baseline, by measure. */
static const char *finding_of(const cJSON *document, const cJSON *variant,
                              const cJSON *measure)
{
    const char *name = text_string(variant, "name");
    const char *what = text_string(measure, "name");
    const cJSON *row;

    cJSON_ArrayForEach(row, text_find(document, "rows"))
    {
        const char *of = text_string(row, "variant");
        const char *by = text_string(row, "measure");
        if (name && what && of && by && strcmp(of, name) == 0 &&
            strcmp(by, what) == 0) {
            return text_string(row, "finding");
        }
    }
    return NULL;
}

/* What was asked of it, and what it comes to in sentences. */
static void put_outcome(struct str *out, const cJSON *document)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, text_find(document, "summary"))
    {
        if (cJSON_IsString(item)) {
            put(out, item->valuestring);
            str_append(out, "\n\n");
        }
    }
    if (cJSON_GetArraySize(text_find(document, "gates")) == 0) {
        return;
    }
    str_append(out, "| Gate | | |\n|:--|:--|:--|\n");
    cJSON_ArrayForEach(item, text_find(document, "gates"))
    {
        const cJSON *pass = text_find(item, "pass");
        str_append(out, "| ");
        put_member(out, item, "option");
        str_append(out, " | ");
        put_member(out, item, "expr");
        str_printf(out, " | %s |\n",
                   cJSON_IsTrue(pass)    ? "holds"
                   : cJSON_IsFalse(pass) ? "**fails**"
                                         : "not judged");
    }
    str_append_char(out, '\n');
}

static void put_comparison(struct str *out, const cJSON *document)
{
    bool is_saved = cJSON_IsTrue(text_find(document, "run.saved"));
    const cJSON *variants = text_find(document, "variants");
    const cJSON *variant;
    const cJSON *measure;

    put_verdict(out, document, "compare");
    put_outcome(out, document);
    str_append(out, is_saved ? "| Measure" : "| Median of the rounds");
    cJSON_ArrayForEach(variant, variants)
    {
        str_append(out, " | ");
        put_member(out, variant, "name");
    }
    str_append(out, " |\n|:--");
    for (int i = cJSON_GetArraySize(variants); i > 0; i--) {
        str_append(out, "|--:");
    }
    str_append(out, "|\n");
    cJSON_ArrayForEach(measure, text_find(document, "measures"))
    {
        str_append(out, "| ");
        put_member(out, measure, "title");
        cJSON_ArrayForEach(variant, variants)
        {
            const char *finding = finding_of(document, variant, measure);
            put_median(out, variant, measure);
            if (finding) {
                str_append(out, " (");
                put(out, finding);
                str_append_char(out, ')');
            }
        }
        str_append(out, " |\n");
    }
    str_append_char(out, '\n');
}

/* The ranking, with the medians of what decides. */
static void put_knockout(struct str *out, const cJSON *document)
{
    const cJSON *ranked;
    const cJSON *measure;

    put_verdict(out, document, "compare --all");
    put_outcome(out, document);
    str_append(out, "| Place | Strategy");
    cJSON_ArrayForEach(measure, text_find(document, "measures"))
    {
        if (cJSON_IsTrue(text_find(measure, "judged"))) {
            str_append(out, " | ");
            put_member(out, measure, "title");
        }
    }
    str_append(out, " | Dropped |\n|--:|:--");
    cJSON_ArrayForEach(measure, text_find(document, "measures"))
    {
        str_append(out,
                   cJSON_IsTrue(text_find(measure, "judged")) ? "|--:" : "");
    }
    str_append(out, "|:--|\n");
    cJSON_ArrayForEach(ranked, text_find(document, "ranking"))
    {
        str_printf(out, "| %.0f | ", text_number(ranked, "place"));
        put_member(out, ranked, "name");
        cJSON_ArrayForEach(measure, text_find(document, "measures"))
        {
            if (cJSON_IsTrue(text_find(measure, "judged"))) {
                put_median(out, ranked, measure);
            }
        }
        str_append(out, " | ");
        put_member(out, ranked, "dropped.reason");
        str_append(out, " |\n");
    }
    str_append_char(out, '\n');
}

static void put_sentences(struct str *out, const cJSON *sentences)
{
    const cJSON *sentence;

    cJSON_ArrayForEach(sentence, sentences)
    {
        if (cJSON_IsString(sentence)) {
            str_append(out, "- ");
            put(out, sentence->valuestring);
            str_append_char(out, '\n');
        }
    }
    str_append_char(out, '\n');
}

/* A list of sentences for each search. */
static void put_capacity(struct str *out, const cJSON *document)
{
    const cJSON *search;

    put_verdict(out, document, "capacity");
    cJSON_ArrayForEach(search, text_find(document, "searches"))
    {
        str_append(out, cJSON_IsTrue(text_find(search, "retries"))
                            ? "With the policy as it is:\n\n"
                            : "Without retries:\n\n");
        put_sentences(out, text_find(search, "summary"));
    }
    put_outcome(out, document);
}

/* And one for each policy. */
static void put_tip(struct str *out, const cJSON *document)
{
    const cJSON *variant;

    put_verdict(out, document, "tip");
    cJSON_ArrayForEach(variant, text_find(document, "variants"))
    {
        put_member(out, variant, "name");
        str_append(out, ":\n\n");
        put_sentences(out, text_find(variant, "summary"));
    }
    put_outcome(out, document);
}

void write_markdown(const struct writer_input *input, struct file_writer *file)
{
    struct str *out = &file->buffer;

    switch (document_kind_of(input->document)) {
    case DOCUMENT_AUDIT:
        put_audit(out, input->document);
        return;
    case DOCUMENT_COMPARISON:
        put_comparison(out, input->document);
        return;
    case DOCUMENT_KNOCKOUT:
        put_knockout(out, input->document);
        return;
    case DOCUMENT_CAPACITY:
        put_capacity(out, input->document);
        return;
    case DOCUMENT_TIP:
        put_tip(out, input->document);
        return;
    case DOCUMENT_DIFF: /* writer.def has no such row */
    case DOCUMENT_RUN:
    case DOCUMENT_KIND_COUNT:
        put_run(out, input->document);
        return;
    }
}
