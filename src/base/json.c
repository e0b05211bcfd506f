#include "base/json.h"

#include "base/must.h"
#include "base/str.h"
#include "base/unicode.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A member's name, remembered until its object ends, to find it twice. */
struct member_name {
    char *text;
    size_t at;
};

struct scanner {
    const char *text;
    size_t length;
    size_t at;
    char *blanked;       /* a copy in which comments become blanks, or NULL */
    int depth;
    const char *problem; /* static; NULL: none */
    size_t problem_at;
    struct member_name *names;
    size_t name_count, name_capacity;
};

static char peek(const struct scanner *scanner)
{
    return scanner->at < scanner->length ? scanner->text[scanner->at] : '\0';
}

static bool refuse_at(struct scanner *scanner, size_t at, const char *problem)
{
    if (!scanner->problem) {
        scanner->problem = problem;
        scanner->problem_at = at;
    }
    return false;
}

static bool refuse(struct scanner *scanner, const char *problem)
{
    return refuse_at(scanner, scanner->at, problem);
}

static void blank(struct scanner *scanner, size_t from, size_t to)
{
    for (size_t i = from; scanner->blanked && i < to; i++) {
        if (scanner->blanked[i] != '\n') {
            scanner->blanked[i] = ' ';
        }
    }
}

/* At a "/": steps over one comment. */
static bool skip_comment(struct scanner *scanner)
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

/* Steps over white space and comments. */
static bool skip_space(struct scanner *scanner)
{
    for (;;) {
        char c = peek(scanner);
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

static void append_utf8(struct str *out, unsigned code)
{
    if (code < 0x80) {
        str_append_char(out, (char)code);
    } else if (code < 0x800) {
        str_append_char(out, (char)(0xc0 | code >> 6));
        str_append_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        str_append_char(out, (char)(0xe0 | code >> 12));
        str_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        str_append_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        str_append_char(out, (char)(0xf0 | code >> 18));
        str_append_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        str_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        str_append_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* At the "u" of an escape: reads it, and its second half when it is one of a
 * surrogate pair. */
static bool scan_unicode_escape(struct scanner *scanner, struct str *decoded)
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
    append_utf8(decoded, code);
    return true;
}

static bool scan_escape(struct scanner *scanner, struct str *decoded)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    scanner->at++; /* the backslash */
    char c = peek(scanner);
    if (c == 'u') {
        return scan_unicode_escape(scanner, decoded);
    }
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter) {
        return refuse_at(scanner, scanner->at - 1,
                         "unknown escape in a text");
    }
    str_append_char(decoded, meanings[letter - letters]);
    scanner->at++;
    return true;
}

/* At a quote: reads a text, decoded into `decoded`. */
static bool scan_string(struct scanner *scanner, struct str *decoded)
{
    size_t start = scanner->at++;
    str_reset(decoded);
    for (;;) {
        if (scanner->at >= scanner->length) {
            return refuse_at(scanner, start, "this text has no closing quote");
        }
        char c = peek(scanner);
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

static size_t skip_digits(struct scanner *scanner)
{
    size_t start = scanner->at;
    while (peek(scanner) >= '0' && peek(scanner) <= '9') {
        scanner->at++;
    }
    return scanner->at - start;
}

static bool scan_number(struct scanner *scanner)
{
    static const char bad[] = "not a number as JSON writes it";
    size_t start = scanner->at;

    if (peek(scanner) == '-') {
        scanner->at++;
    }
    bool leading_zero = peek(scanner) == '0';
    size_t digits = skip_digits(scanner);
    if (digits == 0) {
        return refuse_at(scanner, start, bad);
    }
    if (leading_zero && digits > 1) {
        return refuse_at(scanner, start,
                         "a number must not begin with a zero");
    }
    if (peek(scanner) == '.') {
        scanner->at++;
        if (skip_digits(scanner) == 0) {
            return refuse_at(scanner, start, bad);
        }
    }
    if (peek(scanner) == 'e' || peek(scanner) == 'E') {
        scanner->at++;
        if (peek(scanner) == '+' || peek(scanner) == '-') {
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

static bool scan_word(struct scanner *scanner)
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

static void remember_name(struct scanner *scanner, struct str *decoded,
                          size_t at)
{
    if (scanner->name_count == scanner->name_capacity) {
        scanner->name_capacity = scanner->name_capacity * 2 + 16;
        scanner->names =
            realloc(scanner->names,
                    scanner->name_capacity * sizeof(*scanner->names));
        must(scanner->names);
    }
    struct str copy = STR_INIT;
    str_append_bytes(&copy, decoded->text, decoded->length);
    scanner->names[scanner->name_count++] =
        (struct member_name){str_detach(&copy), at};
}

static int compare_names(const void *a, const void *b)
{
    const struct member_name *left = a;
    const struct member_name *right = b;
    int order = strcmp(left->text, right->text);
    if (order != 0) {
        return order;
    }
    return left->at < right->at ? -1 : left->at > right->at;
}

/* Forgets the names from `base` on; false when two of them are equal. */
static bool close_names(struct scanner *scanner, size_t base)
{
    size_t count = scanner->name_count - base;
    bool unique = true;

    if (count == 0) {
        return true; /* perhaps before the first name was ever kept */
    }
    struct member_name *names = scanner->names + base;
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

static bool scan_value(struct scanner *scanner);

/* At a member's name: reads it and steps to the value. */
static bool scan_member_name(struct scanner *scanner, struct str *name)
{
    if (peek(scanner) != '"') {
        return refuse(scanner, peek(scanner) == '}'
                                   ? "remove the comma before this brace"
                                   : "expected a key in double quotes");
    }
    if (!scan_string(scanner, name) || !skip_space(scanner)) {
        return false;
    }
    if (peek(scanner) != ':') {
        return refuse(scanner, "expected a colon after the key");
    }
    scanner->at++;
    return skip_space(scanner);
}

static bool scan_members(struct scanner *scanner, struct str *name)
{
    for (;;) {
        size_t at = scanner->at;
        if (!scan_member_name(scanner, name)) {
            return false;
        }
        remember_name(scanner, name, at);
        if (!scan_value(scanner) || !skip_space(scanner)) {
            return false;
        }
        if (peek(scanner) == '}') {
            scanner->at++;
            return true;
        }
        if (peek(scanner) != ',') {
            return refuse(scanner, "expected a comma or a closing brace");
        }
        scanner->at++;
        if (!skip_space(scanner)) {
            return false;
        }
    }
}

static bool scan_object(struct scanner *scanner)
{
    size_t base = scanner->name_count;
    struct str name = STR_INIT;

    scanner->at++;
    bool good = skip_space(scanner);
    if (good && peek(scanner) == '}') {
        scanner->at++;
    } else {
        good = good && scan_members(scanner, &name);
    }
    str_release(&name);
    return close_names(scanner, base) && good;
}

static bool scan_array(struct scanner *scanner)
{
    scanner->at++;
    if (!skip_space(scanner)) {
        return false;
    }
    if (peek(scanner) == ']') {
        scanner->at++;
        return true;
    }
    for (;;) {
        if (peek(scanner) == ']') {
            return refuse(scanner, "remove the comma before this bracket");
        }
        if (!scan_value(scanner) || !skip_space(scanner)) {
            return false;
        }
        if (peek(scanner) == ']') {
            scanner->at++;
            return true;
        }
        if (peek(scanner) != ',') {
            return refuse(scanner, "expected a comma or a closing bracket");
        }
        scanner->at++;
        if (!skip_space(scanner)) {
            return false;
        }
    }
}

/* At the first character of a value: steps over it. */
static bool scan_value(struct scanner *scanner)
{
    char c = peek(scanner);
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

/* A byte order mark is no part of the text. */
static void skip_mark(struct scanner *scanner)
{
    if (scanner->length >= 3 && memcmp(scanner->text, "\xef\xbb\xbf", 3) == 0) {
        scanner->at = 3;
        blank(scanner, 0, 3);
    }
}

static bool scan_document(struct scanner *scanner)
{
    skip_mark(scanner);
    if (!skip_space(scanner)) {
        return false;
    }
    if (scanner->at >= scanner->length) {
        return refuse(scanner, "nothing here");
    }
    if (!scan_value(scanner) || !skip_space(scanner)) {
        return false;
    }
    if (scanner->at < scanner->length) {
        return refuse(scanner, "nothing may follow the value");
    }
    return true;
}

/* Line and column of an offset, and the text of its line with tabs as blanks,
 * so that a caret under it meets its mark. Columns count characters. */
static void place_of(const struct json_source *source, size_t at, int *line,
                     int *column, char *excerpt, size_t excerpt_size)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < at; i++) {
        if (source->text[i] == '\n') {
            ++*line;
            start = i + 1;
        }
    }
    *column = 1;
    for (size_t i = start; i < at; i++) {
        *column += ((unsigned char)source->text[i] & 0xc0) != 0x80;
    }
    if (excerpt_size == 0) {
        return;
    }
    size_t length = 0;
    for (size_t i = start; i < source->length && length + 1 < excerpt_size &&
                           source->text[i] != '\n' && source->text[i] != '\r';
         i++) {
        char c = source->text[i];
        excerpt[length++] = c == '\t' ? ' ' : c;
    }
    /* A mark beyond the end of the excerpt would point at nothing. */
    excerpt[at - start > length ? 0 : length] = '\0';
}

bool json_source_read(struct json_source *source, const char *path,
                      struct errors *errors)
{
    struct str text = STR_INIT;
    char bytes[16384];
    size_t count;

    *source = (struct json_source){0};
    FILE *file = fopen(path, "rb");
    if (!file) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s", path,
                   strerror(errno));
        return false;
    }
    errno = 0;
    while ((count = fread(bytes, 1, sizeof(bytes), file)) > 0 &&
           text.length <= JSON_SIZE_MAX) {
        str_append_bytes(&text, bytes, count);
    }
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    if (failure || text.length > JSON_SIZE_MAX) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s", path,
                   failure ? strerror(failure) : "larger than 16 MiB");
        str_release(&text);
        return false;
    }
    json_source_set(source, path, text.text, text.length);
    str_release(&text);
    return true;
}

void json_source_set(struct json_source *source, const char *name,
                     const char *text, size_t length)
{
    struct str copy = STR_INIT;
    str_append_bytes(&copy, text, length);
    source->length = length;
    source->text = str_detach(&copy);
    str_append(&copy, name);
    source->name = str_detach(&copy);
}

void json_source_release(struct json_source *source)
{
    free(source->name);
    free(source->text);
    *source = (struct json_source){0};
}

static void add_syntax_error(const struct json_source *source,
                             const char *problem, size_t at,
                             struct errors *errors)
{
    struct error *error = errors_add(errors, ERROR_SYNTAX, "%s", problem);
    snprintf(error->file, sizeof(error->file), "%s", source->name);
    place_of(source, at, &error->line, &error->column, error->excerpt,
             sizeof(error->excerpt));
}

cJSON *json_parse(const struct json_source *source, struct errors *errors)
{
    struct str copy = STR_INIT;
    str_append_bytes(&copy, source->text, source->length);
    char *blanked = str_detach(&copy);
    struct scanner scanner = {.text = source->text,
                              .length = source->length,
                              .blanked = blanked};
    cJSON *tree = NULL;

    if (source->length > JSON_SIZE_MAX && !source->may_be_large) {
        refuse(&scanner, "larger than 16 MiB");
    } else if (scan_document(&scanner)) {
        tree = cJSON_ParseWithLengthOpts(blanked, source->length + 1, NULL,
                                         true);
        must(tree); /* what the scan lets pass is JSON */
    }
    if (!tree) {
        add_syntax_error(source, scanner.problem, scanner.problem_at, errors);
    }
    free(scanner.names);
    free(blanked);
    return tree;
}

/* One step of a path: a member's name, or an index. */
struct path_step {
    bool is_index;
    size_t index;
    struct str name;
};

/* Reads the next step; returns where the path goes on, NULL when it is not a
 * path. */
static const char *next_step(const char *path, struct path_step *step)
{
    str_reset(&step->name);
    step->is_index = false;
    if (*path == '.') {
        path++;
    }
    if (path[0] == '[' && path[1] == '"') {
        const char *end = strstr(path + 2, "\"]");
        if (!end) {
            return NULL;
        }
        str_append_bytes(&step->name, path + 2, (size_t)(end - path - 2));
        return end + 2;
    }
    if (path[0] == '[') {
        char *end;
        step->is_index = true;
        step->index = strtoul(path + 1, &end, 10);
        return end > path + 1 && *end == ']' ? end + 1 : NULL;
    }
    size_t length = strcspn(path, ".[");
    str_append_bytes(&step->name, path, length);
    return length > 0 ? path + length : NULL;
}

/* At an object or array: goes to the value (and names the place of the key)
 * that the step leads to. */
static bool follow_step(struct scanner *scanner, const struct path_step *step,
                        size_t *key_at)
{
    struct str name = STR_INIT;
    bool found = false;
    char open = step->is_index ? '[' : '{';
    size_t index = 0;

    if (peek(scanner) != open) {
        return false;
    }
    scanner->at++;
    while (skip_space(scanner) && peek(scanner) != ']' &&
           peek(scanner) != '}') {
        *key_at = scanner->at;
        if (!step->is_index && !scan_member_name(scanner, &name)) {
            break;
        }
        found = step->is_index ? index == step->index
                               : strcmp(name.text, step->name.text) == 0;
        if (found || !scan_value(scanner) || !skip_space(scanner) ||
            peek(scanner) != ',') {
            break;
        }
        scanner->at++;
        index++;
    }
    str_release(&name);
    return found;
}

bool json_locate(const struct json_source *source, const char *path,
                 enum json_part part, int *line, int *column, char *excerpt,
                 size_t excerpt_size)
{
    struct scanner scanner = {.text = source->text, .length = source->length};
    struct path_step step = {.name = STR_INIT};
    size_t key_at = 0;

    skip_mark(&scanner);
    bool found = skip_space(&scanner) && scanner.at < scanner.length;
    while (found && *path) {
        path = next_step(path, &step);
        found = path && follow_step(&scanner, &step, &key_at);
    }
    str_release(&step.name);
    free(scanner.names);
    if (found) {
        place_of(source, part == JSON_KEY ? key_at : scanner.at, line, column,
                 excerpt, excerpt_size);
    }
    return found;
}

cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static cJSON *duplicate(const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);
    must(copy);
    return copy;
}

void json_merge(cJSON **target, const cJSON *patch)
{
    if (!cJSON_IsObject(patch)) {
        cJSON *copy = duplicate(patch);
        cJSON_Delete(*target);
        *target = copy;
        return;
    }
    if (!cJSON_IsObject(*target)) {
        cJSON_Delete(*target);
        *target = cJSON_CreateObject();
        must(*target);
    }
    for (const cJSON *member = patch->child; member; member = member->next) {
        cJSON *old = json_get(*target, member->string);
        if (cJSON_IsNull(member)) {
            if (old) {
                cJSON_Delete(cJSON_DetachItemViaPointer(*target, old));
            }
            continue;
        }
        /* Work on a copy that is nobody's child, then put it in place. */
        cJSON *merged = old ? duplicate(old) : NULL;
        json_merge(&merged, member);
        if (old) {
            cJSON_ReplaceItemInObjectCaseSensitive(*target, member->string,
                                                   merged);
        } else {
            cJSON_AddItemToObject(*target, member->string, merged);
        }
    }
}
