#include "engine/curl/transfer_fault.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/curl/delivery.h"
#include "engine/curl/engine_curl_inside.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Half of the body, and then nothing more, as of a network that is gone. */
static size_t read_torn(char *buffer, size_t size, size_t count, void *user)
{
    struct curl_transfer *transfer = user;
    size_t left = transfer->body_length - transfer->now.torn_at;
    size_t bytes = size * count < left ? size * count : left;

    if (bytes == 0) {
        return CURL_READFUNC_PAUSE;
    }
    memcpy(buffer, transfer->body + transfer->now.torn_at, bytes);
    transfer->now.torn_at += bytes;
    return bytes;
}

/* The length stays that of the whole body, as far as the service knows. */
static void set_torn_body(struct curl_transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)transfer->body_length);
    curl_easy_setopt(transfer->easy, CURLOPT_READFUNCTION, read_torn);
    curl_easy_setopt(transfer->easy, CURLOPT_READDATA, transfer);
    transfer->body_length /= 2;
    transfer->now.torn_at = 0;
    transfer->base.facts.is_torn = true;
    transfer->configured_for_torn = true;
}

void transfer_set_closing(struct curl_transfer *transfer, bool closes)
{
    if (transfer->closes != closes) {
        curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE,
                         closes ? 1L : 0L);
        transfer->closes = closes;
    }
}

void transfer_fault_set(struct curl_transfer *transfer,
                        const struct transfer_order *order)
{
    if (order->tears && transfer->body_length > 0) {
        set_torn_body(transfer);
    }
    bool streams = transfer->engine->base.plan->target.http == HTTP_2;
    transfer_set_closing(transfer, order->closes && !streams);
    transfer->now.is_watched =
        order->closes && transfer->engine->base.shape.http2;
    transfer->now.slow_rate = order->slow_rate;
}

bool transfer_fault_may_read(struct curl_transfer *transfer, size_t bytes)
{
    double read = (double)(transfer->now.slow_bytes + bytes);
    double seconds = read / (double)transfer->now.slow_rate;
    int64_t ns = seconds < 1e6 ? (int64_t)(seconds * NS_PER_S)
                               : INT64_C(1000000) * NS_PER_S;

    struct instant until =
        instant_add(transfer->base.facts.first_byte, (struct duration){ns});
    if (instant_before(clock_now(), until)) {
        heap_set(&transfer->engine->slow, &transfer->slow, until);
        transfer->base.facts.was_slowed = true;
        return false;
    }
    transfer->now.slow_bytes += bytes;
    return true;
}

static struct curl_transfer *of_slow(struct heap_node *node)
{
    return (
        struct curl_transfer *)(void *)((char *)node -
                                        offsetof(struct curl_transfer, slow));
}

void transfer_fault_read_on(struct curl_engine *engine)
{
    struct heap_node *node;

    if (engine->slow.count == 0) {
        return;
    }
    struct instant now = clock_now();
    while ((node = heap_pop_due(&engine->slow, now))) {
        must(of_slow(node)->on_multi);
        curl_easy_pause(of_slow(node)->easy, CURLPAUSE_CONT);
    }
}

void transfer_fault_break(struct curl_transfer *transfer)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (transfer->on_multi &&
        transfer->engine->base.plan->target.http != HTTP_2) {
        int fd = delivery_socket(transfer);
        if (fd >= 0) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        }
    }
}
