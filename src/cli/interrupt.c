#include "cli/interrupt.h"

#include "transport/clock.h"

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
    int heard;   /* eventfd: wakes interrupt_wait */
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

static void hear(struct interrupt *interrupt, struct instant *second)
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
    raise_eventfd(interrupt->heard);
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
        if (waits[0].revents &&
            read(interrupt->signals, &info, sizeof(info)) ==
                (ssize_t)sizeof(info)) {
            hear(interrupt, &second);
        }
    }
}

struct interrupt *interrupt_begin(struct errors *errors)
{
    struct interrupt *interrupt = calloc(1, sizeof(*interrupt));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (interrupt) {
        interrupt->armed = true;
        interrupt->signals = signalfd(-1, &set, SFD_CLOEXEC);
        interrupt->heard = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        interrupt->end = eventfd(0, EFD_CLOEXEC);
    }
    if (!interrupt || interrupt->signals < 0 || interrupt->heard < 0 ||
        interrupt->end < 0 ||
        pthread_create(&interrupt->listener, NULL, listen_for_signals,
                       interrupt) != 0) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "signals cannot be listened for: %s", strerror(errno));
        free(interrupt);
        return NULL;
    }
    return interrupt;
}

void interrupt_end(struct interrupt *interrupt)
{
    raise_eventfd(interrupt->end);
    pthread_join(interrupt->listener, NULL);
    close(interrupt->signals);
    close(interrupt->heard);
    close(interrupt->end);
    free(interrupt);
}

void interrupt_measuring(struct interrupt *interrupt)
{
    atomic_store(&interrupt->measuring, true);
    atomic_store(&interrupt->armed, false);
    atomic_store(&interrupt->flag, false);
}

void interrupt_wait(struct interrupt *interrupt, struct duration most)
{
    struct pollfd wait = {.fd = interrupt->heard, .events = POLLIN};
    uint64_t ignored;
    if (poll(&wait, 1, (int)(most.ns / NS_PER_MS)) > 0) {
        ssize_t got = read(interrupt->heard, &ignored, sizeof(ignored));
        (void)got;
    }
}

unsigned interrupt_count(const struct interrupt *interrupt)
{
    return atomic_load(&interrupt->count);
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
