/* A file of vegeta's targets: its http format, "METHOD URL", headers and
 * "@FILE" in lines, an empty line between targets; and its json format, an
 * object a line. */
#include "base/base64.h"
#include "base/json.h"
#include "base/must.h"
#include "import/format.h"
#include "import/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts the next line off a text; NULL at the end. */
static char *next_line(char **rest)
{
    char *line = *rest;

    if (!line || !*line) {
        return NULL;
    }
    char *end = line + strcspn(line, "\n");
    *rest = *end ? end + 1 : end;
    *end = '\0';
    while (end > line && strchr(" \t\r", end[-1])) {
        *--end = '\0';
    }
    return line + strspn(line, " \t");
}

/* -- http -- */

struct target {
    char place[32];
    struct import_call call;
};

static void end_target(struct import *import, struct target *target)
{
    if (target->call.url) {
        import_add(import, target->place, &target->call);
    }
    cJSON_Delete(target->call.headers);
    target->call = (struct import_call){0};
}

static bool begin_target(struct import *import, struct target *target,
                         char *line, size_t number)
{
    char *method_end = line + strcspn(line, " \t");

    end_target(import, target);
    snprintf(target->place, sizeof(target->place), "%zu", number);
    if (!*method_end) {
        import_remark(import, target->place,
                      "left out: it is no \"METHOD URL\", and no header or "
                      "body of a target");
        return false;
    }
    *method_end = '\0';
    target->call.method = line;
    target->call.url = method_end + 1 + strspn(method_end + 1, " \t");
    return true;
}

/* "Name: value" of a target. */
static void add_line(struct import *import, struct target *target, char *line,
                     size_t number)
{
    char place[32];
    char *colon = strchr(line, ':');

    snprintf(place, sizeof(place), "%zu", number);
    if (!colon) {
        import_remark(import, place, "left out: it is no \"Name: value\"");
        return;
    }
    *colon = '\0';
    import_header(import, place, &target->call.headers, line,
                  colon + 1 + strspn(colon + 1, " \t"));
}

static bool read_http(struct import *import, char *text)
{
    struct target target = {0};
    size_t number = 0;
    char *line;

    while ((line = next_line(&text))) {
        number++;
        if (!*line) {
            end_target(import, &target);
        } else if (*line == '#') {
            continue;
        } else if (!target.call.url) {
            begin_target(import, &target, line, number);
        } else if (*line == '@') {
            target.call.body_file = line + 1;
            import_remark(import, target.place,
                          "what %s holds is sent as it stands: secrets in it "
                          "stay there",
                          line + 1);
        } else if (strcspn(line, " \t") < strcspn(line, ":")) {
            begin_target(import, &target, line, number);
        } else {
            add_line(import, &target, line, number);
        }
    }
    end_target(import, &target);
    return true;
}

/* -- json -- */

static void add_headers(struct import *import, const char *place,
                        const cJSON *target, cJSON **headers)
{
    const cJSON *header, *value;

    cJSON_ArrayForEach(header, import_part_of(target, "header"))
    {
        if (!header->string || !cJSON_IsArray(header)) {
            import_remark(import, place,
                          "a header that is no list of values is left out");
            continue;
        }
        cJSON_ArrayForEach(value, header)
        {
            const char *text = cJSON_GetStringValue(value);
            if (text) {
                import_header(import, place, headers, header->string, text);
            }
        }
    }
}

static void read_object(struct import *import, const char *place,
                        const cJSON *target)
{
    const char *encoded = import_text_of(target, "body");
    struct str body = STR_INIT;
    struct import_call call = {
        .method = import_text_of(target, "method"),
        .url = import_text_of(target, "url"),
    };

    if (!call.method || !call.url) {
        import_remark(import, place, "left out: it has no method and url");
    } else if (encoded && (!base64_read(&body, encoded) ||
                           import_has_mark(body.text, body.length))) {
        import_remark(import, place,
                      "left out: its body is no base64 of a text");
    } else {
        call.body = body.length > 0 ? body.text : NULL;
        call.body_length = body.length;
        add_headers(import, place, target, &call.headers);
        import_add(import, place, &call);
    }
    str_release(&body);
}

static bool read_json(struct import *import, char *text)
{
    size_t number = 0;
    char place[32];
    char *line;

    while ((line = next_line(&text))) {
        snprintf(place, sizeof(place), "%zu", ++number);
        cJSON *target =
            *line ? import_json(import, line, strlen(line), true) : NULL;
        if (cJSON_IsObject(target)) {
            read_object(import, place, target);
        } else if (*line) {
            import_remark(import, place, "left out: it is no object of JSON");
        }
        cJSON_Delete(target);
    }
    return true;
}

bool import_vegeta(struct import *import, char *text, size_t length)
{
    (void)length;
    return text[strspn(text, " \t\r\n")] == '{' ? read_json(import, text)
                                                : read_http(import, text);
}
