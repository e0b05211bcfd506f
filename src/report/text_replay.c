/* The section on dead letters that were sent again. */
#include "report/text_part.h"

#include <string.h>

static bool is_offence(const char *class)
{
    return strcmp(class, "lost") == 0 || strcmp(class, "duplicate") == 0 ||
           strcmp(class, "phantom") == 0;
}

/* "3 ambiguous, 1 refused": the counts of an object that are not 0. */
static void add_counts(struct text *text, const cJSON *counts)
{
    const cJSON *count;
    bool is_first = true;

    cJSON_ArrayForEach(count, counts)
    {
        if (!cJSON_IsNumber(count) || !(count->valuedouble > 0)) {
            continue;
        }
        enum ink ink = is_offence(count->string) ? INK_BAD : INK_PLAIN;
        struct str words = STR_INIT;
        str_append(&words, count->string);
        for (size_t i = 0; i < words.length; i++) {
            words.text[i] = words.text[i] == '_' ? ' ' : words.text[i];
        }
        if (!is_first) {
            pen_write(&text->pen, INK_PLAIN, "%s", text_dot(text));
        }
        text_figure(text, ink, FORM_COUNT, count->valuedouble);
        pen_write(&text->pen, ink, " ");
        pen_foreign(&text->pen, ink, words.text, 30);
        str_release(&words);
        is_first = false;
    }
    if (is_first) {
        pen_write(&text->pen, INK_PLAIN, "nothing");
    }
}

static void add_row(struct text *text, const char *title, const cJSON *counts)
{
    if (cJSON_IsObject(counts)) {
        pen_write(&text->pen, INK_PLAIN, "  %-16s", title);
        add_counts(text, counts);
        text_newline(text);
    }
}

void text_replay(struct text *text)
{
    struct pen *pen = &text->pen;
    const cJSON *replay = text_find(text->document, "replay");
    const char *file = text_string(replay, "file");
    double unresolved = text_number(replay, "still_unresolved");
    double unstarted = text_number(replay, "unstarted");

    if (!cJSON_IsObject(replay)) {
        return;
    }
    text_heading(text, "Dead letters");
    pen_write(pen, INK_PLAIN, "  ");
    text_figure(text, INK_PLAIN, FORM_COUNT, text_number(replay, "letters"));
    pen_write(pen, INK_PLAIN, " of ");
    pen_foreign(pen, INK_PLAIN, file ? file : "-", pen->width / 2);
    text_newline(text);
    add_row(text, "they were", text_find(replay, "earlier"));
    add_row(text, "they are", text_find(replay, "verdicts"));
    add_row(text, "by the ledger", text_find(replay, "resolved"));
    add_row(text, "the ambiguous", text_find(replay, "ambiguous_resolved"));
    if (unstarted > 0) {
        pen_write(pen, INK_PLAIN, "  ");
        text_figure(text, INK_WARN, FORM_COUNT, unstarted);
        pen_write(pen, INK_PLAIN, " were not started");
        text_newline(text);
    }
    if (unresolved > 0) {
        pen_sign(pen, INK_WARN, "  ✗ ", "  !! ");
        text_figure(text, INK_WARN, FORM_COUNT, unresolved);
        pen_write(pen, INK_WARN, " still unresolved");
    } else {
        pen_sign(pen, INK_GOOD, "  ✓ ", "  ok ");
        pen_write(pen, INK_PLAIN, "none is unresolved");
    }
    text_newline(text);
}
