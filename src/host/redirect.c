#include "host/redirect.h"

#include "base/must.h"
#include "plan/message.h"

#include <string.h>

void redirects_init(struct redirects *redirects, const struct plan *plan,
                    size_t attempts, struct arena *arena)
{
    size_t ignored;

    *redirects = (struct redirects){.plan = plan};
    if (plan->policy.redirects == 0 && !plan->policy.answers_challenges) {
        return;
    }
    if (plan->policy.redirects > 0) {
        redirects->hops =
            arena_array(arena, attempts, sizeof(*redirects->hops));
    }
    redirects->urls =
        arena_array(arena, plan->request_count, sizeof(*redirects->urls));
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct template *url = &plan->requests[i].url;
        if (url->is_constant) {
            redirects->urls[i] = message_constant(url, arena, &ignored);
        }
    }
}

static void copy_hop(struct hop *to, const struct hop *from)
{
    memcpy(to->url, from->url, strlen(from->url) + 1);
    to->as_get = from->as_get;
    to->elsewhere = from->elsewhere;
}

bool redirects_by(uint16_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 ||
           status == 308;
}

/* RFC 9110 15.4, and what all clients do with a POST. */
static bool becomes_get(const struct attempt *attempt, uint16_t method)
{
    uint16_t status = attempt->transfer->facts.status;

    if (attempt->hop && attempt->hop->as_get) {
        return true;
    }
    return status == 303 ? !(method & (METHOD_GET | METHOD_HEAD))
                         : status <= 302 && method == METHOD_POST;
}

const char *redirects_url(const struct redirects *redirects,
                          const struct attempt *attempt)
{
    return attempt->hop   ? attempt->hop->url
           : attempt->url ? attempt->url
                          : redirects->urls[attempt->scope.request];
}

void redirects_stay(struct redirects *redirects, const struct attempt *attempt)
{
    redirects->has_next = attempt->hop != NULL;
    if (attempt->hop) {
        copy_hop(&redirects->next, attempt->hop);
    }
}

bool redirects_find(struct redirects *redirects, const struct attempt *attempt)
{
    const struct plan *plan = redirects->plan;
    const struct answer *answer = &attempt->transfer->answer;
    uint16_t request = attempt->scope.request;
    const char *from = redirects_url(redirects, attempt);
    struct hop *next = &redirects->next;

    if (answer->location_length == 0 ||
        !location_resolve(from, answer->location, answer->location_length,
                          next->url)) {
        return false;
    }
    /* A version of HTTP is spoken in the clear or over TLS in ways that differ
     * too much for the connections of a pool to have both. */
    if (plan->target.http == HTTP_2 &&
        !location_same_scheme(from, next->url)) {
        return false;
    }
    next->as_get = becomes_get(attempt, plan->requests[request].traits.method);
    redirects->has_next = true;
    next->elsewhere = (attempt->hop && attempt->hop->elsewhere) ||
                      !location_same_origin(from, next->url);
    return true;
}

const struct hop *redirects_take(struct redirects *redirects, size_t slot)
{
    if (!redirects->has_next) {
        return NULL;
    }
    must(redirects->hops);
    copy_hop(&redirects->hops[slot], &redirects->next);
    return &redirects->hops[slot];
}

void redirects_aim(const struct message_room *room, struct attempt *attempt,
                   struct message *message)
{
    attempt->url = message->url;
    if (attempt->hop) {
        message_redirect(room, attempt->transfer->index,
                         &(struct message_hop){
                             .url = attempt->hop->url,
                             .as_get = attempt->hop->as_get,
                             .elsewhere = attempt->hop->elsewhere,
                         },
                         message);
    }
}
