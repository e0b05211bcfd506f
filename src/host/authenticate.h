/*
 * authenticate: HTTP Digest authentication of a worker's clients.
 *
 * A client that was never challenged sends its request as it is. The service
 * answers 401 with a challenge, which ends that attempt; the next one, of kind
 * auth, carries the answer to it, and so does every request of this client
 * from then on, until it is challenged anew.
 */
#ifndef SQUALL_HOST_AUTHENTICATE_H
#define SQUALL_HOST_AUTHENTICATE_H

#include "base/arena.h"
#include "host/attempt.h"
#include "plan/digest.h"
#include "plan/message.h"

struct digest_session {
    bool is_known;
    uint32_t count; /* of requests with this nonce */
    struct digest_challenge challenge;
};

struct authenticator {
    const struct plan *plan;
    struct digest_session *sessions; /* of each client; NULL: there is nothing
                                      * to answer with */
    char (*lines)[DIGEST_LINE_MAX];  /* of each transfer */
    uint64_t turn;                   /* so that no client nonce comes twice */
};

void authenticator_init(struct authenticator *authenticator,
                        const struct plan *plan, uint64_t worker,
                        size_t clients, size_t transfers, struct arena *arena);

/* Takes the challenge of an answer of 401 for the client of the attempt.
 * False: there is none that can be answered. */
bool authenticator_take(struct authenticator *authenticator,
                        const struct attempt *attempt);

/* Adds what authenticates a client to a message that goes to `url`. */
void authenticator_sign(struct authenticator *authenticator, uint64_t client,
                        const char *url, const struct message_room *room,
                        size_t index, struct message *message);

#endif
