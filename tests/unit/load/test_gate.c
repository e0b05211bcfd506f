/* The gate against a plain model: a counter and an array in order. */
#include "load/gate.h"

#include "base/must.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { OWNERS = 50 };

/* The model. */
struct model {
    size_t inside[OWNERS];
    size_t inside_count;
    size_t waiting[OWNERS];
    size_t waiting_count;
};

static void remove_at(size_t *list, size_t *count, size_t at)
{
    memmove(list + at, list + at + 1, (*count - at - 1) * sizeof(*list));
    (*count)--;
}

static bool contains(const size_t *list, size_t count, size_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == value) {
            return true;
        }
    }
    return false;
}

static void enter_both(struct gate *gate, struct gate_waiter *waiters,
                       struct model *model, size_t owner)
{
    bool at_once = gate_enter(gate, &waiters[owner]);

    assert_int_equal(at_once, model->inside_count < gate->capacity);
    if (at_once) {
        model->inside[model->inside_count++] = owner;
    } else {
        model->waiting[model->waiting_count++] = owner;
    }
}

static void leave_both(struct gate *gate, struct gate_waiter *waiters,
                       struct model *model, size_t at)
{
    struct gate_waiter *next = gate_leave(gate);

    remove_at(model->inside, &model->inside_count, at);
    if (model->waiting_count == 0) {
        assert_null(next);
        return;
    }
    assert_ptr_equal(next, &waiters[model->waiting[0]]);
    model->inside[model->inside_count++] = model->waiting[0];
    remove_at(model->waiting, &model->waiting_count, 0);
}

static void abandon_both(struct gate *gate, struct gate_waiter *waiters,
                         struct model *model, size_t owner)
{
    gate_abandon(gate, &waiters[owner]);
    for (size_t i = 0; i < model->waiting_count; i++) {
        if (model->waiting[i] == owner) {
            remove_at(model->waiting, &model->waiting_count, i);
            return;
        }
    }
}

static void check_same(const struct gate *gate,
                       const struct gate_waiter *waiters,
                       const struct model *model)
{
    const struct gate_waiter *at = gate->queue.next;

    assert_int_equal(gate->inside, model->inside_count);
    assert_int_equal(gate->waiting, model->waiting_count);
    for (size_t i = 0; i < model->waiting_count; i++) {
        assert_ptr_equal(at, &waiters[model->waiting[i]]);
        at = at->next;
    }
    assert_ptr_equal(at, &gate->queue);
    for (size_t i = 0; i < OWNERS; i++) {
        assert_int_equal(gate_is_waiting(&waiters[i]),
                         contains(model->waiting, model->waiting_count, i));
    }
}

static void test_it_behaves_as_the_model(void **state)
{
    (void)state;
    const uint64_t seed = 31;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);

    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 200; round++) {
        struct gate gate;
        struct gate_waiter waiters[OWNERS] = {0};
        struct model model = {0};

        gate_init(&gate, 1 + rng_below(&rng, 12));
        for (int step = 0; step < 500; step++) {
            size_t owner = (size_t)rng_below(&rng, OWNERS);
            bool is_known =
                contains(model.inside, model.inside_count, owner) ||
                contains(model.waiting, model.waiting_count, owner);
            uint64_t what = rng_below(&rng, 5);
            if (what < 3 && !is_known) {
                enter_both(&gate, waiters, &model, owner);
            } else if (what == 3 && model.inside_count > 0) {
                leave_both(&gate, waiters, &model,
                           (size_t)rng_below(&rng, model.inside_count));
            } else if (what == 4) {
                abandon_both(&gate, waiters, &model, owner);
            }
            check_same(&gate, waiters, &model);
        }
    }
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void test_misuse_is_a_bug(void **state)
{
    (void)state;
    struct gate gate;
    struct gate_waiter first = {0};
    struct gate_waiter second = {0};

    must_fail_hook = throw_failure;
    expect_assert_failure(gate_init(&gate, 0));
    gate_init(&gate, 1);
    expect_assert_failure(gate_leave(&gate));
    assert_true(gate_enter(&gate, &first));
    assert_false(gate_enter(&gate, &second));
    expect_assert_failure(gate_enter(&gate, &second));
    must_fail_hook = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_behaves_as_the_model),
        cmocka_unit_test(test_misuse_is_a_bug),
    };
    return cmocka_run_group_tests_name("load/gate", tests, NULL, NULL);
}
