#include "transport/cleartext.h"

#include "base/must.h"
#include "transport/wire.h"

#include <strings.h>

/* The releases with the fault. */
enum { FAULTY_FROM = 0x075800, FAULTY_BEFORE = 0x080000 };

bool cleartext_is_needed(const struct target_config *target)
{
    unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
    bool socks =
        !target->proxy || strncasecmp(target->proxy, "socks", 5) == 0;
    return target->http == HTTP_2 && target->url && socks &&
           strncasecmp(target->url, "https:", 6) != 0 &&
           version >= FAULTY_FROM && version < FAULTY_BEFORE;
}

static bool hand_over(struct wire *wire, enum cleartext_role role)
{
    bool opens = role == CLEARTEXT_OPENS;

    curl_easy_setopt(wire->easy, CURLOPT_HTTP_VERSION,
                     opens ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                           : (long)CURL_HTTP_VERSION_2_0);
    curl_easy_setopt(wire->easy, CURLOPT_FRESH_CONNECT, opens ? 1L : 0L);
    curl_easy_setopt(wire->easy, CURLOPT_PIPEWAIT, 0L);
    wire->cleartext.role = role;
    wire->cleartext.found_none = false;
    if (!wire_add(wire)) {
        wire->cleartext.role = CLEARTEXT_NONE;
        return false;
    }
    if (opens) {
        wire->pool->cleartext.opener = wire;
    }
    return true;
}

static void make_wait(struct wire *wire)
{
    struct cleartext_pool *pool = &wire->pool->cleartext;

    wire->cleartext.role = CLEARTEXT_WAITS;
    wire->cleartext.next = NULL;
    if (!pool->waiting) {
        pool->waiting_tail = &pool->waiting;
    }
    *pool->waiting_tail = wire;
    pool->waiting_tail = &wire->cleartext.next;
}

static void stop_waiting(struct wire *wire)
{
    struct cleartext_pool *pool = &wire->pool->cleartext;
    struct wire **at = &pool->waiting;

    while (*at != wire) {
        must(*at);
        at = &(*at)->cleartext.next;
    }
    *at = wire->cleartext.next;
    if (pool->waiting_tail == &wire->cleartext.next) {
        pool->waiting_tail = at;
    }
}

/* The way is free for those that wait. */
static void opener_is_through(struct wire *wire)
{
    wire->pool->cleartext.opener = NULL;
    if (wire->pool->cleartext.waiting) {
        wire->set->waiting_may_begin = true;
        loop_hurry(wire->set->loop);
    }
}

bool cleartext_begin(struct wire *wire)
{
    if (wire->pool->cleartext.opener) {
        make_wait(wire);
        return true;
    }
    return hand_over(wire, CLEARTEXT_JOINS);
}

bool cleartext_may_open(struct wire *wire)
{
    wire->cleartext.found_none = wire->cleartext.role == CLEARTEXT_JOINS;
    return !wire->cleartext.found_none;
}

void cleartext_sent(struct wire *wire)
{
    if (wire->pool->cleartext.opener == wire) {
        opener_is_through(wire);
    }
}

bool cleartext_goes_on(struct wire *wire)
{
    if (!wire->cleartext.found_none) {
        return false;
    }
    wire_stop(wire);
    if (wire->pool->cleartext.opener) {
        make_wait(wire);
        return true;
    }
    return hand_over(wire, CLEARTEXT_OPENS);
}

void cleartext_end(struct wire *wire)
{
    if (wire->cleartext.role == CLEARTEXT_WAITS) {
        stop_waiting(wire);
    } else if (wire->pool->cleartext.opener == wire) {
        opener_is_through(wire);
    }
    wire->cleartext.role = CLEARTEXT_NONE;
    wire->cleartext.found_none = false;
}

static void begin_waiting(struct cleartext_pool *pool)
{
    while (pool->waiting && !pool->opener) {
        struct wire *wire = pool->waiting;
        pool->waiting = wire->cleartext.next;
        if (!hand_over(wire, CLEARTEXT_JOINS)) {
            wire->cleartext.next = pool->waiting;
            wire->cleartext.role = CLEARTEXT_WAITS;
            pool->waiting = wire;
            return;
        }
    }
}

void cleartext_turn(struct wires *wires)
{
    if (!wires->waiting_may_begin) {
        return;
    }
    wires->waiting_may_begin = false;
    for (size_t i = 0; i < wires->pool_count; i++) {
        begin_waiting(&wires->pools[i].cleartext);
    }
}
