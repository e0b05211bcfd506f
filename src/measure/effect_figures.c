#include "measure/effect_figures.h"

#include "base/must.h"

static const struct {
    const char *name, *words;
} classes[EFFECT_CLASS_COUNT] = {
#define EFFECT_CLASS(id, name, words, sentence) [EFFECT_##id] = {name, words},
#include "measure/effect.def"
};

/* By verdict, and 0, 1, 2 or more effects. */
static const enum effect_class class_table[VERDICT_COUNT][3] = {
#define EFFECT_ROW(verdict, none, one, more) \
    [VERDICT_##verdict] = {EFFECT_##none, EFFECT_##one, EFFECT_##more},
#include "measure/effect.def"
};

static const char *const oracle_names[EFFECT_ORACLE_COUNT] = {
#define EFFECT_ORACLE(id, name, sentence) [ORACLE_##id] = (name),
#include "measure/effect.def"
};

enum effect_class effect_class_of(enum verdict verdict, uint64_t effects)
{
    must((size_t)verdict < VERDICT_COUNT);
    return class_table[verdict][effects < 2 ? effects : 2];
}

const char *effect_class_name(enum effect_class class)
{
    must((size_t) class < EFFECT_CLASS_COUNT);
    return classes[class].name;
}

const char *effect_class_words(enum effect_class class)
{
    must((size_t) class < EFFECT_CLASS_COUNT);
    return classes[class].words;
}

bool effect_class_is_offence(enum effect_class class)
{
    return class == EFFECT_DUPLICATE || class == EFFECT_LOST ||
           class == EFFECT_PHANTOM;
}

const char *effect_oracle_name(enum effect_oracle oracle)
{
    must((size_t)oracle < EFFECT_ORACLE_COUNT);
    return oracle_names[oracle];
}

static uint64_t with_verdict(const struct effect_figures *effects,
                             enum verdict verdict)
{
    const uint64_t *row = effects->table[verdict];
    return row[0] + row[1] + row[2];
}

const char *effect_figures_unjudged(const struct effect_figures *effects,
                                    enum effect_class class, uint64_t resent,
                                    uint64_t lost_responses)
{
    bool has_ledger = effects->oracle == ORACLE_LEDGER;
    uint64_t succeeded = with_verdict(effects, VERDICT_SUCCEEDED);
    uint64_t refused = with_verdict(effects, VERDICT_REJECTED) +
                       with_verdict(effects, VERDICT_SHED);

    if (effects->classes[class] > 0 || effects->operations_checked == 0) {
        return NULL;
    }
    if (has_ledger && class == EFFECT_LOST && succeeded == 0) {
        return "no operation succeeded";
    }
    if (has_ledger && class == EFFECT_PHANTOM && refused == 0) {
        return "no operation was rejected or shed";
    }
    if (class != EFFECT_DUPLICATE) {
        return NULL;
    }
    if (has_ledger && succeeded == 0 && effects->total_effects == 0) {
        return "no operation succeeded";
    }
    if ((has_ledger ? effects->resent : resent) == 0 && lost_responses == 0) {
        return "nothing was sent again and no response was lost";
    }
    return NULL;
}
