#include "report/text_audit.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

enum {
    ID_COLUMNS = 6,
    VERDICT_COLUMNS = 9,
    TITLE_COLUMNS = 23,
    BELOW_COLUMN = ID_COLUMNS + VERDICT_COLUMNS,
    WORDS_COLUMN = BELOW_COLUMN + TITLE_COLUMNS,
    ATTEMPTS_MAX = 10 /* that are listed */
};

/* "" where there is none: the document may come from anywhere. */
static const char *word_of(const cJSON *object, const char *path)
{
    const char *word = text_string(object, path);
    return word ? word : "";
}

static void end_words(const cJSON *attempt, char *out, size_t size)
{
    static const struct {
        const char *name, *words;
    } ends[] = {
#define END(id, name, words) {name, words},
#include "report/attempt_end.def"
#undef END
    };
    const char *end = word_of(attempt, "end");
    double status = text_number(attempt, "status");

    snprintf(out, size, "%s", end);
    if (strcmp(end, "answered") == 0 && status == status) {
        snprintf(out, size, "%.0f", status);
        return;
    }
    for (size_t i = 0; i < array_length(ends); i++) {
        if (strcmp(ends[i].name, end) == 0) {
            snprintf(out, size, "%s", ends[i].words);
        }
    }
}

static bool are_alike(const cJSON *one, const cJSON *other)
{
    char words[64], others[64];

    end_words(one, words, sizeof(words));
    end_words(other, others, sizeof(others));
    return strcmp(words, others) == 0 &&
           strcmp(word_of(one, "what"), word_of(other, "what")) == 0;
}

void text_audit_attempts(struct str *out, const cJSON *check)
{
    const cJSON *attempts = text_find(check, "attempts");
    const cJSON *attempt = attempts ? attempts->child : NULL;
    size_t listed = 0;
    char words[64];

    while (attempt) {
        const cJSON *next = attempt->next;
        size_t same = 1;
        for (; next && are_alike(attempt, next); next = next->next) {
            same++;
        }
        if (listed++ == ATTEMPTS_MAX) {
            str_append(out, ", ...");
            return;
        }
        end_words(attempt, words, sizeof(words));
        str_printf(out, "%s%s: %s", listed > 1 ? ", " : "",
                   word_of(attempt, "what"), words);
        if (same > 1) {
            str_printf(out, " (%zux)", same);
        }
        attempt = next;
    }
}

static const struct {
    const char *name;
    enum style style;
    bool is_explained; /* what was sent, and the rule, stand below */
} verdicts[] = {
#define AUDIT_VERDICT(id, name, style, is_explained) \
    {name, STYLE_##style, is_explained},
#include "report/audit_verdict.def"
#undef AUDIT_VERDICT
};

static size_t verdict_of(const cJSON *check)
{
    const char *verdict = word_of(check, "verdict");
    size_t i = 0;

    while (i + 1 < array_length(verdicts) &&
           strcmp(verdicts[i].name, verdict) != 0) {
        i++;
    }
    return i;
}

/* A cell of untrusted text, and a blank at least. */
static void put_cell(struct text *text, enum style style, const char *words,
                     int columns)
{
    int used = term_untrusted(&text->term, style, words, columns - 1);
    term_spaces(&text->term, columns - used);
}

static void put_below(struct text *text, const char *kind, const char *words)
{
    term_spaces(&text->term, BELOW_COLUMN);
    put_cell(text, STYLE_FAINT, kind, TITLE_COLUMNS);
    text_wrapped(text, STYLE_FAINT, words, WORDS_COLUMN);
}

static void put_check(struct text *text, const cJSON *check)
{
    size_t verdict = verdict_of(check);
    enum style style = verdicts[verdict].style;

    put_cell(text, STYLE_PLAIN, word_of(check, "id"), ID_COLUMNS);
    put_cell(text, style, word_of(check, "verdict"), VERDICT_COLUMNS);
    put_cell(text, STYLE_PLAIN, word_of(check, "title"), TITLE_COLUMNS);
    text_wrapped(text, style == STYLE_FAINT ? STYLE_FAINT : STYLE_PLAIN,
                 word_of(check, "observed"), WORDS_COLUMN);
    if (verdicts[verdict].is_explained) {
        struct str sent = STR_INIT;
        text_audit_attempts(&sent, check);
        put_below(text, "sent", sent.text);
        put_below(text, "rule", word_of(check, "expected"));
        put_below(text, "source", word_of(check, "source"));
        str_release(&sent);
    }
}

static void put_count(struct text *text, size_t verdict)
{
    const cJSON *summary = text_find(text->document, "summary");
    double count = text_number(summary, verdicts[verdict].name);

    term_write(&text->term, count > 0 ? verdicts[verdict].style : STYLE_FAINT,
               "%.0f %s", count > 0 ? count : 0, verdicts[verdict].name);
}

/* The gravest first; the last is none. */
static void put_summary(struct text *text)
{
    size_t last = array_length(verdicts) - 1;

    for (size_t i = last; i > 0; i--) {
        put_count(text, i - 1);
        str_append(text->term.out, ", ");
    }
    put_count(text, last);
    str_append_char(text->term.out, '\n');
}

static void put_oracle(struct text *text)
{
    const cJSON *document = text->document;

    if (cJSON_IsTrue(text_find(document, "ledger_lost"))) {
        str_append(text->term.out,
                   "The ledger could no longer be read: from then on effects "
                   "were estimated from\nwhat answers name.\n");
    } else if (strcmp(word_of(document, "oracle"), "ledger") == 0) {
        str_append(text->term.out, "Effects were read from the ledger.\n");
    } else {
        str_append(text->term.out,
                   "There was no ledger: effects were estimated from what "
                   "answers name; effects\nthat no answer named could not "
                   "be seen.\n");
    }
}

static void put_head(struct text *text)
{
    struct term *term = &text->term;
    const cJSON *document = text->document;

    term_write(term, STYLE_STRONG, "squall audit");
    term_spaces(term, 2);
    term_untrusted(term, STYLE_PLAIN, word_of(document, "target"), -1);
    str_append(term->out, "  (");
    term_untrusted(term, STYLE_PLAIN, word_of(document, "convention"), -1);
    str_append(term->out, ")  ");
    term_untrusted(term, STYLE_PLAIN, word_of(document, "started_at"), -1);
    str_append(term->out, "\n\n");
}

/* Those that are no more than asked for are left out where only the verdict
 * is. */
static void put_checks(struct text *text)
{
    const cJSON *check;

    cJSON_ArrayForEach(check, text_find(text->document, "checks"))
    {
        if (!text->is_verdict || verdicts[verdict_of(check)].is_explained) {
            put_check(text, check);
        }
    }
}

void text_audit(struct text *text)
{
    struct term *term = &text->term;
    const char *stopped = text_string(text->document, "stopped");

    if (!text->is_verdict) {
        put_head(text);
    }
    put_checks(text);
    if (!text->is_verdict) {
        str_append_char(term->out, '\n');
    }
    put_summary(text);
    if (!text->is_verdict) {
        put_oracle(text);
    }
    if (stopped) {
        str_append(term->out, "It was stopped: ");
        term_untrusted(term, STYLE_PLAIN, stopped, -1);
        str_append(term->out, ".\n");
    }
}
