#include "engine/curl/transfer.h"

#include "base/must.h"
#include "base/version.h"
#include "engine/clock.h"
#include "engine/curl/delivery.h"
#include "engine/curl/engine_curl_inside.h"
#include "engine/curl/handle.h"
#include "engine/curl/transfer_fault.h"
#include "engine/curl/transfer_multi.h"
#include "engine/curl/transfer_result.h"
#include "plan/address.h"

#include <string.h>
#include <strings.h>

/* Where a head is larger than its buffer, libcurl 7.88 forgets what follows it
 * on a clear-text HTTP/2 connection. The largest that it takes fits in here.
 */
enum { WHOLE_HEAD = 130000 };

/* libcurl takes 0 as its own default of five minutes. */
#define CONNECT_TIMEOUT_MS_MAX (24L * 3600 * 1000)

/* What waits on a connection before it is asked for anything is no answer: of
 * libcurl, only releases from 8.1 on see to that. HTTP/2 knows whose a frame
 * is. */
static bool may_use(struct curl_transfer *transfer)
{
    struct loop *loop = &transfer->engine->loop;

    if (transfer->engine->base.shape.http2) {
        return true;
    }
    int fd = loop_find_socket(loop, transfer->now.local_port);
    if (fd >= 0 && loop_is_unclean(loop, fd)) {
        transfer->now.found_unclean = true;
        return false;
    }
    if (fd >= 0) {
        loop_use(loop, fd);
    }
    transfer->now.descriptor = fd;
    return true;
}

/* A connection that has served as often as it may is closed after this. They
 * are told apart by their ports: a new one begins anew. */
static void count_request(struct curl_transfer *transfer, int local_port)
{
    struct curl_engine *engine = transfer->engine;
    uint64_t *served = &engine->served[(uint16_t)local_port];
    long opened = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &opened);
    *served = opened > 0 ? 1 : *served + 1;
    if (*served >= engine->base.plan->load.requests_per_connection) {
        transfer_set_closing(transfer, true);
    }
}

/* Called before every send of a request, a silent second one included. */
static int on_before_request(void *user, char *remote_ip, char *local_ip,
                             int remote_port, int local_port)
{
    struct curl_transfer *transfer = user;
    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;

    if (transfer->now.sends > 0) {
        transfer->now.sends++;
        refusal_resend(transfer);
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->now.local_port = local_port;
    if (transfer->now.speaks_other || !may_use(transfer)) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->now.sends++;
    curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (transfer->engine->shares_by_hand) {
        cleartext_sent(transfer);
    }
    heap_remove(&transfer->engine->connecting, &transfer->connecting);
    if (transfer->engine->served) {
        count_request(transfer, transfer->now.local_port);
    }
    refusal_sent(transfer);
    transfer_read_connection(transfer);
    delivery_watch(transfer);
    engine_sent(&transfer->engine->base, &transfer->base);
    return CURL_PREREQFUNC_OK;
}

static bool read_line(struct curl_transfer *transfer, const char *line,
                      size_t length)
{
    struct curl_engine *engine = transfer->engine;
    struct head *head = &transfer->now.head;
    const struct transfer_facts *facts = &transfer->base.facts;
    bool was_answered = facts->is_answered;

    if (!head_has_room(head, length) ||
        !head_line(head, &engine->base, &transfer->base, line, length)) {
        return false;
    }
    if (facts->is_answered && !was_answered) {
        transfer_find_first_byte(transfer);
    } else if (head->is_interim && transfer->now.descriptor >= 0) {
        loop_read(&engine->loop, transfer->now.descriptor);
    }
    /* Where the connection ends with the answer, it is closed before the end
     * of the transfer is known, and then nobody can ask any more. */
    if (engine->has_faults && head->is_whole) {
        delivery_is_complete(transfer);
    }
    if ((facts->protocol == HTTP_2) != engine->base.shape.http2) {
        head->invalid = "it speaks another version of HTTP than was asked for";
    }
    return !head->invalid;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct curl_transfer *transfer = user;
    struct curl_engine *engine = transfer->engine;
    size_t length = size * count;

    if (engine->shares_by_hand) {
        loop_look_after(&engine->loop, length);
    }
    if (!read_line(transfer, line, length)) {
        return 0;
    }
    return transfer->now.ends_at_head && transfer->now.head.is_whole ? 0
                                                                     : length;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct curl_transfer *transfer = user;
    (void)purpose;

    if (transfer->now.sends > 0) {
        refusal_resend(transfer);
        return CURL_SOCKET_BAD;
    }
    if (transfer->engine->shares_by_hand && !cleartext_may_open(transfer)) {
        return CURL_SOCKET_BAD;
    }
    return loop_open_socket(&transfer->engine->loop, address,
                            &transfer->now.socket_error);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct curl_transfer *transfer = user;

    if (transfer->engine->shares_by_hand) {
        loop_look_after(&transfer->engine->loop, size * count);
    }
    if (transfer->now.slow_rate > 0 &&
        !transfer_fault_may_read(transfer, size * count)) {
        return CURL_WRITEFUNC_PAUSE;
    }
    answer_start(&transfer->base.answer, bytes, size * count);
    if (transfer->base.transcript) {
        transcript_add(transfer->base.transcript, TRANSCRIPT_ANSWER_BODY,
                       bytes, size * count);
    }
    if (transfer->engine->base.reads_answers) {
        answer_body(&transfer->base.answer, bytes, size * count);
    }
    return size * count;
}

/* libcurl divides its limit among the addresses of a name, so that it comes to
 * the second when the first does not answer: where there are some to choose
 * from it has one, and else transfer_give_up_connecting alone. */
static long connect_ms(const struct curl_transfer *transfer)
{
    struct duration limit =
        transfer->engine->base.plan->policy.timeout.connect;
    const struct curl_slist *entry = transfer->engine->pinned;

    while (entry && !strchr(entry->data, ',')) {
        entry = entry->next;
    }
    if (!entry || limit.ns >= CONNECT_TIMEOUT_MS_MAX * NS_PER_MS) {
        return CONNECT_TIMEOUT_MS_MAX;
    }
    return (long)((limit.ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* What stays the same over all attempts and requests. */
static bool make_handle(struct curl_transfer *transfer)
{
    CURL *easy = curl_easy_init();
    if (!easy) {
        return false;
    }
    transfer->easy = easy;
    transfer->configured_for = -1;
    transfer->parsed = NULL;
    transfer->closes = false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms(transfer));
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, loop_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &transfer->engine->loop);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "squall/" SQUALL_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->failure);
    if (transfer->engine->shares_by_hand) {
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)WHOLE_HEAD);
    }
    refusal_watch(transfer);
    handle_set_target(easy, &transfer->engine->base.plan->target,
                      transfer->engine->pinned);
    tls_name_route(&transfer->engine->tls_name, easy);
    /* Those that share a connection of HTTP/2 share where it comes from. */
    handle_set_interface(easy, &transfer->engine->base.plan->target,
                         transfer->engine->base.shape.http2
                             ? transfer->base.pool
                             : transfer->base.index);
    return true;
}

/* A handle counts its re-sends over all its requests, and gives up every
 * sixth time without trying one: it is not used again after one. */
static bool have_handle(struct curl_transfer *transfer)
{
    if (transfer->is_worn) {
        curl_easy_cleanup(transfer->easy);
        transfer->easy = NULL;
        transfer->is_worn = false;
    }
    return transfer->easy || make_handle(transfer);
}

static void set_method(CURL *easy, const struct prepared_request *prepared)
{
    const struct planned_request *planned = prepared->planned;
    const char *method = planned->config.method;

    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    if (strcmp(method, "HEAD") == 0 && !planned->has_body) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (prepared->announces_body) {
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

static void set_body(struct curl_transfer *transfer, const char *body,
                     size_t length)
{
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)length);
    transfer->body = body;
    transfer->body_length = length;
}

/* libcurl prefers the one that it has read, but takes the text for what it
 * says of the URL. */
static void set_url(struct curl_transfer *transfer, const char *url,
                    CURLU *parsed)
{
    if (transfer->parsed != parsed) {
        curl_easy_setopt(transfer->easy, CURLOPT_CURLU, parsed);
        transfer->parsed = parsed;
    }
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
}

/* Options of a request that its attempts share. */
static void configure(struct curl_transfer *transfer, uint16_t request)
{
    const struct prepared_request *prepared =
        &transfer->engine->prepared[request];

    set_method(transfer->easy, prepared);
    transfer->body_length = 0;
    if (prepared->url) {
        set_url(transfer,
                tls_name_url(&transfer->engine->tls_name, prepared->url),
                prepared->parsed);
    }
    if (prepared->body) {
        set_body(transfer, prepared->body, prepared->body_length);
    }
    if (!prepared->has_filled_lines) {
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER,
                         prepared->constant);
    }
    transfer->configured_for = request;
    transfer->configured_for_torn = false;
}

/* What goes with a message that has all lines of its request. */
static struct curl_slist *lines_behind(const struct curl_engine *engine,
                                       const struct message *message)
{
    for (size_t i = 0; i < message->line_count; i++) {
        if (strncasecmp(message->lines[i], "Host:", 5) == 0) {
            return engine->no_lines;
        }
    }
    return message->elsewhere ? engine->no_lines : engine->host_lines;
}

/* libcurl sends no line that has no value, nor what it would send under that
 * name by itself: what a profile wants of an empty header. */
static void set_lines(struct curl_transfer *transfer,
                      const struct message *message)
{
    struct curl_engine *engine = transfer->engine;
    struct curl_slist *list =
        message->has_all_lines ? lines_behind(engine, message)
                               : engine->prepared[message->request].constant;
    for (size_t i = message->line_count; i-- > 0;) {
        transfer->lines[i] =
            (struct curl_slist){(char *)message->lines[i], list};
        list = &transfer->lines[i];
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, list);
}

/* A hop leaves the handle with a URL, and perhaps a method and lines, that no
 * other request has. */
static void set_hop(struct curl_transfer *transfer,
                    const struct message *message)
{
    if (message->as_get) {
        curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, NULL);
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
        transfer->body_length = 0;
        transfer->now.ends_at_head = false;
    }
    transfer->now.is_elsewhere = message->elsewhere;
    transfer->now.is_secured = address_is_tls(message->url);
    transfer->configured_for = -1;
}

static void set_message(struct curl_transfer *transfer,
                        const struct message *message)
{
    const struct planned_request *planned =
        transfer->engine->prepared[message->request].planned;

    transfer->now.ends_at_head =
        planned->has_body && planned->traits.method == METHOD_HEAD;
    transfer->now.is_secured = transfer->engine->is_secured;
    if (transfer->configured_for != message->request ||
        transfer->configured_for_torn) {
        configure(transfer, message->request);
    }
    if (message->url) {
        set_url(transfer,
                message->elsewhere
                    ? message->url
                    : tls_name_url(&transfer->engine->tls_name, message->url),
                NULL);
    }
    if (message->body) {
        set_body(transfer, message->body, message->body_length);
    }
    bool has_lines = message->line_count > 0 || message->has_all_lines;
    if (has_lines || transfer->has_lines) {
        set_lines(transfer, message);
    }
    transfer->has_lines = has_lines;
    if (message->is_hop) {
        set_hop(transfer, message);
    }
}

bool transfer_begin(struct curl_transfer *transfer,
                    const struct transfer_order *order)
{
    must(!transfer->on_multi);
    transfer->now = (struct curl_attempt){.descriptor = -1};
    head_begin(&transfer->now.head);
    transfer->failure[0] = '\0';
    if (!have_handle(transfer)) {
        return false;
    }
    set_message(transfer, &order->message);
    transfer_fault_set(transfer, order);
    if (transfer->engine->shares_by_hand) {
        return cleartext_begin(transfer);
    }
    curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 0L);
    return transfer_add(transfer);
}

static struct curl_transfer *of_connecting(struct heap_node *node)
{
    return (struct curl_transfer *)(void *)((char *)node -
                                            offsetof(struct curl_transfer,
                                                     connecting));
}

void transfer_give_up_connecting(struct curl_engine *engine)
{
    struct instant by = look_read(&engine->base.look);
    struct heap_node *node;

    while ((node = heap_pop_due(&engine->connecting, by))) {
        struct curl_transfer *transfer = of_connecting(node);
        transfer->base.facts.error = "no connection within timeout.connect";
        transfer_stop(transfer);
        engine_done(&engine->base, &transfer->base, OUTCOME_CONNECT_TIMEOUT);
    }
}

bool transfer_goes_on(struct curl_transfer *transfer)
{
    if (!transfer->now.found_unclean) {
        return false;
    }
    transfer->now.found_unclean = false;
    transfer_remove(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
    return transfer_add(transfer);
}

void transfer_stop(struct curl_transfer *transfer)
{
    heap_remove(&transfer->engine->slow, &transfer->slow);
    if (transfer->engine->shares_by_hand) {
        cleartext_end(transfer);
    }
    transfer_count_bytes(transfer);
    transfer_remove(transfer);
}
