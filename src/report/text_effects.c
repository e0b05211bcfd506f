/* Sections on faults and effects: what squall injected, and what the service
 * did against what it said. */
#include "base/must.h"
#include "measure/effect_figures.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS = 14, CELL_COLUMNS = 20, EXAMPLES_SHOWN = 2 };

void text_faults(struct text *text)
{
    struct term *term = &text->term;
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
            term_write(term, STYLE_FAINT, "        made by squall on purpose");
            text_newline(text);
            any = true;
        }
        term_write(term, STYLE_PLAIN, "  ");
        term_cell(term, STYLE_PLAIN, fault->string, NAME_COLUMNS);
        text_right(text, STYLE_PLAIN, UNIT_COUNT, injected, 11);
        if (delivered == delivered) {
            term_write(term, STYLE_PLAIN, "  ");
            text_figure(text, STYLE_PLAIN, UNIT_COUNT, delivered);
            term_write(term, STYLE_PLAIN, " after delivery");
        }
        text_newline(text);
    }
}

/* One verdict of the table, by 0, 1, 2 or more effects. */
static void add_table_row(struct text *text, const cJSON *table,
                          enum verdict verdict, int cell)
{
    struct term *term = &text->term;
    const char *name = verdict_name(verdict);
    const cJSON *row = text_find(table, name);

    term_write(term, STYLE_PLAIN, "  %-*s", NAME_COLUMNS, name);
    for (int n = 0; n < 3; n++) {
        const cJSON *item = cJSON_GetArrayItem(row, n);
        enum effect_class class = effect_class_of(verdict, (uint64_t)n);
        double count = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
        enum style style = !(count > 0)                     ? STYLE_FAINT
                           : effect_class_is_offence(class) ? STYLE_BAD
                                                            : STYLE_PLAIN;
        struct str out = STR_INIT;
        text_format(&out, UNIT_COUNT, count);
        if (count > 0) {
            str_printf(&out, " %s", effect_class_words(class));
        }
        term_spaces(term, 1);
        term_right(term, style, out.text, cell - 1);
        str_release(&out);
    }
    text_newline(text);
}

static bool has_any(const cJSON *row)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, row)
    {
        if (cJSON_IsNumber(item) && item->valuedouble > 0) {
            return true;
        }
    }
    return false;
}

static void add_table(struct text *text, const cJSON *table)
{
    static const char *const titles[] = {"no effect", "one effect",
                                         "two or more"};
    struct term *term = &text->term;
    int cell = term->width < 80 ? 14 : CELL_COLUMNS;

    term_spaces(term, NAME_COLUMNS + 2);
    for (size_t n = 0; n < 3; n++) {
        term_right(term, STYLE_FAINT, titles[n], cell);
    }
    text_newline(text);
    /* Of safe requests few runs expect an effect. */
    for (int v = 0; v < VERDICT_COUNT; v++) {
        enum verdict verdict = (enum verdict)v;
        if (verdict != VERDICT_UNANSWERED ||
            has_any(text_find(table, verdict_name(verdict)))) {
            add_table_row(text, table, verdict, cell);
        }
    }
}

/* As wide as the start of a line of a class. */
enum { DASHED_COLUMNS = 28 };

/* One line a grave class: its share or, where none was seen, the share that
 * it is below with 95 % confidence. */
static void add_offence(struct text *text, const cJSON *effects,
                        const char *class, const char *sentence)
{
    struct term *term = &text->term;
    struct str share = STR_INIT;
    char path[64];
    double count = text_number(effects, class);
    bool any = count > 0;
    enum style style = any ? STYLE_BAD : STYLE_PLAIN;

    snprintf(path, sizeof(path), "unjudged.%s", class);
    const char *why = text_string(effects, path);
    if (why) {
        term_write(term, STYLE_WARN, "  -           - %-10s  ", class);
        text_wrapped(text, STYLE_WARN, why, DASHED_COLUMNS);
        str_release(&share);
        return;
    }
    if (any) {
        term_sign(term, STYLE_BAD, "  ✗ ", "  !! ");
    } else {
        term_sign(term, STYLE_GOOD, "  ✓ ", "  ok ");
        str_append(&share, "< ");
    }
    snprintf(path, sizeof(path), "%s.%s", any ? "ratios" : "upper_bound_95",
             class);
    text_format(&share, UNIT_RATIO, text_number(effects, path));
    text_right(text, style, UNIT_COUNT, count, 9);
    term_write(term, style, " %-10s", class);
    term_right(term, STYLE_PLAIN, share.text, 10);
    if (term->width >= 70) {
        term_write(term, STYLE_FAINT, "  %s", sentence);
    }
    text_newline(text);
    str_release(&share);
}

/* What is lost was looked for, for so long. */
static void add_lost(struct text *text, const cJSON *effects)
{
    double looked = text_number(effects, "looked_us");
    struct str sentence = STR_INIT;

    str_append(&sentence, "succeeded and not performed");
    if (text_number(effects, "lost") > 0 && looked >= 0) {
        str_release(&sentence);
        str_append(&sentence, "succeeded and not seen within ");
        text_format(&sentence, UNIT_DURATION, looked);
    }
    add_offence(text, effects, "lost", sentence.text);
    str_release(&sentence);
}

/* Where nobody was judged, no sign says that all is well. */
static void add_classes(struct text *text, const cJSON *effects)
{
    if (!(text_number(effects, "operations_checked") > 0)) {
        term_spaces(&text->term, 2);
        text_wrapped(text, STYLE_WARN,
                     "no operation was checked: nothing is known of "
                     "duplicate, lost and phantom ones",
                     2);
        return;
    }
    if (!text->is_short) {
        add_table(text, text_find(effects, "table"));
    }
    add_offence(text, effects, "duplicate", "performed more than once");
    add_lost(text, effects);
    add_offence(text, effects, "phantom", "rejected and performed");
}

static void add_attempt(struct text *text, const cJSON *attempt)
{
    struct term *term = &text->term;
    const char *kind = text_string(attempt, "kind");
    double sent = text_number(attempt, "sent_us");
    struct str at = STR_INIT;

    if (!isnan(sent)) {
        str_append_char(&at, '+');
        text_format(&at, UNIT_DURATION, sent);
    }
    term_write(term, STYLE_PLAIN, "    ");
    term_cell(term, STYLE_FAINT, kind ? kind : "-", 8);
    term_cell(term, STYLE_PLAIN, at.text ? at.text : "", 10);
    str_release(&at);
    text_attempt_end(text, attempt);
}

static void add_example(struct text *text, const cJSON *example)
{
    struct term *term = &text->term;
    const char *class = text_string(example, "class");
    const char *id = text_string(example, "id");
    const char *verdict = text_string(example, "verdict");
    const char *key = text_string(example, "key");
    double effects = text_number(example, "effects");
    const cJSON *flag;
    const cJSON *attempt;

    term_write(term, STYLE_PLAIN, "  ");
    term_untrusted(term, STYLE_BAD, class ? class : "-", 20);
    term_write(term, STYLE_PLAIN, " ");
    term_untrusted(term, STYLE_STRONG, id ? id : "-", term->width / 2);
    term_write(term, STYLE_PLAIN, "  ");
    term_untrusted(term, STYLE_PLAIN, verdict ? verdict : "-", 20);
    term_write(term, STYLE_PLAIN, ", ");
    text_figure(text, STYLE_PLAIN, UNIT_COUNT, effects);
    term_write(term, STYLE_PLAIN, " effect%s",
               effects > 0.5 && effects < 1.5 ? "" : "s");
    cJSON_ArrayForEach(flag, text_find(example, "flags"))
    {
        term_write(term, STYLE_PLAIN, ", ");
        term_untrusted(term, STYLE_WARN,
                       cJSON_IsString(flag) ? flag->valuestring : "?", 30);
    }
    text_newline(text);
    if (key && strcmp(key, id ? id : "") != 0) {
        term_write(term, STYLE_FAINT, "    key     ");
        term_untrusted(term, STYLE_FAINT, key, term->width - 16);
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
    if (text->is_short) {
        add_example(text, cJSON_GetArrayItem(examples, 0));
        return;
    }
    term_write(&text->term, STYLE_FAINT,
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
static void add_remark(struct text *text, enum style style, double count,
                       const char *one, const char *many)
{
    if (count > 0) {
        term_write(&text->term, STYLE_PLAIN, "  ");
        text_figure(text, style, UNIT_COUNT, count);
        term_write(&text->term, STYLE_PLAIN, " %s", count < 1.5 ? one : many);
        text_newline(text);
    }
}

/* What only a ledger with times or states shows. */
static void add_history(struct text *text, const cJSON *effects)
{
    struct term *term = &text->term;
    const cJSON *transitions = text_find(effects, "transitions");
    const cJSON *step;
    int shown = 0;

    if (text_number(effects, "effect_lag.count") > 0) {
        term_write(term, STYLE_PLAIN, "  success until visible: p50 ");
        text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                    text_number(effects, "effect_lag.p50_us"));
        term_write(term, STYLE_PLAIN, ", p99 ");
        text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                    text_number(effects, "effect_lag.p99_us"));
        term_write(term, STYLE_PLAIN, ", max ");
        text_figure(text, STYLE_PLAIN, UNIT_DURATION,
                    text_number(effects, "effect_lag.max_us"));
        text_newline(text);
    }
    if (!cJSON_IsObject(transitions)) {
        return;
    }
    double illegal = text_number(transitions, "illegal");
    term_write(term, STYLE_PLAIN, "  ");
    text_figure(text, illegal > 0 ? STYLE_BAD : STYLE_PLAIN, UNIT_COUNT,
                illegal);
    term_write(term, STYLE_PLAIN, " of ");
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(transitions, "checked"));
    term_write(term, STYLE_PLAIN, " steps between states are not allowed");
    text_newline(text);
    cJSON_ArrayForEach(step, text_find(transitions, "examples"))
    {
        const char *from = text_string(step, "from");
        const char *to = text_string(step, "to");
        const char *id = text_string(step, "id");
        if (shown++ == EXAMPLES_SHOWN) {
            break;
        }
        term_write(term, STYLE_PLAIN, "    ");
        term_untrusted(term, STYLE_STRONG, id ? id : "-", term->width / 2);
        term_write(term, STYLE_PLAIN, from ? "  " : "  began as ");
        if (from) {
            term_untrusted(term, STYLE_WARN, from, 40);
            term_sign(term, STYLE_PLAIN, " → ", " -> ");
        }
        term_untrusted(term, STYLE_WARN, to ? to : "-", 40);
        text_newline(text);
    }
}

/* What answers show, whichever oracle judges. */
static void add_answers(struct text *text, const cJSON *effects)
{
    add_remark(text, STYLE_BAD, text_number(effects, "divergent"),
               "caller was given several effects of one operation",
               "callers were given several effects of one operation");
    double named = text_number(effects, "named_twice");
    if (named > text_number(effects, "duplicate")) {
        add_remark(text, STYLE_BAD, named,
                   "operation was answered with several effects; the ledger "
                   "has fewer",
                   "operations were answered with several effects; the ledger "
                   "has fewer");
    }
    add_remark(text, STYLE_WARN, text_number(effects, "replay_mismatch"),
               "operation had different answers to one key",
               "operations had different answers to one key");
    add_remark(text, STYLE_WARN, text_number(effects, "stuck"),
               "operation found its key in flight to the end",
               "operations found their keys in flight to the end");
    add_remark(text, STYLE_WARN, text_number(effects, "unnamed"),
               "answer named no effect", "answers named no effect");
}

/* A key that the service does not store makes every order look lost, and so
 * does a ledger of another one, or one that is late. */
static void add_doubt(struct text *text, const cJSON *effects)
{
    if (text_number(effects, "lost") > 0 &&
        !(text_number(effects, "total_effects") > 0)) {
        term_spaces(&text->term, 2);
        text_wrapped(text, STYLE_WARN,
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

    add_remark(text, STYLE_BAD, text_number(effects, "extra_effects"),
               "effect too many", "effects too many");
    add_remark(text, STYLE_WARN, text_number(effects, "single_attempt"),
               "duplicate of a single attempt: no retry made it",
               "duplicates of single attempts: no retry made them");
    add_remark(text, STYLE_WARN, text_number(effects, "aliased"),
               "operation shares its id with another",
               "operations share their ids with others");
    add_remark(text, STYLE_WARN, text_number(effects, "seen_before"),
               "operation has an id that had effects before: it is not judged",
               "operations have ids that had effects before: they are not "
               "judged");
    add_remark(text, STYLE_WARN, text_number(effects, "late"),
               "operation was done after its verdict",
               "operations were done after their verdicts");
    /* What a replay does not send again is foreign, the run's own, too. */
    bool is_replay = cJSON_IsObject(text_find(text->document, "replay"));
    double foreign = text_number(effects, "foreign");
    if (is_replay) {
        add_remark(text, STYLE_PLAIN, foreign,
                   "effect in the ledger is not of these dead letters",
                   "effects in the ledger are not of these dead letters");
    } else {
        add_remark(text, STYLE_PLAIN, foreign,
                   "effect in the ledger is not of this run",
                   "effects in the ledger are not of this run");
    }
    add_doubt(text, effects);
    add_remark(text, STYLE_PLAIN, lost, "response was lost after delivery",
               "responses were lost after delivery");
    if (!(lost > 0) && !is_replay) {
        term_write(&text->term, STYLE_FAINT,
                   "  no response was lost after delivery: retries had little "
                   "to double");
        text_newline(text);
    }
}

/* Without a ledger, but with answers that name what they made: what was seen,
 * and in so many words what nobody could see. */
static void add_seen(struct text *text, const cJSON *effects)
{
    struct term *term = &text->term;
    double duplicate = text_number(effects, "duplicate");
    bool any = duplicate > 0;
    struct str share = STR_INIT;

    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(effects, "operations_checked"));
    term_write(term, STYLE_PLAIN, " operations%s", text_dot(text));
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(effects, "total_effects"));
    term_write(term, STYLE_PLAIN, " effects named in answers; no ledger");
    text_newline(text);
    if (any) {
        term_sign(term, STYLE_BAD, "  ✗ ", "  !! ");
        text_format(&share, UNIT_RATIO,
                    text_number(effects, "ratios.duplicate"));
    } else {
        term_write(term, STYLE_PLAIN, "    ");
    }
    text_right(text, any ? STYLE_BAD : STYLE_PLAIN, UNIT_COUNT, duplicate, 9);
    term_write(term, any ? STYLE_BAD : STYLE_PLAIN, " %-10s", "duplicate");
    term_right(term, STYLE_PLAIN, share.text ? share.text : "", 10);
    term_write(term, STYLE_FAINT, "  seen");
    text_newline(text);
    str_release(&share);
    term_spaces(term, 4);
    text_wrapped(text, STYLE_FAINT,
                 "not measured: lost, phantom, and duplicates whose answers "
                 "never came; only a ledger shows them",
                 4);
}

static void add_shared(struct text *text, const cJSON *effects)
{
    add_remark(text, STYLE_WARN, text_number(effects, "aliased"),
               "operation was answered with the effect of another",
               "operations were answered with effects of others");
}

void text_effects(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *effects = text_find(text->document, "effects");
    const char *oracle = text_string(effects, "oracle");
    const char *problem = text_string(effects, "problem");

    /* A short report says nothing of what nobody asked for. */
    if (text->is_short && !problem &&
        (!oracle || strcmp(oracle, "none") == 0)) {
        return;
    }
    text_heading(text, "Effects");
    term_write(term, STYLE_PLAIN, "       ");
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
        term_write(term, none ? STYLE_PLAIN : STYLE_BAD, "%s",
                   none ? "not measured: no ledger" : "UNVERIFIED");
        if (problem) {
            text_newline(text);
            term_spaces(term, 14);
            text_wrapped(text, STYLE_PLAIN, problem, 14);
        } else {
            text_newline(text);
        }
        add_answers(text, effects);
        return;
    }
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(effects, "operations_checked"));
    term_write(term, STYLE_PLAIN, " operations%s", text_dot(text));
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(effects, "total_effects"));
    term_write(term, STYLE_PLAIN, " effects in the ledger");
    text_newline(text);
    add_classes(text, effects);
    add_remarks(text, effects);
    add_history(text, effects);
    add_answers(text, effects);
    add_examples(text, effects);
}
