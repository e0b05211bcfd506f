#include "engine/curl/loop.h"

#include "base/must.h"
#include "load/schedule.h"
#include "engine/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a turn reads before timers and the host have theirs. */
#define TURN_MAX duration_ms(4)

/* And how long one connection is read, where others may wait. */
#define SLICE_MAX duration_us(250)

/* And how often at least: a peer's part in a handshake of TLS is six records
 * of two reads each, and computing between them may take all the time there
 * is. */
enum { LEAST_READS = 16 };

/* Of compressed bytes so many are taken at a time: they may stand for a
 * thousand times as many, and libcurl undoes all that it has read. */
enum { COMPRESSED_PIECE = 2048 };

/* So many turns in a row timers wait for a connection of which more has come
 * than a turn reads: after a stop, an answer may lie behind it. Who sends
 * without end holds them up no longer. */
enum { CUT_TURNS_MAX = 3 };

/* Of the peer's end, epoll tells only together with what there is to read:
 * else it would tell of it again and again while a request is on its way. */
#define READS ((uint32_t)(EPOLLIN | EPOLLRDHUP))

/* What is known of a descriptor, in loop->wanted beside its epoll events. */
#define OURS UINT32_C(0x40000000) /* made by loop_open_socket, still open */
#define IDLE UINT32_C(0x20000000) /* libcurl does not wait on it now */
#define RESTS \
    UINT32_C(0x10000000) /* no request waits for what comes on it \
                          */
#define EVENT_BITS (READS | (uint32_t)EPOLLOUT)

static uint32_t events_of(int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return READS;
    case CURL_POLL_OUT:
        return EPOLLOUT;
    case CURL_POLL_INOUT:
        return READS | EPOLLOUT;
    default:
        return 0;
    }
}

/* The kernel forgets a descriptor when it is closed, and its number comes back
 * for the next socket: so MOD may find nothing and ADD may find something. */
static void register_events(struct loop *loop, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)fd};
    bool registered = (loop->wanted[fd] & EVENT_BITS) != 0;

    if (epoll_ctl(loop->events.epoll,
                  registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                  &event) < 0) {
        if (errno == ENOENT) {
            epoll_ctl(loop->events.epoll, EPOLL_CTL_ADD, fd, &event);
        } else if (errno == EEXIST) {
            epoll_ctl(loop->events.epoll, EPOLL_CTL_MOD, fd, &event);
        }
    }
    loop->wanted[fd] = (loop->wanted[fd] & (OURS | RESTS)) | events;
}

/* Its number may be another's soon: what was seen of it is void. */
static void forget_events(struct loop *loop, int fd)
{
    event_queue_forget(&loop->events, (uint64_t)fd);
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

/* libcurl may stop waiting on a connection in the turn in which it is made,
 * when it looks as one that was given up: it is taken back when libcurl waits
 * on it again. Its resolver's descriptors have no port. */
static void take_back(struct loop *loop, int fd)
{
    uint16_t port = local_port(fd);

    if (port > 0) {
        loop->wanted[fd] |= OURS;
        loop->port[fd] = port;
    }
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
            forget_events(loop, fd);
        } else {
            loop->wanted[fd] |= IDLE;
        }
        return 0;
    }
    loop->owner[fd] = (uint32_t)(shard - loop->shards);
    uint32_t events = events_of(what);
    if (!(loop->wanted[fd] & OURS)) {
        take_back(loop, fd);
    }
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
 * must not report it again and again. If it is not the end, libcurl would take
 * it for the next answer: so it is made the end. Where nothing waits to be
 * read, the report is of an answer that was read since epoll made it, with an
 * earlier one or at a timer, and the connection is as good as ever. */
static void unwatch(struct loop *loop, int fd)
{
    if (loop_is_unclean(loop, fd)) {
        shutdown(fd, SHUT_RDWR);
    }
    epoll_ctl(loop->events.epoll, EPOLL_CTL_DEL, fd, NULL);
    loop->wanted[fd] &= OURS | RESTS;
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
    loop_read(loop, fd);
    if (fd >= loop->descriptor_end) {
        loop->descriptor_end = fd + 1;
    }
    return fd;
}

static bool has_port(const struct loop *loop, int fd, int port)
{
    return fd >= 0 && (loop->wanted[fd] & OURS) && loop->port[fd] == port;
}

static int search_socket(struct loop *loop, int port)
{
    for (int fd = 0; fd < loop->descriptor_end; fd++) {
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

int loop_find_socket(struct loop *loop, int port)
{
    if (port <= 0 || port > UINT16_MAX) {
        return -1;
    }
    int fd = loop->by_port[port] - 1;
    if (!has_port(loop, fd, port)) {
        fd = search_socket(loop, port);
        loop->by_port[port] = fd + 1;
    }
    return fd;
}

void loop_use(struct loop *loop, int fd)
{
    loop->wanted[fd] &= ~RESTS;
    loop_read(loop, fd);
}

void loop_rest(struct loop *loop, int fd)
{
    loop->wanted[fd] |= RESTS;
}

bool loop_is_unclean(const struct loop *loop, int fd)
{
    int waiting = 0;
    return (loop->wanted[fd] & RESTS) && ioctl(fd, FIONREAD, &waiting) == 0 &&
           waiting > 0;
}

bool loop_is_open(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && errno == EAGAIN);
}

bool loop_closed_open(const struct loop *loop, int port)
{
    return port > 0 && loop->closed_open == port;
}

int loop_close_socket(void *user, curl_socket_t fd)
{
    struct loop *loop = user;
    if (loop->engine->shape.http2) {
        loop->closed_open = loop_is_open(fd) ? local_port(fd) : 0;
    }
    if (fd >= 0 && (size_t)fd < loop->wanted_size) {
        loop->wanted[fd] = 0;
        forget_events(loop, fd);
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

static size_t shards_of(const struct engine_shape *shape, size_t units)
{
    size_t transfers = units * shape->unit;
    return shape->http2 ? 1
                        : (transfers + LOOP_SHARD_SIZE - 1) / LOOP_SHARD_SIZE;
}

/* The first shard of a pool. A pool has shards of its own, and the first pools
 * may be larger than the rest by one unit. */
static size_t first_shard(const struct engine_shape *shape, size_t pool)
{
    size_t units = shape->transfers / shape->unit;
    size_t size = units / shape->pools, larger = units % shape->pools;
    size_t before = pool < larger ? pool : larger;
    return before * shards_of(shape, size + 1) +
           (pool - before) * shards_of(shape, size);
}

size_t loop_shards(const struct engine_shape *shape)
{
    must(shape->unit > 0 && shape->transfers % shape->unit == 0);
    must(shape->pools > 0 && shape->pools <= shape->transfers / shape->unit);
    return first_shard(shape, shape->pools);
}

CURLM *loop_multi(const struct loop *loop, size_t pool, size_t index)
{
    must(index < engine_pool_size(&loop->engine->shape, pool));
    size_t shard = first_shard(&loop->engine->shape, pool);
    if (!loop->engine->shape.http2) {
        shard += index / LOOP_SHARD_SIZE;
    }
    return loop->shards[shard].multi;
}

static bool shard_init(struct loop *loop, struct loop_shard *shard)
{
    const struct engine_shape *shape = &loop->engine->shape;

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
    if (loop->engine->plan->target.streams > 0) {
        curl_multi_setopt(shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
                          (long)loop->engine->plan->target.streams);
    }
    curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING,
                      shape->http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
    return true;
}

/* libcurl looks for an answer as soon as a request is sent, in the same call:
 * what it finds then, no event has told of. */
static void on_read(struct reading *reading, int fd)
{
    struct loop *loop =
        (void *)((char *)reading - offsetof(struct loop, reading));

    if (fd < 0 || (size_t)fd >= loop->wanted_size ||
        loop->arrival[fd].at.ns != 0) {
        return;
    }
    struct instant now = clock_now();
    loop->arrival[fd] =
        (struct loop_arrival){now, look_lateness(&loop->engine->look, now)};
}

bool loop_init(struct loop *loop, struct arena *arena,
               const struct loop_options *options, struct errors *errors)
{
    size_t shards = loop_shards(&options->engine->shape);
    *loop =
        (struct loop){.engine = options->engine, .on_done = options->on_done};
    loop->reading.slice = SLICE_MAX;
    loop->reading.least = LEAST_READS;
    loop->reading.on_read = on_read;
    if (options->engine->plan->target.compressed) {
        loop->reading.piece = COMPRESSED_PIECE;
        loop->reading.least = 1;
    }
    loop->wanted_size = options->descriptors;
    loop->wanted =
        arena_array(arena, loop->wanted_size, sizeof(*loop->wanted));
    loop->owner = arena_array(arena, loop->wanted_size, sizeof(*loop->owner));
    loop->port = arena_array(arena, loop->wanted_size, sizeof(*loop->port));
    loop->by_port = arena_array(arena, UINT16_MAX + 1, sizeof(*loop->by_port));
    loop->arrival =
        arena_array(arena, loop->wanted_size, sizeof(*loop->arrival));
    loop->shards = arena_array(arena, shards, sizeof(*loop->shards));
    heap_init(&loop->timers, arena, shards);
    if (!event_queue_open(&loop->events, errors)) {
        return false;
    }
    bool ok = true;
    while (ok && loop->shard_count < shards) {
        ok = shard_init(loop, &loop->shards[loop->shard_count++]);
    }
    if (!ok) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return false;
    }
    return true;
}

void loop_release(struct loop *loop)
{
    for (size_t i = 0; i < loop->shard_count; i++) {
        curl_multi_cleanup(loop->shards[i].multi);
    }
    event_queue_close(&loop->events);
    *loop = (struct loop){0};
}

/* Lets one multi handle work, and hands over what it ended. */
static void call_shard(struct loop *loop, struct loop_shard *shard, int fd,
                       int mask)
{
    CURLMsg *message;
    int left;

    reading_begin(&loop->reading);
    reading_bound(&loop->reading);
    curl_multi_socket_action(shard->multi, fd, mask, &left);
    reading_bound(NULL);
    while ((message = curl_multi_info_read(shard->multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            loop->engine->hurries = true;
            loop->on_done(message->easy_handle, message->data.result);
        }
    }
}

static bool turn_is_over(const struct loop *loop)
{
    return !instant_before(clock_now(), loop->reading.end);
}

static void begin_turn(struct loop *loop, struct instant now)
{
    loop->reading.end = instant_add(now, TURN_MAX);
}

/* Calls those that are due, each once; those that time is too short for stay,
 * before the ones that want to be called again. */
static void settle_round(struct loop *loop)
{
    struct loop_shard *list = loop->due, **tail = &list;

    loop->due = NULL;
    do {
        struct loop_shard *shard = list;
        list = shard->next_due;
        shard->is_due = false;
        call_shard(loop, shard, CURL_SOCKET_TIMEOUT, 0);
    } while (list && !turn_is_over(loop));
    while (*tail) {
        tail = &(*tail)->next_due;
    }
    *tail = loop->due;
    loop->due = list;
}

/* Sets off what was added and hands over what ended; without waiting. One that
 * reads what comes without end is always due. */
static void settle(struct loop *loop)
{
    while (loop->due) {
        settle_round(loop);
        if (loop->due && turn_is_over(loop)) {
            loop->engine->hurries = true;
            return;
        }
    }
}

/* An end is no byte of an answer. */
static void note_arrival(struct loop *loop, const struct epoll_event *event)
{
    int fd = (int)event->data.u64, waiting = 0;

    if (loop->arrival[fd].at.ns != 0 || !(event->events & EPOLLIN)) {
        return;
    }
    if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) &&
        (ioctl(fd, FIONREAD, &waiting) != 0 || waiting == 0)) {
        return;
    }
    const struct look *look = &loop->engine->look;
    loop->arrival[fd] =
        (struct loop_arrival){look->at, look_lateness(look, look->at)};
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    int mask = 0, fd = (int)event->data.u64;

    if (loop->wanted[fd] & IDLE) {
        unwatch(loop, fd);
        return;
    }
    note_arrival(loop, event);
    if (event->events & EPOLLIN) {
        mask |= CURL_CSELECT_IN;
    }
    if (event->events & EPOLLOUT) {
        mask |= CURL_CSELECT_OUT;
    }
    if (event->events & (EPOLLERR | EPOLLHUP)) {
        mask |= CURL_CSELECT_ERR;
    }
    call_shard(loop, &loop->shards[loop->owner[fd]], fd, mask);
}

/* libcurl 7.88 gives the host of a clear-text HTTP/2 connection as much as its
 * buffer holds; what it read beyond stays with it until something happens on
 * the socket, which then reports nothing more. So it is called once more
 * for each buffer that came, until it has nothing. */
static void look_after(struct loop *loop)
{
    loop->unsure_bytes = 0;
    for (int fd = 0; fd < loop->descriptor_end; fd++) {
        if ((loop->wanted[fd] & OURS) && !(loop->wanted[fd] & IDLE)) {
            call_shard(loop, &loop->shards[loop->owner[fd]], fd,
                       CURL_CSELECT_IN);
        }
    }
    if (loop->unsure_bytes > 0) {
        loop->unsure_bytes = CURL_MAX_WRITE_SIZE;
        engine_hurry(loop->engine);
    }
}

static bool leaves_some(struct loop *loop)
{
    loop->cut_turns = loop->reading.was_cut ? loop->cut_turns + 1 : 0;
    return loop->events.next < loop->events.count ||
           (loop->cut_turns > 0 && loop->cut_turns <= CUT_TURNS_MAX);
}

/* Those of the last look, as far as time allows; the others stay. */
static void handle_events(struct loop *loop)
{
    const struct epoll_event *found;

    loop->reading.was_cut = false;
    while ((found = event_queue_take(&loop->events))) {
        struct epoll_event event = *found;
        handle_event(loop, &event);
        if (loop->events.next < loop->events.count && turn_is_over(loop)) {
            break;
        }
    }
    if (leaves_some(loop)) {
        look_leaves_some(&loop->engine->look);
    } else if (event_queue_found_all(&loop->events)) {
        look_left_nothing(&loop->engine->look);
    }
}

void loop_wait(struct loop *loop, struct instant until)
{
    struct heap_node *node;

    loop->engine->hurries = false;
    begin_turn(loop, clock_now());
    settle(loop);
    if (loop->unsure_bytes >= CURL_MAX_WRITE_SIZE) {
        look_after(loop);
        settle(loop);
    }
    if (loop->engine->hurries) {
        until = (struct instant){0}; /* the host may have more to start */
    }
    if (loop->events.next == loop->events.count) {
        event_queue_wait(&loop->events, loop->engine,
                         instant_min(until, heap_next(&loop->timers)));
        begin_turn(loop, loop->engine->look.at);
    } else {
        begin_turn(loop, clock_now());
    }
    handle_events(loop);
    while (
        loop->timers.count > 0 &&
        (node = heap_pop_due(&loop->timers, look_read(&loop->engine->look)))) {
        call_shard(loop, (struct loop_shard *)node, CURL_SOCKET_TIMEOUT, 0);
    }
}

void loop_wake(const struct loop *loop)
{
    event_queue_wake(&loop->events);
}
