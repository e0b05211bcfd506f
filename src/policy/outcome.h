/*
 * outcome: how an attempt ended, and what that says about its effect.
 *
 * The list is outcome.def. Classification for the retry policy is another
 * matter (policy/classify.h): the same outcome can be worth a retry to one
 * client and not to another, but what it proves is the same for all.
 */
#ifndef SQUALL_POLICY_OUTCOME_H
#define SQUALL_POLICY_OUTCOME_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum outcome {
#define OUTCOME(id, name, certainty, sentence) OUTCOME_##id,
#include "policy/outcome.def"
#undef OUTCOME
};

enum {
#define OUTCOME(id, name, certainty, sentence) +1
    OUTCOME_COUNT = 0
#include "policy/outcome.def"
#undef OUTCOME
};

enum certainty { CERTAINTY_NOT_DONE, CERTAINTY_DONE, CERTAINTY_UNKNOWN };

/* A set of HTTP statuses 100..599. */
struct status_set {
    uint64_t bits[8];
};

/* What a service asked its caller to wait (Retry-After and kin). */
enum hint_kind { HINT_ABSENT, HINT_WAIT, HINT_NEGATIVE, HINT_INVALID };

struct server_hint {
    enum hint_kind kind;
    struct duration wait; /* when HINT_WAIT; a date in the past is 0 */
};

/* Everything that is known of an attempt when it ends: the event that the
 * policy decides on, the same from every host. */
struct attempt_result {
    enum outcome outcome;
    uint16_t status; /* HTTP status, 0 when no answer line came */
    bool as_get;     /* FOLLOWED: the hop is a GET, whatever the method was */
    bool sent;       /* at least one byte of the request was written */
    bool reused;     /* on a connection that had served before */
    struct server_hint hint;
    uint32_t headers; /* bits of classify_config.headers that the answer has */
    uint32_t refused_by; /* a bit of enum layer: the client refused the try
                          * itself, and nothing else here means anything */
};

/* What a request expects of an answer; part of the plan. */
struct expect_config {
    struct status_set ok;   /* default 2xx */
    struct status_set busy; /* default 409 with a key, else none */
};

const char *outcome_name(enum outcome outcome);

/* The outcome with this name; false when there is none. */
bool outcome_from_name(const char *name, enum outcome *outcome);

/* The attempt goes on with another one, which ends for both. */
static inline bool outcome_goes_on(enum outcome outcome)
{
    return outcome == OUTCOME_FOLLOWED || outcome == OUTCOME_CHALLENGED;
}

/* A complete answer that is not the expected one, whatever its status. */
bool outcome_is_no(enum outcome outcome);

/* Definite no, definite yes, or unknown: what the attempt alone proves. */
enum certainty outcome_certainty(enum outcome outcome, bool sent);

/* The outcome of a complete answer by its status alone. `ok` is asked first,
 * then `busy`, which counts only where the request carried a key; then 429 is
 * THROTTLED, 408, 425 and 5xx SERVER_ERROR, any other 4xx REJECTED, 301, 302,
 * 307 and 308 REDIRECTED, what else is below 400 UNEXPECTED (a 303 says that
 * it was done), and what is no status at all PROTOCOL. */
enum outcome outcome_of_status(uint16_t status,
                               const struct expect_config *expect,
                               bool has_key);

bool status_set_has(const struct status_set *set, unsigned status);
void status_set_add(struct status_set *set, unsigned first, unsigned last);

#endif
