#include "cli/interrupt.h"

#include "base/must.h"
#include "engine/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct interrupt {
    int signals; /* signalfd */
    int wakeup;  /* eventfd: wakes interrupt_wait */
    int end;     /* eventfd: ends the listener */
    pthread_t listener;
    atomic_uint count;
    atomic_bool armed;
    atomic_bool flag;
    atomic_bool measuring;
};

#define PATIENCE duration_s(1)

static void raise_eventfd(int fd)
{
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof(one));
    (void)written;
}

static void end_process(void)
{
    static const char text[] = "\nsquall: interrupted\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)written;
    _exit(130);
}

static void note_signal(struct interrupt *interrupt, struct instant *second)
{
    unsigned count = atomic_fetch_add(&interrupt->count, 1) + 1;
    struct instant now = clock_now();

    if (count == 2) {
        *second = now;
    }
    if ((count >= 2 && !atomic_load(&interrupt->measuring)) ||
        (count > 2 && instant_since(now, *second).ns >= PATIENCE.ns)) {
        end_process();
    }
    if (atomic_load(&interrupt->armed)) {
        atomic_store(&interrupt->flag, true);
    }
    raise_eventfd(interrupt->wakeup);
}

static void *listen_for_signals(void *argument)
{
    struct interrupt *interrupt = argument;
    struct instant second = {0};
    struct pollfd waits[2] = {{.fd = interrupt->signals, .events = POLLIN},
                              {.fd = interrupt->end, .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo info;
        if (poll(waits, 2, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (waits[1].revents) {
            return NULL;
        }
        if (waits[0].revents && read(interrupt->signals, &info,
                                     sizeof(info)) == (ssize_t)sizeof(info)) {
            note_signal(interrupt, &second);
        }
    }
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static void release(struct interrupt *interrupt)
{
    close_if_open(interrupt->signals);
    close_if_open(interrupt->wakeup);
    close_if_open(interrupt->end);
    free(interrupt);
}

/* 0, or the error number of what could not be had. */
static int start_listening(struct interrupt *interrupt, const sigset_t *set)
{
    interrupt->signals = signalfd(-1, set, SFD_CLOEXEC);
    if (interrupt->signals < 0) {
        return errno;
    }
    interrupt->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (interrupt->wakeup < 0) {
        return errno;
    }
    interrupt->end = eventfd(0, EFD_CLOEXEC);
    if (interrupt->end < 0) {
        return errno;
    }
    return pthread_create(&interrupt->listener, NULL, listen_for_signals,
                          interrupt);
}

struct interrupt *interrupt_begin(struct errors *errors)
{
    struct interrupt *interrupt = calloc(1, sizeof(*interrupt));
    sigset_t set;

    must(interrupt);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    interrupt->armed = true;
    interrupt->signals = interrupt->wakeup = interrupt->end = -1;
    int failed = start_listening(interrupt, &set);
    if (failed) {
        errors_add(errors, ERROR_NO_RESOURCE, "signals cannot be handled: %s",
                   strerror(failed));
        release(interrupt);
        return NULL;
    }
    return interrupt;
}

void interrupt_end(struct interrupt *interrupt)
{
    raise_eventfd(interrupt->end);
    pthread_join(interrupt->listener, NULL);
    release(interrupt);
}

void interrupt_measuring(struct interrupt *interrupt)
{
    atomic_store(&interrupt->measuring, true);
    atomic_store(&interrupt->armed, false);
    atomic_store(&interrupt->flag, false);
}

void interrupt_wait(struct interrupt *interrupt, struct duration most)
{
    struct pollfd wait = {.fd = interrupt->wakeup, .events = POLLIN};
    uint64_t ignored;
    if (poll(&wait, 1, (int)(most.ns / NS_PER_MS)) > 0) {
        ssize_t got = read(interrupt->wakeup, &ignored, sizeof(ignored));
        (void)got;
    }
}

const atomic_uint *interrupt_stops(const struct interrupt *interrupt)
{
    return &interrupt->count;
}

void interrupt_rearm(struct interrupt *interrupt)
{
    atomic_store(&interrupt->armed, true);
    if (atomic_load(&interrupt->count) > 1) {
        atomic_store(&interrupt->flag, true); /* "at once" was asked before */
    }
}

const atomic_bool *interrupt_flag(const struct interrupt *interrupt)
{
    return &interrupt->flag;
}
