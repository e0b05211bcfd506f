#include "report/term.h"

#include "base/must.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "",         [STYLE_STRONG] = "\033[1m",
    [STYLE_FAINT] = "\033[2m",  [STYLE_GOOD] = "\033[32m",
    [STYLE_BAD] = "\033[1;31m", [STYLE_WARN] = "\033[33m",
};

bool term_locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < array_length(names); i++) {
        const char *value = getenv(names[i]);
        if (value && value[0]) {
            const char *charset = strchr(value, '.');
            return charset && (strncasecmp(charset, ".utf-8", 6) == 0 ||
                               strncasecmp(charset, ".utf8", 5) == 0);
        }
    }
    return false;
}

static void style_on(struct term *term, enum style style)
{
    if (term->color && style != STYLE_PLAIN) {
        str_append(term->out, style_codes[style]);
    }
}

static void style_off(struct term *term, enum style style)
{
    if (term->color && style != STYLE_PLAIN) {
        str_append(term->out, "\033[0m");
    }
}

void term_write(struct term *term, enum style style, const char *format, ...)
{
    va_list arguments;
    style_on(term, style);
    va_start(arguments, format);
    str_vprintf(term->out, format, arguments);
    va_end(arguments);
    style_off(term, style);
}

void term_sign(struct term *term, enum style style, const char *unicode,
               const char *ascii)
{
    term_write(term, style, "%s", term->unicode ? unicode : ascii);
}

void term_spaces(struct term *term, int count)
{
    for (int i = 0; i < count; i++) {
        str_append_char(term->out, ' ');
    }
}

/* Decodes one character of UTF-8 (RFC 3629: no overlong forms, no
 * surrogates). Returns its length, 0 when the bytes are not one. */
static size_t decode(const char *text, uint32_t *point)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t length = c[0] < 0x80                   ? 1
                    : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                    : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                    : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                  : 0;
    if (length == 0) {
        return 0;
    }
    uint32_t value = length == 1 ? c[0] : c[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (c[i] & 0x3f);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000) ||
        (value >= 0xd800 && value < 0xe000) || value > 0x10ffff) {
        return 0;
    }
    *point = value;
    return length;
}

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* Characters that act on their neighbours or show nothing: controls, line
 * separators, directional marks, joiners, combining marks, tags. */
static bool is_unsafe(uint32_t point)
{
    static const struct range ranges[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},
        {0x300, 0x36f},     {0x61c, 0x61c},   {0x180b, 0x180e},
        {0x200b, 0x200f},   {0x2028, 0x202e}, {0x2060, 0x206f},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
        {0xe0000, 0xe01ef},
    };
    return is_in(ranges, array_length(ranges), point);
}

/* East Asian wide and emoji, in broad strokes. */
static bool is_wide(uint32_t point)
{
    static const struct range ranges[] = {
        {0x1100, 0x115f},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
        {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
    };
    return is_in(ranges, array_length(ranges), point);
}

/* Takes one character of `*text` and puts its printable form into `shown`;
 * returns its columns. */
static int show_one(const struct term *term, const char **text, char shown[16])
{
    uint32_t point = 0;
    size_t length = decode(*text, &point);

    if (length == 0 || (length == 1 && is_unsafe(point))) {
        snprintf(shown, 16, "\\x%02x", (unsigned char)**text);
        *text += 1;
        return 4;
    }
    if (is_unsafe(point) || (length > 1 && !term->unicode)) {
        *text += length;
        return snprintf(shown, 16, "\\u{%04x}", point);
    }
    memcpy(shown, *text, length);
    shown[length] = '\0';
    *text += length;
    return is_wide(point) ? 2 : 1;
}

int term_untrusted_columns(const struct term *term, const char *text)
{
    int columns = 0;
    char shown[16];
    while (*text) {
        columns += show_one(term, &text, shown);
    }
    return columns;
}

int term_untrusted(struct term *term, enum style style, const char *text,
                   int columns)
{
    bool cut = columns >= 0 && term_untrusted_columns(term, text) > columns;
    int ellipsis = term->unicode ? 1 : 2;
    int room = cut ? columns - ellipsis : INT32_MAX;
    int used = 0;
    char shown[16];

    style_on(term, style);
    while (*text) {
        int wanted = show_one(term, &text, shown);
        if (wanted > room - used) {
            break;
        }
        str_append(term->out, shown);
        used += wanted;
    }
    if (cut && columns >= ellipsis) {
        str_append(term->out, term->unicode ? "…" : "..");
        used += ellipsis;
    }
    style_off(term, style);
    return used;
}

void term_cell(struct term *term, enum style style, const char *text,
               int columns)
{
    term_spaces(term, columns - term_untrusted(term, style, text, columns));
}

int term_columns(const char *text)
{
    struct term term = {.unicode = true};
    return term_untrusted_columns(&term, text);
}

void term_right(struct term *term, enum style style, const char *text,
                int columns)
{
    term_spaces(term, columns - term_columns(text));
    term_write(term, style, "%s", text);
}

void term_bar(struct term *term, enum style style, double fraction,
              int columns)
{
    static const char *const eighths[] = {"",  "▏", "▎", "▍",
                                          "▌", "▋", "▊", "▉"};
    int units = term->unicode ? 8 : 1;
    double share = fraction > 1 ? 1 : fraction;
    int filled = share > 0 ? (int)(share * columns * units + 0.5) : 0;

    if (fraction > 0 && filled < 1) {
        filled = 1;
    }
    style_on(term, filled > 0 ? style : STYLE_PLAIN);
    for (int i = 0; i < filled / units; i++) {
        str_append(term->out, term->unicode ? "█" : "#");
    }
    str_append(term->out, eighths[filled % units]);
    style_off(term, filled > 0 ? style : STYLE_PLAIN);
    term_spaces(term, columns - (filled + units - 1) / units);
}

/* What a column shows of a range: how much of it is before the range, and how
 * much is before its end, in eighths. */
static const char *range_cell(const struct term *term, int from, int to)
{
    static const char *const eighths[] = {"▏", "▏", "▎", "▍", "▌",
                                          "▋", "▊", "▉", "█"};
    if (!term->unicode) {
        return "#";
    }
    /* Blocks that stand at the right come in halves only. */
    if (from >= 3) {
        return to == 8 ? "▐" : "┃";
    }
    return eighths[to];
}

void term_range(struct term *term, enum style style, double low, double high,
                int columns)
{
    int room = columns * 8;
    int from = (int)(low * room + 0.5);
    int to = (int)(high * room + 0.5);
    bool is_point = to <= from;

    to = to > room ? room : to;
    from = from > room - 1 ? room - 1 : from < 0 ? 0 : from;
    to = to <= from ? from + 1 : to;
    int first = from / 8;
    style_on(term, STYLE_FAINT);
    for (int i = 0; i < first; i++) {
        str_append(term->out, term->unicode ? "─" : "-");
    }
    style_off(term, STYLE_FAINT);
    style_on(term, style);
    int last = (to - 1) / 8;
    for (int i = first; i <= last; i++) {
        int before = i == first ? from % 8 : 0;
        int end = i == last ? to - i * 8 : 8;
        str_append(term->out, !is_point       ? range_cell(term, before, end)
                              : term->unicode ? "┃"
                                              : "|");
    }
    style_off(term, style);
    term_spaces(term, columns - last - 1);
}

void term_sparkline(struct term *term, enum style style, const double *values,
                    int count)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄",
                                         "▅", "▆", "▇", "█"};
    static const char levels[] = "_.-=+*%#";
    double highest = 0;

    for (int i = 0; i < count; i++) {
        highest = values[i] > highest ? values[i] : highest;
    }
    style_on(term, style);
    for (int i = 0; i < count; i++) {
        int level = highest > 0 ? (int)(values[i] / highest * 7.0 + 0.5) : 0;
        if (values[i] < 0) {
            str_append_char(term->out, ' ');
        } else if (term->unicode) {
            str_append(term->out, blocks[level]);
        } else {
            str_append_char(term->out, levels[level]);
        }
    }
    style_off(term, style);
}
