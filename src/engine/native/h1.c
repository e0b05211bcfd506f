#include "engine/native/h1.h"

#include <string.h>
#include <strings.h>

/* No service that means it sends a longer line; libcurl takes none either. */
enum { LINE_MAX_BYTES = 100 * 1024 };

static const char status_begin[] = "HTTP/1.";
enum { STATUS_BEGIN = sizeof(status_begin) - 1, VERSION_LENGTH = 8 };

static struct h1 *h1_of(llhttp_t *parser)
{
    return parser->data;
}

static int on_headers_complete(llhttp_t *parser)
{
    const struct h1 *h1 = h1_of(parser);
    /* llhttp would wait for the body that these have not. */
    return h1->ends_at_head || h1->head.status == 204 ||
           h1->head.status == 304;
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length)
{
    struct h1 *h1 = h1_of(parser);
    struct transfer *transfer = h1->transfer;

    h1->body += length;
    answer_start(&transfer->answer, bytes, length);
    if (transfer->transcript) {
        transcript_add(transfer->transcript, TRANSCRIPT_ANSWER_BODY, bytes,
                       length);
    }
    if (h1->engine->reads_answers) {
        answer_body(&transfer->answer, bytes, length);
    }
    return 0;
}

/* Of trailers: no service may send them without end. */
static int on_trailer(llhttp_t *parser, const char *bytes, size_t length)
{
    struct h1 *h1 = h1_of(parser);
    (void)bytes;

    return !h1->head.is_whole || head_has_room(&h1->head, length) ? 0 : -1;
}

static int on_message_complete(llhttp_t *parser)
{
    struct h1 *h1 = h1_of(parser);

    h1->is_complete = true;
    h1->keeps_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t *settings(void)
{
    static _Thread_local llhttp_settings_t all;

    if (!all.on_message_complete) {
        llhttp_settings_init(&all);
        all.on_header_field = on_trailer;
        all.on_header_value = on_trailer;
        all.on_headers_complete = on_headers_complete;
        all.on_body = on_body;
        all.on_message_complete = on_message_complete;
    }
    return &all;
}

void h1_begin(struct h1 *h1, const struct engine *engine,
              struct transfer *transfer, bool ends_at_head)
{
    head_begin(&h1->head);
    h1->engine = engine;
    h1->transfer = transfer;
    h1->ends_at_head = ends_at_head;
    h1->has_begun = false;
    h1->has_told_status = false;
    h1->is_complete = false;
    h1->keeps_alive = false;
    h1->arrival = (struct h1_arrival){0};
    h1->body = 0;
    h1->end = NULL;
    if (!h1->part.text) {
        h1->part = (struct str)STR_INIT;
    }
    h1->part.length = 0;
    llhttp_init(&h1->parser, HTTP_RESPONSE, settings());
    h1->parser.data = h1;
}

void h1_release(struct h1 *h1)
{
    if (h1->part.text) {
        str_release(&h1->part);
    }
}

static bool refuse(struct h1 *h1, const char *why)
{
    if (!h1->head.invalid) {
        h1->head.invalid = why;
    }
    return false;
}

/* Tells llhttp. False: that is no HTTP to it. */
static bool tell(struct h1 *h1, const char *bytes, size_t length)
{
    if (length == 0) {
        return true;
    }
    llhttp_errno_t problem = llhttp_execute(&h1->parser, bytes, length);
    if (problem == HPE_PAUSED && h1->is_complete) {
        h1->end = llhttp_get_error_pos(&h1->parser);
        return true;
    }
    if (problem != HPE_OK) {
        const char *why = llhttp_get_error_reason(&h1->parser);
        return refuse(h1, why && *why ? why : llhttp_errno_name(problem));
    }
    return true;
}

/* "HTTP/1.1 200" and its end, in the one form that needs no reading of what
 * the service wrote behind it. */
static size_t put_status(const struct h1 *h1, char *at)
{
    unsigned status = h1->head.status;

    (void)mempcpy(at, h1->head.is_old ? "HTTP/1.0 " : "HTTP/1.1 ", 9);
    at[9] = (char)('0' + status / 100);
    at[10] = (char)('0' + status / 10 % 10);
    at[11] = (char)('0' + status % 10);
    at[12] = '\r';
    at[13] = '\n';
    return 14;
}

static bool tell_status(struct h1 *h1)
{
    char text[16];

    if (h1->has_told_status) {
        return true;
    }
    h1->has_told_status = true;
    return tell(h1, text, put_status(h1, text));
}

static bool tell_line(struct h1 *h1, const char *line, size_t length)
{
    return tell_status(h1) && tell(h1, line, length) && tell(h1, "\r\n", 2);
}

static size_t put(char *at, const char *text)
{
    size_t length = strlen(text);

    return (size_t)((char *)mempcpy(at, text, length) - at);
}

static size_t put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        at[i] = digits[count - 1 - i];
    }
    return count;
}

/* The head is over: how the end is told goes before the empty line. */
static bool tell_framing(struct h1 *h1)
{
    const struct head *head = &h1->head;
    char text[80];
    size_t length = h1->has_told_status ? 0 : put_status(h1, text);

    if (head->is_chunked) {
        length += put(text + length, "Transfer-Encoding: chunked\r\n");
    } else if (head->has_length) {
        length += put(text + length, "Content-Length: ");
        length += put_number(text + length, head->length);
        length += put(text + length, "\r\n");
    }
    length += put(text + length, "\r\n");
    return tell(h1, text, length);
}

static bool begins_as_status(const char *line, size_t length)
{
    return length >= VERSION_LENGTH &&
           memcmp(line, status_begin, STATUS_BEGIN) == 0 &&
           (line[STATUS_BEGIN] == '0' || line[STATUS_BEGIN] == '1');
}

/* It began when its first byte came, and not now. */
static void note_final(struct h1 *h1)
{
    struct transfer_facts *facts = &h1->transfer->facts;

    if (!facts->is_answered) {
        facts->is_answered = true;
        facts->first_byte = h1->arrival.at;
        facts->first_byte_late = duration_min(
            h1->arrival.late, instant_since(h1->arrival.at, facts->sent));
    }
}

static bool take_status(struct h1 *h1, const char *line, size_t length)
{
    if (!begins_as_status(line, length)) {
        return refuse(h1, length >= 5 && memcmp(line, "HTTP/", 5) == 0
                              ? "it speaks another version of HTTP than was "
                                "asked for"
                              : "the answer does not begin as HTTP does");
    }
    if (length > VERSION_LENGTH + 1 && line[VERSION_LENGTH + 1] != '1') {
        note_final(h1);
    }
    return head_line(&h1->head, h1->engine, h1->transfer, line, length);
}

/* The end of an interim answer: what comes next is of another. */
static void end_interim(struct h1 *h1)
{
    h1->has_begun = false;
}

/* A line of a head, whole, with its end. */
static bool take_line(struct h1 *h1, const char *line, size_t length)
{
    struct head *head = &h1->head;
    struct transcript *transcript = h1->transfer->transcript;
    bool is_first = !h1->has_begun || (head->status == 0 && !head->is_interim);

    h1->has_begun = true;
    if (transcript) {
        transcript_add(transcript, TRANSCRIPT_ANSWER_HEAD, line, length);
    }
    if (length > LINE_MAX_BYTES || !head_has_room(head, length)) {
        return refuse(h1, "the head of the answer is too large");
    }
    if (memchr(line, '\0', length)) {
        return refuse(h1, "a line of its head has a NUL");
    }
    if (is_first) {
        return take_status(h1, line, length);
    }
    if (!head_line(head, h1->engine, h1->transfer, line, length)) {
        return false;
    }
    if (head->is_whole) {
        return tell_framing(h1);
    }
    size_t text = head_without_end(line, length);
    if (text == 0) {
        end_interim(h1);
        return true;
    }
    return head->is_interim || !head_line_is(line, text, "Connection") ||
           tell_line(h1, line, text);
}

/* The begin of a line: whatever it may become, it is too long, or not how an
 * answer begins. */
static bool keep_part(struct h1 *h1, const char *bytes, size_t length)
{
    struct head *head = &h1->head;
    bool is_first = !h1->has_begun || (head->status == 0 && !head->is_interim);

    str_append_bytes(&h1->part, bytes, length);
    size_t seen = h1->part.length < STATUS_BEGIN - 2 ? h1->part.length
                                                     : STATUS_BEGIN - 2;
    if (is_first && memcmp(h1->part.text, status_begin, seen) != 0) {
        return refuse(h1, "the answer does not begin as HTTP does");
    }
    if (h1->part.length > LINE_MAX_BYTES ||
        head->bytes + h1->part.length > HEAD_BYTES_MAX) {
        return refuse(h1, "the head of the answer is too large");
    }
    return true;
}

static bool take_whole_line(struct h1 *h1, const char *bytes, size_t length)
{
    if (h1->part.length == 0) {
        return take_line(h1, bytes, length);
    }
    str_append_bytes(&h1->part, bytes, length);
    bool good = take_line(h1, h1->part.text, h1->part.length);
    h1->part.length = 0;
    return good;
}

/* Up to the end of the final head; *at is moved behind what was taken. */
static bool take_heads(struct h1 *h1, const char **at, const char *end,
                       struct h1_arrival arrival)
{
    while (!h1->head.is_whole && *at < end) {
        if (!h1->has_begun && h1->part.length == 0) {
            h1->arrival = arrival;
        }
        const char *line = *at;
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        *at = newline ? newline + 1 : end;
        size_t length = (size_t)(*at - line);
        if (newline ? !take_whole_line(h1, line, length)
                    : !keep_part(h1, line, length)) {
            return false;
        }
    }
    return true;
}

enum h1_fact h1_receive(struct h1 *h1, const char *bytes, size_t length,
                        struct h1_arrival arrival)
{
    const char *at = bytes, *end = bytes + length;

    if (!take_heads(h1, &at, end, arrival)) {
        h1_cut(h1);
        return H1_BROKEN;
    }
    if (h1->is_complete) {
        h1->end = at; /* with its head */
        return H1_COMPLETE;
    }
    if (h1->head.is_whole && !tell(h1, at, (size_t)(end - at))) {
        return H1_BROKEN;
    }
    return h1->is_complete ? H1_COMPLETE : H1_MORE;
}

enum h1_fact h1_end(struct h1 *h1)
{
    if (!h1->head.is_whole) {
        h1_cut(h1);
        return H1_MORE;
    }
    (void)llhttp_finish(&h1->parser);
    h1->keeps_alive = false;
    return h1->is_complete ? H1_COMPLETE : H1_MORE;
}

void h1_cut(struct h1 *h1)
{
    if (h1->has_begun || h1->part.length > 0) {
        note_final(h1);
    }
}
