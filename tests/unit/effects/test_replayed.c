/* Verdicts over two runs, every pair of them; and the join, which takes what
 * was known before along. */
#include "effects/replayed.h"

#include "base/must.h"
#include "effects/effects_join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* By what it was, what it is now, and whether the last answer speaks for all
 * attempts. */
static const struct {
    enum verdict before, now, for_all, for_one;
} pairs[] = {
    {VERDICT_REJECTED, VERDICT_SUCCEEDED, VERDICT_SUCCEEDED,
     VERDICT_SUCCEEDED},
    {VERDICT_AMBIGUOUS, VERDICT_SUCCEEDED, VERDICT_SUCCEEDED,
     VERDICT_SUCCEEDED},
    {VERDICT_SHED, VERDICT_SUCCEEDED, VERDICT_SUCCEEDED, VERDICT_SUCCEEDED},
    {VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_REJECTED},
    {VERDICT_AMBIGUOUS, VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_REJECTED},
    {VERDICT_REJECTED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
     VERDICT_AMBIGUOUS},
    {VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
     VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS},
    {VERDICT_UNANSWERED, VERDICT_SUCCEEDED, VERDICT_SUCCEEDED,
     VERDICT_SUCCEEDED},
    {VERDICT_UNANSWERED, VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_REJECTED},
    {VERDICT_UNANSWERED, VERDICT_UNANSWERED, VERDICT_UNANSWERED,
     VERDICT_UNANSWERED},
    {VERDICT_UNANSWERED, VERDICT_SHED, VERDICT_UNANSWERED, VERDICT_UNANSWERED},
    {VERDICT_REJECTED, VERDICT_UNANSWERED, VERDICT_REJECTED, VERDICT_REJECTED},
    {VERDICT_AMBIGUOUS, VERDICT_UNANSWERED, VERDICT_AMBIGUOUS,
     VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_UNANSWERED, VERDICT_UNANSWERED, VERDICT_UNANSWERED},
    {VERDICT_REJECTED, VERDICT_SHED, VERDICT_REJECTED, VERDICT_REJECTED},
    {VERDICT_AMBIGUOUS, VERDICT_SHED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_SHED, VERDICT_SHED, VERDICT_SHED},
};

static void verdicts_of_two_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(pairs); i++) {
        assert_int_equal(replayed_verdict(pairs[i].before, pairs[i].now, true),
                         pairs[i].for_all);
        assert_int_equal(
            replayed_verdict(pairs[i].before, pairs[i].now, false),
            pairs[i].for_one);
    }
}

static struct effect_figures join_one(size_t pair, bool rejects_all,
                                      uint64_t done)
{
    struct operation_log *log = operation_log_new(&arena, 1);
    struct fact fact = {.kind = FACT_FINISHED};
    struct effect_figures effects;

    fact.finished.verdict = pairs[pair].now;
    fact.finished.attempts = 2;
    fact.finished.was_before = true;
    fact.finished.verdict_before = pairs[pair].before;
    fact.finished.attempts_before = 3;
    fact.finished.rejects_all = rejects_all;
    fact.finished.operation = 17;
    fact.finished.join = hash_bytes("id", 2);
    operation_log_take(log, &fact);
    struct effects_join *join = effects_join_new(&log, 1);
    effects_join_entry(join, "id", 2, done);
    effects_join_finish(join, &effects);
    effects_join_free(join);
    return effects;
}

static void the_join_is_over_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(pairs); i++) {
        for (uint64_t done = 0; done < 3; done++) {
            struct effect_figures one = join_one(i, true, done);
            struct effect_figures two = join_one(i, false, done);
            assert_int_equal(one.table[pairs[i].for_all][done], 1);
            assert_int_equal(two.table[pairs[i].for_one][done], 1);
            assert_int_equal(one.operations_checked, 1);
        }
    }
    struct effect_figures twice = join_one(0, true, 2);
    assert_int_equal(twice.example_count, 1);
    assert_int_equal(twice.examples[0].attempts, 5);
    assert_false(twice.examples[0].single_attempt);
}

static void counts_by_class(void **state)
{
    (void)state;
    struct replayed replayed = {0};

    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_SUCCEEDED,
                  EFFECT_EXACTLY_ONCE);
    replayed_take(&replayed, VERDICT_REJECTED, VERDICT_SUCCEEDED,
                  EFFECT_EXACTLY_ONCE);
    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
                  EFFECT_UNRESOLVED_DONE);
    replayed_take(&replayed, VERDICT_SHED, VERDICT_AMBIGUOUS,
                  EFFECT_UNRESOLVED_NOT_DONE);
    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
                  EFFECT_CLASS_COUNT);
    assert_int_equal(replayed.dead_letters, 5);
    assert_int_equal(replayed.before[VERDICT_AMBIGUOUS], 3);
    assert_int_equal(replayed.after[VERDICT_SUCCEEDED], 2);
    assert_int_equal(replayed.classes[EFFECT_EXACTLY_ONCE], 2);
    assert_int_equal(replayed.ambiguous[EFFECT_EXACTLY_ONCE], 1);
    assert_int_equal(replayed_unresolved(&replayed), 3);
    replayed.has_classes = true;
    assert_int_equal(replayed_unresolved(&replayed), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_of_two_runs),
        cmocka_unit_test_teardown(the_join_is_over_both, release),
        cmocka_unit_test(counts_by_class),
    };
    return cmocka_run_group_tests_name("effects/replayed", tests, NULL, NULL);
}
