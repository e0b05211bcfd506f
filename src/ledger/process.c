#include "ledger/process.h"

#include "base/must.h"
#include "engine/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { AFTER_MS = 1000 }; /* for what was killed to be gone */

/* squall ignores these; a shell expects them. */
static const int expected[] = {SIGPIPE, SIGXFSZ};

static int set_up(posix_spawnattr_t *attributes,
                  posix_spawn_file_actions_t *files,
                  const struct process_setup *setup)
{
    int own = setup->has_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    for (size_t i = 0; i < array_length(expected); i++) {
        sigaddset(&defaults, expected[i]);
    }
    int failed = posix_spawnattr_setflags(
        attributes,
        (short)(own | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    failed = failed ? failed : posix_spawnattr_setpgroup(attributes, 0);
    failed = failed ? failed : posix_spawnattr_setsigmask(attributes, &none);
    failed =
        failed ? failed : posix_spawnattr_setsigdefault(attributes, &defaults);
    /* First what is there: it may have the number of one that was closed. */
    for (int i = 0; i < 3 && !failed; i++) {
        failed =
            setup->files[i] < 0
                ? 0
                : posix_spawn_file_actions_adddup2(files, setup->files[i], i);
    }
    for (int i = 0; i < 3 && !failed; i++) {
        failed = setup->files[i] < 0 ? posix_spawn_file_actions_addopen(
                                           files, i, "/dev/null",
                                           i > 0 ? O_WRONLY : O_RDONLY, 0)
                                     : 0;
    }
    return failed;
}

int process_spawn(pid_t *shell, const char *command,
                  const struct process_setup *setup)
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
        failed = set_up(&attributes, &files, setup);
        failed =
            failed ? failed
                   : posix_spawn(shell, "/bin/sh", &files, &attributes, words,
                                 setup->environment ? setup->environment
                                                    : environ);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return failed;
}

int process_start(struct process *process, const char *command,
                  bool with_errors)
{
    int ends[2];

    *process = (struct process){.group = -1, .output = -1, .shell = -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    struct process_setup setup = {
        .files = {-1, ends[1], with_errors ? ends[1] : STDERR_FILENO}};
    int failed = process_spawn(&process->group, command, &setup);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return failed;
    }
    process->output = ends[0];
    process->shell = (int)syscall(SYS_pidfd_open, process->group, 0);
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

void process_release(struct process *process)
{
    int *const all[] = {&process->output, &process->shell};

    (void)waitpid(process->group, NULL, WNOHANG);
    for (size_t i = 0; i < array_length(all); i++) {
        if (*all[i] >= 0) {
            close(*all[i]);
            *all[i] = -1;
        }
    }
}

/* Takes leave of those of our children in the group that have ended. Whether
 * none is left. */
static bool have_all_ended(const struct process *process)
{
    pid_t ended;

    while ((ended = waitpid(-process->group, NULL, WNOHANG)) > 0) {
    }
    return ended < 0 && errno == ECHILD;
}

/* Whether nobody's child is left in it, either: the number of a group that is
 * empty is not given away at once. */
static bool is_gone(const struct process *process)
{
    return have_all_ended(process) && kill(-process->group, 0) != 0;
}

static bool await(bool (*holds)(const struct process *process),
                  const struct process *process, struct duration most)
{
    const struct timespec pause = {0, 1000 * 1000};
    struct instant end = instant_add(clock_now(), most);
    bool has_come;

    while (!(has_come = holds(process)) && instant_before(clock_now(), end)) {
        nanosleep(&pause, NULL);
    }
    return has_come;
}

void process_end(struct process *process, struct duration grace)
{
    if (grace.ns > 0) {
        kill(-process->group, SIGTERM);
        if (await(is_gone, process, grace)) {
            return;
        }
    }
    kill(-process->group, SIGKILL);
    /* What the kernel does not let go of cannot be waited for. */
    (void)await(have_all_ended, process, duration_ms(AFTER_MS));
}

bool process_adopt(bool adopts)
{
    int before = 0;

    prctl(PR_GET_CHILD_SUBREAPER, &before, 0UL, 0UL, 0UL);
    prctl(PR_SET_CHILD_SUBREAPER, adopts ? 1UL : 0UL, 0UL, 0UL, 0UL);
    return before != 0;
}
