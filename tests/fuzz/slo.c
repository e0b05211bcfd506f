/*
 * Fuzz entry: the text of an SLO, or of a condition that ends a run. Whatever
 * the bytes: it is refused with a place within it, or understood as terms that
 * lie in it, joined so that one value remains; each of them is understood
 * alone, and a run in which nothing happened judges all of it without harm.
 */
#include "base/arena.h"
#include "base/must.h"
#include "measure/abort_rule.h"
#include "measure/result.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_terms(const struct slo *slo)
{
    must(slo->term_count >= 1 && slo->term_count <= SLO_TERMS_MAX);
    must(slo->step_count == 2 * slo->term_count - 1);
    for (size_t i = 0; i < slo->term_count; i++) {
        char text[SLO_TEXT_MAX], problem[200];
        struct slo alone;
        size_t at;
        slo_term_text(slo, i, text);
        must(slo_parse(&alone, text, problem, sizeof(problem), &at));
        must(alone.term_count == 1);
        must(alone.terms[0].op == slo->terms[i].op);
        must(alone.terms[0].value == slo->terms[i].value);
    }
}

static void check_steps(const struct slo *slo)
{
    size_t depth = 0, terms = 0;

    for (size_t i = 0; i < slo->step_count; i++) {
        if (slo->steps[i] >= 0) {
            must((size_t)slo->steps[i] == terms++);
            depth++;
        } else {
            must(depth >= 2);
            depth--;
        }
    }
    must(depth == 1 && terms == slo->term_count);
}

/* Nothing was measured: what says nothing is never met. */
static void check_judgement(const struct slo *slo)
{
    static struct arena arena = ARENA_INIT;
    static struct tally tally;
    static struct result result;
    struct slo_judgement terms[SLO_TERMS_MAX];

    if (!tally.requests) {
        static const char *const names[] = {"all"};
        static const uint64_t tiers[] = {1};
        tally_init(&tally, &arena, &(struct tally_config){.requests = 1});
        result_compute(&result, &arena,
                       &(struct result_input){.tally = &tally,
                                              .request_count = 1,
                                              .request_names = names,
                                              .request_tiers = tiers,
                                              .measured = {NS_PER_S * 20}});
    }
    struct slo_judgement all = slo_judge_all(slo, &result, terms);
    must(all.pass == (all.word == SLO_MET));
    (void)slo_holds_now(slo, &result, duration_s(20), terms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[4096];
    char problem[40];
    struct slo slo;
    struct abort_rule rule;
    size_t at = SIZE_MAX;

    size = size < sizeof(text) ? size : sizeof(text) - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    if (slo_parse(&slo, text, problem, sizeof(problem), &at)) {
        must(strcmp(slo.text, text) == 0);
        check_terms(&slo);
        check_steps(&slo);
        check_judgement(&slo);
    } else {
        must(at <= strlen(text) && strlen(problem) < sizeof(problem));
    }
    if (abort_rule_parse(&rule, text, problem, sizeof(problem), &at)) {
        must(rule.lasting.ns >= 0);
        check_terms(&rule.when);
        check_steps(&rule.when);
    } else {
        must(at <= strlen(text) && strlen(problem) < sizeof(problem));
    }
    return 0;
}
