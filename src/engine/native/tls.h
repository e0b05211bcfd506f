/*
 * tls: TLS on a connection, by OpenSSL, in steps that never wait.
 *
 * One context a run. A service is verified as libcurl does it: by the
 * certificates of target.tls.ca, or those that libcurl trusts, and by the name
 * of the URL or target.tls.server_name. A session is taken up again within a
 * pool, and by no other client.
 *
 * What has come may lie in OpenSSL while the socket has nothing more: who
 * reads reads until TLS_WAITS, or has what it wanted.
 */
#ifndef SQUALL_ENGINE_NATIVE_TLS_H
#define SQUALL_ENGINE_NATIVE_TLS_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_context;
struct tls;

/* The last session of a pool. */
struct tls_session {
    struct ssl_session_st *newest; /* NULL: there is none */
};

enum {
    TLS_WAITS = -1, /* for the socket */
    TLS_FAILED = -2 /* tls_problem says why */
};

/* NULL after adding an error. */
struct tls_context *tls_context_new(const struct plan *plan,
                                    struct errors *errors);
/* For another worker of the run: to be released too. */
struct tls_context *tls_context_share(struct tls_context *context);
void tls_context_release(struct tls_context *context);
void tls_session_release(struct tls_session *session);

/* On a socket that is connected; the session stays where it is as long as it.
 * NULL: no memory. */
struct tls *tls_new(struct tls_context *context, int fd,
                    struct tls_session *session);
/* Without a word to the service. */
void tls_free(struct tls *tls);

/* 0: the two have agreed, and the service is who it should be. */
int tls_handshake(struct tls *tls);

/* Bytes read, 0 at the proper end, or TLS_WAITS or TLS_FAILED. What could not
 * be written is to be given again, the same bytes from the same one on. */
ssize_t tls_read(struct tls *tls, char *bytes, size_t size);
ssize_t tls_write(struct tls *tls, const char *bytes, size_t size);

/* Bytes were taken from the socket that nobody has read yet. */
bool tls_has_rest(struct tls *tls);

/* Nothing of what a service says is there to be read, nor has it ended. */
bool tls_is_quiet(struct tls *tls);

/* A sentence without its end; until the next failure of this thread. */
const char *tls_problem(const struct tls *tls);

/* "OpenSSL 3.0.15 ..." */
const char *tls_library(void);

#endif
