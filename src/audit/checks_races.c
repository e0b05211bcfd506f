/* Requests at one instant: the same, and one under the other's key. */
#include "audit/auditor.h"

enum { ROUNDS = 5, MISMATCH_ROUNDS = 3 };

/* Identical requests of a fresh operation, released together. */
static struct audit_subject race(struct auditor *auditor,
                                 const struct audit_attempt **attempts)
{
    struct audit_subject subject = auditor_new_subject(auditor);
    struct request_spec specs[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        specs[i] =
            (struct request_spec){.what = "at once", .subject = &subject};
    }
    auditor_race(auditor, specs, RACERS, attempts);
    return subject;
}

void check_IK09(struct auditor *auditor)
{
    if (!auditor->body_varies) {
        finding_skip(&auditor->check->finding,
                     "two operations have the same body: put {{op.id}} into "
                     "it");
        return;
    }
    bool judged = false;
    for (unsigned round = 0; round < MISMATCH_ROUNDS; round++) {
        const struct audit_attempt *attempts[2];
        struct audit_subject subjects[2] = {auditor_new_subject(auditor)};
        subjects[1] = auditor_new_sibling(auditor, &subjects[0]);
        struct request_spec specs[2] = {
            {.what = "first", .subject = &subjects[0]},
            {.what = "other payload", .subject = &subjects[1]}};

        auditor_race(auditor, specs, 2, attempts);
        /* Either may have come first. */
        bool second_won = attempt_is_accepted(attempts[1]) &&
                          !attempt_is_accepted(attempts[0]);
        if (!attempt_is_accepted(attempts[second_won]) ||
            attempt_is_limited(attempts[!second_won])) {
            continue;
        }
        judged = true;
        judge_mismatch(&auditor->check->finding, auditor->options->convention,
                       true, attempts[second_won], attempts[!second_won],
                       count_effects_total(auditor, subjects, 2));
    }
    if (!judged) {
        finding_skip(&auditor->check->finding,
                     "of two requests at once neither was accepted, or one "
                     "was turned away with 429");
    }
}

void check_IK11(struct auditor *auditor)
{
    const struct audit_attempt *attempts[ROUNDS][RACERS];
    struct audit_subject subjects[ROUNDS];
    unsigned rounds = 0;
    size_t racers = 0;

    while (rounds < ROUNDS && !auditor_sees_only_failures(auditor)) {
        subjects[rounds] = race(auditor, attempts[rounds]);
        size_t racing = attempt_count_racing(attempts[rounds++], RACERS);
        racers = racing > racers ? racing : racers;
    }
    if (rounds > 0 && racers < 2) {
        finding_skip(&auditor->check->finding,
                     "all requests of a race but one were turned away with "
                     "429");
        return;
    }
    count_effects(auditor, subjects, rounds);
    for (unsigned round = 0; round < rounds; round++) {
        if (attempt_count_racing(attempts[round], RACERS) < 2) {
            continue;
        }
        judge_race(&auditor->check->finding, attempts[round], RACERS,
                   subjects[round].effects);
    }
}

/* One that was answered with a conflict, where another was accepted. */
static const struct audit_attempt *find_conflict(
    const struct audit_attempt *const *attempts)
{
    const struct audit_attempt *conflict = NULL;
    bool accepted = false;
    for (size_t i = 0; i < RACERS; i++) {
        accepted |= attempt_is_accepted(attempts[i]);
        if (attempt_is_rejected(attempts[i]) &&
            !attempt_is_limited(attempts[i])) {
            conflict = attempts[i];
        }
    }
    return accepted ? conflict : NULL;
}

void check_IK12(struct auditor *auditor)
{
    const struct audit_attempt *conflict = NULL;
    struct audit_subject subject = {0};

    for (unsigned round = 0;
         round < ROUNDS && !conflict && !auditor_sees_only_failures(auditor);
         round++) {
        const struct audit_attempt *attempts[RACERS];
        subject = race(auditor, attempts);
        conflict = find_conflict(attempts);
    }
    if (!conflict) {
        finding_skip(&auditor->check->finding,
                     "no request of a race was answered with a conflict");
        return;
    }
    struct request_spec later = {.what = "later", .subject = &subject};
    judge_conflict(&auditor->check->finding, auditor->options->convention,
                   conflict,
                   auditor_follow(auditor, &later, auditor_patience(auditor)));
}
