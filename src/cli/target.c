/* squall target: serves the embedded target until it is interrupted. */
#include "base/must.h"
#include "base/str.h"
#include "base/units.h"
#include "cli/invocation.h"
#include "cli/start.h"
#include "service/server.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
    CONNECTIONS_DEFAULT = 10000,
    DESCRIPTORS_BESIDE = 32, /* that are not connections */
};

static struct plan *read_plan(const struct invocation *invocation,
                              struct errors *errors)
{
    struct plan_input input = invocation->input;
    input.run = start_number();
    if (!input.has_seed) {
        input.has_seed = true;
        input.seed = start_seed();
    }
    return plan_read(&input, errors);
}

/* Every connection takes a descriptor: raises the limit as far as allowed.
 * What was asked for must fit, the default is lowered. */
static bool fit_connections(uint64_t asked, uint64_t *connections,
                            struct errors *errors)
{
    struct rlimit limit;
    *connections = asked ? asked : CONNECTIONS_DEFAULT;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return true;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    uint64_t room = limit.rlim_cur > DESCRIPTORS_BESIDE
                        ? (uint64_t)limit.rlim_cur - DESCRIPTORS_BESIDE
                        : 0;
    if (asked > room) {
        struct error *error = errors_add(
            errors, ERROR_NO_RESOURCE,
            "%llu connections need more descriptors than the limit of %llu",
            (unsigned long long)asked, (unsigned long long)limit.rlim_cur);
        error_hint(error,
                   "raise it with ulimit -n, or write "
                   "--max-connections %llu",
                   (unsigned long long)room);
        return false;
    }
    *connections = *connections < room ? *connections : room;
    return true;
}

/* The URL is the first line, so that a script can read it and begin. */
static void announce(const struct invocation *invocation,
                     const struct plan *plan, const struct server *server)
{
    printf(invocation->json ? "{\"url\": \"%s\"}\n" : "%s\n",
           server_url(server));
    fflush(stdout);
    start_note(invocation,
               "POST /orders places an order, GET /ledger lists what was "
               "done; ^C ends (seed %llu)",
               (unsigned long long)plan->seed);
}

static void note_counts(const struct invocation *invocation,
                        const struct server_counts *counts)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"requests", counts->requests},   {"orders", counts->orders},
        {"effects", counts->effects},     {"replays", counts->replays},
        {"conflicts", counts->conflicts}, {"shed", counts->shed},
        {"abandoned", counts->abandoned},
    };
    struct str line = STR_INIT;

    for (size_t i = 0; i < array_length(rows); i++) {
        str_append(&line, i > 0 ? ", " : "");
        if (invocation->json) {
            str_printf(&line, "\"%s\": %llu", rows[i].name,
                       (unsigned long long)rows[i].value);
        } else {
            units_format_count(&line, rows[i].value);
            str_printf(&line, " %s", rows[i].name);
        }
    }
    if (invocation->json) {
        printf("{%s}\n", line.text);
    } else {
        start_note(invocation, "%s", line.text);
    }
    str_release(&line);
}

static bool serve(const struct invocation *invocation, const struct plan *plan,
                  struct errors *errors)
{
    struct server_options options = {
        .listen = invocation->listen,
        .port = invocation->port,
        .seed = plan->seed,
    };
    struct server_counts counts;
    sigset_t ends;
    int signal_number;

    if (!fit_connections(invocation->max_connections, &options.connections,
                         errors)) {
        return false;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct server *server = server_start(&plan->service, &options, errors);
    if (!server) {
        return false;
    }
    announce(invocation, plan, server);
    (void)sigwait(&ends, &signal_number);
    server_counts(server, &counts);
    server_stop(server);
    note_counts(invocation, &counts);
    return true;
}

int command_target(const struct invocation *invocation)
{
    struct errors errors = ERRORS_INIT;
    struct plan *plan = read_plan(invocation, &errors);

    if (plan) {
        (void)serve(invocation, plan, &errors);
        plan_free(plan);
    }
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
