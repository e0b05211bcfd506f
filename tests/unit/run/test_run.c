/* Runs made in one process, one after another, against the embedded service
 * on the loopback: what they return, what they report, and that they leave
 * nothing behind. */
#include "plan/dead_letters.h"
#include "run/run.h"

#include "base/must.h"
#include "report/outputs.h"
#include "run/embedded.h"

#include <curl/curl.h>
#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static uint64_t runs; /* number of the last one */

static int enter_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/squall-run-%s",
             "XX"
             "XX"
             "XX");
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK &&
                   mkdtemp(folder) && chdir(folder) == 0
               ? 0
               : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    curl_global_cleanup();
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* A short run of a few orders, and what `sets` say beside. */
static struct plan *make_plan(const char *const *sets, size_t count,
                              struct dead_letters *dead_letters)
{
    static const char *const own[] = {
        "load.operations=20", "load.connections=2", "ledger.settle=1ms"};
    const char *all[16];
    struct errors errors = ERRORS_INIT;
    /* A replay finds the number of operations in its dead letters. */
    size_t first = dead_letters ? 2 : 0;
    size_t own_count = array_length(own) - first;

    memcpy(all, own + first, own_count * sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        all[own_count + i] = sets[i];
    }
    struct plan_input input = {
        .set_count = own_count + count,
        .sets = all,
        .workload = dead_letters ? &dead_letters->workload : NULL,
        .has_seed = true,
        .seed = 7,
        .run = ++runs,
    };
    struct plan *plan = plan_read(&input, &errors);
    if (!plan) {
        errors_print(&errors, stdout);
    }
    assert_non_null(plan);
    return plan;
}

#define PLAN(...) \
    make_plan((const char *const[]){__VA_ARGS__}, \
              array_length(((const char *const[]){__VA_ARGS__})), NULL)

static struct run *make_run(struct plan *plan, struct run_options options)
{
    static const char *const argv[] = {"squall", "run"};
    struct errors errors = ERRORS_INIT;

    options.argc = 2;
    options.argv = argv;
    struct run *run = run_make(plan, &options, &errors);
    assert_int_equal(errors.count, 0);
    assert_non_null(run);
    return run;
}

static const cJSON *find(const struct run *run, const char *section,
                         const char *name)
{
    const cJSON *object =
        cJSON_GetObjectItemCaseSensitive(run_document(run), section);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_non_null(item);
    return item;
}

static int number(const struct run *run, const char *section, const char *name)
{
    return find(run, section, name)->valueint;
}

static void test_result_and_document_say_the_same(void **state)
{
    (void)state;
    struct plan *plan = PLAN("ledger.url=/ledger");
    struct run *run = make_run(plan, (struct run_options){0});
    const struct result *result = run_result(run);

    assert_int_equal(result->verdict, RUN_DONE);
    assert_true(result->complete);
    assert_int_equal(number(run, "operations", "succeeded"), 20);
    assert_int_equal(number(run, "effects", "exactly_once"), 20);
    assert_int_equal(number(run, "run", "exit"), 0);
    assert_true(cJSON_IsTrue(find(run, "run", "embedded_target")));
    assert_string_equal(find(run, "run", "target")->valuestring,
                        plan->target.url);
    assert_int_equal(cJSON_GetArraySize(find(run, "run", "argv")), 2);
    run_free(run);
    plan_free(plan);
}

/* Numbers of runs keep their keys and orders apart. */
static void test_two_runs_can_share_a_service(void **state)
{
    (void)state;
    struct plan *plan = PLAN("ledger.url=/ledger");
    struct errors errors = ERRORS_INIT;
    struct server *server = embedded_start(plan, 64, &errors);
    struct server_counts counts;

    assert_non_null(server);
    for (int i = 0; i < 2; i++) {
        struct run *run = make_run(plan, (struct run_options){0});
        assert_int_equal(number(run, "effects", "exactly_once"), 20);
        run_free(run);
        plan_free(plan);
        plan = PLAN("ledger.url=/ledger");
        assert_true(plan_set_target(plan, server_url(server), &errors));
    }
    plan_free(plan);
    server_counts(server, &counts);
    server_stop(server);
    assert_int_equal(counts.effects, 40);
}

/* What a run has reported. */
struct observed {
    unsigned phases, notes, progresses;
    atomic_uint *stops;
};

static void on_phase(void *context, enum run_phase phase)
{
    struct observed *observed = context;
    assert_int_equal(phase, observed->phases);
    observed->phases++;
}

static void on_note(void *context, const char *text)
{
    struct observed *observed = context;
    assert_null(strchr(text, '\n'));
    observed->notes++;
}

static void on_progress(void *context, const struct progress *progress)
{
    struct observed *observed = context;
    observed->progresses++;
    if (observed->stops && progress->finished > 0) {
        atomic_fetch_add(observed->stops, 1);
    }
}

static struct run_observer observer_of(struct observed *observed)
{
    return (struct run_observer){.context = observed,
                                 .phase = on_phase,
                                 .note = on_note,
                                 .progress = on_progress};
}

static void test_an_observer_is_called_in_order(void **state)
{
    (void)state;
    struct observed observed = {0};
    struct plan *plan = PLAN("load.threads=2");
    struct run *run = make_run(
        plan, (struct run_options){.observer = observer_of(&observed)});

    assert_int_equal(observed.phases, PHASE_REPORT + 1);
    assert_int_equal(observed.notes, 1); /* where the service is */
    run_free(run);
    plan_free(plan);
}

static void test_a_run_that_is_stopped_is_incomplete(void **state)
{
    (void)state;
    atomic_uint stops = 0;
    struct observed observed = {.stops = &stops};
    struct plan *plan = PLAN("load.operations=null", "load.duration=1h");
    struct run *run =
        make_run(plan, (struct run_options){.observer = observer_of(&observed),
                                            .stops = &stops});

    assert_true(observed.progresses > 0);
    assert_int_equal(run_result(run)->verdict, RUN_INCOMPLETE);
    assert_int_equal(number(run, "run", "exit"), 130);
    assert_true(number(run, "operations", "succeeded") > 0);
    run_free(run);
    plan_free(plan);
}

/* Who wants the figures of running threads, and then ends them. */
struct wanting {
    unsigned asked, shown;
    uint64_t finished; /* when it was shown last */
};

static bool wants_figures(void *context)
{
    struct wanting *wanting = context;
    wanting->asked++;
    return true;
}

static const char *on_figures(void *context, const struct run_so_far *now)
{
    struct wanting *wanting = context;
    const struct panel *total = &now->result->tally->total;
    cJSON *document = run_document_so_far(now);
    const cJSON *operations =
        cJSON_GetObjectItemCaseSensitive(document, "operations");

    assert_true(now->at.ns > 0);
    assert_int_equal(total->hist[HISTOGRAM_OPERATION].count,
                     panel_finished(total));
    assert_int_equal(
        cJSON_GetObjectItemCaseSensitive(operations, "succeeded")->valueint,
        panel_finished(total));
    wanting->shown++;
    wanting->finished = panel_finished(total);
    cJSON_Delete(document);
    return wanting->finished > 0 ? "seen enough" : NULL;
}

static void test_figures_while_threads_work(void **state)
{
    (void)state;
    struct wanting wanting = {0};
    struct plan *plan = PLAN("load.operations=null", "load.duration=1h",
                             "load.threads=2", "ledger.url=/ledger");
    struct run *run = make_run(
        plan, (struct run_options){.observer = {.context = &wanting,
                                                .wants_figures = wants_figures,
                                                .figures = on_figures}});

    assert_true(wanting.shown > 0 && wanting.asked >= wanting.shown);
    assert_int_equal(run_result(run)->verdict, RUN_FAIL);
    assert_string_equal(run_result(run)->problem, "seen enough");
    assert_int_equal(number(run, "run", "exit"), 1);
    assert_true(number(run, "operations", "succeeded") >=
                (int)wanting.finished);
    assert_int_equal(number(run, "effects", "exactly_once"),
                     number(run, "operations", "succeeded"));
    run_free(run);
    plan_free(plan);
}

static void test_what_cannot_be_run_is_an_error(void **state)
{
    (void)state;
    struct plan *plan = PLAN("ledger.url=/nothing-here");
    struct run_options options = {0};
    struct errors errors = ERRORS_INIT;

    assert_null(run_make(plan, &options, &errors));
    assert_int_equal(errors.list[0].code, ERROR_NO_LEDGER);
    plan_free(plan);
    plan = PLAN("load.connections=1000000");
    errors = (struct errors)ERRORS_INIT;
    assert_null(run_make(plan, &options, &errors));
    assert_int_equal(errors.list[0].code, ERROR_NO_RESOURCE);
    plan_free(plan);
}

/* Every second order is answered with an error, and yet performed. */
#define HALF \
    "ledger.url=/ledger", "service.faults[0].kind=error", \
        "service.faults[0].ratio=0.5"

static void test_operations_are_there_for_writers(void **state)
{
    (void)state;
    struct plan *plan = PLAN(HALF);
    struct run *run = make_run(plan, (struct run_options){.journal = folder});
    const struct writer_run *kept = run_for_writers(run);
    unsigned counts[VERDICT_COUNT] = {0};
    const struct event_trace *trace;

    for (unsigned reading = 0; reading < 2; reading++) {
        unsigned operations = 0;
        kept->begin(kept->context);
        while ((trace = kept->next(kept->context))) {
            uint64_t operation = trace->operation.operation;
            struct events_effect effect =
                kept->effect(kept->context, operation);
            assert_true(effect.is_known);
            assert_int_equal(trace->attempt_count, 1);
            operations++;
            counts[trace->operation.verdict] += reading;
        }
        assert_true(kept->end(kept->context));
        assert_int_equal(operations, 20);
    }
    assert_int_equal(counts[VERDICT_SUCCEEDED],
                     number(run, "operations", "succeeded"));
    assert_int_equal(counts[VERDICT_AMBIGUOUS],
                     number(run, "operations", "ambiguous"));
    assert_true(counts[VERDICT_AMBIGUOUS] > 0);
    run_free(run);
    plan_free(plan);
}

static void write_dead_letters_of(const struct run *run, const char *path)
{
    struct errors errors = ERRORS_INIT;
    struct outputs outputs = {0};

    outputs_add(&outputs, WRITER_dead_letters, path);
    assert_true(outputs_write(&outputs, run_document(run),
                              run_for_writers(run), &errors));
}

static size_t lines_of(const char *path)
{
    size_t lines = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c; (c = getc(file)) != EOF;) {
        lines += c == '\n';
    }
    fclose(file);
    return lines;
}

/* A run, and one that sends its dead letters again. */
static void test_a_replay_is_a_run(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct plan *plan = PLAN(HALF);
    struct server *server = embedded_start(plan, 64, &errors);
    assert_non_null(server);
    struct run *run = make_run(plan, (struct run_options){.journal = folder});
    int open = 20 - number(run, "operations", "succeeded");

    assert_int_equal(open, number(run, "operations", "ambiguous"));
    write_dead_letters_of(run, "dead");
    run_free(run);
    plan_free(plan);
    assert_int_equal(lines_of("dead"), open + 2);

    struct dead_letters *dead_letters =
        dead_letters_read("dead", NULL, 0, false, &errors);
    assert_non_null(dead_letters);
    plan = make_plan(NULL, 0, dead_letters);
    run = make_run(plan, (struct run_options){0});
    int still = open - number(run, "operations", "succeeded");
    assert_int_equal(number(run, "replay", "dead_letters"), open);
    assert_int_equal(number(run, "replay", "sent"), open);
    assert_true(still < open);
    write_dead_letters_of(run, "dead");
    assert_int_equal(lines_of("dead"), still + 2);
    run_free(run);
    plan_free(plan);
    dead_letters_free(dead_letters);
    server_stop(server);
    unlink("dead");
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *open = opendir("/proc/self/fd");
    assert_non_null(open);
    while (readdir(open)) {
        count++;
    }
    closedir(open);
    return count;
}

static size_t count_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* In turn: one that reports, one that keeps all, one that cannot be made. */
static void make_one_of(int turn)
{
    struct run_options options = {.journal = turn % 3 == 1 ? folder : NULL};
    struct plan *plan =
        turn % 3 == 2
            ? PLAN("ledger.url=/nothing-here")
            : PLAN("ledger.url=/ledger", "faults[0].kind=lost_response",
                   "faults[0].ratio=0.1", "faults[0].as=reset",
                   "retry.max_attempts=2", "load.threads=2");
    struct errors errors = ERRORS_INIT;
    struct run *run = run_make(plan, &options, &errors);

    assert_int_equal(run == NULL, turn % 3 == 2);
    if (run) {
        assert_int_equal(number(run, "operations", "started"), 20);
        run_free(run);
    }
    plan_free(plan);
}

static void test_a_hundred_runs_leave_nothing(void **state)
{
    (void)state;
    enum { WARM = 12, RUNS = 100, BYTES_A_RUN = 200 };
    size_t descriptors = 0, bytes = 0;

    for (int turn = 0; turn < WARM + RUNS; turn++) {
        if (turn == WARM) {
            descriptors = count_descriptors();
            bytes = count_bytes();
        }
        make_one_of(turn);
    }
    assert_int_equal(count_descriptors(), descriptors);
    /* Libraries keep a little; a sanitizer would find each byte of ours. */
    assert_true(count_bytes() < bytes + RUNS * BYTES_A_RUN);
}

/* What was given back to a thread's cache counts as in use, and its bins fill
 * for as long as sizes differ. The cache can only be left out from the start.
 */
static void leave_out_cache(char **argv)
{
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execv("/proc/self/exe", argv);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    leave_out_cache(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_and_document_say_the_same),
        cmocka_unit_test(test_two_runs_can_share_a_service),
        cmocka_unit_test(test_an_observer_is_called_in_order),
        cmocka_unit_test(test_a_run_that_is_stopped_is_incomplete),
        cmocka_unit_test(test_figures_while_threads_work),
        cmocka_unit_test(test_what_cannot_be_run_is_an_error),
        cmocka_unit_test(test_operations_are_there_for_writers),
        cmocka_unit_test(test_a_replay_is_a_run),
        cmocka_unit_test(test_a_hundred_runs_leave_nothing),
    };
    return cmocka_run_group_tests_name("run/run", tests, enter_folder,
                                       leave_folder);
}
