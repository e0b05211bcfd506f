/*
 * fault_list: the faults of the embedded target as JSON, for changing them
 * while it runs; the same members as service.faults of a profile.
 */
#ifndef SQUALL_SERVICE_FAULT_LIST_H
#define SQUALL_SERVICE_FAULT_LIST_H

#include "base/error.h"
#include "base/str.h"
#include "model/service.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads a JSON list such as [{"kind": "error", "ratio": "10%"}] into at most
 * SERVICE_FAULTS_MAX faults. On failure adds an error for each thing that is
 * wrong. */
bool fault_list_read(const char *text, size_t length,
                     struct service_fault_config *faults, size_t *count,
                     struct errors *errors);

/* Appends the list; what it says reads back to the same faults. */
void fault_list_append(struct str *out,
                       const struct service_fault_config *faults,
                       size_t count);

#endif
