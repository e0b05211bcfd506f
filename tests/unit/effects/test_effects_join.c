/* The table of promises and effects, cell by cell; random histories against
 * an oracle that does it the slow way; and the bounds of memory. */
#include "effects/effects_join.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

struct history {
    uint64_t operation;
    char id[24];
    enum verdict verdict;
    unsigned attempts;
    bool warmup;
    bool one_key;
    bool has_fault; /* one of squall's own */
};

static void note(struct attempt_note *note, const struct history *h, size_t i)
{
    *note = (struct attempt_note){
        .sent = {(int64_t)(h->operation * 100 + i)},
        .done = {(int64_t)(h->operation * 100 + i + 7)},
        .status = (uint16_t)(200 + i),
        .outcome = OUTCOME_OK,
        .kind = i == 0 ? ATTEMPT_FIRST : ATTEMPT_RETRY,
        .fault = h->has_fault && i == 0 ? 0 : -1,
    };
}

static void take(struct operation_log *log, const struct history *h)
{
    struct attempt_note notes[ATTEMPT_NOTES_MAX];
    size_t count = h->attempts;
    if (count > ATTEMPT_NOTES_MAX) {
        count = ATTEMPT_NOTES_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        note(&notes[i], h, i);
    }
    struct fact fact = {
        .kind = FACT_FINISHED,
        .warmup = h->warmup,
        .at = {(int64_t)h->operation * 1000 + 500},
    };
    fact.finished.verdict = h->verdict;
    fact.finished.intended = (struct instant){(int64_t)h->operation * 1000};
    fact.finished.attempts = h->attempts;
    fact.finished.has_effect = true;
    fact.finished.operation = h->operation;
    fact.finished.join = hash_bytes(h->id, strlen(h->id));
    fact.finished.one_key = h->one_key;
    fact.finished.note_count = count;
    fact.finished.notes = notes;
    operation_log_take(log, &fact);
}

static void enter(struct effects_join *join, const char *id, uint64_t count)
{
    effects_join_entry(join, id, strlen(id), count);
}

/* Each verdict with 0, 1, 2 and 5 effects, alone in a run. */
static void test_every_cell_of_the_table(void **state)
{
    (void)state;
    static const struct {
        enum verdict verdict;
        enum effect_class classes[3];
    } rows[] = {
        {VERDICT_SUCCEEDED,
         {EFFECT_LOST, EFFECT_EXACTLY_ONCE, EFFECT_DUPLICATE}},
        {VERDICT_REJECTED, {EFFECT_CLEAN, EFFECT_PHANTOM, EFFECT_DUPLICATE}},
        {VERDICT_UNANSWERED,
         {EFFECT_UNRESOLVED_NOT_DONE, EFFECT_UNRESOLVED_DONE,
          EFFECT_DUPLICATE}},
        {VERDICT_AMBIGUOUS,
         {EFFECT_UNRESOLVED_NOT_DONE, EFFECT_UNRESOLVED_DONE,
          EFFECT_DUPLICATE}},
        {VERDICT_SHED, {EFFECT_CLEAN, EFFECT_PHANTOM, EFFECT_DUPLICATE}},
    };
    static const uint64_t counts[] = {0, 1, 2, 5};
    for (size_t row = 0; row < array_length(rows); row++) {
        for (size_t i = 0; i < array_length(counts); i++) {
            struct history h = {.operation = 9,
                                .id = "k",
                                .verdict = rows[row].verdict,
                                .attempts = row == 4 ? 0 : 2};
            struct operation_log *log = operation_log_new(&arena, 4);
            take(log, &h);
            struct effects_join *join = effects_join_new(&log, 1);
            if (counts[i] > 0) {
                enter(join, "k", counts[i]);
            }
            struct effect_figures effects;
            effects_join_finish(join, &effects);

            size_t column = counts[i] < 2 ? counts[i] : 2;
            assert_int_equal(effects.oracle, ORACLE_LEDGER);
            assert_int_equal(effects.operations_checked, 1);
            for (size_t c = 0; c < EFFECT_CLASS_COUNT; c++) {
                assert_int_equal(effects.classes[c],
                                 c == rows[row].classes[column]);
            }
            for (size_t v = 0; v < VERDICT_COUNT; v++) {
                for (size_t c = 0; c < 3; c++) {
                    assert_int_equal(effects.table[v][c],
                                     v == rows[row].verdict && c == column);
                }
            }
            assert_int_equal(effects.total_effects, counts[i]);
            assert_int_equal(effects.extra_effects,
                             counts[i] > 1 ? counts[i] - 1 : 0);
            assert_int_equal(effects.foreign_ids, 0);
            assert_int_equal(effects.aliased, 0);
            effects_join_free(join);
        }
    }
}

static int gravity_of(enum effect_class class)
{
    return class == EFFECT_LOST        ? 3
           : class == EFFECT_DUPLICATE ? 2
           : class == EFFECT_PHANTOM   ? 1
                                       : 0;
}

static int compare_examples(const void *a, const void *b)
{
    const struct effect_example *x = a;
    const struct effect_example *y = b;
    int difference = gravity_of(y->class) - gravity_of(x->class);
    if (difference != 0) {
        return difference;
    }
    return (x->operation > y->operation) - (x->operation < y->operation);
}

enum { OPERATIONS = 120, IDS = 160, LOGS = 3 };

/* Ledger counts by id "0", "1", ...; ids of operations lie below IDS. */
struct world {
    struct history histories[LOGS][OPERATIONS];
    size_t counts[LOGS];
    uint64_t ledger[2 * IDS];
};

/* How early an operation is dealt an effect of a shared id. */
static int turn_of(enum verdict verdict)
{
    return verdict == VERDICT_SUCCEEDED    ? 0
           : verdict == VERDICT_AMBIGUOUS  ? 1
           : verdict == VERDICT_UNANSWERED ? 2
           : verdict == VERDICT_REJECTED   ? 3
                                           : 4;
}

/* The effects of one operation: those of its id, dealt out. */
static uint64_t share_by_oracle(const struct world *world, size_t l, size_t n,
                                bool *aliased)
{
    const struct history *mine = &world->histories[l][n];
    uint64_t members = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < LOGS; i++) {
        for (size_t j = 0; j < world->counts[i]; j++) {
            const struct history *other = &world->histories[i][j];
            if (strcmp(other->id, mine->id) != 0) {
                continue;
            }
            int difference = turn_of(other->verdict) - turn_of(mine->verdict);
            bool earlier = i < l || (i == l && j < n);
            members++;
            before += difference < 0 || (difference == 0 && earlier);
        }
    }
    uint64_t count = world->ledger[strtoul(mine->id, NULL, 10)];
    *aliased = members > 1;
    uint64_t share = before < count ? 1 : 0;
    return before == 0 && count > members ? share + count - members : share;
}

static enum effect_class class_by_oracle(enum verdict verdict, uint64_t done)
{
    if (done >= 2) {
        return EFFECT_DUPLICATE;
    }
    if (verdict == VERDICT_SUCCEEDED) {
        return done ? EFFECT_EXACTLY_ONCE : EFFECT_LOST;
    }
    if (verdict == VERDICT_AMBIGUOUS || verdict == VERDICT_UNANSWERED) {
        return done ? EFFECT_UNRESOLVED_DONE : EFFECT_UNRESOLVED_NOT_DONE;
    }
    return done ? EFFECT_PHANTOM : EFFECT_CLEAN;
}

static void foreign_by_oracle(const struct world *world,
                              struct effect_figures *expected)
{
    for (size_t id = 0; id < 2 * IDS; id++) {
        bool known = false;
        for (size_t i = 0; i < LOGS; i++) {
            for (size_t j = 0; j < world->counts[i]; j++) {
                known = known ||
                        strtoul(world->histories[i][j].id, NULL, 10) == id;
            }
        }
        if (!known && world->ledger[id] > 0) {
            expected->foreign_ids++;
            expected->foreign_effects += world->ledger[id];
        }
    }
}

static void expect_by_oracle(const struct world *world,
                             struct effect_figures *expected)
{
    static struct effect_example all[LOGS * OPERATIONS];
    size_t example_count = 0;
    memset(expected, 0, sizeof(*expected));
    memset(all, 0, sizeof(all));
    for (size_t i = 0; i < LOGS; i++) {
        for (size_t j = 0; j < world->counts[i]; j++) {
            const struct history *h = &world->histories[i][j];
            bool aliased;
            uint64_t done = share_by_oracle(world, i, j, &aliased);
            if (h->warmup) {
                expected->warmup_operations++;
                continue;
            }
            enum effect_class class = class_by_oracle(h->verdict, done);
            bool single = class == EFFECT_DUPLICATE && h->attempts < 2;
            expected->operations_checked++;
            expected->classes[class]++;
            expected->table[h->verdict][done < 2 ? done : 2]++;
            expected->total_effects += done;
            expected->extra_effects += done > 1 ? done - 1 : 0;
            expected->single_attempt += single;
            expected->aliased += aliased;
            if (gravity_of(class) == 0) {
                continue;
            }
            struct effect_example *example = &all[example_count++];
            *example = (struct effect_example){
                .class = class,
                .operation = h->operation,
                .verdict = h->verdict,
                .effects = done,
                .attempts = h->attempts,
                .single_attempt = single,
                .aliased = aliased,
                .one_key = h->one_key,
                .intended = {(int64_t)h->operation * 1000},
            };
            bool traced = h->attempts > 1 || h->verdict != VERDICT_SUCCEEDED ||
                          h->has_fault;
            example->note_count = traced ? h->attempts : 0;
            for (size_t k = 0; k < example->note_count; k++) {
                note(&example->notes[k], h, k);
            }
        }
    }
    qsort(all, example_count, sizeof(*all), compare_examples);
    expected->example_count = example_count < EFFECT_EXAMPLES_MAX
                                  ? example_count
                                  : EFFECT_EXAMPLES_MAX;
    memcpy(expected->examples, all, expected->example_count * sizeof(*all));
    foreign_by_oracle(world, expected);
}

static void assert_examples(const struct effect_figures *effects,
                            const struct effect_figures *expected)
{
    assert_int_equal(effects->example_count, expected->example_count);
    for (size_t i = 0; i < effects->example_count; i++) {
        const struct effect_example *a = &effects->examples[i];
        const struct effect_example *b = &expected->examples[i];
        assert_int_equal(a->class, b->class);
        assert_int_equal(a->operation, b->operation);
        assert_int_equal(a->verdict, b->verdict);
        assert_int_equal(a->effects, b->effects);
        assert_int_equal(a->attempts, b->attempts);
        assert_int_equal(a->single_attempt, b->single_attempt);
        assert_int_equal(a->aliased, b->aliased);
        assert_int_equal(a->one_key, b->one_key);
        assert_int_equal(a->intended.ns, b->intended.ns);
        assert_int_equal(a->note_count, b->note_count);
        for (size_t k = 0; k < a->note_count; k++) {
            assert_int_equal(a->notes[k].sent.ns, b->notes[k].sent.ns);
            assert_int_equal(a->notes[k].done.ns, b->notes[k].done.ns);
            assert_int_equal(a->notes[k].status, b->notes[k].status);
            assert_int_equal(a->notes[k].fault, b->notes[k].fault);
        }
    }
}

static void assert_same(const struct effect_figures *effects,
                        const struct effect_figures *expected)
{
    assert_int_equal(effects->operations_checked,
                     expected->operations_checked);
    assert_memory_equal(effects->classes, expected->classes,
                        sizeof(effects->classes));
    assert_memory_equal(effects->table, expected->table,
                        sizeof(effects->table));
    assert_int_equal(effects->total_effects, expected->total_effects);
    assert_int_equal(effects->extra_effects, expected->extra_effects);
    assert_int_equal(effects->single_attempt, expected->single_attempt);
    assert_int_equal(effects->aliased, expected->aliased);
    assert_int_equal(effects->foreign_ids, expected->foreign_ids);
    assert_int_equal(effects->foreign_effects, expected->foreign_effects);
    assert_int_equal(effects->warmup_operations, expected->warmup_operations);
    assert_examples(effects, expected);
}

static void draw_world(struct world *world, struct rng *rng)
{
    /* Many ids: little aliasing. One id: nothing else. */
    const uint64_t ids = 1 + rng_below(rng, IDS);
    const uint64_t grave = 1 + rng_below(rng, 20);
    memset(world, 0, sizeof(*world));
    for (size_t i = 0; i < LOGS; i++) {
        world->counts[i] = rng_below(rng, OPERATIONS + 1);
        for (size_t j = 0; j < world->counts[i]; j++) {
            struct history *h = &world->histories[i][j];
            h->operation = j * LOGS + i;
            h->verdict = (enum verdict)rng_below(rng, VERDICT_COUNT);
            h->attempts = h->verdict == VERDICT_SHED
                              ? 0
                              : 1 + (unsigned)rng_below(rng, 5);
            h->warmup = rng_below(rng, 10) == 0;
            h->one_key = rng_below(rng, 2);
            h->has_fault = rng_below(rng, 2);
            uint64_t id = rng_below(rng, ids);
            snprintf(h->id, sizeof(h->id), "%llu", (unsigned long long)id);
            if (rng_below(rng, grave) != 0) {
                world->ledger[id]++;
            } else {
                world->ledger[id] += rng_below(rng, 4);
            }
        }
    }
    for (size_t id = 0; id < 2 * IDS; id++) {
        world->ledger[id] += rng_below(rng, 20) == 0;
    }
}

/* Feeds the ledger in pieces and out of order. */
static void enter_ledger(struct effects_join *join, const struct world *world,
                         struct rng *rng)
{
    const size_t first = rng_below(rng, 2 * IDS);
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < 2 * IDS; i++) {
            size_t id = (first + i * 7) % (2 * IDS);
            uint64_t half = world->ledger[id] / 2;
            char text[24];
            snprintf(text, sizeof(text), "%zu", id);
            enter(join, text, pass == 0 ? half : world->ledger[id] - half);
        }
    }
}

static void test_random_histories_against_an_oracle(void **state)
{
    (void)state;
    static struct world world;
    const uint64_t seed = 21;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    for (int round = 0; round < 200; round++) {
        draw_world(&world, &rng);
        struct operation_log *logs[LOGS];
        struct arena mine = ARENA_INIT;
        for (size_t i = 0; i < LOGS; i++) {
            logs[i] = operation_log_new(&mine, OPERATIONS);
            for (size_t j = 0; j < world.counts[i]; j++) {
                take(logs[i], &world.histories[i][j]);
            }
        }
        struct effects_join *join = effects_join_new(logs, LOGS);
        struct effect_figures effects;
        struct effect_figures expected;
        enter_ledger(join, &world, &rng);
        expect_by_oracle(&world, &expected);
        effects_join_finish(join, &effects);
        assert_same(&effects, &expected);

        /* The same again after a fresh reading. */
        uint64_t fingerprint = effects_join_fingerprint(join);
        effects_join_clear(join);
        enter_ledger(join, &world, &rng);
        assert_int_equal(effects_join_fingerprint(join), fingerprint);
        effects_join_finish(join, &effects);
        assert_same(&effects, &expected);
        effects_join_free(join);
        arena_release(&mine);
    }
}

static void test_the_fingerprint_distinguishes_readings(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 1);
    struct effects_join *join = effects_join_new(&log, 1);
    enter(join, "a", 1);
    enter(join, "b", 2);
    uint64_t first = effects_join_fingerprint(join);
    effects_join_clear(join);
    enter(join, "b", 1);
    enter(join, "a", 1);
    assert_true(effects_join_fingerprint(join) != first);
    enter(join, "b", 1);
    assert_int_equal(effects_join_fingerprint(join), first);
    effects_join_clear(join);
    enter(join, "a", 2);
    enter(join, "b", 1);
    assert_true(effects_join_fingerprint(join) != first);
    effects_join_free(join);
}

/* A log that is full makes the run unverified, never wrong. */
static void hear_nothing(void *context,
                         const struct effect_classification *classified)
{
    (void)context;
    fail_msg("%d was classified", (int)classified->operation);
}

static void test_an_overflow_is_never_a_pass(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 2);
    struct history h = {.verdict = VERDICT_SUCCEEDED, .attempts = 1};
    for (h.operation = 0; h.operation < 3; h.operation++) {
        snprintf(h.id, sizeof(h.id), "%d", (int)h.operation);
        take(log, &h);
    }
    struct effects_join *join = effects_join_new(&log, 1);
    struct effect_figures effects;
    effects_join_observe(join, hear_nothing, NULL);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_UNVERIFIED);
    assert_non_null(strstr(effects.problem, "1 operations did not fit"));
    effects_join_free(join);
}

static void test_absurd_counts_are_not_believed(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 2);
    struct history h = {
        .id = "a", .verdict = VERDICT_SUCCEEDED, .attempts = 1};
    take(log, &h);
    struct effects_join *join = effects_join_new(&log, 1);
    struct effect_figures effects;
    enter(join, "a", UINT32_MAX);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_LEDGER);
    assert_int_equal(effects.extra_effects, UINT32_MAX - UINT64_C(1));
    enter(join, "a", 1);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_UNVERIFIED);
    effects_join_clear(join);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_LEDGER);
    assert_int_equal(effects.classes[EFFECT_LOST], 1);
    effects_join_free(join);
}

static void test_nothing_joined_to_nothing(void **state)
{
    (void)state;
    struct effects_join *join = effects_join_new(NULL, 0);
    struct effect_figures effects;
    enter(join, "x", 3);
    enter(join, "x", 1);
    enter(join, "y", 0);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_LEDGER);
    assert_int_equal(effects.operations_checked, 0);
    assert_int_equal(effects.foreign_ids, 1);
    assert_int_equal(effects.foreign_effects, 4);
    enter(join, "x", UINT64_MAX);
    enter(join, "z", UINT64_MAX);
    effects_join_finish(join, &effects);
    assert_int_equal(effects.oracle, ORACLE_LEDGER);
    assert_true(effects.foreign_effects == UINT64_MAX);
    effects_join_free(join);
    effects_join_free(NULL);
}

/* A million operations: 32 bytes of log and at most 16 of index each, beside
 * the constant room for traces (16 MiB), foreign ids (8 MiB) and the chains
 * of shared ids, which cost memory only where ids are shared. */
static void test_a_million_operations_fit(void **state)
{
    (void)state;
    enum { N = 1000000 };
    for (int shared = 0; shared < 2; shared++) {
        struct operation_log *log = operation_log_new(&arena, N);
        struct history h = {
            .id = "same", .verdict = VERDICT_SUCCEEDED, .attempts = 1};
        for (h.operation = 0; h.operation < N; h.operation++) {
            if (!shared) {
                snprintf(h.id, sizeof(h.id), "%llx",
                         (unsigned long long)mix64(h.operation));
            }
            take(log, &h);
        }
        struct effects_join *join = effects_join_new(&log, 1);
        for (uint64_t i = 0; i < N; i++) {
            if (!shared) {
                snprintf(h.id, sizeof(h.id), "%llx",
                         (unsigned long long)mix64(i));
            }
            enter(join, h.id, 1);
        }
        struct effect_figures effects;
        effects_join_finish(join, &effects);
        assert_int_equal(effects.classes[EFFECT_EXACTLY_ONCE], N);
        assert_int_equal(effects.foreign_ids, 0);
        assert_int_equal(effects.aliased, shared ? N : 0);
        const size_t constant = 24 * 1024 * 1024 + 64 * 1024;
        assert_true(effects_join_bytes(join) <=
                    constant + (size_t)N * (32 + 16 + 4 + 1));
        effects_join_free(join);
    }
}

/* Traces are bounded: past that, an offender is shown without one. */
static void test_the_first_traces_are_kept(void **state)
{
    (void)state;
    enum { N = 300000 };
    struct operation_log *log = operation_log_new(&arena, N);
    struct history h = {.id = "", .verdict = VERDICT_SUCCEEDED, .attempts = 3};
    for (h.operation = 0; h.operation < N; h.operation++) {
        snprintf(h.id, sizeof(h.id), "%d", (int)h.operation);
        take(log, &h);
    }
    struct effects_join *join = effects_join_new(&log, 1);
    struct effect_figures effects;
    for (int i = 0; i < N; i++) {
        bool is_lost = i == 5 || i == N - 1;
        snprintf(h.id, sizeof(h.id), "%d", i);
        enter(join, h.id, is_lost ? 0 : 1);
    }
    effects_join_finish(join, &effects);
    assert_int_equal(effects.example_count, 2);
    assert_int_equal(effects.examples[0].operation, 5);
    assert_int_equal(effects.examples[0].note_count, 3);
    assert_int_equal(effects.examples[1].operation, N - 1);
    assert_int_equal(effects.examples[1].note_count, 0);
    effects_join_free(join);
}

struct watched {
    enum effect_class classes[4];
    uint64_t effects[4];
    unsigned times[4];
};

static void watch(void *context,
                  const struct effect_classification *classified)
{
    struct watched *watched = context;
    assert_in_range(classified->operation, 0, 3);
    watched->classes[classified->operation] = classified->class;
    watched->effects[classified->operation] = classified->effects;
    watched->times[classified->operation]++;
    assert_false(classified->illegal_transition);
}

/* Each operation once, with its share of a shared id; none of the warm-up. */
static void test_each_operation_is_classified(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 4);
    struct history rows[] = {
        {.operation = 0, .id = "a", .verdict = VERDICT_SUCCEEDED},
        {.operation = 1, .id = "b", .verdict = VERDICT_SUCCEEDED},
        {.operation = 2, .id = "b", .verdict = VERDICT_REJECTED},
        {.operation = 3,
         .id = "c",
         .verdict = VERDICT_SUCCEEDED,
         .warmup = true},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        take(log, &rows[i]);
    }
    struct effects_join *join = effects_join_new(&log, 1);
    struct watched watched = {.times = {0}}, other = {.times = {0}};
    struct effect_figures effects;
    enter(join, "b", 3);
    effects_join_observe(join, watch, &watched);
    effects_join_observe(join, watch, &other);
    effects_join_finish(join, &effects);
    assert_int_equal(watched.classes[0], EFFECT_LOST);
    assert_int_equal(watched.classes[1], EFFECT_DUPLICATE);
    assert_int_equal(watched.effects[1], 2);
    assert_int_equal(watched.classes[2], EFFECT_PHANTOM);
    assert_int_equal(watched.effects[2], 1);
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_int_equal(watched.times[i], i < 3);
    }
    assert_memory_equal(&watched, &other, sizeof(other));
    effects_join_free(join);
}

/* What succeeded and has no effect yet may be waited for. */
static void test_missing_effects_are_counted(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 8);
    const struct history rows[] = {
        {.operation = 0, .id = "a", .verdict = VERDICT_SUCCEEDED},
        {.operation = 1, .id = "b", .verdict = VERDICT_SUCCEEDED},
        {.operation = 2, .id = "b", .verdict = VERDICT_SUCCEEDED},
        {.operation = 3, .id = "b", .verdict = VERDICT_REJECTED},
        {.operation = 4, .id = "c", .verdict = VERDICT_AMBIGUOUS},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        take(log, &rows[i]);
    }
    struct effects_join *join = effects_join_new(&log, 1);
    assert_int_equal(effects_join_missing(join), 3);
    enter(join, "b", 1);
    assert_int_equal(effects_join_missing(join), 2);
    enter(join, "b", 4);
    assert_int_equal(effects_join_missing(join), 1);
    enter(join, "a", 1);
    assert_int_equal(effects_join_missing(join), 0);
    effects_join_clear(join);
    assert_int_equal(effects_join_missing(join), 3);
    effects_join_free(join);
}

static void test_only_verdicts_are_taken(void **state)
{
    (void)state;
    struct operation_log *log = operation_log_new(&arena, 1);
    struct fact fact = {.kind = FACT_DONE};
    expect_assert_failure(operation_log_take(log, &fact));
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

int main(void)
{
    must_fail_hook = throw_failure;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_every_cell_of_the_table, release),
        cmocka_unit_test(test_random_histories_against_an_oracle),
        cmocka_unit_test_teardown(test_the_fingerprint_distinguishes_readings,
                                  release),
        cmocka_unit_test_teardown(test_an_overflow_is_never_a_pass, release),
        cmocka_unit_test_teardown(test_absurd_counts_are_not_believed,
                                  release),
        cmocka_unit_test(test_nothing_joined_to_nothing),
        cmocka_unit_test_teardown(test_a_million_operations_fit, release),
        cmocka_unit_test_teardown(test_the_first_traces_are_kept, release),
        cmocka_unit_test_teardown(test_each_operation_is_classified, release),
        cmocka_unit_test_teardown(test_missing_effects_are_counted, release),
        cmocka_unit_test_teardown(test_only_verdicts_are_taken, release),
    };
    return cmocka_run_group_tests_name("effects/effects", tests, NULL, NULL);
}
