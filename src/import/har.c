/* HAR 1.2, as browsers and proxies save one: log.entries[].request, and the
 * times of log.entries[].startedDateTime. */
#include "base/base64.h"
#include "base/json.h"
#include "base/must.h"
#include "import/format.h"
#include "import/instants.h"
#include "import/json.h"
#include "import/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void add_headers(struct import *import, const char *place,
                        const cJSON *request, cJSON **headers)
{
    const cJSON *header;

    cJSON_ArrayForEach(header, import_part_of(request, "headers"))
    {
        const char *name = import_text_of(header, "name");
        const char *value = import_text_of(header, "value");
        if (name && value) {
            import_header(import, place, headers, name, value);
        } else {
            import_remark(import, place,
                          "a header without a name or a value is left out");
        }
    }
}

/* Cookies that no header says. */
static void add_cookies(struct import *import, const char *place,
                        const cJSON *request, cJSON **headers)
{
    struct str line = STR_INIT;
    const cJSON *cookie;

    cJSON_ArrayForEach(cookie, import_part_of(request, "cookies"))
    {
        const char *name = import_text_of(cookie, "name");
        const char *value = import_text_of(cookie, "value");
        if (name && value) {
            str_printf(&line, "%s%s=%s", line.length ? "; " : "", name, value);
        }
    }
    if (line.length > 0 && !cJSON_GetObjectItem(*headers, "Cookie")) {
        import_header(import, place, headers, "Cookie", line.text);
    }
    str_release(&line);
}

/* A body that is told as its fields alone. */
static bool read_params(struct import *import, const char *place,
                        const cJSON *data, struct str *body)
{
    const char *type = import_text_of(data, "mimeType");
    const cJSON *param;

    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        import_remark(import, place,
                      "left out: its multipart body is told as fields alone; "
                      "write it as requests[].form");
        return false;
    }
    cJSON_ArrayForEach(param, import_part_of(data, "params"))
    {
        const char *name = import_text_of(param, "name");
        const char *value = import_text_of(param, "value");
        str_append(body, body->length ? "&" : "");
        text_append_encoded(body, name ? name : "", false);
        str_append_char(body, '=');
        text_append_encoded(body, value ? value : "", false);
    }
    return true;
}

/* False: the request is left out. */
static bool read_body(struct import *import, const char *place,
                      const cJSON *data, struct str *body)
{
    const char *text = import_text_of(data, "text");
    const char *encoding = import_text_of(data, "encoding");

    if (encoding && strcasecmp(encoding, "base64") == 0 && text) {
        if (!base64_read(body, text) ||
            import_has_mark(body->text, body->length)) {
            import_remark(import, place,
                          "left out: its body is no base64 of a text");
            return false;
        }
        return true;
    }
    if (text && *text) {
        str_append(body, text);
        return true;
    }
    return !import_part_of(data, "params") ||
           read_params(import, place, data, body);
}

/* The header that says what the body is, where only the body says so. */
static void add_type(struct import *import, const char *place,
                     const cJSON *data, cJSON **headers)
{
    const char *type = import_text_of(data, "mimeType");

    if (type && *type && !cJSON_GetObjectItem(*headers, "Content-Type")) {
        import_header(import, place, headers, "Content-Type", type);
    }
}

static void read_entry(struct import *import, const char *place,
                       const cJSON *entry, bool *times)
{
    const cJSON *request = import_part_of(entry, "request");
    const cJSON *data = import_part_of(request, "postData");
    const cJSON *status =
        json_get(import_part_of(entry, "response"), "status");
    const char *when = import_text_of(entry, "startedDateTime");
    struct str body = STR_INIT;
    struct import_call call = {
        .method = import_text_of(request, "method"),
        .url = import_text_of(request, "url"),
    };
    bool is_whole;
    int64_t ns;

    if (!call.method || !call.url) {
        import_remark(import, place,
                      "left out: it has no request with method and url");
        return;
    }
    if (data && !read_body(import, place, data, &body)) {
        str_release(&body);
        return;
    }
    add_headers(import, place, request, &call.headers);
    add_cookies(import, place, request, &call.headers);
    if (body.length > 0) {
        call.body = body.text;
        call.body_length = body.length;
        add_type(import, place, data, &call.headers);
    }
    if (cJSON_IsNumber(status) && status->valueint > 0) {
        call.status = (unsigned)status->valueint;
    }
    size_t index = import_add(import, place, &call);
    if (when && instants_read_iso(when, &ns, &is_whole)) {
        import_arrive(import, index, ns);
    } else {
        *times = false;
    }
    str_release(&body);
}

bool import_har(struct import *import, char *text, size_t length)
{
    cJSON *tree = import_json(import, text, length, false);
    const cJSON *log = import_part_of(tree, "log");
    const cJSON *entries = import_part_of(log, "entries");
    const cJSON *entry;
    char place[64];
    int index = 0;
    bool times = true;

    if (!tree) {
        return false;
    }
    if (!cJSON_IsArray(entries)) {
        struct error *error =
            errors_add(import->errors, ERROR_BAD_VALUE,
                       "it has no list log.entries, as a HAR file has");
        error_hint(error, "save it as \"HAR with content\"");
        snprintf(error->file, sizeof(error->file), "%s", import->name);
        cJSON_Delete(tree);
        return false;
    }
    cJSON_ArrayForEach(entry, entries)
    {
        snprintf(place, sizeof(place), "log.entries[%d]", index++);
        read_entry(import, place, entry, &times);
    }
    if (!times) {
        import->arrival_count = 0;
        import_remark(import, "log.entries",
                      "not every startedDateTime is a time: no times are "
                      "kept");
    }
    if (cJSON_GetArraySize(import_part_of(log, "pages")) > 0) {
        import_remark(import, "log.pages",
                      "pages are not kept: no request waits for another one's "
                      "answer");
    }
    cJSON_Delete(tree);
    return true;
}
