#include "audit/audit.h"

#include "audit/auditor.h"
#include "base/mask.h"
#include "base/must.h"
#include "engine/clock.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

enum needs { NEEDS_ANSWERS, NEEDS_EFFECTS, NEEDS_LEDGER };

static const struct check_row {
    const char *id;
    const char *title;
    enum needs needs;
    const char *expected;
    const char *source;
    void (*run)(struct auditor *auditor);
} rows[AUDIT_CHECKS] = {
#define CHECK(id, name, needs, expected, source) \
    {#id, name, NEEDS_##needs, expected, source, check_##id},
#include "audit/check.def"
#undef CHECK
};

static const char *const verdict_names[AUDIT_VERDICTS] = {
#define AUDIT_VERDICT(id, name, style, is_explained) [AUDIT_##id] = (name),
#include "report/audit_verdict.def"
#undef AUDIT_VERDICT
};

static const char *const convention_names[] = {[CONVENTION_IETF] = "ietf",
                                               [CONVENTION_STRIPE] = "stripe",
                                               [CONVENTION_REJECT_DUPLICATE] =
                                                   "reject-duplicate",
                                               [CONVENTION_ATTACH] = "attach"};

const char *audit_verdict_name(enum audit_verdict verdict)
{
    return verdict_names[verdict];
}

static const char *convention_name(enum audit_convention convention)
{
    return convention_names[convention];
}

bool audit_convention_find(const char *name, enum audit_convention *found)
{
    for (size_t i = 0; i < array_length(convention_names); i++) {
        if (strcmp(name, convention_names[i]) == 0) {
            *found = (enum audit_convention)i;
            return true;
        }
    }
    return false;
}

/* A plain request of its own, shown by no check: does the service still work?
 * A service that has just fallen over is given a moment. */
static const struct audit_attempt *probe(struct auditor *auditor)
{
    enum { TRIES = 3 };
    struct audit_check *check = auditor->check;
    const struct audit_attempt *attempt = NULL;

    auditor->check = &auditor->aside;
    auditor->aside.attempt_count = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        struct audit_subject subject = auditor_new_subject(auditor);
        struct request_spec spec = {.what = "probe", .subject = &subject};
        if (i > 0) {
            conns_sleep(&auditor->conns, duration_ms(300));
        }
        attempt = auditor_send(auditor, &spec);
        if (!attempt_has_failed(attempt) || attempt->end == END_TIMEOUT) {
            break;
        }
    }
    auditor->check = check;
    return attempt;
}

/* A pass needs an oracle. */
static void limit_by_oracle(struct audit_check *check, enum needs needs)
{
    enum audit_oracle oracle = check->effects.oracle;
    if (check->finding.verdict != AUDIT_PASS) {
        return;
    }
    if (needs == NEEDS_LEDGER && oracle != AUDIT_BY_LEDGER) {
        finding_add(&check->finding, AUDIT_INFO,
                    "effects that no answer named cannot be seen without "
                    "a ledger");
    } else if (needs == NEEDS_EFFECTS && oracle == AUDIT_NO_ORACLE) {
        finding_add(&check->finding, AUDIT_INFO,
                    "effects could not be seen: there is no ledger, and the "
                    "answers name nothing");
    }
}

/* Was there anything that was not accepted, and not meant to be so? */
static bool has_rejected(const struct audit_check *check)
{
    for (size_t i = 0; i < check->attempt_count; i++) {
        const struct audit_attempt *attempt = check->attempts[i];
        if (!attempt_is_accepted(attempt) && !attempt->is_made &&
            attempt->end != END_DISCONNECTED) {
            return true;
        }
    }
    return false;
}

/* Gives up the rest of the audit. */
static void stop(struct auditor *auditor, const char *why)
{
    auditor->stop_reason = why;
    auditor->result->stopped = why;
}

/* What was seen in a check may come from the service as a whole: then a plain
 * request is not accepted either. Two effects are two effects all the same. */
static void cross_check(struct auditor *auditor, struct audit_check *check)
{
    char words[32];
    enum audit_verdict verdict = check->finding.verdict;
    bool only_failures = auditor_sees_only_failures(auditor);
    bool doubtful = (verdict == AUDIT_WARN || verdict == AUDIT_FAIL) &&
                    check->effects.most < 2 && has_rejected(check);
    if (!only_failures && !doubtful) {
        return;
    }
    const struct audit_attempt *plain = probe(auditor);
    if (attempt_is_accepted(plain) || conns_are_stopped(&auditor->conns)) {
        return;
    }
    const char *said = attempt_words(plain, words, sizeof(words));
    if (doubtful) {
        struct finding seen = check->finding;
        finding_skip(&check->finding, "a plain request got %s then, too; %s",
                     said, seen.observed);
    }
    if (plain->end == END_UNCONNECTED) {
        stop(auditor, "the service can be reached no more");
    } else if (attempt_is_rejected(plain)) {
        stop(auditor, auditor_printf(auditor,
                                     "the service accepts no plain "
                                     "request any more: %s",
                                     said));
    } else if (only_failures) {
        stop(auditor, auditor_printf(auditor,
                                     "the service answers no request "
                                     "any more: %s",
                                     said));
    }
}

static void make_check(struct auditor *auditor, size_t index)
{
    struct audit_check *check = &auditor->result->checks[index];
    rows[index].run(auditor);
    (void)auditor_close_abandoned(auditor);
    limit_by_oracle(check, rows[index].needs);
    cross_check(auditor, check);
}

/* A failure that rests on an error of the server, or on silence, that nobody
 * asked for: any service may fail for a moment. */
static bool may_be_transient(const struct audit_check *check)
{
    bool has_failure = false;
    for (size_t i = 0; i < check->attempt_count; i++) {
        has_failure |= attempt_has_failed(check->attempts[i]);
        if (check->attempts[i]->is_made) {
            return false;
        }
    }
    return has_failure && check->finding.verdict == AUDIT_FAIL &&
           check->effects.most < 2;
}

/* What a key does to a service it does every time. */
static void make_again(struct auditor *auditor, size_t index)
{
    struct audit_check *check = &auditor->result->checks[index];
    struct finding before = check->finding;

    check->finding = (struct finding){.verdict = AUDIT_PASS};
    check->effects = (struct audit_effects){0};
    make_check(auditor, index);
    if (check->finding.verdict != AUDIT_FAIL &&
        check->finding.verdict != AUDIT_SKIPPED) {
        finding_add(&check->finding, AUDIT_WARN, "only once: %s",
                    before.observed);
    }
}

static void run_check(struct auditor *auditor, size_t index)
{
    struct audit_check *check = &auditor->result->checks[index];
    const struct conns *conns = &auditor->conns;
    auditor->check = check;
    if (conns_are_late(conns) && !auditor->stop_reason) {
        stop(auditor, "the time of the audit is over");
    }
    if (auditor->stop_reason) {
        finding_skip(&check->finding, "%s", auditor->stop_reason);
        return;
    }
    if (!conns_are_stopped(conns)) {
        make_check(auditor, index);
        if (may_be_transient(check)) {
            make_again(auditor, index);
        }
    }
    if (conns_are_stopped(conns) && !conns_are_late(conns)) {
        finding_skip(&check->finding, "interrupted");
    } else if (conns_are_late(conns)) {
        stop(auditor, "the time of the audit is over");
        finding_skip(&check->finding, "%s", auditor->stop_reason);
    }
}

static void prepare_checks(struct audit_result *result)
{
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        result->checks[i] = (struct audit_check){
            .id = rows[i].id,
            .title = rows[i].title,
            .expected = rows[i].expected,
            .source = rows[i].source,
            .attempts = arena_array(&result->arena, ATTEMPTS_MAX,
                                    sizeof(struct audit_attempt *)),
        };
    }
}

static void run_checks(struct auditor *auditor)
{
    struct audit_result *result = auditor->result;

    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        run_check(auditor, i);
    }
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        result->counts[result->checks[i].finding.verdict]++;
    }
    result->median = auditor->median;
    result->interrupted =
        conns_are_stopped(&auditor->conns) && !conns_are_late(&auditor->conns);
}

/* The waits for a window are not the service's doing. */
static struct instant end_of(const struct audit_options *options,
                             struct instant began)
{
    struct duration limit = options->limit;
    if (limit.ns <= 0) {
        limit = duration_s(options->patient ? AUDIT_LIMIT_PATIENT_S
                                            : AUDIT_LIMIT_S);
    }
    if (auditor_waits_for_window(options)) {
        limit = duration_add(limit,
                             duration_add(options->window, options->window));
    }
    return instant_add(began, limit);
}

/* One reading, to find out that there is a ledger. The operations of an audit
 * are always new, so that what was there before need not be remembered. */
static bool is_readable(const struct plan *plan, const atomic_bool *stop,
                        struct errors *errors)
{
    struct plan without = *plan;
    struct baseline baseline = {0};
    without.ledger.baseline = false;
    return ledger_probe(&without, &baseline, stop, errors);
}

bool audit_run(const struct plan *plan, const struct audit_options *options,
               const atomic_bool *stop, struct audit_result *result,
               struct errors *errors)
{
    struct auditor auditor = {
        .plan = plan,
        .options = options,
        .result = result,
        .errors = errors,
        .began = clock_now(),
        .distinguishing = {.names = true, .bodies = true},
    };
    *result = (struct audit_result){
        .convention = convention_name(options->convention),
        .has_ledger = plan->has_ledger,
        .started_unix_ms = clock_unix_ms(),
    };
    char *shown = mask_text(plan->target.url);
    result->target = arena_strdup(&result->arena, shown);
    free(shown);
    prepare_checks(result);
    auditor.aside.attempts = arena_array(&result->arena, ATTEMPTS_MAX,
                                         sizeof(struct audit_attempt *));
    identity_prepare(&auditor.identity, &plan->effect_id, &result->arena);
    bool good = compose_prepare(&auditor) &&
                conns_open(&auditor.conns, plan, stop, errors) &&
                (!plan->has_ledger || is_readable(plan, stop, errors));
    if (good) {
        auditor.conns.until = end_of(options, auditor.began);
        run_checks(&auditor);
    }
    conns_close(&auditor.conns);
    return good;
}

void audit_release(struct audit_result *result)
{
    arena_release(&result->arena);
}
