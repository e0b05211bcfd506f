/* Sections on truth: what squall broke on purpose, and what the service did
 * against what it said. */
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS = 14, CELL_COLUMNS = 20, EXAMPLES_SHOWN = 3 };

void text_faults(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *fault;
    bool any = false;

    cJSON_ArrayForEach(fault, text_find(text->document, "faults"))
    {
        double injected = text_number(fault, "injected");
        double delivered = text_number(fault, "delivered");
        if (!(injected > 0)) {
            continue;
        }
        if (!any) {
            text_heading(text, "Faults");
            pen_write(pen, INK_FAINT, "        made by squall on purpose");
            text_newline(text);
            any = true;
        }
        pen_write(pen, INK_PLAIN, "  ");
        pen_cell(pen, INK_PLAIN, fault->string, NAME_COLUMNS);
        text_right(text, INK_PLAIN, FORM_COUNT, injected, 11);
        if (delivered == delivered) {
            pen_write(pen, INK_PLAIN, "  of which ");
            text_figure(text, INK_PLAIN, FORM_COUNT, delivered);
            pen_write(pen, INK_PLAIN, " after the service had it all");
        }
        text_newline(text);
    }
}

/* The words of the table in the manual, by verdict and number of effects. */
static const struct {
    const char *verdict;
    const char *classes[3];
} table_rows[] = {
    {"acked", {"lost", "exactly once", "duplicate"}},
    {"refused", {"clean", "phantom", "duplicate"}},
    {"ambiguous", {"not done", "done", "duplicate"}},
    {"shed", {"clean", "phantom", "duplicate"}},
};

static bool is_offence(const char *class)
{
    return strcmp(class, "lost") == 0 || strcmp(class, "duplicate") == 0 ||
           strcmp(class, "phantom") == 0;
}

static void add_table(struct text *text, const cJSON *table)
{
    static const char *const titles[] = {"no effect", "one effect",
                                         "two or more"};
    struct pen *pen = &text->pen;
    int cell = pen->width < 80 ? 14 : CELL_COLUMNS;

    pen_spaces(pen, NAME_COLUMNS + 2);
    for (size_t n = 0; n < 3; n++) {
        pen_write(pen, INK_FAINT, "%*s", cell, titles[n]);
    }
    text_newline(text);
    for (size_t v = 0; v < sizeof(table_rows) / sizeof(table_rows[0]); v++) {
        const cJSON *row = text_find(table, table_rows[v].verdict);
        pen_write(pen, INK_PLAIN, "  %-*s", NAME_COLUMNS,
                  table_rows[v].verdict);
        for (int n = 0; n < 3; n++) {
            const cJSON *item = cJSON_GetArrayItem(row, n);
            double count =
                cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
            const char *class = table_rows[v].classes[n];
            enum ink ink = !(count > 0)          ? INK_FAINT
                           : is_offence(class) ? INK_BAD
                                               : INK_PLAIN;
            struct str out = STR_INIT;
            text_format(&out, FORM_COUNT, count);
            if (count > 0) {
                str_printf(&out, " %s", class);
            }
            pen_right(pen, ink, out.text, cell);
            str_release(&out);
        }
        text_newline(text);
    }
}

/* One line a grave class: its count and share, or how sure the zero is. */
static void add_offence(struct text *text, const cJSON *effects,
                        const char *class, const char *sentence)
{
    struct pen *pen = &text->pen;
    char path[64];
    double count = text_number(effects, class);

    if (count > 0) {
        pen_sign(pen, INK_BAD, "  ✗ ", "  !! ");
        text_figure(text, INK_BAD, FORM_COUNT, count);
        pen_write(pen, INK_BAD, " %s", class);
        snprintf(path, sizeof(path), "ratios.%s", class);
    } else {
        pen_sign(pen, INK_GOOD, "  ✓ ", "  ok ");
        pen_write(pen, INK_PLAIN, "no %s", class);
        snprintf(path, sizeof(path), "upper_bound_95.%s", class);
    }
    pen_write(pen, INK_FAINT, "  %s%s", sentence,
              count > 0 ? ", " : ", below ");
    text_figure(text, INK_FAINT, FORM_RATIO, text_number(effects, path));
    if (!(count > 0)) {
        pen_write(pen, INK_FAINT, " at 95 %%");
    }
    text_newline(text);
}

static void add_attempt(struct text *text, const cJSON *attempt)
{
    struct pen *pen = &text->pen;
    const char *kind = text_string(attempt, "kind");
    const char *outcome = text_string(attempt, "outcome");
    const char *fault = text_string(attempt, "fault");
    double sent = text_number(attempt, "sent_us");
    double done = text_number(attempt, "done_us");
    double status = text_number(attempt, "status");

    pen_write(pen, INK_PLAIN, "      ");
    pen_cell(pen, INK_FAINT, kind ? kind : "-", 7);
    if (sent == sent) {
        pen_write(pen, INK_PLAIN, " +");
        struct str at = STR_INIT;
        text_format(&at, FORM_US, sent);
        pen_cell(pen, INK_PLAIN, at.text, 9);
        str_release(&at);
    } else {
        pen_write(pen, INK_PLAIN, " %-10s", "not sent");
    }
    bool ok = outcome && strcmp(outcome, "ok") == 0;
    pen_foreign(pen, ok ? INK_GOOD : INK_WARN, outcome ? outcome : "-", 20);
    if (status == status) {
        pen_write(pen, INK_PLAIN, " %.0f", status);
    }
    if (sent == sent && done == done) {
        pen_write(pen, INK_FAINT, " after ");
        text_figure(text, INK_FAINT, FORM_US, done - sent);
    }
    if (fault) {
        pen_write(pen, INK_FAINT, " (squall: ");
        pen_foreign(pen, INK_FAINT, fault, 20);
        pen_write(pen, INK_FAINT, ")");
    }
    text_newline(text);
}

static void add_example(struct text *text, const cJSON *example)
{
    struct pen *pen = &text->pen;
    const char *class = text_string(example, "class");
    const char *id = text_string(example, "id");
    const char *verdict = text_string(example, "verdict");
    const char *key = text_string(example, "key");
    double effects = text_number(example, "effects");
    const cJSON *flag;
    const cJSON *attempt;

    pen_write(pen, INK_PLAIN, "    ");
    pen_foreign(pen, INK_BAD, class ? class : "-", 20);
    pen_write(pen, INK_PLAIN, " ");
    pen_foreign(pen, INK_STRONG, id ? id : "-", pen->width / 2);
    pen_write(pen, INK_PLAIN, "  ");
    pen_foreign(pen, INK_PLAIN, verdict ? verdict : "-", 20);
    pen_write(pen, INK_PLAIN, ", ");
    text_figure(text, INK_PLAIN, FORM_COUNT, effects);
    pen_write(pen, INK_PLAIN, " effect%s",
              effects > 0.5 && effects < 1.5 ? "" : "s");
    cJSON_ArrayForEach(flag, text_find(example, "flags"))
    {
        pen_write(pen, INK_PLAIN, ", ");
        pen_foreign(pen, INK_WARN,
                    cJSON_IsString(flag) ? flag->valuestring : "?", 30);
    }
    text_newline(text);
    if (key && strcmp(key, id ? id : "") != 0) {
        pen_write(pen, INK_FAINT, "      key     ");
        pen_foreign(pen, INK_FAINT, key, pen->width - 16);
        text_newline(text);
    }
    cJSON_ArrayForEach(attempt, text_find(example, "trace"))
    {
        add_attempt(text, attempt);
    }
}

static void add_examples(struct text *text, const cJSON *effects)
{
    const cJSON *examples = text_find(effects, "examples");
    const cJSON *example;
    int shown = 0;

    double offenders = text_number(effects, "lost") +
                       text_number(effects, "duplicate") +
                       text_number(effects, "phantom");
    int count = cJSON_GetArraySize(examples);
    if (count == 0) {
        return;
    }
    pen_write(&text->pen, INK_PLAIN, "  To follow, ");
    pen_write(&text->pen, INK_PLAIN, "%d of ",
              count < EXAMPLES_SHOWN ? count : EXAMPLES_SHOWN);
    text_figure(text, INK_PLAIN, FORM_COUNT, offenders);
    pen_write(&text->pen, INK_PLAIN, ":");
    text_newline(text);
    cJSON_ArrayForEach(example, examples)
    {
        if (shown++ < EXAMPLES_SHOWN) {
            add_example(text, example);
        }
    }
}

static void add_remarks(struct text *text, const cJSON *effects)
{
    struct pen *pen = &text->pen;
    double foreign = text_number(effects, "foreign");
    double single = text_number(effects, "single_attempt");
    double lost_responses = text_number(effects, "delivered_lost_responses");
    double extra = text_number(effects, "extra_effects");

    pen_write(pen, INK_PLAIN, "  ");
    text_figure(text, extra > 0 ? INK_BAD : INK_PLAIN, FORM_COUNT, extra);
    pen_write(pen, extra > 0 ? INK_BAD : INK_PLAIN,
              " effects too many");
    pen_write(pen, INK_PLAIN, "%s", text_dot(text));
    text_figure(text, INK_PLAIN, FORM_COUNT, lost_responses);
    pen_write(pen, INK_PLAIN, " responses lost after delivery");
    text_newline(text);
    if (single > 0) {
        pen_write(pen, INK_PLAIN, "  ");
        text_figure(text, INK_WARN, FORM_COUNT, single);
        pen_write(pen, INK_PLAIN,
                  " duplicates of one attempt: no retry made them");
        text_newline(text);
    }
    if (foreign > 0) {
        pen_write(pen, INK_PLAIN, "  ");
        text_figure(text, INK_PLAIN, FORM_COUNT, foreign);
        pen_write(pen, INK_PLAIN,
                  " effects in the ledger are not of this run");
        text_newline(text);
    }
    if (!(lost_responses > 0)) {
        pen_write(pen, INK_FAINT,
                  "  no response was lost after delivery: this run proves "
                  "little");
        text_newline(text);
    }
}

void text_effects(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *effects = text_find(text->document, "effects");
    const char *oracle = text_string(effects, "oracle");
    const char *problem = text_string(effects, "problem");

    text_heading(text, "Effects");
    pen_write(pen, INK_PLAIN, "       ");
    if (!oracle || strcmp(oracle, "ledger") != 0) {
        bool none = !oracle || strcmp(oracle, "none") == 0;
        pen_write(pen, none ? INK_PLAIN : INK_BAD, "%s",
                  none ? "not measured: no ledger" : "UNVERIFIED");
        if (problem) {
            pen_write(pen, INK_PLAIN, ": ");
            pen_foreign(pen, INK_PLAIN, problem, -1);
        }
        text_newline(text);
        return;
    }
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "operations_checked"));
    pen_write(pen, INK_PLAIN, " operations against ");
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "total_effects"));
    pen_write(pen, INK_PLAIN, " effects in the ledger");
    text_newline(text);
    add_table(text, text_find(effects, "table"));
    add_offence(text, effects, "duplicate", "performed more than once");
    add_offence(text, effects, "lost", "acknowledged and not performed");
    add_offence(text, effects, "phantom", "refused and performed");
    add_remarks(text, effects);
    add_examples(text, effects);
}
