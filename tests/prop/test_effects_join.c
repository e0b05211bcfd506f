/*
 * The join of operations and ledger against a reference that does it by
 * looking at everything: random histories, ids that are shared, baselines,
 * entries that are split and shuffled, times, and states.
 */
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

enum {
    OPERATIONS_MAX = 60,
    IDS_MAX = 80,
    ENTRIES_MAX = 2000,
    ROUNDS = 1000,
    STEPS_MAX = 6
};

static const int64_t ORIGIN = INT64_C(1764075000) * NS_PER_S;

static const struct transition_config config = {
    .count = 3,
    .names = {"A", "B", "C"},
    .next = {6, 4, 0}, /* A to B or C, B to C */
    .initial = 1,
    .effects = 4,
};

struct known {
    unsigned id;
    enum verdict verdict;
    bool warmup;
    int64_t intended_us, verdict_us; /* run clock */
};

struct world {
    struct rng rng;
    size_t count;
    struct known operations[OPERATIONS_MAX];
    uint64_t before[IDS_MAX]; /* effects, by id */
    uint64_t during[IDS_MAX];
    int64_t first_us[IDS_MAX]; /* of those during, run clock */
    size_t step_count[IDS_MAX];
    int steps[IDS_MAX][STEPS_MAX]; /* 3: a state that nobody declared */
    size_t entry_count;
    struct ledger_entry entries[ENTRIES_MAX];
};

static char names[IDS_MAX][16];

static uint64_t below(struct world *world, uint64_t n)
{
    return rng_below(&world->rng, n);
}

static void make_world(struct world *world)
{
    uint64_t ids = 1 + below(world, IDS_MAX);
    bool has_baseline = below(world, 2);
    world->count = below(world, OPERATIONS_MAX + 1);
    for (size_t i = 0; i < world->count; i++) {
        struct known *known = &world->operations[i];
        known->id = (unsigned)below(world, ids);
        known->verdict = (enum verdict)below(world, VERDICT_COUNT);
        known->warmup = below(world, 8) == 0;
        known->intended_us = (int64_t)below(world, 1000000);
        known->verdict_us = known->intended_us + (int64_t)below(world, 100000);
    }
    for (size_t id = 0; id < IDS_MAX; id++) {
        bool old = has_baseline && below(world, 5) == 0;
        world->before[id] = old ? 1 + below(world, 3) : 0;
        world->during[id] = below(world, 2) ? below(world, 4) : 0;
        world->first_us[id] = 1 + (int64_t)below(world, 1200000);
        world->step_count[id] = below(world, STEPS_MAX + 1);
        for (size_t s = 0; s < world->step_count[id]; s++) {
            world->steps[id][s] = (int)below(world, 4);
        }
    }
}

static void add_entry(struct world *world, size_t id, uint64_t count,
                      int64_t us)
{
    must(world->entry_count < ENTRIES_MAX);
    world->entries[world->entry_count++] = (struct ledger_entry){
        .id = names[id],
        .id_length = strlen(names[id]),
        .count = count,
        .has_time = true,
        .unix_ns = ORIGIN + us * NS_PER_US,
    };
}

/* Effects of one id in random portions; the first one says when it was first
 * done, the others are later. */
static void add_effects(struct world *world, size_t id, uint64_t effects,
                        int64_t first_us)
{
    while (effects > 0) {
        uint64_t count = 1 + below(world, effects);
        add_entry(world, id, count, first_us);
        effects -= count;
        first_us += (int64_t)below(world, 1000);
    }
}

static void shuffle(struct world *world)
{
    for (size_t i = world->entry_count; i > 1; i--) {
        size_t other = (size_t)below(world, i);
        struct ledger_entry kept = world->entries[i - 1];
        world->entries[i - 1] = world->entries[other];
        world->entries[other] = kept;
    }
}

static void read_ledger(struct world *world, struct effects_join *join)
{
    effects_join_clear(join);
    shuffle(world);
    for (size_t i = 0; i < world->entry_count; i++) {
        effects_join_take(join, &world->entries[i]);
    }
}

static void log_operations(struct world *world, struct operation_log **logs,
                           size_t log_count)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct known *known = &world->operations[i];
        struct fact fact = {
            .kind = FACT_FINISHED,
            .warmup = known->warmup,
            .at = {known->verdict_us * NS_PER_US},
        };
        fact.finished.verdict = known->verdict;
        fact.finished.intended =
            (struct instant){known->intended_us * NS_PER_US};
        fact.finished.attempts = known->verdict == VERDICT_SHED ? 0 : 1;
        fact.finished.operation = i;
        fact.finished.join =
            hash_bytes(names[known->id], strlen(names[known->id]));
        operation_log_take(logs[below(world, log_count)], &fact);
    }
}

static size_t users_of(const struct world *world, unsigned id)
{
    size_t users = 0;
    for (size_t i = 0; i < world->count; i++) {
        users += world->operations[i].id == id;
    }
    return users;
}

/* What the join must say, counted id by id. Where operations share an id, only
 * sums are given: which of them gets what is for the unit tests. */
static void check_effects(const struct world *world,
                          const struct effect_figures *effects)
{
    uint64_t checked = 0, seen_before = 0, total = 0, extra = 0, late = 0;
    uint64_t foreign = 0, foreign_ids = 0, aliased = 0, lags = 0;
    bool has_warmup = false;

    for (unsigned id = 0; id < IDS_MAX; id++) {
        size_t users = users_of(world, id);
        if (users == 0) {
            foreign += world->during[id];
            foreign_ids += world->during[id] > 0;
        }
        for (size_t i = 0; i < world->count; i++) {
            const struct known *known = &world->operations[i];
            if (known->id != id) {
                continue;
            }
            if (known->warmup) {
                has_warmup = true;
            } else if (world->before[id] > 0) {
                seen_before++;
            } else {
                checked++;
                aliased += users > 1;
                if (users == 1 && world->during[id] > 0) {
                    late += world->first_us[id] > known->verdict_us;
                    lags += known->verdict == VERDICT_SUCCEEDED;
                }
            }
        }
        if (users > 0 && world->before[id] == 0) {
            total += world->during[id];
            extra += world->during[id] > users ? world->during[id] - users : 0;
        }
    }
    assert_int_equal(effects->operations_checked, checked);
    assert_int_equal(effects->seen_before, seen_before);
    assert_int_equal(effects->foreign_effects, foreign);
    assert_int_equal(effects->foreign_ids, foreign_ids);
    assert_int_equal(effects->aliased, aliased);
    assert_int_equal(effects->late, late);
    assert_int_equal(effects->effect_lag->count, lags);
    /* Effects of the warm-up's operations are in no sum. */
    if (!has_warmup) {
        assert_int_equal(effects->total_effects, total);
        assert_int_equal(effects->extra_effects, extra);
    }
}

/* The classes are the sums of the table's cells, and the cells of operations
 * that have an id of their own are those of the verdict and the count. */
static void check_table(const struct world *world,
                        const struct effect_figures *effects)
{
    uint64_t cells[VERDICT_COUNT][3] = {{0}};
    uint64_t sum = 0;
    bool any_shared = false;

    for (size_t i = 0; i < world->count; i++) {
        const struct known *known = &world->operations[i];
        uint64_t done = world->during[known->id];
        if (known->warmup || world->before[known->id] > 0) {
            continue;
        }
        any_shared = any_shared || users_of(world, known->id) > 1;
        cells[known->verdict][done < 2 ? done : 2]++;
    }
    for (int v = 0; v < VERDICT_COUNT; v++) {
        for (int n = 0; n < 3; n++) {
            sum += effects->table[v][n];
            assert_true(any_shared || cells[v][n] == effects->table[v][n]);
        }
    }
    assert_int_equal(sum, effects->operations_checked);
    assert_int_equal(effects->classes[EFFECT_LOST],
                     effects->table[VERDICT_SUCCEEDED][0]);
    assert_int_equal(effects->classes[EFFECT_EXACTLY_ONCE],
                     effects->table[VERDICT_SUCCEEDED][1]);
    assert_int_equal(effects->classes[EFFECT_CLEAN],
                     effects->table[VERDICT_REJECTED][0] +
                         effects->table[VERDICT_SHED][0]);
    assert_int_equal(effects->classes[EFFECT_PHANTOM],
                     effects->table[VERDICT_REJECTED][1] +
                         effects->table[VERDICT_SHED][1]);
    assert_int_equal(effects->classes[EFFECT_UNRESOLVED_NOT_DONE],
                     effects->table[VERDICT_AMBIGUOUS][0] +
                         effects->table[VERDICT_UNANSWERED][0]);
    assert_int_equal(effects->classes[EFFECT_UNRESOLVED_DONE],
                     effects->table[VERDICT_AMBIGUOUS][1] +
                         effects->table[VERDICT_UNANSWERED][1]);
    sum = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        sum += effects->table[v][2];
    }
    assert_int_equal(effects->classes[EFFECT_DUPLICATE], sum);
}

static struct effects_join *begin(struct world *world, struct arena *arena,
                                  struct baseline *baseline)
{
    struct operation_log *logs[3];
    size_t log_count = 1 + below(world, 3);
    for (size_t i = 0; i < log_count; i++) {
        logs[i] = operation_log_new(arena, OPERATIONS_MAX);
        operation_log_keep_times(logs[i], arena);
    }
    log_operations(world, logs, log_count);
    for (size_t id = 0; id < IDS_MAX; id++) {
        if (world->before[id] > 0) {
            struct ledger_entry entry = {.id = names[id],
                                         .id_length = strlen(names[id]),
                                         .count = world->before[id]};
            effects_join_add_baseline(baseline, &config, &entry);
        }
    }
    struct effects_join *join = effects_join_new(logs, log_count);
    effects_join_use_baseline(join, baseline);
    effects_join_use_times(join, ORIGIN);
    return join;
}

static void test_counts_and_times(void **state)
{
    (void)state;
    static struct world world;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct arena arena = ARENA_INIT;
        struct baseline baseline = BASELINE_INIT;
        struct effect_figures effects;
        memset(&world, 0, sizeof(world));
        world.rng = rng_stream(round, RNG_JITTER, 0);
        make_world(&world);
        struct effects_join *join = begin(&world, &arena, &baseline);
        for (size_t id = 0; id < IDS_MAX; id++) {
            add_effects(&world, id, world.before[id], -1000000);
            add_effects(&world, id, world.during[id], world.first_us[id]);
        }
        read_ledger(&world, join);
        uint64_t fingerprint = effects_join_fingerprint(join);
        effects_join_finish(join, &effects);
        check_effects(&world, &effects);
        check_table(&world, &effects);
        /* Another reading, in another order, says the same. */
        read_ledger(&world, join);
        assert_int_equal(effects_join_fingerprint(join), fingerprint);
        effects_join_finish(join, &effects);
        check_effects(&world, &effects);
        check_table(&world, &effects);
        effects_join_free(join);
        baseline_release(&baseline);
        arena_release(&arena);
    }
}

static bool is_illegal(int before, int after)
{
    if (before < 0) {
        return after != 0;
    }
    return !((before == 0 && (after == 1 || after == 2)) ||
             (before == 1 && after == 2));
}

static void test_states(void **state)
{
    (void)state;
    static struct world world;
    static const char *const states[] = {"A", "B", "C", "Z"};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct arena arena = ARENA_INIT;
        struct baseline baseline = BASELINE_INIT;
        struct effect_figures effects;
        uint64_t checked = 0, illegal = 0, offenders = 0;
        memset(&world, 0, sizeof(world));
        world.rng = rng_stream(round, RNG_JITTER, 1);
        make_world(&world);
        memset(world.before, 0, sizeof(world.before));
        struct effects_join *join = begin(&world, &arena, &baseline);
        effects_join_use_transitions(join, &config);
        for (unsigned id = 0; id < IDS_MAX; id++) {
            bool counts = false;
            bool offends = false;
            /* The first operation of an id stands for all that share it,
             * and those of the warm-up are not looked at. */
            if (users_of(&world, id) == 1) {
                for (size_t i = 0; i < world.count; i++) {
                    counts = counts || (world.operations[i].id == id &&
                                        !world.operations[i].warmup);
                }
            } else if (users_of(&world, id) > 1) {
                world.step_count[id] = 0;
            }
            for (size_t s = 0; s < world.step_count[id]; s++) {
                int before = s ? world.steps[id][s - 1] : -1;
                bool bad = is_illegal(before, world.steps[id][s]);
                checked += counts;
                illegal += counts && bad;
                offends = offends || bad;
                add_entry(&world, id, 1, (int64_t)s * 10);
                world.entries[world.entry_count - 1].state =
                    states[world.steps[id][s]];
                world.entries[world.entry_count - 1].state_length = 1;
            }
            offenders += counts && offends;
        }
        read_ledger(&world, join);
        read_ledger(&world, join);
        effects_join_finish(join, &effects);
        assert_true(effects.transitions.is_measured);
        assert_int_equal(effects.transitions.checked, checked);
        assert_int_equal(effects.transitions.illegal, illegal);
        assert_int_equal(effects.transitions.offenders, offenders);
        effects_join_free(join);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_times),
        cmocka_unit_test(test_states),
    };
    for (size_t id = 0; id < IDS_MAX; id++) {
        snprintf(names[id], sizeof(names[id]), "id %zu", id);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
