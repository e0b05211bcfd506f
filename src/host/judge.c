#include "host/judge.h"

#include "host/worker_inside.h"

/* Whether a whole answer that was not expected is followed elsewhere. */
static enum outcome redirected(struct worker *worker,
                               const struct attempt *attempt,
                               enum outcome outcome, struct instant now)
{
    if (!worker->redirects.hops || !attempt->operation ||
        (outcome != OUTCOME_REDIRECTED && outcome != OUTCOME_UNEXPECTED) ||
        !redirects_by(attempt->transfer->facts.status)) {
        return outcome;
    }
    switch (call_follows(&attempt->operation->call, now, attempt->number,
                         &worker->plan->policy)) {
    case CALL_FOLLOWS:
        return redirects_find(&worker->redirects, attempt) ? OUTCOME_FOLLOWED
                                                           : outcome;
    case CALL_FOLLOWED_ALL:
        return OUTCOME_REDIRECT_LIMIT;
    case CALL_FOLLOWS_NOT:
        break;
    }
    return outcome;
}

/* Whether a 401 asks who is calling, and can be told. */
static enum outcome challenged(struct worker *worker,
                               const struct attempt *attempt,
                               enum outcome outcome, struct instant now)
{
    const struct operation *operation = attempt->operation;

    if (!worker->authenticator.sessions || !operation ||
        outcome != OUTCOME_REJECTED ||
        attempt->transfer->facts.status != 401 ||
        (attempt->hop && attempt->hop->elsewhere) ||
        !call_answers(&operation->call, now, attempt->number,
                      &worker->plan->policy) ||
        !authenticator_take(&worker->authenticator, attempt)) {
        return outcome;
    }
    redirects_stay(&worker->redirects, attempt);
    return OUTCOME_CHALLENGED;
}

/* What an attempt that the engine ended was. Whether a whole answer is the one
 * that its request expects is found out here, for every engine. */
struct attempt_result judge_attempt(struct worker *worker,
                                    const struct attempt *attempt,
                                    enum outcome outcome, struct instant now)
{
    struct transfer *transfer = attempt->transfer;
    const struct transfer_facts *facts = &transfer->facts;

    if (outcome == OUTCOME_OK) {
        const struct planned_request *request =
            &worker->plan->requests[attempt->scope.request];
        outcome = answer_outcome(&transfer->answer, facts->status, request);
        /* What its client never gets teaches it nothing. */
        if (!inject_withholds(attempt)) {
            outcome = redirected(worker, attempt, outcome, now);
            outcome = challenged(worker, attempt, outcome, now);
        }
    }
    return (struct attempt_result){
        .outcome = outcome,
        .status = facts->status,
        .as_get = outcome == OUTCOME_FOLLOWED && worker->redirects.next.as_get,
        .sent = facts->is_sent,
        .reused = facts->is_reused,
        .hint = facts->hint,
        .headers = facts->headers,
    };
}
