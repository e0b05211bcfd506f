#include "load/share.h"

#include "base/must.h"

uint64_t share_of(uint64_t total, uint64_t worker, uint64_t workers)
{
    must(worker < workers);
    return total / workers + (worker < total % workers ? 1 : 0);
}

uint64_t share_before(uint64_t total, uint64_t worker, uint64_t workers)
{
    must(worker <= workers);
    uint64_t larger = total % workers;
    return worker * (total / workers) + (worker < larger ? worker : larger);
}

uint64_t share_of_connections(const struct load_config *load, uint64_t worker,
                              uint64_t workers)
{
    if (load->pool == POOL_SHARED) {
        return share_of(load->connections, worker, workers);
    }
    /* Larger shares go to the first, so that the shares of a row of clients
     * are what their sum comes to when it is split again. */
    uint64_t first = share_before(load->clients, worker, workers);
    uint64_t end = first + share_of(load->clients, worker, workers);
    return share_before(load->connections, end, load->clients) -
           share_before(load->connections, first, load->clients);
}
