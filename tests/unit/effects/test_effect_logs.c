/* Which facts a worker's logs keep, and which they leave out. */
#include "effects/effect_logs.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct fact new_finished(uint64_t number, bool has_effect)
{
    struct fact fact = {.kind = FACT_FINISHED};
    fact.finished.verdict = VERDICT_SUCCEEDED;
    fact.finished.operation = number;
    fact.finished.join = hash_bytes(&number, sizeof(number));
    fact.finished.has_effect = has_effect;
    return fact;
}

static struct effect_figures joined(struct operation_log *log)
{
    struct effect_figures effects;
    struct effects_join *join = effects_join_new(&log, 1);
    effects_join_finish(join, &effects);
    effects_join_free(join);
    return effects;
}

static void test_operations(void **state)
{
    (void)state;
    struct effect_logs logs;
    effect_logs_init(&logs, &arena,
                     &(struct effect_logs_config){.keep_operations = true,
                                                  .operations_max = 10});
    assert_non_null(logs.operations);
    assert_null(logs.answers);
    for (uint64_t i = 0; i < 5; i++) {
        struct fact fact = new_finished(i, i != 3);
        fact.warmup = i == 0;
        effect_logs_take(&logs, &fact);
    }
    struct fact others[] = {{.kind = FACT_STARTED},
                            {.kind = FACT_DONE},
                            {.kind = FACT_ANSWERS},
                            {.kind = FACT_CLIENT}};
    for (size_t i = 0; i < array_length(others); i++) {
        effect_logs_take(&logs, &others[i]);
    }
    struct effect_figures effects = joined(logs.operations);
    assert_int_equal(effects.warmup_operations, 1);
    assert_int_equal(effects.operations_checked, 3);
}

static void test_answers(void **state)
{
    (void)state;
    struct effect_logs logs;
    effect_logs_init(&logs, &arena,
                     &(struct effect_logs_config){.keep_answers = true,
                                                  .names_effects = true,
                                                  .operations_max = 10});
    assert_null(logs.operations);
    struct answers_seen seen = {.named = 1};
    struct fact fact = {.kind = FACT_ANSWERS};
    fact.answers.seen = &seen;
    effect_logs_take(&logs, &fact);
    fact = new_finished(1, true);
    effect_logs_take(&logs, &fact);

    struct answer_figures figures;
    answers_merge(&logs.answers, 1, &figures, NULL, NULL);
    assert_int_equal(figures.named_operations, 1);
}

static void test_nothing_kept(void **state)
{
    (void)state;
    struct effect_logs logs;
    effect_logs_init(&logs, &arena, &(struct effect_logs_config){0});
    struct fact fact = new_finished(1, true);
    effect_logs_take(&logs, &fact);
    fact.kind = FACT_ANSWERS;
    effect_logs_take(&logs, &fact);
    assert_null(logs.operations);
    assert_null(logs.answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nothing_kept),
    };
    return cmocka_run_group_tests_name("effect_logs", tests, NULL, release);
}
