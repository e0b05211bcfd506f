#include "plan/header.h"

#include "base/must.h"

#include <string.h>
#include <strings.h>

static const char *const ours[] = {"Content-Length", "Transfer-Encoding",
                                   "Connection"};

/* RFC 9110 7.6.1 and 9112 9.6: fields of one connection, and those that every
 * reader of a request takes for something else. */
static const char *const taken[] = {
    "Expect",
    "Host",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
    "Content-Type",
    "Content-Encoding",
};

static bool is_in(const char *const *names, size_t count, const char *name,
                  size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == length &&
            strncasecmp(names[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

bool header_name_is_token(const char *text, size_t length)
{
    static const char symbols[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9');
        if (!alphanumeric && (!c || !strchr(symbols, c))) {
            return false;
        }
    }
    return length > 0;
}

bool header_name_is_ours(const char *name)
{
    return is_in(ours, array_length(ours), name, strlen(name));
}

bool header_name_is_taken(const char *name)
{
    return header_name_is_ours(name) ||
           is_in(taken, array_length(taken), name, strlen(name));
}

bool header_byte_breaks(unsigned char byte)
{
    return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

bool header_text_breaks(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (header_byte_breaks((unsigned char)text[i])) {
            return true;
        }
    }
    return false;
}

const char *header_line_problem(const char *line)
{
    size_t name = strcspn(line, ":");

    if (!line[name] || name == 0) {
        return "is not Name: value";
    }
    if (!header_name_is_token(line, name)) {
        return "has no header name before its colon";
    }
    if (is_in(ours, array_length(ours), line, name)) {
        return "squall writes this header itself";
    }
    return header_text_breaks(line, strlen(line))
               ? "has a control character in its value"
               : NULL;
}
