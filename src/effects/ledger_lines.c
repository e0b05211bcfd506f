#include "effects/ledger_lines.h"

#include "effects/ledger_time.h"

#include <stdio.h>
#include <string.h>

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
static const char *cut_count(const char *line, size_t *length, uint64_t *count)
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

/* What a left join of a database gives for an order that was not made: a count
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
static bool end_line(struct ledger_reader *reader, struct errors *errors)
{
    const char *line = reader->buffer;
    size_t length = reader->length;
    struct ledger_entry entry = {.count = 1};
    const char *problem = NULL;
    char what[48];

    reader->length = 0;
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
    if (reader->columns == LEDGER_HAS_COUNT_TIME &&
        is_none_yet(line, &entry.id_length) && entry.id_length > 0) {
        entry.count = 0;
        ledger_reader_take(reader, &entry);
        return true;
    }
    if (ledger_has_time(reader->columns)) {
        entry.has_time = true;
        problem = cut_time(line, &entry.id_length, &entry.unix_ns) ? NULL : "";
    }
    if (!problem && (reader->columns == LEDGER_HAS_COUNT ||
                     reader->columns == LEDGER_HAS_COUNT_TIME)) {
        problem = cut_count(line, &entry.id_length, &entry.count);
    } else if (!problem && reader->columns == LEDGER_HAS_STATE_TIME) {
        problem = cut_state(line, &entry.id_length, &entry) ? NULL : "";
    }
    if (!problem && entry.id_length == 0) {
        problem = "";
    }
    if (problem) {
        snprintf(what, sizeof(what), "is not %s",
                 ledger_reader_line_form(reader->columns));
        return ledger_reader_refuse(reader, errors, *problem ? problem : what,
                                    line, length);
    }
    ledger_reader_take(reader, &entry);
    return true;
}

bool ledger_lines_feed(struct ledger_reader *reader, const char *bytes,
                       size_t length, struct errors *errors)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t piece = end ? (size_t)(end - bytes) : length;
        if (piece > LEDGER_LINE_MAX - reader->length) {
            memcpy(reader->buffer + reader->length, bytes,
                   LEDGER_LINE_MAX - reader->length);
            return ledger_reader_refuse(reader, errors,
                                        "is longer than 4096 bytes",
                                        reader->buffer, LEDGER_LINE_MAX);
        }
        memcpy(reader->buffer + reader->length, bytes, piece);
        reader->length += piece;
        bytes += piece;
        length -= piece;
        if (end) {
            if (!end_line(reader, errors)) {
                return false;
            }
            reader->line++;
            bytes++;
            length--;
        }
    }
    return true;
}

bool ledger_lines_end(struct ledger_reader *reader, struct errors *errors)
{
    return reader->length == 0 || end_line(reader, errors);
}
