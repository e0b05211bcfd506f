/* The document of an import: target, load and requests, without a secret. */
#include "base/mask.h"
#include "base/must.h"
#include "import/import.h"
#include "import/inside.h"
#include "import/secrets.h"
#include "import/text.h"
#include "plan/draft.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NAME_LENGTH_MAX = 56, /* of a request, with room for a number */
    WEIGHT_MAX = 1000000
};

static void add_text(cJSON *object, const char *name, const char *text)
{
    must(cJSON_AddStringToObject(object, name, text));
}

static cJSON *add_object(cJSON *object, const char *name)
{
    cJSON *member = cJSON_AddObjectToObject(object, name);
    must(member);
    return member;
}

/* -- which requests there is room for -- */

static int by_weight(const void *a, const void *b)
{
    const struct import_request *one = *(struct import_request *const *)a;
    const struct import_request *two = *(struct import_request *const *)b;

    if (one->weight != two->weight) {
        return one->weight > two->weight ? -1 : 1;
    }
    return one < two ? -1 : 1;
}

/* The most frequent ones where there are too many, in the order in which they
 * were found. Returns how many. */
static size_t keep_requests(struct import *import)
{
    size_t count = import->request_count, kept = 0;
    uint64_t lost = 0;
    struct import_request **sorted = calloc(count, sizeof(*sorted));

    must(sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &import->requests[i];
    }
    qsort(sorted, count, sizeof(struct import_request *), by_weight);
    for (size_t i = 0; i < count; i++) {
        sorted[i]->kept = i < REQUESTS_MAX ? 0 : SIZE_MAX;
        lost += i < REQUESTS_MAX ? 0 : sorted[i]->weight;
    }
    free(sorted);
    for (size_t i = 0; i < count; i++) {
        if (import->requests[i].kept != SIZE_MAX) {
            import->requests[i].kept = kept++;
        }
    }
    if (lost > 0) {
        import_remark(import, import->name,
                      "%zu requests differ, and a profile has %d: the most "
                      "frequent are kept, and %llu requests of the other %zu "
                      "kinds are left out",
                      count, REQUESTS_MAX, (unsigned long long)lost,
                      count - REQUESTS_MAX);
    }
    return kept;
}

/* -- secrets -- */

/* What is noted of each text of a request. */
typedef void text_look(struct secrets *, const char *, const char *, size_t);

static void find_variables(struct secrets *secrets, const char *name,
                           const char *text, size_t length)
{
    (void)name;
    secrets_find_variables(secrets, text, length);
}

static void find_in_headers(struct secrets *secrets, const cJSON *headers,
                            text_look *look)
{
    const cJSON *header, *item;

    cJSON_ArrayForEach(header, headers)
    {
        if (cJSON_IsString(header)) {
            look(secrets, header->string, header->valuestring,
                 strlen(header->valuestring));
        }
        cJSON_ArrayForEach(item, header)
        {
            look(secrets, header->string, item->valuestring,
                 strlen(item->valuestring));
        }
    }
}

static void find_in_request(struct secrets *secrets,
                            const struct import_request *request,
                            text_look *look)
{
    const cJSON *item;

    find_in_headers(secrets, request->headers, look);
    look(secrets, NULL, request->path, strlen(request->path));
    if (request->body) {
        look(secrets, NULL, request->body, request->body_length);
    }
    cJSON_ArrayForEach(item, request->form)
    {
        look(secrets, NULL, item->valuestring, strlen(item->valuestring));
    }
}

/* A variable is said once, where its value was first. */
static void remark_secrets(struct import *import,
                           const struct secrets *secrets, size_t before,
                           const char *place)
{
    for (size_t i = before; i < secrets->count; i++) {
        const struct secret *secret = &secrets->list[i];
        if (secret->value) {
            import_remark(import, place,
                          "the secret of %s is ${env:%s}: set %s before the "
                          "run, to the value that stood there",
                          secret->what, secret->variable, secret->variable);
        } else {
            import_remark(import, place,
                          "${env:%s} is taken from the environment: set %s "
                          "before the run",
                          secret->variable, secret->variable);
        }
    }
}

static void find_in_all(struct import *import, struct secrets *secrets,
                        text_look *look)
{
    for (size_t i = 0; i < import->request_count; i++) {
        const struct import_request *request = &import->requests[i];
        size_t before = secrets->count;
        if (request->kept != SIZE_MAX) {
            find_in_request(secrets, request, look);
            remark_secrets(import, secrets, before, request->place);
        }
    }
}

static void find_secrets(struct import *import, struct secrets *secrets)
{
    if (import->user) {
        secrets_find_variables(secrets, import->user, strlen(import->user));
        remark_secrets(import, secrets, 0, "user");
    }
    find_in_all(import, secrets, find_variables);
    find_in_all(import, secrets, secrets_find);
}

/* -- requests -- */

static void add_written(cJSON *object, const char *name,
                        struct secrets *secrets, const char *header,
                        const char *text, size_t length)
{
    struct str out = STR_INIT;
    cJSON *item;

    secrets_write(secrets, &out, header, text, length);
    item = cJSON_CreateString(out.text);
    must(item);
    if (name) {
        cJSON_AddItemToObject(object, name, item);
    } else {
        cJSON_AddItemToArray(object, item);
    }
    str_release(&out);
}

/* The host of the URL is said by the URL. */
static bool is_own_host(const struct import *import, const cJSON *header)
{
    return strcasecmp(header->string, "Host") == 0 && import->origin &&
           cJSON_IsString(header) &&
           strcasecmp(strstr(import->origin, "://") + 3,
                      header->valuestring) == 0;
}

static void add_headers(const struct import *import, cJSON *object,
                        struct secrets *secrets, const cJSON *headers)
{
    cJSON *written = cJSON_CreateObject();
    const cJSON *header, *item;

    must(written);
    cJSON_ArrayForEach(header, headers)
    {
        if (is_own_host(import, header)) {
            continue;
        }
        if (cJSON_IsString(header)) {
            add_written(written, header->string, secrets, header->string,
                        header->valuestring, strlen(header->valuestring));
            continue;
        }
        cJSON *list = cJSON_AddArrayToObject(written, header->string);
        cJSON_ArrayForEach(item, header)
        {
            add_written(list, NULL, secrets, header->string, item->valuestring,
                        strlen(item->valuestring));
        }
    }
    if (written->child) {
        cJSON_AddItemToObject(object, "headers", written);
    } else {
        cJSON_Delete(written);
    }
}

static bool is_named(const cJSON *requests, const char *name)
{
    const cJSON *request;

    cJSON_ArrayForEach(request, requests)
    {
        if (strcmp(
                cJSON_GetObjectItemCaseSensitive(request, "name")->valuestring,
                name) == 0) {
            return true;
        }
    }
    return false;
}

/* "GET /orders", and a number where that is taken. */
static void append_name(struct str *name, const cJSON *requests,
                        const struct import_request *request, const char *path)
{
    struct str base = STR_INIT;

    if (request->name && request->name[0]) {
        for (const char *c = request->name; *c; c++) {
            bool plain = (unsigned char)*c > ' ' && (unsigned char)*c < 0x7f;
            str_append_char(&base, plain ? *c : ' ');
        }
    } else {
        str_printf(&base, "%s ",
                   request->method ? request->method
                   : request->body || request->body_file || request->form
                       ? "POST"
                       : "GET");
        str_append_bytes(&base, path, strcspn(path, "?${"));
    }
    if (base.length > NAME_LENGTH_MAX) {
        base.length = NAME_LENGTH_MAX;
        base.text[base.length] = '\0';
    }
    while (base.length > 0 && base.text[base.length - 1] == ' ') {
        base.text[--base.length] = '\0';
    }
    str_append(name, base.text);
    for (int number = 2; name->length == 0 || is_named(requests, name->text);
         number++) {
        str_reset(name);
        str_printf(name, "%s %d", base.text, number);
    }
    str_release(&base);
}

static void add_expect(cJSON *object, const struct import_request *request)
{
    if (request->status_count == 0) {
        return;
    }
    cJSON *list =
        cJSON_AddArrayToObject(add_object(object, "expect"), "status");
    cJSON_AddItemToArray(list, cJSON_CreateString("2xx"));
    for (size_t i = 0; i < request->status_count; i++) {
        cJSON_AddItemToArray(list, cJSON_CreateNumber(request->statuses[i]));
    }
}

/* By what weights are divided so that the largest is one that a profile may
 * have; the rarest of all weigh 1. */
static double weight_divisor(const struct import *import)
{
    uint64_t most = WEIGHT_MAX;

    for (size_t i = 0; i < import->request_count; i++) {
        if (import->requests[i].weight > most) {
            most = import->requests[i].weight;
        }
    }
    return (double)most / WEIGHT_MAX;
}

/* divisor: of the weights; 0: they are left out. */
static void add_request(const struct import *import, cJSON *requests,
                        struct secrets *secrets,
                        const struct import_request *request, double divisor)
{
    cJSON *object = cJSON_CreateObject();
    struct str path = STR_INIT, name = STR_INIT;
    const cJSON *item;

    must(object);
    secrets_write(secrets, &path, NULL, request->path, strlen(request->path));
    append_name(&name, requests, request, path.text);
    add_text(object, "name", name.text);
    if (divisor > 0 && request->weight > 1) {
        cJSON_AddNumberToObject(
            object, "weight",
            fmax(1, round((double)request->weight / divisor)));
    }
    if (request->method) {
        add_text(object, "method", request->method);
    }
    add_text(object, "path", path.text);
    add_headers(import, object, secrets, request->headers);
    if (request->body) {
        add_written(object, "body", secrets, NULL, request->body,
                    request->body_length);
    } else if (request->body_file) {
        add_text(object, "body_file", request->body_file);
        cJSON_AddFalseToObject(object, "body_placeholders");
    } else if (request->form) {
        cJSON *form = cJSON_AddArrayToObject(object, "form");
        cJSON_ArrayForEach(item, request->form)
        {
            add_written(form, NULL, secrets, NULL, item->valuestring,
                        strlen(item->valuestring));
        }
    }
    add_expect(object, request);
    cJSON_AddItemToArray(requests, object);
    str_release(&path);
    str_release(&name);
}

/* -- the whole -- */

/* Whether any request has a header that the user would be said by. */
static bool says_who(const struct import *import)
{
    for (size_t i = 0; i < import->request_count; i++) {
        if (cJSON_GetObjectItem(import->requests[i].headers,
                                "Authorization")) {
            return true;
        }
    }
    return false;
}

static void add_target(struct import *import, cJSON *document,
                       struct secrets *secrets)
{
    if (!import->origin) {
        import_remark(import, import->name,
                      "it names no host: give the URL to squall run, or "
                      "write target.url");
        return;
    }
    cJSON *target = add_object(document, "target");
    struct str user = STR_INIT;
    add_text(target, "url", import->origin);
    if (import->user && says_who(import)) {
        import_remark(import, "user",
                      "left out: a header Authorization says who is calling");
    } else if (import->user) {
        const char *colon = strchr(import->user, ':');
        size_t before = secrets->count;
        size_t length = strcspn(import->user, ":");
        char *name = strndup(import->user, length);
        must(name);
        text_append_value(&user, name);
        free(name);
        if (colon && colon[1] == IMPORT_VARIABLE_OPEN) {
            text_append_value(&user, colon);
        } else {
            const char *password = colon ? colon + 1 : "";
            str_printf(&user, ":${env:%s}",
                       secrets_variable(secrets, "PASSWORD", 8, password,
                                        strlen(password)));
            remark_secrets(import, secrets, before, "user");
        }
        add_text(target, "user", user.text);
    }
    str_release(&user);
}

static void add_recording(cJSON *document, const char *recording)
{
    cJSON *arrivals = add_object(add_object(document, "load"), "arrivals");
    add_text(arrivals, "file", recording);
}

static void add_more(cJSON *document, cJSON *more)
{
    while (more->child) {
        cJSON *item = cJSON_DetachItemViaPointer(more, more->child);
        char *name = strdup(item->string);
        must(name);
        cJSON_AddItemToObject(document, name, item);
        free(name);
    }
}

bool import_finish(struct import *import, const char *recording,
                   cJSON **document)
{
    struct secrets secrets = SECRETS_INIT;
    struct str about = STR_INIT;

    if (import->request_count == 0) {
        struct error *error = errors_add(import->errors, ERROR_BAD_VALUE,
                                         "there is no request in it that "
                                         "squall can send");
        snprintf(error->file, sizeof(error->file), "%s", import->name);
        return false;
    }
    keep_requests(import);
    find_secrets(import, &secrets);
    *document = cJSON_CreateObject();
    must(*document);
    add_text(*document, "schema", "squall.profile/1");
    char *shown = mask_text(import->name);
    str_printf(&about, "The requests of %s, imported.", shown);
    add_text(*document, "about", about.text);
    free(shown);
    add_target(import, *document, &secrets);
    if (recording && import->arrival_count > 0) {
        add_recording(*document, recording);
    }
    add_more(*document, import->more);
    cJSON *requests = cJSON_AddArrayToObject(*document, "requests");
    double divisor = recording ? 0 : weight_divisor(import);
    for (size_t i = 0; i < import->request_count; i++) {
        if (import->requests[i].kept != SIZE_MAX) {
            add_request(import, requests, &secrets, &import->requests[i],
                        divisor);
        }
    }
    const cJSON *request;
    size_t kept = 0;
    cJSON_ArrayForEach(request, requests)
    {
        while (import->requests[kept].kept == SIZE_MAX) {
            kept++;
        }
        free(import->requests[kept].name);
        import->requests[kept++].name = strdup(
            cJSON_GetObjectItemCaseSensitive(request, "name")->valuestring);
    }
    secrets_release(&secrets);
    str_release(&about);
    return true;
}
