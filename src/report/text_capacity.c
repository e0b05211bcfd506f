#include "report/text_capacity.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>

enum { RATE_COLUMNS = 12, RUNS_COLUMNS = 14, GOODPUT_COLUMNS = 24 };

static void append_us(struct str *out, const cJSON *document, const char *path)
{
    units_format_duration(out,
                          duration_from_ns(text_number(document, path) * 1e3));
}

static void add_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;
    const cJSON *slo;
    struct str out = STR_INIT;

    term_write(term, STYLE_STRONG, "squall capacity");
    term_write(term, STYLE_PLAIN, "  ");
    cJSON_ArrayForEach(slo, text_find(document, "slo"))
    {
        const char *expr = cJSON_GetStringValue(slo);
        (void)term_untrusted(term, STYLE_PLAIN, expr ? expr : "", -1);
        term_write(term, STYLE_PLAIN, "%s", text_dot(text));
    }
    str_append(&out, "runs of ");
    append_us(&out, document, "run_us");
    if (text_number(document, "warmup_us") > 0) {
        str_append(&out, " after ");
        append_us(&out, document, "warmup_us");
    }
    str_append(&out, text_dot(text));
    append_us(&out, document, "run.duration_us");
    term_write(term, STYLE_PLAIN, "%s%sseed %s", out.text, text_dot(text),
               text_string(document, "run.seed"));
    str_release(&out);
    text_newline(text);
    const char *target = text_string(document, "run.target");
    (void)term_untrusted(
        term, STYLE_FAINT,
        target ? target : "the embedded target, anew for every run", -1);
    text_newline(text);
}

/* The smallest rate above one that runs of a search had; NAN: none. */
static double next_rate(const cJSON *search, double above)
{
    const cJSON *run;
    double next = NAN;

    cJSON_ArrayForEach(run, text_find(search, "runs"))
    {
        double rate = text_number(run, "rate_per_s");
        if (rate > above && !(rate >= next)) {
            next = rate;
        }
    }
    return next;
}

/* All runs at a rate in one line. */
static void add_rate(struct text *text, const cJSON *search, double rate)
{
    const cJSON *run;
    int passed = 0, counted = 0, whole = 0;
    double in_time = 0;
    char cell[60];

    cJSON_ArrayForEach(run, text_find(search, "runs"))
    {
        const cJSON *pass = text_find(run, "pass");
        if (text_number(run, "rate_per_s") != rate || !cJSON_IsBool(pass)) {
            continue;
        }
        counted++;
        passed += cJSON_IsTrue(pass);
        if (!cJSON_IsTrue(text_find(run, "ended_early"))) {
            whole++;
            in_time += text_number(run, "in_time_per_s");
        }
    }
    snprintf(cell, sizeof cell, rate >= 1000 ? "%.0f/s" : "%.3g/s", rate);
    term_right(&text->term, STYLE_PLAIN, cell, RATE_COLUMNS);
    snprintf(cell, sizeof cell, "%d of %d", passed, counted);
    term_right(&text->term,
               counted == 0           ? STYLE_FAINT
               : passed == counted    ? STYLE_GOOD
               : passed > counted / 2 ? STYLE_PLAIN
                                      : STYLE_BAD,
               counted == 0 ? "no telling" : cell, RUNS_COLUMNS);
    text_right(text, STYLE_PLAIN, UNIT_PER_S,
               whole > 0 ? in_time / whole : (double)NAN, GOODPUT_COLUMNS);
    text_newline(text);
}

static void add_rates(struct text *text, const cJSON *search)
{
    struct term *term = &text->term;
    double rate = next_rate(search, 0);

    if (isnan(rate)) {
        return;
    }
    term_right(term, STYLE_FAINT, "rate", RATE_COLUMNS);
    term_right(term, STYLE_FAINT, "runs passed", RUNS_COLUMNS);
    term_right(term, STYLE_FAINT, "succeeded in time", GOODPUT_COLUMNS);
    text_newline(text);
    for (; !isnan(rate); rate = next_rate(search, rate)) {
        add_rate(text, search, rate);
    }
}

static void add_search(struct text *text, const cJSON *search, bool is_one)
{
    text_newline(text);
    if (!is_one) {
        term_write(&text->term, STYLE_STRONG, "%s",
                   cJSON_IsTrue(text_find(search, "retries"))
                       ? "with retries"
                       : "without retries");
        text_newline(text);
    }
    text_sentences(text, text_find(search, "summary"), STYLE_PLAIN);
    text_newline(text);
    add_rates(text, search);
}

void text_capacity(struct text *text)
{
    const cJSON *searches = text_find(text->document, "searches");
    const cJSON *search;

    add_head(text);
    cJSON_ArrayForEach(search, searches)
    {
        add_search(text, search, cJSON_GetArraySize(searches) == 1);
    }
    if (cJSON_GetArraySize(text_find(text->document, "summary")) > 0) {
        text_newline(text);
    }
    text_sentences(text, text_find(text->document, "summary"), STYLE_STRONG);
    text_gates(text);
    text_ending(text);
}
