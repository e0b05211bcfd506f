#include "audit/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool attempt_is_accepted(const struct audit_attempt *attempt)
{
    return attempt->end == END_ANSWERED && attempt->status / 100 == 2;
}

bool attempt_is_rejected(const struct audit_attempt *attempt)
{
    return attempt->end == END_ANSWERED && attempt->status / 100 == 4;
}

bool attempt_is_server_error(const struct audit_attempt *attempt)
{
    return attempt->end == END_ANSWERED && attempt->status / 100 == 5;
}

bool attempt_is_busy(const struct audit_attempt *attempt)
{
    if (attempt->end != END_ANSWERED) {
        return false;
    }
    switch (attempt->status) {
    case 408:
    case 409:
    case 425:
    case 429:
    case 503:
        return true;
    }
    return attempt->status / 100 == 5 && attempt->has_retry_after;
}

bool attempt_is_limited(const struct audit_attempt *attempt)
{
    return attempt->end == END_ANSWERED && attempt->status == 429;
}

bool attempt_has_failed(const struct audit_attempt *attempt)
{
    return attempt_is_server_error(attempt) || attempt->end == END_TIMEOUT ||
           attempt->end == END_UNCONNECTED;
}

bool attempt_is_duplicate(enum audit_convention convention,
                          const struct audit_attempt *attempt)
{
    if (convention != CONVENTION_REJECT_DUPLICATE ||
        !attempt_is_rejected(attempt)) {
        return false;
    }
    switch (attempt->status) {
    case 400:
    case 409:
    case 410:
    case 412:
    case 417:
    case 422:
        return true;
    }
    return false;
}

static void put_in(struct finding *finding, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));

static void put_in(struct finding *finding, const char *format, va_list list)
{
    char words[300];
    size_t length = strlen(finding->observed);
    vsnprintf(words, sizeof(words), format, list);
    if (!strstr(finding->observed, words)) {
        snprintf(finding->observed + length,
                 sizeof(finding->observed) - length, "%s%s",
                 length > 0 ? "; " : "", words);
    }
}

void finding_add(struct finding *finding, enum audit_verdict verdict,
                 const char *format, ...)
{
    va_list list;
    if (finding->verdict < verdict) {
        finding->verdict = verdict;
    }
    va_start(list, format);
    put_in(finding, format, list);
    va_end(list);
}

void finding_skip(struct finding *finding, const char *format, ...)
{
    va_list list;
    *finding = (struct finding){.verdict = AUDIT_SKIPPED};
    va_start(list, format);
    put_in(finding, format, list);
    va_end(list);
}

const char *attempt_words(const struct audit_attempt *attempt, char *out,
                          size_t size)
{
    static const char *const words[] = {
#define END(id, name, words) [END_##id] = words,
#include "report/attempt_end.def"
#undef END
    };
    if (attempt->end == END_ANSWERED) {
        snprintf(out, size, "%u", attempt->status);
        return out;
    }
    return words[attempt->end];
}

/* Room for the words of one attempt. */
struct words {
    char text[32];
};

#define SAID(attempt) \
    attempt_words(attempt, (struct words){{0}}.text, sizeof(struct words))

static bool same_identity(const struct audit_attempt *a,
                          const struct audit_attempt *b)
{
    return a->identity[0] && strcmp(a->identity, b->identity) == 0;
}

static bool same_body(const struct audit_attempt *a,
                      const struct audit_attempt *b)
{
    return a->body.high == b->body.high && a->body.low == b->body.low;
}

/* Both name what they made, and it is not the same. */
static bool names_another(const struct audit_attempt *one,
                          const struct audit_attempt *other)
{
    return one->identity[0] && other->identity[0] &&
           strcmp(one->identity, other->identity) != 0;
}

/* Does `other` say what was done for `one`? A service that marks replays
 * says so itself. */
static bool is_answer_of(const struct audit_attempt *one,
                         const struct audit_attempt *other)
{
    if (!attempt_is_accepted(one) || !attempt_is_accepted(other) ||
        names_another(one, other)) {
        return false;
    }
    return same_identity(one, other) || (other->marked && !one->marked) ||
           (!one->identity[0] && one->body_distinguishes &&
            same_body(one, other));
}

/* Two that were accepted, which the ledger does not count: is it seen that
 * they are two? */
static bool are_seen_apart(const struct audit_attempt *one,
                           const struct audit_attempt *other, int64_t effects)
{
    return effects >= 0 || names_another(one, other) ||
           (one->body_distinguishes && !same_body(one, other));
}

void judge_effects(struct finding *finding, int64_t effects, bool succeeded)
{
    if (effects > 1) {
        finding_add(finding, AUDIT_FAIL, "%lld effects of one operation",
                    (long long)effects);
    } else if (effects == 0 && succeeded) {
        finding_add(finding, AUDIT_FAIL, "succeeded, and nothing was done");
    }
}

void judge_replay(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *first,
                  const struct audit_attempt *again)
{
    if (attempt_is_duplicate(convention, again)) {
        finding_add(finding, AUDIT_PASS, "answered %u: done already",
                    again->status);
    } else if (attempt_has_failed(again)) {
        finding_add(finding, AUDIT_WARN, "the replay got %s", SAID(again));
    } else if (first->end != again->end || first->status != again->status) {
        finding_add(finding, AUDIT_WARN, "answered %s, and then %s%s",
                    SAID(first), SAID(again),
                    attempt_is_rejected(again) && again->status == 409
                        ? ": as --convention reject-duplicate has it"
                    : same_identity(first, again) ? ", naming the same"
                                                  : "");
    } else if (strcmp(first->media, again->media) != 0) {
        finding_add(finding, AUDIT_WARN, "the replay has another media type");
    } else if (!same_body(first, again)) {
        finding_add(finding, AUDIT_WARN, "the replay has another body%s",
                    same_identity(first, again) ? ", naming the same" : "");
    } else {
        finding_add(finding, AUDIT_PASS, "%s, and the same again",
                    SAID(first));
    }
}

void judge_marker(struct finding *finding, const struct audit_attempt *first,
                  const struct audit_attempt *again)
{
    if (first->marked) {
        finding_add(finding, AUDIT_INFO,
                    "the first answer is marked as a replay");
    } else if (!again->marked) {
        finding_add(finding, AUDIT_INFO, "replays are not marked");
    } else {
        finding_add(finding, AUDIT_PASS, "replays are marked");
    }
}

void judge_missing(struct finding *finding, bool required,
                   const struct audit_attempt *attempt)
{
    if (attempt_has_failed(attempt) || attempt->end != END_ANSWERED) {
        finding_add(finding, AUDIT_FAIL, "without a key: %s", SAID(attempt));
    } else if (attempt_is_accepted(attempt)) {
        finding_add(finding, required ? AUDIT_WARN : AUDIT_INFO,
                    "the key is optional: %u without one", attempt->status);
    } else if (attempt->status != 400) {
        finding_add(finding, AUDIT_WARN, "refused with %u instead of 400",
                    attempt->status);
    } else if (!attempt->is_problem && !attempt->is_described) {
        finding_add(finding, AUDIT_WARN, "400 that leads to no documentation");
    } else {
        finding_add(finding, AUDIT_PASS, "refused with 400");
    }
}

/* 400, and what says that something is too long, or not to be processed. */
static bool is_refusal_of_key(const struct audit_attempt *attempt)
{
    switch (attempt->status) {
    case 400:
    case 413:
    case 414:
    case 422:
    case 431:
        return true;
    }
    return false;
}

void judge_apart(struct finding *finding, const char *what, bool may_be_key,
                 const struct audit_attempt *one,
                 const struct audit_attempt *other, int64_t other_effects)
{
    if (attempt_has_failed(one) || attempt_has_failed(other)) {
        finding_add(finding, AUDIT_FAIL, "%s: %s", what,
                    SAID(attempt_has_failed(one) ? one : other));
    } else if (is_answer_of(one, other) ||
               (attempt_is_accepted(other) && other_effects == 0)) {
        finding_add(finding, AUDIT_FAIL,
                    "%s: the second operation got the first one's answer",
                    what);
    } else if (attempt_is_accepted(one) && attempt_is_rejected(other)) {
        finding_add(finding, may_be_key ? AUDIT_WARN : AUDIT_FAIL,
                    "%s: the second operation was taken for the first and "
                    "refused with %u",
                    what, other->status);
    } else if (other->end != END_ANSWERED) {
        finding_add(finding, AUDIT_WARN, "%s: %s", what, SAID(other));
    } else if (attempt_is_accepted(one) && attempt_is_accepted(other) &&
               !are_seen_apart(one, other, other_effects)) {
        finding_add(finding, AUDIT_INFO,
                    "%s: accepted, and nothing distinguishes the two", what);
    } else if (attempt_is_accepted(other)) {
        finding_add(finding, AUDIT_PASS, "%s: accepted, each by itself", what);
    } else if (!is_refusal_of_key(other)) {
        finding_add(finding, AUDIT_WARN, "%s: refused with %u", what,
                    other->status);
    } else {
        finding_add(finding, AUDIT_PASS, "%s: %s", what, SAID(other));
    }
    if (other_effects > 1) {
        judge_effects(finding, other_effects, true);
    }
}

void judge_malformed(struct finding *finding, const char *what, bool two_lines,
                     const struct audit_attempt *first,
                     const struct audit_attempt *again)
{
    if (attempt_has_failed(first) || attempt_has_failed(again)) {
        finding_add(finding, AUDIT_FAIL, "%s: %s", what,
                    SAID(attempt_has_failed(first) ? first : again));
    } else if (first->end != END_ANSWERED || again->end != END_ANSWERED) {
        finding_add(finding, AUDIT_WARN, "%s: the connection was closed",
                    what);
    } else if (two_lines && attempt_is_accepted(first)) {
        finding_add(finding, AUDIT_WARN,
                    "%s: %u, and only one of them can be the key", what,
                    first->status);
    } else if (attempt_is_rejected(first) && attempt_is_accepted(again)) {
        finding_add(finding, AUDIT_WARN, "%s: refused with %u, then accepted",
                    what, first->status);
    } else {
        finding_add(finding, AUDIT_PASS, "%s: %u", what, first->status);
    }
}

void judge_quoted(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *bare,
                  const struct audit_attempt *quoted, int64_t effects)
{
    if (attempt_has_failed(bare) || attempt_has_failed(quoted)) {
        finding_add(finding, AUDIT_FAIL, "bare %s, quoted %s", SAID(bare),
                    SAID(quoted));
    } else if (!attempt_is_accepted(bare) && !attempt_is_accepted(quoted)) {
        finding_skip(finding, "bare %s, quoted %s: neither was accepted",
                     SAID(bare), SAID(quoted));
    } else if (attempt_is_accepted(bare) != attempt_is_accepted(quoted) &&
               !(attempt_is_accepted(bare) &&
                 attempt_is_duplicate(convention, quoted))) {
        finding_add(finding, AUDIT_INFO, "bare %s, quoted %s", SAID(bare),
                    SAID(quoted));
    } else if (attempt_is_accepted(quoted) && !is_answer_of(bare, quoted) &&
               !are_seen_apart(bare, quoted, effects)) {
        finding_add(finding, AUDIT_INFO,
                    "both are accepted, and nothing distinguishes them");
    } else if (effects > 1 || (effects < 0 && attempt_is_accepted(quoted) &&
                               !is_answer_of(bare, quoted))) {
        finding_add(finding, AUDIT_INFO,
                    "bare and quoted are two keys: write them one way only");
    } else {
        finding_add(finding, AUDIT_PASS, "bare and quoted are one key");
    }
}

static bool is_expected_mismatch(enum audit_convention convention,
                                 bool in_flight, unsigned status)
{
    switch (convention) {
    case CONVENTION_STRIPE:
        return status == 400 || status == 422 || status == 409;
    case CONVENTION_REJECT_DUPLICATE:
        return status == 409 || status == 422;
    case CONVENTION_IETF:
    case CONVENTION_ATTACH:
        break;
    }
    return status == 422 || (in_flight && status == 409);
}

void judge_mismatch(struct finding *finding, enum audit_convention convention,
                    bool in_flight, const struct audit_attempt *first,
                    const struct audit_attempt *other, int64_t effects)
{
    if (attempt_is_accepted(other) &&
        (is_answer_of(first, other) || (effects >= 0 && effects < 2))) {
        finding_add(finding, AUDIT_FAIL,
                    "aliased: another payload got the first one's answer");
    } else if (attempt_is_accepted(other)) {
        finding_add(finding, AUDIT_FAIL,
                    "another payload under the same key was performed");
    } else if (effects > 1) {
        finding_add(finding, AUDIT_FAIL, "%s, and yet %lld effects",
                    SAID(other), (long long)effects);
    } else if (attempt_has_failed(other) || other->end != END_ANSWERED) {
        finding_add(finding, AUDIT_WARN, "another payload got %s",
                    SAID(other));
    } else if (!is_expected_mismatch(convention, in_flight, other->status)) {
        finding_add(finding, AUDIT_WARN, "refused with %u instead of %s",
                    other->status,
                    convention == CONVENTION_STRIPE ? "400" : "422");
    } else {
        finding_add(finding, AUDIT_PASS, "refused with %u", other->status);
    }
}

void judge_rewritten(struct finding *finding, enum audit_convention convention,
                     const struct audit_attempt *first,
                     const struct audit_attempt *again, int64_t effects)
{
    judge_effects(finding, effects, attempt_is_accepted(first));
    if (attempt_is_duplicate(convention, again)) {
        finding_add(finding, AUDIT_PASS, "answered %u: done already",
                    again->status);
    } else if (attempt_is_busy(again)) {
        finding_add(finding, AUDIT_WARN, "no replay: %u", again->status);
    } else if (attempt_is_rejected(again)) {
        finding_add(finding, AUDIT_WARN,
                    "refused with %u: its bytes are compared, not its "
                    "content",
                    again->status);
    } else if (attempt_has_failed(again)) {
        finding_add(finding, AUDIT_WARN, "it got %s", SAID(again));
    } else {
        finding_add(finding, AUDIT_PASS, "answered %s", SAID(again));
    }
}

size_t attempt_count_racing(const struct audit_attempt *const *attempts,
                            size_t count)
{
    size_t racers = 0;
    for (size_t i = 0; i < count; i++) {
        racers += !attempt_is_limited(attempts[i]);
    }
    return racers;
}

void judge_race(struct finding *finding,
                const struct audit_attempt *const *attempts, size_t count,
                int64_t effects)
{
    const struct audit_attempt *winner = NULL;
    size_t good = 0, failures = 0,
           racers = attempt_count_racing(attempts, count);
    const struct audit_attempt *other = NULL;

    for (size_t i = 0; i < count; i++) {
        if (attempt_is_accepted(attempts[i])) {
            good++;
            winner = winner ? winner : attempts[i];
            other = names_another(winner, attempts[i]) ? attempts[i] : other;
        } else if (!attempt_is_rejected(attempts[i])) {
            failures++;
        }
    }
    judge_effects(finding, effects, good > 0);
    if (other) {
        finding_add(finding, AUDIT_FAIL,
                    "answers of one operation name different things");
    }
    if (failures > 0) {
        finding_add(finding, AUDIT_WARN, "some got an error or no answer");
    }
    if (racers < count) {
        finding_add(finding, AUDIT_PASS, "some were turned away with 429");
    }
    if (good == 0) {
        finding_add(finding, AUDIT_WARN, "no request was answered 2xx");
    } else if (finding->verdict >= AUDIT_FAIL) {
        return;
    } else if (good == racers) {
        finding_add(finding, AUDIT_PASS, "all shared one answer");
    } else if (good + failures < racers) {
        finding_add(finding, AUDIT_PASS,
                    "some had the answer, others were "
                    "answered with a conflict");
    }
}

void judge_conflict(struct finding *finding, enum audit_convention convention,
                    const struct audit_attempt *conflict,
                    const struct audit_attempt *later)
{
    if (conflict->status != 409) {
        finding_add(finding, AUDIT_WARN, "the conflict is answered with %u",
                    conflict->status);
    }
    if (conflict->is_html) {
        finding_add(finding, AUDIT_WARN, "its body is HTML");
    } else if (!conflict->is_problem && !conflict->is_described) {
        finding_add(finding, AUDIT_WARN, "it leads to no documentation");
    }
    if (!conflict->has_retry_after) {
        finding_add(finding, AUDIT_WARN, "it has no Retry-After");
    }
    if (attempt_is_accepted(later) ||
        attempt_is_duplicate(convention, later)) {
        finding_add(finding, AUDIT_PASS, "%u, and later %s", conflict->status,
                    SAID(later));
    } else if (attempt_is_rejected(later) &&
               (later->status == conflict->status || later->status == 409)) {
        finding_add(finding, AUDIT_FAIL,
                    "the conflict stays: %u long after the first has ended",
                    later->status);
    } else {
        finding_add(finding, AUDIT_WARN, "and later %s", SAID(later));
    }
}

/* It still asks for a retry when the time for retries is over. */
static void judge_stuck(struct finding *finding, bool was_cut,
                        const struct audit_attempt *last, int64_t effects)
{
    if (attempt_is_rejected(last) && effects > 0) {
        finding_add(finding, AUDIT_FAIL,
                    "a phantom: it was done, and the retry was answered %u to "
                    "the end",
                    last->status);
    } else if (was_cut && attempt_is_rejected(last)) {
        finding_add(finding, AUDIT_FAIL, "stuck: %u to the end", last->status);
    } else {
        finding_add(finding, AUDIT_WARN,
                    "stuck: %u to the end, or a lease: --patient waits two "
                    "minutes",
                    last->status);
    }
}

void judge_retry(struct finding *finding, enum audit_convention convention,
                 bool was_cut, const struct audit_attempt *last,
                 int64_t effects)
{
    judge_effects(finding, effects, attempt_is_accepted(last));
    if (attempt_is_accepted(last)) {
        finding_add(finding, AUDIT_PASS, "the retry was answered %u",
                    last->status);
    } else if (attempt_is_duplicate(convention, last)) {
        finding_add(finding, effects == 0 ? AUDIT_FAIL : AUDIT_PASS,
                    effects == 0 ? "%u, and nothing was done"
                                 : "answered %u: done already",
                    last->status);
    } else if (attempt_is_busy(last)) {
        judge_stuck(finding, was_cut, last, effects);
    } else if (attempt_is_rejected(last) && effects > 0) {
        finding_add(finding, AUDIT_FAIL,
                    "a phantom: it was done, and the retry was refused with "
                    "%u",
                    last->status);
    } else if (attempt_is_rejected(last)) {
        finding_add(finding, was_cut || effects < 0 ? AUDIT_FAIL : AUDIT_WARN,
                    "the retry was refused with %u%s", last->status,
                    effects == 0 ? ", and nothing was done" : "");
    } else {
        finding_add(finding, AUDIT_WARN, "the retry got %s", SAID(last));
    }
}

void judge_rejected(struct finding *finding, const struct audit_attempt *first,
                    const struct audit_attempt *again,
                    const struct audit_attempt *corrected,
                    int64_t effects_before, int64_t effects)
{
    if (effects_before > 0) {
        finding_add(finding, AUDIT_FAIL, "rejected with %u, and yet performed",
                    first->status);
    } else {
        judge_effects(finding, effects, attempt_is_accepted(corrected));
    }
    if (attempt_is_accepted(again)) {
        finding_add(finding, AUDIT_WARN,
                    "rejected with %u, and the same request accepted",
                    first->status);
    } else if (again->end != END_ANSWERED || again->status != first->status) {
        finding_add(finding, AUDIT_WARN, "rejected with %u, and then %s",
                    first->status, SAID(again));
    }
    if (attempt_is_accepted(corrected) || attempt_is_rejected(corrected)) {
        finding_add(finding, AUDIT_PASS,
                    "rejected with %u; the corrected one got %u",
                    first->status, corrected->status);
    } else {
        finding_add(finding, AUDIT_WARN, "the corrected one got %s",
                    SAID(corrected));
    }
}

/* A failure that does not end. One that asks the caller to come again was a
 * refusal before the work began: no convention keeps those. */
static void judge_sticky(struct finding *finding,
                         enum audit_convention convention,
                         const struct audit_attempt *last, int64_t effects)
{
    bool asks_again = attempt_is_busy(last);
    if (effects == 0 && asks_again) {
        finding_add(finding, AUDIT_FAIL,
                    "stuck: %u to the end, which asks to come again, and "
                    "nothing was done",
                    last->status);
    } else if (effects == 0) {
        finding_add(finding, AUDIT_PASS, "the %u stays, nothing was done",
                    last->status);
    } else {
        finding_add(finding,
                    convention == CONVENTION_STRIPE && !asks_again
                        ? AUDIT_PASS
                        : AUDIT_WARN,
                    "the %u stays%s", last->status,
                    effects > 0 ? ", of something that was done" : "");
    }
}

void judge_failed(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *first,
                  const struct audit_attempt *last, int64_t effects)
{
    judge_effects(finding, effects,
                  attempt_is_accepted(last) ||
                      attempt_is_duplicate(convention, last));
    if (attempt_is_accepted(last) || attempt_is_duplicate(convention, last)) {
        finding_add(finding, AUDIT_PASS, "%s, and the retry %u", SAID(first),
                    last->status);
    } else if (attempt_is_rejected(last) && attempt_is_busy(last)) {
        finding_add(finding, AUDIT_FAIL, "stuck: %u long after %s",
                    last->status, SAID(first));
    } else if (attempt_is_server_error(last)) {
        judge_sticky(finding, convention, last, effects);
    } else if (attempt_is_rejected(last) && effects > 0) {
        finding_add(finding, AUDIT_FAIL, "a phantom: done, refused with %u",
                    last->status);
    } else {
        finding_add(finding, AUDIT_WARN, "the retry got %s", SAID(last));
    }
}

void judge_expired(struct finding *finding,
                   const struct audit_attempt *const *attempts, size_t count,
                   int64_t effects_before, int64_t effects)
{
    bool seen = effects >= 0 && effects_before >= 0;
    long long more = (long long)(effects - effects_before);

    if (seen && more > 1) {
        finding_add(finding, AUDIT_FAIL,
                    "after the window %lld of %zu requests at once were "
                    "performed",
                    more, count);
    } else if (seen) {
        finding_add(finding, AUDIT_PASS, "after it %lld new effect%s", more,
                    more == 1 ? "" : "s");
    }
    for (size_t i = 0; i < count; i++) {
        if (attempt_has_failed(attempts[i])) {
            finding_add(finding, AUDIT_WARN, "after the window: %s",
                        SAID(attempts[i]));
        }
    }
}

void judge_scope(struct finding *finding, const char *who,
                 const struct audit_attempt *one,
                 const struct audit_attempt *other, int64_t effects)
{
    bool missing = attempt_is_accepted(other) && effects >= 0 && effects < 2;

    if (missing && names_another(one, other)) {
        finding_add(
            finding, AUDIT_WARN,
            "%s was answered with something of its own, of which there "
            "is no effect",
            who);
    } else if (missing || is_answer_of(one, other)) {
        finding_add(finding, AUDIT_FAIL, "%s got the first one's answer", who);
    } else if (attempt_has_failed(other) || other->end != END_ANSWERED) {
        finding_add(finding, AUDIT_WARN, "%s got %s", who, SAID(other));
    } else if (attempt_is_accepted(other) &&
               !are_seen_apart(one, other, effects)) {
        finding_add(finding, AUDIT_INFO,
                    "%s was accepted, and nothing distinguishes the two", who);
    } else if (attempt_is_accepted(other)) {
        finding_add(finding, AUDIT_PASS, "%s has an effect of its own", who);
    } else {
        finding_add(finding, AUDIT_PASS, "%s was refused with %u", who,
                    other->status);
    }
}
