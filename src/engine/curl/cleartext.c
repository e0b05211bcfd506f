#include "engine/curl/cleartext.h"

#include "engine/curl/transfer_multi.h"

#include "base/must.h"
#include "engine/curl/engine_curl_inside.h"
#include "plan/address.h"

#include <strings.h>

/* The releases with the fault. */
enum { FAULTY_FROM = 0x075800, FAULTY_BEFORE = 0x080000 };

bool cleartext_is_needed(const struct target_config *target)
{
    unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
    bool socks = !target->proxy || strncasecmp(target->proxy, "socks", 5) == 0;
    return target->http == HTTP_2 && target->url && socks &&
           !address_is_tls(target->url) && version >= FAULTY_FROM &&
           version < FAULTY_BEFORE;
}

static struct cleartext_pool *pool_of(const struct curl_transfer *transfer)
{
    return &transfer->engine->cleartext[transfer->base.pool];
}

static bool hand_over(struct curl_transfer *transfer, enum cleartext_role role)
{
    bool opens = role == CLEARTEXT_OPENS;

    curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION,
                     opens ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                           : (long)CURL_HTTP_VERSION_2_0);
    curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, opens ? 1L : 0L);
    curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, 0L);
    transfer->cleartext.role = role;
    transfer->cleartext.found_none = false;
    if (!transfer_add(transfer)) {
        transfer->cleartext.role = CLEARTEXT_NONE;
        return false;
    }
    if (opens) {
        pool_of(transfer)->opener = transfer;
    }
    return true;
}

static void make_wait(struct curl_transfer *transfer)
{
    struct cleartext_pool *pool = pool_of(transfer);

    transfer->cleartext.role = CLEARTEXT_WAITS;
    transfer->cleartext.next = NULL;
    if (!pool->waiting) {
        pool->waiting_tail = &pool->waiting;
    }
    *pool->waiting_tail = transfer;
    pool->waiting_tail = &transfer->cleartext.next;
}

static void stop_waiting(struct curl_transfer *transfer)
{
    struct cleartext_pool *pool = pool_of(transfer);
    struct curl_transfer **at = &pool->waiting;

    while (*at != transfer) {
        must(*at);
        at = &(*at)->cleartext.next;
    }
    *at = transfer->cleartext.next;
    if (pool->waiting_tail == &transfer->cleartext.next) {
        pool->waiting_tail = at;
    }
}

/* The way is free for those that wait. */
static void opener_is_through(struct curl_transfer *transfer)
{
    pool_of(transfer)->opener = NULL;
    if (pool_of(transfer)->waiting) {
        transfer->engine->waiting_may_begin = true;
        engine_hurry(&transfer->engine->base);
    }
}

bool cleartext_begin(struct curl_transfer *transfer)
{
    if (pool_of(transfer)->opener) {
        make_wait(transfer);
        return true;
    }
    return hand_over(transfer, CLEARTEXT_JOINS);
}

bool cleartext_may_open(struct curl_transfer *transfer)
{
    transfer->cleartext.found_none =
        transfer->cleartext.role == CLEARTEXT_JOINS;
    return !transfer->cleartext.found_none;
}

void cleartext_sent(struct curl_transfer *transfer)
{
    if (pool_of(transfer)->opener == transfer) {
        opener_is_through(transfer);
    }
}

bool cleartext_goes_on(struct curl_transfer *transfer)
{
    if (!transfer->cleartext.found_none) {
        return false;
    }
    cleartext_end(transfer);
    transfer_remove(transfer);
    if (pool_of(transfer)->opener) {
        make_wait(transfer);
        return true;
    }
    return hand_over(transfer, CLEARTEXT_OPENS);
}

void cleartext_end(struct curl_transfer *transfer)
{
    if (transfer->cleartext.role == CLEARTEXT_WAITS) {
        stop_waiting(transfer);
    } else if (pool_of(transfer)->opener == transfer) {
        opener_is_through(transfer);
    }
    transfer->cleartext.role = CLEARTEXT_NONE;
    transfer->cleartext.found_none = false;
}

static void begin_waiting(struct cleartext_pool *pool)
{
    while (pool->waiting && !pool->opener) {
        struct curl_transfer *transfer = pool->waiting;
        pool->waiting = transfer->cleartext.next;
        if (!hand_over(transfer, CLEARTEXT_JOINS)) {
            transfer->cleartext.next = pool->waiting;
            transfer->cleartext.role = CLEARTEXT_WAITS;
            pool->waiting = transfer;
            return;
        }
    }
}

void cleartext_turn(struct curl_engine *engine)
{
    if (!engine->waiting_may_begin) {
        return;
    }
    engine->waiting_may_begin = false;
    for (size_t i = 0; i < engine->base.shape.pools; i++) {
        begin_waiting(&engine->cleartext[i]);
    }
}
