/* service_side: what happens at the service's end of an exchange. */
#ifndef SQUALL_ENGINE_VIRTUAL_SERVICE_SIDE_H
#define SQUALL_ENGINE_VIRTUAL_SERVICE_SIDE_H

#include "engine/virtual/exchange.h"

/* The request is there, whole or a part of it. */
void service_side_arrive(struct exchange *exchange);

/* Its caller has gone, and the service sees that now. */
void service_side_depart(struct exchange *exchange);

/* The answer goes out. */
void service_side_leave(struct exchange *exchange);

#endif
