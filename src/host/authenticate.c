#include "host/authenticate.h"

#include "base/hash.h"
#include "plan/plan.h"

#include <string.h>

void authenticator_init(struct authenticator *authenticator,
                        const struct plan *plan, uint64_t worker,
                        size_t clients, size_t transfers, struct arena *arena)
{
    *authenticator = (struct authenticator){
        .plan = plan,
        .turn = mix64(plan->spans ^ mix64(plan->seed + worker)),
    };
    if (plan->policy.answers_challenges) {
        authenticator->sessions =
            arena_array(arena, clients, sizeof(*authenticator->sessions));
        authenticator->lines =
            arena_array(arena, transfers, sizeof(*authenticator->lines));
    }
}

bool authenticator_take(struct authenticator *authenticator,
                        const struct attempt *attempt)
{
    const struct answer *answer = &attempt->transfer->answer;
    struct digest_challenge challenge;

    if (answer->challenge_length == 0 ||
        !digest_read(answer->challenge, answer->challenge_length,
                     &challenge)) {
        return false;
    }
    struct digest_session *session = &authenticator->sessions[attempt->client];
    bool goes_on = session->is_known &&
                   strcmp(session->challenge.nonce, challenge.nonce) == 0;
    *session = (struct digest_session){
        .is_known = true,
        .count = goes_on ? session->count : 0,
        .challenge = challenge,
    };
    return true;
}

void authenticator_sign(struct authenticator *authenticator, uint64_t client,
                        const char *url, const struct message_room *room,
                        size_t index, struct message *message)
{
    struct digest_session *session = &authenticator->sessions[client];
    char *line = authenticator->lines[index];

    if (!session->is_known) {
        return;
    }
    struct digest_request request = {
        .user = authenticator->plan->target.user,
        .method = message->as_get
                      ? "GET"
                      : authenticator->plan->requests[message->request]
                            .config.method,
        .url = url,
        .count = ++session->count,
        .cnonce = mix64(authenticator->turn++),
    };
    if (digest_write(&session->challenge, &request, line)) {
        message_add_line(room, index, line, message);
    }
}
