#include "cli/shorthand.h"

#include "base/must.h"

#include <string.h>

static const struct {
    const char *option, *values, *unless, *text;
} fallbacks[] = {
#define FALLBACK(option, values, unless, text) {option, values, unless, text},
#include "cli/shorthand.def"
#undef FALLBACK
};

static void append_member(struct str *json, const char *name,
                          size_t name_length, const char *value, size_t length)
{
    struct str part = STR_INIT;

    str_append(json, json->length > 1 ? "," : "");
    str_append_bytes(&part, name, name_length);
    str_append_json_string(json, part.text);
    str_append_char(json, ':');
    str_reset(&part);
    str_append_bytes(&part, value, length);
    str_append_json_string(json, part.text);
    str_release(&part);
}

bool shorthand_fault(const char *text, struct str *json)
{
    size_t kind = strcspn(text, ":");
    const char *at = text + kind;

    str_append_char(json, '{');
    append_member(json, "kind", 4, text, kind);
    for (size_t i = 0; *at; i++) {
        const char *part = at + 1;
        size_t length = strcspn(part, ":");
        const char *equals = memchr(part, '=', length);
        if (length == 0 || (!equals && i > 0)) {
            return false;
        }
        if (equals) {
            append_member(json, part, (size_t)(equals - part), equals + 1,
                          length - (size_t)(equals + 1 - part));
        } else {
            append_member(json, "ratio", 5, part, length);
        }
        at = part + length;
    }
    str_append_char(json, '}');
    return kind > 0;
}

bool shorthand_fault_loses(const char *text)
{
    bool loses = strncmp(text, "lost_", 5) == 0 ||
                 strncmp(text, "torn_request", 12) == 0;
    return loses && !strstr(text, ":as=");
}

/* Whether a list with blanks between names the value. */
static bool is_among(const char *list, const char *value)
{
    size_t length = strlen(value);

    while (*list) {
        size_t word = strcspn(list, " ");
        if (word == length && memcmp(list, value, length) == 0) {
            return true;
        }
        list += word + strspn(list + word, " ");
    }
    return false;
}

const char *shorthand_fallback(const char *option, const char *value,
                               size_t index)
{
    for (size_t i = 0; i < array_length(fallbacks); i++) {
        if (strcmp(fallbacks[i].option, option) == 0 &&
            (!*fallbacks[i].values || is_among(fallbacks[i].values, value)) &&
            !is_among(fallbacks[i].unless, value) && index-- == 0) {
            return fallbacks[i].text;
        }
    }
    return NULL;
}
