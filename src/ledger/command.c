#include "ledger/command.h"

#include "engine/clock.h"
#include "ledger/process.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 50 }; /* how often the clock and the stop are looked at */

enum reading {
    READING_WHOLE,
    READING_TIMED_OUT,
    READING_REFUSED,
    READING_STOPPED
};

/* Whether there is no more time; *why says which limit it was. */
static bool is_over(const struct command_limits *limits, struct instant end,
                    enum reading *why)
{
    bool stopped = limits->stop && atomic_load(limits->stop);
    *why = stopped ? READING_STOPPED : READING_TIMED_OUT;
    return stopped || !instant_before(clock_now(), end);
}

/* Who gets the output. */
struct reader {
    bool (*take)(void *user, const char *bytes, size_t length,
                 struct errors *errors);
    void *user;
    struct errors *errors;
};

static enum reading read_all(int fd, const struct command_limits *limits,
                             struct instant end, const struct reader *reader)
{
    char bytes[65536];
    enum reading why;
    while (!is_over(limits, end, &why)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, LOOK_MS) <= 0) {
            continue;
        }
        ssize_t got = read(fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return READING_WHOLE;
        }
        if (!reader->take(reader->user, bytes, (size_t)got, reader->errors)) {
            return READING_REFUSED;
        }
    }
    return why;
}

/* A shell may close its output long before it ends. */
static enum reading await_end(const struct process *process,
                              const struct command_limits *limits,
                              struct instant end, int *status)
{
    const struct timespec pause = {0, 1000 * 1000};
    enum reading why;
    while (!is_over(limits, end, &why)) {
        if (process_has_ended(process, status)) {
            return READING_WHOLE;
        }
        nanosleep(&pause, NULL);
    }
    return why;
}

static bool judge(const struct command_limits *limits, enum reading reading,
                  int status, struct errors *errors)
{
    const char *problem = NULL;
    char text[64];

    if (reading == READING_REFUSED) {
        return false; /* it has been said why */
    }
    if (reading == READING_TIMED_OUT) {
        snprintf(text, sizeof(text), "did not end in time (%s)",
                 limits->time_limit);
        problem = text;
    } else if (reading == READING_STOPPED) {
        problem = "was interrupted";
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
        errors_add(errors, limits->code, "%s (%s) %s", limits->subject,
                   limits->name, problem);
    }
    return problem == NULL;
}

bool command_read(const char *command, const struct command_limits *limits,
                  bool (*take)(void *user, const char *bytes, size_t length,
                               struct errors *errors),
                  void *user, struct errors *errors)
{
    struct reader reader = {take, user, errors};
    struct instant end = instant_add(clock_now(), limits->timeout);
    struct process process;
    int failed = process_start(&process, command, false);
    if (failed) {
        errors_add(errors, limits->code, "%s could not be started: %s",
                   limits->subject, strerror(failed));
        return false;
    }
    int status = 0;
    enum reading reading = read_all(process.output, limits, end, &reader);
    if (reading == READING_WHOLE) {
        reading = await_end(&process, limits, end, &status);
    }
    if (reading != READING_WHOLE) {
        process_end(&process, DURATION_ZERO);
    }
    process_release(&process);
    return judge(limits, reading, status, errors);
}
