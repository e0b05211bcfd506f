#include "plan/location.h"

#include <string.h>
#include <strings.h>

/* The parts of a URL, or of a reference to one; NULL: it has none. */
struct parts {
    const char *scheme, *authority, *path, *query;
    size_t scheme_length, authority_length, path_length, query_length;
};

/* How a URL is written, as far as there is room. */
struct writing {
    char *text;
    size_t length;
    bool is_full;
};

static bool is_one_of(char byte, const char *bytes)
{
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

static size_t until(const char *text, size_t length, const char *bytes)
{
    size_t at = 0;
    while (at < length && !is_one_of(text[at], bytes)) {
        at++;
    }
    return at;
}

static void divide(const char *text, size_t length, struct parts *parts)
{
    size_t end = until(text, length, ":/?#");

    *parts = (struct parts){0};
    length = until(text, length, "#");
    if (end > 0 && end < length && text[end] == ':') {
        parts->scheme = text;
        parts->scheme_length = end;
        text += end + 1;
        length -= end + 1;
    }
    if (length >= 2 && text[0] == '/' && text[1] == '/') {
        parts->authority = text + 2;
        parts->authority_length = until(text + 2, length - 2, "/?");
        text += 2 + parts->authority_length;
        length -= 2 + parts->authority_length;
    }
    parts->path = text;
    parts->path_length = until(text, length, "?");
    if (parts->path_length < length) {
        parts->query = text + parts->path_length + 1;
        parts->query_length = length - parts->path_length - 1;
    }
}

static void put_byte(struct writing *writing, char byte)
{
    if (writing->length + 1 < LOCATION_URL_MAX) {
        writing->text[writing->length++] = byte;
        writing->text[writing->length] = '\0';
    } else {
        writing->is_full = true;
    }
}

static void put(struct writing *writing, const char *text, size_t length)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte > 0x20 && byte < 0x7f) {
            put_byte(writing, (char)byte);
        } else {
            put_byte(writing, '%');
            put_byte(writing, digits[byte >> 4]);
            put_byte(writing, digits[byte & 15]);
        }
    }
}

/* RFC 3986 5.2.4: the path without its "." and ".." from `start` on. */
static void remove_dots(struct writing *writing, size_t start)
{
    char *path = writing->text + start;
    size_t in = 0, out = 0, end = writing->length - start;

    while (in < end) {
        size_t segment = 1 + until(path + in + 1, end - in - 1, "/");
        bool is_last = in + segment == end;
        bool is_here = segment == 2 && path[in + 1] == '.';
        bool is_up =
            segment == 3 && path[in + 1] == '.' && path[in + 2] == '.';
        if (is_up) {
            while (out > 0 && path[--out] != '/') {
            }
        }
        if (!is_here && !is_up) {
            memmove(path + out, path + in, segment);
            out += segment;
        } else if (is_last) {
            path[out++] = '/';
        }
        in += segment;
    }
    path[out] = '\0';
    writing->length = start + out;
}

/* The path of a reference, which may be as seen from the base's. */
static void put_path(struct writing *writing, const struct parts *base,
                     const struct parts *reference)
{
    size_t start = writing->length;

    if (reference->path_length == 0 || reference->path[0] != '/') {
        size_t directory = base->path_length;
        while (directory > 0 && base->path[directory - 1] != '/') {
            directory--;
        }
        if (directory == 0) {
            put_byte(writing, '/');
        }
        put(writing, base->path, directory);
    }
    put(writing, reference->path, reference->path_length);
    if (!writing->is_full) {
        remove_dots(writing, start);
    }
}

static bool is_http(const struct parts *parts)
{
    return (parts->scheme_length == 4 &&
            strncasecmp(parts->scheme, "http", 4) == 0) ||
           (parts->scheme_length == 5 &&
            strncasecmp(parts->scheme, "https", 5) == 0);
}

bool location_resolve(const char *base, const char *location, size_t length,
                      char out[LOCATION_URL_MAX])
{
    struct writing writing = {.text = out};
    struct parts from, to;

    divide(base, strlen(base), &from);
    divide(location, length, &to);
    const struct parts *scheme = to.scheme ? &to : &from;
    const struct parts *authority =
        scheme == &to || to.authority ? &to : &from;
    if (length == 0 || !is_http(scheme) || authority->authority_length == 0) {
        return false;
    }
    put(&writing, scheme->scheme, scheme->scheme_length);
    put(&writing, "://", 3);
    put(&writing, authority->authority, authority->authority_length);
    bool keeps_path = authority == &from && to.path_length == 0;
    if (keeps_path) {
        put(&writing, from.path, from.path_length);
    } else {
        put_path(&writing, authority == &from ? &from : &(struct parts){0},
                 &to);
    }
    const struct parts *query = keeps_path && !to.query ? &from : &to;
    if (query->query) {
        put_byte(&writing, '?');
        put(&writing, query->query, query->query_length);
    }
    return !writing.is_full;
}

/* Two parts, of which either may not be there. */
static bool is_same(const char *a, size_t a_length, const char *b,
                    size_t b_length)
{
    return a_length == b_length &&
           (a_length == 0 || strncasecmp(a, b, a_length) == 0);
}

bool location_same_scheme(const char *a, const char *b)
{
    struct parts first, second;

    divide(a, strlen(a), &first);
    divide(b, strlen(b), &second);
    return is_same(first.scheme, first.scheme_length, second.scheme,
                   second.scheme_length);
}

/* Host and port of an authority: without who asks, and with no port that goes
 * without saying. */
static void find_place(struct parts *parts)
{
    const char *text = parts->authority;
    size_t length = parts->authority_length;
    const char *standard = parts->scheme_length == 5 ? ":443" : ":80";

    for (size_t i = length; i-- > 0;) {
        if (text[i] == '@') {
            text += i + 1;
            length -= i + 1;
            break;
        }
    }
    size_t digits = strlen(standard);
    if (length >= digits &&
        memcmp(text + length - digits, standard, digits) == 0) {
        length -= digits;
    } else if (length > 0 && text[length - 1] == ':') {
        length--;
    }
    parts->authority = text;
    parts->authority_length = length;
}

bool location_same_origin(const char *a, const char *b)
{
    struct parts first, second;

    if (!location_same_scheme(a, b)) {
        return false;
    }
    divide(a, strlen(a), &first);
    divide(b, strlen(b), &second);
    find_place(&first);
    find_place(&second);
    return is_same(first.authority, first.authority_length, second.authority,
                   second.authority_length);
}
