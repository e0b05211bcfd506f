/* An OpenAPI 3 document, one request an operation: its parameters and its body
 * are the examples, or the simplest values that the schemas allow. */
#include "import/openapi.h"

#include "base/json.h"
#include "base/must.h"
#include "import/format.h"
#include "import/json.h"
#include "import/text.h"
#include "import/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- servers -- */

static const cJSON *first_server(const cJSON *holder)
{
    const cJSON *servers = json_get(holder, "servers");
    return cJSON_IsArray(servers) ? servers->child : NULL;
}

/* The URL of a server, its variables at their defaults. */
static void append_server(struct str *out, const cJSON *server)
{
    const char *url = import_text_of(server, "url");

    for (; url && *url; url++) {
        const char *close = *url == '{' ? strchr(url, '}') : NULL;
        char *name =
            close ? strndup(url + 1, (size_t)(close - url) - 1) : NULL;
        const cJSON *variable =
            name ? json_get(json_get(server, "variables"), name) : NULL;
        const char *value = import_text_of(variable, "default");
        free(name);
        if (value) {
            str_append(out, value);
            url = close;
        } else {
            str_append_char(out, *url);
        }
    }
    while (out->length > 0 && out->text[out->length - 1] == '/') {
        out->text[--out->length] = '\0';
    }
}

/* -- parameters -- */

/* What the parameters of an operation make. */
struct parts {
    struct str path, query, cookie;
    cJSON *headers;
};

/* The texts of a value, joined by commas, or each after the name. */
static void append_value(struct str *out, const cJSON *value, bool encodes)
{
    struct str text = STR_INIT;
    const cJSON *item;

    import_append_scalar(&text, value);
    cJSON_ArrayForEach(item, value)
    {
        str_append(&text, text.length ? "," : "");
        import_append_scalar(&text, item);
    }
    if (encodes) {
        text_append_encoded(out, text.text, true);
    } else {
        str_append(out, text.text);
    }
    str_release(&text);
}

static void append_query(struct str *query, const cJSON *parameter,
                         const char *name, const cJSON *value)
{
    bool joins = cJSON_IsFalse(json_get(parameter, "explode"));
    const cJSON *first = cJSON_IsArray(value) && !joins ? value->child : value;

    for (; first;
         first = cJSON_IsArray(value) && !joins ? first->next : NULL) {
        str_append(query, query->length ? "&" : "?");
        text_append_encoded(query, name, true);
        str_append_char(query, '=');
        append_value(query, first, true);
    }
}

static void replace_in_path(struct str *path, const char *name,
                            const cJSON *value)
{
    struct str whole = STR_INIT, mark = STR_INIT;
    const char *at;

    str_printf(&mark, "{%s}", name);
    at = strstr(path->text, mark.text);
    if (at) {
        str_append_bytes(&whole, path->text, (size_t)(at - path->text));
        append_value(&whole, value, true);
        str_append(&whole, at + mark.length);
        str_reset(path);
        str_append(path, whole.text);
    }
    str_release(&whole);
    str_release(&mark);
}

static bool is_said_elsewhere(const char *name)
{
    return strcasecmp(name, "Accept") == 0 ||
           strcasecmp(name, "Content-Type") == 0 ||
           strcasecmp(name, "Authorization") == 0;
}

static void use_parameter(const struct openapi *openapi,
                          const cJSON *parameter, struct parts *parts)
{
    const char *name = import_text_of(parameter, "name");
    const char *in = import_text_of(parameter, "in");
    bool is_own = false;
    cJSON *value =
        name && in ? openapi_example(openapi, parameter, name, &is_own) : NULL;
    bool needed = is_own || cJSON_IsTrue(json_get(parameter, "required"));

    if (name && in && strcmp(in, "path") == 0) {
        replace_in_path(&parts->path, name, value);
    } else if (!value || cJSON_IsObject(value)) {
        if (needed || !name || !in) {
            import_remark(openapi->import, openapi->place,
                          "parameter %s is left out: it has no example that "
                          "is a text",
                          name ? name : "without a name");
        }
    } else if (needed && strcmp(in, "query") == 0) {
        append_query(&parts->query, parameter, name, value);
    } else if (needed && strcmp(in, "header") == 0 &&
               !is_said_elsewhere(name)) {
        struct str text = STR_INIT;
        append_value(&text, value, false);
        import_header(openapi->import, openapi->place, &parts->headers, name,
                      text.text);
        str_release(&text);
    } else if (needed && strcmp(in, "cookie") == 0) {
        str_printf(&parts->cookie, "%s%s=", parts->cookie.length ? "; " : "",
                   name);
        append_value(&parts->cookie, value, true);
    }
    cJSON_Delete(value);
}

/* Whether an operation says a parameter of its path anew. */
static bool is_overridden(const struct openapi *openapi, const cJSON *by,
                          const cJSON *parameter)
{
    const char *name = import_text_of(parameter, "name");
    const char *in = import_text_of(parameter, "in");
    const cJSON *item;

    cJSON_ArrayForEach(item, by)
    {
        const cJSON *other = openapi_resolve(openapi, item);
        const char *other_name = import_text_of(other, "name");
        const char *other_in = import_text_of(other, "in");
        if (name && in && other_name && other_in &&
            strcmp(name, other_name) == 0 && strcmp(in, other_in) == 0) {
            return true;
        }
    }
    return false;
}

static void use_parameters(const struct openapi *openapi, const cJSON *list,
                           const cJSON *by, struct parts *parts)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        const cJSON *parameter = openapi_resolve(openapi, item);
        if (parameter && !is_overridden(openapi, by, parameter)) {
            use_parameter(openapi, parameter, parts);
        }
    }
}

/* -- operations -- */

/* The first status that its answers may have: a redirect, where it promises no
 * success. */
static unsigned status_of(const cJSON *operation)
{
    const cJSON *response;
    unsigned status = 0;

    cJSON_ArrayForEach(response, json_get(operation, "responses"))
    {
        const char *code = response->string;
        if (!code || code[0] == '2' || strcmp(code, "default") == 0) {
            return 0;
        }
        if (code[0] == '3' && status == 0) {
            status = (unsigned)strtoul(code, NULL, 10);
        }
    }
    return status;
}

static void add_operation(const struct openapi *openapi, const cJSON *path,
                          const cJSON *operation, const char *method)
{
    struct parts parts = {STR_INIT, STR_INIT, STR_INIT, NULL};
    struct str url = STR_INIT, body = STR_INIT;
    const cJSON *server = first_server(operation);
    struct import_call call = {.method = method,
                               .name =
                                   import_text_of(operation, "operationId"),
                               .status = status_of(operation)};

    server = server ? server : first_server(path);
    append_server(&url, server ? server : first_server(openapi->root));
    str_append(&parts.path, path->string);
    use_parameters(openapi, import_part_of(path, "parameters"),
                   import_part_of(operation, "parameters"), &parts);
    use_parameters(openapi, import_part_of(operation, "parameters"), NULL,
                   &parts);
    openapi_secure(openapi, operation, &parts.headers, &parts.query);
    if (parts.cookie.length > 0) {
        import_header(openapi->import, openapi->place, &parts.headers,
                      "Cookie", parts.cookie.text);
    }
    call.headers = parts.headers;
    str_append(&url, parts.path.text);
    str_append(&url, parts.query.text);
    call.url = url.text;
    if (strpbrk(parts.path.text, "{}")) {
        import_remark(openapi->import, openapi->place,
                      "its path has a parameter without a declaration, which "
                      "is sent as it stands");
    }
    if (openapi_body(openapi, operation, &call, &body)) {
        import_add(openapi->import, openapi->place, &call);
    } else {
        cJSON_Delete(call.headers);
    }
    str_release(&parts.path);
    str_release(&parts.query);
    str_release(&parts.cookie);
    str_release(&url);
    str_release(&body);
}

static void read_path(struct openapi *openapi, const cJSON *path)
{
    static const char *const methods[] = {"get",     "put",  "post",  "delete",
                                          "options", "head", "patch", "trace"};
    struct str place = STR_INIT;
    char upper[16];

    for (size_t i = 0; i < array_length(methods); i++) {
        const cJSON *operation = json_get(path, methods[i]);
        if (!cJSON_IsObject(operation)) {
            continue;
        }
        size_t length = strlen(methods[i]);
        for (size_t c = 0; c <= length; c++) {
            char letter = methods[i][c];
            upper[c] = letter >= 'a' ? (char)(letter - 'a' + 'A') : letter;
        }
        str_reset(&place);
        str_printf(&place, "paths.%s.%s", path->string, methods[i]);
        openapi->place = place.text;
        add_operation(openapi, path, operation, upper);
        if (json_get(operation, "callbacks")) {
            import_remark(openapi->import, openapi->place,
                          "its callbacks are left out: squall only calls");
        }
    }
    if (json_get(path, "$ref")) {
        import_remark(openapi->import, path->string,
                      "left out: a path that is a reference");
    }
    str_release(&place);
}

static bool check_version(const struct import *import, const cJSON *root)
{
    const char *version = import_text_of(root, "openapi");

    if (version && version[0] == '3') {
        return true;
    }
    struct error *error = errors_add(
        import->errors, ERROR_BAD_VALUE,
        json_get(root, "swagger")
            ? "it is written in Swagger 2, and OpenAPI 3 is read"
            : "it does not say \"openapi\": \"3...\", as an OpenAPI 3 "
              "document does");
    error_hint(error, "convert it to OpenAPI 3");
    snprintf(error->file, sizeof(error->file), "%s", import->name);
    return false;
}

bool import_openapi(struct import *import, char *text, size_t length)
{
    const char *begin = text + strspn(text, " \t\r\n\xef\xbb\xbf");
    cJSON *root = *begin == '{' ? import_json(import, text, length, false)
                                : yaml_read(import, text, length);
    struct openapi openapi = {import, root, import->name};
    const cJSON *path;

    if (!root) {
        return false;
    }
    bool good = check_version(import, root);
    if (good) {
        cJSON_ArrayForEach(path, import_part_of(root, "paths"))
        {
            if (path->string && cJSON_IsObject(path)) {
                read_path(&openapi, path);
            }
        }
        if (json_get(root, "webhooks")) {
            import_remark(import, "webhooks", "left out: squall only calls");
        }
    }
    cJSON_Delete(root);
    return good;
}
