/*
 * audit: does a service keep what idempotency keys promise?
 *
 * Runs the checks of check.def one after the other against the service of a
 * plan: its first request that performs an effect, with fresh keys and
 * operations for every check. Effects are read from the plan's ledger, or
 * guessed from what answers name; what could not be seen is said.
 *
 * IK01 comes first: when the service does not even accept the request, nothing
 * else is tried. When a plain request is not answered, or with 5xx, after ten
 * such endings in a row, the rest is left alone, too; so it is when the audit
 * has taken too long.
 *
 * A check that does not pass, and in which something was not accepted, is
 * followed by a plain request: where that is not accepted either, the check
 * says nothing about keys, and is skipped. One that fails by an error of the
 * server is made twice: what comes only once is a warning.
 */
#ifndef SQUALL_AUDIT_AUDIT_H
#define SQUALL_AUDIT_AUDIT_H

#include "audit/observation.h"
#include "base/error.h"
#include "plan/plan.h"

#include <stdatomic.h>

/* How long an audit may take, unless audit_options.limit says otherwise. */
enum { AUDIT_LIMIT_S = 600, AUDIT_LIMIT_PATIENT_S = 3600 };

enum audit_check_id {
#define CHECK(id, name, needs, expected, source) AUDIT_##id,
#include "audit/check.def"
#undef CHECK
    AUDIT_CHECKS
};

struct audit_options {
    enum audit_convention convention;
    const char *second_path;        /* NULL: no check of endpoints */
    const char *second_credentials; /* a header line, or NULL */
    const char *rejected_body;      /* template; NULL: the body cut short */
    struct duration window;         /* 0: not known */
    struct duration limit;          /* of the whole audit; 0: the usual */
    bool patient;                   /* waits for long windows */
    bool require_key;
    size_t fail_header_count;
    const char *const *fail_headers; /* "X-Fault: after-once" */
};

struct audit_check {
    const char *id; /* "IK01" */
    const char *title;
    const char *expected;
    const char *source;
    struct finding finding;
    struct audit_effects effects;
    size_t attempt_count;
    const struct audit_attempt **attempts;
};

struct audit_result {
    const char *target; /* without the password that it may hold */
    const char *convention;
    bool has_ledger;
    bool ledger_is_lost; /* it could no longer be read: from then on the
                          * effects were estimated from answers */
    const char *stopped; /* why it was left alone early, or NULL */
    bool interrupted;
    int64_t started_unix_ms;
    struct duration median; /* of plain requests */
    struct audit_check checks[AUDIT_CHECKS];
    unsigned counts[AUDIT_VERDICTS];
    struct arena arena; /* of the attempts */
};

/* False after adding an error: the service or its ledger is unreachable, or
 * the options make no sense. Release in either case. */
bool audit_run(const struct plan *plan, const struct audit_options *options,
               const atomic_bool *stop, struct audit_result *result,
               struct errors *errors);
void audit_release(struct audit_result *result);

const char *audit_verdict_name(enum audit_verdict verdict);
bool audit_convention_find(const char *name, enum audit_convention *found);

#endif
