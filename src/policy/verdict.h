/*
 * verdict: what became of an operation, why it ended, and why its attempts
 * were sent.
 *
 * The lists are verdict.def, finish_reason.def and attempt_kind.def; what
 * leads to which is policy/call's.
 */
#ifndef SQUALL_POLICY_VERDICT_H
#define SQUALL_POLICY_VERDICT_H

enum verdict {
#define VERDICT(id, name, sentence) VERDICT_##id,
#include "policy/verdict.def"
#undef VERDICT
};

enum {
#define VERDICT(id, name, sentence) +1
    VERDICT_COUNT = 0
#include "policy/verdict.def"
#undef VERDICT
};

enum finish_reason {
#define FINISH_REASON(id, name, sentence) FINISH_##id,
#include "policy/finish_reason.def"
#undef FINISH_REASON
};

enum {
#define FINISH_REASON(id, name, sentence) +1
    FINISH_REASON_COUNT = 0
#include "policy/finish_reason.def"
#undef FINISH_REASON
};

enum attempt_kind {
#define ATTEMPT_KIND(id, name, sentence) ATTEMPT_##id,
#include "policy/attempt_kind.def"
#undef ATTEMPT_KIND
};

enum {
#define ATTEMPT_KIND(id, name, sentence) +1
    ATTEMPT_KIND_COUNT = 0
#include "policy/attempt_kind.def"
#undef ATTEMPT_KIND
};

const char *verdict_name(enum verdict verdict);
const char *finish_reason_name(enum finish_reason reason);
const char *attempt_kind_name(enum attempt_kind kind);

#endif
