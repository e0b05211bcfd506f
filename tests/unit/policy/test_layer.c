/* The order of layers: what is asked once an operation, a try, an attempt. */
#include "base/must.h"
#include "policy/layer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct arranged {
    struct layer_order order;
    struct layer_chain chains[LEVEL_COUNT];
    enum layer first, second;
    const char *problem;
    bool is_fine;
};

/* Puts a layer where another stands; those between move over. */
static void move(struct layer_order *order, enum layer layer,
                 enum layer before)
{
    enum layer list[LAYER_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        if (order->list[i] == before) {
            list[count++] = layer;
        }
        if (order->list[i] != layer) {
            list[count++] = order->list[i];
        }
    }
    assert_int_equal(count, LAYER_COUNT);
    memcpy(order->list, list, sizeof(list));
}

static struct arranged arrange(enum layer layer, enum layer before)
{
    struct arranged made = {.problem = NULL};
    layer_order_init(&made.order);
    if (layer != before) {
        move(&made.order, layer, before);
    }
    made.is_fine = layer_arrange(&made.order, made.chains, &made.first,
                                 &made.second, &made.problem);
    return made;
}

static bool has(const struct arranged *made, enum level level,
                enum layer layer)
{
    const struct layer_chain *chain = &made->chains[level];
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->list[i] == layer) {
            return true;
        }
    }
    return false;
}

static void the_default_order(void **state)
{
    (void)state;
    struct arranged made = arrange(LAYER_RETRY, LAYER_RETRY);
    assert_true(made.is_fine);
    assert_int_equal(made.chains[LEVEL_OPERATION].count, 4);
    assert_int_equal(made.chains[LEVEL_TRY].count, 0);
    assert_int_equal(made.chains[LEVEL_ATTEMPT].count, 2);
    assert_int_equal(made.chains[LEVEL_OPERATION].list[0], LAYER_RATE_LIMIT);
    assert_int_equal(made.chains[LEVEL_OPERATION].list[3],
                     LAYER_OPERATION_TIMEOUT);
    assert_int_equal(made.chains[LEVEL_ATTEMPT].list[0], LAYER_BREAKER);
    assert_int_equal(made.chains[LEVEL_ATTEMPT].list[1],
                     LAYER_ATTEMPT_TIMEOUT);
}

static void a_layer_moves_to_another_level(void **state)
{
    (void)state;
    struct arranged made = arrange(LAYER_BREAKER, LAYER_RETRY);
    assert_true(made.is_fine && has(&made, LEVEL_OPERATION, LAYER_BREAKER));
    made = arrange(LAYER_BREAKER, LAYER_HEDGE);
    assert_true(made.is_fine && has(&made, LEVEL_TRY, LAYER_BREAKER));
    made = arrange(LAYER_RATE_LIMIT, LAYER_ATTEMPT_TIMEOUT);
    assert_true(made.is_fine && has(&made, LEVEL_ATTEMPT, LAYER_RATE_LIMIT));
    assert_int_equal(made.chains[LEVEL_ATTEMPT].list[2],
                     LAYER_ATTEMPT_TIMEOUT);
}

static void assert_refused(const struct arranged *made, enum layer first,
                           enum layer second)
{
    assert_false(made->is_fine);
    assert_non_null(made->problem);
    assert_int_equal(made->first, first);
    assert_int_equal(made->second, second);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct arranged made = arrange(LAYER_HEDGE, LAYER_RETRY);
    assert_refused(&made, LAYER_RETRY, LAYER_HEDGE);
    made = arrange(LAYER_ATTEMPT_TIMEOUT, LAYER_HEDGE);
    assert_refused(&made, LAYER_HEDGE, LAYER_ATTEMPT_TIMEOUT);
    made = arrange(LAYER_OPERATION_TIMEOUT, LAYER_BREAKER);
    assert_refused(&made, LAYER_OPERATION_TIMEOUT, LAYER_RETRY);
}

/* Wherever the layers stand, each but retry and hedge is on one level. */
static void every_order_has_each_layer_once(void **state)
{
    (void)state;
    unsigned fine = 0;
    for (int layer = 0; layer < LAYER_COUNT; layer++) {
        for (int before = 0; before < LAYER_COUNT; before++) {
            struct arranged made =
                arrange((enum layer)layer, (enum layer)before);
            size_t count = 0;
            for (int level = 0; level < LEVEL_COUNT; level++) {
                count += made.chains[level].count;
            }
            assert_true(!made.is_fine || count == LAYER_COUNT - 2);
            fine += made.is_fine;
        }
    }
    assert_in_range(fine, 20, LAYER_COUNT * LAYER_COUNT - 1);
}

static void names_and_powers(void **state)
{
    (void)state;
    size_t refusing = 0;
    for (int layer = 0; layer < LAYER_COUNT; layer++) {
        assert_true(strlen(layer_name((enum layer)layer)) > 0);
        refusing += layer_refuses((enum layer)layer);
    }
    assert_int_equal(refusing, 4);
    assert_string_equal(layer_name(LAYER_OPERATION_TIMEOUT),
                        "operation_timeout");
    assert_true(layer_refuses(LAYER_THROTTLE));
    assert_false(layer_refuses(LAYER_HEDGE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_order),
        cmocka_unit_test(a_layer_moves_to_another_level),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(every_order_has_each_layer_once),
        cmocka_unit_test(names_and_powers),
    };
    return cmocka_run_group_tests_name("policy/layer", tests, NULL, NULL);
}
