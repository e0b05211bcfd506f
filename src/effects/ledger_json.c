#include "effects/ledger_json.h"

#include "base/must.h"
#include "base/unicode.h"
#include "effects/ledger_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state {
    STATE_TOP,        /* between values of the outermost level */
    STATE_FIRST_NAME, /* after { */
    STATE_NAME,       /* after , in an object */
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
    {"key", PART_KEY},     {"id", PART_ID},        {"count", PART_COUNT},
    {"time", PART_TIME},   {"at", PART_TIME},      {"timestamp", PART_TIME},
    {"state", PART_STATE}, {"status", PART_STATE},
};

void ledger_json_begin(struct ledger_json *json, struct ledger_reader *reader)
{
    /* Not the buffers: nothing of them is read before it is written. */
    json->reader = reader;
    json->state = STATE_TOP;
    json->depth = 0;
    json->arrays = 0;
    json->skip = 0;
    json->is_outer = false;
    json->object = OBJECT_OPEN;
}

static bool refuse(struct ledger_json *json, struct errors *errors,
                   const char *what, const char *piece, size_t length)
{
    return ledger_reader_refuse(json->reader, errors, what, piece, length);
}

static bool refuse_json(struct ledger_json *json, struct errors *errors,
                        char c)
{
    return refuse(json, errors, "is not valid JSON at", &c, 1);
}

static int find_part(const struct ledger_json *json)
{
    for (size_t i = 0; i < array_length(part_names); i++) {
        if (strlen(part_names[i].name) == json->name_length &&
            memcmp(part_names[i].name, json->name, json->name_length) == 0) {
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

static void begin_object(struct ledger_json *json)
{
    json->object = OBJECT_OPEN;
    json->is_odd = false;
    json->pending_count = 0;
    json->pool_length = 0;
    memset(json->parts, 0, sizeof(json->parts));
}

static void note_odd(struct ledger_json *json)
{
    if (!json->is_odd) {
        json->is_odd = true;
        snprintf(json->odd, sizeof(json->odd), "%.*s", (int)json->name_length,
                 json->name);
    }
}

static bool take_count(struct ledger_json *json, const char *id, size_t length,
                       bool is_whole, uint64_t count, struct errors *errors)
{
    if (!is_whole) {
        return refuse(json, errors, "gives no whole count for", id, length);
    }
    ledger_reader_take(
        json->reader,
        &(struct ledger_entry){.id = id, .id_length = length, .count = count});
    return true;
}

/* It is an object of ids and counts: what was held back is handed on. */
static bool become_map(struct ledger_json *json, struct errors *errors)
{
    if (json->is_odd) {
        return refuse(json, errors, "gives no whole count for", json->odd,
                      strlen(json->odd));
    }
    for (size_t i = 0; i < json->pending_count; i++) {
        const struct ledger_pending *pending = &json->pending[i];
        const char *name = json->pool + pending->at;
        if (json->reader->columns != LEDGER_HAS_COUNT) {
            return refuse(json, errors, "has no time for", name,
                          pending->length);
        }
        if (!take_count(json, name, pending->length, pending->is_whole,
                        pending->count, errors)) {
            return false;
        }
    }
    json->object = OBJECT_MAP;
    return true;
}

static bool is_record(const struct ledger_json *json)
{
    char key = json->parts[PART_KEY].kind;
    char id = json->parts[PART_ID].kind;
    return key == 's' || key == 'n' || id == 's' || id == 'n';
}

static bool hold_back(struct ledger_json *json, struct errors *errors)
{
    size_t length = json->name_length;
    if (json->pending_count == LEDGER_PENDING_MAX ||
        length > sizeof(json->pool) - json->pool_length) {
        if (is_record(json)) {
            json->object = OBJECT_RECORD;
            return true;
        }
        uint64_t count;
        bool is_whole = parse_whole(json->reader->buffer, &count);
        return become_map(json, errors) &&
               take_count(json, json->name, length, is_whole, count, errors);
    }
    struct ledger_pending *pending = &json->pending[json->pending_count++];
    pending->at = (uint16_t)json->pool_length;
    pending->length = (uint16_t)length;
    pending->is_whole = parse_whole(json->reader->buffer, &pending->count);
    memcpy(json->pool + pending->at, json->name, length);
    json->pool_length += length;
    return true;
}

/* A member whose value, in the buffer, is a text, a number or another word. */
static bool take_member(struct ledger_json *json, char kind,
                        struct errors *errors)
{
    int part = find_part(json);
    if (json->object == OBJECT_OUTER) {
        return true;
    }
    if (json->object == OBJECT_MAP) {
        uint64_t count = 0;
        bool is_whole =
            kind == 'n' && parse_whole(json->reader->buffer, &count);
        return take_count(json, json->name, json->name_length, is_whole, count,
                          errors);
    }
    if (part >= 0) {
        json->parts[part].kind = kind;
        json->parts[part].length = (uint16_t)json->reader->length;
        memcpy(json->values[part], json->reader->buffer,
               json->reader->length + 1);
    }
    if (kind != 'n') {
        note_odd(json);
        return true;
    }
    return json->object == OBJECT_RECORD || hold_back(json, errors);
}

static bool end_record(struct ledger_json *json, struct errors *errors)
{
    char key = json->parts[PART_KEY].kind;
    int who = key == 's' || key == 'n' ? PART_KEY : PART_ID;
    char count = json->parts[PART_COUNT].kind;
    const char *time = json->values[PART_TIME];
    struct ledger_entry entry = {
        .id = json->values[who],
        .id_length = json->parts[who].length,
        .count = 1,
    };
    bool counts = json->reader->columns == LEDGER_HAS_COUNT ||
                  json->reader->columns == LEDGER_HAS_COUNT_TIME;

    if (counts && count &&
        (count == 'o' ||
         !parse_whole(json->values[PART_COUNT], &entry.count))) {
        return refuse(json, errors, "gives no whole count for", entry.id,
                      entry.id_length);
    }
    bool is_none_yet =
        json->reader->columns == LEDGER_HAS_COUNT_TIME && entry.count == 0 &&
        (!json->parts[PART_TIME].kind || json->parts[PART_TIME].kind == 'o');
    if (ledger_has_time(json->reader->columns) && !is_none_yet) {
        entry.has_time = true;
        if (!json->parts[PART_TIME].kind ||
            !ledger_time_parse(time, json->parts[PART_TIME].length,
                               &entry.unix_ns)) {
            return refuse(json, errors, "has no time for", entry.id,
                          entry.id_length);
        }
    }
    if (json->reader->columns == LEDGER_HAS_STATE_TIME) {
        if (json->parts[PART_STATE].kind != 's') {
            return refuse(json, errors, "has no state for", entry.id,
                          entry.id_length);
        }
        entry.state = json->values[PART_STATE];
        entry.state_length = json->parts[PART_STATE].length;
    }
    ledger_reader_take(json->reader, &entry);
    return true;
}

static bool end_object(struct ledger_json *json, struct errors *errors)
{
    switch (json->object) {
    case OBJECT_OUTER:
        json->is_outer = false;
        return true;
    case OBJECT_MAP:
        return true;
    case OBJECT_RECORD:
        return end_record(json, errors);
    case OBJECT_OPEN:
        break;
    }
    return is_record(json) ? end_record(json, errors)
                           : become_map(json, errors);
}

/* Containers. */

static bool in_array(const struct ledger_json *json)
{
    return json->depth > 0 && (json->arrays >> (json->depth - 1) & 1);
}

static bool is_outer_name(const struct ledger_json *json)
{
    static const char *const names[] = {"effects", "entries"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (strlen(names[i]) == json->name_length &&
            memcmp(names[i], json->name, json->name_length) == 0) {
            return true;
        }
    }
    return false;
}

static bool open_container(struct ledger_json *json, bool is_array,
                           struct errors *errors)
{
    unsigned depth = json->depth;
    bool parent_is_array = in_array(json);

    if (depth == DEPTH_MAX) {
        return refuse(json, errors, "is nested too deeply", "", 0);
    }
    if (json->skip == 0) {
        if (parent_is_array && is_array) {
            return refuse(json, errors, "has an array within an array", "", 0);
        }
        if (depth == 0 || parent_is_array) {
            if (!is_array) {
                begin_object(json);
            }
        } else if (depth == 1 && !json->is_outer &&
                   json->object == OBJECT_OPEN && is_outer_name(json)) {
            json->is_outer = true;
            if (!is_array) {
                begin_object(json);
            }
        } else if (json->object == OBJECT_MAP) {
            return take_count(json, json->name, json->name_length, false, 0,
                              errors);
        } else {
            note_odd(json);
            json->skip = depth + 1;
        }
    }
    uint64_t bit = UINT64_C(1) << depth;
    json->arrays = is_array ? json->arrays | bit : json->arrays & ~bit;
    json->depth = depth + 1;
    json->state = is_array ? STATE_FIRST_ELEMENT : STATE_FIRST_NAME;
    return true;
}

static void after_value(struct ledger_json *json)
{
    json->state = json->depth == 0 ? STATE_TOP : STATE_AFTER;
}

static bool close_container(struct ledger_json *json, char c,
                            struct errors *errors)
{
    bool is_array = in_array(json);
    if (is_array != (c == ']')) {
        return refuse_json(json, errors, c);
    }
    if (json->skip == 0) {
        if (!is_array && !end_object(json, errors)) {
            return false;
        }
    } else if (json->skip == json->depth) {
        json->skip = 0;
    }
    json->depth--;
    if (json->is_outer && json->depth == 1) {
        json->object = OBJECT_OUTER;
    }
    after_value(json);
    return true;
}

/* Texts and words. */

/* Past the limit nothing is kept; whether that matters, its end decides. */
static void add_byte(struct ledger_json *json, char c)
{
    if (json->reader->length < LEDGER_LINE_MAX) {
        json->reader->buffer[json->reader->length++] = c;
    } else {
        json->is_cut = true;
    }
}

static void add_code_point(struct ledger_json *json, unsigned point)
{
    if (point < 0x80) {
        add_byte(json, (char)point);
        return;
    }
    if (point < 0x800) {
        add_byte(json, (char)(0xc0 | point >> 6));
    } else {
        if (point < 0x10000) {
            add_byte(json, (char)(0xe0 | point >> 12));
        } else {
            add_byte(json, (char)(0xf0 | point >> 18));
            add_byte(json, (char)(0x80 | (point >> 12 & 0x3f)));
        }
        add_byte(json, (char)(0x80 | (point >> 6 & 0x3f)));
    }
    add_byte(json, (char)(0x80 | (point & 0x3f)));
}

/* A whole \uXXXX; one that is half of a pair waits for the other. */
static bool end_escape(struct ledger_json *json)
{
    unsigned unit = json->escape_value;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (json->surrogate != 0)) {
        return false;
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
        json->surrogate = unit;
        return true;
    }
    if (is_low) {
        unit = 0x10000 + ((json->surrogate - 0xd800) << 10) + (unit - 0xdc00);
        json->surrogate = 0;
    }
    add_code_point(json, unit);
    return true;
}

/* The byte after a backslash, or one of the four after \u. */
static bool take_escape(struct ledger_json *json, char c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";

    if (json->escape == 1) {
        const char *found = c ? strchr(from, c) : NULL;
        json->escape = c == 'u' ? 5 : 0;
        json->escape_value = 0;
        if (found && !json->surrogate) {
            add_byte(json, to[found - from]);
        }
        return c == 'u' || (found && !json->surrogate);
    }
    unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
    json->escape_value = json->escape_value * 16 + digit;
    json->escape--;
    if (digit > 15) {
        return false;
    }
    if (json->escape == 1) {
        json->escape = 0;
        return end_escape(json);
    }
    return true;
}

static bool end_text(struct ledger_json *json, struct errors *errors)
{
    bool is_name = json->state == STATE_NAME_TEXT;
    bool is_wanted = json->skip == 0 && json->object != OBJECT_OUTER;

    json->reader->buffer[json->reader->length] = '\0';
    if (json->is_cut) {
        if (is_wanted && (is_name || find_part(json) >= 0)) {
            return refuse(json, errors, "has a text longer than 4096 bytes",
                          json->reader->buffer, json->reader->length);
        }
    } else if (!utf8_is_valid(json->reader->buffer, json->reader->length)) {
        return refuse(json, errors, "is not valid JSON: not UTF-8",
                      json->reader->buffer, json->reader->length);
    }
    if (is_name) {
        memcpy(json->name, json->reader->buffer, json->reader->length);
        json->name_length = (uint16_t)json->reader->length;
        json->state = STATE_COLON;
        return true;
    }
    after_value(json);
    if (json->skip) {
        return true;
    }
    if (json->state == STATE_TOP || in_array(json)) {
        return refuse(json, errors, "has a text where an object belongs",
                      json->reader->buffer, json->reader->length);
    }
    return take_member(json, 's', errors);
}

static bool take_text(struct ledger_json *json, char c, struct errors *errors)
{
    if (json->escape) {
        return take_escape(json, c) || refuse_json(json, errors, c);
    }
    if (c == '\\') {
        json->escape = 1;
        return true;
    }
    if ((unsigned char)c < 0x20 || json->surrogate) {
        return refuse_json(json, errors, c);
    }
    if (c == '"') {
        return end_text(json, errors);
    }
    add_byte(json, c);
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

static bool end_word(struct ledger_json *json, struct errors *errors)
{
    json->reader->buffer[json->reader->length] = '\0';
    const char *word = json->reader->buffer;
    bool number = is_number(word);

    if (json->is_cut || strlen(word) != json->reader->length ||
        (!number && strcmp(word, "true") != 0 && strcmp(word, "false") != 0 &&
         strcmp(word, "null") != 0)) {
        return refuse(json, errors, "is not valid JSON at", word,
                      json->reader->length);
    }
    after_value(json);
    if (json->skip) {
        return true;
    }
    if (json->state == STATE_TOP || in_array(json)) {
        return refuse(json, errors, "has a value where an object belongs",
                      word, json->reader->length);
    }
    return take_member(json, number ? 'n' : 'o', errors);
}

static void begin_text(struct ledger_json *json, enum state state)
{
    json->reader->length = 0;
    json->is_cut = false;
    json->escape = 0;
    json->surrogate = 0;
    json->state = (int)state;
}

static bool begin_value(struct ledger_json *json, char c,
                        struct errors *errors)
{
    if (c == '{' || c == '[') {
        return open_container(json, c == '[', errors);
    }
    if (c == '"') {
        begin_text(json, STATE_TEXT);
        return true;
    }
    begin_text(json, STATE_WORD);
    add_byte(json, c);
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One byte between texts and words. */
static bool take_mark(struct ledger_json *json, char c, struct errors *errors)
{
    enum state state = (enum state)json->state;
    if (is_space(c)) {
        return true;
    }
    if ((state == STATE_FIRST_ELEMENT && c == ']') ||
        (state == STATE_FIRST_NAME && c == '}') ||
        (state == STATE_AFTER && (c == ']' || c == '}'))) {
        return close_container(json, c, errors);
    }
    if (state == STATE_AFTER && c == ',') {
        json->state = in_array(json) ? STATE_VALUE : STATE_NAME;
        return true;
    }
    if (state == STATE_COLON && c == ':') {
        json->state = STATE_VALUE;
        return true;
    }
    if ((state == STATE_FIRST_NAME || state == STATE_NAME) && c == '"') {
        begin_text(json, STATE_NAME_TEXT);
        return true;
    }
    if (state == STATE_TOP || state == STATE_VALUE ||
        state == STATE_FIRST_ELEMENT) {
        return begin_value(json, c, errors);
    }
    return refuse_json(json, errors, c);
}

bool ledger_json_feed(struct ledger_json *json, const char *bytes,
                      size_t length, struct errors *errors)
{
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        bool ok = true;
        if (json->state == STATE_WORD &&
            (is_space(c) || c == ',' || c == ']' || c == '}')) {
            ok = end_word(json, errors);
        }
        if (!ok) {
            return false;
        }
        if (json->state == STATE_NAME_TEXT || json->state == STATE_TEXT) {
            ok = take_text(json, c, errors);
        } else if (json->state == STATE_WORD) {
            add_byte(json, c);
        } else {
            ok = take_mark(json, c, errors);
        }
        if (!ok) {
            return false;
        }
        json->reader->line += c == '\n';
    }
    return true;
}

bool ledger_json_end(struct ledger_json *json, struct errors *errors)
{
    if (json->state == STATE_WORD && json->depth == 0) {
        return end_word(json, errors);
    }
    if (json->state != STATE_TOP) {
        return refuse(json, errors, "is not valid JSON: it ends in the middle",
                      "", 0);
    }
    return true;
}
