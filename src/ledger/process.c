#include "ledger/process.h"

#include "engine/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* squall ignores these; a shell expects them. */
static const int expected[] = {SIGPIPE, SIGXFSZ};

static int set_up(posix_spawnattr_t *attributes,
                  posix_spawn_file_actions_t *files, int output,
                  bool with_errors)
{
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        sigaddset(&defaults, expected[i]);
    }
    int failed = posix_spawnattr_setflags(
        attributes, (short)(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                            POSIX_SPAWN_SETSIGDEF));
    failed = failed ? failed : posix_spawnattr_setpgroup(attributes, 0);
    failed = failed ? failed : posix_spawnattr_setsigmask(attributes, &none);
    failed =
        failed ? failed : posix_spawnattr_setsigdefault(attributes, &defaults);
    /* First of all: the pipe may have the number of an input that was closed.
     */
    failed = failed ? failed
                    : posix_spawn_file_actions_adddup2(files, output,
                                                       STDOUT_FILENO);
    if (with_errors && !failed) {
        failed =
            posix_spawn_file_actions_adddup2(files, output, STDERR_FILENO);
    }
    failed = failed ? failed
                    : posix_spawn_file_actions_addopen(
                          files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    return failed;
}

static int spawn(pid_t *shell, const char *command, int output,
                 bool with_errors)
{
    char name[] = "sh", option[] = "-c";
    /* Nobody writes to them: the type is older than const. */
    char *const words[] = {name, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int failed = posix_spawnattr_init(&attributes);

    if (failed) {
        return failed;
    }
    failed = posix_spawn_file_actions_init(&files);
    if (!failed) {
        failed = set_up(&attributes, &files, output, with_errors);
        failed = failed ? failed
                        : posix_spawn(shell, "/bin/sh", &files, &attributes,
                                      words, environ);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return failed;
}

int process_start(struct process *process, const char *command,
                  bool with_errors)
{
    int ends[2];

    *process = (struct process){.group = -1, .output = -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    int failed = spawn(&process->group, command, ends[1], with_errors);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return failed;
    }
    process->output = ends[0];
    return 0;
}

bool process_has_ended(const struct process *process, int *status)
{
    siginfo_t ended = {0};

    *status = 0;
    if (waitid(P_PID, (id_t)process->group, &ended,
               WEXITED | WNOHANG | WNOWAIT) != 0) {
        return errno == ECHILD;
    }
    if (ended.si_pid == 0) {
        return false;
    }
    *status = ended.si_code == CLD_EXITED ? W_EXITCODE(ended.si_status, 0)
                                          : W_EXITCODE(0, ended.si_status);
    return true;
}

static void close_output(struct process *process)
{
    if (process->output >= 0) {
        close(process->output);
        process->output = -1;
    }
}

void process_release(struct process *process)
{
    close_output(process);
    while (waitpid(process->group, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Whether anything of the group is left, once the shell has been waited for;
 * the number of one that is empty is not given away at once. */
static bool is_gone(const struct process *process, bool *was_waited_for)
{
    if (!*was_waited_for) {
        pid_t ended = waitpid(process->group, NULL, WNOHANG);
        *was_waited_for =
            ended == process->group || (ended < 0 && errno == ECHILD);
    }
    return *was_waited_for && kill(-process->group, 0) != 0;
}

void process_end(struct process *process, struct duration grace)
{
    const struct timespec pause = {0, 1000 * 1000};
    struct instant end = instant_add(clock_now(), grace);
    bool was_waited_for = false;

    close_output(process);
    if (grace.ns > 0) {
        kill(-process->group, SIGTERM);
    }
    while (grace.ns > 0 && !is_gone(process, &was_waited_for) &&
           instant_before(clock_now(), end)) {
        nanosleep(&pause, NULL);
    }
    if (!is_gone(process, &was_waited_for)) {
        kill(-process->group, SIGKILL);
    }
    while (!was_waited_for && waitpid(process->group, NULL, 0) < 0 &&
           errno == EINTR) {
    }
}
