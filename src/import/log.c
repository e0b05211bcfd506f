/* Access logs: the common and the combined format of httpd and nginx, and
 * lines of JSON. What a line says of method, path and time is all that is
 * taken of it. */
#include "base/instant.h"
#include "base/json.h"
#include "base/must.h"
#include "import/format.h"
#include "import/inside.h"
#include "import/instants.h"
#include "import/json.h"
#include "import/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a line says; borrowed from it, but the numbers. */
struct line {
    const char *request; /* "GET /path HTTP/1.1", or NULL */
    const char *method, *target;
    const char *user; /* NULL: none */
    int64_t ns;
    unsigned status;
};

struct log {
    struct import *import;
    size_t number; /* of the line, from 1 */
    char place[32];
    bool is_whole; /* no time says more than a second */
    bool has_headers, has_user;
    size_t bodies; /* that are not in a log */
};

/* -- common and combined -- */

/* Cuts off what stands in `open` and `close`, after what stands before it;
 * NULL: there is none. */
static char *take_quoted(char **rest, char open, char close)
{
    char *at = *rest ? strchr(*rest, open) : NULL;
    char *start = at ? at + 1 : NULL;

    for (at = start; at && *at && *at != close; at++) {
        at += *at == '\\' && at[1] != '\0';
    }
    if (!at || !*at) {
        return NULL;
    }
    *at = '\0';
    *rest = at + 1;
    return start;
}

static int hex_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* What a server escapes in quotes: \" and \\, and \xHH for bytes. */
static void unescape(char *text)
{
    char *out = text;

    for (; *text; text++) {
        int high = text[0] == '\\' && text[1] == 'x' ? hex_of(text[2]) : -1;
        int low = high >= 0 ? hex_of(text[3]) : -1;
        int byte = low >= 0 ? high * 16 + low : 0;
        if (byte > IMPORT_VARIABLE_CLOSE) {
            *out++ = (char)byte;
            text += 3;
        } else {
            text += *text == '\\' && text[1] && strchr("\"\\", text[1]);
            *out++ = *text;
        }
    }
    *out = '\0';
}

/* The third word, where it is a user. */
static const char *user_of(char *text)
{
    char *save = NULL;
    strtok_r(text, " ", &save);
    strtok_r(NULL, " ", &save);
    const char *user = strtok_r(NULL, " ", &save);
    return user && strcmp(user, "-") != 0 ? user : NULL;
}

static const char *read_common(struct log *log, char *text, struct line *line)
{
    char *rest = text;
    char *time = take_quoted(&rest, '[', ']');
    bool is_whole = true;

    if (!time || !instants_read_log(time, &line->ns, &is_whole)) {
        return "it has no time such as [10/Oct/2026:13:55:36 +0000]";
    }
    char *request = take_quoted(&rest, '"', '"');
    if (!request) {
        return "it has no request in quotes";
    }
    unescape(request);
    line->request = request;
    time[-1] = '\0';
    line->user = user_of(text);
    while (*rest == ' ') {
        rest++;
    }
    for (int i = 0; i < 3 && *rest >= '0' && *rest <= '9'; i++, rest++) {
        line->status = line->status * 10 + (unsigned)(*rest - '0');
    }
    log->has_headers |= strchr(rest, '"') != NULL;
    log->is_whole &= is_whole;
    return NULL;
}

/* -- lines of JSON -- */

/* The first of these members that there is, also within "request" or "http".
 */
static const cJSON *member_of(const cJSON *object, const char *const *names,
                              size_t count)
{
    static const char *const inner[] = {"request", "http", "httpRequest"};

    for (size_t i = 0; i < count; i++) {
        const cJSON *member = json_get(object, names[i]);
        if (cJSON_IsString(member) || cJSON_IsNumber(member)) {
            return member;
        }
    }
    for (size_t i = 0; i < array_length(inner); i++) {
        const cJSON *part = json_get(object, inner[i]);
        const cJSON *member =
            cJSON_IsObject(part) ? member_of(part, names, count) : NULL;
        if (member) {
            return member;
        }
    }
    return NULL;
}

#define MEMBER(object, ...) \
    member_of(object, (const char *const[]){__VA_ARGS__}, \
              array_length(((const char *const[]){__VA_ARGS__})))

static bool read_time(const cJSON *value, int64_t *ns, bool *is_whole)
{
    char number[32];

    if (cJSON_IsNumber(value)) {
        if (!(value->valuedouble > 0 && value->valuedouble < 9e18)) {
            return false;
        }
        snprintf(number, sizeof(number),
                 value->valuedouble < 1e11 ? "%.6f" : "%.0f",
                 value->valuedouble);
        bool good = instants_read_number(number, ns, is_whole);
        *is_whole = good && *ns % NS_PER_S == 0;
        return good;
    }
    const char *text = cJSON_GetStringValue(value);
    return text && (instants_read_iso(text, ns, is_whole) ||
                    instants_read_log(text, ns, is_whole) ||
                    instants_read_number(text, ns, is_whole));
}

/* The tree must stand as long as the line is used. */
static const char *read_json(struct log *log, const cJSON *tree,
                             struct line *line)
{
    const cJSON *time =
        MEMBER(tree, "time", "timestamp", "ts", "@timestamp", "time_iso8601",
               "time_local", "datetime", "date", "msec", "StartUTC",
               "start_time", "startTime");
    const cJSON *status = MEMBER(tree, "status", "status_code", "statusCode",
                                 "code", "response_code", "DownstreamStatus");
    bool is_whole = true;

    if (!cJSON_IsObject(tree)) {
        return "it is no object of JSON";
    }
    if (!read_time(time, &line->ns, &is_whole)) {
        return "it has no time, \"time\" or \"timestamp\"";
    }
    line->request = import_text_of(tree, "request");
    line->method = cJSON_GetStringValue(
        MEMBER(tree, "method", "request_method", "requestMethod",
               "http_method", "verb", "RequestMethod"));
    line->target = cJSON_GetStringValue(MEMBER(tree, "uri", "request_uri",
                                               "requestUrl", "url", "path",
                                               "request_path", "RequestPath"));
    if (cJSON_IsNumber(status)) {
        line->status = (unsigned)(status->valueint > 0 ? status->valueint : 0);
    } else if (cJSON_IsString(status) && strlen(status->valuestring) == 3) {
        sscanf(status->valuestring, "%3u", &line->status);
    }
    log->is_whole &= is_whole;
    return NULL;
}

/* -- either -- */

/* "GET /path HTTP/1.1" in its parts. */
static bool split_request(const char *request, struct str *method,
                          struct str *target)
{
    size_t first = strcspn(request, " ");
    const char *rest = request + first + strspn(request + first, " ");
    const char *last = strrchr(rest, ' ');
    size_t length = last && strncmp(last + 1, "HTTP/", 5) == 0
                        ? (size_t)(last - rest)
                        : strlen(rest);

    str_append_bytes(method, request, first);
    str_append_bytes(target, rest, length);
    return first > 0 && length > 0;
}

static void add_line(struct log *log, const struct line *line)
{
    struct str method = STR_INIT, target = STR_INIT;
    bool good = line->method && line->target;

    if (good) {
        str_append(&method, line->method);
        str_append(&target, line->target);
    } else {
        good = line->request && split_request(line->request, &method, &target);
    }
    if (!good || (target.text[0] != '/' && !strstr(target.text, "://"))) {
        import_remark(log->import, log->place,
                      "left out: it has no request with method and path");
    } else {
        struct import_call call = {
            .method = method.text, .url = target.text, .status = line->status};
        size_t index = import_add(log->import, log->place, &call);
        import_arrive(log->import, index, line->ns);
        log->bodies +=
            index != SIZE_MAX && (strcmp(method.text, "POST") == 0 ||
                                  strcmp(method.text, "PUT") == 0 ||
                                  strcmp(method.text, "PATCH") == 0);
        log->has_user |= line->user != NULL;
    }
    str_release(&method);
    str_release(&target);
}

static void read_line(struct log *log, char *text)
{
    struct line line = {0};
    bool is_json = text[0] == '{';
    cJSON *tree =
        is_json ? import_json(log->import, text, strlen(text), true) : NULL;
    const char *problem =
        is_json ? read_json(log, tree, &line) : read_common(log, text, &line);

    if (problem) {
        import_remark(log->import, log->place, "left out: %s", problem);
    } else {
        add_line(log, &line);
    }
    cJSON_Delete(tree);
}

/* What a log does not have, or has and a profile has not. */
static void remark_whole(const struct log *log)
{
    struct import *import = log->import;
    size_t shared = log->is_whole ? import_spread(import) : 0;

    if (shared > 0) {
        import_remark(import, import->name,
                      "its times are whole seconds: the requests of one "
                      "second, %zu in all, are spread evenly over it",
                      shared);
    }
    if (log->bodies > 0) {
        import_remark(import, import->name,
                      "a log has no bodies: %zu requests of POST, PUT or "
                      "PATCH are sent without one",
                      log->bodies);
    }
    if (log->has_headers) {
        import_remark(import, import->name,
                      "the referers and user agents of its lines are not "
                      "kept: lines that differ in them alone are one "
                      "request");
    }
    if (log->has_user) {
        import_remark(import, import->name,
                      "some requests were those of a user: a log has no "
                      "password; write target.user or a header");
    }
}

bool import_log(struct import *import, char *text, size_t length)
{
    struct log log = {.import = import, .is_whole = true};
    char *end = text + length;

    while (text < end) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        char *next = newline ? newline + 1 : end;
        char *stop = newline ? newline : end;
        snprintf(log.place, sizeof(log.place), "%zu", ++log.number);
        if (stop > text && stop[-1] == '\r') {
            stop--;
        }
        *stop = '\0';
        if (memchr(text, '\0', (size_t)(stop - text))) {
            import_remark(import, log.place, "left out: it has a NUL in it");
        } else if (*text) {
            read_line(&log, text);
        }
        text = next;
    }
    remark_whole(&log);
    return true;
}
