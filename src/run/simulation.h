/*
 * simulation: a run in virtual time, against a model of the embedded service.
 *
 * The plan's `service` is modelled in this thread behind a virtual engine. No
 * socket is opened, nobody waits, and one seed makes one result. The ledger
 * is the model's own, read when all that was sent has arrived.
 */
#ifndef SQUALL_RUN_SIMULATION_H
#define SQUALL_RUN_SIMULATION_H

#include "base/error.h"
#include "effects/effects_join.h"
#include "engine/virtual/engine_virtual.h"
#include "engine/virtual/virtual_model.h"
#include "plan/plan.h"

struct simulation {
    struct virtual_model model;
    struct virtual_settings settings; /* of the engine */
    bool ledger_is_by_key;            /* ledger.url asks for ?by=key */
};

/* `network` is what the settings say of the network and the clock; its service
 * is not looked at. A plan without a URL gets one that no host has. False
 * after adding an error; release only after true. */
bool simulation_init(struct simulation *simulation, struct plan *plan,
                     const struct virtual_settings *network,
                     struct errors *errors);
void simulation_release(struct simulation *simulation);

/* After the engine has hung up: feeds the ledger to the join. False after
 * adding an error. */
bool simulation_read_ledger(struct simulation *simulation,
                            struct effects_join *join, struct errors *errors);

#endif
