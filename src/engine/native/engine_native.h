/*
 * engine_native: HTTP/1.1 on squall's own connections.
 *
 * One worker's engine has one epoll, in which each connection is registered
 * once, edge-triggered, when it is opened; a connection (connection.h) for
 * each transfer that may be under way at once, in pools as the host wants
 * them; and each transfer (native_transfer.h) has one while its request goes
 * out and its answer is read by h1.h. Names are looked up by the first worker
 * of a run, for all (engine/curl/route.h). What this engine cannot do is a row
 * of native_cannot.def.
 */
#ifndef SQUALL_ENGINE_NATIVE_ENGINE_NATIVE_H
#define SQUALL_ENGINE_NATIVE_ENGINE_NATIVE_H

#include "engine/engine.h"

extern const struct engine_type engine_native;

/* The library that finds where answers end, as "llhttp 8.1.0". */
const char *engine_native_libraries(void);

#endif
