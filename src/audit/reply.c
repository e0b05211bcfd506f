#include "audit/reply.h"

#include "engine/head.h"

#include <string.h>
#include <strings.h>

void reply_init(struct reply *reply)
{
    *reply =
        (struct reply){.head = STR_INIT, .line = STR_INIT, .body = STR_INIT};
}

void reply_release(struct reply *reply)
{
    str_release(&reply->head);
    str_release(&reply->line);
    str_release(&reply->body);
}

const char *reply_header(const struct reply *reply, const char *name,
                         size_t *length)
{
    size_t name_length = strlen(name);
    const char *line = reply->head.text;

    for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
        if (strncasecmp(line, name, name_length) != 0 ||
            line[name_length] != ':') {
            continue;
        }
        const char *value = line + name_length + 1;
        while (*value == ' ' || *value == '\t') {
            value++;
        }
        while (end > value &&
               (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
            end--;
        }
        *length = (size_t)(end - value);
        return value;
    }
    return NULL;
}

static bool header_has(const struct reply *reply, const char *name,
                       const char *word)
{
    size_t length;
    const char *value = reply_header(reply, name, &length);
    size_t word_length = strlen(word);
    for (size_t i = 0; value && i + word_length <= length; i++) {
        if (strncasecmp(value + i, word, word_length) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_number(const char *text, size_t length, unsigned base,
                        uint64_t *number)
{
    static const char digits[] = "0123456789abcdef";
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        c = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit || (size_t)(digit - digits) >= base ||
            *number > UINT32_MAX) {
            return false;
        }
        *number = *number * base + (uint64_t)(digit - digits);
    }
    return length > 0;
}

/* "HTTP/1.1 200 ..." */
static bool read_status(struct reply *reply)
{
    const char *text = reply->head.text;
    uint64_t status;
    if (reply->head.length < 12 || strncmp(text, "HTTP/1.", 7) != 0 ||
        text[8] != ' ' || !read_number(text + 9, 3, 10, &status) ||
        status < 100) {
        return false;
    }
    reply->status = (unsigned)status;
    reply->keeps_alive = text[7] == '1';
    return true;
}

/* Held to the same as the answers of a run. */
static bool check_head(const struct reply *reply, struct head *head)
{
    const char *line = reply->head.text;

    *head = (struct head){0};
    for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
        if (!head_check(head, line, (size_t)(end - line))) {
            return false;
        }
    }
    return true;
}

/* The head is whole: finds out how long the body is. */
static enum reply_state begin_body(struct reply *reply)
{
    struct head head;

    if (!check_head(reply, &head) || !read_status(reply)) {
        return REPLY_BROKEN;
    }
    if (reply->status < 200) {
        str_reset(&reply->head);
        return REPLY_HEAD;
    }
    if (header_has(reply, "Connection", "close")) {
        reply->keeps_alive = false;
    }
    if (reply->status == 204 || reply->status == 304 || reply->to_head) {
        return REPLY_WHOLE;
    }
    if (head.is_chunked) {
        reply->framing = FRAMED_BY_CHUNKS;
        return REPLY_BODY;
    }
    if (head.has_length) {
        reply->framing = FRAMED_BY_LENGTH;
        reply->left = head.length;
        return reply->left > 0 ? REPLY_BODY : REPLY_WHOLE;
    }
    reply->framing = FRAMED_BY_END;
    reply->keeps_alive = false;
    return REPLY_BODY;
}

static void take_head(struct reply *reply, char c)
{
    str_append_char(&reply->head, c);
    const char *text = reply->head.text;
    size_t length = reply->head.length;

    if (length > REPLY_HEAD_MAX) {
        reply->state = REPLY_BROKEN;
    } else if (c == '\n' && ((length >= 2 && text[length - 2] == '\n') ||
                             (length >= 4 && memcmp(text + length - 4,
                                                    "\r\n\r\n", 4) == 0))) {
        reply->state = begin_body(reply);
    }
}

/* The line of a chunk's size, the end of line after its bytes, a trailer. */
static void take_line(struct reply *reply, char c)
{
    if (c != '\n') {
        if (reply->line.length > 1024) {
            reply->state = REPLY_BROKEN;
        }
        str_append_char(&reply->line, c);
        return;
    }
    size_t length = strcspn(reply->line.text, "; \t\r");
    if (length == 0) {
        reply->state = reply->in_trailer ? REPLY_WHOLE : REPLY_BODY;
    } else if (!reply->in_trailer) {
        if (!read_number(reply->line.text, length, 16, &reply->left)) {
            reply->state = REPLY_BROKEN;
        }
        reply->in_trailer = reply->left == 0;
    }
    str_reset(&reply->line);
}

static size_t take_body(struct reply *reply, const char *bytes, size_t length)
{
    size_t take = length;
    if (reply->framing == FRAMED_BY_CHUNKS && reply->left == 0) {
        take_line(reply, *bytes);
        return 1;
    }
    if (reply->framing != FRAMED_BY_END) {
        take = take < reply->left ? take : (size_t)reply->left;
        reply->left -= take;
    }
    str_append_bytes(&reply->body, bytes, take);
    if (reply->body.length > REPLY_BODY_MAX) {
        reply->state = REPLY_BROKEN;
    } else if (reply->framing == FRAMED_BY_LENGTH && reply->left == 0) {
        reply->state = REPLY_WHOLE;
    }
    return take;
}

size_t reply_feed(struct reply *reply, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length) {
        if (reply->state == REPLY_HEAD) {
            take_head(reply, bytes[at++]);
        } else if (reply->state == REPLY_BODY) {
            at += take_body(reply, bytes + at, length - at);
        } else {
            break;
        }
    }
    return at;
}

void reply_end(struct reply *reply)
{
    reply->keeps_alive = false;
    if (reply->state == REPLY_BODY && reply->framing == FRAMED_BY_END) {
        reply->state = REPLY_WHOLE;
    } else if (reply->state != REPLY_WHOLE) {
        reply->state = REPLY_BROKEN;
    }
}
