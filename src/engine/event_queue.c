#include "engine/event_queue.h"

#include "engine/clock.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool event_queue_open(struct event_queue *events, struct errors *errors)
{
    *events = (struct event_queue){
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
    };
    if (events->epoll < 0 || events->wake < 0 ||
        !event_queue_watch(events, events->wake, EPOLLIN,
                           EVENT_QUEUE_NOBODY)) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "an event loop could not be made: %s", strerror(errno));
        return false;
    }
    return true;
}

void event_queue_close(struct event_queue *events)
{
    if (events->epoll > 0) {
        close(events->epoll);
    }
    if (events->wake > 0) {
        close(events->wake);
    }
    *events = (struct event_queue){0};
}

bool event_queue_watch(struct event_queue *events, int fd, uint32_t what,
                       uint64_t key)
{
    struct epoll_event event = {.events = what, .data.u64 = key};

    return epoll_ctl(events->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* epoll_pwait2 came with Linux 5.11; without it a wait is rounded up to whole
 * milliseconds, and the schedule's lateness says so in the report. */
static int sleep_for_events(struct event_queue *events, struct instant from,
                            struct instant until)
{
    struct timespec wait = {0, 0};
    int64_t ns = -1;
    if (until.ns != INT64_MAX) {
        ns = until.ns > from.ns ? until.ns - from.ns : 0;
        wait.tv_sec = ns / NS_PER_S;
        wait.tv_nsec = ns % NS_PER_S;
    }
    int count = epoll_pwait2(events->epoll, events->found, EVENT_QUEUE_MAX,
                             ns < 0 ? NULL : &wait, NULL);
    if (count < 0 && errno == ENOSYS) {
        int64_t ms = ns < 0 ? -1 : ns / NS_PER_MS + (ns % NS_PER_MS > 0);
        count = epoll_wait(events->epoll, events->found, EVENT_QUEUE_MAX,
                           ms < INT_MAX ? (int)ms : INT_MAX);
    }
    return count;
}

static bool is_overslept(struct instant end, struct instant back)
{
    return instant_since(back, end).ns > NS_PER_MS;
}

void event_queue_wait(struct event_queue *events, struct engine *engine,
                      struct instant until)
{
    struct instant from = clock_now();
    int count;

    for (;;) {
        struct instant end = engine_sleep_end(engine, from, until);
        count = sleep_for_events(events, from, end);
        struct instant back = clock_now();
        engine_looked(engine, from, end, back);
        if (count < 0) {
            look_leaves_some(&engine->look);
        } else if (count > 0) {
            break;
        } else {
            look_found_nothing(&engine->look, end);
            if (!instant_before(back, until) &&
                !is_overslept(instant_max(from, end), back)) {
                break;
            }
        }
        from = back;
    }
    if (count == EVENT_QUEUE_MAX) {
        look_leaves_some(&engine->look);
    }
    events->count = count;
    events->next = 0;
}

static void take_wake_up(struct event_queue *events)
{
    uint64_t ignored;
    ssize_t got = read(events->wake, &ignored, sizeof(ignored));
    (void)got;
}

const struct epoll_event *event_queue_take(struct event_queue *events)
{
    while (events->next < events->count) {
        const struct epoll_event *event = &events->found[events->next++];
        if (event->data.u64 != EVENT_QUEUE_NOBODY) {
            return event;
        }
        if (event->events != 0) {
            take_wake_up(events);
        }
    }
    return NULL;
}

void event_queue_forget(struct event_queue *events, uint64_t key)
{
    for (int i = events->next; i < events->count; i++) {
        if (events->found[i].data.u64 == key) {
            events->found[i] = (struct epoll_event){
                .events = 0, .data.u64 = EVENT_QUEUE_NOBODY};
        }
    }
}

void event_queue_wake(const struct event_queue *events)
{
    uint64_t one = 1;
    ssize_t written = write(events->wake, &one, sizeof(one));
    (void)written;
}
