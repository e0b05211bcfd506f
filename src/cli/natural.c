#include "cli/natural.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char digits[] = "0123456789";

static const char *join(struct arena *arena, const char *first,
                        const char *second)
{
    size_t size = strlen(first) + strlen(second) + 1;
    char *text = arena_alloc(arena, size);

    snprintf(text, size, "%s%s", first, second);
    return text;
}

/* Digits, with a point among them or not. */
static bool is_bare_number(const char *text)
{
    size_t whole = strspn(text, digits);
    const char *rest = text + whole;

    if (*rest == '.') {
        size_t fraction = strspn(rest + 1, digits);
        whole += fraction;
        rest += 1 + fraction;
    }
    return whole > 0 && !*rest;
}

/* A bare number and its unit; ".5" is 0.5. */
static const char *with_unit(struct arena *arena, const char *value,
                             const char *unit)
{
    const char *number = join(arena, value, unit);
    return *value == '.' ? join(arena, "0", number) : number;
}

/* "50/1s", as vegeta writes it, is "50/s". */
static const char *natural_rate(struct arena *arena, const char *value)
{
    const char *slash = strchr(value, '/');
    if (slash && slash[1] == '1' && slash[2] && !slash[3]) {
        char *text = arena_strdup(arena, value);
        snprintf(text + (slash - value) + 1, 2, "%s", slash + 2);
        return text;
    }
    return is_bare_number(value) ? with_unit(arena, value, "/s") : value;
}

const char *natural_value(struct arena *arena, const char *argument,
                          const char *value)
{
    if (strcmp(argument, "TIME") == 0) {
        return is_bare_number(value) ? with_unit(arena, value, "s") : value;
    }
    if (strcmp(argument, "RATE") == 0) {
        return natural_rate(arena, value);
    }
    return strcmp(argument, "URL") == 0 ? natural_url(arena, value) : value;
}

bool natural_is_file(const char *word)
{
    static const char *const endings[] = {".json", ".js",  ".ts",   ".lua",
                                          ".yaml", ".yml", ".toml", ".jmx"};
    size_t length = strlen(word);

    if (access(word, F_OK) == 0) {
        return true;
    }
    for (size_t i = 0; i < array_length(endings) && !strchr(word, '/'); i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending &&
            strcmp(word + length - ending, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What follows a host and its port is a path, a query, or nothing. */
static bool is_end_of_host(const char *rest)
{
    if (*rest == ':') {
        size_t port = strspn(rest + 1, digits);
        if (port == 0 || port > 5) {
            return false;
        }
        rest += 1 + port;
    }
    return !*rest || strchr("/?#", *rest);
}

bool natural_is_host(const char *word)
{
    static const char of_names[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-_";
    size_t length = strspn(word, of_names);

    if (strstr(word, "://") || natural_is_file(word)) {
        return false;
    }
    if (word[0] == '[') {
        size_t address = 1 + strspn(word + 1, "0123456789abcdefABCDEF:.");
        return address > 1 && word[address] == ']' &&
               is_end_of_host(word + address + 1);
    }
    bool is_local = length == strlen("localhost") &&
                    strncmp(word, "localhost", length) == 0;
    bool has_dot =
        memchr(word, '.', length) && word[0] != '.' && word[length - 1] != '.';
    return length > 0 && is_end_of_host(word + length) &&
           (has_dot || is_local || word[length] == ':');
}

const char *natural_url(struct arena *arena, const char *word)
{
    if (word[0] == ':' && strspn(word + 1, digits) > 0 &&
        is_end_of_host(word)) {
        return join(arena, "http://localhost", word);
    }
    return natural_is_host(word) ? join(arena, "http://", word) : word;
}
