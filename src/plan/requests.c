#include "plan/resolve.h"

#include "base/must.h"
#include "plan/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BODY_SIZE_MAX = 64 * 1024 * 1024 };

static const char *path_of(size_t index, const char *key, char *out,
                           size_t size)
{
    snprintf(out, size, "requests[%zu].%s", index, key);
    return out;
}

static bool read_body_file(const struct resolver *resolver, size_t index,
                           struct request_config *config)
{
    char path[64], bytes[16384];
    struct str body = STR_INIT;
    size_t count;

    path_of(index, "body_file", path, sizeof(path));
    FILE *file = fopen(config->body_file, "rb");
    errno = file ? 0 : errno;
    while (file && body.length <= BODY_SIZE_MAX &&
           (count = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_append_bytes(&body, bytes, count);
    }
    int failure = !file || ferror(file) ? errno : 0;
    if (file) {
        fclose(file);
    }
    bool good = !failure && body.length <= BODY_SIZE_MAX;
    if (good) {
        config->body = arena_strndup(&resolver->plan->arena, body.text,
                                     body.length);
        config->body_length = body.length;
    } else {
        struct error *error = resolve_refuse(
            resolver, path, "cannot read %s: %s", config->body_file,
            failure ? strerror(failure) : "larger than 64 MiB");
        error->code = ERROR_NO_FILE;
    }
    str_release(&body);
    return good;
}

static void resolve_name(struct resolver *resolver, size_t index,
                         struct request_config *config)
{
    char path[64], first[64], name[32];

    if (!config->name) {
        snprintf(name, sizeof(name), "request-%zu", index + 1);
        config->name = arena_strdup(&resolver->plan->arena, name);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(resolver->plan->requests[i].config.name, config->name) ==
            0) {
            resolve_conflict(resolver,
                             path_of(index, "name", path, sizeof(path)),
                             path_of(i, "name", first, sizeof(first)),
                             "two requests are named \"%s\"", config->name);
            return;
        }
    }
}

/* Headers that are sent with every request, compiled once. */
struct common_headers {
    const struct header_list *list;
    struct template *lines;
};

/* Whether requests of a method have an idempotency key. */
static bool has_key(const struct key_config *key, uint16_t method)
{
    return key->scope != KEY_SCOPE_NONE &&
           (key->methods == 0 || (key->methods & method) != 0);
}

/* {{key}} in a request that has none would be an empty text. */
static void check_key_use(const struct resolver *resolver, const char *path,
                          const struct template *template,
                          const struct planned_request *request)
{
    const char *method = request->config.method;
    struct error *error;

    if (!template->uses_key || request->traits.has_key) {
        return;
    }
    if (resolver->plan->policy.key.scope == KEY_SCOPE_NONE) {
        error =
            resolve_conflict(resolver, path, "idempotency",
                             "{{key}} is empty: there is no idempotency key");
        error_hint(error, "add \"idempotency\": {}, or use {{op.id}}");
    } else {
        error = resolve_conflict(resolver, path, "idempotency.methods",
                                 "{{key}} is empty: %s has no key", method);
        error_hint(error, "add \"%s\" to idempotency.methods, or use "
                          "{{op.id}}",
                   method);
    }
}

static void resolve_body(struct resolver *resolver, size_t index,
                         struct planned_request *request)
{
    struct request_config *config = &request->config;
    char path[64], other[64];

    if (config->body && config->body_file) {
        struct error *error = resolve_conflict(
            resolver, path_of(index, "body_file", path, sizeof(path)),
            path_of(index, "body", other, sizeof(other)),
            "a request has one body");
        error_hint(error, "remove one of them");
        return;
    }
    if (config->body_file && !read_body_file(resolver, index, config)) {
        return;
    }
    if (!config->body) {
        return;
    }
    if (!config->body_file) {
        config->body_length = strlen(config->body);
    }
    request->has_body = true;
    path_of(index, config->body_file ? "body_file" : "body", path,
            sizeof(path));
    if (resolve_template(resolver, path, config->body, config->body_length,
                         &request->body)) {
        check_key_use(resolver, path, &request->body, request);
    }
}

static bool compile_line(const struct resolver *resolver, const char *path,
                         const char *name, const char *value,
                         struct template *compiled)
{
    struct str line = STR_INIT;
    str_printf(&line, "%s: %s", name, value);
    bool good = resolve_template(resolver, path, line.text, line.length,
                                 compiled);
    str_release(&line);
    return good;
}

/* Headers that squall writes itself. */
static bool is_ours(const char *name)
{
    return strcasecmp(name, "Content-Length") == 0 ||
           strcasecmp(name, "Transfer-Encoding") == 0 ||
           strcasecmp(name, "Connection") == 0;
}

/* Compiles what a profile says of a header, or tells why it may not. */
static bool resolve_header(const struct resolver *resolver, const char *path,
                           const struct header_config *header, bool keyed,
                           struct template *compiled)
{
    const struct key_config *key = &resolver->plan->policy.key;

    if (is_ours(header->name)) {
        resolve_refuse(resolver, path, "squall writes this header itself");
        return false;
    }
    if (keyed && key->place == KEY_IN_HEADER &&
        strcasecmp(header->name, key->header) == 0) {
        struct error *error =
            resolve_conflict(resolver, path, "idempotency",
                             "the key is sent in this header already");
        error_hint(error, "remove the header, or write "
                          "\"idempotency\": {\"scope\": \"none\"}");
        return false;
    }
    return compile_line(resolver, path, header->name, header->value, compiled);
}

static void resolve_common(struct resolver *resolver,
                           struct common_headers *common)
{
    const struct header_list *list = &resolver->draft->headers;
    bool keyed = resolver->plan->policy.key.scope != KEY_SCOPE_NONE;
    struct str path = STR_INIT;

    common->list = list;
    common->lines = arena_array(&resolver->plan->arena, list->count + 1,
                                sizeof(*common->lines));
    for (size_t i = 0; i < list->count; i++) {
        str_reset(&path);
        str_append(&path, "headers");
        path_push_name(&path, list->items[i].name);
        if (resolve_header(resolver, path.text, &list->items[i], keyed,
                           &common->lines[i]) &&
            common->lines[i].uses_key && !keyed) {
            struct error *error = resolve_conflict(
                resolver, path.text, "idempotency",
                "{{key}} is empty: there is no idempotency key");
            error_hint(error, "add \"idempotency\": {}, or use {{op.id}}");
        }
    }
    str_release(&path);
}

/* Whether a list names a header, in any case, from an index on. */
static bool names_header(const struct header_list *list, size_t from,
                         const char *name)
{
    for (size_t i = from; i < list->count; i++) {
        if (strcasecmp(list->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Sampled: a service that follows the caller's word keeps the trace. */
static const char traceparent[] = "00-{{trace.id}}-{{span.id}}-01";

/* What the request says itself wins over what is said for all, and among that
 * the last: profiles that are merged may write a name in different cases. */
static void add_common(struct planned_request *request,
                       const struct common_headers *common)
{
    for (size_t i = 0; i < common->list->count; i++) {
        const char *name = common->list->items[i].name;
        if (!names_header(&request->config.headers, 0, name) &&
            !names_header(common->list, i + 1, name)) {
            request->header_lines[request->header_count++] =
                common->lines[i];
        }
    }
}

static void resolve_headers(struct resolver *resolver, size_t index,
                            struct planned_request *request,
                            const struct common_headers *common)
{
    const struct header_list *headers = &request->config.headers;
    const struct key_config *key = &resolver->plan->policy.key;
    struct str path = STR_INIT;

    request->header_lines =
        arena_array(&resolver->plan->arena,
                    headers->count + common->list->count + 2,
                    sizeof(*request->header_lines));
    for (size_t i = 0; i < headers->count; i++) {
        struct template *line = &request->header_lines[request->header_count];
        str_reset(&path);
        str_printf(&path, "requests[%zu].headers", index);
        path_push_name(&path, headers->items[i].name);
        if (resolve_header(resolver, path.text, &headers->items[i],
                           request->traits.has_key, line)) {
            check_key_use(resolver, path.text, line, request);
            request->header_count++;
        }
    }
    if (request->traits.has_key && key->place == KEY_IN_HEADER &&
        compile_line(resolver, "idempotency.header", key->header,
                     key->quoted ? "\"{{key}}\"" : "{{key}}",
                     &request->header_lines[request->header_count])) {
        request->header_count++;
    }
    add_common(request, common);
    if (resolver->draft->traceparent &&
        !names_header(headers, 0, "traceparent") &&
        !names_header(common->list, 0, "traceparent") &&
        compile_line(resolver, "trace.traceparent", "traceparent",
                     traceparent,
                     &request->header_lines[request->header_count])) {
        request->header_count++;
    }
    str_release(&path);
}

/* Whether the path has a hole for the key. */
static bool check_path(struct resolver *resolver, size_t index,
                       const struct planned_request *request)
{
    const struct request_config *config = &request->config;
    struct template compiled;
    char path[64];

    if (!config->path) {
        return false;
    }
    path_of(index, "path", path, sizeof(path));
    if (config->path[0] != '/') {
        struct error *error = resolve_refuse(
            resolver, path, "\"%s\" does not begin with a slash",
            config->path);
        error_hint(error, "write \"/%s\"; the host is that of the URL",
                   strstr(config->path, "://") ? "path" : config->path);
    } else if (config->path[strcspn(config->path, " \t\r\n")]) {
        struct error *error =
            resolve_refuse(resolver, path, "a path contains no blanks");
        error_hint(error, "write %%20 for a blank");
    } else if (resolve_template(resolver, path, config->path,
                                strlen(config->path), &compiled)) {
        check_key_use(resolver, path, &compiled, request);
        return compiled.uses_key;
    }
    return false;
}

static void check_method(const struct resolver *resolver, size_t index,
                         const char *method)
{
    char path[64];
    if (!value_is_token(method)) {
        path_of(index, "method", path, sizeof(path));
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\" is not a method", method);
        error_hint(error, "write one word, such as POST");
    }
}

/* A key that no header of its own carries is carried where the request has a
 * hole for it, or not at all. */
static bool carries_key(const struct planned_request *request,
                        const struct key_config *key, bool in_path)
{
    bool carries = key->place == KEY_IN_HEADER || in_path ||
                   (request->has_body && request->body.uses_key);
    for (size_t i = 0; i < request->header_count && !carries; i++) {
        carries = request->header_lines[i].uses_key;
    }
    return carries && request->traits.has_key;
}

/* The URL is compiled later: a path that has such a hole is looked at here. */
static bool carries_trace(const struct planned_request *request)
{
    const char *path = request->config.path;
    bool carries =
        (request->has_body && request->body.uses_trace) ||
        (path && (strstr(path, "trace.id") || strstr(path, "span.id")));
    for (size_t i = 0; i < request->header_count; i++) {
        carries |= request->header_lines[i].uses_trace;
    }
    return carries;
}

static void resolve_request(struct resolver *resolver, size_t index,
                            const struct common_headers *common)
{
    const struct key_config *key = &resolver->plan->policy.key;
    struct planned_request *request = &resolver->plan->requests[index];
    struct request_config *config = &request->config;
    struct request_traits *traits = &request->traits;

    *config = resolver->draft->requests[index];
    resolve_name(resolver, index, config);
    if (!config->method) {
        config->method =
            config->body || config->body_file ? "POST" : "GET";
    }
    check_method(resolver, index, config->method);
    traits->method = method_bit(config->method);
    traits->tier = (unsigned)config->tier;
    traits->has_key = has_key(key, traits->method);
    if (config->effect == ANY) {
        config->effect = traits->method & METHODS_SAFE ? NO : YES;
    }
    resolve_body(resolver, index, request);
    traits->body_bytes = request->has_body ? request->body.length_max : 0;
    bool in_path = check_path(resolver, index, request);
    resolve_headers(resolver, index, request, common);
    traits->has_key = carries_key(request, key, in_path);
    request->is_traced = carries_trace(request);
}

void resolve_requests(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    struct common_headers common;
    uint64_t weight = 0;

    resolve_common(resolver, &common);
    plan->request_count = resolver->draft->request_count;
    plan->requests = arena_array(&plan->arena, plan->request_count,
                                 sizeof(*plan->requests));
    for (size_t i = 0; i < plan->request_count; i++) {
        resolve_request(resolver, i, &common);
        weight += plan->requests[i].config.weight;
    }
    if (weight == 0 && plan->request_count > 0) {
        resolve_refuse(resolver, "requests", "every weight is zero");
    }
}

bool requests_set_url(struct plan *plan, const char **problem,
                      size_t *request)
{
    const char *url = plan->target.url;
    const char *host = strstr(url, "://");
    must(host);
    host += 3;
    size_t origin = (size_t)(host - url) + strcspn(host, "/?#");
    struct str text = STR_INIT;
    bool good = true;
    size_t at;

    for (size_t i = 0; i < plan->request_count && good; i++) {
        struct planned_request *planned = &plan->requests[i];
        str_reset(&text);
        if (planned->config.path) {
            str_append_bytes(&text, url, origin);
            str_append(&text, planned->config.path);
        } else {
            str_append(&text, url);
        }
        good = template_compile(&planned->url, &plan->arena, text.text,
                                text.length, problem, &at);
        *request = i;
    }
    str_release(&text);
    return good;
}
