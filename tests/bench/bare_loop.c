/*
 * bare_loop: the least that a curl-multi client has to do, as a yardstick.
 *
 * One thread, one epoll, one multi handle, a closed model: every connection
 * sends its next request when the last one is answered. No policy, no
 * measuring, no keys. What squall costs beyond this is squall's own. -H makes
 * it send the very bytes that squall sends: libcurl formats headers slowly,
 * and that is not squall's cost.
 *
 *   bare_loop [-c CONNECTIONS] [-n REQUESTS | -d SECONDS] [-b BODY]
 *             [-H HEADER]... URL
 *
 * On CURL_POLL_REMOVE a descriptor stays registered, since the same socket
 * comes back with the next request: that saves two system calls a request. So
 * the table of what is registered has to know when curl closes a socket.
 */
#include "base/instant.h"
#include "base/must.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1 << 16, EVENTS_MAX = 256, NO_TIMER = -1 };

struct options {
    const char *url;
    struct curl_slist *headers;
    const char *body;
    long connections;
    uint64_t requests; /* 0: until the time is over */
    double seconds;
};

struct descriptor {
    uint32_t registered; /* epoll events; 0: not registered */
    bool is_idle;        /* curl does not want it now */
};

struct loop {
    CURLM *multi;
    int epoll;
    int64_t timer_at_ns; /* NO_TIMER, or when curl wants to be called */
    struct descriptor descriptors[DESCRIPTORS_MAX];
    uint64_t started, finished, failed;
    uint64_t requests_max;
    int64_t end_at_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                     void *unused)
{
    struct loop *loop = context;
    struct descriptor *descriptor;
    (void)easy;
    (void)unused;

    must(fd >= 0 && fd < DESCRIPTORS_MAX);
    descriptor = &loop->descriptors[fd];
    descriptor->is_idle = what == CURL_POLL_REMOVE;
    if (descriptor->is_idle) {
        return 0;
    }
    uint32_t wanted = ((what & CURL_POLL_IN) ? EPOLLIN : 0u) |
                      ((what & CURL_POLL_OUT) ? EPOLLOUT : 0u);
    if (wanted != descriptor->registered) {
        struct epoll_event event = {.events = wanted, .data.fd = fd};
        int how = descriptor->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        must(epoll_ctl(loop->epoll, how, fd, &event) == 0);
        descriptor->registered = wanted;
    }
    return 0;
}

static int on_close(void *context, curl_socket_t fd)
{
    struct loop *loop = context;

    must(fd >= 0 && fd < DESCRIPTORS_MAX);
    loop->descriptors[fd] = (struct descriptor){0};
    return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct loop *loop = context;
    (void)multi;

    if (timeout_ms < 0) {
        loop->timer_at_ns = NO_TIMER;
    } else if (timeout_ms == 0) {
        loop->timer_at_ns = 0;
    } else {
        loop->timer_at_ns = now_ns() + timeout_ms * NS_PER_MS;
    }
    return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void start_next(struct loop *loop, CURL *easy)
{
    if (loop->requests_max > 0 ? loop->started < loop->requests_max
                               : now_ns() < loop->end_at_ns) {
        loop->started++;
        must(curl_multi_add_handle(loop->multi, easy) == CURLM_OK);
    }
}

/* After every batch: the answers and the timers that are due at once, until
 * neither is left, or the loop would sleep on work. */
static void drain(struct loop *loop)
{
    bool is_busy = true;
    int running;
    int left;

    while (is_busy) {
        CURLMsg *message;
        is_busy = false;
        while ((message = curl_multi_info_read(loop->multi, &left))) {
            CURL *easy = message->easy_handle;
            loop->finished++;
            loop->failed += message->data.result != CURLE_OK;
            must(curl_multi_remove_handle(loop->multi, easy) == CURLM_OK);
            start_next(loop, easy);
            is_busy = true;
        }
        if (loop->timer_at_ns == 0) {
            loop->timer_at_ns = NO_TIMER;
            curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0,
                                     &running);
            is_busy = true;
        }
    }
}

static int wait_ms(const struct loop *loop)
{
    if (loop->timer_at_ns == NO_TIMER) {
        return -1;
    }
    int64_t left_ns = loop->timer_at_ns - now_ns();
    return left_ns <= 0 ? 0 : (int)(left_ns / NS_PER_MS + 1);
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    int fd = event->data.fd;
    int running;

    /* A closed connection that waits in the pool would wake us for ever. */
    if (loop->descriptors[fd].is_idle) {
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
        loop->descriptors[fd].registered = 0;
        return;
    }
    int flags =
        ((event->events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
        ((event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
        ((event->events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(loop->multi, fd, flags, &running);
}

static void run(struct loop *loop)
{
    struct epoll_event events[EVENTS_MAX];

    drain(loop);
    while (loop->finished < loop->started) {
        int count = epoll_wait(loop->epoll, events, EVENTS_MAX, wait_ms(loop));
        must(count >= 0 || errno == EINTR);
        for (int i = 0; i < count; i++) {
            handle_event(loop, &events[i]);
        }
        if (loop->timer_at_ns > 0 && now_ns() >= loop->timer_at_ns) {
            loop->timer_at_ns = 0;
        }
        drain(loop);
    }
}

static CURL *new_easy(struct loop *loop, const struct options *options)
{
    CURL *easy = curl_easy_init();

    must(easy);
    curl_easy_setopt(easy, CURLOPT_URL, options->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* No look into the environment for every request. */
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, options->headers);
    if (options->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, options->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
                         (long)strlen(options->body));
    }
    return easy;
}

static void usage(void)
{
    fputs("usage: bare_loop [-c CONNECTIONS] [-n REQUESTS | -d SECONDS] "
          "[-b BODY] [-H HEADER]... URL\n",
          stderr);
    exit(2);
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.connections = 64, .requests = 100000};
    int option;

    while ((option = getopt(argc, argv, "c:n:d:b:H:")) != -1) {
        switch (option) {
        case 'c':
            options.connections = strtol(optarg, NULL, 10);
            break;
        case 'n':
            options.requests = strtoull(optarg, NULL, 10);
            break;
        case 'd':
            options.seconds = strtod(optarg, NULL);
            options.requests = 0;
            break;
        case 'b':
            options.body = optarg;
            break;
        case 'H':
            options.headers = curl_slist_append(options.headers, optarg);
            break;
        default:
            usage();
        }
    }
    if (optind + 1 != argc || options.connections < 1 ||
        (options.requests == 0 && options.seconds <= 0)) {
        usage();
    }
    options.url = argv[optind];
    return options;
}

int main(int argc, char **argv)
{
    static struct loop loop;
    struct options options = read_options(argc, argv);
    CURL **easies = calloc((size_t)options.connections, sizeof(*easies));

    must(easies);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    loop.multi = curl_multi_init();
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    must(loop.multi && loop.epoll >= 0);
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
    curl_multi_setopt(loop.multi, CURLMOPT_MAXCONNECTS, options.connections);
    loop.timer_at_ns = NO_TIMER;
    loop.requests_max = options.requests;
    for (long i = 0; i < options.connections; i++) {
        easies[i] = new_easy(&loop, &options);
    }

    double cpu_before = cpu_seconds();
    int64_t start_ns = now_ns();
    loop.end_at_ns = start_ns + (int64_t)(options.seconds * 1e9);
    for (long i = 0; i < options.connections; i++) {
        start_next(&loop, easies[i]);
    }
    run(&loop);
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    double cpu = cpu_seconds() - cpu_before;

    printf("requests %llu\nfailed %llu\nseconds %.6f\nrequests_per_s %.1f\n"
           "cpu_seconds %.6f\ncpu_us_per_request %.3f\n",
           (unsigned long long)loop.finished, (unsigned long long)loop.failed,
           seconds, (double)loop.finished / seconds, cpu,
           1e6 * cpu / (double)loop.finished);
    for (long i = 0; i < options.connections; i++) {
        curl_easy_cleanup(easies[i]);
    }
    curl_multi_cleanup(loop.multi);
    curl_global_cleanup();
    free(easies);
    return loop.failed > 0;
}
