/*
 * verdict: from what was seen to what it means. Pure.
 *
 * Each function adds to a finding that begins as a pass: the gravest verdict
 * stays, and what was observed is said once. The convention changes which
 * answers are expected, never the rule about effects: at most one for a key
 * and an operation. effects < 0: they were not seen, and nothing is said.
 */
#ifndef SQUALL_AUDIT_VERDICT_H
#define SQUALL_AUDIT_VERDICT_H

#include "audit/observation.h"

bool attempt_is_accepted(const struct audit_attempt *attempt);     /* 2xx */
bool attempt_is_rejected(const struct audit_attempt *attempt);     /* 4xx */
bool attempt_is_server_error(const struct audit_attempt *attempt); /* 5xx */
/* It asks the caller to come again: 408, 409, 425, 429, 503, or any 5xx with
 * Retry-After. Under reject-duplicate a 409 may also be the last word. */
bool attempt_is_busy(const struct audit_attempt *attempt);
/* 429: of how often the caller asks, whatever the key. */
bool attempt_is_limited(const struct audit_attempt *attempt);
/* An answer that no request should get: an error of the server, or none. */
bool attempt_has_failed(const struct audit_attempt *attempt);
/* "This was done already": the answer of reject-duplicate. */
bool attempt_is_duplicate(enum audit_convention convention,
                          const struct audit_attempt *attempt);

/* Adds to a finding; the same words are not added twice. */
void finding_add(struct finding *finding, enum audit_verdict verdict,
                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The check could not be made. */
void finding_skip(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "201", "no answer in time", "a broken connection" */
const char *attempt_words(const struct audit_attempt *attempt, char *out,
                          size_t size);

/* The effects of one operation that succeeded (or not). */
void judge_effects(struct finding *finding, int64_t effects, bool succeeded);

/* A request, and the same again after its 2xx. */
void judge_replay(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *first,
                  const struct audit_attempt *again);
/* first, again: is the replay marked, and only it? */
void judge_marker(struct finding *finding, const struct audit_attempt *first,
                  const struct audit_attempt *again);
void judge_missing(struct finding *finding, bool required,
                   const struct audit_attempt *attempt);
/* Two operations that sent keys that are not one key. `may_be_key`: it may be
 * read as one that both may share, as long as nobody gets a wrong answer. */
void judge_apart(struct finding *finding, const char *what, bool may_be_key,
                 const struct audit_attempt *one,
                 const struct audit_attempt *other, int64_t other_effects);
/* A malformed key, the same request twice. */
void judge_malformed(struct finding *finding, const char *what, bool two_lines,
                     const struct audit_attempt *first,
                     const struct audit_attempt *again);
void judge_quoted(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *bare,
                  const struct audit_attempt *quoted, int64_t effects);
/* Another payload under the key of `first`, which was accepted; `effects` of
 * both together. */
void judge_mismatch(struct finding *finding, enum audit_convention convention,
                    bool in_flight, const struct audit_attempt *first,
                    const struct audit_attempt *other, int64_t effects);
void judge_rewritten(struct finding *finding, enum audit_convention convention,
                     const struct audit_attempt *first,
                     const struct audit_attempt *again, int64_t effects);
/* How many of a race were not turned away for asking too often: with less
 * than two there was no race. */
size_t attempt_count_racing(const struct audit_attempt *const *attempts,
                            size_t count);
/* The answers of one race. */
void judge_race(struct finding *finding,
                const struct audit_attempt *const *attempts, size_t count,
                int64_t effects);
/* A conflict of a race, and what the key is answered afterwards. */
void judge_conflict(struct finding *finding, enum audit_convention convention,
                    const struct audit_attempt *conflict,
                    const struct audit_attempt *later);
/* The last answer after an attempt whose answer was lost, or that was cut in
 * the middle: of the latter nothing may stay behind, while one that is busy
 * after the former may be a lease that has not ended. */
void judge_retry(struct finding *finding, enum audit_convention convention,
                 bool was_cut, const struct audit_attempt *last,
                 int64_t effects);
/* effects_before: when the corrected one was sent; effects: in the end. */
void judge_rejected(struct finding *finding, const struct audit_attempt *first,
                    const struct audit_attempt *again,
                    const struct audit_attempt *corrected,
                    int64_t effects_before, int64_t effects);
void judge_failed(struct finding *finding, enum audit_convention convention,
                  const struct audit_attempt *first,
                  const struct audit_attempt *last, int64_t effects);
/* Those who ask again when the key has expired. */
void judge_expired(struct finding *finding,
                   const struct audit_attempt *const *attempts, size_t count,
                   int64_t effects_before, int64_t effects);
/* One key in two scopes; `who` names the second, where a request of its own
 * is accepted; `effects` of both. */
void judge_scope(struct finding *finding, const char *who,
                 const struct audit_attempt *one,
                 const struct audit_attempt *other, int64_t effects);

#endif
