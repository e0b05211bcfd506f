/* Answers that never arrive, requests that are cut, failures, and time. */
#include "audit/auditor.h"

#include "base/must.h"

enum { LOSSES = 3, STEPS = 10 };

static struct duration times(struct duration length, double factor)
{
    return duration_from_ns((double)length.ns * factor);
}

/* Operations whose first attempt was lost. */
struct losses {
    size_t count;
    struct audit_subject subjects[STEPS];
    const struct audit_attempt *last[STEPS];
};

/* A key that stays busy to the end of all patience is enough. */
static bool is_stuck(const struct auditor *auditor,
                     const struct losses *losses)
{
    return losses->count > 0 &&
           auditor->options->convention != CONVENTION_REJECT_DUPLICATE &&
           attempt_is_busy(losses->last[losses->count - 1]);
}

/* Sends a part of a request, disconnects, and retries until it is answered. */
static void lose_and_retry(struct auditor *auditor, struct losses *losses,
                           double part, struct duration wait,
                           struct duration pause)
{
    struct audit_subject *subject = &losses->subjects[losses->count];
    if (is_stuck(auditor, losses) || auditor_sees_only_failures(auditor)) {
        return;
    }
    *subject = auditor_new_subject(auditor);
    struct request_spec spec = {.what = part < 1 ? "cut short" : "lost",
                                .subject = subject};

    if (auditor_send_and_disconnect(auditor, &spec, part, wait)->end !=
        END_DISCONNECTED) {
        return;
    }
    conns_sleep(&auditor->conns, pause);
    spec.what = "retry";
    const struct audit_attempt *last =
        auditor_follow(auditor, &spec, auditor_patience(auditor));
    if (auditor_close_abandoned(auditor)) {
        losses->last[losses->count++] = last;
    }
}

static void judge_losses(struct auditor *auditor, struct losses *losses,
                         bool was_cut)
{
    if (losses->count == 0) {
        finding_skip(&auditor->check->finding,
                     "no request could be delivered and its answer abandoned");
        return;
    }
    count_effects(auditor, losses->subjects, losses->count);
    for (size_t i = 0; i < losses->count; i++) {
        judge_retry(&auditor->check->finding, auditor->options->convention,
                    was_cut, losses->last[i], losses->subjects[i].effects);
    }
}

void check_IK13(struct auditor *auditor)
{
    struct duration pause =
        duration_max(times(auditor->median, 2), duration_ms(50));
    struct losses losses = {0};
    for (unsigned i = 0; i < LOSSES; i++) {
        lose_and_retry(auditor, &losses, 1, DURATION_ZERO, pause);
    }
    judge_losses(auditor, &losses, false);
}

/* From at once to when the answer has long come. */
void check_IK14(struct auditor *auditor)
{
    struct losses losses = {0};
    for (unsigned i = 0; i < STEPS; i++) {
        lose_and_retry(auditor, &losses, 1,
                       times(auditor->median, 1.5 * i / (STEPS - 1)),
                       DURATION_ZERO);
    }
    judge_losses(auditor, &losses, false);
}

void check_IK15(struct auditor *auditor)
{
    struct losses losses = {0};
    if (!auditor->request->has_body) {
        finding_skip(&auditor->check->finding,
                     "the request has no body to be cut");
        return;
    }
    for (unsigned i = 0; i < LOSSES; i++) {
        lose_and_retry(auditor, &losses, 0.5, duration_ms(10),
                       duration_ms(20));
    }
    judge_losses(auditor, &losses, true);
}

/* The retry, as the caller sends it who does not know of the failure; and, if
 * that is of no use, without what makes the service fail: it may do so every
 * time that it is asked to. */
static const struct audit_attempt *retry_failed(struct auditor *auditor,
                                                struct request_spec *spec)
{
    spec->what = "retry";
    const struct audit_attempt *last =
        auditor_follow(auditor, spec, auditor_patience(auditor));
    if (!attempt_is_accepted(last)) {
        spec->what = "retry without the header";
        spec->extra = NULL;
        last = auditor_send(auditor, spec);
    }
    return last;
}

void check_IK17(struct auditor *auditor)
{
    const struct audit_options *options = auditor->options;
    struct finding *finding = &auditor->check->finding;
    bool failed = false;

    if (options->fail_header_count == 0) {
        finding_skip(finding, "nothing makes the service fail: --fail-header "
                              "'X-Fault: after-once'");
        return;
    }
    for (size_t i = 0; i < options->fail_header_count; i++) {
        struct audit_subject subject = auditor_new_subject(auditor);
        struct request_spec spec = {.what = "made to fail",
                                    .subject = &subject,
                                    .extra = options->fail_headers[i]};
        const struct audit_attempt *first = auditor_send(auditor, &spec);
        if (attempt_is_accepted(first) ||
            (attempt_is_rejected(first) && !attempt_is_busy(first))) {
            continue;
        }
        failed = true;
        const struct audit_attempt *last = retry_failed(auditor, &spec);
        count_effects(auditor, &subject, 1);
        judge_failed(finding, options->convention, first, last,
                     subject.effects);
    }
    if (!failed) {
        finding_skip(finding, "the service did not fail when it was asked to");
    }
}

/* Whether the answer came within the window, which begins when the first was
 * sent, or later. */
static bool is_in_time(const struct auditor *auditor,
                       const struct audit_attempt *first,
                       const struct audit_attempt *again)
{
    int64_t end = again->at.ns + again->took.ns;
    return end - first->at.ns < auditor->options->window.ns;
}

/* A fresh operation, and a replay when three quarters of the window are over.
 */
static bool retry_within(struct auditor *auditor,
                         struct audit_subject *subject)
{
    struct request_spec spec = {.what = "first", .subject = subject};
    const struct audit_attempt *first = auditor_send(auditor, &spec);
    if (!attempt_is_accepted(first)) {
        finding_skip(&auditor->check->finding,
                     "the first request was not accepted");
        return false;
    }
    struct duration pause = times(auditor->options->window, 0.75);
    conns_sleep(&auditor->conns, (struct duration){pause.ns - first->took.ns});
    spec.what = "within the window";
    const struct audit_attempt *again = auditor_send(auditor, &spec);
    if (!is_in_time(auditor, first, again)) {
        finding_skip(&auditor->check->finding,
                     "the retry was answered when the window had ended: it "
                     "is too short for this service");
        return false;
    }
    count_effects(auditor, subject, 1);
    if (subject->effects > 1) {
        finding_add(&auditor->check->finding, AUDIT_FAIL,
                    "performed again before the window ended");
    }
    judge_replay(&auditor->check->finding, auditor->options->convention, first,
                 again);
    return true;
}

void check_IK20(struct auditor *auditor)
{
    const struct audit_options *options = auditor->options;
    struct finding *finding = &auditor->check->finding;
    struct audit_subject subject = auditor_new_subject(auditor);
    const struct audit_attempt *attempts[RACERS];
    struct request_spec specs[RACERS];

    if (options->window.ns <= 0) {
        finding_skip(finding, "how long keys are kept is not known: "
                              "--window 24h");
        return;
    }
    if (!auditor_waits_for_window(options)) {
        finding_skip(finding, "the window is long: --patient waits for it");
        return;
    }
    if (!retry_within(auditor, &subject)) {
        return;
    }
    int64_t before = subject.effects;
    conns_sleep(&auditor->conns,
                duration_add(times(options->window, 1.1), duration_ms(20)));
    for (size_t i = 0; i < RACERS; i++) {
        specs[i] = (struct request_spec){.what = "after the window",
                                         .subject = &subject};
    }
    auditor_race(auditor, specs, RACERS, attempts);
    count_effects(auditor, &subject, 1);
    judge_expired(finding, attempts, RACERS, before, subject.effects);
}
