/* Runs in virtual time, each with a seed of its own, and the report of each as
 * people read it, on a screen of three widths; of some the full one, too. What
 * a change moves shows here first. */
#include "run/run.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"

static const struct virtual_settings network = {
    .way = {200 * NS_PER_US},
    .way_on = {50 * NS_PER_US},
    .connect = {400 * NS_PER_US},
    .keeps_connections = true,
    .unix_ns = INT64_C(1764000000) * NS_PER_S,
};

enum { PROFILES_MAX = 3, SETS_MAX = 3, SLOS_MAX = 3 };

static const struct row {
    const char *name;
    const char *profiles[PROFILES_MAX];
    const char *sets[SETS_MAX];
    const char *slos[SLOS_MAX];
    bool has_full; /* the full report is held, too */
} rows[] = {
    {"plain", .sets = {"load.duration=5s"}},
    {"nothing-succeeds",
     .sets = {"load.duration=5s",
              "service.faults=[{\"kind\": \"error\", \"ratio\": 1}]"},
     .slos = {"p99 < 250ms", "duplicates == 0"}},
    {"steady", .profiles = {"steady", "targets/exactly-once"},
     .slos = {"lost == 0"}},
    {"lost-full-jitter",
     .profiles = {"lost-responses", "full-jitter", "targets/no-keys"},
     .slos = {"success_rate >= 99.9%", "duplicates == 0",
              "amplification < 1.2"},
     .has_full = true},
    {"lost-racy", .profiles = {"lost-responses", "immediate", "targets/racy"}},
    {"duplicates-forgetful",
     .profiles = {"duplicates", "fixed", "targets/forgetful"}},
    {"torn-exponential",
     .profiles = {"torn-requests", "exponential", "targets/exactly-once"}},
    {"brownout-budgeted", .profiles = {"brownout", "budgeted"}},
    {"brownout-sre-throttle", .profiles = {"brownout", "sre-throttle"}},
    {"outage-breaker", .profiles = {"outage", "breaker"}, .has_full = true},
    {"spike-adaptive", .profiles = {"spike", "adaptive-limit"}},
    {"slow-hedged", .profiles = {"slow-network", "hedged"}},
    {"marked",
     .sets = {"load={\"rate\": \"200/s\", \"duration\": \"8s\"}",
              "service.faults=[{\"kind\": \"error\", \"ratio\": 1, "
              "\"from\": \"2s\", \"for\": \"1s\"}]",
              "timeline=[{\"at\": \"2s\", \"name\": \"drill\", \"mark\": "
              "true, \"until\": \"3500ms\"}, {\"at\": \"9s\", \"name\": "
              "\"too late\", \"mark\": true}]"},
     .has_full = true},
};

static struct plan *read_plan(const struct row *row, uint64_t seed)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .profiles = row->profiles,
        .sets = row->sets,
        .slos = row->slos,
        .has_seed = true,
        .seed = seed,
        .run = seed,
    };

    while (input.profile_count < PROFILES_MAX &&
           row->profiles[input.profile_count]) {
        input.profile_count++;
    }
    while (input.set_count < SETS_MAX && row->sets[input.set_count]) {
        input.set_count++;
    }
    while (input.slo_count < SLOS_MAX && row->slos[input.slo_count]) {
        input.slo_count++;
    }
    struct plan *plan = plan_read(&input, &errors);
    errors_print(&errors, stdout);
    assert_non_null(plan);
    return plan;
}

static void hold_text(const struct row *row, const cJSON *document,
                      const struct text_options *options, uint64_t seed)
{
    bool is_full = options->depth == TEXT_FULL;
    struct str out = STR_INIT;
    char name[100];

    snprintf(name, sizeof(name), "report-%s-%s%d", row->name,
             is_full ? "full-" : "", options->width);
    text_render(document, options, &out);
    golden_hold(name, out.text, (int)seed);
    str_release(&out);
}

static void hold_reports(const struct row *row, uint64_t seed)
{
    static const int widths[] = {60, 80, 120};
    struct plan *plan = read_plan(row, seed);
    struct run_options options = {.simulation = &network};
    struct errors errors = ERRORS_INIT;
    struct run *run = run_make(plan, &options, &errors);
    struct text_options text = {.charset = TEXT_UNICODE, .depth = TEXT_SHORT};

    errors_print(&errors, stdout);
    assert_non_null(run);
    /* Who built it is no matter of the run. */
    cJSON_DeleteItemFromObjectCaseSensitive(run_document(run), "tool");
    for (size_t i = 0; i < array_length(widths); i++) {
        text.width = widths[i];
        hold_text(row, run_document(run), &text, seed);
    }
    if (row->has_full) {
        text = (struct text_options){.width = 80, .charset = TEXT_ASCII};
        hold_text(row, run_document(run), &text, seed);
    }
    run_free(run);
    plan_free(plan);
}

static void test_reports_of_all_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        hold_reports(&rows[i], i + 1);
    }
}

int main(void)
{
    setenv("SQUALL_PROFILES", "profiles", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_of_all_runs),
    };
    return cmocka_run_group_tests_name("sim/reports", tests, NULL, NULL);
}
