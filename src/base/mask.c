#include "base/mask.h"

#include "base/must.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MASKED "***"

static const char *const secret_endings[] = {
    "authorization", "cookie",        "token",          "api-key",
    "api_key",       "apikey",        "x-auth",         "auth-key",
    "access-key",    "functions-key", "subscription-key",
};

static const char *const secret_parts[] = {
    "secret", "password", "passwd", "credential",
};

bool mask_is_secret_name(const char *name, size_t length)
{
    for (size_t i = 0; i < array_length(secret_endings); i++) {
        size_t ending = strlen(secret_endings[i]);
        if (ending <= length &&
            strncasecmp(name + length - ending, secret_endings[i], ending) ==
                0) {
            return true;
        }
    }
    for (size_t i = 0; i < array_length(secret_parts); i++) {
        size_t part = strlen(secret_parts[i]);
        for (size_t at = 0; at + part <= length; at++) {
            if (strncasecmp(name + at, secret_parts[i], part) == 0) {
                return true;
            }
        }
    }
    return false;
}

char *mask_url(const char *text)
{
    struct str out = STR_INIT;

    for (;;) {
        const char *authority = strstr(text, "://");
        if (!authority) {
            break;
        }
        authority += 3;
        str_append_bytes(&out, text, (size_t)(authority - text));
        size_t length = strcspn(authority, "/?# \t\"'");
        const char *at = memrchr(authority, '@', length);
        if (at) {
            str_append(&out, MASKED);
            authority = at;
        }
        text = authority;
    }
    str_append(&out, text);
    return str_detach(&out);
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether the name that ends before text[end] is secret. */
static bool secret_ends_at(const char *text, size_t end)
{
    while (end > 0 && strchr(" \t\"'\\])", text[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && is_name_character(text[start - 1])) {
        start--;
    }
    return mask_is_secret_name(text + start, end - start);
}

/* Whether the word that ends before text[end] is an option whose value is
 * secret: --password, and -u of curl and its kin. */
static bool secret_option_ends_at(const char *text, size_t end)
{
    static const char *const users[] = {"-u", "--user", "--proxy-user"};
    size_t start = end;
    while (start > 0 && !strchr(" \t\"'", text[start - 1])) {
        start--;
    }
    size_t length = end - start;
    for (size_t i = 0; i < array_length(users); i++) {
        if (strlen(users[i]) == length &&
            memcmp(users[i], text + start, length) == 0) {
            return true;
        }
    }
    return length > 2 && text[start] == '-' &&
           mask_is_secret_name(text + start, length);
}

static bool begins_secret(const char *text, size_t at)
{
    if (text[at] == ' ') {
        return secret_option_ends_at(text, at);
    }
    return (text[at] == ':' || text[at] == '=') && secret_ends_at(text, at);
}

char *mask_argument(const char *argument)
{
    /* The host of a URL may well be called token-service: only what follows
     * its "?" is name and value. */
    size_t at = 0;
    if (strncasecmp(argument, "http://", 7) == 0 ||
        strncasecmp(argument, "https://", 8) == 0) {
        at = strcspn(argument, "?");
    }
    for (; argument[at]; at++) {
        if (begins_secret(argument, at)) {
            struct str kept = STR_INIT;
            str_append_bytes(&kept, argument, at + 1);
            str_append(&kept, argument[at] == ':' ? " " MASKED : MASKED);
            char *masked = mask_url(kept.text);
            str_release(&kept);
            return masked;
        }
    }
    return mask_url(argument);
}
