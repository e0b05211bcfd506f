/* The requests of a plan: their templates, headers, URLs and expectations,
 * compiled. */
#include "plan/resolve.h"

#include "base/base64.h"
#include "base/must.h"
#include "plan/body.h"
#include "plan/address.h"
#include "plan/environment.h"
#include "plan/header_index.h"
#include "plan/header.h"
#include "plan/path.h"
#include "plan/reader.h"
#include "plan/tree.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *path_of(size_t index, const char *key, char *out,
                           size_t size)
{
    snprintf(out, size, "requests[%zu].%s", index, key);
    return out;
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
    bool *is_hidden; /* by a later one of the same name */
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
        error_hint(error,
                   "add \"%s\" to idempotency.methods, or use "
                   "{{op.id}}",
                   method);
    }
}

static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += text[i] == '\n';
    }
    return line;
}

/* What is JSON in the profile is JSON on its way out, and what is a field of a
 * form is one. */
static const struct template_values *values_of_body(
    const struct resolver *resolver, size_t index,
    const struct request_config *config)
{
    char path[64];

    path_of(index, "body", path, sizeof(path));
    if (config->form.count > 0) {
        return strncmp(config->form_type, "multipart", 9) == 0
                   ? &environment_in_text
                   : &environment_in_form;
    }
    return cJSON_IsString(tree_at(resolver->tree, path))
               ? &environment_in_text
               : &environment_in_json;
}

/* A file is not written for squall: its errors name a place in it. */
static bool compile_body(const struct resolver *resolver, size_t index,
                         struct planned_request *request)
{
    const struct request_config *config = &request->config;
    struct arena *arena = &resolver->plan->arena;
    const char *problem;
    char path[64];
    size_t at = 0;

    if (!config->body_placeholders) {
        template_compile_plain(&request->body, arena, config->body,
                               config->body_length);
        return true;
    }
    if (!config->body_file) {
        return resolve_template(
            resolver, path_of(index, body_key(config), path, sizeof(path)),
            config->body, config->body_length,
            values_of_body(resolver, index, config), &request->body);
    }
    if (template_compile(&request->body, arena, config->body,
                         config->body_length, &problem, &at)) {
        return true;
    }
    size_t left = config->body_length - at;
    struct error *error = resolve_refuse(
        resolver, path_of(index, "body_file", path, sizeof(path)),
        "%s:%zu: %s, at \"%.*s\"", config->body_file,
        line_of(config->body, at), problem, (int)(left < 24 ? left : 24),
        config->body + at);
    error_hint(error,
               "\"body_placeholders\": false sends the file as it stands "
               "(--set requests[%zu].body_placeholders=false)",
               index);
    return false;
}

static void resolve_body(struct resolver *resolver, size_t index,
                         struct planned_request *request)
{
    struct request_config *config = &request->config;
    char path[64];

    if (!body_is_given(config)) {
        return;
    }
    path_of(index, body_key(config), path, sizeof(path));
    if (!body_read(resolver, index, config)) {
        return;
    }
    request->has_body = true;
    if (compile_body(resolver, index, request)) {
        check_key_use(resolver, path, &request->body, request);
    } else {
        request->has_body = false;
    }
}

static bool compile_line(const struct resolver *resolver, const char *path,
                         const char *name, const char *value,
                         struct template *compiled)
{
    struct str line = STR_INIT;
    if (!*value && strcasecmp(name, "Host") == 0) {
        /* The only spelling by which libcurl leaves its own out. */
        str_append(&line, "Host:");
    } else {
        str_printf(&line, "%s: %s", name, value);
    }
    bool good = resolve_template(resolver, path, line.text, line.length,
                                 &environment_in_text, compiled);
    if (good && template_has(compiled, header_byte_breaks)) {
        resolve_refuse(resolver, path,
                       "a header value cannot have more than "
                       "one line, or another control "
                       "character");
        good = false;
    }
    str_release(&line);
    return good;
}

/* Compiles what a profile says of a header, or reports why it may not. */
static bool resolve_header(const struct resolver *resolver, const char *path,
                           const struct header_config *header, bool keyed,
                           struct template *compiled)
{
    const struct key_config *key = &resolver->plan->policy.key;

    if (header_name_is_ours(header->name)) {
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

/* Lines that are filled for every attempt go out before those that never
 * change; the values of one name stay together, in their order. */
static void keep_together(const struct header_list *list,
                          struct template *lines, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        bool constant = true;
        for (end = first; end < count &&
                          list->items[end].member == list->items[first].member;
             end++) {
            constant = constant && lines[end].is_constant;
        }
        for (size_t i = first; i < end; i++) {
            lines[i].is_constant = constant;
        }
    }
}

static void resolve_common(struct resolver *resolver,
                           struct common_headers *common)
{
    const struct header_list *list = &resolver->draft->headers;
    bool keyed = resolver->plan->policy.key.scope != KEY_SCOPE_NONE;
    struct str path = STR_INIT;
    struct header_index index;

    common->list = list;
    common->lines = arena_array(&resolver->plan->arena, list->count + 1,
                                sizeof(*common->lines));
    common->is_hidden = arena_array(&resolver->plan->arena, list->count + 1,
                                    sizeof(*common->is_hidden));
    header_index_init(&index, list);
    for (size_t i = 0; i < list->count; i++) {
        common->is_hidden[i] = !header_index_is_last(&index, i);
    }
    header_index_release(&index);
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
    keep_together(list, common->lines, list->count);
    str_release(&path);
}

/* Sampled: a service that follows the caller's word keeps the trace. */
static const char traceparent[] = "00-{{trace.id}}-{{span.id}}-01";

/* What the request says itself wins over what is said for all, and among that
 * the last: profiles that are merged may write a name in different cases. */
static void add_common(struct planned_request *request,
                       const struct common_headers *common)
{
    struct header_index index;

    header_index_init(&index, &request->config.headers);
    for (size_t i = 0; i < common->list->count; i++) {
        if (!common->is_hidden[i] &&
            !header_index_has(&index, common->list->items[i].name)) {
            request->header_lines[request->header_count++] = common->lines[i];
        }
    }
    header_index_release(&index);
}

static size_t count_named(const struct header_list *list, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += strcasecmp(list->items[i].name, name) == 0;
    }
    return count;
}

/* libcurl would send the first, and say nothing. */
static void check_host(struct resolver *resolver, size_t index,
                       const struct planned_request *request)
{
    char path[64];

    if (count_named(&request->config.headers, "Host") > 1) {
        snprintf(path, sizeof(path), "requests[%zu].headers", index);
        resolve_refuse(resolver, path, "a request has one Host");
    }
}

/* What the body is called, unless a header says so. */
static void add_body_type(const struct resolver *resolver,
                          struct planned_request *request,
                          const struct common_headers *common)
{
    static const char name[] = "Content-Type";
    const char *line =
        request->has_body ? body_type_line(resolver, request) : NULL;

    if (line && count_named(&request->config.headers, name) == 0 &&
        count_named(common->list, name) == 0 &&
        resolve_template(resolver, "", line, strlen(line), NULL,
                         &request->header_lines[request->header_count])) {
        request->header_count++;
        request->seems_json = body_seems_json(request, line);
    }
}

/* Who is calling, by the one word of it that there is. */
static void add_credentials(const struct resolver *resolver,
                            struct planned_request *request,
                            const struct common_headers *common)
{
    static const char name[] = "Authorization";
    const char *user = resolver->plan->target.user;
    struct str line = STR_INIT;

    if (!user) {
        return;
    }
    if (count_named(&request->config.headers, name) > 0 ||
        count_named(common->list, name) > 0) {
        struct error *error =
            resolve_refuse(resolver, "target.user",
                           "a header Authorization says who is calling, too");
        error_hint(error, "remove one of them");
        return;
    }
    if (resolver->draft->policy.answers_challenges) {
        return; /* once it is asked for */
    }
    str_append(&line, "Authorization: Basic ");
    base64_append(&line, user, strlen(user));
    if (resolve_template(resolver, "target.user", line.text, line.length, NULL,
                         &request->header_lines[request->header_count])) {
        request->header_count++;
    }
    str_release(&line);
}

static void resolve_headers(struct resolver *resolver, size_t index,
                            struct planned_request *request,
                            const struct common_headers *common)
{
    const struct header_list *headers = &request->config.headers;
    const struct key_config *key = &resolver->plan->policy.key;
    struct str path = STR_INIT;

    check_host(resolver, index, request);
    request->names_host = count_named(headers, "Host") > 0 ||
                          count_named(common->list, "Host") > 0;
    request->header_lines = arena_array(
        &resolver->plan->arena, headers->count + common->list->count + 4,
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
    if (request->header_count == headers->count) {
        keep_together(headers, request->header_lines, headers->count);
    }
    add_body_type(resolver, request, common);
    add_credentials(resolver, request, common);
    if (request->traits.has_key && key->place == KEY_IN_HEADER &&
        compile_line(resolver, "idempotency.header", key->header,
                     key->quoted ? "\"{{key}}\"" : "{{key}}",
                     &request->header_lines[request->header_count])) {
        request->header_count++;
    }
    add_common(request, common);
    if (resolver->draft->traceparent &&
        count_named(headers, "traceparent") == 0 &&
        count_named(common->list, "traceparent") == 0 &&
        compile_line(resolver, "trace.traceparent", "traceparent", traceparent,
                     &request->header_lines[request->header_count])) {
        request->header_count++;
    }
    str_release(&path);
}

/* Whether it does where it takes its beginning from the environment. */
static bool begins_with_slash(const char *path)
{
    struct str text = STR_INIT;

    environment_expand(&text, path);
    bool begins = text.length > 0 && text.text[0] == '/';
    str_release(&text);
    return begins;
}

/* A key of one's own may have a blank in it, which no URL may. */
static void check_key_in_path(const struct resolver *resolver,
                              const char *path,
                              const struct template *compiled)
{
    const struct template *key = &resolver->plan->key_template;

    if (compiled->uses_key &&
        resolver->plan->policy.key.kind == KEY_TEMPLATE &&
        template_has(key, address_byte_breaks)) {
        struct error *error = resolve_conflict(
            resolver, path, "idempotency.template",
            "{{key}} stands in a URL, and the key has a character that no URL "
            "has");
        error_hint(error, "write it without blanks, \"#\" and letters that "
                          "are not ASCII");
    }
}

/* Whether the path has a placeholder for the key. */
static bool resolve_path(struct resolver *resolver, size_t index,
                         struct planned_request *request)
{
    struct request_config *config = &request->config;
    struct template compiled;
    const char *problem;
    char path[64], hint[64];

    if (!config->path) {
        return false;
    }
    path_of(index, "path", path, sizeof(path));
    config->path = address_encoded(config->path, &resolver->plan->arena);
    if (config->path[0] != '/' && !begins_with_slash(config->path)) {
        struct error *error =
            resolve_refuse(resolver, path,
                           "\"%s\" does not begin with a slash", config->path);
        error_hint(error, "write \"/%s\"; the host is that of the URL",
                   strstr(config->path, "://") ? "path" : config->path);
    } else if ((problem =
                    address_path_problem(config->path, hint, sizeof(hint)))) {
        struct error *error = resolve_refuse(resolver, path, "%s", problem);
        error_hint(error, "%s", hint);
    } else if (resolve_template(resolver, path, config->path,
                                strlen(config->path), &environment_in_url,
                                &compiled)) {
        check_key_use(resolver, path, &compiled, request);
        check_key_in_path(resolver, path, &compiled);
        return compiled.uses_key;
    }
    return false;
}

static void check_method(const struct resolver *resolver, size_t index,
                         const char *method)
{
    char path[64], upper[16];

    path_of(index, "method", path, sizeof(path));
    if (!value_is_token(method)) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\" is not a method", method);
        error_hint(error, "write one word, such as POST");
    } else if (value_method_is_miswritten(method, upper, sizeof(upper))) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\" is not a method", method);
        error_hint(error, "did you mean \"%s\"?", upper);
    }
}

/* A key that no header of its own carries is carried where the request has a
 * placeholder for it, or not at all. */
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

/* The URL is compiled later: a path that has such a placeholder is looked at
 * here. */
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
        config->method = body_is_given(config) ? "POST" : "GET";
    }
    check_method(resolver, index, config->method);
    traits->method = classify_method_bit(config->method);
    traits->tier = (unsigned)config->tier;
    traits->has_key = has_key(key, traits->method);
    if (config->effect == ANY) {
        config->effect = traits->method & METHODS_SAFE ? NO : YES;
    }
    traits->is_safe = (traits->method & METHODS_SAFE) && config->effect == NO;
    resolve_body(resolver, index, request);
    traits->body_bytes = request->has_body ? request->body.length_max : 0;
    bool in_path = resolve_path(resolver, index, request);
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

/* The length of "scheme://host:port". */
static size_t origin_of(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

/* The origin of a URL whose scheme is not written, but comes from the
 * environment: nothing in it is a placeholder. */
static void put_origin(const char *url, struct str *out)
{
    size_t length = origin_of(url);

    must(length > 0);
    for (size_t i = 0; i < length; i++) {
        str_append(out, strncmp(url + i, "{{", 2) == 0 ? "{{{{" : "");
        if (strncmp(url + i, "{{", 2) == 0) {
            i++;
        } else {
            str_append_char(out, url[i]);
        }
    }
}

/* What the URL of a request is made of: the target as it is written, with what
 * it takes from the environment, and the request's own path. */
static void put_url(const struct plan *plan, const char *path, struct str *out)
{
    const char *written = cJSON_GetStringValue(
        json_get(json_get(plan->written, "target"), "url"));
    const char *url = written ? written : plan->target.url;
    struct str source = STR_INIT;

    for (; *url; url++) {
        unsigned char c = (unsigned char)*url;
        str_printf(&source, c < 0x80 ? "%c" : "%%%02X", c);
    }
    size_t origin = origin_of(source.text);
    if (!path) {
        str_append(out, source.text);
    } else {
        if (origin > 0) {
            str_append_bytes(out, source.text, origin);
        } else {
            put_origin(plan->target.url, out);
        }
        str_append(out, path);
    }
    str_release(&source);
}

bool requests_set_url(struct plan *plan, const char **problem, size_t *request)
{
    struct str text = STR_INIT;
    bool good = true;
    size_t at;

    for (size_t i = 0; i < plan->request_count && good; i++) {
        struct planned_request *planned = &plan->requests[i];
        str_reset(&text);
        put_url(plan, planned->config.path, &text);
        good = template_compile_with(&planned->url, &plan->arena, text.text,
                                     text.length, &environment_in_url, problem,
                                     &at);
        *request = i;
    }
    str_release(&text);
    return good;
}
