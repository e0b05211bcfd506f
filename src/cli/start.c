#include "cli/start.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

void start_note(const struct invocation *invocation, const char *format, ...)
{
    if (invocation->quiet) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    fputs("squall: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

uint64_t start_number(void)
{
    uint64_t number = 0;
    while (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    }
    return number;
}

struct server *start_target(const struct invocation *invocation,
                            struct plan *plan, uint64_t connections,
                            const char *doing, struct errors *errors)
{
    struct server_options options = {
        .listen = "127.0.0.1",
        .connections = connections,
        .seed = plan->seed,
    };
    struct server *server = server_start(&plan->service, &options, errors);
    if (!server) {
        return NULL;
    }
    if (!plan_set_target(plan, server_url(server), errors)) {
        server_stop(server);
        return NULL;
    }
    start_note(invocation, "no URL given: %s the embedded target at %s",
               doing, server_url(server));
    return server;
}
