/* wire_fault: what a client-side fault does to one transfer of libcurl: a body
 * that breaks off, an answer that is read slowly, a connection that is reset.
 * When it happens is strike's to say. */
#ifndef SQUALL_TRANSPORT_WIRE_FAULT_H
#define SQUALL_TRANSPORT_WIRE_FAULT_H

#include "transport/wire.h"

/* Sets what the wire's fault, if any, asks of a transfer that has all other
 * options and is not under way. */
void wire_fault_set(struct wire *wire);

/* Of a slow reader: whether so many bytes of a body may be read by now. If
 * not, *until says when, on the clock of clock_now. */
bool wire_fault_may_read(struct wire *wire, size_t bytes,
                         struct instant *until);

/* Goes on with an answer that was held back. */
void wire_fault_read_on(struct wire *wire);

/* Takes a torn request from libcurl: HTTP/1.1 resets the connection, HTTP/2
 * the stream. */
void wire_fault_tear(struct wire *wire);

#endif
