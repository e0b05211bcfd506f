#include "run/embedded.h"

struct server *embedded_start(struct plan *plan, uint64_t connections,
                              struct errors *errors)
{
    struct server_options options = {
        .listen = "127.0.0.1",
        .connections = connections,
        .seed = plan->seed,
    };
    struct server *server = server_start(&plan->service, &options, errors);

    if (server && !plan_set_target(plan, server_url(server), errors)) {
        server_stop(server);
        return NULL;
    }
    return server;
}
