/*
 * source_address: where connections come from.
 */
#ifndef SQUALL_ENGINE_CURL_SOURCE_ADDRESS_H
#define SQUALL_ENGINE_CURL_SOURCE_ADDRESS_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>

/* Whether this machine has them all: addresses that can be bound, or network
 * devices. Adds an error for each that it has not. */
bool source_address_check(const struct target_config *target,
                          struct errors *errors);

#endif
