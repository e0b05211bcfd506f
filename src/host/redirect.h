/*
 * redirect: the hops of a worker's attempts, where redirects are followed.
 *
 * The call says whether an answer that redirects is followed (call_follows);
 * where it leads, and how the hop is asked for, is found out here, from the
 * answer. What is found waits in `next` until the SEND of the hop comes, in
 * the same step.
 */
#ifndef SQUALL_HOST_REDIRECT_H
#define SQUALL_HOST_REDIRECT_H

#include "base/arena.h"
#include "host/attempt.h"
#include "plan/location.h"

struct hop {
    char url[LOCATION_URL_MAX];
    bool as_get, elsewhere; /* see message_hop */
};

struct redirects {
    const struct plan *plan;
    const char **urls; /* of each request, where it is constant; NULL: nothing
                        * goes on */
    struct hop *hops;  /* one for each slot of an attempt; NULL: no redirect is
                        * followed */
    struct hop next;
    bool has_next;
};

/* For so many attempts at once. Borrows the plan, whose target is known. */
void redirects_init(struct redirects *redirects, const struct plan *plan,
                    size_t attempts, struct arena *arena);

/* Whether a whole answer of this status, which is not the one that the request
 * expects, says where else to ask. */
bool redirects_by(uint16_t status);

/* Where the answer of this attempt leads: the next hop. False: nowhere that
 * could be followed. */
bool redirects_find(struct redirects *redirects,
                    const struct attempt *attempt);

/* The next attempt goes where this one went. */
void redirects_stay(struct redirects *redirects,
                    const struct attempt *attempt);

/* Where an attempt that has begun goes. */
const char *redirects_url(const struct redirects *redirects,
                          const struct attempt *attempt);

/* The hop that was found last, kept for the attempt of this slot; NULL: it
 * goes where its operation does. */
const struct hop *redirects_take(struct redirects *redirects, size_t slot);

/* Makes the message of an attempt that of its hop, if it is one. */
void redirects_aim(const struct message_room *room, struct attempt *attempt,
                   struct message *message);

#endif
