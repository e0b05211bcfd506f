#include "publish/otlp_endpoint.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/str.h"
#include "plan/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[] = {
    [OTLP_METRICS] = "/v1/metrics",
    [OTLP_TRACES] = "/v1/traces",
};

/* The base, without the slash at its end, and a path; a query stays behind. */
static char *join(const char *base, const char *path)
{
    struct str url = STR_INIT;
    size_t length = strcspn(base, "?#");
    const char *rest = base + length;

    while (length > 0 && base[length - 1] == '/') {
        length--;
    }
    str_append_bytes(&url, base, length);
    str_append(&url, path);
    str_append_bytes(&url, rest, strcspn(rest, "#"));
    return str_detach(&url);
}

static bool read_url(struct otlp_endpoint *endpoint, const char *url,
                     const char *origin, struct errors *errors)
{
    char hint[ERROR_TEXT_MAX] = "";
    const char *problem = address_is_http(url)
                              ? address_url_problem(url, hint, sizeof(hint))
                              : "not an HTTP URL";

    if (problem) {
        struct error *error = errors_add(errors, ERROR_USAGE, "%s: \"%s\": %s",
                                         origin, url, problem);
        error_hint(error, "%s",
                   hint[0] ? hint
                           : "write the base of a collector, such as "
                             "http://127.0.0.1:4318, or env");
        return false;
    }
    mask_add_from_argument(url);
    for (int s = 0; s < OTLP_SIGNAL_COUNT; s++) {
        endpoint->urls[s] = join(url, paths[s]);
    }
    return true;
}

/* A token, a colon and a value of one line. */
static bool is_header(const char *line)
{
    size_t name = strcspn(line, ":");
    bool ok = name > 0 && line[name] == ':';

    for (const char *c = line; *c; c++) {
        bool in_name = c < line + name;
        ok = ok && !iscntrl((unsigned char)*c) &&
             !(in_name && strchr(" \t\"(),/;<=>?@[\\]{}", *c));
    }
    return ok;
}

static bool add_header(struct otlp_endpoint *endpoint, const char *line,
                       const char *origin, struct errors *errors)
{
    if (!is_header(line)) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s: not a header", origin);
        error_hint(error, "write a name and a value, such as \"Name: value\"");
        return false;
    }
    const char *value = line + strcspn(line, ":") + 1;
    value += strspn(value, " ");
    mask_add(value, strlen(value), NULL);
    mask_add_from_argument(line);
    endpoint->headers =
        realloc(endpoint->headers,
                (endpoint->header_count + 1) * sizeof(*endpoint->headers));
    must(endpoint->headers);
    char *copy = strdup(line);
    must(copy);
    endpoint->headers[endpoint->header_count++] = copy;
    return true;
}

/* Values are percent-encoded there. */
static void append_decoded(struct str *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char digits[3] = "";
        if (text[i] == '%' && i + 2 < length &&
            isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            memcpy(digits, text + i + 1, 2);
            str_append_char(out, (char)strtoul(digits, NULL, 16));
            i += 2;
        } else {
            str_append_char(out, text[i]);
        }
    }
}

static size_t without_blanks(const char **text, size_t length)
{
    while (length > 0 && isspace((unsigned char)**text)) {
        ++*text;
        length--;
    }
    while (length > 0 && isspace((unsigned char)(*text)[length - 1])) {
        length--;
    }
    return length;
}

/* "name=value,name=value" */
static bool read_list(struct otlp_endpoint *endpoint, const char *text,
                      struct errors *errors)
{
    static const char origin[] = "OTEL_EXPORTER_OTLP_HEADERS";
    bool ok = true;

    while (*text && ok) {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        const char *name = text;
        size_t whole = without_blanks(&name, length);
        struct str line = STR_INIT;
        if (equals) {
            const char *value = equals + 1;
            size_t name_length =
                without_blanks(&name, (size_t)(equals - name));
            size_t value_length =
                without_blanks(&value, (size_t)(text + length - (equals + 1)));
            str_append_bytes(&line, name, name_length);
            str_append(&line, ": ");
            append_decoded(&line, value, value_length);
        }
        ok = whole == 0 || add_header(endpoint, line.text, origin, errors);
        str_release(&line);
        text += length + (text[length] == ',');
    }
    return ok;
}

bool otlp_endpoint_read(struct otlp_endpoint *endpoint, const char *text,
                        const char *const *headers, size_t header_count,
                        struct errors *errors)
{
    bool is_env = strcmp(text, "env") == 0;
    const char *url = is_env ? getenv("OTEL_EXPORTER_OTLP_ENDPOINT") : text;
    const char *list = is_env ? getenv("OTEL_EXPORTER_OTLP_HEADERS") : NULL;

    *endpoint = (struct otlp_endpoint){0};
    if (is_env && (!url || !url[0])) {
        url = "http://localhost:4318";
    }
    bool ok =
        read_url(endpoint, url,
                 is_env ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "--otlp", errors);
    ok = ok && (!list || read_list(endpoint, list, errors));
    for (size_t i = 0; ok && i < header_count; i++) {
        ok = add_header(endpoint, headers[i], "--otlp-header", errors);
    }
    return ok;
}

void otlp_endpoint_release(struct otlp_endpoint *endpoint)
{
    for (int s = 0; s < OTLP_SIGNAL_COUNT; s++) {
        free(endpoint->urls[s]);
    }
    for (size_t i = 0; i < endpoint->header_count; i++) {
        free(endpoint->headers[i]);
    }
    free(endpoint->headers);
    *endpoint = (struct otlp_endpoint){0};
}
