#include "engine/curl/transfer_multi.h"

#include "engine/clock.h"
#include "engine/curl/engine_curl_inside.h"

bool transfer_add(struct curl_transfer *transfer)
{
    struct curl_engine *engine = transfer->engine;
    struct duration limit = engine->base.plan->policy.timeout.connect;

    transfer->on_multi =
        curl_multi_add_handle(transfer->multi, transfer->easy) == CURLM_OK;
    if (transfer->on_multi && limit.ns != DURATION_FOREVER.ns) {
        heap_set(&engine->connecting, &transfer->connecting,
                 instant_add(clock_now(), limit));
    }
    return transfer->on_multi;
}

void transfer_remove(struct curl_transfer *transfer)
{
    if (transfer->on_multi) {
        curl_multi_remove_handle(transfer->multi, transfer->easy);
        transfer->on_multi = false;
    }
    heap_remove(&transfer->engine->connecting, &transfer->connecting);
}
