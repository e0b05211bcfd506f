#include "report/text_diff.h"

#include <math.h>
#include <string.h>

/* In the report that fits a screen; and what is too small to be in it. */
enum { SHOWN = 20, TITLE_COLUMNS = 42 };
static const double size_shown = 0.005;

static void add_head(struct text *text)
{
    const cJSON *report;
    const char *between = "  ";

    term_write(&text->term, STYLE_STRONG, "squall report diff");
    cJSON_ArrayForEach(report, text_find(text->document, "reports"))
    {
        const char *file = text_string(report, "file");
        term_write(&text->term, STYLE_FAINT, "%s", between);
        (void)term_untrusted(&text->term, STYLE_STRONG, file ? file : "?", 60);
        between = ", then ";
    }
    text_newline(text);
}

/* A list of texts below a title; a sentence where there is none. */
static void add_texts(struct text *text, const char *member, const char *title,
                      const char *none)
{
    const cJSON *list = text_find(text->document, member);
    const cJSON *one;

    text_newline(text);
    term_write(&text->term, STYLE_STRONG, "%s", title);
    text_newline(text);
    if (cJSON_GetArraySize(list) == 0) {
        term_write(&text->term, STYLE_FAINT, "  %s", none);
        text_newline(text);
    }
    cJSON_ArrayForEach(one, list)
    {
        if (cJSON_IsString(one)) {
            term_write(&text->term, STYLE_PLAIN, "  ");
            text_wrapped(text, STYLE_PLAIN, one->valuestring, 4);
        }
    }
}

static void add_change(struct text *text, const cJSON *change)
{
    const char *title = text_string(change, "title");
    const char *words = text_string(change, "words");

    term_spaces(&text->term, 2);
    int used = term_untrusted(&text->term, STYLE_PLAIN, title ? title : "?",
                              TITLE_COLUMNS);
    term_spaces(&text->term, TITLE_COLUMNS + 2 - used);
    text_wrapped(text, STYLE_PLAIN, words ? words : "", TITLE_COLUMNS + 6);
}

static bool is_of_squall(const cJSON *change)
{
    const char *path = text_string(change, "path");
    return path && strncmp(path, "generator.", 10) == 0;
}

/* What was shown on one screen. */
struct shown {
    size_t count;
    const char *paths[SHOWN];
};

/* Whether a figure of the same distribution, which changed more, was shown. */
static bool has_its_like(const struct shown *shown, const char *path)
{
    const char *latency = strstr(path, "latency.");
    size_t length = latency ? (size_t)(strrchr(path, '.') - path) + 1 : 0;

    for (size_t i = 0; length > 0 && i < shown->count; i++) {
        if (strncmp(shown->paths[i], path, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_left_out(struct shown *shown, const cJSON *change)
{
    const char *path = text_string(change, "path");

    if (shown->count == SHOWN || !path ||
        !(text_number(change, "size") >= size_shown) ||
        has_its_like(shown, path)) {
        return true;
    }
    shown->paths[shown->count++] = path;
    return false;
}

/* What the service and its callers saw, or how squall itself did. */
static void add_changes(struct text *text, const char *title, bool of_squall)
{
    const cJSON *change;
    struct shown on_screen = {0};
    int shown = 0, left = 0;

    cJSON_ArrayForEach(change, text_find(text->document, "changes"))
    {
        if (is_of_squall(change) != of_squall) {
            continue;
        }
        if (text->is_short && is_left_out(&on_screen, change)) {
            left++;
            continue;
        }
        if (shown++ == 0) {
            text_newline(text);
            term_write(&text->term, STYLE_STRONG, "%s", title);
            text_newline(text);
        }
        add_change(text, change);
    }
    if (left > 0) {
        text_newline(text);
        term_write(&text->term, STYLE_FAINT,
                   "  and %d more: smaller, of the same distribution or of "
                   "one report; --full",
                   left);
        text_newline(text);
    }
}

void text_diff(struct text *text)
{
    add_head(text);
    add_texts(text, "configuration", "Set up otherwise", "nothing is");
    add_texts(text, "judgements", "Judged otherwise", "nothing was");
    add_changes(text, "Changes, the biggest first", false);
    if (!text->is_short) {
        add_changes(text, "Of squall itself", true);
    }
    text_newline(text);
    term_write(&text->term, STYLE_PLAIN, "%.0f figures are the same.",
               text_number(text->document, "same"));
    text_newline(text);
    text_wrapped(text, STYLE_FAINT,
                 "One run against another says what was different, not why: "
                 "two runs of the same differ, too. squall compare repeats "
                 "them and says what holds.",
                 0);
}
