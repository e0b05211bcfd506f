/*
 * virtual_model: the modelled service (model/orders.h) behind a virtual
 * engine: it answers what the embedded target answers over a socket, by the
 * same code. /faults is no resource of its own here: its faults are those that
 * it was made with.
 */
#ifndef SQUALL_ENGINE_VIRTUAL_VIRTUAL_MODEL_H
#define SQUALL_ENGINE_VIRTUAL_VIRTUAL_MODEL_H

#include "base/str.h"
#include "engine/virtual/virtual_service.h"
#include "model/orders.h"

#include <stdint.h>

struct virtual_model {
    struct orders orders;
    struct service_answer answer; /* the latest */
    struct str page;              /* a longer one */
};

/* Its time begins at 0 of the engine's clock. The config must pass
 * service_config_check. Stays in place until it is released. */
void virtual_model_init(struct virtual_model *model,
                        const struct service_config *config, uint64_t seed);
void virtual_model_release(struct virtual_model *model);

/* For virtual_settings; borrows the model. */
struct virtual_service virtual_model_service(struct virtual_model *model);

/* After the engine has hung up: ends what is still being served. */
void virtual_model_end(struct virtual_model *model);

#endif
