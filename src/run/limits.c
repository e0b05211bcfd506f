#include "run/limits.h"

/* A default that is lowered to less than this is worth a note. */
enum { CONNECTIONS_FEW = 1000 };

static void fit_connections(struct plan *plan,
                            const struct engine_type *engine, uint64_t sides,
                            const struct run_observer *observer)
{
    struct load_config *load = &plan->load;
    uint64_t room;

    engine->fits(plan, sides, &room, NULL);
    if (load->pool == POOL_PER_CLIENT && room < load->clients) {
        room = load->clients; /* each needs one */
    }
    if (load->connections <= room || load->connections_given) {
        return;
    }
    if (room < CONNECTIONS_FEW) {
        observer_note(observer,
                      "at most %llu connections: that is what the limit of "
                      "descriptors allows",
                      (unsigned long long)room);
    }
    plan_lower_connections(plan, room);
}

static void fit_threads(struct plan *plan, const struct run_observer *observer)
{
    const struct load_config *load = &plan->load;
    uint64_t most = load->connections < load->max_in_flight
                        ? load->connections
                        : load->max_in_flight;
    if (load->threads > most) {
        observer_note(observer, "%llu threads: there is no work for more",
                      (unsigned long long)most);
        plan_lower_threads(plan, most);
    }
}

bool limits_fit(struct plan *plan, const struct engine_type *engine,
                uint64_t sides, const struct run_observer *observer,
                struct errors *errors)
{
    uint64_t room;

    fit_connections(plan, engine, sides, observer);
    fit_threads(plan, observer);
    return engine->fits(plan, sides, &room, errors);
}
