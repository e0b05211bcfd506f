/* Requests at one instant: the same, and one under the other's key. */
#include "audit/auditor.h"

enum { ROUNDS = 5, MISMATCH_ROUNDS = 3 };

/* Identical requests of a fresh operation, released together. */
static struct audit_subject race(struct auditor *auditor,
                                 const struct audit_attempt **attempts)
{
    struct audit_subject subject = new_subject(auditor);
    struct request_spec specs[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        specs[i] = (struct request_spec){.what = "at once",
                                         .subject = &subject};
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
    for (unsigned round = 0; round < MISMATCH_ROUNDS; round++) {
        const struct audit_attempt *attempts[2];
        struct audit_subject subjects[2] = {new_subject(auditor)};
        subjects[1] = new_sibling(auditor, &subjects[0]);
        struct request_spec specs[2] = {
            {.what = "first", .subject = &subjects[0]},
            {.what = "other payload", .subject = &subjects[1]}};

        auditor_race(auditor, specs, 2, attempts);
        /* Either may have come first. */
        bool second_won = is_good(attempts[1]) && !is_good(attempts[0]);
        judge_mismatch(&auditor->check->finding,
                       auditor->options->convention, true,
                       attempts[second_won], attempts[!second_won],
                       witness_total(auditor, subjects, 2));
    }
}

void check_IK11(struct auditor *auditor)
{
    const struct audit_attempt *attempts[ROUNDS][RACERS];
    struct audit_subject subjects[ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        subjects[round] = race(auditor, attempts[round]);
    }
    witness(auditor, subjects, ROUNDS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        judge_race(&auditor->check->finding, auditor->options->convention,
                   attempts[round], RACERS, subjects[round].effects);
    }
}

void check_IK12(struct auditor *auditor)
{
    const struct audit_attempt *conflict = NULL;
    struct audit_subject subject = {0};

    for (unsigned round = 0; round < ROUNDS && !conflict; round++) {
        const struct audit_attempt *attempts[RACERS];
        subject = race(auditor, attempts);
        for (size_t i = 0; i < RACERS; i++) {
            if (is_refusal(attempts[i])) {
                conflict = attempts[i];
            }
        }
    }
    if (!conflict) {
        finding_skip(&auditor->check->finding,
                     "no request of a race was told of a conflict");
        return;
    }
    struct request_spec later = {.what = "later", .subject = &subject};
    judge_conflict(&auditor->check->finding, auditor->options->convention,
                   conflict,
                   auditor_follow(auditor, &later,
                                  auditor_patience(auditor)));
}
