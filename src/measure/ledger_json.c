#include "measure/ledger_json.h"

#include "base/must.h"
#include "base/unicode.h"
#include "measure/ledger_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state {
    STATE_TOP,           /* between values of the outermost level */
    STATE_FIRST_NAME,    /* after { */
    STATE_NAME,          /* after , in an object */
    STATE_COLON,
    STATE_VALUE,
    STATE_FIRST_ELEMENT, /* after [ */
    STATE_AFTER,         /* after a value in an object or array */
    STATE_NAME_TEXT,     /* within the quotes of a name */
    STATE_TEXT,          /* the same of a value */
    STATE_WORD,          /* number, true, false, null */
};

enum { DEPTH_MAX = 64 };

static const struct {
    const char *name;
    enum ledger_part part;
} part_names[] = {
    {"key", PART_KEY},     {"id", PART_ID},          {"count", PART_COUNT},
    {"time", PART_TIME},   {"at", PART_TIME},        {"timestamp", PART_TIME},
    {"state", PART_STATE}, {"status", PART_STATE},
};

void ledger_json_begin(struct ledger_text *text)
{
    text->json.state = STATE_TOP;
    text->json.depth = 0;
    text->json.arrays = 0;
    text->json.skip = 0;
    text->json.is_outer = false;
    text->json.object = OBJECT_OPEN;
}

static bool refuse_name(struct ledger_text *text, struct errors *errors,
                        const char *what, const char *name, size_t length)
{
    return ledger_text_refuse(text, errors, what, name, length);
}

static bool refuse_json(struct ledger_text *text, struct errors *errors,
                        char c)
{
    return ledger_text_refuse(text, errors, "is not valid JSON at", &c, 1);
}

static int find_part(const struct ledger_text *text)
{
    for (size_t i = 0; i < array_length(part_names); i++) {
        if (strlen(part_names[i].name) == text->json.name_length &&
            memcmp(part_names[i].name, text->json.name,
                   text->json.name_length) == 0) {
            return (int)part_names[i].part;
        }
    }
    return -1;
}

/* A whole number up to where doubles are exact; all digits are exact. */
static bool parse_whole(const char *digits, uint64_t *count)
{
    char *end;
    size_t length = strspn(digits, "0123456789");
    if (length > 0 && length < 20 && digits[length] == '\0') {
        *count = strtoull(digits, NULL, 10);
        return true;
    }
    double number = strtod(digits, &end);
    *count = 0;
    if (end == digits || *end || !(number >= 0) || number > 9e15 ||
        number != floor(number)) {
        return false;
    }
    *count = (uint64_t)number;
    return true;
}

/* Objects. */

static void begin_object(struct ledger_text *text)
{
    text->json.object = OBJECT_OPEN;
    text->json.is_odd = false;
    text->json.pending_count = 0;
    text->json.pool_length = 0;
    memset(text->json.parts, 0, sizeof(text->json.parts));
}

static void note_odd(struct ledger_text *text)
{
    if (!text->json.is_odd) {
        text->json.is_odd = true;
        snprintf(text->json.odd, sizeof(text->json.odd), "%.*s",
                 (int)text->json.name_length, text->json.name);
    }
}

static bool take_count(struct ledger_text *text, const char *id,
                       size_t length, bool is_whole, uint64_t count,
                       struct errors *errors)
{
    if (!is_whole) {
        return refuse_name(text, errors, "gives no whole count for", id,
                           length);
    }
    ledger_text_take(text, &(struct ledger_entry){
                               .id = id, .id_length = length, .count = count});
    return true;
}

/* It is an object of ids and counts: what was held back is told. */
static bool become_map(struct ledger_text *text, struct errors *errors)
{
    if (text->json.is_odd) {
        return refuse_name(text, errors, "gives no whole count for",
                           text->json.odd, strlen(text->json.odd));
    }
    for (size_t i = 0; i < text->json.pending_count; i++) {
        const struct ledger_pending *pending = &text->json.pending[i];
        const char *name = text->json.pool + pending->at;
        if (text->tells != LEDGER_TELLS_COUNT) {
            return refuse_name(text, errors, "tells no time for", name,
                               pending->length);
        }
        if (!take_count(text, name, pending->length, pending->is_whole,
                        pending->count, errors)) {
            return false;
        }
    }
    text->json.object = OBJECT_MAP;
    return true;
}

static bool is_record(const struct ledger_text *text)
{
    char key = text->json.parts[PART_KEY].kind;
    char id = text->json.parts[PART_ID].kind;
    return key == 's' || key == 'n' || id == 's' || id == 'n';
}

static bool hold_back(struct ledger_text *text, struct errors *errors)
{
    size_t length = text->json.name_length;
    if (text->json.pending_count == LEDGER_PENDING_MAX ||
        length > sizeof(text->json.pool) - text->json.pool_length) {
        if (is_record(text)) {
            text->json.object = OBJECT_RECORD;
            return true;
        }
        uint64_t count;
        bool is_whole = parse_whole(text->buffer, &count);
        return become_map(text, errors) &&
               take_count(text, text->json.name, length, is_whole, count,
                          errors);
    }
    struct ledger_pending *pending =
        &text->json.pending[text->json.pending_count++];
    pending->at = (uint16_t)text->json.pool_length;
    pending->length = (uint16_t)length;
    pending->is_whole = parse_whole(text->buffer, &pending->count);
    memcpy(text->json.pool + pending->at, text->json.name, length);
    text->json.pool_length += length;
    return true;
}

/* A member whose value, in the buffer, is a text, a number or another word. */
static bool take_member(struct ledger_text *text, char kind,
                        struct errors *errors)
{
    int part = find_part(text);
    if (text->json.object == OBJECT_OUTER) {
        return true;
    }
    if (text->json.object == OBJECT_MAP) {
        uint64_t count = 0;
        bool is_whole = kind == 'n' && parse_whole(text->buffer, &count);
        return take_count(text, text->json.name, text->json.name_length,
                          is_whole, count, errors);
    }
    if (part >= 0) {
        text->json.parts[part].kind = kind;
        text->json.parts[part].length = (uint16_t)text->length;
        memcpy(text->json.values[part], text->buffer, text->length + 1);
    }
    if (kind != 'n') {
        note_odd(text);
        return true;
    }
    return text->json.object == OBJECT_RECORD || hold_back(text, errors);
}

static bool end_record(struct ledger_text *text, struct errors *errors)
{
    char key = text->json.parts[PART_KEY].kind;
    int who = key == 's' || key == 'n' ? PART_KEY : PART_ID;
    char count = text->json.parts[PART_COUNT].kind;
    const char *time = text->json.values[PART_TIME];
    struct ledger_entry entry = {
        .id = text->json.values[who],
        .id_length = text->json.parts[who].length,
        .count = 1,
    };
    bool counts = text->tells == LEDGER_TELLS_COUNT ||
                  text->tells == LEDGER_TELLS_COUNT_TIME;

    if (counts && count &&
        (count == 'o' ||
         !parse_whole(text->json.values[PART_COUNT], &entry.count))) {
        return refuse_name(text, errors, "gives no whole count for", entry.id,
                           entry.id_length);
    }
    bool is_none_yet = text->tells == LEDGER_TELLS_COUNT_TIME &&
                       entry.count == 0 &&
                       (!text->json.parts[PART_TIME].kind ||
                        text->json.parts[PART_TIME].kind == 'o');
    if (ledger_tells_time(text->tells) && !is_none_yet) {
        entry.has_time = true;
        if (!text->json.parts[PART_TIME].kind ||
            !ledger_time_parse(time, text->json.parts[PART_TIME].length,
                               &entry.unix_ns)) {
            return refuse_name(text, errors, "tells no time for", entry.id,
                               entry.id_length);
        }
    }
    if (text->tells == LEDGER_TELLS_STATE_TIME) {
        if (text->json.parts[PART_STATE].kind != 's') {
            return refuse_name(text, errors, "tells no state for", entry.id,
                               entry.id_length);
        }
        entry.state = text->json.values[PART_STATE];
        entry.state_length = text->json.parts[PART_STATE].length;
    }
    ledger_text_take(text, &entry);
    return true;
}

static bool end_object(struct ledger_text *text, struct errors *errors)
{
    switch (text->json.object) {
    case OBJECT_OUTER:
        text->json.is_outer = false;
        return true;
    case OBJECT_MAP:
        return true;
    case OBJECT_RECORD:
        return end_record(text, errors);
    case OBJECT_OPEN:
        break;
    }
    return is_record(text) ? end_record(text, errors)
                           : become_map(text, errors);
}

/* Containers. */

static bool in_array(const struct ledger_text *text)
{
    return text->json.depth > 0 &&
           (text->json.arrays >> (text->json.depth - 1) & 1);
}

static bool is_outer_name(const struct ledger_text *text)
{
    static const char *const names[] = {"effects", "entries"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (strlen(names[i]) == text->json.name_length &&
            memcmp(names[i], text->json.name, text->json.name_length) == 0) {
            return true;
        }
    }
    return false;
}

static bool open_container(struct ledger_text *text, bool is_array,
                           struct errors *errors)
{
    unsigned depth = text->json.depth;
    bool parent_is_array = in_array(text);

    if (depth == DEPTH_MAX) {
        return ledger_text_refuse(text, errors, "is nested too deeply", "",
                                  0);
    }
    if (text->json.skip == 0) {
        if (parent_is_array && is_array) {
            return ledger_text_refuse(
                text, errors, "has an array within an array", "", 0);
        }
        if (depth == 0 || parent_is_array) {
            if (!is_array) {
                begin_object(text);
            }
        } else if (depth == 1 && !text->json.is_outer &&
                   text->json.object == OBJECT_OPEN && is_outer_name(text)) {
            text->json.is_outer = true;
            if (!is_array) {
                begin_object(text);
            }
        } else if (text->json.object == OBJECT_MAP) {
            return take_count(text, text->json.name, text->json.name_length,
                              false, 0, errors);
        } else {
            note_odd(text);
            text->json.skip = depth + 1;
        }
    }
    uint64_t bit = UINT64_C(1) << depth;
    text->json.arrays =
        is_array ? text->json.arrays | bit : text->json.arrays & ~bit;
    text->json.depth = depth + 1;
    text->json.state = is_array ? STATE_FIRST_ELEMENT : STATE_FIRST_NAME;
    return true;
}

static void after_value(struct ledger_text *text)
{
    text->json.state = text->json.depth == 0 ? STATE_TOP : STATE_AFTER;
}

static bool close_container(struct ledger_text *text, char c,
                            struct errors *errors)
{
    bool is_array = in_array(text);
    if (is_array != (c == ']')) {
        return refuse_json(text, errors, c);
    }
    if (text->json.skip == 0) {
        if (!is_array && !end_object(text, errors)) {
            return false;
        }
    } else if (text->json.skip == text->json.depth) {
        text->json.skip = 0;
    }
    text->json.depth--;
    if (text->json.is_outer && text->json.depth == 1) {
        text->json.object = OBJECT_OUTER;
    }
    after_value(text);
    return true;
}

/* Texts and words. */

/* Past the limit nothing is kept; whether that matters, its end decides. */
static void add_byte(struct ledger_text *text, char c)
{
    if (text->length < LEDGER_LINE_MAX) {
        text->buffer[text->length++] = c;
    } else {
        text->json.is_cut = true;
    }
}

static void add_code_point(struct ledger_text *text, unsigned point)
{
    if (point < 0x80) {
        add_byte(text, (char)point);
        return;
    }
    if (point < 0x800) {
        add_byte(text, (char)(0xc0 | point >> 6));
    } else {
        if (point < 0x10000) {
            add_byte(text, (char)(0xe0 | point >> 12));
        } else {
            add_byte(text, (char)(0xf0 | point >> 18));
            add_byte(text, (char)(0x80 | (point >> 12 & 0x3f)));
        }
        add_byte(text, (char)(0x80 | (point >> 6 & 0x3f)));
    }
    add_byte(text, (char)(0x80 | (point & 0x3f)));
}

/* A whole \uXXXX; one that is half of a pair waits for the other. */
static bool end_escape(struct ledger_text *text)
{
    unsigned unit = text->json.escape_value;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (text->json.surrogate != 0)) {
        return false;
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
        text->json.surrogate = unit;
        return true;
    }
    if (is_low) {
        unit = 0x10000 + ((text->json.surrogate - 0xd800) << 10) +
               (unit - 0xdc00);
        text->json.surrogate = 0;
    }
    add_code_point(text, unit);
    return true;
}

/* The byte after a backslash, or one of the four after \u. */
static bool take_escape(struct ledger_text *text, char c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";

    if (text->json.escape == 1) {
        const char *found = c ? strchr(from, c) : NULL;
        text->json.escape = c == 'u' ? 5 : 0;
        text->json.escape_value = 0;
        if (found && !text->json.surrogate) {
            add_byte(text, to[found - from]);
        }
        return c == 'u' || (found && !text->json.surrogate);
    }
    unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
    text->json.escape_value = text->json.escape_value * 16 + digit;
    text->json.escape--;
    if (digit > 15) {
        return false;
    }
    if (text->json.escape == 1) {
        text->json.escape = 0;
        return end_escape(text);
    }
    return true;
}

static bool end_text(struct ledger_text *text, struct errors *errors)
{
    bool is_name = text->json.state == STATE_NAME_TEXT;
    bool is_wanted = text->json.skip == 0 && text->json.object != OBJECT_OUTER;

    text->buffer[text->length] = '\0';
    if (text->json.is_cut) {
        if (is_wanted && (is_name || find_part(text) >= 0)) {
            return ledger_text_refuse(text, errors,
                                      "has a text longer than 4096 bytes",
                                      text->buffer, text->length);
        }
    } else if (!utf8_is_valid(text->buffer, text->length)) {
        return ledger_text_refuse(text, errors,
                                  "is not valid JSON: not UTF-8",
                                  text->buffer, text->length);
    }
    if (is_name) {
        memcpy(text->json.name, text->buffer, text->length);
        text->json.name_length = (uint16_t)text->length;
        text->json.state = STATE_COLON;
        return true;
    }
    after_value(text);
    if (text->json.skip) {
        return true;
    }
    if (text->json.state == STATE_TOP || in_array(text)) {
        return ledger_text_refuse(text, errors,
                                  "has a text where an object belongs",
                                  text->buffer, text->length);
    }
    return take_member(text, 's', errors);
}

static bool take_text(struct ledger_text *text, char c, struct errors *errors)
{
    if (text->json.escape) {
        return take_escape(text, c) || refuse_json(text, errors, c);
    }
    if (c == '\\') {
        text->json.escape = 1;
        return true;
    }
    if ((unsigned char)c < 0x20 || text->json.surrogate) {
        return refuse_json(text, errors, c);
    }
    if (c == '"') {
        return end_text(text, errors);
    }
    add_byte(text, c);
    return true;
}

static bool is_number(const char *s)
{
    s += *s == '-';
    if (*s == '0') {
        s++;
    } else if (*s >= '1' && *s <= '9') {
        s += strspn(s, "0123456789");
    } else {
        return false;
    }
    if (*s == '.') {
        size_t digits = strspn(++s, "0123456789");
        if (digits == 0) {
            return false;
        }
        s += digits;
    }
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        size_t digits = strspn(s, "0123456789");
        if (digits == 0) {
            return false;
        }
        s += digits;
    }
    return *s == '\0';
}

static bool end_word(struct ledger_text *text, struct errors *errors)
{
    text->buffer[text->length] = '\0';
    const char *word = text->buffer;
    bool number = is_number(word);

    if (text->json.is_cut || strlen(word) != text->length ||
        (!number && strcmp(word, "true") != 0 && strcmp(word, "false") != 0 &&
         strcmp(word, "null") != 0)) {
        return ledger_text_refuse(text, errors, "is not valid JSON at", word,
                                  text->length);
    }
    after_value(text);
    if (text->json.skip) {
        return true;
    }
    if (text->json.state == STATE_TOP || in_array(text)) {
        return ledger_text_refuse(text, errors,
                                  "has a value where an object belongs",
                                  word, text->length);
    }
    return take_member(text, number ? 'n' : 'o', errors);
}

static void begin_text(struct ledger_text *text, enum state state)
{
    text->length = 0;
    text->json.is_cut = false;
    text->json.escape = 0;
    text->json.surrogate = 0;
    text->json.state = (int)state;
}

static bool begin_value(struct ledger_text *text, char c,
                        struct errors *errors)
{
    if (c == '{' || c == '[') {
        return open_container(text, c == '[', errors);
    }
    if (c == '"') {
        begin_text(text, STATE_TEXT);
        return true;
    }
    begin_text(text, STATE_WORD);
    add_byte(text, c);
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One byte between texts and words. */
static bool take_mark(struct ledger_text *text, char c, struct errors *errors)
{
    enum state state = (enum state)text->json.state;
    if (is_space(c)) {
        return true;
    }
    if ((state == STATE_FIRST_ELEMENT && c == ']') ||
        (state == STATE_FIRST_NAME && c == '}') ||
        (state == STATE_AFTER && (c == ']' || c == '}'))) {
        return close_container(text, c, errors);
    }
    if (state == STATE_AFTER && c == ',') {
        text->json.state = in_array(text) ? STATE_VALUE : STATE_NAME;
        return true;
    }
    if (state == STATE_COLON && c == ':') {
        text->json.state = STATE_VALUE;
        return true;
    }
    if ((state == STATE_FIRST_NAME || state == STATE_NAME) && c == '"') {
        begin_text(text, STATE_NAME_TEXT);
        return true;
    }
    if (state == STATE_TOP || state == STATE_VALUE ||
        state == STATE_FIRST_ELEMENT) {
        return begin_value(text, c, errors);
    }
    return refuse_json(text, errors, c);
}

bool ledger_json_feed(struct ledger_text *text, const char *bytes,
                      size_t length, struct errors *errors)
{
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool ok = true;
        if (text->json.state == STATE_WORD &&
            (is_space(c) || c == ',' || c == ']' || c == '}')) {
            ok = end_word(text, errors);
        }
        if (!ok) {
            return false;
        }
        if (text->json.state == STATE_NAME_TEXT ||
            text->json.state == STATE_TEXT) {
            ok = take_text(text, c, errors);
        } else if (text->json.state == STATE_WORD) {
            add_byte(text, c);
        } else {
            ok = take_mark(text, c, errors);
        }
        if (!ok) {
            return false;
        }
        text->line += c == '\n';
    }
    return true;
}

bool ledger_json_end(struct ledger_text *text, struct errors *errors)
{
    if (text->json.state == STATE_WORD && text->json.depth == 0) {
        return end_word(text, errors);
    }
    if (text->json.state != STATE_TOP) {
        return ledger_text_refuse(text, errors,
                                  "is not valid JSON: it ends in the middle",
                                  "", 0);
    }
    return true;
}
