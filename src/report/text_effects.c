/* Sections on truth: what squall broke on purpose, and what the service did
 * against what it said. */
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS = 14, CELL_COLUMNS = 20, EXAMPLES_SHOWN = 2 };

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
            pen_write(pen, INK_PLAIN, "  ");
            text_figure(text, INK_PLAIN, FORM_COUNT, delivered);
            pen_write(pen, INK_PLAIN, " after delivery");
        }
        text_newline(text);
    }
}

/* The words of the table in the manual, by verdict and number of effects. */
static const struct {
    const char *verdict;
    const char *classes[3];
} table_rows[] = {
    {"acked", {"lost", "once", "duplicate"}},
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
        pen_right(pen, INK_FAINT, titles[n], cell);
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
            pen_spaces(pen, 1);
            pen_right(pen, ink, out.text, cell - 1);
            str_release(&out);
        }
        text_newline(text);
    }
}

/* One line a grave class: its share or, where none was seen, the share that
 * it is below with 95 % confidence. */
static void add_offence(struct text *text, const cJSON *effects,
                        const char *class, const char *sentence)
{
    struct pen *pen = &text->pen;
    struct str share = STR_INIT;
    char path[64];
    double count = text_number(effects, class);
    bool any = count > 0;
    enum ink ink = any ? INK_BAD : INK_PLAIN;

    if (any) {
        pen_sign(pen, INK_BAD, "  ✗ ", "  !! ");
    } else {
        pen_sign(pen, INK_GOOD, "  ✓ ", "  ok ");
        str_append(&share, "< ");
    }
    snprintf(path, sizeof(path), "%s.%s",
             any ? "ratios" : "upper_bound_95", class);
    text_format(&share, FORM_RATIO, text_number(effects, path));
    text_right(text, ink, FORM_COUNT, count, 9);
    pen_write(pen, ink, " %-10s", class);
    pen_right(pen, INK_PLAIN, share.text, 10);
    if (pen->width >= 70) {
        pen_write(pen, INK_FAINT, "  %s", sentence);
    }
    text_newline(text);
    str_release(&share);
}

/* Where nobody was judged, no sign says that all is well. */
static void add_classes(struct text *text, const cJSON *effects)
{
    if (!(text_number(effects, "operations_checked") > 0)) {
        pen_spaces(&text->pen, 2);
        text_wrapped(text, INK_WARN,
                     "no operation was checked: nothing is known of "
                     "duplicate, lost and phantom ones",
                     2);
        return;
    }
    add_table(text, text_find(effects, "table"));
    add_offence(text, effects, "duplicate", "performed more than once");
    add_offence(text, effects, "lost", "acknowledged and not performed");
    add_offence(text, effects, "phantom", "refused and performed");
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

    pen_write(pen, INK_PLAIN, "    ");
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
        pen_sign(pen, INK_FAINT, " ← ", " <- ");
        pen_foreign(pen, INK_FAINT, fault, 20);
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

    pen_write(pen, INK_PLAIN, "  ");
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
        pen_write(pen, INK_FAINT, "    key     ");
        pen_foreign(pen, INK_FAINT, key, pen->width - 16);
        text_newline(text);
    }
    cJSON_ArrayForEach(attempt, text_find(example, "trace"))
    {
        add_attempt(text, attempt);
    }
}

/* The first ones of each class: a thousand of one must not hide another. */
static void add_examples(struct text *text, const cJSON *effects)
{
    const cJSON *examples = text_find(effects, "examples");
    const cJSON *example;
    const char *class = "";
    int of_class = 0;

    if (cJSON_GetArraySize(examples) == 0) {
        return;
    }
    pen_write(&text->pen, INK_FAINT,
              "  examples to follow; the JSON report has more");
    text_newline(text);
    cJSON_ArrayForEach(example, examples)
    {
        const char *this_class = text_string(example, "class");
        if (!this_class || strcmp(this_class, class) != 0) {
            class = this_class ? this_class : "";
            of_class = 0;
        }
        if (of_class++ < EXAMPLES_SHOWN) {
            add_example(text, example);
        }
    }
}

/* "12 things sentence", in the singular where there is one. */
static void add_remark(struct text *text, enum ink ink, double count,
                       const char *one, const char *many)
{
    if (count > 0) {
        pen_write(&text->pen, INK_PLAIN, "  ");
        text_figure(text, ink, FORM_COUNT, count);
        pen_write(&text->pen, INK_PLAIN, " %s",
                  count < 1.5 ? one : many);
        text_newline(text);
    }
}

/* What only a ledger with times or states tells. */
static void add_history(struct text *text, const cJSON *effects)
{
    struct pen *pen = &text->pen;
    const cJSON *transitions = text_find(effects, "transitions");
    const cJSON *step;
    int shown = 0;

    if (text_number(effects, "effect_lag.count") > 0) {
        pen_write(pen, INK_PLAIN, "  acknowledged until visible: p50 ");
        text_figure(text, INK_PLAIN, FORM_US,
                    text_number(effects, "effect_lag.p50_us"));
        pen_write(pen, INK_PLAIN, ", p99 ");
        text_figure(text, INK_PLAIN, FORM_US,
                    text_number(effects, "effect_lag.p99_us"));
        pen_write(pen, INK_PLAIN, ", max ");
        text_figure(text, INK_PLAIN, FORM_US,
                    text_number(effects, "effect_lag.max_us"));
        text_newline(text);
    }
    if (!cJSON_IsObject(transitions)) {
        return;
    }
    double illegal = text_number(transitions, "illegal");
    pen_write(pen, INK_PLAIN, "  ");
    text_figure(text, illegal > 0 ? INK_BAD : INK_PLAIN, FORM_COUNT, illegal);
    pen_write(pen, INK_PLAIN, " of ");
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(transitions, "checked"));
    pen_write(pen, INK_PLAIN, " steps between states are not allowed");
    text_newline(text);
    cJSON_ArrayForEach(step, text_find(transitions, "examples"))
    {
        const char *from = text_string(step, "from");
        const char *to = text_string(step, "to");
        const char *id = text_string(step, "id");
        if (shown++ == EXAMPLES_SHOWN) {
            break;
        }
        pen_write(pen, INK_PLAIN, "    ");
        pen_foreign(pen, INK_STRONG, id ? id : "-", pen->width / 2);
        pen_write(pen, INK_PLAIN, from ? "  " : "  began as ");
        if (from) {
            pen_foreign(pen, INK_WARN, from, 40);
            pen_sign(pen, INK_PLAIN, " → ", " -> ");
        }
        pen_foreign(pen, INK_WARN, to ? to : "-", 40);
        text_newline(text);
    }
}

/* What answers told, whichever oracle judges. */
static void add_answers(struct text *text, const cJSON *effects)
{
    add_remark(text, INK_BAD, text_number(effects, "divergent"),
               "caller was told of several effects of one operation",
               "callers were told of several effects of one operation");
    double named = text_number(effects, "named_twice");
    if (named > text_number(effects, "duplicate")) {
        add_remark(text, INK_BAD, named,
                   "operation was answered with several effects; the ledger "
                   "tells fewer",
                   "operations were answered with several effects; the ledger "
                   "tells fewer");
    }
    add_remark(text, INK_WARN, text_number(effects, "replay_mismatch"),
               "operation had different answers to one key",
               "operations had different answers to one key");
    add_remark(text, INK_WARN, text_number(effects, "stuck"),
               "operation found its key in flight to the end",
               "operations found their keys in flight to the end");
    add_remark(text, INK_WARN, text_number(effects, "unnamed"),
               "answer named no effect", "answers named no effect");
}

/* A key that the service does not store makes every order look lost, and so
 * does a ledger of another one, or one that is late. */
static void add_doubt(struct text *text, const cJSON *effects)
{
    if (text_number(effects, "lost") > 0 &&
        !(text_number(effects, "total_effects") > 0)) {
        pen_spaces(&text->pen, 2);
        text_wrapped(text, INK_WARN,
                     text_number(effects, "foreign") > 0
                         ? "none of them has an id of this run: is ledger.key "
                           "what the service stores?"
                         : "nothing new was in the ledger: is it this "
                           "service's, and is ledger.settle long enough?",
                     2);
    }
}

static void add_remarks(struct text *text, const cJSON *effects)
{
    double lost = text_number(effects, "delivered_lost_responses");

    add_remark(text, INK_BAD, text_number(effects, "extra_effects"),
               "effect too many", "effects too many");
    add_remark(text, INK_WARN, text_number(effects, "single_attempt"),
               "duplicate of a single attempt: no retry made it",
               "duplicates of single attempts: no retry made them");
    add_remark(text, INK_WARN, text_number(effects, "aliased"),
               "operation shares its id with another",
               "operations share their ids with others");
    add_remark(text, INK_WARN, text_number(effects, "seen_before"),
               "operation has an id that had effects before: it is not judged",
               "operations have ids that had effects before: they are not "
               "judged");
    add_remark(text, INK_WARN, text_number(effects, "late"),
               "operation was done after its verdict",
               "operations were done after their verdicts");
    /* What a replay does not send again is foreign, the run's own, too. */
    bool is_replay = cJSON_IsObject(text_find(text->document, "replay"));
    double foreign = text_number(effects, "foreign");
    if (is_replay) {
        add_remark(text, INK_PLAIN, foreign,
                   "effect in the ledger is not of these letters",
                   "effects in the ledger are not of these letters");
    } else {
        add_remark(text, INK_PLAIN, foreign,
                   "effect in the ledger is not of this run",
                   "effects in the ledger are not of this run");
    }
    add_doubt(text, effects);
    add_remark(text, INK_PLAIN, lost, "response was lost after delivery",
               "responses were lost after delivery");
    if (!(lost > 0) && !is_replay) {
        pen_write(&text->pen, INK_FAINT,
                  "  no response was lost after delivery: retries had little "
                  "to double");
        text_newline(text);
    }
}

/* Without a ledger, but with answers that name what they made: what was seen,
 * and in so many words what nobody could see. */
static void add_seen(struct text *text, const cJSON *effects)
{
    struct pen *pen = &text->pen;
    double duplicate = text_number(effects, "duplicate");
    bool any = duplicate > 0;
    struct str share = STR_INIT;

    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "operations_checked"));
    pen_write(pen, INK_PLAIN, " operations%s", text_dot(text));
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "total_effects"));
    pen_write(pen, INK_PLAIN, " effects named in answers; no ledger");
    text_newline(text);
    if (any) {
        pen_sign(pen, INK_BAD, "  ✗ ", "  !! ");
        text_format(&share, FORM_RATIO,
                    text_number(effects, "ratios.duplicate"));
    } else {
        pen_write(pen, INK_PLAIN, "    ");
    }
    text_right(text, any ? INK_BAD : INK_PLAIN, FORM_COUNT, duplicate, 9);
    pen_write(pen, any ? INK_BAD : INK_PLAIN, " %-10s", "duplicate");
    pen_right(pen, INK_PLAIN, share.text ? share.text : "", 10);
    pen_write(pen, INK_FAINT, "  seen");
    text_newline(text);
    str_release(&share);
    pen_spaces(pen, 4);
    text_wrapped(text, INK_FAINT,
                 "not measured: lost, phantom, and duplicates whose answers "
                 "never came; only a ledger tells them",
                 4);
}

static void add_shared(struct text *text, const cJSON *effects)
{
    add_remark(text, INK_WARN, text_number(effects, "aliased"),
               "operation was answered with the effect of another",
               "operations were answered with effects of others");
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
        bool seen = oracle && strcmp(oracle, "effect_id") == 0;
        if (seen) {
            add_seen(text, effects);
            add_shared(text, effects);
            add_answers(text, effects);
            add_examples(text, effects);
            return;
        }
        bool none = !oracle || strcmp(oracle, "none") == 0;
        pen_write(pen, none ? INK_PLAIN : INK_BAD, "%s",
                  none ? "not measured: no ledger" : "UNVERIFIED");
        if (problem) {
            text_newline(text);
            pen_spaces(pen, 14);
            text_wrapped(text, INK_PLAIN, problem, 14);
        } else {
            text_newline(text);
        }
        add_answers(text, effects);
        return;
    }
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "operations_checked"));
    pen_write(pen, INK_PLAIN, " operations%s", text_dot(text));
    text_figure(text, INK_PLAIN, FORM_COUNT,
                text_number(effects, "total_effects"));
    pen_write(pen, INK_PLAIN, " effects in the ledger");
    text_newline(text);
    add_classes(text, effects);
    add_remarks(text, effects);
    add_history(text, effects);
    add_answers(text, effects);
    add_examples(text, effects);
}
