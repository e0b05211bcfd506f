#include "run/abort.h"

#include "base/str.h"
#include "report/text_part.h"

#include <math.h>
#include <stdio.h>

/* The workers hand over what they have counted one after another: what is
 * older than this is of all of them. */
#define HANDED_OVER duration_ms(200)

static void put_term(struct str *words, const struct abort_rule *rule,
                     const struct slo_judgement *judgement, size_t term)
{
    char text[SLO_TEXT_MAX];

    slo_term_text(&rule->when, term, text);
    str_printf(words, "%s%s: ", words->length ? "; " : "", text);
    if (judgement->measured && judgement->value >= 0) {
        text_format(words, rule->when.terms[term].unit, judgement->value);
    } else {
        str_append(words, judgement->reason);
    }
}

/* "aborted at 12.3 s: p99 > 2s for 5s (p99 > 2s: 2.31 s)" */
static void explain(const struct abort_rule *rule,
                    const struct abort_watch *watch, struct instant at,
                    char *sentence, size_t size)
{
    struct str words = STR_INIT, when = STR_INIT;

    for (size_t i = 0; i < rule->when.term_count; i++) {
        if (watch->terms[i].word == SLO_MET || rule->when.term_count == 1) {
            put_term(&words, rule, &watch->terms[i], i);
        }
    }
    text_format(&when, UNIT_DURATION, (double)at.ns / (double)NS_PER_US);
    snprintf(sentence, size, "aborted at %s by --abort-if: %.150s (%.180s)",
             when.text, rule->text, words.text);
    str_release(&words);
    str_release(&when);
}

bool abort_look(struct abort_state *state, const struct plan *plan,
                const struct result *result, struct instant at, char *sentence,
                size_t size)
{
    struct instant counted = {at.ns - HANDED_OVER.ns};
    struct duration now =
        instant_since(counted, (struct instant){plan->load.warmup.ns});

    for (size_t i = 0; i < plan->abort_count && !state->ended_by; i++) {
        if (abort_watch_look(&state->watches[i], &plan->aborts[i], result,
                             now)) {
            state->ended_by = &plan->aborts[i];
            state->ended_at = at;
            explain(&plan->aborts[i], &state->watches[i], at, sentence, size);
            return true;
        }
    }
    return false;
}
