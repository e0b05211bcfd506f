/* The strict reading of JSON, before cJSON sees it: what cJSON forgives is an
 * error with a place. */
#include "base/json_inside.h"

#include "base/must.h"
#include "base/str.h"
#include "base/unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool refuse_at(struct json_scanner *scanner, size_t at,
                      const char *problem)
{
    if (!scanner->problem) {
        scanner->problem = problem;
        scanner->problem_at = at;
    }
    return false;
}

static bool refuse(struct json_scanner *scanner, const char *problem)
{
    return refuse_at(scanner, scanner->at, problem);
}

static void blank(struct json_scanner *scanner, size_t from, size_t to)
{
    for (size_t i = from; scanner->blanked && i < to; i++) {
        if (scanner->blanked[i] != '\n') {
            scanner->blanked[i] = ' ';
        }
    }
}

/* At a "/": steps over one comment. */
static bool skip_comment(struct json_scanner *scanner)
{
    size_t start = scanner->at;
    const char *rest = scanner->text + start;
    size_t left = scanner->length - start;
    const char *end;

    if (left >= 2 && rest[1] == '/') {
        end = memchr(rest, '\n', left);
        end = end ? end : rest + left;
    } else if (left >= 2 && rest[1] == '*') {
        end = left > 2 ? memmem(rest + 2, left - 2, "*/", 2) : NULL;
        if (!end) {
            return refuse(scanner, "this comment has no end");
        }
        end += 2;
    } else {
        return refuse(scanner, "expected a value or a comment");
    }
    scanner->at = (size_t)(end - scanner->text);
    blank(scanner, start, scanner->at);
    return true;
}

bool json_skip_space(struct json_scanner *scanner)
{
    for (;;) {
        char c = json_peek(scanner);
        if (scanner->at < scanner->length &&
            (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            scanner->at++;
        } else if (c == '/') {
            if (!skip_comment(scanner)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

/* Four hexadecimal digits at `at`; -1 when they are not. */
static int hex4(const char *text, size_t left)
{
    int value = 0;
    if (left < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* At the "u" of an escape: reads it, and its second half when it is one of a
 * surrogate pair. */
static bool scan_unicode_escape(struct json_scanner *scanner,
                                struct str *decoded)
{
    size_t start = scanner->at - 1;
    const char *digits = scanner->text + scanner->at + 1;
    size_t left = scanner->length - scanner->at - 1;
    int high = hex4(digits, left);

    if (high < 0) {
        return refuse_at(scanner, start, "\\u needs four hexadecimal digits");
    }
    if (high == 0) {
        return refuse_at(scanner, start, "\\u0000 is not allowed in a text");
    }
    scanner->at += 5;
    unsigned code = (unsigned)high;
    if (high >= 0xd800 && high <= 0xdfff) {
        int low = -1;
        if (high < 0xdc00 && left >= 10 && digits[4] == '\\' &&
            digits[5] == 'u') {
            low = hex4(digits + 6, left - 6);
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return refuse_at(scanner, start,
                             "this surrogate has no other half");
        }
        code = 0x10000u + (((unsigned)high - 0xd800u) << 10) +
               ((unsigned)low - 0xdc00u);
        scanner->at += 6;
    }
    str_append_code_point(decoded, code);
    return true;
}

static bool scan_escape(struct json_scanner *scanner, struct str *decoded)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    scanner->at++; /* the backslash */
    char c = json_peek(scanner);
    if (c == 'u') {
        return scan_unicode_escape(scanner, decoded);
    }
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter) {
        return refuse_at(scanner, scanner->at - 1, "unknown escape in a text");
    }
    str_append_char(decoded, meanings[letter - letters]);
    scanner->at++;
    return true;
}

/* At a quote: reads a text, decoded into `decoded`. */
static bool scan_string(struct json_scanner *scanner, struct str *decoded)
{
    size_t start = scanner->at++;
    str_reset(decoded);
    for (;;) {
        if (scanner->at >= scanner->length) {
            return refuse_at(scanner, start, "this text has no closing quote");
        }
        char c = json_peek(scanner);
        if (c == '"') {
            scanner->at++;
            return true;
        }
        if (c == '\\') {
            if (!scan_escape(scanner, decoded)) {
                return false;
            }
            continue;
        }
        if (c == '\n') {
            return refuse_at(scanner, start, "this text has no closing quote");
        }
        if ((unsigned char)c < 0x20) {
            return refuse(scanner, "control character in a text; write it as "
                                   "an escape such as \\t");
        }
        size_t length = utf8_length(scanner->text + scanner->at,
                                    scanner->length - scanner->at);
        if (length == 0) {
            return refuse(scanner, "not valid UTF-8");
        }
        str_append_bytes(decoded, scanner->text + scanner->at, length);
        scanner->at += length;
    }
}

static size_t skip_digits(struct json_scanner *scanner)
{
    size_t start = scanner->at;
    while (json_peek(scanner) >= '0' && json_peek(scanner) <= '9') {
        scanner->at++;
    }
    return scanner->at - start;
}

static bool scan_number(struct json_scanner *scanner)
{
    static const char bad[] = "not a number as JSON writes it";
    size_t start = scanner->at;

    if (json_peek(scanner) == '-') {
        scanner->at++;
    }
    bool leading_zero = json_peek(scanner) == '0';
    size_t digits = skip_digits(scanner);
    if (digits == 0) {
        return refuse_at(scanner, start, bad);
    }
    if (leading_zero && digits > 1) {
        return refuse_at(scanner, start,
                         "a number must not begin with a zero");
    }
    if (json_peek(scanner) == '.') {
        scanner->at++;
        if (skip_digits(scanner) == 0) {
            return refuse_at(scanner, start, bad);
        }
    }
    if (json_peek(scanner) == 'e' || json_peek(scanner) == 'E') {
        scanner->at++;
        if (json_peek(scanner) == '+' || json_peek(scanner) == '-') {
            scanner->at++;
        }
        if (skip_digits(scanner) == 0) {
            return refuse_at(scanner, start, bad);
        }
    }
    char number[64];
    size_t length = scanner->at - start;
    if (length >= sizeof(number)) {
        return refuse_at(scanner, start, "this number has too many digits");
    }
    memcpy(number, scanner->text + start, length);
    number[length] = '\0';
    if (!isfinite(strtod(number, NULL))) {
        return refuse_at(scanner, start, "this number is too large");
    }
    return true;
}

static bool scan_word(struct json_scanner *scanner)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < array_length(words); i++) {
        size_t length = strlen(words[i]);
        if (scanner->length - scanner->at >= length &&
            memcmp(scanner->text + scanner->at, words[i], length) == 0) {
            scanner->at += length;
            return true;
        }
    }
    return refuse(scanner, "expected a value");
}

static void remember_name(struct json_scanner *scanner, struct str *decoded,
                          size_t at)
{
    if (scanner->name_count == scanner->name_capacity) {
        scanner->name_capacity = scanner->name_capacity * 2 + 16;
        scanner->names = realloc(scanner->names, scanner->name_capacity *
                                                     sizeof(*scanner->names));
        must(scanner->names);
    }
    struct str copy = STR_INIT;
    str_append_bytes(&copy, decoded->text, decoded->length);
    scanner->names[scanner->name_count++] =
        (struct json_name){str_detach(&copy), at};
}

static int compare_names(const void *a, const void *b)
{
    const struct json_name *left = a;
    const struct json_name *right = b;
    int order = strcmp(left->text, right->text);
    if (order != 0) {
        return order;
    }
    return left->at < right->at ? -1 : left->at > right->at;
}

/* Forgets the names from `base` on; false when two of them are equal. */
static bool close_names(struct json_scanner *scanner, size_t base)
{
    size_t count = scanner->name_count - base;
    bool unique = true;

    if (count == 0) {
        return true; /* perhaps before the first name was ever kept */
    }
    struct json_name *names = scanner->names + base;
    if (count > 1) {
        qsort(names, count, sizeof(*names), compare_names);
    }
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1].text, names[i].text) == 0) {
            unique = refuse_at(scanner, names[i].at,
                               "this key stands here for the second time");
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        free(names[i].text);
    }
    scanner->name_count = base;
    return unique;
}

bool json_scan_member_name(struct json_scanner *scanner, struct str *name)
{
    if (json_peek(scanner) != '"') {
        return refuse(scanner, json_peek(scanner) == '}'
                                   ? "remove the comma before this brace"
                                   : "expected a key in double quotes");
    }
    if (!scan_string(scanner, name) || !json_skip_space(scanner)) {
        return false;
    }
    if (json_peek(scanner) != ':') {
        return refuse(scanner, "expected a colon after the key");
    }
    scanner->at++;
    return json_skip_space(scanner);
}

static bool scan_members(struct json_scanner *scanner, struct str *name)
{
    for (;;) {
        size_t at = scanner->at;
        if (!json_scan_member_name(scanner, name)) {
            return false;
        }
        remember_name(scanner, name, at);
        if (!json_scan_value(scanner) || !json_skip_space(scanner)) {
            return false;
        }
        if (json_peek(scanner) == '}') {
            scanner->at++;
            return true;
        }
        if (json_peek(scanner) != ',') {
            return refuse(scanner, "expected a comma or a closing brace");
        }
        scanner->at++;
        if (!json_skip_space(scanner)) {
            return false;
        }
    }
}

static bool scan_object(struct json_scanner *scanner)
{
    size_t base = scanner->name_count;
    struct str name = STR_INIT;

    scanner->at++;
    bool good = json_skip_space(scanner);
    if (good && json_peek(scanner) == '}') {
        scanner->at++;
    } else {
        good = good && scan_members(scanner, &name);
    }
    str_release(&name);
    return close_names(scanner, base) && good;
}

static bool scan_array(struct json_scanner *scanner)
{
    scanner->at++;
    if (!json_skip_space(scanner)) {
        return false;
    }
    if (json_peek(scanner) == ']') {
        scanner->at++;
        return true;
    }
    for (;;) {
        if (json_peek(scanner) == ']') {
            return refuse(scanner, "remove the comma before this bracket");
        }
        if (!json_scan_value(scanner) || !json_skip_space(scanner)) {
            return false;
        }
        if (json_peek(scanner) == ']') {
            scanner->at++;
            return true;
        }
        if (json_peek(scanner) != ',') {
            return refuse(scanner, "expected a comma or a closing bracket");
        }
        scanner->at++;
        if (!json_skip_space(scanner)) {
            return false;
        }
    }
}

bool json_scan_value(struct json_scanner *scanner)
{
    char c = json_peek(scanner);
    if (scanner->at >= scanner->length) {
        return refuse(scanner, "the text ends where a value is expected");
    }
    if (c == '{' || c == '[') {
        if (scanner->depth == JSON_DEPTH_MAX) {
            return refuse(scanner, "nested too deep");
        }
        scanner->depth++;
        bool good = c == '{' ? scan_object(scanner) : scan_array(scanner);
        scanner->depth--;
        return good;
    }
    if (c == '"') {
        struct str decoded = STR_INIT;
        bool good = scan_string(scanner, &decoded);
        str_release(&decoded);
        return good;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return scan_number(scanner);
    }
    return scan_word(scanner);
}

void json_skip_mark(struct json_scanner *scanner)
{
    if (scanner->length >= 3 &&
        memcmp(scanner->text, "\xef\xbb\xbf", 3) == 0) {
        scanner->at = 3;
        blank(scanner, 0, 3);
    }
}

bool json_scan_document(struct json_scanner *scanner)
{
    json_skip_mark(scanner);
    if (!json_skip_space(scanner)) {
        return false;
    }
    if (scanner->at >= scanner->length) {
        return refuse(scanner, "nothing here");
    }
    if (!json_scan_value(scanner) || !json_skip_space(scanner)) {
        return false;
    }
    if (scanner->at < scanner->length) {
        return refuse(scanner, "nothing may follow the value");
    }
    return true;
}

void json_scanner_release(struct json_scanner *scanner)
{
    free(scanner->names);
    scanner->names = NULL;
}
