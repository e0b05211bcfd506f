/* client_side: what happens at the client's end of an exchange: connections of
 * a pool, sending, and reading the answer. */
#ifndef SQUALL_ENGINE_VIRTUAL_CLIENT_SIDE_H
#define SQUALL_ENGINE_VIRTUAL_CLIENT_SIDE_H

#include "engine/virtual/exchange.h"

/* When the transfer, which has begun, has a connection, or has none. */
struct instant client_side_connect(struct virtual_transfer *transfer);

/* Its connection, of HTTP/1.1, may be used again. */
void client_side_put_back(struct virtual_transfer *transfer);

/* It has its connection: sends the request, or ends where there is none. */
void client_side_send(struct virtual_transfer *transfer);

/* The answer is there, or the rest of it is to be read. */
void client_side_take_answer(struct virtual_transfer *transfer);

#endif
