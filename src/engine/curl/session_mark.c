#include "engine/curl/session_mark.h"

#include "engine/curl/engine_curl_inside.h"

typedef void marking(struct curl_transfer *transfer);

static void mark_broken(struct curl_transfer *transfer)
{
    transfer->now.is_broken = true;
}

static void mark_closed(struct curl_transfer *transfer)
{
    transfer->now.is_closed = true;
}

/* All that are under way on its connection, itself included. */
static void mark_all(struct curl_transfer *transfer, marking *mark)
{
    struct curl_engine *engine = transfer->engine;

    for (size_t i = 0; i < engine->base.shape.transfers; i++) {
        struct curl_transfer *other = &engine->transfers[i];
        if (other->on_multi && other->now.sends > 0 &&
            other->now.local_port == transfer->now.local_port) {
            mark(other);
        }
    }
}

void session_mark_broken(struct curl_transfer *transfer)
{
    mark_all(transfer, mark_broken);
}

void session_mark_closed(struct curl_transfer *transfer)
{
    if (transfer->now.sends > 0) {
        mark_all(transfer, mark_closed);
    }
}
