#include "transport/wire.h"

#include "base/must.h"
#include "base/version.h"
#include "transport/clock.h"
#include "transport/handle.h"
#include "transport/wire_fault.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

/* libcurl takes 0 as its own default of five minutes. */
#define CONNECT_TIMEOUT_MS_MAX (24L * 3600 * 1000)

struct prepared_request {
    const struct planned_request *planned;
    char *url;                    /* NULL: filled for every attempt */
    char *body;                   /* NULL: filled, or there is none */
    size_t body_length;
    size_t filled_lines;          /* of the header lines */
    const struct template **filled;
    struct curl_slist *constant;  /* the other lines, as a list */
};

static const struct template_subject no_subject;

static char *fill_once(const struct template *template, struct arena *arena,
                       size_t *length)
{
    char *text = arena_alloc(arena, template->length_max + 1);
    size_t written =
        template_fill(template, &no_subject, text, template->length_max + 1);
    if (length) {
        *length = written;
    }
    return text;
}

static struct curl_slist *prepend_line(struct arena *arena,
                                       struct curl_slist *list, char *line)
{
    struct curl_slist *node = arena_alloc(arena, sizeof(*node));
    node->data = line;
    node->next = list;
    return node;
}

static void prepare(struct prepared_request *prepared, struct arena *arena,
                    const struct planned_request *planned)
{
    static char no_expect[] = "Expect:";

    prepared->planned = planned;
    prepared->filled = arena_array(arena, planned->header_count + 1,
                                   sizeof(*prepared->filled));
    prepared->constant = prepend_line(arena, NULL, no_expect);
    for (size_t i = planned->header_count; i-- > 0;) {
        const struct template *line = &planned->header_lines[i];
        if (line->is_constant) {
            prepared->constant = prepend_line(
                arena, prepared->constant, fill_once(line, arena, NULL));
        } else {
            prepared->filled[prepared->filled_lines++] = line;
        }
    }
    if (planned->url.is_constant) {
        prepared->url = fill_once(&planned->url, arena, NULL);
    }
    if (planned->has_body && planned->body.is_constant) {
        prepared->body =
            fill_once(&planned->body, arena, &prepared->body_length);
    }
}

struct room {
    size_t url, headers, body, lines;
};

/* The most that any request needs for what is filled for every attempt. */
static struct room room_needed(const struct prepared_request *prepared,
                               size_t count, const struct letters *letters)
{
    struct room room = {
        .lines = letters ? letters->headers_max + 1 : 0,
        .headers = letters ? letters->span_bytes_max : 0,
    };
    for (size_t i = 0; i < count; i++) {
        const struct planned_request *planned = prepared[i].planned;
        size_t headers = 0;
        for (size_t h = 0; h < prepared[i].filled_lines; h++) {
            headers += prepared[i].filled[h]->length_max + 1;
        }
        size_t url = prepared[i].url ? 0 : planned->url.length_max + 1;
        size_t body = planned->has_body && !prepared[i].body
                          ? planned->body.length_max + 1
                          : 0;
        room.url = url > room.url ? url : room.url;
        room.headers = headers > room.headers ? headers : room.headers;
        room.body = body > room.body ? body : room.body;
        room.lines = prepared[i].filled_lines > room.lines
                         ? prepared[i].filled_lines
                         : room.lines;
    }
    return room;
}

/* The most recently used is taken first. */
static void make_free(struct wire *wire)
{
    wire->next = wire->pool->free;
    wire->pool->free = wire;
}

static void init_pools(struct wires *wires, struct arena *arena)
{
    size_t count = wires->slot_count;

    wires->pool_count = wires->loop->shape.pools;
    wires->pools =
        arena_array(arena, wires->pool_count, sizeof(*wires->pools));
    /* From the last to the first, which is then taken first. */
    for (size_t p = wires->pool_count; p-- > 0;) {
        struct wire_pool *pool = &wires->pools[p];
        size_t size = loop_pool_size(&wires->loop->shape, p);
        gate_init(&pool->gate, size);
        for (size_t i = size; i-- > 0;) {
            struct wire *wire = &wires->slots[--count];
            wire->pool = pool;
            wire->multi = loop_multi(wires->loop, p, i);
            make_free(wire);
        }
    }
    must(count == 0);
}

void wires_init(struct wires *wires, struct arena *arena,
                const struct plan *plan, struct loop *loop)
{
    size_t count = loop->shape.transfers;

    wires->plan = plan;
    wires->loop = loop;
    wires->prepared =
        arena_array(arena, plan->request_count, sizeof(*wires->prepared));
    for (size_t i = 0; i < plan->request_count; i++) {
        prepare(&wires->prepared[i], arena, &plan->requests[i]);
    }
    struct room room =
        room_needed(wires->prepared, plan->request_count, plan->letters);
    char *urls = arena_array(arena, count, room.url);
    char *headers = arena_array(arena, count, room.headers);
    char *bodies = arena_array(arena, count, room.body);
    struct curl_slist *lines =
        arena_array(arena, count * room.lines, sizeof(*lines));

    wires->slots = arena_array(arena, count, sizeof(*wires->slots));
    wires->slot_count = count;
    wires->reads_answers = plan_reads_answers(plan);
    wires->shares_by_hand = cleartext_is_needed(&plan->target);
    answers_make_room(&wires->slots[0].answer, sizeof(struct wire), count,
                      plan, arena);
    for (size_t i = 0; i < count; i++) {
        struct wire *wire = &wires->slots[i];
        wire->set = wires;
        wire->url = urls + i * room.url;
        wire->headers = headers + i * room.headers;
        wire->body = bodies + i * room.body;
        wire->lines = lines + i * room.lines;
    }
    init_pools(wires, arena);
}

void wires_release(struct wires *wires)
{
    for (size_t i = 0; i < wires->slot_count; i++) {
        struct wire *wire = &wires->slots[i];
        if (wire->easy) {
            wire_stop(wire);
            curl_easy_cleanup(wire->easy);
            wire->easy = NULL;
        }
    }
}

/* Called before every send of a request, a silent second one included. */
static int on_before_request(void *user, char *remote_ip, char *local_ip,
                             int remote_port, int local_port)
{
    struct wire *wire = user;
    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;

    if (++wire->sends > 1) {
        refusal_resend(wire);
        return CURL_PREREQFUNC_ABORT;
    }
    curl_easy_setopt(wire->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (wire->set->shares_by_hand) {
        cleartext_sent(wire);
    }
    wire->sent = clock_now();
    wire->local_port = local_port;
    refusal_sent(wire);
    wire->set->on_sent(wire->set->context, wire);
    return CURL_PREREQFUNC_OK;
}

static bool name_is(const char *line, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    return length > name_length && line[name_length] == ':' &&
           strncasecmp(line, name, name_length) == 0;
}

/* Nothing is known of the answer's headers. */
static void forget_headers(struct wire *wire)
{
    wire->hint = (struct server_hint){.kind = HINT_ABSENT};
    wire->hint_row = HINT_HEADERS_MAX;
    wire->answer_headers = 0;
    answer_begin(&wire->answer);
}

/* Rows are tried in the order of the profile, whatever the order in which the
 * service sends the headers; a usable hint is not replaced by a bad one. */
static void read_hint(struct wire *wire, const char *line, size_t length)
{
    const struct hint_config *config = &wire->set->plan->policy.retry.hint;
    for (size_t i = 0; i < config->count; i++) {
        const struct hint_header *header = &config->headers[i];
        if (!name_is(line, length, header->name)) {
            continue;
        }
        size_t skip = strlen(header->name) + 1;
        struct server_hint hint = hint_parse(
            header->format, line + skip, length - skip, clock_unix_ms());
        if (hint.kind == HINT_WAIT && i < wire->hint_row) {
            wire->hint = hint;
            wire->hint_row = i;
        } else {
            wire->hint = hint_either(wire->hint, hint);
        }
    }
}

static void read_header(struct wire *wire, const char *line, size_t length)
{
    const struct retry_config *retry = &wire->set->plan->policy.retry;

    while (length > 0 && strchr("\r\n", line[length - 1])) {
        length--;
    }
    if (retry->hint.count > 0) {
        read_hint(wire, line, length);
    }
    if (retry->classify.header_count > 0) {
        wire->answer_headers |=
            classify_headers_in(&retry->classify, line, length);
    }
    if (wire->set->reads_answers) {
        answer_header(&wire->answer, wire->set->plan, line, length);
    }
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct wire *wire = user;
    size_t length = size * count;

    if (wire->set->shares_by_hand) {
        loop_look_after(wire->set->loop, length);
    }
    if (!wire->answered) {
        wire->answered = true;
        wire->first_byte = clock_now();
    }
    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        const char *space = memchr(line, ' ', length - 1);
        wire->is_interim = space && space[1] == '1';
        wire->head_is_whole = false;
        forget_headers(wire);
    } else if (line[0] == '\r' || line[0] == '\n') {
        wire->head_is_whole = wire->head_is_whole || !wire->is_interim;
    } else {
        read_header(wire, line, length);
    }
    return length;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct wire *wire = user;
    (void)purpose;

    if (wire->sends > 0) {
        refusal_resend(wire);
        return CURL_SOCKET_BAD;
    }
    if (wire->set->shares_by_hand && !cleartext_may_open(wire)) {
        return CURL_SOCKET_BAD;
    }
    return loop_open_socket(wire->set->loop, address, &wire->socket_error);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct wire *wire = user;
    struct instant until;

    if (wire->set->shares_by_hand) {
        loop_look_after(wire->set->loop, size * count);
    }
    if (wire->fault && wire->fault->kind == FAULT_SLOW_READ &&
        !wire_fault_may_read(wire, size * count, &until)) {
        wire->set->on_slow(wire->set->context, wire, until);
        return CURL_WRITEFUNC_PAUSE;
    }
    if (wire->set->reads_answers) {
        answer_body(&wire->answer, bytes, size * count);
    }
    return size * count;
}

/* What stays the same over all attempts and requests. */
static bool make_handle(struct wire *wire)
{
    CURL *easy = curl_easy_init();
    if (!easy) {
        return false;
    }
    const struct timeout_config *timeout = &wire->set->plan->policy.timeout;
    long connect_ms = CONNECT_TIMEOUT_MS_MAX;
    if (timeout->connect.ns < CONNECT_TIMEOUT_MS_MAX * NS_PER_MS) {
        connect_ms = (long)((timeout->connect.ns + NS_PER_MS - 1) / NS_PER_MS);
    }
    wire->easy = easy;
    wire->configured_for = -1;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, wire);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, wire);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, wire);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, wire);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, wire);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, loop_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, wire->set->loop);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "squall/" SQUALL_VERSION);
    refusal_watch(wire);
    handle_set_target(easy, &wire->set->plan->target, wire->set->pinned);
    return true;
}

struct wire *wire_take(struct wire_pool *pool)
{
    struct wire *wire = pool->free;
    if (!wire) {
        return NULL;
    }
    pool->free = wire->next;
    wire->next = NULL;
    wire->reused = false;
    wire->resend_refused = false;
    wire->stream_refused = false;
    wire->answered = false;
    wire->is_interim = false;
    wire->head_is_whole = false;
    wire->answer_lost = false;
    wire->is_losing = false;
    wire->is_torn = false;
    wire->was_slowed = false;
    wire->slow_bytes = 0;
    wire->connection_read = false;
    wire->socket_error = 0;
    wire->descriptor = -1;
    wire->sends = 0;
    wire->status = 0;
    forget_headers(wire);
    wire->fault = NULL;
    wire->connect = NOT_MEASURED;
    return wire;
}

/* A handle counts its re-sends over all its requests, and gives up every
 * sixth time without trying one. */
static void forget_resends(struct wire *wire)
{
    curl_easy_cleanup(wire->easy);
    wire->easy = NULL;
}

void wire_give_back(struct wire *wire)
{
    must(!wire->is_losing);
    wire_stop(wire);
    if (wire->resend_refused) {
        forget_resends(wire);
    }
    wire->owner = NULL;
    make_free(wire);
}

static void set_method(CURL *easy, const struct planned_request *planned)
{
    const char *method = planned->config.method;

    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (planned->has_body || strcmp(method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        if (strcmp(method, "POST") != 0) {
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
        }
        return;
    }
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }
}

static void set_body(struct wire *wire, const char *body, size_t length)
{
    curl_easy_setopt(wire->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(wire->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)length);
    wire->body_bytes = body;
    wire->body_length = length;
}

/* Options of a request that its attempts share. */
static void configure(struct wire *wire, uint16_t request)
{
    const struct prepared_request *prepared = &wire->set->prepared[request];

    set_method(wire->easy, prepared->planned);
    wire->body_length = 0;
    if (prepared->url) {
        curl_easy_setopt(wire->easy, CURLOPT_URL, prepared->url);
    }
    if (prepared->body) {
        set_body(wire, prepared->body, prepared->body_length);
    }
    if (prepared->filled_lines == 0) {
        curl_easy_setopt(wire->easy, CURLOPT_HTTPHEADER, prepared->constant);
    }
    wire->configured_for = request;
    wire->configured_for_torn = false;
}

static void fill(struct wire *wire, const struct prepared_request *prepared,
                 const struct template_subject *subject)
{
    const struct planned_request *planned = prepared->planned;

    if (!prepared->url) {
        template_fill(&planned->url, subject, wire->url,
                      planned->url.length_max + 1);
        curl_easy_setopt(wire->easy, CURLOPT_URL, wire->url);
    }
    if (planned->has_body && !prepared->body) {
        size_t length = template_fill(&planned->body, subject, wire->body,
                                      planned->body.length_max + 1);
        set_body(wire, wire->body, length);
    }
    /* libcurl sends no line that has no value, nor what it would send under
     * that name by itself: what a profile wants of an empty header. */
    if (prepared->filled_lines > 0) {
        char *at = wire->headers;
        struct curl_slist *list = prepared->constant;
        for (size_t i = 0; i < prepared->filled_lines; i++) {
            const struct template *line = prepared->filled[i];
            size_t length =
                template_fill(line, subject, at, line->length_max + 1);
            wire->lines[i] = (struct curl_slist){at, list};
            list = &wire->lines[i];
            at += length + 1;
        }
        curl_easy_setopt(wire->easy, CURLOPT_HTTPHEADER, list);
    }
}

/* Puts the span of an attempt in the place of the letter's. */
static char *put_span(char *line, const struct letter *letter,
                      const char *span)
{
    for (char *at = line; (at = strstr(at, letter->span));) {
        memcpy(at, span, SPAN_ID_LENGTH);
        at += SPAN_ID_LENGTH;
    }
    return line;
}

/* A letter is sent as it was, but for the span: nothing of it is a template.
 */
static void take_letter(struct wire *wire, const struct letter *letter,
                        unsigned attempt)
{
    static char no_expect[] = "Expect:";
    struct curl_slist *list = &wire->lines[0];
    char span[SPAN_ID_LENGTH + 1];
    char *room = wire->headers;

    key_span_id(wire->set->plan->spans, letter->number, attempt, span);
    *list = (struct curl_slist){no_expect, NULL};
    for (size_t i = 0; i < letter->header_count; i++) {
        char *line = (char *)letter->headers[i];
        if (letter->span[0] && strstr(line, letter->span)) {
            size_t size = strlen(line) + 1;
            line = put_span(memcpy(room, line, size), letter, span);
            room += size;
        }
        wire->lines[i + 1] = (struct curl_slist){line, list};
        list = &wire->lines[i + 1];
    }
    curl_easy_setopt(wire->easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(wire->easy, CURLOPT_URL, letter->url);
    if (wire->set->prepared[wire->configured_for].planned->has_body) {
        set_body(wire, letter->has_body ? letter->body : "",
                 letter->body_length);
    }
}

bool wire_send(struct wire *wire, uint16_t request,
               const struct letter *letter,
               const struct template_subject *subject)
{
    must(!wire->on_multi);
    if (!wire->easy && !make_handle(wire)) {
        return false;
    }
    if (wire->configured_for != request || wire->configured_for_torn) {
        configure(wire, request);
    }
    if (letter) {
        take_letter(wire, letter, subject->attempt);
    } else {
        fill(wire, &wire->set->prepared[request], subject);
    }
    wire_fault_set(wire);
    wire->failure[0] = '\0';
    if (wire->set->shares_by_hand) {
        return cleartext_begin(wire);
    }
    curl_easy_setopt(wire->easy, CURLOPT_FRESH_CONNECT, 0L);
    return wire_add(wire);
}

bool wire_add(struct wire *wire)
{
    wire->on_multi =
        curl_multi_add_handle(wire->multi, wire->easy) == CURLM_OK;
    return wire->on_multi;
}

void wire_stop(struct wire *wire)
{
    if (wire->set->shares_by_hand) {
        cleartext_end(wire);
    }
    if (wire->on_multi) {
        curl_multi_remove_handle(wire->multi, wire->easy);
        wire->on_multi = false;
    }
}

int wire_socket(struct wire *wire)
{
    if (wire->descriptor < 0 && wire->sends > 0 && wire->on_multi) {
        wire->descriptor =
            loop_find_socket(wire->set->loop, wire->local_port);
    }
    return wire->descriptor;
}

bool wire_is_delivered(struct wire *wire)
{
    if (wire->answered) {
        return true;
    }
    if (wire->sends == 0 || !wire->on_multi) {
        return false;
    }
    long head = 0;
    curl_off_t uploaded = 0;
    int fd = wire_socket(wire);
    curl_easy_getinfo(wire->easy, CURLINFO_REQUEST_SIZE, &head);
    curl_easy_getinfo(wire->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    if (head == 0 || (uint64_t)uploaded < wire->body_length || fd < 0) {
        return false;
    }
    int unacknowledged = 1;
    return ioctl(fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0;
}
