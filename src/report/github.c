#include "report/github.h"

#include "report/slo_words.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text within a command to the runner, which ends at the end of the line. */
static void put_data(struct str *out, const char *text)
{
    str_append_percent(out, text, "%\r\n");
}

static void begin_annotation(struct str *out, const char *level)
{
    str_printf(out, "::%s title=squall::", level);
}

static void annotate_slo(struct str *out, const cJSON *slo)
{
    const char *expression = text_string(slo, "expr");
    bool undecided = slo_words_undecided(slo);
    struct str measured = STR_INIT;

    if (slo_words_passes(slo)) {
        return;
    }
    begin_annotation(out, undecided ? "warning" : "error");
    put_data(out, expression ? expression : "?");
    str_append(out, undecided ? " cannot be judged: " : " is missed: ");
    slo_words_measured(&measured, slo);
    put_data(out, measured.text);
    str_append_char(out, '\n');
    str_release(&measured);
}

/* A gate of a comparison, or a check of an audit. */
static void annotate_failure(struct str *out, const char *what,
                             const char *words, const char *why)
{
    begin_annotation(out, "error");
    put_data(out, what ? what : "");
    str_append_char(out, ' ');
    put_data(out, words ? words : "");
    str_append(out, why[0] ? ": " : "");
    put_data(out, why);
    str_append_char(out, '\n');
}

static void annotate_gates(struct str *out, const cJSON *document)
{
    const cJSON *gate;

    cJSON_ArrayForEach(gate, text_find(document, "gates"))
    {
        if (cJSON_IsFalse(text_find(gate, "pass"))) {
            annotate_failure(out, text_string(gate, "option"),
                             text_string(gate, "expr"), "");
        }
    }
}

static void annotate_checks(struct str *out, const cJSON *document)
{
    const cJSON *check;

    cJSON_ArrayForEach(check, text_find(document, "checks"))
    {
        const char *verdict = text_string(check, "verdict");
        const char *observed = text_string(check, "observed");
        if (verdict && strcmp(verdict, "fail") == 0) {
            annotate_failure(out, text_string(check, "id"),
                             text_string(check, "title"),
                             observed ? observed : "");
        }
    }
}

/* The policy as it is comes first. */
static void annotate_capacity(struct str *out, const cJSON *document)
{
    const cJSON *searches = text_find(document, "searches");
    const char *end = text_string(searches ? searches->child : NULL, "end");

    if (end && strcmp(end, "never passes") == 0) {
        annotate_failure(out, "capacity", "none",
                         "no rate that was run meets the SLOs");
    }
}

static void annotate(const cJSON *document)
{
    const char *problem = text_string(document, "run.problem");
    struct str out = STR_INIT;
    const cJSON *slo;

    if (problem) {
        begin_annotation(&out, "error");
        put_data(&out, problem);
        str_append_char(&out, '\n');
    }
    cJSON_ArrayForEach(slo, text_find(document, "slo"))
    {
        /* Those of many runs have no judgement. */
        if (cJSON_IsObject(slo)) {
            annotate_slo(&out, slo);
        }
    }
    annotate_capacity(&out, document);
    annotate_gates(&out, document);
    annotate_checks(&out, document);
    fputs(out.text, stderr);
    str_release(&out);
}

static void append_summary(const cJSON *document, const char *path)
{
    const struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};
    FILE *summary = fopen(path, "ae");

    write_markdown(&input, &file);
    bool good = summary && fputs(file.buffer.text, summary) >= 0;
    int number = errno;
    if (summary && fclose(summary) != 0) {
        number = errno;
        good = false;
    }
    if (!good) {
        fprintf(stderr, "squall: the summary of the step, %s: %s\n", path,
                strerror(number));
    }
    str_release(&file.buffer);
}

void github_annotate(const cJSON *document)
{
    const char *is_there = getenv("GITHUB_ACTIONS");
    const char *path = getenv("GITHUB_STEP_SUMMARY");

    if (!is_there || strcmp(is_there, "true") != 0) {
        return;
    }
    annotate(document);
    if (path && path[0]) {
        append_summary(document, path);
    }
}
