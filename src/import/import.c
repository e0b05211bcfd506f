#include "import/import.h"

#include "base/hash.h"
#include "base/mask.h"
#include "base/must.h"
#include "import/inside.h"
#include "import/text.h"
#include "plan/header.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REMARKS_MAX = 200, SLOTS_MIN = 64 };

static void *grown(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return list;
    }
    *capacity = *capacity ? *capacity * 2 : 16;
    list = realloc(list, *capacity * size);
    must(list);
    return list;
}

static char *copied(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    must(copy || !text);
    return copy;
}

void import_init(struct import *import, const char *name,
                 struct errors *errors)
{
    *import = (struct import){.name = name,
                              .errors = errors,
                              .more = cJSON_CreateObject(),
                              .settings = cJSON_CreateArray()};
    must(import->more && import->settings);
}

void import_release(struct import *import)
{
    for (size_t i = 0; i < import->request_count; i++) {
        struct import_request *request = &import->requests[i];
        free(request->key);
        free(request->place);
        free(request->name);
        free(request->method);
        free(request->path);
        free(request->body);
        free(request->body_file);
        cJSON_Delete(request->headers);
        cJSON_Delete(request->form);
    }
    for (size_t i = 0; i < import->remark_count; i++) {
        free(import->remarks[i].place);
        free(import->remarks[i].text);
    }
    free(import->requests);
    free(import->slots);
    free(import->arrivals);
    free(import->remarks);
    free(import->origin);
    free(import->user);
    cJSON_Delete(import->more);
    cJSON_Delete(import->settings);
}

void import_remark(struct import *import, const char *place,
                   const char *format, ...)
{
    struct str text = STR_INIT;
    va_list arguments;

    if (import->remark_count == REMARKS_MAX) {
        import->remarks_left_out++;
        return;
    }
    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    import->remarks =
        grown(import->remarks, import->remark_count, &import->remark_capacity,
              sizeof(*import->remarks));
    import->remarks[import->remark_count++] =
        (struct import_remark){copied(place), str_detach(&text)};
}

bool import_has_mark(const char *bytes, size_t length)
{
    return memchr(bytes, IMPORT_VARIABLE_OPEN, length) ||
           memchr(bytes, IMPORT_VARIABLE_CLOSE, length);
}

void import_refuse_mark(const struct import *import)
{
    struct error *error =
        errors_add(import->errors, ERROR_BAD_VALUE,
                   "there is a control character in it, U+0001 or U+0002");
    error_hint(error, "no request has one; take it out");
    snprintf(error->file, sizeof(error->file), "%s", import->name);
}

/* -- where requests go -- */

static bool is_web(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 ||
           strncasecmp(url, "https://", 8) == 0;
}

/* "scheme://host:port" in small letters, without a user and without the port
 * that the scheme has anyway; returns where the path begins. */
static const char *split_url(const char *url, struct str *origin,
                             struct str *user)
{
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#");
    const char *end = host + length;

    for (size_t i = length; i > 0; i--) {
        if (host[i - 1] == '@') {
            str_append_bytes(user, host, i - 1);
            host += i;
            break;
        }
    }
    str_append_bytes(origin, url, (size_t)(strstr(url, "://") + 3 - url));
    str_append_bytes(origin, host, (size_t)(end - host));
    for (size_t i = 0; i < origin->length; i++) {
        char c = origin->text[i];
        origin->text[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    const char *usual =
        strncmp(origin->text, "https", 5) == 0 ? ":443" : ":80";
    size_t usual_length = strlen(usual);
    if (origin->length > usual_length &&
        strcmp(origin->text + origin->length - usual_length, usual) == 0) {
        origin->length -= usual_length;
        origin->text[origin->length] = '\0';
    }
    return end;
}

static void take_user(struct import *import, const char *place,
                      const char *user)
{
    if (*user && !import->user) {
        import->user = copied(user);
        mask_add_user(user, strlen(user));
    } else if (*user && strcmp(import->user, user) != 0) {
        import_remark(import, place,
                      "the user in its URL is another than before: a profile "
                      "has one, target.user");
    }
}

static bool has_host(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return strcspn(host, "/?#") > 0 &&
           !header_text_breaks(host, strcspn(host, "/?#")) &&
           !memchr(host, ' ', strcspn(host, "/?#"));
}

bool import_origin(struct import *import, const char *place, const char *url)
{
    struct str origin = STR_INIT, user = STR_INIT;

    if (!is_web(url) || !has_host(url)) {
        return false;
    }
    split_url(url, &origin, &user);
    if (!import->origin) {
        import->origin = copied(origin.text);
    }
    take_user(import, place, user.text);
    str_release(&origin);
    str_release(&user);
    return true;
}

/* The path of a URL, from its slash to its "#"; false, with a remark, where it
 * cannot be sent. */
static bool find_path(struct import *import, const char *place,
                      const char *url, struct str *path)
{
    struct str origin = STR_INIT, user = STR_INIT;
    const char *rest = url;
    bool good = true;

    if (url[0] != '/' && (!is_web(url) || !has_host(url))) {
        import_remark(import, place,
                      "left out: it goes to no URL of http or https");
        return false;
    }
    if (url[0] != '/') {
        rest = split_url(url, &origin, &user);
        if (import->origin && strcmp(import->origin, origin.text) != 0) {
            import_remark(import, place,
                          "left out: it goes to %s, and a profile has one "
                          "target, %s",
                          origin.text, import->origin);
            good = false;
        } else {
            import_origin(import, place, url);
        }
    }
    str_append(path, *rest == '/' ? "" : "/");
    for (; *rest && *rest != '#'; rest++) {
        unsigned char c = (unsigned char)*rest;
        bool breaks = (c <= ' ' || c >= 0x7f) &&
                      c != (unsigned char)IMPORT_VARIABLE_OPEN &&
                      c != (unsigned char)IMPORT_VARIABLE_CLOSE;
        str_printf(path, breaks ? "%%%02X" : "%c", c);
    }
    str_release(&origin);
    str_release(&user);
    return good;
}

/* -- requests -- */

static char *key_of(const struct import_call *call, const char *path)
{
    struct str key = STR_INIT;
    char *headers =
        call->headers ? cJSON_PrintUnformatted(call->headers) : NULL;
    char *form = call->form ? cJSON_PrintUnformatted(call->form) : NULL;

    str_printf(&key, "%s %s\n%s\n%s\n%s\n", call->method ? call->method : "",
               path, headers ? headers : "", form ? form : "",
               call->body_file ? call->body_file : "");
    if (call->body) {
        struct hash128 hash = hash_bytes(call->body, call->body_length);
        str_printf(&key, "%016llx%016llx", (unsigned long long)hash.high,
                   (unsigned long long)hash.low);
    }
    free(headers);
    free(form);
    return str_detach(&key);
}

static size_t *slot_of(struct import *import, const char *key)
{
    size_t mask = import->slot_count - 1;
    size_t at = (size_t)hash_bytes(key, strlen(key)).low & mask;

    while (import->slots[at] &&
           strcmp(import->requests[import->slots[at] - 1].key, key) != 0) {
        at = (at + 1) & mask;
    }
    return &import->slots[at];
}

/* At most half of the slots are taken. */
static void make_slots(struct import *import)
{
    if (import->slot_count > 2 * import->request_count + 1) {
        return;
    }
    import->slot_count =
        import->slot_count ? import->slot_count * 2 : SLOTS_MIN;
    free(import->slots);
    import->slots = calloc(import->slot_count, sizeof(*import->slots));
    must(import->slots);
    for (size_t i = 0; i < import->request_count; i++) {
        *slot_of(import, import->requests[i].key) = i + 1;
    }
}

static bool is_method(const char *method)
{
    return header_name_is_token(method, strlen(method)) && strlen(method) < 64;
}

static void note_status(struct import_request *request, unsigned status)
{
    if (status < 300 || status > 399) {
        return;
    }
    for (size_t i = 0; i < request->status_count; i++) {
        if (request->statuses[i] == status) {
            return;
        }
    }
    if (request->status_count < STATUSES_MAX) {
        request->statuses[request->status_count++] = status;
    }
}

static char *copied_bytes(const char *bytes, size_t length)
{
    char *copy = malloc(length + 1);
    must(copy);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

static size_t add_new(struct import *import, const char *place,
                      struct import_call *call, const char *path, char *key)
{
    import->requests =
        grown(import->requests, import->request_count,
              &import->request_capacity, sizeof(*import->requests));
    import->requests[import->request_count] = (struct import_request){
        .key = key,
        .place = copied(place),
        .name = copied(call->name),
        .method = copied(call->method),
        .path = copied(path),
        .headers = call->headers,
        .body =
            call->body ? copied_bytes(call->body, call->body_length) : NULL,
        .body_length = call->body_length,
        .body_file = copied(call->body_file),
        .form = call->form ? cJSON_Duplicate(call->form, true) : NULL,
        .weight = 0,
    };
    call->headers = NULL;
    return import->request_count++;
}

size_t import_add(struct import *import, const char *place,
                  struct import_call *call)
{
    struct str path = STR_INIT;
    size_t index = SIZE_MAX;

    if (call->method && !is_method(call->method)) {
        import_remark(import, place, "left out: its method is none of HTTP");
    } else if (call->body && !text_is_plain(call->body, call->body_length)) {
        import_remark(import, place,
                      "left out: its body is no text of UTF-8; put the bytes "
                      "into a file and write requests[].body_file");
    } else if (find_path(import, place, call->url, &path)) {
        char *key = key_of(call, path.text);
        make_slots(import);
        size_t *slot = slot_of(import, key);
        if (*slot) {
            index = *slot - 1;
            free(key);
        } else {
            index = add_new(import, place, call, path.text, key);
            *slot = index + 1;
        }
        import->requests[index].weight++;
        note_status(&import->requests[index], call->status);
    }
    cJSON_Delete(call->headers);
    call->headers = NULL;
    str_release(&path);
    return index;
}

void import_arrive(struct import *import, size_t request, int64_t ns)
{
    if (request == SIZE_MAX) {
        return;
    }
    import->arrivals =
        grown(import->arrivals, import->arrival_count,
              &import->arrival_capacity, sizeof(*import->arrivals));
    import->arrivals[import->arrival_count] =
        (struct import_arrival){ns, request, import->arrival_count};
    import->arrival_count++;
}

void import_header(struct import *import, const char *place, cJSON **headers,
                   const char *name, const char *value)
{
    if (name[0] == ':' || header_name_is_ours(name)) {
        return;
    }
    struct str line = STR_INIT;
    for (const char *c = value; *c; c++) {
        bool variable =
            *c == IMPORT_VARIABLE_OPEN || *c == IMPORT_VARIABLE_CLOSE;
        str_append_char(&line, variable ? '$' : *c);
    }
    bool good = header_name_is_token(name, strlen(name)) &&
                strlen(name) < 64 &&
                !header_text_breaks(line.text, line.length) &&
                text_is_plain(line.text, line.length);
    str_release(&line);
    if (!good) {
        import_remark(import, place,
                      "a header that HTTP does not have is "
                      "left out");
        return;
    }
    if (!*headers) {
        *headers = cJSON_CreateObject();
        must(*headers);
    }
    cJSON *item = cJSON_CreateString(value);
    cJSON *old = cJSON_GetObjectItem(*headers, name);
    must(item);
    if (cJSON_IsArray(old)) {
        cJSON_AddItemToArray(old, item);
    } else if (old) {
        cJSON *list = cJSON_CreateArray();
        char *known = copied(old->string);
        cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(*headers, old));
        cJSON_AddItemToArray(list, item);
        cJSON_AddItemToObject(*headers, known, list);
        free(known);
    } else {
        cJSON_AddItemToObject(*headers, name, item);
    }
}
