#include "publish/page_server.h"

#include "base/must.h"
#include "base/str.h"
#include "engine/clock.h"
#include "report/openmetrics.h"
#include "report/writer.h"
#include "service/listen.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECTIONS = 16,
    CONNECTION_LIMIT_S = 10,
    AGE_MAX_MS = 1000, /* of figures that are given again */
    PATIENCE_MS = 3000 /* of a request for newer ones */
};

/* A document, which may be read while the next one comes. */
struct page {
    cJSON *document;
    unsigned users;
};

struct page_server {
    struct MHD_Daemon *daemon;
    char url[LISTEN_URL_SIZE];
    bool is_loopback;
    atomic_bool is_stopping; /* nothing more is answered */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* by the monotonic clock */
    /* Under the lock: */
    struct page *page; /* NULL: none yet */
    struct instant at; /* when it came */
    unsigned waiting;
    bool is_settled;
};

/* Under the lock. */
static void release(struct page *page)
{
    if (page && --page->users == 0) {
        cJSON_Delete(page->document);
        free(page);
    }
}

/* Under the lock: whether what there is must do. */
static bool is_fresh(const struct page_server *server, struct instant now)
{
    return server->is_settled ||
           (server->page &&
            instant_since(now, server->at).ns < AGE_MAX_MS * NS_PER_MS);
}

/* The newest figures, after waiting for some if those are old; NULL: there are
 * none. The caller gives it back. Whoever else asks meanwhile waits for the
 * same. */
static struct page *borrow(struct page_server *server)
{
    struct instant until = instant_add(clock_now(), duration_ms(PATIENCE_MS));
    struct timespec time = {(time_t)(until.ns / NS_PER_S),
                            (long)(until.ns % NS_PER_S)};

    pthread_mutex_lock(&server->lock);
    server->waiting++;
    while (!is_fresh(server, clock_now()) && clock_now().ns < until.ns) {
        pthread_cond_timedwait(&server->changed, &server->lock, &time);
    }
    server->waiting--;
    struct page *page = server->page;
    if (page) {
        page->users++;
    }
    pthread_mutex_unlock(&server->lock);
    return page;
}

static void give_back(struct page_server *server, struct page *page)
{
    pthread_mutex_lock(&server->lock);
    release(page);
    pthread_mutex_unlock(&server->lock);
}

/* What is at a path. */
enum resource { PAGE_HTML, PAGE_JSON, PAGE_METRICS, PAGE_NONE };

static enum resource resource_of(const char *path)
{
    static const char *const paths[] = {[PAGE_HTML] = "/",
                                        [PAGE_JSON] = "/report.json",
                                        [PAGE_METRICS] = "/metrics"};

    for (size_t i = 0; i < array_length(paths); i++) {
        if (strcmp(path, paths[i]) == 0) {
            return (enum resource)i;
        }
    }
    return PAGE_NONE;
}

static enum openmetrics_form form_of(struct MHD_Connection *connection)
{
    const char *accept = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

    return accept && strstr(accept, "application/openmetrics-text")
               ? FORM_OPENMETRICS
               : FORM_PROMETHEUS;
}

/* Writes what was asked for; returns its type. */
static const char *render(const cJSON *document, enum resource resource,
                          enum openmetrics_form form, struct str *out)
{
    struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};
    const char *type = "application/json";

    if (resource == PAGE_METRICS) {
        type = openmetrics_content_type(form);
        openmetrics_put(&file.buffer, document, form);
    } else if (resource == PAGE_JSON) {
        write_json(&input, &file);
    } else {
        type = "text/html; charset=utf-8";
        write_html(&input, &file);
    }
    *out = file.buffer;
    return type;
}

static enum MHD_Result answer(struct MHD_Connection *connection,
                              unsigned status, const char *type,
                              struct str *text)
{
    size_t length = text->length;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        length, str_detach(text), MHD_RESPMEM_MUST_FREE);

    if (!response) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    } else if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    } else if (strncmp(type, "text/html", 9) == 0) {
        MHD_add_response_header(response, "Refresh", "5");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
                              unsigned status, const char *why)
{
    struct str text = STR_INIT;

    str_printf(&text, "%s\n", why);
    return answer(connection, status, "text/plain; charset=utf-8", &text);
}

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *part,
                                  size_t *part_size, void **slot)
{
    struct page_server *server = context;
    enum resource resource = resource_of(path);
    struct str text;

    (void)version;
    (void)part;
    if (atomic_load(&server->is_stopping)) {
        return MHD_NO;
    }
    if (!*slot) {
        *slot = server; /* the head is there, the rest is awaited */
        return MHD_YES;
    }
    if (*part_size > 0) {
        *part_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      "GET is all there is");
    }
    if (resource == PAGE_NONE) {
        return refuse(connection, MHD_HTTP_NOT_FOUND,
                      "there are /, /report.json and /metrics");
    }
    struct page *page = borrow(server);
    if (!page) {
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                      "nothing has been measured yet");
    }
    const char *type =
        render(page->document, resource, form_of(connection), &text);
    give_back(server, page);
    return answer(connection, MHD_HTTP_OK, type, &text);
}

/* Takes "HOST:PORT" apart; an IPv6 address is in brackets. */
static bool read_place(const char *place, char *host, size_t size,
                       uint16_t *port, struct errors *errors)
{
    const char *colon = strrchr(place, ':');
    const char *begin = place, *digits = colon ? colon + 1 : place;
    size_t length = colon ? (size_t)(colon - place) : 0;
    char *end;

    if (length > 2 && place[0] == '[' && colon[-1] == ']') {
        begin++;
        length -= 2;
    } else if (memchr(place, ':', length)) {
        length = size; /* an IPv6 address without brackets, or a URL */
    }
    errno = 0;
    unsigned long number = strtoul(digits, &end, 10);
    if (length >= size || digits[strspn(digits, "0123456789")] || !*digits ||
        errno || number > UINT16_MAX) {
        struct error *error = errors_add(
            errors, ERROR_USAGE, "--listen: \"%s\" is no place", place);
        error_hint(error, "write HOST:PORT, such as 127.0.0.1:9100; port 0 is "
                          "a free one");
        return false;
    }
    snprintf(host, size, "%.*s", (int)length, begin);
    if (length == 0) {
        snprintf(host, size, "127.0.0.1");
    }
    *port = (uint16_t)number;
    return true;
}

/* Signals are the main thread's. */
static void start_daemon(struct page_server *server, int listening)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC, 0, NULL,
        NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, listening,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_LIMIT_S,
        MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct page_server *page_server_start(const char *place, struct errors *errors)
{
    char host[256];
    uint16_t port;
    pthread_condattr_t attributes;

    if (!read_place(place, host, sizeof(host), &port, errors)) {
        return NULL;
    }
    struct page_server *server = calloc(1, sizeof(*server));
    must(server);
    int listening =
        listen_open(host, port, server->url, sizeof(server->url), errors);
    if (listening < 0) {
        free(server);
        return NULL;
    }
    server->is_loopback = listen_is_loopback(listening);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    start_daemon(server, listening);
    if (!server->daemon) {
        errors_add(errors, ERROR_NO_RESOURCE, "cannot serve %s: %s",
                   server->url, strerror(errno));
        close(listening);
        page_server_stop(server);
        return NULL;
    }
    return server;
}

const char *page_server_url(const struct page_server *server)
{
    return server->url;
}

bool page_server_is_loopback(const struct page_server *server)
{
    return server->is_loopback;
}

bool page_server_wants(struct page_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool wants = server->waiting > 0 && !is_fresh(server, clock_now());
    pthread_mutex_unlock(&server->lock);
    return wants;
}

void page_server_take(struct page_server *server, cJSON *document)
{
    struct page *page = calloc(1, sizeof(*page));

    must(page);
    *page = (struct page){document, 1};
    pthread_mutex_lock(&server->lock);
    release(server->page);
    server->page = page;
    server->at = clock_now();
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void page_server_settle(struct page_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_settled = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void page_server_stop(struct page_server *server)
{
    atomic_store(&server->is_stopping, true);
    page_server_settle(server);
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    release(server->page);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
