#include "transport/wire_fault.h"

#include "base/must.h"
#include "transport/clock.h"

#include <string.h>
#include <sys/socket.h>

/* Half of the body, and then nothing more, as of a network that is gone. */
static size_t read_torn(char *buffer, size_t size, size_t count, void *user)
{
    struct wire *wire = user;
    size_t left = wire->body_length - wire->torn_at;
    size_t bytes = size * count < left ? size * count : left;

    if (bytes == 0) {
        return CURL_READFUNC_PAUSE;
    }
    memcpy(buffer, wire->body_bytes + wire->torn_at, bytes);
    wire->torn_at += bytes;
    return bytes;
}

/* The length stays that of the whole body, as far as the service is told. */
static void set_torn_body(struct wire *wire)
{
    curl_easy_setopt(wire->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(wire->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)wire->body_length);
    curl_easy_setopt(wire->easy, CURLOPT_READFUNCTION, read_torn);
    curl_easy_setopt(wire->easy, CURLOPT_READDATA, wire);
    wire->body_length /= 2;
    wire->torn_at = 0;
    wire->is_torn = true;
    wire->configured_for_torn = true;
}

void wire_fault_set(struct wire *wire)
{
    const struct fault_config *fault = wire->fault;
    bool cuts = fault && (fault->kind == FAULT_LOST_RESPONSE ||
                          fault->kind == FAULT_TORN_REQUEST);

    if (cuts && fault->kind == FAULT_TORN_REQUEST && wire->body_length > 0) {
        set_torn_body(wire);
    }
    /* A caller that lost an answer does not use its connection again; of
     * HTTP/2 only the stream is lost. */
    bool streams = wire->set->plan->target.http == HTTP_2;
    curl_easy_setopt(wire->easy, CURLOPT_FORBID_REUSE,
                     cuts && !streams ? 1L : 0L);
}

bool wire_fault_may_read(struct wire *wire, size_t bytes,
                         struct instant *until)
{
    double read = (double)(wire->slow_bytes + bytes);
    double seconds = read / (double)wire->fault->rate;
    int64_t ns = seconds < 1e6 ? (int64_t)(seconds * NS_PER_S)
                               : INT64_C(1000000) * NS_PER_S;

    *until = instant_add(wire->first_byte, (struct duration){ns});
    if (instant_before(clock_now(), *until)) {
        wire->was_slowed = true;
        return false;
    }
    wire->slow_bytes += bytes;
    return true;
}

void wire_fault_read_on(struct wire *wire)
{
    must(wire->on_multi);
    curl_easy_pause(wire->easy, CURLPAUSE_CONT);
}

void wire_fault_tear(struct wire *wire)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (wire->on_multi && wire->set->plan->target.http != HTTP_2) {
        int fd = wire_socket(wire);
        if (fd >= 0) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        }
    }
    wire_stop(wire);
}
