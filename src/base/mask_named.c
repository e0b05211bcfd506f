/* Values that stand behind names of secrets in what a service says: in JSON,
 * in forms, in XML, in lines, perhaps within one another. */
#include "base/mask.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Where the value of a name begins, and what it ends at. */
struct named_value {
    size_t at;
    char quote;      /* NUL: it is in none */
    size_t escaping; /* backslashes before the quote, as in JSON in JSON */
};

static bool is_in(char c, const char *bytes)
{
    return c != '\0' && strchr(bytes, c) != NULL;
}

/* From a name on to its value: quotes, blanks and one ":" or "=" stand
 * between, or the end of a tag. False: this is no name with a value. */
static bool find_value(const char *text, size_t length, size_t at,
                       struct named_value *value)
{
    while (at < length && is_in(text[at], "\"' \t\\")) {
        at++;
    }
    if (at == length || !is_in(text[at], ":=>")) {
        return false;
    }
    bool is_member = is_in(text[at - 1], "\"'");
    at++;
    while (at < length && is_in(text[at], is_member ? " \t\r\n" : " \t")) {
        at++;
    }
    *value = (struct named_value){.at = at};
    while (at < length && text[at] == '\\') {
        at++;
    }
    if (at < length && is_in(text[at], "\"'")) {
        value->quote = text[at];
        value->escaping = at - value->at;
        value->at = at + 1;
    }
    return true;
}

/* Whether a text in quotes ends at its byte `at`: of backslashes, as many
 * stand before it as before its begin, and pairs of them are part of it. */
static bool is_closed_at(const char *text, size_t at,
                         const struct named_value *value)
{
    size_t count = 0;

    while (at - count > value->at && text[at - count - 1] == '\\') {
        count++;
    }
    return text[at] == value->quote &&
           count % (2 * (value->escaping + 1)) == value->escaping;
}

/* In quotes a value ends where they do, a list or an object with its last
 * bracket, and all else where its line, its text or its member does. */
static size_t value_end(const char *text, size_t length,
                        const struct named_value *value)
{
    size_t at = value->at, depth = 0;

    while (at < length &&
           (value->quote ? !is_closed_at(text, at, value)
                         : depth > 0 || !is_in(text[at], "\"'\r\n,;&}]<"))) {
        depth += is_in(text[at], "[{");
        depth -= depth > 0 && is_in(text[at], "]}");
        at++;
    }
    return at < length && value->quote ? at - value->escaping : at;
}

static size_t mask_value(char *text, size_t length,
                         const struct named_value *value)
{
    size_t end = value_end(text, length, value);

    for (size_t at = value->at; at < end; at++) {
        text[at] = is_in(text[at], " \r\n") ? text[at] : '*';
    }
    return end;
}

void mask_named_values(char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t end = at;
        while (end < length && is_name_byte(text[end])) {
            end++;
        }
        struct named_value value = {0};
        bool is_found = end > at && mask_is_secret_name(text + at, end - at) &&
                        find_value(text, length, end, &value);
        bool is_scheme = (end - at == 6 && end < length &&
                          strncasecmp(text + at, "bearer", 6) == 0) ||
                         (end - at == 5 && end < length &&
                          strncasecmp(text + at, "basic", 5) == 0);
        if (is_scheme && text[end] == ' ') {
            value = (struct named_value){.at = end + 1};
            is_found = true;
        }
        at = is_found   ? mask_value(text, length, &value)
             : end > at ? end
                        : at + 1;
    }
}
