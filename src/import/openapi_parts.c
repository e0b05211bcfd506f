/* What an operation sends: its body, and who is calling. */
#include "base/json.h"
#include "base/must.h"
#include "import/import.h"
#include "import/json.h"
#include "import/openapi.h"
#include "import/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- bodies -- */

static bool is_json_type(const char *type)
{
    return strncasecmp(type, "application/json", 16) == 0 ||
           strstr(type, "+json");
}

static bool is_form_type(const char *type)
{
    return strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

/* JSON where there is any, then a form, then what comes first. */
static const cJSON *choose_media(const cJSON *content)
{
    const cJSON *media;

    cJSON_ArrayForEach(media, content)
    {
        if (is_json_type(media->string)) {
            return media;
        }
    }
    cJSON_ArrayForEach(media, content)
    {
        if (is_form_type(media->string)) {
            return media;
        }
    }
    return json_members(content);
}

static void append_fields(struct str *body, const cJSON *fields)
{
    const cJSON *field;

    cJSON_ArrayForEach(field, fields)
    {
        struct str value = STR_INIT;
        import_append_scalar(&value, field);
        str_append(body, body->length ? "&" : "");
        text_append_encoded(body, field->string, true);
        str_append_char(body, '=');
        text_append_encoded(body, value.text, true);
        str_release(&value);
    }
}

/* A variable in a string of JSON must not be escaped with it. */
static void append_json(struct str *out, const cJSON *value)
{
    static const struct {
        const char *escaped;
        char mark;
    } marks[] = {{"\\u0001", IMPORT_VARIABLE_OPEN},
                 {"\\u0002", IMPORT_VARIABLE_CLOSE}};
    char *text = cJSON_PrintUnformatted(value);

    must(text);
    for (const char *at = text; *at;) {
        size_t taken = 0;
        for (size_t i = 0; i < array_length(marks); i++) {
            if (strncmp(at, marks[i].escaped, 6) == 0) {
                str_append_char(out, marks[i].mark);
                taken = 6;
            }
        }
        if (taken == 0) {
            taken = *at == '\\' && at[1] ? 2 : 1;
            str_append_bytes(out, at, taken);
        }
        at += taken;
    }
    free(text);
}

static bool fill_body(const struct openapi *openapi, const cJSON *media,
                      struct str *body)
{
    bool is_own;
    cJSON *value = openapi_example(openapi, media, NULL, &is_own);
    bool good = true;

    if (is_json_type(media->string)) {
        good = value != NULL;
        if (good) {
            append_json(body, value);
        }
    } else if (is_form_type(media->string) && cJSON_IsObject(value)) {
        append_fields(body, value);
    } else if (cJSON_IsString(value) &&
               (is_own || strncasecmp(media->string, "text/", 5) == 0)) {
        str_append(body, value->valuestring);
    } else {
        good = false;
    }
    cJSON_Delete(value);
    return good;
}

bool openapi_body(const struct openapi *openapi, const cJSON *operation,
                  struct import_call *call, struct str *body)
{
    const cJSON *written = json_get(operation, "requestBody");
    const cJSON *request = written ? openapi_resolve(openapi, written) : NULL;
    const cJSON *content = json_get(request, "content");
    const cJSON *media = content ? choose_media(content) : NULL;

    if (!written || (request && !media)) {
        return true;
    }
    if (!media || !fill_body(openapi, media, body)) {
        import_remark(openapi->import, openapi->place,
                      "left out: no body can be made of %s, which has no "
                      "example",
                      media ? media->string : "its reference");
        return false;
    }
    call->body = body->text;
    call->body_length = body->length;
    if (!cJSON_GetObjectItem(call->headers, "Content-Type")) {
        import_header(openapi->import, openapi->place, &call->headers,
                      "Content-Type", media->string);
    }
    return true;
}

/* -- who is calling -- */

/* A variable named after a scheme. */
static void append_variable(struct str *out, const char *scheme,
                            const char *part)
{
    struct str name = STR_INIT, whole = STR_INIT;

    str_printf(&whole, "%s%s", scheme, part);
    text_append_variable(&name, whole.text, whole.length);
    str_printf(out, "%c%s%c", IMPORT_VARIABLE_OPEN, name.text,
               IMPORT_VARIABLE_CLOSE);
    str_release(&name);
    str_release(&whole);
}

static void secure_basic(const struct openapi *openapi, const char *name)
{
    struct str user = STR_INIT;

    if (openapi->import->user) {
        return;
    }
    append_variable(&user, name, "_user");
    str_append_char(&user, ':');
    append_variable(&user, name, "_password");
    openapi->import->user = str_detach(&user);
}

static void secure_key(const struct openapi *openapi, const char *name,
                       const cJSON *scheme, cJSON **headers, struct str *query)
{
    const char *in = import_text_of(scheme, "in");
    const char *key = import_text_of(scheme, "name");
    struct str value = STR_INIT;

    if (!in || !key) {
        return;
    }
    if (strcmp(in, "query") == 0) {
        str_append(query, query->length ? "&" : "?");
        text_append_encoded(query, key, true);
        str_append_char(query, '=');
        append_variable(query, name, "");
    } else if (strcmp(in, "cookie") == 0) {
        str_printf(&value, "%s=", key);
        append_variable(&value, name, "");
        import_header(openapi->import, openapi->place, headers, "Cookie",
                      value.text);
    } else {
        append_variable(&value, name, "");
        import_header(openapi->import, openapi->place, headers, key,
                      value.text);
    }
    str_release(&value);
}

static void secure_with(const struct openapi *openapi, const char *name,
                        cJSON **headers, struct str *query)
{
    const cJSON *schemes =
        json_get(json_get(openapi->root, "components"), "securitySchemes");
    const cJSON *written = json_get(schemes, name);
    const cJSON *scheme = written ? openapi_resolve(openapi, written) : NULL;
    const char *type = import_text_of(scheme, "type");
    const char *how = import_text_of(scheme, "scheme");
    struct str value = STR_INIT;

    if (!type || strcmp(type, "mutualTLS") == 0 ||
        (strcmp(type, "http") == 0 &&
         (!how || (strcasecmp(how, "bearer") != 0 &&
                   strcasecmp(how, "basic") != 0)))) {
        import_remark(openapi->import, openapi->place,
                      "security scheme %s is left out: write target.tls.cert "
                      "or a header",
                      name);
    } else if (strcmp(type, "apiKey") == 0) {
        secure_key(openapi, name, scheme, headers, query);
    } else if (strcmp(type, "http") == 0 && strcasecmp(how, "basic") == 0) {
        secure_basic(openapi, name);
    } else if (!cJSON_GetObjectItem(*headers, "Authorization")) {
        str_append(&value, "Bearer ");
        append_variable(&value, name, "");
        import_header(openapi->import, openapi->place, headers,
                      "Authorization", value.text);
    }
    str_release(&value);
}

void openapi_secure(const struct openapi *openapi, const cJSON *operation,
                    cJSON **headers, struct str *query)
{
    const cJSON *security = json_get(operation, "security");
    const cJSON *scheme;

    if (!security) {
        security = json_get(openapi->root, "security");
    }
    /* Each entry is an alternative; all of the first are needed. */
    const cJSON *first = cJSON_IsArray(security) ? security->child : NULL;
    cJSON_ArrayForEach(scheme, first)
    {
        if (scheme->string) {
            secure_with(openapi, scheme->string, headers, query);
        }
    }
}
