/* Beginning and end of the report: what was run, and how it is judged. */
#include "report/text_part.h"

#include <math.h>
#include <string.h>

enum { EXPRESSION_COLUMNS = 36, NAME_COLUMNS = 60 };

static const char *verdict_of(const struct text *text)
{
    const char *verdict = text_string(text->document, "verdict");
    return verdict ? verdict : "unknown";
}

static void add_verdict_word(struct text *text)
{
    const char *verdict = verdict_of(text);
    if (strcmp(verdict, "pass") == 0) {
        pen_write(&text->pen, INK_GOOD, "PASS");
    } else if (strcmp(verdict, "fail") == 0) {
        pen_write(&text->pen, INK_BAD, "FAIL");
    } else if (strcmp(verdict, "invalid") == 0) {
        pen_write(&text->pen, INK_BAD, "INVALID");
    } else if (strcmp(verdict, "incomplete") == 0) {
        pen_write(&text->pen, INK_WARN, "INCOMPLETE");
    } else {
        pen_write(&text->pen, INK_WARN, "NO VERDICT");
    }
}

/* A value of the profile as it was written: a text with its unit, or a bare
 * number. False when it is not there. */
static bool add_setting(struct text *text, const char *path)
{
    const cJSON *item = text_find(text->document, path);
    if (cJSON_IsString(item)) {
        pen_foreign(&text->pen, INK_PLAIN, item->valuestring, 30);
        return true;
    }
    if (cJSON_IsNumber(item)) {
        text_figure(text, INK_PLAIN, FORM_COUNT, item->valuedouble);
        return true;
    }
    return false;
}

static void add_load(struct text *text)
{
    const cJSON *stages = text_find(text->document, "profile.load.stages");
    const char *model = text_string(text->document, "profile.load.model");
    bool has_rate = text_find(text->document, "profile.load.rate") != NULL;

    if (has_rate && !(model && strcmp(model, "closed") == 0)) {
        pen_write(&text->pen, INK_PLAIN, "open model, ");
        add_setting(text, "profile.load.rate");
    } else if (cJSON_GetArraySize(stages) > 0) {
        pen_write(&text->pen, INK_PLAIN, "open model, %d stages",
                  cJSON_GetArraySize(stages));
    } else {
        pen_write(&text->pen, INK_PLAIN, "closed model");
        if (text_find(text->document, "profile.load.connections")) {
            pen_write(&text->pen, INK_PLAIN, ", ");
            add_setting(text, "profile.load.connections");
            pen_write(&text->pen, INK_PLAIN, " connections");
        }
    }
}

void text_head(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *run = text_find(text->document, "run");
    const char *name = text_string(text->document, "profile.name");
    const char *target = text_string(run, "target");
    int room = pen->width - 9;

    pen_write(pen, INK_STRONG, "squall");
    if (name && name[0]) {
        pen_write(pen, INK_PLAIN, "  ");
        room -= 2 + pen_foreign(pen, INK_STRONG, name, pen->width / 3);
    }
    if (target) {
        pen_sign(pen, INK_FAINT, "  → ", "  to ");
        bool embedded = cJSON_IsTrue(text_find(run, "embedded_target"));
        room -= embedded ? 22 : 3;
        pen_foreign(pen, INK_PLAIN, target, room < 20 ? 20 : room);
        if (embedded) {
            pen_write(pen, INK_FAINT, " (embedded target)");
        }
    }
    text_newline(text);

    text_figure(text, INK_PLAIN, FORM_US, text_number(run, "measured_us"));
    pen_write(pen, INK_PLAIN, " measured%s", text_dot(text));
    add_load(text);
    double threads = text_number(run, "threads");
    pen_write(pen, INK_PLAIN, "%s%.0f thread%s%sseed ", text_dot(text),
              threads, threads < 1.5 ? "" : "s", text_dot(text));
    const char *seed = text_string(run, "seed");
    pen_foreign(pen, INK_PLAIN, seed ? seed : "-", 20);
    text_newline(text);
}

static enum form form_of_unit(const char *unit)
{
    static const char *const names[] = {
        [FORM_US] = "us",       [FORM_RATIO] = "ratio",
        [FORM_COUNT] = "count", [FORM_PER_S] = "per_s",
        [FORM_FACTOR] = "factor",
    };
    for (size_t i = 0; unit && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], unit) == 0) {
            return (enum form)i;
        }
    }
    return FORM_FACTOR;
}

/* Why an SLO has no value, behind it or, when that is too long, below. */
static void add_reason(struct text *text, const char *reason, int used)
{
    static const char words[] = "not measured: ";
    struct pen *pen = &text->pen;
    int length = (int)strlen(words);

    if (!reason) {
        reason = "no reason given";
    }
    /* Some of them say it themselves. */
    if (strncmp(reason, words, (size_t)length) == 0) {
        reason += length;
    }
    pen_write(pen, INK_BAD, "%s", words);
    if (used + length + pen_foreign_columns(pen, reason) <= pen->width) {
        pen_foreign(pen, INK_PLAIN, reason, -1);
        text_newline(text);
        return;
    }
    text_newline(text);
    pen_spaces(pen, 8);
    text_wrapped(text, INK_PLAIN, reason, 8);
}

static void add_slo(struct text *text, const cJSON *slo)
{
    struct pen *pen = &text->pen;
    bool pass = cJSON_IsTrue(text_find(slo, "pass"));
    const char *expression = text_string(slo, "expr");
    int columns = pen->width / 2 < EXPRESSION_COLUMNS ? pen->width / 2
                                                      : EXPRESSION_COLUMNS;

    if (pass) {
        pen_sign(pen, INK_GOOD, "  ✓ ", "  ok    ");
    } else {
        pen_sign(pen, INK_BAD, "  ✗ ", "  FAILS ");
    }
    pen_cell(pen, INK_PLAIN, expression ? expression : "?", columns);
    pen_write(pen, INK_PLAIN, "  ");
    double value = text_number(slo, "value");
    if (value == value) {
        text_figure(text, pass ? INK_PLAIN : INK_BAD,
                    form_of_unit(text_string(slo, "unit")), value);
        text_newline(text);
    } else {
        add_reason(text, text_string(slo, "reason"),
                   columns + (pen->unicode ? 6 : 10));
    }
}

void text_slos(struct text *text)
{
    const cJSON *slo;
    const cJSON *slos = text_find(text->document, "slo");

    str_append_char(text->pen.out, '\n');
    add_verdict_word(text);
    if (cJSON_GetArraySize(slos) == 0) {
        pen_write(&text->pen, INK_FAINT, "  no SLO was asked for");
    }
    text_newline(text);
    cJSON_ArrayForEach(slo, slos)
    {
        add_slo(text, slo);
    }
}

static void add_slo_summary(struct text *text)
{
    const cJSON *slos = text_find(text->document, "slo");
    const cJSON *slo;
    int count = cJSON_GetArraySize(slos);
    int failed = 0;

    cJSON_ArrayForEach(slo, slos)
    {
        failed += !cJSON_IsTrue(text_find(slo, "pass"));
    }
    if (count == 0) {
        pen_write(&text->pen, INK_PLAIN, "  no SLO was asked for");
    } else if (failed == 0) {
        pen_write(&text->pen, INK_PLAIN, "  %d of %d SLOs met", count, count);
    } else {
        pen_write(&text->pen, INK_PLAIN, "  %d of %d SLOs missed", failed,
                  count);
    }
}

void text_closing(struct text *text)
{
    struct pen *pen = &text->pen;
    const char *verdict = verdict_of(text);
    const char *problem = text_string(text->document, "run.problem");

    str_append_char(pen->out, '\n');
    add_verdict_word(text);
    if (strcmp(verdict, "invalid") == 0) {
        pen_write(pen, INK_PLAIN, "  the figures above cannot be trusted");
    } else if (strcmp(verdict, "incomplete") == 0) {
        pen_write(pen, INK_PLAIN, "  the run was interrupted");
    } else {
        add_slo_summary(text);
    }
    double exit_status = text_number(text->document, "run.exit");
    if (exit_status == exit_status) {
        pen_write(pen, INK_FAINT, "%sexit status %.0f", text_dot(text),
                  exit_status);
    }
    text_newline(text);
    if (problem) {
        pen_write(pen, INK_PLAIN, "  ");
        text_wrapped(text, INK_BAD, problem, 2);
    }
}
