/* The section on dead letters that were sent again. */
#include "report/text_part.h"

/* "3 ambiguous, 1 rejected": the counts of an object that are not 0. */
static void add_counts(struct text *text, const cJSON *counts)
{
    const cJSON *count;
    bool is_first = true;

    cJSON_ArrayForEach(count, counts)
    {
        if (!cJSON_IsNumber(count) || !(count->valuedouble > 0)) {
            continue;
        }
        enum style style =
            text_is_offence(count->string) ? STYLE_BAD : STYLE_PLAIN;
        struct str words = STR_INIT;
        str_append(&words, count->string);
        for (size_t i = 0; i < words.length; i++) {
            words.text[i] = words.text[i] == '_' ? ' ' : words.text[i];
        }
        if (!is_first) {
            term_write(&text->term, STYLE_PLAIN, "%s", text_dot(text));
        }
        text_figure(text, style, UNIT_COUNT, count->valuedouble);
        term_write(&text->term, style, " ");
        term_untrusted(&text->term, style, words.text, 30);
        str_release(&words);
        is_first = false;
    }
    if (is_first) {
        term_write(&text->term, STYLE_PLAIN, "nothing");
    }
}

static void add_row(struct text *text, const char *title, const cJSON *counts)
{
    if (cJSON_IsObject(counts)) {
        term_write(&text->term, STYLE_PLAIN, "  %-16s", title);
        add_counts(text, counts);
        text_newline(text);
    }
}

void text_replay(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *replay = text_find(text->document, "replay");
    const char *file = text_string(replay, "file");
    double unresolved = text_number(replay, "still_unresolved");
    double unstarted = text_number(replay, "unstarted");

    if (!cJSON_IsObject(replay)) {
        return;
    }
    text_heading(text, "Dead letters");
    term_write(term, STYLE_PLAIN, "  ");
    text_figure(text, STYLE_PLAIN, UNIT_COUNT,
                text_number(replay, "dead_letters"));
    term_write(term, STYLE_PLAIN, " of ");
    term_untrusted(term, STYLE_PLAIN, file ? file : "-", term->width / 2);
    text_newline(text);
    add_row(text, "they were", text_find(replay, "earlier"));
    add_row(text, "they are", text_find(replay, "verdicts"));
    add_row(text, "by the ledger", text_find(replay, "resolved"));
    add_row(text, "the ambiguous", text_find(replay, "ambiguous_resolved"));
    if (unstarted > 0) {
        term_write(term, STYLE_PLAIN, "  ");
        text_figure(text, STYLE_WARN, UNIT_COUNT, unstarted);
        term_write(term, STYLE_PLAIN, " were not started");
        text_newline(text);
    }
    if (unresolved > 0) {
        term_sign(term, STYLE_WARN, "  ✗ ", "  !! ");
        text_figure(text, STYLE_WARN, UNIT_COUNT, unresolved);
        term_write(term, STYLE_WARN, " still unresolved");
    } else {
        term_sign(term, STYLE_GOOD, "  ✓ ", "  ok ");
        term_write(term, STYLE_PLAIN, "none is unresolved");
    }
    text_newline(text);
}
