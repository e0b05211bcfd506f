#include "engine/head.h"

#include <string.h>

/* One of the heads of an answer: only the last is not interim. */
static void forget_one(struct head *head)
{
    head->hint_row = HINT_HEADERS_MAX;
    head->is_interim = false;
    head->is_whole = false;
    head->has_length = false;
    head->is_chunked = false;
    head->is_framing = false;
    head->status = 0;
}

void head_begin(struct head *head)
{
    *head = (struct head){0};
    forget_one(head);
}

/* Keeps the first thing that is wrong. */
static bool refuse(struct head *head, const char *why)
{
    if (!head->invalid) {
        head->invalid = why;
    }
    return false;
}

bool head_line_is(const char *line, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    return length > name_length && line[name_length] == ':' &&
           strncasecmp(line, name, name_length) == 0;
}

static int64_t unix_ms(const struct engine *engine)
{
    return (engine_now(engine).ns + engine->unix_offset_ns) / NS_PER_MS;
}

/* Rows are tried in the order of the profile, whatever the order in which the
 * service sends the headers; a usable hint is not replaced by a bad one. */
static void read_hint(struct head *head, const struct engine *engine,
                      struct server_hint *found, const char *line,
                      size_t length)
{
    const struct hint_config *config = &engine->plan->policy.retry.hint;
    for (size_t i = 0; i < config->count; i++) {
        const struct hint_header *header = &config->headers[i];
        if (!head_line_is(line, length, header->name)) {
            continue;
        }
        size_t skip = strlen(header->name) + 1;
        struct server_hint hint = hint_read(config, header, line + skip,
                                            length - skip, unix_ms(engine));
        if (hint.kind == HINT_WAIT && i < head->hint_row) {
            *found = hint;
            head->hint_row = i;
        } else {
            *found = hint_either(*found, hint);
        }
    }
}

static void read_header(struct head *head, const struct engine *engine,
                        struct transfer *transfer, const char *line,
                        size_t length)
{
    const struct plan *plan = engine->plan;
    const struct retry_config *retry = &plan->policy.retry;

    if (retry->hint.count > 0) {
        read_hint(head, engine, &transfer->facts.hint, line, length);
    }
    if (retry->classify.header_count > 0) {
        transfer->facts.headers |=
            classify_headers_in(&retry->classify, line, length);
    }
    if (engine->reads_answers || transfer->answer.location ||
        transfer->answer.challenge) {
        answer_header(&transfer->answer, plan, line, length);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Three digits behind the version, and nothing else up to a blank. */
static bool read_status(struct head *head, const char *line, size_t length)
{
    const char *space = memchr(line, ' ', length);
    const char *end = line + length;

    if (!space) {
        return refuse(head, "the status line has no status");
    }
    while (space < end && *space == ' ') {
        space++;
    }
    if (end - space < 3 || !is_digit(space[0]) || space[0] == '0' ||
        !is_digit(space[1]) || !is_digit(space[2]) ||
        (end - space > 3 && space[3] != ' ')) {
        return refuse(head, "the status is not a number of three digits");
    }
    head->status = (uint16_t)((space[0] - '0') * 100 + (space[1] - '0') * 10 +
                              (space[2] - '0'));
    return true;
}

/* Of what libraries do with 101, nothing is of use: what follows it is no
 * HTTP, and nobody asked for it. */
static bool check_status_line(struct head *head, const char *line,
                              size_t length)
{
    forget_one(head);
    head->is_old = length > 8 && memcmp(line, "HTTP/1.0", 8) == 0;
    if (!read_status(head, line, length)) {
        return false;
    }
    if (head->status == 101) {
        return refuse(head, "101, a switch of protocols that was not asked "
                            "for");
    }
    head->is_interim = head->status < 200;
    head->status = head->is_interim ? 0 : head->status;
    return true;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return at;
}

/* Digits, and equal ones where there is a list of them: "5, 5". */
static bool read_length(struct head *head, const char *at, const char *end)
{
    for (;;) {
        const char *digits = at;
        uint64_t number = 0;
        for (; at < end && is_digit(*at); at++) {
            if (number > (uint64_t)INT64_MAX / 10 - 1) {
                return refuse(head, "its Content-Length is too large");
            }
            number = number * 10 + (uint64_t)(*at - '0');
        }
        bool is_number = at > digits;
        at = skip_blanks(at, end);
        if (!is_number || (at < end && *at != ',')) {
            return refuse(head, "its Content-Length is not a number");
        }
        if (head->has_length && head->length != number) {
            return refuse(head, "its Content-Lengths contradict each other");
        }
        head->has_length = true;
        head->length = number;
        if (at == end) {
            return true;
        }
        at = skip_blanks(at + 1, end);
    }
}

static bool read_coding(struct head *head, const char *value, size_t length)
{
    if (head->is_old) {
        return refuse(head, "HTTP/1.0 has no Transfer-Encoding");
    }
    if (length != 7 || strncasecmp(value, "chunked", 7) != 0 ||
        head->is_chunked) {
        return refuse(head, "its Transfer-Encoding is not chunked, once");
    }
    head->is_chunked = true;
    return true;
}

/* The lines that say where the answer ends. The two ways together are how one
 * answer is made to look like two. */
static bool read_framing(struct head *head, const char *line, size_t length,
                         size_t name_length)
{
    bool is_length =
        name_length == 14 && strncasecmp(line, "Content-Length", 14) == 0;
    bool is_coding =
        name_length == 17 && strncasecmp(line, "Transfer-Encoding", 17) == 0;

    head->is_framing = is_length || is_coding;
    if (!head->is_framing || head->is_interim) {
        return true;
    }
    const char *end = line + length;
    const char *value = skip_blanks(line + name_length + 1, end);
    while (value < end && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    bool is_valid = is_length
                        ? read_length(head, value, end)
                        : read_coding(head, value, (size_t)(end - value));
    if (is_valid && head->has_length && head->is_chunked) {
        return refuse(head, "it has a Content-Length and a Transfer-Encoding");
    }
    return is_valid;
}

/* A name, its colon right behind it. What begins with a blank goes on with the
 * line before it. */
static bool check_header(struct head *head, const char *line, size_t length)
{
    if (*line == ' ' || *line == '\t') {
        return head->is_framing
                   ? refuse(head, "the line that tells its length is folded")
                   : true;
    }
    const char *colon = memchr(line, ':', length);
    if (!colon || colon == line || colon[-1] == ' ' || colon[-1] == '\t') {
        return refuse(head, "a line of its head is not a header");
    }
    return read_framing(head, line, length, (size_t)(colon - line));
}

size_t head_without_end(const char *line, size_t length)
{
    while (length > 0 &&
           (line[length - 1] == '\n' || line[length - 1] == '\r')) {
        length--;
    }
    return length;
}

static bool is_status_line(const char *line, size_t length)
{
    return length > 5 && memcmp(line, "HTTP/", 5) == 0;
}

/* Any but a status line. */
static bool check_other(struct head *head, const char *line, size_t length)
{
    if (length == 0) {
        head->is_whole = head->is_whole || !head->is_interim;
        return true;
    }
    if (head->is_whole && !memchr(line, ':', length)) {
        return refuse(head, "a line of its trailer is not a header");
    }
    return head->is_whole || check_header(head, line, length);
}

bool head_check(struct head *head, const char *line, size_t length)
{
    length = head_without_end(line, length);
    return is_status_line(line, length) ? check_status_line(head, line, length)
                                        : check_other(head, line, length);
}

static bool asks_for_headers(const struct engine *engine,
                             const struct answer *answer)
{
    const struct retry_config *retry = &engine->plan->policy.retry;
    return retry->hint.count > 0 || retry->classify.header_count > 0 ||
           engine->reads_answers || answer->location || answer->challenge;
}

/* Of a transfer that shows nothing yet only what came before is forgotten. */
static void begin_answer(struct head *head, const struct engine *engine,
                         struct transfer *transfer, const char *line)
{
    struct transfer_facts *facts = &transfer->facts;

    if (facts->interim > 0 || facts->is_answered) {
        facts->hint = (struct server_hint){.kind = HINT_ABSENT};
        facts->headers = 0;
        answer_begin(&transfer->answer);
    }
    head->is_asked_for = asks_for_headers(engine, &transfer->answer);
    facts->protocol = line[5] == '2' ? HTTP_2 : HTTP_1_1;
    if (head->is_interim) {
        facts->interim++;
    } else if (!facts->is_answered) {
        facts->is_answered = true;
        facts->first_byte = engine_now(engine);
        facts->first_byte_late =
            look_lateness(&engine->look, facts->first_byte);
    }
}

bool head_line(struct head *head, const struct engine *engine,
               struct transfer *transfer, const char *line, size_t length)
{
    bool is_trailer = head->is_whole;

    length = head_without_end(line, length);
    if (is_status_line(line, length)) {
        if (!check_status_line(head, line, length)) {
            return false;
        }
        begin_answer(head, engine, transfer, line);
        return true;
    }
    if (!check_other(head, line, length)) {
        return false;
    }
    if (head->is_asked_for && length > 0 && !is_trailer) {
        read_header(head, engine, transfer, line, length);
    }
    return true;
}
