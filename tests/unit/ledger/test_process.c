/* A command while it runs: when it has ended, and that nothing of it is left
 * when it is to end. */
#include "ledger/process.h"

#include "engine/clock.h"

#include <errno.h>
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

static struct process process;

static void start(const char *command)
{
    assert_int_equal(process_start(&process, command, true), 0);
}

/* Reads up to the end of a line, or of the output. */
static void read_line(char *line, size_t size)
{
    size_t used = 0;

    while (used + 1 < size && read(process.output, line + used, 1) == 1 &&
           line[used] != '\n') {
        used++;
    }
    line[used] = '\0';
}

static pid_t printed_process(void)
{
    char line[32];

    read_line(line, sizeof(line));
    return (pid_t)strtol(line, NULL, 10);
}

/* Killed, and perhaps not waited for by its new parent. */
static bool is_dead(pid_t child)
{
    char path[64], text[256] = "";

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
    FILE *file = fopen(path, "r");
    if (!file) {
        return true;
    }
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    const char *state = length > 0 ? strrchr(text, ')') : NULL;
    return !state || state[2] == 'Z' || state[2] == 'X';
}

static int await_status(void)
{
    int status = -1;

    while (!process_has_ended(&process, &status)) {
        poll(NULL, 0, 1);
    }
    return status;
}

static void test_status_and_both_outputs(void **state)
{
    char line[32];

    (void)state;
    start("echo out; echo err >&2; exit 7");
    read_line(line, sizeof(line));
    assert_string_equal(line, "out");
    read_line(line, sizeof(line));
    assert_string_equal(line, "err");
    int status = await_status();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    process_release(&process);
    assert_int_equal(waitpid(process.group, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_signal(void **state)
{
    (void)state;
    start("kill -9 $$");
    int status = await_status();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    process_release(&process);
}

/* A shell that is asked to end may do something first. */
static void test_asked_to_end(void **state)
{
    char line[32];
    int ends[2];
    char command[128];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(command, sizeof(command),
             "trap 'echo asked >&%d; exit' TERM; echo set; "
             "while :; do sleep 0.01; done",
             ends[1]);
    start(command);
    close(ends[1]);
    read_line(line, sizeof(line));
    assert_string_equal(line, "set");
    process_end(&process, duration_ms(10000));
    process_release(&process);
    assert_int_equal(read(ends[0], line, sizeof(line)), 6);
    assert_memory_equal(line, "asked\n", 6);
    close(ends[0]);
}

/* What ignores that is killed, and so is what is stopped, or left behind. */
static void expect_killed(const char *command, struct duration grace)
{
    start(command);
    pid_t child = printed_process();
    assert_true(child > 1);
    process_end(&process, grace);
    process_release(&process);
    while (!is_dead(child)) {
        poll(NULL, 0, 1); /* the test has a time limit */
    }
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    expect_killed("trap '' TERM; sleep 600 & echo $!; wait", duration_ms(20));
    expect_killed("sleep 600 & echo $!; kill -STOP $!; wait", duration_ms(20));
    /* The shell has gone, and its child has not. */
    expect_killed("sleep 600 & echo $!", duration_ms(1000));
    expect_killed("sleep 600 & echo $!; wait", DURATION_ZERO);
}

static void test_left_as_it_is(void **state)
{
    (void)state;
    start("sleep 600 >/dev/null 2>&1 & echo $!");
    pid_t child = printed_process();
    assert_int_equal(await_status(), 0);
    process_release(&process);
    assert_int_equal(kill(child, 0), 0);
    assert_false(is_dead(child));
    kill(child, SIGKILL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_and_both_outputs),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_asked_to_end),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_left_as_it_is),
    };
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
