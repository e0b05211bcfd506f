#include "engine/native/request.h"

#include "base/version.h"
#include "plan/address.h"

#include <string.h>
#include <strings.h>

static const struct known_line {
    const char *name;
    size_t length;
    enum request_line line;
} known_lines[] = {
    {"Host", 4, REQUEST_HOST},
    {"User-Agent", 10, REQUEST_USER_AGENT},
    {"Accept", 6, REQUEST_ACCEPT},
    {"Content-Length", 14, REQUEST_LENGTH},
};

/* Which of the default lines this one stands for; 0: none. */
static unsigned known_line(const char *line)
{
    for (size_t i = 0; i < sizeof(known_lines) / sizeof(*known_lines); i++) {
        const struct known_line *known = &known_lines[i];
        if (strncasecmp(line, known->name, known->length) == 0 &&
            line[known->length] == ':') {
            return known->line;
        }
    }
    return 0;
}

/* A line without a value is not sent, nor the default of that name. */
static const char *value_of(const char *line)
{
    const char *value = strchr(line, ':');

    if (!value) {
        return NULL;
    }
    value++;
    value += strspn(value, " \t\r\n\v\f");
    return *value ? value : NULL;
}

/* What follows the host in a URL, without a fragment. */
static const char *path_of(const char *url, size_t *length)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    const char *path = host + strcspn(host, "/?#");
    *length = strcspn(path, "#");
    return path;
}

static bool is_sendable(const char *path, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)path[i];
        if (byte <= ' ' || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

/* The lines of a message in the order in which they are sent: its own, then
 * the constant ones of its request. */
struct line_source {
    const struct request_text *text;
    const struct message *message;
    size_t next;
};

static const char *next_line(struct line_source *source)
{
    size_t own = source->message->line_count;
    size_t constant =
        source->message->has_all_lines ? 0 : source->text->line_count;
    size_t at = source->next++;

    return at < own              ? source->message->lines[at]
           : at < own + constant ? source->text->lines[at - own]
                                 : NULL;
}

/* Host goes first, whoever says it. */
static void put_host(struct str *out, const struct request_texts *texts,
                     struct line_source source, unsigned named)
{
    const char *line;

    if (!(named & REQUEST_HOST)) {
        str_append(out, "Host: ");
        str_append(out, texts->host);
        str_append(out, "\r\n");
        return;
    }
    while ((line = next_line(&source)) && known_line(line) != REQUEST_HOST) {
    }
    if (line && value_of(line)) {
        str_append(out, "Host:");
        str_append(out, strchr(line, ':') + 1);
        str_append(out, "\r\n");
    }
}

static void put_lines(struct str *out, struct line_source source)
{
    const char *line;

    while ((line = next_line(&source))) {
        if (known_line(line) != REQUEST_HOST && value_of(line)) {
            str_append(out, line);
            str_append_bytes(out, "\r\n", 2);
        }
    }
}

static unsigned named_by(const struct request_text *text,
                         const struct message *message)
{
    unsigned named = message->has_all_lines ? 0 : text->named;

    for (size_t i = 0; i < message->line_count; i++) {
        named |= known_line(message->lines[i]);
    }
    return named;
}

/* Written once a request: without the C library's printing. */
static void put_length(struct str *out, size_t length)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + length % 10);
        length /= 10;
    } while (length > 0);
    str_append(out, "Content-Length: ");
    str_append_bytes(out, digits + at, sizeof(digits) - at);
    str_append_bytes(out, "\r\n", 2);
}

static void put_head(struct str *out, const struct request_texts *texts,
                     const struct request_text *text,
                     const struct message *message, const char *path,
                     size_t path_length, size_t body_length)
{
    struct line_source source = {.text = text, .message = message};
    unsigned named = named_by(text, message);

    out->length = 0;
    str_append(out, text->planned->config.method);
    str_append_char(out, ' ');
    if (path_length == 0 || *path != '/') {
        str_append_char(out, '/');
    }
    str_append_bytes(out, path, path_length);
    str_append(out, " HTTP/1.1\r\n");
    put_host(out, texts, source, named);
    if (!(named & REQUEST_USER_AGENT)) {
        str_append(out, "User-Agent: squall/" SQUALL_VERSION "\r\n");
    }
    if (!(named & REQUEST_ACCEPT)) {
        str_append(out, "Accept: */*\r\n");
    }
    put_lines(out, source);
    if (text->announces_body && !(named & REQUEST_LENGTH)) {
        put_length(out, body_length);
    }
    str_append_bytes(out, "\r\n", 2);
}

static void keep_lines(struct request_text *text, struct arena *arena)
{
    const struct planned_request *planned = text->planned;
    size_t ignored;

    text->lines =
        arena_array(arena, planned->header_count, sizeof(*text->lines));
    for (size_t i = 0; i < planned->header_count; i++) {
        const struct template *line = &planned->header_lines[i];
        if (line->is_constant) {
            const char *constant = message_constant(line, arena, &ignored);
            text->named |= known_line(constant);
            text->lines[text->line_count++] = constant;
        }
    }
}

static void init_text(struct request_text *text,
                      const struct request_texts *texts,
                      const struct planned_request *planned,
                      struct arena *arena)
{
    const struct message nothing = {0};
    size_t length = 0;

    *text = (struct request_text){
        .planned = planned,
        .announces_body =
            planned->has_body || (planned->traits.method &
                                  (METHOD_POST | METHOD_PUT | METHOD_PATCH)),
        .ends_at_head = strcmp(planned->config.method, "HEAD") == 0,
    };
    keep_lines(text, arena);
    if (planned->url.is_constant) {
        text->path = message_constant(&planned->url, arena, &length);
    }
    if (planned->has_body && planned->body.is_constant) {
        text->body =
            message_constant(&planned->body, arena, &text->body_length);
    }
    if (text->path && text->line_count == planned->header_count &&
        (text->body || !planned->has_body)) {
        struct str head = STR_INIT;
        const char *path = path_of(text->path, &length);
        put_head(&head, texts, text, &nothing, path, length,
                 text->body_length);
        text->whole = arena_strndup(arena, head.text, head.length);
        text->whole_length = head.length;
        str_release(&head);
    }
}

static const char *host_of(const struct plan *plan, struct arena *arena)
{
    struct str host = STR_INIT;
    struct address address;

    address_of_url(plan->target.url, &address);
    size_t name = strcspn(address.host, "%"); /* a zone is nobody else's */
    bool is_ipv6 = memchr(address.host, ':', name) != NULL;
    str_append(&host, is_ipv6 ? "[" : "");
    str_append_bytes(&host, address.host, name);
    str_append(&host, is_ipv6 ? "]" : "");
    if (address.port != (address_is_tls(plan->target.url) ? 443 : 80)) {
        str_printf(&host, ":%u", (unsigned)address.port);
    }
    address_release(&address);
    const char *copy = arena_strdup(arena, host.text);
    str_release(&host);
    return copy;
}

void request_texts_init(struct request_texts *texts, const struct plan *plan,
                        struct arena *arena)
{
    texts->host = host_of(plan, arena);
    texts->requests =
        arena_array(arena, plan->request_count, sizeof(*texts->requests));
    for (size_t i = 0; i < plan->request_count; i++) {
        init_text(&texts->requests[i], texts, &plan->requests[i], arena);
    }
}

/* A filled body has its own length, which the head says. */
bool request_bytes_of(const struct request_texts *texts,
                      const struct message *message, struct str *room,
                      struct request_bytes *bytes)
{
    const struct request_text *text = &texts->requests[message->request];

    *bytes = (struct request_bytes){
        .body = message->body ? message->body : text->body,
        .body_length =
            message->body ? message->body_length : text->body_length,
    };
    if (text->whole && !message->url && !message->body &&
        message->line_count == 0 && !message->has_all_lines) {
        bytes->head = text->whole;
        bytes->head_length = text->whole_length;
        return true;
    }
    size_t length;
    const char *path =
        path_of(message->url ? message->url : text->path, &length);
    if (!is_sendable(path, length)) {
        return false;
    }
    put_head(room, texts, text, message, path, length, bytes->body_length);
    bytes->head = room->text;
    bytes->head_length = room->length;
    return true;
}
