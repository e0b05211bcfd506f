#include "measure/ledger_text.h"

#include "measure/ledger_json.h"
#include "measure/ledger_time.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60, MARK_LENGTH = 3 };

/* Of UTF-8; some programs begin all that they write with it. */
static const char byte_order_mark[MARK_LENGTH] = {'\xef', '\xbb', '\xbf'};

/* What each line should have been. */
static const char *const line_forms[] = {
    [LEDGER_TELLS_COUNT] = "`id count`",
    [LEDGER_TELLS_COUNT_TIME] = "`id count time`",
    [LEDGER_TELLS_TIME] = "`id time`",
    [LEDGER_TELLS_STATE_TIME] = "`id state time`",
};

void ledger_text_begin(struct ledger_text *text, enum ledger_form form,
                       enum ledger_tells tells,
                       void (*take)(void *user,
                                    const struct ledger_entry *entry),
                       void *user)
{
    /* Not the buffers: nothing of them is read before it is written. */
    text->form = form;
    text->tells = tells;
    text->take = take;
    text->user = user;
    text->entries = 0;
    text->line = 1;
    text->mark = 0;
    text->failed = false;
    text->length = 0;
    ledger_json_begin(text);
}

/* With a bounded piece of what was there. */
bool ledger_text_refuse(struct ledger_text *text, struct errors *errors,
                        const char *what, const char *piece, size_t length)
{
    int shown = (int)(length < SHOWN_MAX ? length : SHOWN_MAX);
    text->failed = true;
    struct error *error =
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger's line %zu %s: \"%.*s\"", text->line, what,
                   shown, piece);
    if (piece[0] == '<' || (length > 1 && piece[1] == '<')) {
        error_hint(error, "this looks like a page for people: does the "
                          "ledger want a header (ledger.headers), or has it "
                          "another path?");
    } else if (text->tells == LEDGER_TELLS_COUNT) {
        error_hint(error,
                   "a ledger is lines of `id count`, or JSON: {\"id\": "
                   "count}, or records {\"key\": \"id\", \"count\": 1}; see "
                   "ledger.tells for times and states");
    } else {
        error_hint(error,
                   "with this ledger.tells, a line is %s, and JSON is "
                   "records with key, %s",
                   line_forms[text->tells],
                   text->tells == LEDGER_TELLS_STATE_TIME
                       ? "state and time"
                   : text->tells == LEDGER_TELLS_TIME ? "and time"
                                                      : "count and time");
    }
    return false;
}

void ledger_text_take(struct ledger_text *text,
                      const struct ledger_entry *entry)
{
    text->entries++;
    if (text->take) {
        text->take(text->user, entry);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == '|';
}

/* Without the blanks at its end, and one `|` with those around it: what stands
 * before a column. */
static size_t before_column(const char *line, size_t length)
{
    size_t end = length;
    while (end > 0 && is_blank(line[end - 1])) {
        end--;
    }
    if (end > 0 && line[end - 1] == '|') {
        end--;
        while (end > 0 && is_blank(line[end - 1])) {
            end--;
        }
    }
    return end;
}

/* Takes a time from the end: the last word, or the last two, because a date
 * and its time may stand apart. */
static bool cut_time(const char *line, size_t *length, int64_t *unix_ns)
{
    size_t at = *length;
    for (int words = 0; words < 2; words++) {
        while (at > 0 && !is_separator(line[at - 1])) {
            at--;
        }
        if (at == 0) {
            return false;
        }
        if (ledger_time_parse(line + at, *length - at, unix_ns)) {
            *length = before_column(line, at);
            return true;
        }
        at--;
    }
    return false;
}

/* Takes the count from the end; NULL, or what is wrong with it. */
static const char *cut_count(const char *line, size_t *length,
                             uint64_t *count)
{
    size_t at = *length;
    while (at > 0 && line[at - 1] >= '0' && line[at - 1] <= '9') {
        at--;
    }
    bool is_negative = at > 1 && at < *length && line[at - 1] == '-' &&
                       is_separator(line[at - 2]);
    if (is_negative) {
        return "has a negative count";
    }
    if (at == *length || at == 0 || !is_separator(line[at - 1])) {
        return "";
    }
    *count = 0;
    for (size_t i = at; i < *length; i++) {
        uint64_t digit = (uint64_t)(line[i] - '0');
        if (*count > (UINT64_MAX - digit) / 10) {
            return "has a count that is too large";
        }
        *count = *count * 10 + digit;
    }
    *length = before_column(line, at);
    return NULL;
}

/* What a left join of a database tells of an order that was not made: a count
 * of 0, and an empty column where the time would be. */
static bool is_none_yet(const char *line, size_t *length)
{
    size_t rest = before_column(line, *length);
    uint64_t count;

    if (rest == *length || cut_count(line, &rest, &count) || count > 0) {
        return false;
    }
    *length = rest;
    return true;
}

/* Takes the last word. */
static bool cut_state(const char *line, size_t *length,
                      struct ledger_entry *entry)
{
    size_t at = *length;
    while (at > 0 && !is_separator(line[at - 1])) {
        at--;
    }
    if (at == 0 || at == *length) {
        return false;
    }
    entry->state = line + at;
    entry->state_length = *length - at;
    *length = before_column(line, at);
    return true;
}

/* From its end to its begin, so that an id may hold blanks, but not begin or
 * end with them. */
static bool end_line(struct ledger_text *text, struct errors *errors)
{
    const char *line = text->buffer;
    size_t length = text->length;
    struct ledger_entry entry = {.count = 1};
    const char *problem = NULL;
    char what[48];

    text->length = 0;
    while (length > 0 && is_blank(line[0])) {
        line++;
        length--;
    }
    while (length > 0 && is_blank(line[length - 1])) {
        length--;
    }
    if (length == 0) {
        return true;
    }
    entry.id = line;
    entry.id_length = length;
    if (text->tells == LEDGER_TELLS_COUNT_TIME &&
        is_none_yet(line, &entry.id_length) && entry.id_length > 0) {
        entry.count = 0;
        ledger_text_take(text, &entry);
        return true;
    }
    if (ledger_tells_time(text->tells)) {
        entry.has_time = true;
        problem = cut_time(line, &entry.id_length, &entry.unix_ns) ? NULL : "";
    }
    if (!problem && (text->tells == LEDGER_TELLS_COUNT ||
                     text->tells == LEDGER_TELLS_COUNT_TIME)) {
        problem = cut_count(line, &entry.id_length, &entry.count);
    } else if (!problem && text->tells == LEDGER_TELLS_STATE_TIME) {
        problem = cut_state(line, &entry.id_length, &entry) ? NULL : "";
    }
    if (!problem && entry.id_length == 0) {
        problem = "";
    }
    if (problem) {
        snprintf(what, sizeof(what), "is not %s", line_forms[text->tells]);
        return ledger_text_refuse(text, errors, *problem ? problem : what,
                                  line, length);
    }
    ledger_text_take(text, &entry);
    return true;
}

static bool feed_lines(struct ledger_text *text, const char *bytes,
                       size_t length, struct errors *errors)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t piece = end ? (size_t)(end - bytes) : length;
        if (piece > LEDGER_LINE_MAX - text->length) {
            memcpy(text->buffer + text->length, bytes,
                   LEDGER_LINE_MAX - text->length);
            return ledger_text_refuse(text, errors,
                                      "is longer than 4096 bytes",
                                      text->buffer, LEDGER_LINE_MAX);
        }
        memcpy(text->buffer + text->length, bytes, piece);
        text->length += piece;
        bytes += piece;
        length -= piece;
        if (end) {
            if (!end_line(text, errors)) {
                return false;
            }
            text->line++;
            bytes++;
            length--;
        }
    }
    return true;
}

static bool feed(struct ledger_text *text, const char *bytes, size_t length,
                 struct errors *errors)
{
    if (text->form == LEDGER_SNIFFED) {
        while (length > 0 && (is_blank(*bytes) || *bytes == '\n')) {
            text->line += *bytes == '\n';
            bytes++;
            length--;
        }
        if (length == 0) {
            return true;
        }
        text->form = *bytes == '{' || *bytes == '[' ? LEDGER_JSON
                                                    : LEDGER_LINES;
    }
    return text->form == LEDGER_JSON
               ? ledger_json_feed(text, bytes, length, errors)
               : feed_lines(text, bytes, length, errors);
}

/* There is no mark, or no more of one: what only began like it is text. */
static bool end_mark(struct ledger_text *text, struct errors *errors)
{
    size_t begun = text->mark;
    text->mark = MARK_LENGTH;
    return begun == MARK_LENGTH || feed(text, byte_order_mark, begun, errors);
}

bool ledger_text_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors)
{
    while (length > 0 && text->mark < MARK_LENGTH &&
           *bytes == byte_order_mark[text->mark]) {
        text->mark++;
        bytes++;
        length--;
    }
    return length == 0 ||
           (end_mark(text, errors) && feed(text, bytes, length, errors));
}

bool ledger_text_end(struct ledger_text *text, struct errors *errors)
{
    if (!end_mark(text, errors)) {
        return false;
    }
    if (text->form == LEDGER_JSON) {
        return ledger_json_end(text, errors);
    }
    return text->length == 0 || end_line(text, errors);
}
