#include "transport/route.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PROBE_TIMEOUT_MS = 5000 };

struct endpoint {
    char *host;
    char *port;
};

static void endpoint_release(struct endpoint *endpoint)
{
    curl_free(endpoint->host);
    curl_free(endpoint->port);
}

/* Whom squall itself connects to: the proxy where there is one. */
static bool endpoint_read(const char *url, struct endpoint *endpoint,
                          struct errors *errors)
{
    CURLU *parts = curl_url();
    bool ok =
        parts &&
        curl_url_set(parts, CURLUPART_URL, url,
                     CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
            CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &endpoint->host, 0) ==
            CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &endpoint->port,
                     CURLU_DEFAULT_PORT) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (!ok) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE, "\"%s\" is not a URL", url);
        error_hint(error, "write http://host:port/path");
        return false;
    }
    /* An IPv6 literal comes in brackets. */
    size_t length = strlen(endpoint->host);
    if (length > 2 && endpoint->host[0] == '[') {
        memmove(endpoint->host, endpoint->host + 1, length - 2);
        endpoint->host[length - 2] = '\0';
    }
    return true;
}

/* Waits for a connect that is under way; 0 or an errno. */
static int await_connect(int fd, const struct sockaddr *address,
                         socklen_t length)
{
    if (connect(fd, address, length) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (poll(&wait, 1, PROBE_TIMEOUT_MS) <= 0) {
        return ETIMEDOUT;
    }
    int failed = 0;
    socklen_t size = sizeof(failed);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    return failed;
}

static int probe(int family, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int failed = await_connect(fd, address, length);
    close(fd);
    return failed;
}

static bool unreachable(struct errors *errors, const char *what,
                        const char *why)
{
    struct error *error = errors_add(errors, ERROR_NO_TARGET,
                                     "the target %s cannot be reached: %s",
                                     what, why);
    error_hint(error, "is the service running, and is the address right?");
    return false;
}

static bool probe_unix(const char *path, struct errors *errors)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path)) {
        return unreachable(errors, path, "the path is too long");
    }
    memcpy(address.sun_path, path, length);
    int failed = probe(AF_UNIX, (const struct sockaddr *)&address,
                       sizeof(address));
    return failed == 0 || unreachable(errors, path, strerror(failed));
}

/* "host:port:address,address" for CURLOPT_RESOLVE, reachable ones only in the
 * order of the resolver. */
static bool pin_addresses(const struct endpoint *endpoint,
                          const struct addrinfo *found, struct str *entry,
                          struct errors *errors)
{
    int failed = 0;
    bool any = false;
    struct str where = STR_INIT;

    str_printf(entry, "%s:%s:", endpoint->host, endpoint->port);
    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        char text[INET6_ADDRSTRLEN + 16];
        int problem = probe(at->ai_family, at->ai_addr, at->ai_addrlen);
        if (problem) {
            failed = problem;
            continue;
        }
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL,
                        0, NI_NUMERICHOST) != 0) {
            continue;
        }
        str_printf(entry, at->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
                   any ? "," : "", text);
        any = true;
    }
    if (!any) {
        str_printf(&where, "%s port %s", endpoint->host, endpoint->port);
        unreachable(errors, where.text, strerror(failed));
        str_release(&where);
    }
    return any;
}

static bool find_host(const struct endpoint *endpoint, struct str *entry,
                      struct errors *errors)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (failed) {
        struct error *error =
            errors_add(errors, ERROR_NO_TARGET,
                       "the name %s does not resolve: %s", endpoint->host,
                       gai_strerror(failed));
        error_hint(error, "check the name, or give its address with "
                          "--resolve host:port:address");
        return false;
    }
    bool ok = pin_addresses(endpoint, found, entry, errors);
    freeaddrinfo(found);
    return ok;
}

/* A --resolve entry of the plan that speaks of this host and port. */
static bool is_pinned_by_plan(const struct plan *plan,
                              const struct endpoint *endpoint)
{
    struct str prefix = STR_INIT;
    bool found = false;
    str_printf(&prefix, "%s:%s:", endpoint->host, endpoint->port);
    for (size_t i = 0; i < plan->target.resolve.count; i++) {
        const char *entry = plan->target.resolve.items[i];
        entry += *entry == '+';
        found |= strncasecmp(entry, prefix.text, prefix.length) == 0;
    }
    str_release(&prefix);
    return found;
}

static bool is_address(const char *host)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, ignored) == 1 ||
           inet_pton(AF_INET6, host, ignored) == 1;
}

bool route_find(const struct plan *plan, struct curl_slist **pinned,
                struct errors *errors)
{
    const struct target_config *target = &plan->target;
    struct endpoint endpoint = {0};
    struct str entry = STR_INIT;

    *pinned = NULL;
    for (size_t i = 0; i < target->resolve.count; i++) {
        *pinned = curl_slist_append(*pinned, target->resolve.items[i]);
    }
    if (target->unix_socket) {
        return probe_unix(target->unix_socket, errors);
    }
    bool ok = endpoint_read(target->proxy ? target->proxy : target->url,
                            &endpoint, errors);
    if (ok && !is_pinned_by_plan(plan, &endpoint)) {
        ok = find_host(&endpoint, &entry, errors);
        if (ok && !is_address(endpoint.host)) {
            *pinned = curl_slist_append(*pinned, entry.text);
        }
    }
    str_release(&entry);
    endpoint_release(&endpoint);
    if (!ok) {
        curl_slist_free_all(*pinned);
        *pinned = NULL;
    }
    return ok;
}
