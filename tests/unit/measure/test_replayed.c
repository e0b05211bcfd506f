/* Verdicts over two runs, every pair of them; and the join, which takes what
 * was known before along. */
#include "measure/replayed.h"

#include "base/must.h"

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
    {VERDICT_REFUSED, VERDICT_ACKED, VERDICT_ACKED, VERDICT_ACKED},
    {VERDICT_AMBIGUOUS, VERDICT_ACKED, VERDICT_ACKED, VERDICT_ACKED},
    {VERDICT_SHED, VERDICT_ACKED, VERDICT_ACKED, VERDICT_ACKED},
    {VERDICT_REFUSED, VERDICT_REFUSED, VERDICT_REFUSED, VERDICT_REFUSED},
    {VERDICT_AMBIGUOUS, VERDICT_REFUSED, VERDICT_REFUSED, VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_REFUSED, VERDICT_REFUSED, VERDICT_REFUSED},
    {VERDICT_REFUSED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
     VERDICT_AMBIGUOUS},
    {VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
     VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS},
    {VERDICT_REFUSED, VERDICT_SHED, VERDICT_REFUSED, VERDICT_REFUSED},
    {VERDICT_AMBIGUOUS, VERDICT_SHED, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS},
    {VERDICT_SHED, VERDICT_SHED, VERDICT_SHED, VERDICT_SHED},
};

static void verdicts_of_two_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(pairs); i++) {
        assert_int_equal(
            replayed_verdict(pairs[i].before, pairs[i].now, true),
            pairs[i].for_all);
        assert_int_equal(
            replayed_verdict(pairs[i].before, pairs[i].now, false),
            pairs[i].for_one);
    }
}

static struct effects join_one(size_t pair, bool speaks_for_all, uint64_t done)
{
    struct effects_log *log = effects_log_new(&arena, 1);
    struct fact fact = {.kind = FACT_FINISHED};
    struct effects effects;

    fact.finished.verdict = pairs[pair].now;
    fact.finished.attempts = 2;
    fact.finished.was_before = true;
    fact.finished.verdict_before = pairs[pair].before;
    fact.finished.attempts_before = 3;
    fact.finished.speaks_for_all = speaks_for_all;
    fact.finished.operation = 17;
    fact.finished.join = hash_bytes("id", 2);
    effects_log_take(log, &fact);
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
            struct effects one = join_one(i, true, done);
            struct effects two = join_one(i, false, done);
            assert_int_equal(one.table[pairs[i].for_all][done], 1);
            assert_int_equal(two.table[pairs[i].for_one][done], 1);
            assert_int_equal(one.operations_checked, 1);
        }
    }
    struct effects twice = join_one(0, true, 2);
    assert_int_equal(twice.example_count, 1);
    assert_int_equal(twice.examples[0].attempts, 5);
    assert_false(twice.examples[0].single_attempt);
}

static void counts_by_class(void **state)
{
    (void)state;
    struct replayed replayed = {0};

    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_ACKED,
                  EFFECT_EXACTLY_ONCE);
    replayed_take(&replayed, VERDICT_REFUSED, VERDICT_ACKED,
                  EFFECT_EXACTLY_ONCE);
    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
                  EFFECT_UNRESOLVED_DONE);
    replayed_take(&replayed, VERDICT_SHED, VERDICT_AMBIGUOUS,
                  EFFECT_UNRESOLVED_NOT_DONE);
    replayed_take(&replayed, VERDICT_AMBIGUOUS, VERDICT_AMBIGUOUS,
                  EFFECT_CLASS_COUNT);
    assert_int_equal(replayed.letters, 5);
    assert_int_equal(replayed.before[VERDICT_AMBIGUOUS], 3);
    assert_int_equal(replayed.after[VERDICT_ACKED], 2);
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
    return cmocka_run_group_tests_name("replayed", tests, NULL, NULL);
}
