/* Whole documents of runs in virtual time, byte for byte: one seed is one
 * document. After a wanted change `make golden` writes them anew, and the
 * difference is read like code. */
#include "base/must.h"
#include "host/fleet.h"
#include "run/run.h"
#include "run/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "documents.h"

enum { SEED = 7 };

static const struct virtual_settings network = {
    .way = {500 * NS_PER_US},
    .way_on = {100 * NS_PER_US},
    .connect = {1 * NS_PER_MS},
    .keeps_connections = true,
    .unix_ns = INT64_C(1764000000) * NS_PER_S,
};

static size_t count_of(const char *const *texts, size_t max)
{
    size_t count = 0;
    while (count < max && texts[count]) {
        count++;
    }
    return count;
}

static struct plan *read_plan(const struct document_scenario *scenario,
                              uint64_t seed)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .profile_count =
            count_of(scenario->profiles, array_length(scenario->profiles)),
        .profiles = scenario->profiles,
        .set_count = count_of(scenario->sets, array_length(scenario->sets)),
        .sets = scenario->sets,
        .has_seed = true,
        .seed = seed,
        .run = 1,
    };
    struct plan *plan = plan_read(&input, &errors);

    errors_print(&errors, stdout);
    assert_non_null(plan);
    return plan;
}

/* A run that ended well, of a plan that it takes over. */
struct made {
    struct plan *plan;
    struct run *run;
};

static struct made make(const struct document_scenario *scenario,
                        uint64_t seed)
{
    struct made made = {.plan = read_plan(scenario, seed)};
    struct run_options options = {.simulation = &network};
    struct errors errors = ERRORS_INIT;

    made.run = run_make(made.plan, &options, &errors);
    errors_print(&errors, stdout);
    assert_int_equal(errors.count, 0);
    assert_non_null(made.run);
    return made;
}

static void made_free(const struct made *made)
{
    run_free(made->run);
    plan_free(made->plan);
}

/* How histograms are compressed is the library's. */
static void drop_compressed(cJSON *at)
{
    cJSON_DeleteItemFromObjectCaseSensitive(at, "hdr");
    for (at = at->child; at; at = at->next) {
        drop_compressed(at);
    }
}

/* What the build decides is not the seed's. */
static char *print(const struct made *made)
{
    cJSON *document = cJSON_Duplicate(run_document(made->run), true);
    cJSON *tool = cJSON_GetObjectItemCaseSensitive(document, "tool");

    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(tool, "version"),
                         "");
    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(tool, "build"), "");
    drop_compressed(document);
    char *json = cJSON_Print(document);
    struct str text = STR_INIT;
    must(json);
    str_printf(&text, "%s\n", json);
    cJSON_free(json);
    cJSON_Delete(document);
    return str_detach(&text);
}

static char *print_of(const struct document_scenario *scenario, uint64_t seed)
{
    struct made made = make(scenario, seed);
    char *text = print(&made);
    made_free(&made);
    return text;
}

static const cJSON *find(const cJSON *at, const char *path)
{
    char name[40];

    while (at && *path) {
        size_t length = strcspn(path, "/");
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        at = cJSON_GetObjectItemCaseSensitive(at, name);
        path += length + (path[length] == '/');
    }
    return at;
}

static double number(const cJSON *at, const char *path)
{
    const cJSON *item = find(at, path);
    if (!cJSON_IsNumber(item)) {
        fail_msg("%s is not a number", path);
    }
    return item->valuedouble;
}

static double sum(const cJSON *at, const char *path)
{
    const cJSON *item;
    double total = 0;
    cJSON_ArrayForEach(item, find(at, path))
    {
        total += item->valuedouble;
    }
    return total;
}

static void assert_same(double a, double b, const char *what)
{
    if (a != b) {
        fail_msg("%s: %.17g is not %.17g", what, a, b);
    }
}

static double sum_of_verdicts(const cJSON *at)
{
    char path[40];
    double total = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        snprintf(path, sizeof(path), "operations/%s",
                 verdict_name((enum verdict)v));
        total += number(at, path);
    }
    return total;
}

/* Of the whole run, of a request or of a phase. */
static void hold_counts(const cJSON *at)
{
    double started = number(at, "operations/started");
    double shed = number(at, "operations/shed");
    double attempts = number(at, "attempts/total");

    assert_same(number(at, "operations/offered"),
                started + number(at, "operations/dropped"), "offered");
    assert_same(started, sum_of_verdicts(at), "verdicts");
    assert_same(started,
                number(at, "operations/succeeded") +
                    number(at, "operations/failed"),
                "succeeded and failed");
    assert_same(started, sum(at, "operations/reasons"), "reasons");
    assert_same(shed, sum(at, "operations/shed_reasons"), "shed reasons");
    assert_same(attempts,
                number(at, "attempts/first") + number(at, "attempts/retries") +
                    number(at, "attempts/hedges") +
                    number(at, "attempts/duplicates_injected"),
                "kinds");
    assert_same(attempts, sum(at, "attempts/by_outcome"), "outcomes");
    assert_same(number(at, "latency/operation/count"), started - shed,
                "latency.operation");
    assert_same(number(at, "latency/succeeded/count"),
                number(at, "operations/succeeded"), "latency.succeeded");
    assert_same(number(at, "latency/failed/count"),
                number(at, "operations/failed") - shed, "latency.failed");
    assert_same(number(at, "latency/time_to_success/count"), started,
                "latency.time_to_success");
    assert_same(number(at, "latency/attempt/count"),
                number(at, "attempts/on_wire"), "latency.attempt");
    assert_same(number(at, "latency/attempt_ok/count"),
                number(at, "attempts/by_outcome/ok"), "latency.attempt_ok");
}

static double sum_of_classes(const cJSON *effects)
{
    double total = 0;
    for (int c = 0; c < EFFECT_CLASS_COUNT; c++) {
        total += number(effects, effect_class_name((enum effect_class)c));
    }
    return total;
}

static void hold_effects(const cJSON *document)
{
    const cJSON *effects = find(document, "effects");
    double rows = 0;
    const cJSON *row;

    assert_string_equal(find(effects, "oracle")->valuestring, "ledger");
    cJSON_ArrayForEach(row, find(effects, "table"))
    {
        rows += sum(row, "");
    }
    assert_same(number(effects, "operations_checked"), sum_of_classes(effects),
                "classes");
    assert_same(number(effects, "operations_checked"), rows, "table");
}

static void hold_parts(const cJSON *document, const char *name)
{
    const cJSON *part;
    double started = 0, attempts = 0;

    cJSON_ArrayForEach(part, find(document, name))
    {
        hold_counts(part);
        started += number(part, "operations/started");
        attempts += number(part, "attempts/total");
    }
    assert_same(started, number(document, "operations/started"), name);
    assert_same(attempts, number(document, "attempts/total"), name);
}

static void hold_invariants(const cJSON *document)
{
    hold_counts(document);
    hold_parts(document, "requests");
    hold_parts(document, "phases");
    hold_effects(document);
}

/* The same run once more, by the host alone, and what its model has done:
 * counted from the model's own books, without a ledger and a join. */
struct done {
    uint64_t effects;
    uint64_t orders;   /* with one at least */
    uint64_t repeated; /* with two or more */
};

static struct done count_done(const struct virtual_model *model)
{
    const struct service_effects *effects = &model->orders.effects;
    struct done done = {.effects = effects->performed};
    struct effects_cursor cursor;
    const char *id;
    uint64_t count;
    bool torn;

    service_effects_walk(&cursor, effects, false);
    while (service_effects_next(&cursor, &id, &count, &torn)) {
        done.orders++;
        done.repeated += count > 1;
    }
    return done;
}

static struct done do_again(const struct document_scenario *scenario)
{
    struct plan *plan = read_plan(scenario, SEED);
    struct errors errors = ERRORS_INIT;
    struct simulation simulation;

    assert_true(simulation_init(&simulation, plan, &network, &errors));
    struct fleet *fleet =
        fleet_new(plan, &engine_virtual, &simulation.settings, &errors);
    assert_non_null(fleet);
    assert_true(fleet_start(fleet, &errors));
    (void)fleet_join(fleet);
    virtual_model_end(&simulation.model);
    struct done done = count_done(&simulation.model);
    fleet_free(fleet);
    simulation_release(&simulation);
    plan_free(plan);
    return done;
}

static void hold_done(const struct document_scenario *scenario,
                      const cJSON *document)
{
    struct done done = do_again(scenario);

    assert_same(number(document, "effects/total_effects"),
                (double)done.effects, "effects");
    assert_same(number(document, "effects/duplicate"), (double)done.repeated,
                "duplicates");
    assert_same(number(document, "effects/extra_effects"),
                (double)(done.effects - done.orders), "extra effects");
    assert_same(number(document, "effects/foreign"), 0, "foreign");
}

/* A document is too long to be shown: where it differs first is. */
static void hold_golden(const char *name, const char *text)
{
    char path[200];
    size_t line = 1, same = 0;

    snprintf(path, sizeof(path), "tests/sim/documents/%s.json", name);
    if (golden_is_written()) {
        golden_write(path, text);
    }
    char *expected = golden_read(path);
    for (; expected[same] && expected[same] == text[same]; same++) {
        line += text[same] == '\n';
    }
    if (expected[same] != text[same]) {
        fail_msg("%s:%zu: the document has something else", path, line);
    }
    free(expected);
}

static void test_documents_are_the_golden_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(document_scenarios); i++) {
        struct made made = make(&document_scenarios[i], SEED);
        char *text = print(&made);
        hold_golden(document_scenarios[i].name, text);
        free(text);
        made_free(&made);
    }
}

static void test_documents_keep_the_invariants(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(document_scenarios); i++) {
        struct made made = make(&document_scenarios[i], SEED);
        hold_invariants(run_document(made.run));
        hold_done(&document_scenarios[i], run_document(made.run));
        made_free(&made);
    }
}

static void test_a_seed_is_a_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(document_scenarios); i++) {
        char *first = print_of(&document_scenarios[i], SEED),
             *again = print_of(&document_scenarios[i], SEED),
             *other = print_of(&document_scenarios[i], SEED + 1);
        assert_string_equal(first, again);
        assert_string_not_equal(first, other);
        free(first);
        free(again);
        free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_are_the_golden_ones),
        cmocka_unit_test(test_documents_keep_the_invariants),
        cmocka_unit_test(test_a_seed_is_a_document),
    };
    return cmocka_run_group_tests_name("sim/documents", tests, NULL, NULL);
}
