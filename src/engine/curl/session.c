#include "engine/curl/session.h"

#include "base/must.h"
#include "engine/curl/engine_curl_inside.h"
#include "engine/curl/refusal.h"
#include "engine/curl/session_mark.h"

#include <string.h>
#include <sys/socket.h>

/* A stream's own end is no word about the others; nor is one that was never
 * opened, since a connection takes no more. */
static bool has_ended_alone(const struct curl_transfer *transfer,
                            CURLcode code)
{
    return code == CURLE_HTTP2_STREAM ||
           (code == CURLE_OK && transfer->base.facts.is_answered) ||
           code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK ||
           transfer->now.stream == 0 || refusal_is_goaway(transfer) ||
           refusal_is_known(transfer);
}

/* What the socket itself failed with, which may not show its end yet: there
 * may be something to read before it. */
static bool has_lost_socket(const struct curl_transfer *transfer)
{
    static const char *const words[] = {"Send failure", "Recv failure",
                                        "SSL_ERROR_SYSCALL", "SSL_write()"};

    for (size_t i = 0; i < array_length(words); i++) {
        if (strstr(transfer->failure, words[i])) {
            return true;
        }
    }
    return false;
}

void session_check(struct curl_transfer *transfer, CURLcode code)
{
    struct loop *loop = &transfer->engine->loop;

    if (!transfer->engine->base.shape.http2 || transfer->now.sends == 0 ||
        transfer->now.is_broken) {
        return;
    }
    if (!transfer->now.is_closed &&
        (has_ended_alone(transfer, code) || has_lost_socket(transfer))) {
        return;
    }
    int fd = loop_find_socket(loop, transfer->now.local_port);
    if (fd < 0 ? !loop_closed_open(loop, transfer->now.local_port)
               : !loop_is_open(fd)) {
        return;
    }
    if (!transfer->now.is_closed) {
        session_mark_broken(transfer);
    }
    if (fd >= 0) {
        shutdown(fd, SHUT_RDWR);
    }
}
