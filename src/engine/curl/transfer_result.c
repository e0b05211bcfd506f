#include "engine/curl/transfer_result.h"

#include "engine/curl/engine_curl_inside.h"

#include "base/must.h"
#include "engine/curl/refusal.h"

#include <errno.h>
#include <string.h>

/* Errors of making a connection that are this machine's own. */
static bool is_local_error(long os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS ||
           os_error == ENOMEM || os_error == EADDRNOTAVAIL;
}

static enum outcome outcome_of_connect_failure(struct curl_transfer *transfer)
{
    long os_error = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    if (is_local_error(os_error) ||
        is_local_error(transfer->now.socket_error)) {
        return OUTCOME_NO_SOCKET;
    }
    if (os_error == ECONNREFUSED) {
        return OUTCOME_CONNECT_REFUSED;
    }
    if (os_error == ETIMEDOUT) {
        return OUTCOME_CONNECT_TIMEOUT;
    }
    return OUTCOME_CONNECT_FAILED;
}

static bool is_tls_failure(CURLcode code)
{
    switch ((int)code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return true;
    default:
        return false;
    }
}

/* A failure before the request went out. */
static enum outcome outcome_unsent(struct curl_transfer *transfer,
                                   CURLcode code)
{
    if (transfer->now.speaks_other) {
        return OUTCOME_PROTOCOL;
    }
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return OUTCOME_DNS;
    case CURLE_OPERATION_TIMEDOUT:
        return OUTCOME_CONNECT_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return OUTCOME_NO_SOCKET;
    default:
        break;
    }
    if (is_tls_failure(code)) {
        return OUTCOME_TLS;
    }
    return outcome_of_connect_failure(transfer);
}

/* What libcurl has no code of its own for: chunks that are none; and a stream
 * that either side ended as a violation of HTTP/2. */
static bool is_protocol_failure(const struct curl_transfer *transfer,
                                CURLcode code)
{
    static const char *const words[] = {"PROTOCOL_ERROR", "FRAME_SIZE_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "COMPRESSION_ERROR"};

    if (code == CURLE_HTTP2 || strstr(transfer->failure, "chunked-enc")) {
        return true;
    }
    for (size_t i = 0; code == CURLE_HTTP2_STREAM && i < array_length(words);
         i++) {
        if (strstr(transfer->failure, words[i])) {
            return true;
        }
    }
    return false;
}

/* A failure after the request, or a part of it, went out. */
static enum outcome outcome_sent(const struct curl_transfer *transfer,
                                 CURLcode code)
{
    if (!transfer->base.facts.is_answered && refusal_is_known(transfer)) {
        return OUTCOME_REFUSED_STREAM;
    }
    if (transfer->now.head.invalid || transfer->now.is_broken) {
        return OUTCOME_PROTOCOL;
    }
    if (transfer->base.facts.resend_refused &&
        !transfer->base.facts.is_answered) {
        return OUTCOME_RESET_REUSED;
    }
    if (is_protocol_failure(transfer, code)) {
        return OUTCOME_PROTOCOL;
    }
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        return OUTCOME_TIMEOUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_OUT_OF_MEMORY:
        return OUTCOME_PROTOCOL;
    default:
        break;
    }
    if (transfer->base.facts.is_answered) {
        return OUTCOME_TRUNCATED;
    }
    return transfer->base.facts.is_reused ? OUTCOME_RESET_REUSED
                                          : OUTCOME_RESET;
}

/* libcurl counts the body that goes out with the head twice: of requests, and
 * of uploads. No head is shorter than its own first line. */
void transfer_count_bytes(struct curl_transfer *transfer)
{
    struct transfer_facts *facts = &transfer->base.facts;
    enum { HEAD_MIN = 16 };
    long request = 0, head = 0;
    curl_off_t up = 0, down = 0;

    bool is_counted = facts->bytes_sent > 0;
    if (!facts->is_sent || is_counted) {
        return;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request);
    if (transfer->body_length > 0) {
        curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_HEADER_SIZE, &head);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    bool is_in_both = request >= up + HEAD_MIN;
    facts->bytes_sent = (uint64_t)request + (is_in_both ? 0 : (uint64_t)up);
    facts->bytes_received = (uint64_t)head + (uint64_t)down;
}

/* The target's name was looked up before the run; libcurl looks up those that
 * redirects name, and takes a moment to see that an address needs none. */
static void note_lookup(struct curl_transfer *transfer)
{
    struct curl_engine *engine = transfer->engine;
    curl_off_t took = 0;
    char *url = NULL;

    if (!transfer->now.is_elsewhere) {
        transfer->base.facts.dns = engine->looked_up;
        engine->looked_up = DURATION_ZERO;
        return;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &took);
    curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    const char *host = url ? strstr(url, "://") : NULL;
    if (host && host[3] != '[' &&
        host[3 + strspn(host + 3, "0123456789.")] != ':' &&
        !strchr("/?#", host[3 + strspn(host + 3, "0123456789.")])) {
        transfer->base.facts.dns = duration_us(took);
    }
}

void transfer_read_connection(struct curl_transfer *transfer)
{
    struct transfer_facts *facts = &transfer->base.facts;
    long opened = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &opened);
    facts->is_reused = opened == 0;
    if (opened == 0) {
        return;
    }
    note_lookup(transfer);
    curl_off_t looked_up = 0, connected = 0, secured = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
    curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(transfer->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
    curl_off_t end = secured > connected ? secured : connected;
    if (end > 0) {
        facts->connect = duration_us(end > looked_up ? end - looked_up : 0);
        facts->tcp =
            duration_us(connected > looked_up ? connected - looked_up : 0);
        facts->tls =
            duration_us(secured > connected ? secured - connected : 0);
    }
}

/* The final answer began with what came first since the request went out, or
 * since the interim answer before it: a line may take its time to be whole.
 * What arrives on a connection of TLS or HTTP/2 may be something else. */
void transfer_find_first_byte(struct curl_transfer *transfer)
{
    struct curl_engine *engine = transfer->engine;
    struct transfer_facts *facts = &transfer->base.facts;
    int fd = transfer->now.descriptor;

    if (fd < 0 || !facts->is_sent || engine->base.shape.http2 ||
        transfer->now.is_secured) {
        return;
    }
    struct loop_arrival arrival = loop_arrival(&engine->loop, fd);
    if (instant_before(facts->sent, arrival.at) &&
        (!facts->is_answered ||
         instant_before(arrival.at, facts->first_byte))) {
        facts->is_answered = true;
        facts->first_byte = arrival.at;
        facts->first_byte_late =
            duration_min(arrival.late, instant_since(arrival.at, facts->sent));
    }
}

/* A refusal of Expect: 100-continue, which libcurl would take for a wish to be
 * asked again without it. */
static bool is_refused_expectation(const struct curl_transfer *transfer)
{
    return transfer->base.facts.resend_refused &&
           transfer->now.head.status == 417;
}

static bool is_whole_answer(const struct curl_transfer *transfer,
                            CURLcode code)
{
    const struct head *head = &transfer->now.head;

    return (code == CURLE_OK || is_refused_expectation(transfer)) &&
           head->is_whole && !head->invalid && !transfer->now.is_broken;
}

enum outcome transfer_outcome(struct curl_transfer *transfer, CURLcode code)
{
    struct transfer_facts *facts = &transfer->base.facts;
    const struct head *head = &transfer->now.head;

    transfer_find_first_byte(transfer);
    transfer_count_bytes(transfer);
    if (code == CURLE_WRITE_ERROR && transfer->now.ends_at_head &&
        head->is_whole && !head->invalid) {
        code = CURLE_OK; /* on_header ended it */
    }
    if (code != CURLE_OK) {
        facts->error = transfer->failure[0] ? transfer->failure
                                            : curl_easy_strerror(code);
    }
    if (is_whole_answer(transfer, code)) {
        facts->status = head->status;
        facts->resend_refused = false;
        return OUTCOME_OK;
    }
    facts->error = head->invalid ? head->invalid : facts->error;
    if (code == CURLE_OK && facts->is_answered && !head->invalid) {
        /* libcurl takes a head that a close cuts short for a whole one. */
        return OUTCOME_TRUNCATED;
    }
    /* An HTTP/2 stream that ends without a word is no error to libcurl while
     * its connection serves others. */
    return facts->is_sent ? outcome_sent(transfer, code)
                          : outcome_unsent(transfer, code);
}
