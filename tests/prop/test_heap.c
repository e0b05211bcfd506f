/* The heap against the plainest thing that does the same: a list that is
 * searched through for the earliest. */
#include "base/heap.h"
#include "base/must.h"
#include "base/rng.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 64, OPERATIONS = 200000 };

static const uint64_t seed = 4711;

struct timer {
    bool is_set;
    int64_t at;
    uint64_t order;
};

struct oracle {
    struct timer timers[NODES];
    uint64_t next_order;
};

/* The index of the earliest, or NODES. */
static size_t earliest(const struct oracle *oracle)
{
    size_t best = NODES;
    for (size_t i = 0; i < NODES; i++) {
        const struct timer *timer = &oracle->timers[i];
        if (!timer->is_set) {
            continue;
        }
        if (best == NODES || timer->at < oracle->timers[best].at ||
            (timer->at == oracle->timers[best].at &&
             timer->order < oracle->timers[best].order)) {
            best = i;
        }
    }
    return best;
}

static void expect_order(const struct heap *heap)
{
    for (size_t i = 2; i <= heap->count; i++) {
        assert_true(heap->nodes[i / 2]->at.ns <= heap->nodes[i]->at.ns);
        assert_int_equal(heap->nodes[i]->position, i);
    }
}

static void test_against_a_list(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct heap heap;
    static struct heap_node nodes[NODES];
    static struct oracle oracle;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    size_t popped = 0;

    print_message("seed %" PRIu64 "\n", seed);
    heap_init(&heap, &arena, NODES);
    for (int i = 0; i < OPERATIONS; i++) {
        size_t index = rng_below(&rng, NODES);
        int64_t at = (int64_t)rng_below(&rng, 50); /* many ties */
        switch (rng_below(&rng, 5)) {
        case 0:
        case 1:
        case 2:
            heap_set(&heap, &nodes[index], (struct instant){at});
            oracle.timers[index] =
                (struct timer){true, at, oracle.next_order++};
            break;
        case 3:
            heap_remove(&heap, &nodes[index]);
            oracle.timers[index].is_set = false;
            break;
        case 4: {
            size_t first = earliest(&oracle);
            struct heap_node *node = heap_pop_due(&heap, (struct instant){at});
            if (first == NODES || oracle.timers[first].at > at) {
                assert_null(node);
                break;
            }
            assert_ptr_equal(node, &nodes[first]);
            oracle.timers[first].is_set = false;
            popped++;
            break;
        }
        }
        size_t first = earliest(&oracle);
        assert_true(heap_next(&heap).ns ==
                    (first == NODES ? INT64_MAX : oracle.timers[first].at));
        expect_order(&heap);
    }
    assert_true(popped > OPERATIONS / 20);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_list),
    };
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
