/* The section on what was done to the service from outside. */
#include "plan/plan.h"
#include "report/text_remarks.h"

#include <math.h>
#include <string.h>

enum { NAME_COLUMNS = 14, INDENT = NAME_COLUMNS + 8, OUTPUT_MAX = 200 };

static void add_duration(struct remarks *remarks, enum style style,
                         const char *before, double us, const char *after)
{
    struct str out = STR_INIT;

    text_format(&out, UNIT_DURATION, us);
    remarks_add(remarks, style, "%s%s%s", before, out.text, after);
    str_release(&out);
}

/* Whether it is not as it should be. */
static bool add_outcome(struct remarks *remarks, const cJSON *action)
{
    const char *name = text_string(action, "outcome");
    double status = text_number(action, "status");
    enum timeline_word word;

    if (!name || !timeline_word_find(name, &word)) {
        return false;
    }
    bool is_bad = timeline_is_problem(word);
    const char *words = timeline_word_text(word);
    if (is_bad && !isnan(status)) {
        remarks_add(remarks, STYLE_BAD, "%s %.0f", words, status);
    } else {
        remarks_add(remarks,
                    is_bad                         ? STYLE_BAD
                    : word == TIMELINE_NOT_REACHED ? STYLE_WARN
                                                   : STYLE_PLAIN,
                    "%s", words);
    }
    return is_bad;
}

/* What it printed is for who looks for what went wrong. */
static void add_why(struct text *text, const cJSON *action)
{
    const char *why = text_string(action, "reason");
    struct str shown = STR_INIT;

    why = why ? why : text_string(action, "output");
    if (why) {
        str_append_bytes(&shown, why, strnlen(why, OUTPUT_MAX));
        term_spaces(&text->term, INDENT);
        text_wrapped(text, STYLE_PLAIN, shown.text, INDENT);
    }
    str_release(&shown);
}

/* "freeze        run   +2.00 s · done · took 3.10 ms" */
static void add_action(struct text *text, const char *name, const char *what,
                       const cJSON *action)
{
    double at = text_number(action, "started_us");
    double took = text_number(action, "ended_us") - at;
    double late = text_number(action, "late_us");
    struct remarks remarks = {.text = text, .indent = INDENT, .used = INDENT};

    term_spaces(&text->term, 2);
    term_cell(&text->term, STYLE_PLAIN, name, NAME_COLUMNS);
    term_write(&text->term, STYLE_FAINT, " %-5s", what);
    add_duration(&remarks, STYLE_PLAIN, "+",
                 isnan(at) ? text_number(action, "planned_us") : at, "");
    bool is_bad = add_outcome(&remarks, action);
    if (took > 0) {
        add_duration(&remarks, STYLE_FAINT, "took ", took, "");
    }
    if (late >= 1000) {
        add_duration(&remarks, STYLE_WARN, "", late, " late");
    }
    text_newline(text);
    if (is_bad) {
        add_why(text, action);
    }
}

void text_timeline(struct text *text)
{
    const cJSON *list = text_find(text->document, "timeline");
    const cJSON *entry;

    if (cJSON_GetArraySize(list) == 0) {
        return;
    }
    text_heading(text, "Timeline");
    text_newline(text);
    cJSON_ArrayForEach(entry, list)
    {
        const char *name = text_string(entry, "name");
        const char *kind = text_string(entry, "kind");
        const cJSON *end = text_find(entry, "end");
        add_action(text, name ? name : "?", kind ? kind : "?",
                   text_find(entry, "begin"));
        if (cJSON_IsObject(end)) {
            add_action(text, "", "end", end);
        }
    }
}
