/*
 * resource: what the modelled service has under which path, and by which
 * methods it is asked.
 */
#ifndef SQUALL_MODEL_RESOURCE_H
#define SQUALL_MODEL_RESOURCE_H

#include "model/answer.h"

#include <stdbool.h>

enum resource {
    RESOURCE_ORDERS,
    RESOURCE_REFUNDS,
    RESOURCE_LEDGER,
    RESOURCE_HEALTH,
    RESOURCE_RESET,
    RESOURCE_SHOW_FAULTS,
    RESOURCE_SET_FAULTS
};

enum { RESOURCE_COUNT = RESOURCE_SET_FAULTS + 1 };

/* Finds it by the path, without a query. False: the answer says it already:
 * 404, or 405 and which methods are answered; or a redirect, which any method
 * gets of "/redirect/STATUS/PATH", to "/PATH", and of "/redirect/STATUS", to
 * itself for ever. It may refer to the path. HEAD is as GET. */
bool resource_find(const char *path, const char *method,
                   enum resource *resource, struct service_answer *answer);

#endif
