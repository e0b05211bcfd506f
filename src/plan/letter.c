#include "plan/letter.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char env_open[] = "${env:";

/* How a text of a letter is written. */
enum form { FORM_PLAIN, FORM_ENV, FORM_MASKED, FORM_BASE64, FORM_UNKNOWN };

struct error *letter_refuse(struct letter_reader *reader, const char *format,
                            ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct error *error =
        errors_add(reader->errors, ERROR_BAD_VALUE, "%s", text);
    snprintf(error->file, sizeof(error->file), "%s", reader->letters->file);
    error->line = reader->line;
    error->column = 1;
    reader->failed = true;
    return error;
}

/* Adds a name to a list of those that were told, "a, b"; false when it is one
 * of them. */
static bool note_once(struct str *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list->text; (at = strstr(at, name)); at += length) {
        bool begins = at == list->text || at[-1] == ' ';
        if (begins && (at[length] == ',' || at[length] == '\0')) {
            return false;
        }
    }
    str_printf(list, "%s%s", list->length ? ", " : "", name);
    return true;
}

static void note_missing(struct letter_reader *reader, const char *name)
{
    reader->missing_count += note_once(&reader->missing, name);
    reader->failed = true;
}

/* The length of "${env:NAME}" at `hole`, its name put into `name`; 0 when it
 * is not closed, or has no name. */
static size_t take_hole(const char *hole, char *name, size_t size)
{
    const char *start = hole + sizeof(env_open) - 1;
    size_t length = strcspn(start, "}");

    snprintf(name, size, "%.*s", (int)length, start);
    bool whole = length > 0 && length < size && start[length] == '}';
    return whole ? sizeof(env_open) - 1 + length + 1 : 0;
}

static void expand(struct letter_reader *reader, const char *text,
                   const char *what, struct str *out)
{
    const char *hole;
    char name[256];

    while ((hole = strstr(text, env_open))) {
        size_t length = take_hole(hole, name, sizeof(name));
        if (length == 0) {
            letter_refuse(reader, "%s: \"${env:%.40s\" is not ${env:NAME}",
                          what, name);
            return;
        }
        const char *value = getenv(name);
        str_append_bytes(out, text, (size_t)(hole - text));
        if (value) {
            str_append(out, value);
        } else {
            note_missing(reader, name);
        }
        text = hole + length;
    }
    str_append(out, text);
}

void letter_note_missing(struct letter_reader *reader, const cJSON *item)
{
    char name[256];

    if (cJSON_IsString(item)) {
        const char *hole = item->valuestring;
        while ((hole = strstr(hole, env_open))) {
            size_t length = take_hole(hole, name, sizeof(name));
            if (length > 0 && !getenv(name)) {
                note_missing(reader, name);
            }
            hole += length ? length : 1;
        }
    }
    for (const cJSON *child = item ? item->child : NULL; child;
         child = child->next) {
        letter_note_missing(reader, child);
    }
}

static enum form form_of(const cJSON *item)
{
    static const char *const names[] = {"plain", "env", "masked", "base64"};
    const char *name = cJSON_GetStringValue(item);

    for (size_t i = 0; name && i < array_length(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum form)i;
        }
    }
    return FORM_UNKNOWN;
}

/* Once, in the first letter that has it. */
static void refuse_masked(struct letter_reader *reader, const char *what)
{
    reader->failed = true;
    if (note_once(&reader->masked, what)) {
        struct error *error =
            letter_refuse(reader, "%s was masked when the file was written: "
                                  "it cannot be sent again",
                          what);
        error_hint(error, "give a header with -H, a user and password with "
                          "squall replay FILE URL; for the next time, write "
                          "secrets as ${env:NAME} in the profile");
    }
}

/* The text of a letter as it is to be sent, in `out`; false after an error. */
static bool take_text(struct letter_reader *reader, const cJSON *item,
                      enum form form, const char *what, struct str *out)
{
    const char *text = cJSON_GetStringValue(item);
    str_reset(out);
    if (!text || form == FORM_UNKNOWN || form == FORM_BASE64) {
        letter_refuse(reader, "%s is not a text in one of the forms plain, "
                              "env and masked",
                      what);
        return false;
    }
    if (form == FORM_MASKED) {
        refuse_masked(reader, what);
        return false;
    }
    if (form == FORM_ENV) {
        expand(reader, text, what, out);
    } else {
        str_append(out, text);
    }
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

/* The header of the command line that stands in for one of this name. */
static const char *stand_in(const struct letter_reader *reader,
                            const char *name)
{
    size_t length = strlen(name);
    for (size_t i = reader->header_count; i-- > 0;) {
        const char *line = reader->headers[i];
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return line;
        }
    }
    return NULL;
}

static bool names_header(const cJSON *headers, const char *line)
{
    size_t length = strcspn(line, ":");
    const cJSON *header;

    cJSON_ArrayForEach(header, headers)
    {
        const char *name = cJSON_GetStringValue(json_get(header, "name"));
        if (name && strlen(name) == length &&
            strncasecmp(name, line, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Headers that squall writes itself. */
static bool is_ours(const char *name)
{
    return strcasecmp(name, "Content-Length") == 0 ||
           strcasecmp(name, "Transfer-Encoding") == 0 ||
           strcasecmp(name, "Connection") == 0;
}

static void read_header(struct letter_reader *reader, const cJSON *header,
                        struct letter *letter, struct str *scratch)
{
    const char *name = cJSON_GetStringValue(json_get(header, "name"));
    struct str line = STR_INIT;
    char what[160];

    if (!name || !value_is_token(name) || is_ours(name)) {
        letter_refuse(reader, "a header has no name that may be sent");
        return;
    }
    snprintf(what, sizeof(what), "header %s", name);
    const char *given = stand_in(reader, name);
    if (given) {
        str_append(&line, given);
    } else if (take_text(reader, json_get(header, "value"),
                         form_of(json_get(header, "form")), what, scratch)) {
        str_printf(&line, "%s: %s", name, scratch->text);
    }
    if (has_control(line.text)) {
        letter_refuse(reader, "%s has a control character", what);
    } else if (line.length > 0) {
        letter->headers[letter->header_count++] =
            arena_strdup(&reader->letters->arena, line.text);
    }
    str_release(&line);
}

static void read_headers(struct letter_reader *reader, const cJSON *tree,
                         struct letter *letter, struct str *scratch)
{
    struct arena *arena = &reader->letters->arena;
    const cJSON *headers = json_get(tree, "headers");
    const cJSON *header;

    if (!cJSON_IsArray(headers)) {
        letter_refuse(reader, "\"headers\" is not a list");
        return;
    }
    size_t most = (size_t)cJSON_GetArraySize(headers) + reader->header_count;
    letter->headers = arena_array(arena, most, sizeof(*letter->headers));
    cJSON_ArrayForEach(header, headers)
    {
        read_header(reader, header, letter, scratch);
    }
    for (size_t i = 0; i < reader->header_count; i++) {
        const char *line = reader->headers[i];
        size_t name = strcspn(line, ":");
        bool last = true;
        for (size_t j = i + 1; j < reader->header_count; j++) {
            last &= strncasecmp(reader->headers[j], line, name + 1) != 0;
        }
        if (last && !names_header(headers, line)) {
            letter->headers[letter->header_count++] =
                arena_strdup(arena, line);
        }
    }
    if (letter->header_count > reader->letters->headers_max) {
        reader->letters->headers_max = letter->header_count;
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

static void read_body(struct letter_reader *reader, const cJSON *tree,
                      struct letter *letter, struct str *scratch)
{
    const cJSON *body = json_get(tree, "body");
    enum form form = form_of(json_get(tree, "body_form"));
    bool good;

    if (!body || cJSON_IsNull(body)) {
        return;
    }
    if (form == FORM_BASE64 && cJSON_IsString(body)) {
        str_reset(scratch);
        good = decode_base64(body->valuestring, scratch);
        if (!good) {
            letter_refuse(reader, "\"body\" is not base64");
        }
    } else {
        good = take_text(reader, body, form, "the body", scratch);
    }
    if (good) {
        letter->has_body = true;
        letter->body = arena_strndup(&reader->letters->arena, scratch->text,
                                     scratch->length);
        letter->body_length = scratch->length;
    }
}

static void read_url(struct letter_reader *reader, const cJSON *tree,
                     struct letter *letter, struct str *scratch)
{
    const cJSON *url = json_get(tree, "url");

    if (!cJSON_IsString(url)) {
        letter_refuse(reader, "it has no \"url\"");
        return;
    }
    enum form form = form_of(json_get(tree, "url_form"));
    if (form == FORM_MASKED && reader->elsewhere &&
        strstr(url->valuestring, "://***@")) {
        form = FORM_PLAIN; /* its host, and who asks, will be replaced */
    }
    if (!take_text(reader, url, form, "the URL", scratch)) {
        return;
    }
    if (!strstr(scratch->text, "://") || has_control(scratch->text) ||
        strchr(scratch->text, ' ')) {
        letter_refuse(reader, "its \"url\" is none");
        return;
    }
    letter->url = arena_strdup(&reader->letters->arena, scratch->text);
}

/* "RRRRRRRRRR-N": the run must be that of the file. */
static void read_number(struct letter_reader *reader, const cJSON *tree,
                        struct letter *letter)
{
    const char *op = cJSON_GetStringValue(json_get(tree, "op"));
    char whole[64];
    char *end = NULL;

    if (op && strlen(op) > 11 && op[10] == '-') {
        letter->number = strtoull(op + 11, &end, 10);
    }
    key_operation_id(reader->letters->run, letter->number, whole,
                     sizeof(whole));
    if (!op || strcmp(whole, op) != 0 || letter->number >> 48 != 0) {
        letter_refuse(reader,
                      op ? "\"%.40s\" is not an operation of the run in the "
                           "first line"
                         : "it has no \"op\"%.40s",
                      op ? op : "");
    }
    const cJSON *client = json_get(tree, "client");
    letter->client = cJSON_IsNumber(client) && client->valueint > 0
                         ? (uint64_t)client->valueint
                         : 0;
}

static void read_key(struct letter_reader *reader, const cJSON *tree,
                     struct letter *letter)
{
    const cJSON *key = json_get(tree, "key");

    if (!key || cJSON_IsNull(key)) {
        reader->letters->keyless++;
        return;
    }
    if (!cJSON_IsString(key) || !key->valuestring[0] ||
        strlen(key->valuestring) >= KEY_MAX) {
        letter_refuse(reader, "its \"key\" is not a text of 1 to %d bytes",
                      KEY_MAX - 1);
        return;
    }
    letter->key_length = strlen(key->valuestring);
    letter->key = arena_strndup(&reader->letters->arena, key->valuestring,
                                letter->key_length);
}

static void read_attempts(struct letter_reader *reader, const cJSON *tree,
                          struct letter *letter)
{
    const cJSON *attempts = json_get(tree, "attempts");
    const cJSON *item;

    if (!cJSON_IsArray(attempts)) {
        letter_refuse(reader, "\"attempts\" is not a list");
        return;
    }
    letter->one_key = letter->key != NULL;
    cJSON_ArrayForEach(item, attempts)
    {
        const char *key = cJSON_GetStringValue(json_get(item, "key"));
        if (cJSON_IsTrue(json_get(item, "sent"))) {
            letter->attempts++;
            letter->one_key = letter->one_key && key &&
                              strcmp(key, letter->key) == 0;
        }
    }
    cJSON_ArrayForEach(item, json_get(tree, "replays"))
    {
        const cJSON *sent = json_get(item, "attempts");
        letter->attempts += cJSON_IsNumber(sent) && sent->valuedouble > 0
                                ? (unsigned)sent->valueint
                                : 0;
    }
}

/* The span of the attempt that the letter shows, see squall-events(5), where
 * its headers carry it. */
static void read_span(struct letter_reader *reader, const cJSON *tree,
                      struct letter *letter)
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
    key_span_id(reader->letters->run, letter->number,
                cJSON_IsNumber(number) ? (unsigned)number->valueint : 1,
                letter->span);
    for (size_t i = 0; i < letter->header_count; i++) {
        if (strstr(letter->headers[i], letter->span)) {
            bytes += strlen(letter->headers[i]) + 1;
        }
    }
    if (bytes == 0) {
        letter->span[0] = '\0';
    }
    if (bytes > reader->letters->span_bytes_max) {
        reader->letters->span_bytes_max = bytes;
    }
}

static void read_verdict(struct letter_reader *reader, const cJSON *tree,
                         struct letter *letter)
{
    const char *name = cJSON_GetStringValue(json_get(tree, "verdict"));

    for (int v = 0; name && v < VERDICT_COUNT; v++) {
        if (v != VERDICT_ACKED &&
            strcmp(name, verdict_name((enum verdict)v)) == 0) {
            letter->verdict = (enum verdict)v;
            return;
        }
    }
    letter_refuse(reader, "its \"verdict\" is not refused, ambiguous or shed");
}

/* The request that a letter is one of; the first of its name says how. */
static void read_request(struct letter_reader *reader, const cJSON *tree,
                         struct letter *letter)
{
    cJSON *requests = json_get(reader->letters->profile, "requests");
    const char *name = cJSON_GetStringValue(json_get(tree, "request"));
    const char *method = cJSON_GetStringValue(json_get(tree, "method"));
    cJSON *request;
    size_t index = 0;

    if (!name || !method || !value_is_token(method)) {
        letter_refuse(reader, "it has no \"request\", or no \"method\"");
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
        letter_refuse(reader, "its request \"%.40s\" is not one of the first "
                              "line",
                      name);
        return;
    }
    const char *sent = cJSON_GetStringValue(json_get(request, "method"));
    if (!sent) {
        cJSON_AddStringToObject(request, "method", method);
    } else if (strcmp(sent, method) != 0) {
        letter_refuse(reader, "request \"%.40s\" is a %.16s here and a %.16s "
                              "above",
                      name, method, sent);
    }
    letter->request = (uint16_t)index;
}

void letter_read(struct letter_reader *reader, const cJSON *tree,
                 struct letter *letter)
{
    struct str scratch = STR_INIT;

    read_number(reader, tree, letter);
    read_key(reader, tree, letter);
    read_request(reader, tree, letter);
    read_url(reader, tree, letter, &scratch);
    read_headers(reader, tree, letter, &scratch);
    read_body(reader, tree, letter, &scratch);
    read_attempts(reader, tree, letter);
    read_span(reader, tree, letter);
    read_verdict(reader, tree, letter);
    str_release(&scratch);
}
