/* addresses: those that connections go to, and come from. */
#ifndef SQUALL_ENGINE_NATIVE_ADDRESSES_H
#define SQUALL_ENGINE_NATIVE_ADDRESSES_H

#include "engine/native/native_inside.h"

/* Where the plan's target is: looks its name up and tries to reach it, as
 * engine/curl/route.h says. The texts go to engine->base.place. False after
 * adding an error. */
bool addresses_find(struct native_engine *engine, struct errors *errors);

/* Those that another worker found are used. */
void addresses_share(struct native_engine *engine,
                     const struct native_engine *first);

/* Whether target.interface has an address, and not the name of a device. */
bool addresses_is_literal(const char *text);

#endif
