/* The table of figures: its rows are well formed, its counters are counted and
 * merged, and the manual lists its metrics. That each row reaches the report
 * and its text is tested in report/test_figures. */
#include "measure/figure.h"

#include "base/must.h"
#include "measure/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../manual.h"

static size_t places_in(const char *words)
{
    size_t count = 0;
    for (const char *at = strchr(words, '%'); at; at = strchr(at + 1, '%')) {
        assert_int_equal(at[1], 's');
        count++;
    }
    return count;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void test_rows_are_well_formed(void **state)
{
    (void)state;
    const struct figure *figure;
    size_t count = 0;
    for (; (figure = figure_at(count)); count++) {
        const struct figure *other;
        assert_true(figure->member || figure->metric);
        assert_int_equal(figure->sentence[strlen(figure->sentence) - 1], '.');
        if (figure->label.look != LOOK_UNSHOWN) {
            assert_int_equal(places_in(figure->label.words), 1);
        }
        for (size_t i = 0; i < count; i++) {
            other = figure_at(i);
            assert_false(same(figure->metric, other->metric));
            assert_false(figure->group == other->group &&
                         same(figure->member, other->member));
        }
    }
    assert_true(count > 80);
    assert_null(figure_at(count + 1));
}

static void test_units_are_found_by_their_words(void **state)
{
    (void)state;
    enum metric_unit unit;
    for (int i = 0; i < METRIC_UNIT_COUNT; i++) {
        assert_true(unit_find(unit_word((enum metric_unit)i), &unit));
        assert_int_equal(unit, i);
    }
    assert_false(unit_find("bogus", &unit));
}

static bool has_figure(enum figure_group group, const char *name)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        if (figure->group == group && same(figure->member, name)) {
            return true;
        }
    }
    return false;
}

/* How an operation ends is one word, in lists and as a figure. */
static void test_verdicts_and_classes_are_figures(void **state)
{
    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        assert_true(
            has_figure(FIGURES_OPERATIONS, verdict_name((enum verdict)v)));
    }
    for (int c = 0; c < EFFECT_CLASS_COUNT; c++) {
        assert_true(has_figure(FIGURES_EFFECTS,
                               effect_class_name((enum effect_class)c)));
    }
}

static struct tally_config config_of(uint32_t layers)
{
    return (struct tally_config){
        .requests = 1, .load_length = DURATION_FOREVER, .layers = layers};
}

static void test_every_counter_merges(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally a, b;
    struct tally_config config = config_of(0);
    tally_init(&a, &arena, &config);
    tally_init(&b, &arena, &config);
#define BASIS(group, id, when, amount) \
    assert_int_equal(a.total.id, 0); \
    a.total.id = 3; \
    b.total.id = 4;
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    BASIS(group, id, when, amount)
#include "measure/figure.def"
    tally_merge(&a, &b);
#define BASIS(group, id, when, amount) assert_int_equal(a.total.id, 7);
#define COUNTER(group, member, id, better, when, amount, label, sentence) \
    BASIS(group, id, when, amount)
#include "measure/figure.def"
    arena_release(&arena);
}

static void assert_near(double value, double expected)
{
    assert_int_equal((int64_t)(value * 8), (int64_t)(expected * 8));
}

static void test_every_extreme_merges(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally a, b, empty;
    struct tally_config config = config_of(0);
    tally_init(&a, &arena, &config);
    tally_init(&b, &arena, &config);
    tally_init(&empty, &arena, &config);
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    assert_near(a.extremes.id, -1); \
    b.extremes.id = 4.5;
#define HIGHEST LOWEST
#include "measure/figure.def"
    tally_merge(&a, &b);
    tally_merge(&a, &empty);
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    assert_near(a.extremes.id, 4.5); \
    b.extremes.id = 0;
#define HIGHEST(group, member, form, id, better, when, amount, label, \
                sentence) \
    assert_near(a.extremes.id, 4.5); \
    b.extremes.id = 9;
#include "measure/figure.def"
    tally_merge(&a, &b);
#define LOWEST(group, member, form, id, better, when, amount, label, \
               sentence) \
    assert_near(a.extremes.id, 0);
#define HIGHEST(group, member, form, id, better, when, amount, label, \
                sentence) \
    assert_near(a.extremes.id, 9);
#include "measure/figure.def"
    arena_release(&arena);
}

/* A figure of a layer that is off was not measured, whatever stands there. */
static void test_layers_that_are_off_are_not_measured(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct tally tally;
    const struct figure *figure;
    size_t layered = 0;
    for (unsigned layer = 0; layer <= LAYER_COUNT; layer++) {
        struct tally_config config =
            config_of(((1u << LAYER_COUNT) - 1) & ~(1u << layer));
        tally_init(&tally, &arena, &config);
        struct result result = {.tally = &tally};
        struct figure_view view = {&tally.total, &result.total, &result,
                                   false};
        for (size_t i = 0; (figure = figure_at(i)); i++) {
            bool is_off =
                figure_layer(figure->group) == layer && layer < LAYER_COUNT;
            layered += is_off;
            assert_true(!is_off || figure_value(figure, &view) < 0);
            assert_int_equal(figure_is_on(config.layers, figure->group),
                             !is_off);
        }
    }
    assert_true(layered > 20);
    arena_release(&arena);
}

/* The manual describes the statistics of operations in prose. */
static void test_the_manual_lists_the_metrics(void **state)
{
    (void)state;
    struct str list = STR_INIT;
    const char *name, *unit, *sentence;
    str_append(&list, ".Bl -tag -width Ds -compact\n");
    for (size_t i = 0; slo_metric_describe(i, &name, &unit, &sentence); i++) {
        struct slo slo;
        char text[SLO_TEXT_MAX], problem[200];
        size_t at;
        snprintf(text, sizeof(text), "%s > 0", name);
        bool is_stat = slo_parse(&slo, text, problem, sizeof(problem), &at) &&
                       !slo.terms[0].metric.figure && !strchr(name, '.');
        if (!is_stat && strcmp(name, "p99.9") != 0) {
            str_printf(&list, ".It Cm %s Pq %s\n", name, unit);
            manual_append_sentences(&list, sentence);
        }
    }
    str_append(&list, ".El\n");
    assert_manual_has("man/squall-run.1",
                      ".\\\" metrics: made from the table of figures by "
                      "\"make golden\"; do not edit\n",
                      ".\\\" metrics end\n", list.text);
    str_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_well_formed),
        cmocka_unit_test(test_units_are_found_by_their_words),
        cmocka_unit_test(test_verdicts_and_classes_are_figures),
        cmocka_unit_test(test_every_counter_merges),
        cmocka_unit_test(test_every_extreme_merges),
        cmocka_unit_test(test_layers_that_are_off_are_not_measured),
        cmocka_unit_test(test_the_manual_lists_the_metrics),
    };
    return cmocka_run_group_tests_name("measure/figure", tests, NULL, NULL);
}
