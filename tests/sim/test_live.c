/* What a terminal shows of runs in virtual time, at two sizes, while something
 * goes wrong; and that it is what the document of that instant says. */
#include "report/live.h"
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

static const struct row {
    const char *name;
    const char *profiles[2];
    const char *set;
    int64_t at_s; /* when it is looked at */
} rows[] = {
    {"outage-breaker", {"outage", "breaker"}, "load.duration=30s", 13},
    {"lost-full-jitter",
     {"lost-responses", "full-jitter"},
     "load.duration=30s",
     15},
    {"spike-budgeted", {"spike", "budgeted"}, "load.drain=1s", 16},
    {"brownout-adaptive", {"brownout", "adaptive-limit"}, "load.drain=1s", 14},
    {"warm-up",
     {"steady", "immediate"},
     "load={\"warmup\": \"20s\", \"duration\": \"40s\"}",
     5},
};

/* The frame of the first figures from a time on. */
struct watching {
    const struct row *row;
    struct live live;
    bool is_held;
    uint64_t seed;
};

static void on_progress(void *context, const struct progress *progress)
{
    struct watching *watching = context;
    live_take_progress(&watching->live, progress);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void hold_frame(const struct watching *watching, int columns, int rows_)
{
    struct str out = STR_INIT;
    struct term term = {.out = &out, .unicode = true, .width = columns - 1};
    char name[100];

    int used = live_compose(&watching->live, &term, rows_ - 1);
    assert_true(used < rows_);
    snprintf(name, sizeof(name), "live-%s-%dx%d", watching->row->name, columns,
             rows_);
    golden_hold(name, out.text, (int)watching->seed);
    str_release(&out);
}

static double figure(const cJSON *document, const char *section,
                     const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, section);
    item = name ? cJSON_GetObjectItemCaseSensitive(item, name) : item;
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static void assert_same(double a, double b)
{
    if (a != b) {
        fail_msg("%.17g is not %.17g", a, b);
    }
}

/* What the view took is what a report of this instant says. */
static void hold_against(const struct live_figures *figures,
                         const cJSON *document)
{
    const cJSON *latency =
        cJSON_GetObjectItemCaseSensitive(document, "latency");
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(document, "errors");
    double p99 = figure(latency, "time_to_success", "p99_us");
    double p50 = figure(latency, "time_to_success", "p50_us");
    double first = figure(cJSON_GetArrayItem(errors, 0), "count", NULL);

    assert_same(figures->success_rate, figure(document, "success_rate", NULL));
    assert_same(figures->per_s, figure(document, "rates", "operations_per_s"));
    assert_same(figures->p99_us > 1e15 ? -1 : figures->p99_us, p99);
    assert_same(figures->p50_us > 1e15 ? -1 : figures->p50_us, p50);
    assert_same((double)figures->failed,
                figure(document, "operations", "failed"));
    assert_same((double)figures->shed, figure(document, "operations", "shed"));
    assert_same((double)figures->attempts,
                figure(document, "attempts", "total"));
    assert_same(figures->amplification,
                figure(document, "amplification", "attempts_per_operation"));
    assert_same(figures->peak, figure(document, "amplification", "peak_1s"));
    for (size_t i = 0; i < figures->error_count; i++) {
        const struct live_error *error = &figures->errors[i];
        assert_true(i == 0 || error[-1].count >= error->count);
        if (strncmp(error->name, "shed: ", 6) != 0) {
            assert_same((double)error->count, first);
            return;
        }
    }
}

static const char *on_figures(void *context, const struct run_so_far *now)
{
    struct watching *watching = context;

    live_take_figures(&watching->live, now->result);
    if (watching->is_held || now->at.ns < watching->row->at_s * NS_PER_S) {
        return NULL;
    }
    cJSON *document = run_document_so_far(now);
    hold_against(&watching->live.figures, document);
    cJSON_Delete(document);
    hold_frame(watching, 80, 24);
    hold_frame(watching, 60, 20);
    watching->is_held = true;
    return NULL;
}

static void watch(const struct row *row, uint64_t seed)
{
    static struct watching watching;
    struct errors errors = ERRORS_INIT;
    const char *const slos[] = {"p99 < 250ms", "success_rate >= 99%"};
    struct plan *plan =
        plan_read(&(struct plan_input){.profile_count = 2,
                                       .profiles = row->profiles,
                                       .set_count = 1,
                                       .sets = &row->set,
                                       .slo_count = 2,
                                       .slos = slos,
                                       .has_seed = true,
                                       .seed = seed,
                                       .run = seed},
                  &errors);
    errors_print(&errors, stdout);
    assert_non_null(plan);
    watching = (struct watching){.row = row, .seed = seed};
    live_init(&watching.live, plan, !plan->target.url);
    struct run_options options = {.simulation = &network,
                                  .observer = {.context = &watching,
                                               .progress = on_progress,
                                               .wants_figures = always,
                                               .figures = on_figures}};
    struct run *run = run_make(plan, &options, &errors);
    errors_print(&errors, stdout);
    assert_non_null(run);
    assert_true(watching.is_held);
    run_free(run);
    plan_free(plan);
}

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        watch(&rows[i], 11 + i);
    }
}

int main(void)
{
    setenv("SQUALL_PROFILES", "profiles", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_frames)};
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
