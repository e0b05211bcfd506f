/* What answers show by themselves: several names for one operation, one name
 * for several, answers that differ, and keys that stay in flight. */
#include "effects/answers.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* An operation whose answers named the effects of `names`, one a letter; in
 * capitals those that its caller was not given. */
struct answered {
    uint64_t operation;
    const char *names;
    enum verdict verdict;
    bool warmup, keyless, differ, busy;
    unsigned unnamed;
};

static void take(struct answers_log *log, const struct answered *row)
{
    struct answers_seen seen = {
        .differ = row->differ, .busy = row->busy, .unnamed = row->unnamed};
    struct attempt_note notes[ATTEMPT_NOTES_MAX] = {{.status = 0}};
    size_t count = strlen(row->names);
    for (size_t i = 0; i < count; i++) {
        bool is_given = row->names[i] >= 'a';
        char name = (char)(row->names[i] | 0x20);
        seen.effects[i] = hash_bytes(&name, 1);
        seen.given += is_given;
        notes[i].named = (uint8_t)(i + 1);
        notes[i].status = is_given ? 201 : 0;
        notes[i].outcome = is_given ? OUTCOME_OK : OUTCOME_RESET;
    }
    seen.named = (unsigned)count;
    struct fact fact = {.kind = FACT_ANSWERS, .warmup = row->warmup};
    fact.answers.seen = &seen;
    fact.answers.operation = row->operation;
    fact.answers.verdict = row->verdict;
    fact.answers.attempts = count > 1 ? (unsigned)count : 1;
    fact.answers.has_key = !row->keyless;
    fact.answers.one_key = !row->keyless;
    fact.answers.note_count = count;
    fact.answers.notes = notes;
    answers_log_take(log, &fact);
}

/* What is flagged, by their numbers. */
static void take_flags(void *context, const struct answer_flags *flags)
{
    struct answer_flags *flagged = context;
    assert_false(flagged[flags->operation].flags & flags->flags);
    flagged[flags->operation].flags |= flags->flags;
    flagged[flags->operation].named += flags->named;
}

static void test_counts(void **state)
{
    (void)state;
    struct answers_log *logs[3] = {answers_log_new(&arena, 100, true), NULL,
                                   answers_log_new(&arena, 100, true)};
    const struct answered rows[] = {
        {1, "a", VERDICT_SUCCEEDED, false, false, false, false, 0},
        {2, "bc", VERDICT_SUCCEEDED, false, false, true, false, 0},
        {3, "De", VERDICT_SUCCEEDED, false, false, false, false, 1},
        {4, "", VERDICT_AMBIGUOUS, false, false, false, true, 0},
        {5, "", VERDICT_SUCCEEDED, false, false, false, true, 2},
        {6, "f", VERDICT_SUCCEEDED, true, false, true, false, 9},
        {7, "ghi", VERDICT_SUCCEEDED, false, true, true, false, 0},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        take(logs[i % 2 * 2], &rows[i]);
    }
    struct effect_figures effects = {.oracle = ORACLE_NONE};
    struct answer_figures *figures = &effects.answers;
    struct answer_flags flagged[8] = {{.flags = 0}};
    answers_merge(logs, 3, figures, take_flags, flagged);
    static const uint8_t flags[8] = {[2] = FLAG_NAMED_TWICE | FLAG_DIVERGENT |
                                           FLAG_REPLAY_MISMATCH,
                                     [3] = FLAG_NAMED_TWICE,
                                     [4] = FLAG_STUCK,
                                     [7] = FLAG_NAMED_TWICE | FLAG_DIVERGENT};
    for (size_t i = 0; i < array_length(flags); i++) {
        assert_int_equal(flagged[i].flags, flags[i]);
    }
    assert_true(figures->names_effects && figures->knows_shared);
    assert_true(figures->compares && figures->has_keys);
    assert_int_equal(figures->named_operations, 4);
    assert_int_equal(figures->named_effects, 8);
    assert_int_equal(figures->unnamed, 3);
    assert_int_equal(figures->duplicates, 3);
    assert_int_equal(figures->extra_effects, 4);
    assert_int_equal(figures->divergent, 2); /* D was thrown away */
    assert_int_equal(figures->aliased, 0);
    assert_int_equal(figures->replay_mismatch, 1); /* 7 has no key */
    assert_int_equal(figures->stuck, 1);           /* 5 was succeeded */

    answers_judge(logs, 3, &effects);
    assert_int_equal(effects.oracle, ORACLE_EFFECT_ID);
    assert_int_equal(effects.operations_checked, 4);
    assert_int_equal(effects.classes[EFFECT_DUPLICATE], 3);
    assert_int_equal(effects.example_count, 3);
    static const bool divergent[] = {true, false, true};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(effects.examples[i].operation, i < 2 ? i + 2 : 7);
        assert_int_equal(effects.examples[i].divergent, divergent[i]);
    }
}

/* Against the definition, over random histories of three workers. */
static void test_shared_effects(void **state)
{
    (void)state;
    srandom(7);
    for (int round = 0; round < 200; round++) {
        enum { OPERATIONS = 12 };
        struct answers_log *logs[3];
        char names[OPERATIONS][3];
        bool warmup[OPERATIONS];
        for (size_t i = 0; i < 3; i++) {
            logs[i] = answers_log_new(&arena, 2 * OPERATIONS, true);
        }
        for (uint64_t i = 0; i < OPERATIONS; i++) {
            names[i][0] = (char)('a' + random() % 20);
            names[i][1] = random() % 3 ? '\0' : (char)('a' + random() % 20);
            names[i][1] = names[i][1] == names[i][0] ? '\0' : names[i][1];
            names[i][2] = '\0';
            warmup[i] = random() % 4 == 0;
            take(logs[i % 3], &(struct answered){.operation = i,
                                                 .names = names[i],
                                                 .warmup = warmup[i]});
        }
        uint64_t expected = 0;
        struct answer_flags flagged[OPERATIONS] = {{.flags = 0}};
        struct answer_figures figures;
        answers_merge(logs, 3, &figures, take_flags, flagged);
        for (size_t i = 0; i < OPERATIONS; i++) {
            bool shares = false;
            for (size_t j = 0; j < OPERATIONS; j++) {
                shares |= i != j && strpbrk(names[i], names[j]);
            }
            expected += shares && !warmup[i];
            bool twice = names[i][1] != '\0';
            assert_int_equal(flagged[i].flags & FLAG_NAMED_ALIKE,
                             shares && !warmup[i] ? FLAG_NAMED_ALIKE : 0);
            assert_int_equal(flagged[i].flags & FLAG_NAMED_TWICE,
                             twice && !warmup[i] ? FLAG_NAMED_TWICE : 0);
            assert_int_equal(flagged[i].named, twice && !warmup[i] ? 2 : 0);
        }
        assert_int_equal(figures.aliased, expected);
        arena_release(&arena);
    }
}

static void test_overflow_is_not_zero(void **state)
{
    (void)state;
    struct answers_log *log = answers_log_new(&arena, 1, true);
    struct answer_figures figures;
    for (uint64_t i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        take(log, &(struct answered){.operation = i, .names = name});
    }
    answers_merge(&log, 1, &figures, NULL, NULL);
    assert_true(figures.names_effects);
    assert_false(figures.knows_shared);
    assert_int_equal(figures.named_operations, 3);
}

static void test_silence_is_no_oracle(void **state)
{
    (void)state;
    struct answers_log *log = answers_log_new(&arena, 10, true);
    struct effect_figures effects = {.oracle = ORACLE_NONE};
    take(log, &(struct answered){.operation = 1, .names = "", .unnamed = 5});
    answers_merge(&log, 1, &effects.answers, NULL, NULL);
    answers_judge(&log, 1, &effects);
    assert_int_equal(effects.oracle, ORACLE_NONE);
    assert_non_null(strstr(effects.problem, "none of 5 expected answers"));

    struct effect_figures plain = {.oracle = ORACLE_NONE};
    log = answers_log_new(&arena, 10, false);
    take(log, &(struct answered){.operation = 1, .names = "", .differ = true});
    answers_merge(&log, 1, &plain.answers, NULL, NULL);
    answers_judge(&log, 1, &plain);
    assert_int_equal(plain.oracle, ORACLE_NONE);
    assert_string_equal(plain.problem, "");
    assert_int_equal(plain.answers.replay_mismatch, 1);
    assert_false(plain.answers.names_effects);
}

/* More duplicates than there is room for: the first ones are kept, from
 * whichever worker. */
static void test_examples_are_the_first(void **state)
{
    (void)state;
    struct answers_log *logs[2] = {answers_log_new(&arena, 200, true),
                                   answers_log_new(&arena, 200, true)};
    struct effect_figures effects = {.oracle = ORACLE_NONE};
    for (uint64_t i = 60; i-- > 0;) {
        take(logs[i % 2], &(struct answered){.operation = i, .names = "ab"});
    }
    answers_merge(logs, 2, &effects.answers, NULL, NULL);
    assert_int_equal(effects.answers.aliased, 60);
    answers_judge(logs, 2, &effects);
    assert_int_equal(effects.example_count, EFFECT_EXAMPLES_MAX);
    for (size_t i = 0; i < EFFECT_EXAMPLES_MAX; i++) {
        assert_int_equal(effects.examples[i].operation, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_counts, release),
        cmocka_unit_test_teardown(test_shared_effects, release),
        cmocka_unit_test_teardown(test_overflow_is_not_zero, release),
        cmocka_unit_test_teardown(test_silence_is_no_oracle, release),
        cmocka_unit_test_teardown(test_examples_are_the_first, release),
    };
    return cmocka_run_group_tests_name("effects/answers", tests, NULL, NULL);
}
