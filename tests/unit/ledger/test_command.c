/* Commands of the user's: what they print, and every way not to end well. */
#include "ledger/command.h"

#include "base/str.h"
#include "engine/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct errors errors;
static struct str output;

static int reset(void **state)
{
    (void)state;
    errors = (struct errors)ERRORS_INIT;
    str_release(&output);
    return 0;
}

/* Takes up to a limit. */
static bool take(void *user, const char *bytes, size_t length,
                 struct errors *said)
{
    const size_t *bytes_max = user;
    if (output.length + length > *bytes_max) {
        errors_add(said, ERROR_NO_LEDGER, "that is too much");
        return false;
    }
    str_append_bytes(&output, bytes, length);
    return true;
}

static bool run_within(const char *command, int64_t ms, size_t bytes_max)
{
    struct command_limits limits = {.subject = "the ledger's command",
                                    .code = ERROR_NO_LEDGER,
                                    .time_limit = "ledger.timeout",
                                    .name = "a.command",
                                    .timeout = duration_ms(ms)};
    return command_read(command, &limits, take, &bytes_max, &errors);
}

static bool run(const char *command)
{
    return run_within(command, 60000, 1 << 20);
}

static void expect_problem(const char *sentence)
{
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, ERROR_NO_LEDGER);
    if (!strstr(errors.list[0].text, sentence)) {
        fail_msg("\"%s\" is not said in \"%s\"", sentence,
                 errors.list[0].text);
    }
}

/* The number that the command printed: a process of its. */
static pid_t printed_process(void)
{
    pid_t process = (pid_t)strtol(output.text, NULL, 10);
    assert_true(process > 1);
    return process;
}

/* A killed process is gone, or waits for its new parent to see that. */
static bool is_dead(pid_t process)
{
    char path[64];
    char text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (!file) {
        return true;
    }
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    const char *after_name = strrchr(text, ')');
    return !after_name || after_name[2] == 'Z' || after_name[2] == 'X';
}

/* SIGKILL is sent; the kernel may take its time to act. */
static void await_death(pid_t process)
{
    struct instant end = instant_add(clock_now(), duration_s(60));
    while (!is_dead(process)) {
        assert_true(instant_before(clock_now(), end));
    }
}

static void test_output_is_kept_whole(void **state)
{
    (void)state;
    assert_true(run("printf 'a 1\\nb 2\\n'"));
    assert_string_equal(output.text, "a 1\nb 2\n");
    str_reset(&output);
    assert_true(run("printf 'x\\000y'"));
    assert_int_equal(output.length, 3);
    assert_memory_equal(output.text, "x\0y", 3);
    str_reset(&output);
    assert_true(run("head -c 300000 /dev/zero"));
    assert_int_equal(output.length, 300000);
    assert_int_equal(errors.count, 0);
}

static void test_status_and_signal_are_named(void **state)
{
    (void)state;
    assert_false(run("echo some; exit 7"));
    expect_problem("the ledger's command (a.command) ended with status 7");
    assert_null(strstr(errors.list[0].text, "some"));
    reset(NULL);
    assert_false(run("no-such-command-here 2>/dev/null"));
    expect_problem("ended with status 127");
    reset(NULL);
    assert_false(run("kill -TERM $$"));
    expect_problem("was killed by signal 15");
}

static void test_time_out_kills_the_whole_group(void **state)
{
    (void)state;
    assert_false(run_within("sleep 1000 & echo $!; wait", 200, 1 << 20));
    expect_problem("did not end in time");
    await_death(printed_process());
}

/* The output is at its end, the shell is not. */
static void test_a_shell_that_closed_its_output_is_not_awaited_for_ever(
    void **state)
{
    (void)state;
    assert_false(
        run_within("echo $$; exec >&-; sleep 1000; true", 200, 1 << 20));
    expect_problem("did not end in time");
    await_death(printed_process());
}

static void test_too_much_output_is_an_error(void **state)
{
    (void)state;
    assert_true(run_within("head -c 1000 /dev/zero", 60000, 1000));
    reset(NULL);
    assert_false(run_within("head -c 1001 /dev/zero", 60000, 1000));
    expect_problem("that is too much");
    reset(NULL);
    assert_false(run_within("cat /dev/zero", 60000, 100000));
    expect_problem("that is too much");
    assert_true(output.length <= 100000);
}

static void test_a_stop_ends_it(void **state)
{
    (void)state;
    atomic_bool stop = true;
    size_t bytes_max = 100;
    struct command_limits limits = {.subject = "the ledger's command",
                                    .code = ERROR_NO_LEDGER,
                                    .time_limit = "ledger.timeout",
                                    .name = "a.command",
                                    .timeout = duration_s(60),
                                    .stop = &stop};
    assert_false(
        command_read("sleep 1000", &limits, take, &bytes_max, &errors));
    expect_problem("was interrupted");
}

/* Else one that reads would wait for whoever sits before squall. */
static void test_nothing_is_on_its_input(void **state)
{
    (void)state;
    int ends[2];
    int input = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_return_code(dup2(ends[0], STDIN_FILENO), errno);
    bool ok = run_within("cat; echo b 1", 20000, 1000);
    dup2(input, STDIN_FILENO);
    close(input);
    close(ends[0]);
    close(ends[1]);
    assert_true(ok);
    assert_string_equal(output.text, "b 1\n");
}

/* squall blocks and ignores signals; a command must not inherit that. */
static void test_signals_are_as_a_shell_expects_them(void **state)
{
    (void)state;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    assert_false(run("kill -PIPE $$; echo survived"));
    expect_problem("was killed by signal 13");
    reset(NULL);
    assert_false(run("kill -TERM $$; echo survived"));
    expect_problem("was killed by signal 15");
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

int main(void)
{
    output = (struct str)STR_INIT;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_output_is_kept_whole, reset),
        cmocka_unit_test_teardown(test_status_and_signal_are_named, reset),
        cmocka_unit_test_teardown(test_time_out_kills_the_whole_group, reset),
        cmocka_unit_test_teardown(
            test_a_shell_that_closed_its_output_is_not_awaited_for_ever,
            reset),
        cmocka_unit_test_teardown(test_too_much_output_is_an_error, reset),
        cmocka_unit_test_teardown(test_a_stop_ends_it, reset),
        cmocka_unit_test_teardown(test_nothing_is_on_its_input, reset),
        cmocka_unit_test_teardown(test_signals_are_as_a_shell_expects_them,
                                  reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
