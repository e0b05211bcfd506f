#include "base/pointer.h"

#include <string.h>

/* -- the pointer -- */

static long index_of(const char *text, size_t length)
{
    long index = 0;
    if (length == 0 || length > 9 || (length > 1 && text[0] == '0')) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        index = index * 10 + (text[i] - '0');
    }
    return index;
}

static const char *add_token(struct pointer *pointer, struct arena *arena,
                             const char *text, size_t length)
{
    if (pointer->count == POINTER_DEPTH_MAX) {
        return "it is deeper than 16 members";
    }
    char *copy = arena_strndup(arena, text, length);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        copy[at] = text[i];
        if (text[i] == '~') {
            i++;
            if (i == length || (text[i] != '0' && text[i] != '1')) {
                return "\"~\" is written ~0, and \"/\" in a name ~1";
            }
            copy[at] = text[i] == '0' ? '~' : '/';
        }
        at++;
    }
    copy[at] = '\0';
    pointer->tokens[pointer->count++] =
        (struct pointer_token){copy, at, index_of(copy, at)};
    return NULL;
}

const char *pointer_compile(struct pointer *pointer, struct arena *arena,
                            const char *text)
{
    *pointer = (struct pointer){0};
    if (text[0] != '/') {
        return "a JSON pointer begins with a slash";
    }
    const char *problem = NULL;
    while (*text == '/' && !problem) {
        size_t length = strcspn(++text, "/");
        problem = add_token(pointer, arena, text, length);
        text += length;
    }
    return problem;
}

/* -- the scan -- */

struct scan {
    const char *at, *end;
};

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' ||
                                    *scan->at == '\r' || *scan->at == '\t')) {
        scan->at++;
    }
}

/* Why a byte that was asked for is not there. */
static enum pointer_result missing(const struct scan *scan)
{
    return scan->at < scan->end ? POINTER_MALFORMED : POINTER_CUT;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F');
}

/* Steps over an escape, or as much of it as there is. False: it is none. */
static bool skip_escape(struct scan *scan)
{
    scan->at++;
    if (scan->at == scan->end) {
        return true;
    }
    char c = *scan->at++;
    for (int i = 0; c == 'u' && i < 4 && scan->at < scan->end; i++) {
        if (!is_hex(*scan->at++)) {
            return false;
        }
    }
    return c && strchr("\"\\/bfnrtu", c);
}

/* From an opening quote to behind the closing one. */
static enum pointer_result take_string(struct scan *scan,
                                       struct json_span *span)
{
    const char *first = ++scan->at;
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < 0x20) {
            return POINTER_MALFORMED;
        }
        if (*scan->at != '\\') {
            scan->at++;
        } else if (!skip_escape(scan)) {
            return POINTER_MALFORMED;
        }
    }
    if (scan->at == scan->end) {
        return POINTER_CUT;
    }
    *span =
        (struct json_span){JSON_STRING, first, (size_t)(scan->at++ - first)};
    return POINTER_FOUND;
}

static enum pointer_result take_word(struct scan *scan, const char *word,
                                     enum json_kind kind,
                                     struct json_span *span)
{
    size_t length = strlen(word);
    size_t left = (size_t)(scan->end - scan->at);
    if (memcmp(scan->at, word, left < length ? left : length) != 0) {
        return POINTER_MALFORMED;
    }
    if (left < length) {
        return POINTER_CUT;
    }
    *span = (struct json_span){kind, scan->at, length};
    scan->at += length;
    return POINTER_FOUND;
}

static size_t count_digits(struct scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
    }
    return (size_t)(scan->at - first);
}

static bool take_one_of(struct scan *scan, const char *bytes)
{
    bool there = scan->at < scan->end && *scan->at && strchr(bytes, *scan->at);
    scan->at += there;
    return there;
}

/* A number that reaches the end of the text may go on behind the cut. */
static enum pointer_result take_number(struct scan *scan,
                                       struct json_span *span)
{
    const char *first = scan->at;
    take_one_of(scan, "-");
    bool zero = scan->at < scan->end && *scan->at == '0';
    size_t digits = count_digits(scan);
    bool good = digits > 0 && !(zero && digits > 1);
    if (good && take_one_of(scan, ".")) {
        good = count_digits(scan) > 0;
    }
    if (good && take_one_of(scan, "eE")) {
        take_one_of(scan, "+-");
        good = count_digits(scan) > 0;
    }
    if (scan->at >= scan->end) {
        return POINTER_CUT;
    }
    *span = (struct json_span){JSON_NUMBER, first, (size_t)(scan->at - first)};
    return good ? POINTER_FOUND : POINTER_MALFORMED;
}

/* A value that is no object and no list. */
static enum pointer_result take_scalar(struct scan *scan,
                                       struct json_span *span)
{
    switch (*scan->at) {
    case '"':
        return take_string(scan, span);
    case 't':
        return take_word(scan, "true", JSON_TRUE, span);
    case 'f':
        return take_word(scan, "false", JSON_FALSE, span);
    case 'n':
        return take_word(scan, "null", JSON_NULL, span);
    default:
        return take_number(scan, span);
    }
}

static bool is_open(char c)
{
    return c == '{' || c == '[';
}

/* Steps over a value of any depth: what is open is only counted, so that a
 * hostile text costs no stack. */
static enum pointer_result skip_value(struct scan *scan)
{
    struct json_span span;
    size_t depth = 0;

    do {
        skip_blanks(scan);
        if (scan->at == scan->end) {
            return POINTER_CUT;
        }
        char c = *scan->at;
        if (is_open(c)) {
            depth++;
            scan->at++;
        } else if (depth > 0 && (c == '}' || c == ']')) {
            depth--;
            scan->at++;
        } else if (depth > 0 && (c == ',' || c == ':')) {
            scan->at++;
        } else {
            enum pointer_result result = take_scalar(scan, &span);
            if (result != POINTER_FOUND) {
                return result;
            }
        }
    } while (depth > 0);
    return POINTER_FOUND;
}

/* Behind a value: a comma leads to the next one, the end says that there is
 * none. */
static enum pointer_result go_on(struct scan *scan, char close)
{
    skip_blanks(scan);
    if (take_one_of(scan, ",")) {
        skip_blanks(scan);
        return POINTER_FOUND;
    }
    return scan->at < scan->end && *scan->at == close ? POINTER_ABSENT
                                                      : missing(scan);
}

/* From behind the brace to the value of a member. */
static enum pointer_result enter_object(struct scan *scan,
                                        const struct pointer_token *token)
{
    struct json_span name;
    enum pointer_result result;

    skip_blanks(scan);
    if (scan->at < scan->end && *scan->at == '}') {
        return POINTER_ABSENT;
    }
    for (;;) {
        if (scan->at >= scan->end || *scan->at != '"') {
            return missing(scan);
        }
        if ((result = take_string(scan, &name)) != POINTER_FOUND) {
            return result;
        }
        skip_blanks(scan);
        if (!take_one_of(scan, ":")) {
            return missing(scan);
        }
        if (json_span_is(&name, token->text, token->length)) {
            return POINTER_FOUND;
        }
        if ((result = skip_value(scan)) != POINTER_FOUND ||
            (result = go_on(scan, '}')) != POINTER_FOUND) {
            return result;
        }
    }
}

/* From behind the bracket to an element. */
static enum pointer_result enter_list(struct scan *scan,
                                      const struct pointer_token *token)
{
    enum pointer_result result;

    skip_blanks(scan);
    if (scan->at < scan->end && *scan->at == ']') {
        return POINTER_ABSENT;
    }
    for (long i = 0; i != token->index; i++) {
        if ((result = skip_value(scan)) != POINTER_FOUND ||
            (result = go_on(scan, ']')) != POINTER_FOUND) {
            return result;
        }
    }
    return POINTER_FOUND;
}

enum pointer_result pointer_find(const struct pointer *pointer,
                                 const char *text, size_t length,
                                 struct json_span *span)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of byte order, some write */
    struct scan scan = {text, text + length};

    if (length > 0 && memcmp(text, mark, length < 3 ? length : 3) == 0) {
        scan.at += length < 3 ? length : 3;
    }
    for (size_t i = 0; i < pointer->count; i++) {
        skip_blanks(&scan);
        if (scan.at == scan.end) {
            return POINTER_CUT;
        }
        char c = *scan.at;
        if (!is_open(c)) {
            enum pointer_result result = take_scalar(&scan, span);
            return result == POINTER_FOUND ? POINTER_ABSENT : result;
        }
        scan.at++;
        enum pointer_result result =
            c == '{' ? enter_object(&scan, &pointer->tokens[i])
                     : enter_list(&scan, &pointer->tokens[i]);
        if (result != POINTER_FOUND) {
            return result;
        }
    }
    skip_blanks(&scan);
    if (scan.at == scan.end) {
        return POINTER_CUT;
    }
    if (is_open(*scan.at)) {
        *span = (struct json_span){JSON_COMPOUND, scan.at, 1};
        return POINTER_FOUND;
    }
    return take_scalar(&scan, span);
}

/* -- strings -- */

/* The scan has seen that these are four hexadecimal digits. */
static unsigned hex4(const char *text)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)text[i];
        value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | code >> 6 * more);
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3f));
    }
    return more + 1;
}

/* What \uXXXX stands for; `at` lies behind the u and moves on. Twelve bytes
 * of the text become four, six become three at most. */
static unsigned take_code(const char **at, const char *end)
{
    unsigned code = hex4(*at);
    *at += 4;
    if (code < 0xd800 || code > 0xdfff) {
        return code;
    }
    if (code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' &&
        (*at)[1] == 'u') {
        unsigned low = hex4(*at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *at += 6;
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

/* The next bytes that a string stands for, 1 to 4 of them. */
static size_t next_bytes(const char **at, const char *end, char *out)
{
    static const char escapes[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";

    out[0] = *(*at)++;
    if (out[0] != '\\') {
        return 1;
    }
    char c = *(*at)++;
    if (c == 'u') {
        return put_utf8(take_code(at, end), out);
    }
    const char *escape = strchr(escapes, c);
    out[0] = escape ? meant[escape - escapes] : c;
    return 1;
}

size_t json_span_decode(const struct json_span *span, char *out)
{
    const char *at = span->text;
    const char *end = at + span->length;
    size_t length = 0;
    char bytes[4];

    while (at < end) {
        size_t count = next_bytes(&at, end, bytes);
        memcpy(out + length, bytes, count);
        length += count;
    }
    return length;
}

bool json_span_is(const struct json_span *span, const char *bytes,
                  size_t length)
{
    const char *at = span->text;
    const char *end = at + span->length;
    size_t done = 0;
    char next[4];

    while (at < end) {
        size_t count = next_bytes(&at, end, next);
        if (count > length - done || memcmp(bytes + done, next, count) != 0) {
            return false;
        }
        done += count;
    }
    return done == length;
}
