/* Writes the requests of an audit: filled templates, keys as the convention
 * has them, bodies rewritten or spoilt on purpose. */
#include "audit/auditor.h"

#include "base/base64.h"
#include "base/must.h"
#include "plan/address.h"
#include "policy/key.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool compose_can_fill_key(const struct audit_subject *subject)
{
    return subject->key && strlen(subject->key) <= KEY_MAX;
}

static struct template_subject fill_subject(
    const struct auditor *auditor, const struct audit_subject *subject)
{
    bool fits = compose_can_fill_key(subject);
    return (struct template_subject){
        .run = auditor->plan->run,
        .operation = subject->number,
        .attempt = 1,
        .max_attempts = 1,
        .seed = auditor->plan->seed ^ mix64(subject->number),
        .key = fits ? subject->key : "",
        .key_length = fits ? strlen(subject->key) : 0,
    };
}

/* Appends a filled template. */
static void fill(const struct auditor *auditor,
                 const struct template *template,
                 const struct audit_subject *subject, struct str *out)
{
    struct template_subject who = fill_subject(auditor, subject);
    size_t room = template->length_max + 1;
    char *text = malloc(room);
    must(text);
    size_t length = template_fill(template, &who, text, room);
    str_append_bytes(out, text, length);
    free(text);
}

size_t compose_ledger_id(const struct auditor *auditor,
                         const struct audit_subject *subject, char *out,
                         size_t size)
{
    struct str text = STR_INIT;
    fill(auditor, &auditor->plan->ledger_key, subject, &text);
    size_t length = text.length < size ? text.length : size - 1;
    memcpy(out, text.text, length);
    out[length] = '\0';
    str_release(&text);
    return length;
}

static bool line_is(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncasecmp(line, name, length) == 0 && line[length] == ':';
}

static bool same_name(const char *line, const char *other)
{
    size_t length = strcspn(line, ":");
    return other && strcspn(other, ":") == length &&
           strncasecmp(line, other, length) == 0;
}

/* The members of an object in reverse order, with white space about them: to
 * a reader of JSON it is the same. */
static bool rewrite(const struct str *body, struct str *out)
{
    cJSON *old = cJSON_ParseWithLength(body->text, body->length);
    cJSON *new = cJSON_CreateObject();
    bool good = cJSON_IsObject(old) && old->child;
    while (good && old->child) {
        cJSON *last = old->child;
        while (last->next) {
            last = last->next;
        }
        cJSON *member = cJSON_DetachItemViaPointer(old, last);
        char *name = strdup(member->string);
        must(name);
        cJSON_AddItemToObject(new, name, member);
        free(name);
    }
    char *text = good ? cJSON_Print(new) : NULL;
    if (text) {
        str_append(out, text);
    }
    cJSON_free(text);
    cJSON_Delete(old);
    cJSON_Delete(new);
    return good;
}

static bool write_body(const struct auditor *auditor,
                       const struct request_spec *spec, struct str *out)
{
    const struct planned_request *request = auditor->request;
    struct str own = STR_INIT;
    bool good = true;

    if (request->has_body) {
        fill(auditor, &request->body, spec->subject, &own);
    }
    if (spec->payload == PAYLOAD_REWRITTEN) {
        good = rewrite(&own, out);
    } else if (spec->payload == PAYLOAD_REJECTED &&
               auditor->options->rejected_body) {
        fill(auditor, &auditor->rejected, spec->subject, out);
    } else if (spec->payload == PAYLOAD_REJECTED) {
        good = own.length > 1;
        str_append_bytes(out, own.text, good ? own.length - 1 : 0);
    } else {
        str_append_bytes(out, own.text, own.length);
    }
    str_release(&own);
    return good;
}

/* "user:password", percent-encoded, becomes what the header says. */
static void keep_credentials(const char *text, size_t length,
                             struct str *basic)
{
    int size = 0;
    char *plain = curl_easy_unescape(NULL, text, (int)length, &size);
    must(plain);
    base64_append(basic, plain, (size_t)size);
    curl_free(plain);
}

/* The zone of an address means something on this machine only (RFC 6874). */
static void put_host(const char *host, size_t length, struct str *out)
{
    const char *end = host + length;
    const char *zone = host[0] == '[' ? memchr(host, '%', length) : NULL;
    const char *bracket =
        zone ? memchr(zone, ']', (size_t)(end - zone)) : NULL;

    if (bracket) {
        str_append_bytes(out, host, (size_t)(zone - host));
        host = bracket;
    }
    str_append_bytes(out, host, (size_t)(end - host));
}

/* The request's own Host stands instead, and an empty one leaves it out. */
static void write_host(const struct auditor *auditor,
                       const struct request_spec *spec, const char *host,
                       size_t length, struct str *out)
{
    const struct planned_request *request = auditor->request;
    struct str line = STR_INIT;
    bool given = false;

    for (size_t i = 0; i < request->header_count && !given; i++) {
        str_reset(&line);
        fill(auditor, &request->header_lines[i], spec->subject, &line);
        given = line_is(line.text, "Host");
    }
    const char *value = given ? line.text + strlen("Host:") : host;
    value += strspn(value, " ");
    if (*value) {
        str_append(out, "Host: ");
        put_host(value, given ? strlen(value) : length, out);
        str_append(out, "\r\n");
    }
    str_release(&line);
}

/* Divides a filled URL into what Host, Authorization and the request line
 * say. */
static void write_target(const struct auditor *auditor,
                         const struct request_spec *spec, struct str *out,
                         struct str *basic)
{
    struct str url = STR_INIT;
    fill(auditor, &auditor->request->url, spec->subject, &url);
    const char *host = strstr(url.text, "://");
    must(host);
    host += 3;
    size_t host_length = strcspn(host, "/?#");
    const char *path = host + host_length;
    if (spec->second_path) {
        path = auditor->second_path;
    }
    str_printf(out, "%s %s%.*s HTTP/1.1\r\n", auditor->request->config.method,
               *path == '/' ? "" : "/", (int)strcspn(path, "#"), path);
    const char *at = memchr(host, '@', host_length);
    if (at) {
        keep_credentials(host, (size_t)(at - host), basic);
        host_length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    write_host(auditor, spec, host, host_length, out);
    str_release(&url);
}

/* What of the headers that everybody sends the request has itself. */
enum { HAS_TYPE = 1, HAS_AGENT = 2, HAS_ACCEPT = 4, HAS_CREDENTIALS = 8 };

static unsigned header_kind(const char *line)
{
    return line_is(line, "Content-Type")    ? HAS_TYPE
           : line_is(line, "User-Agent")    ? HAS_AGENT
           : line_is(line, "Accept")        ? HAS_ACCEPT
           : line_is(line, "Authorization") ? HAS_CREDENTIALS
                                            : 0U;
}

static void write_key(const struct auditor *auditor,
                      const struct request_spec *spec, struct str *out)
{
    const struct key_config *config = &auditor->plan->policy.key;
    const char *quote =
        auditor->options->convention == CONVENTION_IETF ? "\"" : "";

    if (spec->key_lines) {
        str_append(out, spec->key_lines);
    } else if (config->place == KEY_IN_HEADER) {
        str_printf(out, "%s: %s%s%s\r\n", config->header, quote,
                   spec->subject->key, quote);
    }
}

static void write_headers(const struct auditor *auditor,
                          const struct request_spec *spec, const char *basic,
                          struct str *out)
{
    const struct audit_options *options = auditor->options;
    const char *key = auditor->plan->policy.key.header;
    const char *second =
        spec->second_principal ? options->second_credentials : NULL;
    unsigned has = second ? header_kind(second) : 0U;

    for (size_t i = 0; i < auditor->request->header_count; i++) {
        struct str line = STR_INIT;
        fill(auditor, &auditor->request->header_lines[i], spec->subject,
             &line);
        const char *value = strchr(line.text, ':');
        bool empty = !value || !value[1 + strspn(value + 1, " ")];
        has |= header_kind(line.text);
        if (!empty && !line_is(line.text, key) &&
            !line_is(line.text, "Host") &&
            !line_is(line.text, "Content-Length") &&
            !same_name(line.text, second)) {
            str_printf(out, "%s\r\n", line.text);
        }
        str_release(&line);
    }
    if (!(has & HAS_TYPE) && auditor->can_reorder) {
        str_append(out, "Content-Type: application/json\r\n");
    }
    str_append(out, has & HAS_AGENT ? "" : "User-Agent: squall\r\n");
    str_append(out, has & HAS_ACCEPT ? "" : "Accept: */*\r\n");
    if (*basic && !(has & HAS_CREDENTIALS)) {
        str_printf(out, "Authorization: Basic %s\r\n", basic);
    }
    if (second) {
        str_printf(out, "%s\r\n", second);
    }
    if (spec->extra) {
        str_printf(out, "%s\r\n", spec->extra);
    }
    write_key(auditor, spec, out);
}

bool compose(const struct auditor *auditor, const struct request_spec *spec,
             struct str *out, size_t *body)
{
    struct str payload = STR_INIT, basic = STR_INIT;
    bool good = write_body(auditor, spec, &payload);

    str_reset(out);
    write_target(auditor, spec, out, &basic);
    write_headers(auditor, spec, basic.text, out);
    str_release(&basic);
    str_printf(out, "Content-Length: %zu\r\n\r\n", payload.length);
    *body = out->length;
    str_append_bytes(out, payload.text, payload.length);
    str_release(&payload);
    return good;
}

/* The first request that performs effects. */
static const struct planned_request *find_request(const struct plan *plan)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        if (plan->requests[i].config.effect == YES) {
            return &plan->requests[i];
        }
    }
    return NULL;
}

static bool compile_rejected(struct auditor *auditor)
{
    const char *text = auditor->options->rejected_body;
    const char *problem;
    size_t at;
    if (text && !template_compile(&auditor->rejected, &auditor->result->arena,
                                  text, strlen(text), &problem, &at)) {
        errors_add(auditor->errors, ERROR_USAGE,
                   "--rejected-body: \"%s\" at %zu: %s", text, at + 1,
                   problem);
        return false;
    }
    return true;
}

/* A key that no placeholder of the request takes goes nowhere. */
static bool has_place_for_key(const struct auditor *auditor)
{
    struct audit_subject one = {.number = 0, .key = "k"};
    struct audit_subject other = {.number = 0, .key = "q"};
    const struct request_spec specs[2] = {{.subject = &one},
                                          {.subject = &other}};
    struct str texts[2] = {STR_INIT, STR_INIT};
    size_t body;

    for (size_t i = 0; i < array_length(specs); i++) {
        must(compose(auditor, &specs[i], &texts[i], &body));
    }
    bool differ = strcmp(texts[0].text, texts[1].text) != 0;
    str_release(&texts[0]);
    str_release(&texts[1]);
    if (!differ) {
        struct error *error = errors_add(
            auditor->errors, ERROR_USAGE,
            "idempotency.in is body, and no part of the request has the key");
        error_hint(error, "put it where the service looks for it: -b "
                          "'{\"idempotency_key\": \"{{key}}\", ...}'");
    }
    return differ;
}

bool compose_prepare(struct auditor *auditor)
{
    /* Two operations under one key. */
    struct audit_subject some = {.number = 0, .key = "k"};
    struct audit_subject another = {.number = 1, .key = "k"};
    struct str body = STR_INIT, other = STR_INIT, rewritten = STR_INIT;

    auditor->request = find_request(auditor->plan);
    if (!auditor->request) {
        struct error *error =
            errors_add(auditor->errors, ERROR_USAGE,
                       "no request performs an effect, so there is nothing "
                       "to audit");
        error_hint(error, "send a POST with a body: -X POST -b "
                          "'{\"order\": \"{{op.id}}\"}'");
        return false;
    }
    if (auditor->request->has_body) {
        fill(auditor, &auditor->request->body, &some, &body);
        fill(auditor, &auditor->request->body, &another, &other);
    }
    auditor->can_reorder = rewrite(&body, &rewritten);
    auditor->body_varies = strcmp(body.text, other.text) != 0;
    str_release(&body);
    str_release(&other);
    str_release(&rewritten);
    if (auditor->options->second_path) {
        auditor->second_path = address_encoded(auditor->options->second_path,
                                               &auditor->result->arena);
    }
    return has_place_for_key(auditor) && compile_rejected(auditor);
}
