/* native_transfer: one attempt on a connection: it finds one or opens one, its
 * request goes out, its answer comes in, and it ends. */
#ifndef SQUALL_ENGINE_NATIVE_NATIVE_TRANSFER_H
#define SQUALL_ENGINE_NATIVE_NATIVE_TRANSFER_H

#include "engine/native/native_inside.h"

/* It will start with the next turn. */
void native_transfer_begin(struct native_transfer *transfer,
                           const struct transfer_order *order);

/* Starts all that were begun before the call. */
void native_transfer_start_all(struct native_engine *engine);

/* Ends it without a word to the host. */
void native_transfer_stop(struct native_transfer *transfer,
                          enum transfer_stop how);

/* What epoll told of a connection. */
void native_transfer_event(struct native_conn *conn, uint32_t events);

/* Goes on to read a connection of which a turn left some. */
void native_transfer_read_on(struct native_conn *conn);

/* Slow readers whose time has come read on. */
void native_transfer_slow_due(struct native_engine *engine);

/* Ends those that had no connection in time, as far as all was read that came
 * by then. */
void native_transfer_give_up_connecting(struct native_engine *engine);

bool native_transfer_is_delivered(struct native_transfer *transfer);

#endif
