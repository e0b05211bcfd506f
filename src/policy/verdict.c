#include "policy/verdict.h"

#include "base/must.h"

#include <stddef.h>

static const char *const verdict_names[VERDICT_COUNT] = {
#define VERDICT(id, name, sentence) [VERDICT_##id] = (name),
#include "policy/verdict.def"
#undef VERDICT
};

static const char *const reason_names[FINISH_REASON_COUNT] = {
#define FINISH_REASON(id, name, sentence) [FINISH_##id] = (name),
#include "policy/finish_reason.def"
#undef FINISH_REASON
};

static const char *const kind_names[ATTEMPT_KIND_COUNT] = {
#define ATTEMPT_KIND(id, name, sentence) [ATTEMPT_##id] = (name),
#include "policy/attempt_kind.def"
#undef ATTEMPT_KIND
};

const char *verdict_name(enum verdict verdict)
{
    must((size_t)verdict < VERDICT_COUNT);
    return verdict_names[verdict];
}

const char *finish_reason_name(enum finish_reason reason)
{
    must((size_t)reason < FINISH_REASON_COUNT);
    return reason_names[reason];
}

const char *attempt_kind_name(enum attempt_kind kind)
{
    must((size_t)kind < ATTEMPT_KIND_COUNT);
    return kind_names[kind];
}
