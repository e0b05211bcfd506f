#include "transport/loop.h"

#include "base/must.h"
#include "load/schedule.h"
#include "transport/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 32 }; /* few, so that starts that fall due are not late */

/* What is known of a descriptor, in loop->wanted beside its epoll events. */
#define OURS UINT32_C(0x40000000) /* made by loop_open_socket, still open */
#define IDLE UINT32_C(0x20000000) /* libcurl does not wait on it now */
#define EVENT_BITS ((uint32_t)(EPOLLIN | EPOLLOUT))

static uint32_t events_of(int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return EPOLLIN;
    case CURL_POLL_OUT:
        return EPOLLOUT;
    case CURL_POLL_INOUT:
        return EPOLLIN | EPOLLOUT;
    default:
        return 0;
    }
}

/* The kernel forgets a descriptor when it is closed, and its number comes back
 * for the next socket: so MOD may find nothing and ADD may find something. */
static void register_events(struct loop *loop, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    bool registered = (loop->wanted[fd] & EVENT_BITS) != 0;

    if (epoll_ctl(loop->epoll, registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                  &event) < 0) {
        if (errno == ENOENT) {
            epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
        } else if (errno == EEXIST) {
            epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event);
        }
    }
    loop->wanted[fd] = (loop->wanted[fd] & OURS) | events;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user,
                     void *socket_pointer)
{
    struct loop_shard *shard = user;
    struct loop *loop = shard->loop;
    (void)easy;
    (void)socket_pointer;

    if (fd < 0 || (size_t)fd >= loop->wanted_size) {
        return 0;
    }
    if (what == CURL_POLL_REMOVE) {
        /* What has not connected libcurl closes without loop_close_socket, by
         * now or next: its number may be another thread's. What has stays
         * registered: it will most likely serve again. */
        if ((loop->wanted[fd] & EVENT_BITS) == EPOLLOUT) {
            loop->wanted[fd] = 0;
        } else {
            loop->wanted[fd] |= IDLE;
        }
        return 0;
    }
    loop->owner[fd] = (uint32_t)(shard - loop->shards);
    uint32_t events = events_of(what);
    uint32_t known = loop->wanted[fd];
    if (!(known & OURS) || (known & EVENT_BITS) != events) {
        register_events(loop, fd, events);
    } else {
        loop->wanted[fd] = known & ~IDLE;
    }
    return 0;
}

/* Something happened on a connection that serves nobody: its end, mostly.
 * libcurl will look at it when it wants to use it again; until then epoll
 * must not tell of it again and again. */
static void mute(struct loop *loop, int fd)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    loop->wanted[fd] &= OURS;
}

curl_socket_t loop_open_socket(struct loop *loop,
                               const struct curl_sockaddr *address,
                               int *os_error)
{
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0 || (size_t)fd >= loop->wanted_size) {
        *os_error = fd < 0 ? errno : EMFILE;
        if (fd >= 0) {
            close(fd);
        }
        return CURL_SOCKET_BAD;
    }
    loop->wanted[fd] = OURS;
    loop->port[fd] = 0;
    if (fd >= loop->descriptor_end) {
        loop->descriptor_end = fd + 1;
    }
    return fd;
}

/* Of a socket that is connected; 0: it has none, or not yet. */
static uint16_t local_port(int fd)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name;
    socklen_t length = sizeof(name);

    memset(&name, 0, sizeof(name));
    if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) {
        return 0;
    }
    return name.any.ss_family == AF_INET    ? ntohs(name.v4.sin_port)
           : name.any.ss_family == AF_INET6 ? ntohs(name.v6.sin6_port)
                                            : 0;
}

int loop_find_socket(struct loop *loop, int port)
{
    for (int fd = 0; port > 0 && fd < loop->descriptor_end; fd++) {
        if (!(loop->wanted[fd] & OURS)) {
            continue;
        }
        if (loop->port[fd] == 0) {
            loop->port[fd] = local_port(fd);
        }
        if (loop->port[fd] == port) {
            return fd;
        }
    }
    return -1;
}

int loop_close_socket(void *user, curl_socket_t fd)
{
    struct loop *loop = user;
    if (fd >= 0 && (size_t)fd < loop->wanted_size) {
        loop->wanted[fd] = 0;
    }
    return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct loop_shard *shard = user;
    struct loop *loop = shard->loop;
    (void)multi;

    if (timeout_ms > 0) {
        heap_set(&loop->timers, &shard->timer,
                 instant_add(clock_now(), duration_ms(timeout_ms)));
        return 0;
    }
    heap_remove(&loop->timers, &shard->timer);
    if (timeout_ms == 0 && !shard->is_due) {
        shard->is_due = true;
        shard->next_due = loop->due;
        loop->due = shard;
    }
    return 0;
}

static size_t shards_of(const struct loop_shape *shape, size_t units)
{
    size_t transfers = units * shape->unit;
    return shape->http2 ? 1
                        : (transfers + LOOP_SHARD_SIZE - 1) / LOOP_SHARD_SIZE;
}

/* The first shard of a pool. A pool has shards of its own, and the first pools
 * may be larger than the rest by one unit. */
static size_t first_shard(const struct loop_shape *shape, size_t pool)
{
    size_t units = shape->transfers / shape->unit;
    size_t size = units / shape->pools, larger = units % shape->pools;
    size_t before = pool < larger ? pool : larger;
    return before * shards_of(shape, size + 1) +
           (pool - before) * shards_of(shape, size);
}

size_t loop_shards(const struct loop_shape *shape)
{
    must(shape->unit > 0 && shape->transfers % shape->unit == 0);
    must(shape->pools > 0 && shape->pools <= shape->transfers / shape->unit);
    return first_shard(shape, shape->pools);
}

size_t loop_pool_size(const struct loop_shape *shape, size_t pool)
{
    return share_of(shape->transfers / shape->unit, pool, shape->pools) *
           shape->unit;
}

CURLM *loop_multi(const struct loop *loop, size_t pool, size_t index)
{
    must(index < loop_pool_size(&loop->shape, pool));
    size_t shard = first_shard(&loop->shape, pool);
    if (!loop->shape.http2) {
        shard += index / LOOP_SHARD_SIZE;
    }
    return loop->shards[shard].multi;
}

static bool shard_init(struct loop *loop, struct loop_shard *shard)
{
    const struct loop_shape *shape = &loop->shape;

    shard->loop = loop;
    shard->multi = curl_multi_init();
    if (!shard->multi) {
        return false;
    }
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
    /* Its default, four a transfer, is taken anew as transfers come and go,
     * and would close connections that are to be used again. */
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS,
                      shape->http2 ? (long)shape->transfers
                                   : (long)LOOP_SHARD_SIZE + 1);
    curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING,
                      shape->http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
    return true;
}

bool loop_init(struct loop *loop, struct arena *arena,
               const struct loop_options *options, struct errors *errors)
{
    size_t shards = loop_shards(&options->shape);
    *loop = (struct loop){.shape = options->shape,
                          .on_done = options->on_done,
                          .context = options->context};
    loop->wanted_size = options->descriptors;
    loop->wanted =
        arena_array(arena, loop->wanted_size, sizeof(*loop->wanted));
    loop->owner = arena_array(arena, loop->wanted_size, sizeof(*loop->owner));
    loop->port = arena_array(arena, loop->wanted_size, sizeof(*loop->port));
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->shards = arena_array(arena, shards, sizeof(*loop->shards));
    heap_init(&loop->timers, arena, shards);
    bool ok = loop->epoll >= 0 && loop->wake >= 0;
    while (ok && loop->shard_count < shards) {
        ok = shard_init(loop, &loop->shards[loop->shard_count++]);
    }
    if (!ok) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "an event loop could not be made: %s", strerror(errno));
        return false;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = loop->wake};
    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event);
    return true;
}

void loop_release(struct loop *loop)
{
    for (size_t i = 0; i < loop->shard_count; i++) {
        curl_multi_cleanup(loop->shards[i].multi);
    }
    if (loop->epoll > 0) {
        close(loop->epoll);
    }
    if (loop->wake > 0) {
        close(loop->wake);
    }
    *loop = (struct loop){0};
}

/* Lets one multi handle work, and hands over what it ended. */
static void call_shard(struct loop *loop, struct loop_shard *shard, int fd,
                       int mask)
{
    CURLMsg *message;
    int left;
    curl_multi_socket_action(shard->multi, fd, mask, &left);
    while ((message = curl_multi_info_read(shard->multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            loop->handed_over = true;
            loop->on_done(loop->context, message->easy_handle,
                          message->data.result);
        }
    }
}

/* Sets off what was added and hands over what ended; without waiting. */
static void settle(struct loop *loop)
{
    while (loop->due) {
        struct loop_shard *shard = loop->due;
        loop->due = shard->next_due;
        shard->is_due = false;
        call_shard(loop, shard, CURL_SOCKET_TIMEOUT, 0);
    }
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    int mask = 0;

    if (event->data.fd == loop->wake) {
        uint64_t ignored;
        ssize_t got = read(loop->wake, &ignored, sizeof(ignored));
        (void)got;
        return;
    }
    if (loop->wanted[event->data.fd] & IDLE) {
        mute(loop, event->data.fd);
        return;
    }
    if (event->events & EPOLLIN) {
        mask |= CURL_CSELECT_IN;
    }
    if (event->events & EPOLLOUT) {
        mask |= CURL_CSELECT_OUT;
    }
    if (event->events & (EPOLLERR | EPOLLHUP)) {
        mask |= CURL_CSELECT_ERR;
    }
    call_shard(loop, &loop->shards[loop->owner[event->data.fd]],
               event->data.fd, mask);
}

/* epoll_pwait2 came with Linux 5.11; without it a wait is rounded up to whole
 * milliseconds, and the schedule's lateness says so in the report. */
static int wait_for_events(const struct loop *loop, struct epoll_event *events,
                           struct instant until)
{
    struct timespec wait = {0, 0};
    int64_t ns = -1;
    if (until.ns != INT64_MAX) {
        ns = until.ns - clock_now().ns;
        ns = ns > 0 ? ns : 0;
        wait.tv_sec = ns / NS_PER_S;
        wait.tv_nsec = ns % NS_PER_S;
    }
    int count = epoll_pwait2(loop->epoll, events, EVENTS_MAX,
                             ns < 0 ? NULL : &wait, NULL);
    if (count < 0 && errno == ENOSYS) {
        int ms = ns < 0 ? -1 : (int)((ns + NS_PER_MS - 1) / NS_PER_MS);
        count = epoll_wait(loop->epoll, events, EVENTS_MAX, ms);
    }
    return count;
}

/* libcurl 7.88 gives the host of a clear-text HTTP/2 connection as much as its
 * buffer holds; what it read beyond stays with it until something happens on
 * the socket, which then has nothing more to tell. So it is called once more
 * for each buffer that came, until it has nothing. */
static void look_after(struct loop *loop)
{
    if (loop->unsure_bytes < CURL_MAX_WRITE_SIZE) {
        return;
    }
    loop->unsure_bytes = 0;
    for (int fd = 0; fd < loop->descriptor_end; fd++) {
        if ((loop->wanted[fd] & OURS) && !(loop->wanted[fd] & IDLE)) {
            call_shard(loop, &loop->shards[loop->owner[fd]], fd,
                       CURL_CSELECT_IN);
        }
    }
    if (loop->unsure_bytes > 0) {
        loop->unsure_bytes = CURL_MAX_WRITE_SIZE;
        loop_hurry(loop);
    }
}

void loop_wait(struct loop *loop, struct instant until)
{
    struct epoll_event events[EVENTS_MAX];
    struct heap_node *node;

    loop->handed_over = false;
    settle(loop);
    look_after(loop);
    settle(loop);
    if (loop->handed_over) {
        until = (struct instant){0}; /* the host may have more to start */
    }
    int count = wait_for_events(loop, events,
                                instant_min(until, heap_next(&loop->timers)));
    for (int i = 0; i < count; i++) {
        handle_event(loop, &events[i]);
    }
    while (loop->timers.count > 0 &&
           (node = heap_pop_due(&loop->timers, clock_now()))) {
        call_shard(loop, (struct loop_shard *)node, CURL_SOCKET_TIMEOUT, 0);
    }
}

void loop_wake(const struct loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake, &one, sizeof(one));
    (void)written;
}
