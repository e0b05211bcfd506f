/*
 * connection: its states, its pool, its socket. What is said on it is
 * the affair of native_transfer.h.
 *
 *   closed --dial--> dialling --(secure)--> securing --serve--> busy --rest-->
 * idle
 *      ^----------------'----------------------'----------------' '<--serve--'
 */
#ifndef SQUALL_ENGINE_NATIVE_CONNECTION_H
#define SQUALL_ENGINE_NATIVE_CONNECTION_H

#include "engine/native/native_inside.h"

/* Deals connections to the pools, as transfers are dealt. */
void connection_init_all(struct native_engine *engine);

/* The connection of a pool that served last and can serve again, or NULL;
 * those that cannot are closed on the way. */
struct native_conn *connection_take_idle(struct native_engine *engine,
                                         size_t pool);

/* One that is closed; as many as there are transfers, there always is one. */
struct native_conn *connection_take_closed(struct native_engine *engine,
                                           size_t pool);

/* Begins to connect it to its address: CONN_DIALLING. 0, or an errno: it is
 * CONN_CLOSED, and still taken. */
int connection_dial(struct native_conn *conn);

/* Something was told of one that is dialled: 0: it is connected; an errno;
 * EINPROGRESS: not yet. */
int connection_dialled(const struct native_conn *conn);

/* It is connected: where the target speaks TLS, that begins. False: no memory.
 */
bool connection_secure(struct native_conn *conn);

/* It serves a transfer; it is idle. */
void connection_serve(struct native_conn *conn,
                      struct native_transfer *transfer);
void connection_rest(struct native_conn *conn);

/* Closes it and gives it back to its pool. `resets`: as a network that
 * breaks. */
void connection_close(struct native_conn *conn, bool resets);

/* Closes the socket of one that is dialled, to try another. */
void connection_hang_up(struct native_conn *conn);

/* Bytes of what is said on it; 0: its end; or an errno below 0: EAGAIN: not
 * now, EPROTO: as TLS says. */
ssize_t connection_read(struct native_conn *conn, char *bytes, size_t size);
ssize_t connection_write(struct native_conn *conn,
                         const struct request_bytes *bytes);

/* What such an errno means, in words. */
const char *connection_problem(const struct native_conn *conn, int failed);

/* Its peer has sent nothing that was not read, and not closed it. */
bool connection_is_quiet(const struct native_conn *conn);

/* The same of one that was read just now, and whether that filled the room
 * that there was. */
bool connection_is_read_out(const struct native_conn *conn, bool was_full);

/* All that was written was acknowledged by the peer's kernel; of a Unix
 * socket, read by the peer. */
bool connection_is_acknowledged(const struct native_conn *conn);

/* It is read on in the next turn; it is not. */
void connection_make_ready(struct native_conn *conn);
void connection_make_unready(struct native_conn *conn);

#endif
