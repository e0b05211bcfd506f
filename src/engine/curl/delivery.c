#include "engine/curl/delivery.h"

#include "engine/curl/engine_curl_inside.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int delivery_socket(struct curl_transfer *transfer)
{
    if (transfer->now.descriptor < 0 && transfer->now.sends > 0 &&
        transfer->on_multi) {
        transfer->now.descriptor = loop_find_socket(&transfer->engine->loop,
                                                    transfer->now.local_port);
    }
    return transfer->now.descriptor;
}

static bool is_written(struct curl_transfer *transfer)
{
    long head = 0;
    curl_off_t uploaded = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &head);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    return head > 0 && (uint64_t)uploaded >= transfer->body_length;
}

/* False where the kernel does not tell. */
static bool read_acknowledged(int fd, uint64_t *bytes)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received)) {
        return false;
    }
    *bytes = info.tcpi_bytes_acked;
    return true;
}

/* What is on its way is read first: what is acknowledged meanwhile puts the
 * end too far, never too near. */
static bool is_acknowledged(struct curl_transfer *transfer)
{
    int fd = delivery_socket(transfer), on_way = 0;
    uint64_t acknowledged;

    if (fd < 0 || !is_written(transfer) || ioctl(fd, SIOCOUTQ, &on_way) != 0) {
        return false;
    }
    if (on_way == 0) {
        return true;
    }
    if (!transfer->engine->base.shape.http2 ||
        !read_acknowledged(fd, &acknowledged)) {
        return false;
    }
    if (transfer->now.ends_at == 0) {
        transfer->now.ends_at = acknowledged + (uint64_t)on_way;
    }
    return acknowledged >= transfer->now.ends_at;
}

bool delivery_is_complete(struct curl_transfer *transfer)
{
    const struct transfer_facts *facts = &transfer->base.facts;

    if (!transfer->now.is_delivered && transfer->now.sends > 0 &&
        transfer->on_multi) {
        transfer->now.is_delivered =
            (transfer->body_length == 0 &&
             (facts->is_answered || facts->interim > 0)) ||
            is_acknowledged(transfer);
    }
    return transfer->now.is_delivered;
}

void delivery_watch(struct curl_transfer *transfer)
{
    struct curl_engine *engine = transfer->engine;

    if (transfer->now.is_watched && !transfer->in_watched) {
        transfer->in_watched = true;
        transfer->next_watched = engine->watched;
        engine->watched = transfer;
    }
}

static bool is_unsettled(struct curl_transfer *transfer)
{
    return transfer->on_multi && transfer->now.is_watched &&
           !delivery_is_complete(transfer) && transfer->now.ends_at == 0;
}

void delivery_watch_all(struct curl_engine *engine)
{
    struct curl_transfer **at = &engine->watched;

    while (*at) {
        struct curl_transfer *transfer = *at;
        if (is_unsettled(transfer)) {
            at = &transfer->next_watched;
        } else {
            *at = transfer->next_watched;
            transfer->in_watched = false;
        }
    }
}
