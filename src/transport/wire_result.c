#include "transport/wire.h"

#include <errno.h>

/* Errors of making a connection that are this machine's own. */
static bool is_local_error(long os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS ||
           os_error == ENOMEM || os_error == EADDRNOTAVAIL;
}

static enum outcome outcome_of_connect_failure(struct wire *wire)
{
    long os_error = 0;
    curl_easy_getinfo(wire->easy, CURLINFO_OS_ERRNO, &os_error);
    if (is_local_error(os_error) ||
        is_local_error(wire->socket_error)) {
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
static enum outcome outcome_unsent(struct wire *wire, CURLcode code)
{
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
    return outcome_of_connect_failure(wire);
}

/* A failure after the request, or a part of it, went out. */
static enum outcome outcome_sent(const struct wire *wire, CURLcode code)
{
    if (!wire->answered && refusal_is_known(wire)) {
        return OUTCOME_REFUSED_STREAM;
    }
    if (wire->resend_refused) {
        return OUTCOME_RESET_REUSED;
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
    if (wire->answered) {
        return OUTCOME_TRUNCATED;
    }
    return wire->reused ? OUTCOME_RESET_REUSED : OUTCOME_RESET;
}

void wire_read_connection(struct wire *wire)
{
    if (wire->connection_read || !wire->easy) {
        return;
    }
    wire->connection_read = true;
    long opened = 0;
    curl_easy_getinfo(wire->easy, CURLINFO_NUM_CONNECTS, &opened);
    wire->reused = opened == 0;
    if (opened == 0 || wire->sends == 0) {
        return;
    }
    curl_off_t looked_up = 0, connected = 0, secured = 0;
    curl_easy_getinfo(wire->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
    curl_easy_getinfo(wire->easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(wire->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
    curl_off_t end = secured > connected ? secured : connected;
    if (end > 0) {
        wire->connect = duration_us(end > looked_up ? end - looked_up : 0);
    }
}

void wire_result(struct wire *wire, CURLcode code,
                 struct attempt_result *result)
{
    wire_read_connection(wire);
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(wire->easy, CURLINFO_RESPONSE_CODE, &status);
        wire->status = (uint16_t)(status > 0 && status < 1000 ? status : 0);
    }
    const struct planned_request *planned =
        &wire->set->plan->requests[wire->configured_for];
    *result = (struct attempt_result){
        .status = wire->status,
        .sent = wire_was_sent(wire),
        .reused = wire->reused,
        .hint = wire->hint,
        .headers = wire->answer_headers,
    };
    if (code == CURLE_OK && wire->answered && !wire->head_is_whole) {
        /* libcurl takes a head that a close cuts short for a whole one. */
        result->outcome = OUTCOME_TRUNCATED;
    } else if (code == CURLE_OK && wire->answered) {
        result->outcome = outcome_of_status(
            wire->status, &planned->config.expect, planned->traits.has_key);
        if (result->outcome == OUTCOME_OK &&
            !answer_has(&wire->answer, &planned->config.expect_json)) {
            result->outcome = OUTCOME_UNEXPECTED;
        }
    } else if (!result->sent) {
        result->outcome = outcome_unsent(wire, code);
    } else {
        /* An HTTP/2 stream that ends without a word is no error to libcurl
         * while its connection serves others. */
        result->outcome = outcome_sent(wire, code);
    }
}
