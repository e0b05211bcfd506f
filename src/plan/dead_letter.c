#include "plan/dead_letter.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "plan/address.h"
#include "plan/environment.h"
#include "plan/header.h"
#include "plan/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char env_open[] = "${env:";

/* How a text of a dead letter is written. */
enum form {
    FORM_PLAIN,
    FORM_ENV,
    FORM_ENV_JSON,
    FORM_ENV_URL,
    FORM_ENV_FORM,
    FORM_MASKED,
    FORM_BASE64,
    FORM_UNKNOWN
};

struct error *dead_letter_refuse(struct dead_letter_reader *reader,
                                 const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct error *error =
        errors_add(reader->errors, ERROR_BAD_VALUE, "%s", text);
    snprintf(error->file, sizeof(error->file), "%s",
             reader->dead_letters->file);
    error->line = reader->line;
    error->column = 1;
    reader->failed = true;
    return error;
}

/* Whether a list, "a, b", has a name. */
static bool is_listed(const struct str *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list->text; (at = strstr(at, name)); at += length) {
        bool begins = at == list->text || at[-1] == ' ';
        if (begins && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static void add_to_list(struct str *list, const char *name)
{
    str_printf(list, "%s%s", list->length ? ", " : "", name);
}

static void note_missing(struct dead_letter_reader *reader, const char *name)
{
    reader->failed = true;
    if (is_listed(&reader->missing, name)) {
        return;
    }
    if (reader->missing_count < MISSING_MAX) {
        add_to_list(&reader->missing, name);
        reader->missing_count++;
    } else {
        reader->more_missing = true;
    }
}

/* The length of "${env:NAME}" at `placeholder`, its name put into `name`; 0
 * when it is not closed, or has no name. */
static size_t take_placeholder(const char *placeholder, char *name,
                               size_t size)
{
    const char *start = placeholder + sizeof(env_open) - 1;
    size_t length = strcspn(start, "}");

    snprintf(name, size, "%.*s", (int)length, start);
    bool whole = length > 0 && length < size && start[length] == '}';
    return whole ? sizeof(env_open) - 1 + length + 1 : 0;
}

static void expand(struct dead_letter_reader *reader, const char *text,
                   const char *what, enum template_encoding encoding,
                   struct str *out)
{
    const char *placeholder;
    char name[256];

    while ((placeholder = strstr(text, env_open))) {
        size_t length = take_placeholder(placeholder, name, sizeof(name));
        if (length == 0) {
            dead_letter_refuse(
                reader, "%s: \"${env:%.40s\" is not ${env:NAME}", what, name);
            return;
        }
        const char *value = environment_find(name, strlen(name));
        str_append_bytes(out, text, (size_t)(placeholder - text));
        if (value) {
            template_encode(out, value, encoding);
        } else {
            note_missing(reader, name);
        }
        text = placeholder + length;
    }
    str_append(out, text);
}

void dead_letter_note_missing(struct dead_letter_reader *reader,
                              const cJSON *item)
{
    char name[256];

    if (cJSON_IsString(item)) {
        const char *placeholder = item->valuestring;
        while ((placeholder = strstr(placeholder, env_open))) {
            size_t length = take_placeholder(placeholder, name, sizeof(name));
            if (length > 0 && !environment_find(name, strlen(name))) {
                note_missing(reader, name);
            }
            placeholder += length ? length : 1;
        }
    }
    for (const cJSON *child = item ? item->child : NULL; child;
         child = child->next) {
        dead_letter_note_missing(reader, child);
    }
}

static enum form form_of(const cJSON *item)
{
    static const char *const names[] = {
        "plain", "env", "env_json", "env_url", "env_form", "masked", "base64"};
    const char *name = cJSON_GetStringValue(item);

    for (size_t i = 0; name && i < array_length(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum form)i;
        }
    }
    return FORM_UNKNOWN;
}

/* Once, in the first dead letter that has it. */
static void refuse_masked(struct dead_letter_reader *reader, const char *what)
{
    reader->failed = true;
    if (!errors_is_full(reader->errors) && !is_listed(&reader->masked, what)) {
        add_to_list(&reader->masked, what);
        struct error *error =
            dead_letter_refuse(reader,
                               "%s was masked when the file was written: "
                               "it cannot be sent again",
                               what);
        error_hint(error, "give a header with -H, a user and password with "
                          "squall replay FILE URL; for the next time, write "
                          "secrets as ${env:NAME} in the profile");
    }
}

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* RFC 4648, section 4, with its padding and nothing beside. */
static bool decode_base64(const char *text, struct str *out)
{
    size_t length = strlen(text);
    size_t padding = 0;

    if (length % 4 != 0) {
        return false;
    }
    while (padding < 2 && padding < length &&
           text[length - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < length; i += 4) {
        size_t digits = i + 4 == length ? 4 - padding : 4;
        uint32_t word = 0;
        for (size_t d = 0; d < 4; d++) {
            int digit = d < digits ? digit_of(text[i + d]) : 0;
            if (digit < 0) {
                return false;
            }
            word = word << 6 | (uint32_t)digit;
        }
        for (size_t b = 0; b + 1 < digits; b++) {
            str_append_char(out, (char)(word >> (16 - 8 * b) & 0xff));
        }
    }
    return true;
}

/* The text of a dead letter as it is to be sent, in `out`; false after an
 * error. */
static bool take_text(struct dead_letter_reader *reader, const cJSON *item,
                      enum form form, const char *what, struct str *out)
{
    const char *text = cJSON_GetStringValue(item);
    str_reset(out);
    if (!text || form == FORM_UNKNOWN) {
        dead_letter_refuse(reader,
                           "%s is not a text in one of the forms plain, env, "
                           "env_json, env_url, env_form, masked and base64",
                           what);
        return false;
    }
    switch (form) {
    case FORM_MASKED:
        refuse_masked(reader, what);
        return false;
    case FORM_ENV:
        expand(reader, text, what, TEMPLATE_PLAIN, out);
        return true;
    case FORM_ENV_JSON:
        expand(reader, text, what, TEMPLATE_JSON, out);
        return true;
    case FORM_ENV_URL:
        expand(reader, text, what, TEMPLATE_URL, out);
        return true;
    case FORM_ENV_FORM:
        expand(reader, text, what, TEMPLATE_FORM, out);
        return true;
    case FORM_BASE64:
        if (!decode_base64(text, out)) {
            dead_letter_refuse(reader, "%s is not base64", what);
            return false;
        }
        return true;
    case FORM_PLAIN:
    case FORM_UNKNOWN:
        break;
    }
    str_append(out, text);
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Whether the command line has a header of this name, which stands in. */
static bool has_stand_in(const struct dead_letter_reader *reader,
                         const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < reader->header_count; i++) {
        const char *line = reader->headers[i];
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return true;
        }
    }
    return false;
}

static void read_header(struct dead_letter_reader *reader, const cJSON *header,
                        struct dead_letter *dead_letter, struct str *scratch)
{
    const char *name = cJSON_GetStringValue(json_get(header, "name"));
    struct str line = STR_INIT;
    char what[160];

    if (!name || !value_is_token(name) || header_name_is_ours(name)) {
        dead_letter_refuse(reader, "a header has no name that may be sent");
        return;
    }
    snprintf(what, sizeof(what), "header %s", name);
    if (has_stand_in(reader, name)) {
        return;
    }
    if (take_text(reader, json_get(header, "value"),
                  form_of(json_get(header, "form")), what, scratch)) {
        str_printf(&line, "%s: %s", name, scratch->text);
    }
    if (has_control(line.text)) {
        dead_letter_refuse(reader, "%s has a control character", what);
    } else if (line.length > 0) {
        dead_letter->headers[dead_letter->header_count++] =
            arena_strdup(&reader->dead_letters->arena, line.text);
    }
    str_release(&line);
}

void dead_letter_take_headers(struct dead_letter_reader *reader,
                              const char *const *headers, size_t count)
{
    struct arena *arena = &reader->dead_letters->arena;
    const char **taken = arena_array(arena, count, sizeof(*taken));
    struct str line = STR_INIT;

    for (size_t i = 0; i < count; i++) {
        const char *problem;
        str_reset(&line);
        expand(reader, headers[i], "-H", TEMPLATE_PLAIN, &line);
        problem = header_line_problem(line.text);
        if (problem) {
            errors_add(reader->errors, ERROR_USAGE, "-H \"%.*s ...\": %s",
                       (int)strcspn(headers[i], ": \t"), headers[i], problem);
            reader->failed = true;
        }
        taken[i] = arena_strdup(arena, line.text);
    }
    str_release(&line);
    reader->headers = taken;
    reader->header_count = count;
}

static void read_headers(struct dead_letter_reader *reader, const cJSON *tree,
                         struct dead_letter *dead_letter, struct str *scratch)
{
    struct arena *arena = &reader->dead_letters->arena;
    const cJSON *headers = json_get(tree, "headers");
    const cJSON *header;

    if (!cJSON_IsArray(headers)) {
        dead_letter_refuse(reader, "\"headers\" is not a list");
        return;
    }
    size_t most = (size_t)cJSON_GetArraySize(headers) + reader->header_count;
    dead_letter->headers =
        arena_array(arena, most, sizeof(*dead_letter->headers));
    cJSON_ArrayForEach(header, headers)
    {
        read_header(reader, header, dead_letter, scratch);
    }
    for (size_t i = 0; i < reader->header_count; i++) {
        dead_letter->headers[dead_letter->header_count++] = reader->headers[i];
    }
    if (dead_letter->header_count > reader->dead_letters->headers_max) {
        reader->dead_letters->headers_max = dead_letter->header_count;
    }
}

static void read_body(struct dead_letter_reader *reader, const cJSON *tree,
                      struct dead_letter *dead_letter, struct str *scratch)
{
    const cJSON *body = json_get(tree, "body");
    enum form form = form_of(json_get(tree, "body_form"));

    if (!body || cJSON_IsNull(body)) {
        return;
    }
    if (take_text(reader, body, form, "the body", scratch)) {
        dead_letter->has_body = true;
        dead_letter->body = arena_strndup(&reader->dead_letters->arena,
                                          scratch->text, scratch->length);
        dead_letter->body_length = scratch->length;
    }
}

static bool hides_only_user(const char *url)
{
    const char *user = strstr(url, "://***@");
    return user && !strstr(user + strlen("://***@"), MASKED);
}

static void read_url(struct dead_letter_reader *reader, const cJSON *tree,
                     struct dead_letter *dead_letter, struct str *scratch)
{
    char hint[300];
    const cJSON *url = json_get(tree, "url");

    if (!cJSON_IsString(url)) {
        dead_letter_refuse(reader, "it has no \"url\"");
        return;
    }
    enum form form = form_of(json_get(tree, "url_form"));
    if (form == FORM_MASKED && reader->elsewhere &&
        hides_only_user(url->valuestring)) {
        form = FORM_PLAIN; /* its host, and who asks, will be replaced */
    }
    if (!take_text(reader, url, form, "the URL", scratch)) {
        return;
    }
    if (address_url_problem(scratch->text, hint, sizeof(hint))) {
        dead_letter_refuse(reader, "its \"url\" is not a URL");
        return;
    }
    dead_letter->url =
        address_encoded(scratch->text, &reader->dead_letters->arena);
}

/* "RRRRRRRRRR-N": the run must be that of the file. */
static void read_number(struct dead_letter_reader *reader, const cJSON *tree,
                        struct dead_letter *dead_letter)
{
    const char *op = cJSON_GetStringValue(json_get(tree, "op"));
    char whole[64];
    char *end = NULL;

    if (op && strlen(op) > 11 && op[10] == '-') {
        dead_letter->number = strtoull(op + 11, &end, 10);
    }
    key_operation_id(reader->dead_letters->run, dead_letter->number, whole,
                     sizeof(whole));
    if (!op || strcmp(whole, op) != 0 || dead_letter->number >> 48 != 0) {
        dead_letter_refuse(
            reader,
            op ? "\"%.40s\" is not an operation of the run in the "
                 "first line"
               : "it has no \"op\"%.40s",
            op ? op : "");
    }
    const cJSON *client = json_get(tree, "client");
    dead_letter->client = cJSON_IsNumber(client) && client->valueint > 0
                              ? (uint64_t)client->valueint
                              : 0;
}

static void read_key(struct dead_letter_reader *reader, const cJSON *tree,
                     struct dead_letter *dead_letter, struct str *scratch)
{
    const cJSON *key = json_get(tree, "key");

    if (!key || cJSON_IsNull(key)) {
        reader->dead_letters->keyless++;
        return;
    }
    if (!cJSON_IsString(key) || !key->valuestring[0] ||
        strlen(key->valuestring) >= KEY_MAX) {
        dead_letter_refuse(
            reader, "its \"key\" is not a text of 1 to %d bytes", KEY_MAX - 1);
        return;
    }
    const cJSON *form = json_get(tree, "key_form");
    if (!take_text(reader, key, form ? form_of(form) : FORM_PLAIN, "the key",
                   scratch)) {
        return;
    }
    if (scratch->length >= KEY_MAX ||
        header_text_breaks(scratch->text, scratch->length)) {
        dead_letter_refuse(reader, "its \"key\" cannot be one any more");
        return;
    }
    dead_letter->key_length = scratch->length;
    dead_letter->key = arena_strndup(&reader->dead_letters->arena,
                                     scratch->text, scratch->length);
}

/* Attempts show their keys with what is secret in them masked. */
static bool is_key_shown(const char *shown, const char *key)
{
    char *masked = mask_text(key);
    bool same = strcmp(shown, key) == 0 || strcmp(shown, masked) == 0;
    free(masked);
    return same;
}

static void read_attempts(struct dead_letter_reader *reader, const cJSON *tree,
                          struct dead_letter *dead_letter)
{
    const cJSON *attempts = json_get(tree, "attempts");
    const cJSON *item;

    if (!cJSON_IsArray(attempts)) {
        dead_letter_refuse(reader, "\"attempts\" is not a list");
        return;
    }
    dead_letter->one_key = dead_letter->key != NULL;
    cJSON_ArrayForEach(item, attempts)
    {
        const char *key = cJSON_GetStringValue(json_get(item, "key"));
        if (cJSON_IsTrue(json_get(item, "sent"))) {
            dead_letter->attempts++;
            dead_letter->one_key = dead_letter->one_key && key &&
                                   is_key_shown(key, dead_letter->key);
        }
    }
    cJSON_ArrayForEach(item, json_get(tree, "replays"))
    {
        const cJSON *sent = json_get(item, "attempts");
        dead_letter->attempts += cJSON_IsNumber(sent) && sent->valuedouble > 0
                                     ? (unsigned)sent->valueint
                                     : 0;
    }
}

/* The span of the attempt that the dead letter shows, see squall-events(5),
 * where its headers carry it. */
static void read_span(struct dead_letter_reader *reader, const cJSON *tree,
                      struct dead_letter *dead_letter)
{
    const cJSON *shown = NULL;
    const cJSON *item;
    size_t bytes = 0;

    cJSON_ArrayForEach(item, json_get(tree, "attempts"))
    {
        bool sent = cJSON_IsTrue(json_get(item, "sent"));
        if (sent || !shown || !cJSON_IsTrue(json_get(shown, "sent"))) {
            shown = item;
        }
    }
    const cJSON *number = json_get(shown, "attempt");
    key_span_id(reader->dead_letters->run, dead_letter->number,
                cJSON_IsNumber(number) ? (unsigned)number->valueint : 1,
                dead_letter->span);
    for (size_t i = 0; i < dead_letter->header_count; i++) {
        if (strstr(dead_letter->headers[i], dead_letter->span)) {
            bytes += strlen(dead_letter->headers[i]) + 1;
        }
    }
    if (bytes == 0) {
        dead_letter->span[0] = '\0';
    }
    if (bytes > reader->dead_letters->span_bytes_max) {
        reader->dead_letters->span_bytes_max = bytes;
    }
}

static void read_verdict(struct dead_letter_reader *reader, const cJSON *tree,
                         struct dead_letter *dead_letter)
{
    const char *name = cJSON_GetStringValue(json_get(tree, "verdict"));

    for (int v = 0; name && v < VERDICT_COUNT; v++) {
        if (v != VERDICT_SUCCEEDED &&
            strcmp(name, verdict_name((enum verdict)v)) == 0) {
            dead_letter->verdict = (enum verdict)v;
            return;
        }
    }
    dead_letter_refuse(
        reader, "its \"verdict\" is not rejected, unanswered, ambiguous "
                "or shed");
}

/* The request that a dead letter is one of; the first of its name says how. */
static void read_request(struct dead_letter_reader *reader, const cJSON *tree,
                         struct dead_letter *dead_letter)
{
    cJSON *requests = json_get(reader->dead_letters->profile, "requests");
    const char *name = cJSON_GetStringValue(json_get(tree, "request"));
    const char *method = cJSON_GetStringValue(json_get(tree, "method"));
    cJSON *request;
    size_t index = 0;

    if (!name || !method || !value_is_token(method)) {
        dead_letter_refuse(reader, "it has no \"request\", or no \"method\"");
        return;
    }
    cJSON_ArrayForEach(request, requests)
    {
        const char *known = cJSON_GetStringValue(json_get(request, "name"));
        if (known && strcmp(known, name) == 0) {
            break;
        }
        index++;
    }
    if (!request) {
        dead_letter_refuse(reader,
                           "its request \"%.40s\" is not one of the first "
                           "line",
                           name);
        return;
    }
    const char *sent = cJSON_GetStringValue(json_get(request, "method"));
    if (!sent) {
        cJSON_AddStringToObject(request, "method", method);
    } else if (strcmp(sent, method) != 0) {
        dead_letter_refuse(reader,
                           "request \"%.40s\" is a %.16s here and a %.16s "
                           "above",
                           name, method, sent);
    }
    dead_letter->request = (uint16_t)index;
}

void dead_letter_read(struct dead_letter_reader *reader, const cJSON *tree,
                      struct dead_letter *dead_letter)
{
    struct str scratch = STR_INIT;

    read_number(reader, tree, dead_letter);
    read_key(reader, tree, dead_letter, &scratch);
    read_request(reader, tree, dead_letter);
    read_url(reader, tree, dead_letter, &scratch);
    read_headers(reader, tree, dead_letter, &scratch);
    read_body(reader, tree, dead_letter, &scratch);
    read_attempts(reader, tree, dead_letter);
    read_span(reader, tree, dead_letter);
    read_verdict(reader, tree, dead_letter);
    str_release(&scratch);
}
