#include "audit/audit.h"

#include "audit/auditor.h"
#include "base/mask.h"
#include "base/must.h"
#include "transport/clock.h"
#include "transport/ledger.h"

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
    [AUDIT_PASS] = "pass", [AUDIT_INFO] = "info", [AUDIT_WARN] = "warn",
    [AUDIT_FAIL] = "fail", [AUDIT_SKIPPED] = "skipped"};

static const char *const convention_names[] = {
    [CONVENTION_IETF] = "ietf",
    [CONVENTION_STRIPE] = "stripe",
    [CONVENTION_REJECT_DUPLICATE] = "reject-duplicate",
    [CONVENTION_ATTACH] = "attach"};

const char *audit_verdict_name(enum audit_verdict verdict)
{
    return verdict_names[verdict];
}

const char *audit_convention_name(enum audit_convention convention)
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

/* A plain request of its own: does the service still work at all? */
static bool is_alive(struct auditor *auditor)
{
    struct audit_subject subject = new_subject(auditor);
    struct request_spec spec = {.what = "probe", .subject = &subject};
    const struct audit_attempt *attempt = auditor_send(auditor, &spec);
    return is_good(attempt) || is_refusal(attempt);
}

/* How long plain requests take: what hanging up is timed by. */
static void measure(struct auditor *auditor)
{
    int64_t took[5];
    for (size_t i = 0; i < array_length(took); i++) {
        struct audit_subject subject = new_subject(auditor);
        struct request_spec spec = {.what = "timing", .subject = &subject};
        int64_t ns = auditor_send(auditor, &spec)->took.ns;
        size_t at = i;
        for (; at > 0 && took[at - 1] > ns; at--) {
            took[at] = took[at - 1];
        }
        took[at] = ns;
    }
    auditor->median.ns = took[array_length(took) / 2];
    auditor->result->median = auditor->median;
}

/* A pass takes eyes. */
static void limit_by_sight(struct audit_check *check, enum needs needs)
{
    enum audit_oracle oracle = check->effects.oracle;
    if (check->finding.verdict != AUDIT_PASS) {
        return;
    }
    if (needs == NEEDS_LEDGER && oracle != AUDIT_BY_LEDGER) {
        finding_add(&check->finding, AUDIT_INFO,
                    "effects that nobody was told of cannot be seen without "
                    "a ledger");
    } else if (needs == NEEDS_EFFECTS && oracle == AUDIT_BLIND) {
        finding_add(&check->finding, AUDIT_INFO,
                    "effects could not be seen: there is no ledger, and the "
                    "answers name nothing");
    }
}

static void run_check(struct auditor *auditor, size_t index)
{
    struct audit_check *check = &auditor->result->checks[index];
    auditor->check = check;
    if (exchange_stopped(&auditor->exchange)) {
        finding_skip(&check->finding, "interrupted");
        return;
    }
    if (auditor->dead) {
        finding_skip(&check->finding,
                     auditor->result->stopped
                         ? "the service answers every request with 5xx"
                         : "the plain request of IK01 was not accepted");
        return;
    }
    rows[index].run(auditor);
    limit_by_sight(check, rows[index].needs);
    if (exchange_stopped(&auditor->exchange)) {
        finding_skip(&check->finding, "interrupted");
    } else if (auditor->failures >= STORM && !is_alive(auditor)) {
        auditor->dead = true;
        auditor->result->stopped = true;
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

    run_check(auditor, AUDIT_IK01);
    size_t shown = result->checks[AUDIT_IK01].attempt_count;
    if (!auditor->dead && !exchange_stopped(&auditor->exchange)) {
        measure(auditor);
    }
    result->checks[AUDIT_IK01].attempt_count = shown;
    for (size_t i = AUDIT_IK01 + 1; i < AUDIT_CHECKS; i++) {
        run_check(auditor, i);
    }
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        result->counts[result->checks[i].finding.verdict]++;
    }
    result->interrupted = exchange_stopped(&auditor->exchange);
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
    };
    *result = (struct audit_result){
        .convention = audit_convention_name(options->convention),
        .has_ledger = plan->has_ledger,
    };
    char *shown = mask_url(plan->target.url);
    result->target = arena_strdup(&result->arena, shown);
    free(shown);
    prepare_checks(result);
    bool good = compose_prepare(&auditor) &&
                exchange_open(&auditor.exchange, plan, stop, errors) &&
                (!plan->has_ledger || is_readable(plan, stop, errors));
    if (good) {
        run_checks(&auditor);
    }
    exchange_close(&auditor.exchange);
    return good;
}

void audit_release(struct audit_result *result)
{
    arena_release(&result->arena);
}
