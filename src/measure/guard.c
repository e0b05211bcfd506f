#include "measure/guard.h"

#include "base/must.h"
#include "measure/tally.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 120 };

static const char *outcome_sentence(enum outcome outcome)
{
    switch (outcome) {
#define OUTCOME(id, name, certainty, sentence) \
    case OUTCOME_##id: \
        return sentence;
#include "policy/outcome.def"
#undef OUTCOME
    }
    must_never("an outcome is in its table");
}

static const char *const finish_sentences[FINISH_REASON_COUNT] = {
#define FINISH_REASON(id, name, sentence) sentence,
#include "policy/finish_reason.def"
#undef FINISH_REASON
};

static bool is_of_success(const struct slo_metric *metric)
{
    static const char *const metrics[] = {
#define OF_SUCCESS(metric) #metric,
#include "measure/figure.def"
    };
    for (size_t i = 0; metric->figure && i < array_length(metrics); i++) {
        if (strcmp(metric->figure->metric, metrics[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Of all operations: what a part of them, or one status, came to says nothing
 * of the rest. */
static bool is_of_all(const struct slo_metric *metric)
{
    return metric->part == SLO_WHOLE && metric->status_from == 0 &&
           is_of_success(metric);
}

/* And must hold by that: another term that is enough says nothing of it. */
static bool speaks_of_success(const struct slo *slo)
{
    if (!slo_needs_each(slo)) {
        return false;
    }
    for (size_t i = 0; i < slo->term_count; i++) {
        const struct slo_term *term = &slo->terms[i];
        if (is_of_all(&term->metric) ||
            (term->is_ratio && is_of_all(&term->divisor))) {
            return true;
        }
    }
    return false;
}

/* The first of the largest. */
static size_t commonest(const uint64_t *counts, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return best;
}

/* The commonest way in which attempts ended; but one that was followed went
 * on.
 */
static enum outcome commonest_outcome(const struct panel *total)
{
    enum outcome best = OUTCOME_OK;
    for (size_t i = 1; i < OUTCOME_COUNT; i++) {
        if (!outcome_goes_on((enum outcome)i) &&
            total->by_outcome[i] > total->by_outcome[best]) {
            best = (enum outcome)i;
        }
    }
    return best;
}

/* The commonest status of answers that were not followed, and how many had it.
 * Where none was, all of them are counted by status. */
static uint16_t commonest_status(const struct tally *tally, uint64_t *count)
{
    const struct panel *total = &tally->total;
    const struct failures *failures = &tally->failures;
    size_t best = commonest(total->by_status, STATUS_MAX);

    *count = total->by_status[best];
    if (total->by_outcome[OUTCOME_FOLLOWED] == 0 &&
        total->by_outcome[OUTCOME_CHALLENGED] == 0) {
        return (uint16_t)best;
    }
    *count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        uint64_t same = 0;
        for (size_t k = 0; k < failures->count; k++) {
            same += failures->kinds[k].status == failures->kinds[i].status
                        ? failures->kinds[k].count
                        : 0;
        }
        if (failures->kinds[i].status > 0 && same > *count) {
            *count = same;
            best = failures->kinds[i].status;
        }
    }
    return (uint16_t)best;
}

/* A sentence as the end of another one. */
static void put_clause(char *words, const char *sentence)
{
    static const char ours[] = "OURS: ";
    if (strncmp(sentence, ours, strlen(ours)) == 0) {
        sentence += strlen(ours);
    }
    snprintf(words, WORDS_MAX, "%s", sentence);
    size_t length = strlen(words);
    if (length > 0 && words[length - 1] == '.') {
        words[length - 1] = '\0';
    }
    if (islower((unsigned char)words[1]) || words[1] == ' ') {
        words[0] = (char)tolower((unsigned char)words[0]);
    }
}

static void explain_unsent(const struct panel *total, char *reason,
                           size_t size)
{
    char words[WORDS_MAX];

    if (total->attempts > 0) {
        enum outcome outcome = commonest_outcome(total);
        put_clause(words, outcome_sentence(outcome));
        snprintf(reason, size,
                 "no request reached the service: %s (%" PRIu64 " of %" PRIu64
                 " attempts)",
                 words, total->by_outcome[outcome], total->attempts);
        return;
    }
    size_t finish = commonest(total->reasons, FINISH_REASON_COUNT);
    put_clause(words, finish_sentences[finish]);
    snprintf(reason, size,
             "no request was sent: %s (%" PRIu64 " of %" PRIu64 " operations)",
             words, total->reasons[finish], total->started);
}

static void explain_failed(const struct tally *tally, char *reason,
                           size_t size)
{
    const struct panel *total = &tally->total;
    enum outcome outcome = commonest_outcome(total);
    uint64_t answered = 0;
    uint16_t status = commonest_status(tally, &answered);
    char words[WORDS_MAX];

    if (answered > 0) {
        snprintf(reason, size,
                 "none of %" PRIu64 " operations succeeded: the commonest "
                 "answer was status %u (%" PRIu64 " of %" PRIu64
                 " attempts), the commonest outcome %s",
                 total->started, status, answered, total->attempts,
                 outcome_name(outcome));
        return;
    }
    put_clause(words, outcome_sentence(outcome));
    snprintf(reason, size,
             "none of %" PRIu64 " operations succeeded: %s (%" PRIu64
             " of %" PRIu64 " attempts)",
             total->started, words, total->by_outcome[outcome],
             total->attempts);
}

/* In the words of who said it: what the commonest failure, of this status if
 * there is one, was told. */
static void quote(const struct tally *tally, uint16_t status, char *reason,
                  size_t size)
{
    const struct failures *failures = &tally->failures;
    const struct failure_kind *best = NULL;
    char shown[FAILURE_SHOWN_MAX];
    size_t used = strlen(reason);

    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_kind *kind = &failures->kinds[i];
        if (kind->length > 0 && (status == 0 || kind->status == status) &&
            (!best || kind->count > best->count)) {
            best = kind;
        }
    }
    if (best) {
        failure_show(best, shown);
        snprintf(reason + used, size - used, ": %s", shown);
    }
}

/* What to do about it, where one thing is likely; "" otherwise. */
static const char *remedy(enum outcome outcome, uint16_t status)
{
    switch (outcome) {
    case OUTCOME_REDIRECTED:
        return "-L (target.redirects) follows redirects";
    case OUTCOME_TLS:
        return "does the service speak TLS there, or is it http://? --cacert "
               "trusts an authority, -k verifies nothing";
    case OUTCOME_REJECTED:
        return status == 401 ? "-u, with --digest where the service asks for "
                               "Digest, or --bearer authenticates"
                             : "";
    default:
        return "";
    }
}

/* The remedy as the end of the reason. */
static void advise(const struct tally *tally, char *reason, size_t size)
{
    uint64_t answered = 0;
    uint16_t status = commonest_status(tally, &answered);
    const char *words = remedy(commonest_outcome(&tally->total), status);
    size_t used = strlen(reason);

    if (words[0] != '\0') {
        snprintf(reason + used, size - used, "; %s", words);
    }
}

enum guard_finding guard_judge(const struct tally *tally,
                               const struct slo *slos, size_t slo_count,
                               char *reason, size_t reason_size)
{
    const struct panel *total = &tally->total;

    reason[0] = '\0';
    if (total->started == 0) {
        snprintf(reason, reason_size,
                 "no operation was started in the measured time");
        return GUARD_NOTHING_STARTED;
    }
    for (size_t i = 0; i < slo_count; i++) {
        if (speaks_of_success(&slos[i])) {
            return GUARD_HOLDS;
        }
    }
    if (total->on_wire == 0) {
        explain_unsent(total, reason, reason_size);
        quote(tally, 0, reason, reason_size);
        advise(tally, reason, reason_size);
        return GUARD_NOTHING_SENT;
    }
    if (total->verdicts[VERDICT_SUCCEEDED] == 0) {
        uint64_t answered = 0;
        explain_failed(tally, reason, reason_size);
        quote(tally, commonest_status(tally, &answered), reason, reason_size);
        advise(tally, reason, reason_size);
        return GUARD_NONE_SUCCEEDED;
    }
    return GUARD_HOLDS;
}
