/* How many effects there were: by the ledger, or by what answers name. */
#include "audit/auditor.h"

#include "effects/effects_join.h"
#include "ledger/ledger.h"

#include <string.h>

/* The join says which operations have an effect, and how many: taken as if
 * every one had been rejected, those with any are its examples. */
static bool by_ledger(struct auditor *auditor, struct audit_subject *subjects,
                      size_t count)
{
    struct arena arena = ARENA_INIT;
    struct operation_log *log = operation_log_new(&arena, SUBJECTS_MAX);
    struct effect_figures *effects = arena_alloc(&arena, sizeof(*effects));
    bool has_id[SUBJECTS_MAX] = {false};
    char id[16384];

    for (size_t i = 0; i < count; i++) {
        has_id[i] = !auditor->plan->ledger_key.uses_key ||
                    compose_can_fill_key(&subjects[i]);
        size_t length =
            compose_ledger_id(auditor, &subjects[i], id, sizeof(id));
        struct fact fact = {.kind = FACT_FINISHED};
        fact.finished.verdict = VERDICT_REJECTED;
        fact.finished.operation = i;
        fact.finished.join = hash_bytes(id, length);
        fact.finished.has_effect = true;
        operation_log_take(log, &fact);
    }
    struct effects_join *join = effects_join_new(&log, 1);
    const struct ledger_options options = {.stop = auditor->conns.stop};
    struct errors errors = ERRORS_INIT;
    bool good = ledger_read(auditor->plan, join, &options, &errors);
    if (!good && !conns_are_stopped(&auditor->conns)) {
        *errors_add(auditor->errors, ERROR_NO_LEDGER, "%s", "") =
            errors.list[0];
    }
    if (good) {
        effects_join_finish(join, effects);
        for (size_t i = 0; i < count; i++) {
            subjects[i].effects = has_id[i] ? 0 : -1;
        }
        for (size_t i = 0; i < effects->example_count; i++) {
            const struct effect_example *example = &effects->examples[i];
            if (has_id[example->operation]) {
                subjects[example->operation].effects =
                    (int64_t)example->effects;
            }
        }
    }
    effects_join_free(join);
    arena_release(&arena);
    return good;
}

/* Once it could not be read, the ledger is not read again: the error is
 * reported once. */
static bool is_read_from_ledger(struct auditor *auditor,
                                struct audit_subject *subjects, size_t count)
{
    bool *lost = &auditor->result->ledger_is_lost;
    if (!auditor->plan->has_ledger || *lost) {
        return false;
    }
    bool is_read = by_ledger(auditor, subjects, count);
    *lost = !is_read && !conns_are_stopped(&auditor->conns);
    return is_read;
}

/* Is it among the subjects? count 0: any is. */
static bool is_of(const struct audit_attempt *attempt,
                  const struct audit_subject *subjects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (subjects[i].number == attempt->operation) {
            return true;
        }
    }
    return false;
}

/* Different things that good answers name; -1 when one names nothing, or
 * there is none. */
static int64_t by_answers(const struct auditor *auditor,
                          const struct audit_subject *subjects, size_t count)
{
    const struct audit_check *check = auditor->check;
    int64_t distinct = 0;
    size_t good = 0;

    for (size_t i = 0; i < check->attempt_count; i++) {
        const struct audit_attempt *attempt = check->attempts[i];
        if (!is_of(attempt, subjects, count) ||
            !attempt_is_accepted(attempt)) {
            continue;
        }
        bool is_new = true;
        good++;
        for (size_t j = 0; j < i; j++) {
            const struct audit_attempt *before = check->attempts[j];
            if (is_of(before, subjects, count) &&
                attempt_is_accepted(before) &&
                strcmp(before->identity, attempt->identity) == 0) {
                is_new = false;
            }
        }
        if (!attempt->identity[0]) {
            return -1;
        }
        distinct += is_new;
    }
    return good > 0 ? distinct : -1;
}

/* `most` is that of single operations, each in one scope. */
static void note(struct auditor *auditor, enum audit_oracle oracle,
                 int64_t effects, uint64_t operations, bool of_one)
{
    struct audit_effects *seen = &auditor->check->effects;
    if (effects < 0) {
        return;
    }
    seen->oracle = oracle;
    seen->operations += operations;
    seen->total += (uint64_t)effects;
    if (of_one && seen->most < (uint64_t)effects) {
        seen->most = (uint64_t)effects;
    }
}

void count_effects(struct auditor *auditor, struct audit_subject *subjects,
                   size_t count)
{
    bool is_read = is_read_from_ledger(auditor, subjects, count);
    for (size_t i = 0; i < count; i++) {
        enum audit_oracle oracle = AUDIT_BY_LEDGER;
        if (!is_read || subjects[i].effects < 0) {
            subjects[i].effects = by_answers(auditor, &subjects[i], 1);
            oracle = AUDIT_BY_ANSWERS;
        }
        note(auditor, oracle, subjects[i].effects, 1, true);
    }
}

int64_t count_effects_total(struct auditor *auditor,
                            struct audit_subject *subjects, size_t count)
{
    int64_t total = 0;

    if (!is_read_from_ledger(auditor, subjects, count)) {
        total = by_answers(auditor, subjects, count);
        note(auditor, AUDIT_BY_ANSWERS, total, count, false);
        return total;
    }
    /* Effects of a shared id are dealt out one each, the rest to the first, so
     * that the sum is right. */
    for (size_t i = 0; i < count; i++) {
        total += subjects[i].effects > 0 ? subjects[i].effects : 0;
    }
    note(auditor, AUDIT_BY_LEDGER, total, count, false);
    return total;
}
