#include "transport/command.h"

#include "transport/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(const char *command, int *output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setpgid(0, 0);
        dup2(ends[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    *output = ends[0];
    return child;
}

enum reading { READING_WHOLE, READING_TIMED_OUT, READING_TOO_LARGE };

static enum reading read_all(int fd, struct instant end, size_t bytes_max,
                             struct str *output)
{
    char bytes[65536];
    for (;;) {
        int64_t left_ms = (end.ns - clock_now().ns) / NS_PER_MS;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0) {
            return READING_TIMED_OUT;
        }
        if (poll(&wait, 1, left_ms > 1000 ? 1000 : (int)left_ms) <= 0) {
            continue;
        }
        ssize_t got = read(fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return READING_WHOLE;
        }
        if (output->length + (size_t)got > bytes_max) {
            return READING_TOO_LARGE;
        }
        str_append_bytes(output, bytes, (size_t)got);
    }
}

static bool judge(const char *command, enum reading reading, int status,
                  struct errors *errors)
{
    const char *problem = NULL;
    char text[64];

    if (reading == READING_TIMED_OUT) {
        problem = "did not end in time (ledger.timeout)";
    } else if (reading == READING_TOO_LARGE) {
        problem = "printed too much";
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof(text), "was killed by signal %d",
                 WTERMSIG(status));
        problem = text;
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(text, sizeof(text), "ended with status %d",
                 WEXITSTATUS(status));
        problem = text;
    }
    if (problem) {
        errors_add(errors, ERROR_NO_LEDGER, "the ledger's command %s: %s",
                   problem, command);
    }
    return problem == NULL;
}

bool command_output(const char *command, struct duration timeout,
                    size_t bytes_max, struct str *output,
                    struct errors *errors)
{
    struct instant end = instant_add(clock_now(), timeout);
    int fd = -1;
    pid_t child = start(command, &fd);
    if (child < 0) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger's command could not be started: %s",
                   strerror(errno));
        return false;
    }
    enum reading reading = read_all(fd, end, bytes_max, output);
    close(fd);
    if (reading != READING_WHOLE) {
        kill(-child, SIGKILL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return judge(command, reading, status, errors);
}
