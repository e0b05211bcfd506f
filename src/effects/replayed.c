#include "effects/replayed.h"

#include "base/must.h"

enum verdict replayed_verdict(enum verdict before, enum verdict now,
                              bool rejects_all)
{
    switch (now) {
    case VERDICT_SUCCEEDED:
    case VERDICT_AMBIGUOUS:
        return now;
    case VERDICT_REJECTED:
        return before == VERDICT_AMBIGUOUS && !rejects_all ? before : now;
    case VERDICT_UNANSWERED:
        return before == VERDICT_SHED ? now : before;
    case VERDICT_SHED:
        break;
    }
    return before;
}

void replayed_take(struct replayed *replayed, enum verdict before,
                   enum verdict after, enum effect_class class)
{
    must((size_t)before < VERDICT_COUNT && (size_t)after < VERDICT_COUNT);
    replayed->dead_letters++;
    replayed->before[before]++;
    replayed->after[after]++;
    if (class < EFFECT_CLASS_COUNT) {
        replayed->classes[class]++;
        replayed->ambiguous[class] += before == VERDICT_AMBIGUOUS;
    }
}

uint64_t replayed_unresolved(const struct replayed *replayed)
{
    return replayed->has_classes
               ? replayed->classes[EFFECT_UNRESOLVED_DONE] +
                     replayed->classes[EFFECT_UNRESOLVED_NOT_DONE]
               : replayed->after[VERDICT_AMBIGUOUS];
}
