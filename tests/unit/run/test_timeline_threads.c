/* A timeline as it is carried out, with commands that take no time or no end,
 * and its guard when nobody is left to say what to do. */
#include "run/timeline_threads.h"

#include "base/must.h"
#include "engine/clock.h"
#include "run/timeline_guard.h"

#include <curl/curl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static struct plan *plan;
static const struct run_observer nobody;

static int enter_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof(folder), "/tmp/squall-timeline-%s",
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

static void read_plan(const char *timeline)
{
    struct errors errors = ERRORS_INIT;
    struct str set = STR_INIT;

    str_printf(&set, "timeline=%s", timeline);
    const char *sets[] = {"load.duration=1h", set.text};
    struct plan_input input = {
        .url = "http://127.0.0.1:9/",
        .set_count = 2,
        .sets = sets,
        .has_seed = true,
        .allow_exec = true,
    };
    plan = plan_read(&input, &errors);
    errors_print(&errors, stdout);
    assert_non_null(plan);
    str_release(&set);
}

static struct timeline_threads *make(const char *timeline)
{
    struct errors errors = ERRORS_INIT;

    read_plan(timeline);
    struct timeline_threads *threads = timeline_threads_new(plan, &errors);
    assert_int_equal(errors.count, 0);
    assert_non_null(threads);
    return threads;
}

static void finish(struct timeline_threads *threads)
{
    timeline_threads_free(threads);
    plan_free(plan);
}

static bool is_there(const char *file)
{
    return access(file, F_OK) == 0;
}

/* The test has a time limit. */
static void await_file(const char *file)
{
    while (!is_there(file)) {
        poll(NULL, 0, 1);
    }
}

static void test_actions_in_time(void **state)
{
    (void)state;
    struct timeline_threads *threads =
        make("[{\"at\":\"30ms\",\"name\":\"a\",\"run\":\"printf out; printf "
             "err >&2\",\"until\":\"60ms\",\"undo\":\"touch undone; exit "
             "2\"},{\"at\":\"20ms\",\"name\":\"b\",\"mark\":true},"
             "{\"at\":\"10ms\",\"name\":\"c\",\"put\":\"/x\"}]");
    timeline_threads_start(threads, clock_now());
    await_file("undone");
    timeline_threads_end(threads);
    timeline_threads_await(threads, &nobody, NULL);
    const struct timeline_event *events = timeline_threads_events(threads);

    assert_int_equal(events[0].begin.word, TIMELINE_DONE);
    assert_int_equal(events[0].begin.status, 0);
    assert_int_equal(events[0].begin.output_whole, 6);
    assert_memory_equal(events[0].begin.output, "outerr", 6);
    assert_true(events[0].begin.from.ns >= 30 * NS_PER_MS);
    assert_true(events[0].begin.until.ns >= events[0].begin.from.ns);
    assert_int_equal(events[0].end.word, TIMELINE_FAILED);
    assert_int_equal(events[0].end.status, 2);
    assert_true(events[0].end.from.ns >= 60 * NS_PER_MS);
    assert_int_equal(events[1].begin.word, TIMELINE_DONE);
    assert_int_equal(events[1].begin.status, -1);
    assert_true(events[1].begin.from.ns >= 20 * NS_PER_MS);
    /* Nobody listens there. */
    assert_int_equal(events[2].begin.word, TIMELINE_UNANSWERED);
    assert_int_equal(events[2].begin.status, -1);
    assert_true(events[2].begin.reason[0] != '\0');
    finish(threads);
    unlink("undone");
}

static void test_nothing_begins_without_a_load(void **state)
{
    (void)state;
    struct timeline_threads *threads =
        make("[{\"at\":\"0s\",\"name\":\"a\",\"run\":\"touch begun\","
             "\"until\":\"1s\",\"undo\":\"touch undone\"}]");
    timeline_threads_end(threads);
    timeline_threads_await(threads, &nobody, NULL);
    const struct timeline_event *events = timeline_threads_events(threads);
    assert_int_equal(events[0].begin.word, TIMELINE_NOT_REACHED);
    assert_int_equal(events[0].end.word, TIMELINE_NOT_REACHED);
    finish(threads);
    assert_false(is_there("begun"));
    assert_false(is_there("undone"));
}

/* The load is over long before "until". */
static void test_what_has_begun_is_undone(void **state)
{
    (void)state;
    struct timeline_threads *threads =
        make("[{\"at\":\"0s\",\"name\":\"a\",\"run\":\"touch begun; sleep "
             "600\",\"until\":\"30m\",\"undo\":\"touch undone\"},"
             "{\"at\":\"0s\",\"name\":\"b\",\"run\":\"touch other; sleep "
             "600\",\"until\":\"30m\"},"
             "{\"at\":\"20m\",\"name\":\"c\",\"run\":\"touch late\"}]");
    timeline_threads_start(threads, clock_now());
    await_file("begun");
    await_file("other");
    timeline_threads_end(threads);
    timeline_threads_await(threads, &nobody, NULL);
    const struct timeline_event *events = timeline_threads_events(threads);
    assert_int_equal(events[0].begin.word, TIMELINE_ENDED);
    assert_int_equal(events[0].end.word, TIMELINE_DONE);
    assert_int_equal(events[1].begin.word, TIMELINE_ENDED);
    assert_int_equal(events[1].end.word, TIMELINE_NOT_REACHED);
    assert_int_equal(events[2].begin.word, TIMELINE_NOT_REACHED);
    finish(threads);
    assert_true(is_there("undone"));
    assert_false(is_there("late"));
    unlink("begun");
    unlink("other");
    unlink("undone");
}

/* An undo has its own limit, also when the end has been asked for twice. */
static void test_an_undo_that_hangs(void **state)
{
    (void)state;
    struct timeline_threads *threads = make(
        "[{\"at\":\"0s\",\"name\":\"a\",\"run\":\"touch begun\",\"until\":"
        "\"30m\",\"undo\":\"sleep 600\",\"timeout\":\"50ms\"}]");
    const atomic_uint stops = 2;
    timeline_threads_start(threads, clock_now());
    await_file("begun");
    timeline_threads_end(threads);
    timeline_threads_await(threads, &nobody, &stops);
    const struct timeline_event *events = timeline_threads_events(threads);
    assert_int_equal(events[0].end.word, TIMELINE_TIMED_OUT);
    finish(threads);
    unlink("begun");
}

/* As when this process were gone: nobody says that all is done. */
static void abandon(const struct timeline_guard *guard)
{
    close(guard->pipe);
    assert_int_equal(waitpid(guard->process, NULL, 0), guard->process);
}

static void test_a_guard_that_is_left_alone(void **state)
{
    struct timeline_guard guard;
    struct errors errors = ERRORS_INIT;

    (void)state;
    read_plan("[{\"at\":\"0s\",\"name\":\"a\",\"run\":\"x\",\"until\":\"1s\","
              "\"undo\":\"printf \\\"%s\\\" 'it is' >first\"},"
              "{\"at\":\"0s\",\"name\":\"b\",\"run\":\"x\",\"until\":\"1s\","
              "\"undo\":\"touch second\"},"
              "{\"at\":\"0s\",\"name\":\"c\",\"run\":\"x\",\"until\":\"1s\","
              "\"undo\":\"touch third\"}]");
    assert_true(timeline_guard_start(&guard, plan, &errors));
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        close(guard.pipe);
        pause();
        _exit(0);
    }
    setpgid(child, child);
    timeline_guard_begun(&guard, 0);
    timeline_guard_begun(&guard, 1);
    timeline_guard_runs(&guard, 1, child);
    timeline_guard_runs(&guard, 2, getpid()); /* it was ours for a moment */
    timeline_guard_ran(&guard, 2);
    timeline_guard_undone(&guard, 1);
    abandon(&guard);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(is_there("first"));
    assert_false(is_there("second"));
    assert_false(is_there("third"));
    unlink("first");
    plan_free(plan);
}

static void test_a_guard_that_is_not_needed(void **state)
{
    struct timeline_guard guard;
    struct errors errors = ERRORS_INIT;

    (void)state;
    read_plan("[{\"at\":\"0s\",\"name\":\"a\",\"run\":\"x\",\"until\":\"1s\","
              "\"undo\":\"touch undone\"}]");
    assert_true(timeline_guard_start(&guard, plan, &errors));
    pid_t process = guard.process;
    timeline_guard_begun(&guard, 0);
    timeline_guard_undone(&guard, 0);
    timeline_guard_end(&guard);
    assert_int_equal(waitpid(process, NULL, 0), -1);
    assert_false(is_there("undone"));
    plan_free(plan);
    read_plan("[{\"at\":\"0s\",\"name\":\"a\",\"mark\":true}]");
    assert_true(timeline_guard_start(&guard, plan, &errors));
    assert_int_equal(guard.process, -1);
    timeline_guard_end(&guard);
    plan_free(plan);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions_in_time),
        cmocka_unit_test(test_nothing_begins_without_a_load),
        cmocka_unit_test(test_what_has_begun_is_undone),
        cmocka_unit_test(test_an_undo_that_hangs),
        cmocka_unit_test(test_a_guard_that_is_left_alone),
        cmocka_unit_test(test_a_guard_that_is_not_needed),
    };
    alarm(120);
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
