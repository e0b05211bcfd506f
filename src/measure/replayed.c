#include "measure/replayed.h"

#include "base/must.h"

enum verdict replayed_verdict(enum verdict before, enum verdict now,
                              bool speaks_for_all)
{
    switch (now) {
    case VERDICT_ACKED:
    case VERDICT_AMBIGUOUS:
        return now;
    case VERDICT_REFUSED:
        return before == VERDICT_AMBIGUOUS && !speaks_for_all ? before : now;
    case VERDICT_SHED:
    case VERDICT_COUNT:
        break;
    }
    return before;
}

void replayed_take(struct replayed *replayed, enum verdict before,
                   enum verdict after, enum effect_class class)
{
    must(before < VERDICT_COUNT && after < VERDICT_COUNT);
    replayed->letters++;
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
