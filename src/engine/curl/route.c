#include "engine/curl/route.h"

#include "base/str.h"
#include "engine/clock.h"
#include "plan/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PROBE_TIMEOUT_MS = 5000 };

/* What a search for the way needs. */
struct search {
    const struct plan *plan;
    int patience_ms; /* of one connection */
    struct curl_slist **pinned;
    struct str *reached; /* of the hop */
    struct duration *looked_up;
    struct errors *errors;
};

/* Waits for a connect that is under way; 0 or an errno. */
static int await_connect(int fd, const struct sockaddr *address,
                         socklen_t length, int patience_ms)
{
    if (connect(fd, address, length) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (poll(&wait, 1, patience_ms) <= 0) {
        return ETIMEDOUT;
    }
    int failed = 0;
    socklen_t size = sizeof(failed);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    return failed;
}

static int probe(const struct search *search, int family,
                 const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int failed = await_connect(fd, address, length, search->patience_ms);
    close(fd);
    return failed;
}

static bool unreachable(const struct search *search, const char *what,
                        const char *why)
{
    struct error *error = errors_add(
        search->errors, ERROR_NO_TARGET, "the %s %s cannot be reached: %s",
        search->plan->target.proxy ? "proxy" : "target", what, why);
    error_hint(error, "is the service running, and is the address right?");
    return false;
}

static bool probe_unix(const struct search *search, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path)) {
        return unreachable(search, path, "the path is too long");
    }
    memcpy(address.sun_path, path, length);
    int failed = probe(search, AF_UNIX, (const struct sockaddr *)&address,
                       sizeof(address));
    return failed == 0 || unreachable(search, path, strerror(failed));
}

/* Tries the addresses in the order of the resolver; those that can be reached
 * go to `list`, with commas between, where there is one. */
static bool probe_each(const struct search *search,
                       const struct address *address,
                       const struct addrinfo *found, struct str *list)
{
    int failed = 0;
    bool any = false;
    struct str where = STR_INIT;

    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
        int problem =
            probe(search, at->ai_family, at->ai_addr, at->ai_addrlen);
        failed = problem ? problem : failed;
        if (problem ||
            getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL,
                        0, NI_NUMERICHOST) != 0) {
            continue;
        }
        str_printf(list, at->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
                   any ? "," : "", text);
        any = true;
    }
    if (!any) {
        str_printf(&where, "%s port %u", address->host, address->port);
        unreachable(search, where.text, strerror(failed));
        str_release(&where);
    }
    return any;
}

static struct addrinfo *look_up(const struct search *search,
                                const struct address *address, int family)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", address->port);
    struct instant asked = clock_now();
    int failed = getaddrinfo(address->host, port, &hints, &found);
    if (!address->is_literal) {
        *search->looked_up = duration_add(*search->looked_up,
                                          instant_since(clock_now(), asked));
    }
    if (failed) {
        struct error *error = errors_add(search->errors, ERROR_NO_TARGET,
                                         "the name %s does not resolve: %s",
                                         address->host, gai_strerror(failed));
        error_hint(error, "check the name, or give its address with "
                          "--resolve host:port:address");
        return NULL;
    }
    return found;
}

static void pin(const struct search *search, const struct address *address,
                const char *list)
{
    struct str entry = STR_INIT;

    str_printf(&entry, "%s:%u:%s", address->host, address->port, list);
    *search->pinned = curl_slist_append(*search->pinned, entry.text);
    str_release(&entry);
}

/* The addresses that the plan has for it, as libcurl chooses: the last entry
 * that names it, else the last for any host. NULL: none. */
static const char *pinned_by_plan(const struct search *search,
                                  const struct address *address)
{
    const struct string_list *entries = &search->plan->target.resolve;
    const char *found = NULL;
    bool found_by_name = false;

    for (size_t i = 0; i < entries->count; i++) {
        bool by_name = false;
        const char *list =
            address_pinned(entries->items[i], address, &by_name);
        if (list && (by_name || !found_by_name)) {
            found = list;
            found_by_name = by_name;
        }
    }
    return found;
}

/* Somebody must answer at one of the addresses of the plan. */
static bool probe_pinned(const struct search *search,
                         const struct address *address, const char *list)
{
    struct addrinfo *all = NULL, **tail = &all;

    while (*list) {
        size_t length = strcspn(list, ",");
        bool brackets = list[0] == '[';
        struct str host = STR_INIT;
        str_append_bytes(&host, list + brackets,
                         length - 2 * (size_t)brackets);
        struct address one = *address;
        one.host = host.text;
        *tail = look_up(search, &one, AF_UNSPEC);
        while (*tail) {
            tail = &(*tail)->ai_next;
        }
        str_release(&host);
        list += length + (list[length] == ',');
    }
    bool good = all && probe_each(search, address, all, search->reached);
    if (all) {
        freeaddrinfo(all);
    }
    return good;
}

/* Whom squall itself connects to. */
static bool find_hop(const struct search *search,
                     const struct address *address)
{
    const char *list = pinned_by_plan(search, address);

    if (list && !address->is_literal) {
        return probe_pinned(search, address, list);
    }
    struct addrinfo *found = look_up(search, address, AF_UNSPEC);
    bool good = found && probe_each(search, address, found, search->reached);
    if (good && !address->is_literal) {
        pin(search, address, search->reached->text);
    }
    if (found) {
        freeaddrinfo(found);
    }
    return good;
}

/* Some proxies are told an address, and not the name: it is looked up here,
 * and only the proxy knows whether it can be reached. */
static bool look_up_behind(const struct search *search,
                           const struct address *proxy)
{
    struct address target;
    bool only_ipv4 = strcasecmp(proxy->scheme, "socks4") == 0;
    bool good = true;

    address_of_url(search->plan->target.url, &target);
    if (!target.is_literal && !pinned_by_plan(search, &target)) {
        struct addrinfo *found =
            look_up(search, &target, only_ipv4 ? AF_INET : AF_UNSPEC);
        struct str list = STR_INIT;
        for (const struct addrinfo *at = found; at; at = at->ai_next) {
            char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
            if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text),
                            NULL, 0, NI_NUMERICHOST) == 0) {
                str_printf(&list,
                           at->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
                           list.length ? "," : "", text);
            }
        }
        good = found != NULL;
        if (good) {
            pin(search, &target, list.text);
            freeaddrinfo(found);
        }
        str_release(&list);
    }
    address_release(&target);
    return good;
}

static int patience_of(const struct plan *plan)
{
    const struct duration connect = plan->policy.timeout.connect;
    int64_t ms = connect.ns / NS_PER_MS + (connect.ns % NS_PER_MS > 0);

    return ms > 0 && ms < INT_MAX ? (int)ms : PROBE_TIMEOUT_MS;
}

bool route_find(const struct plan *plan, struct curl_slist **pinned,
                struct str *reached, struct duration *looked_up,
                struct errors *errors)
{
    struct duration own_time;
    const struct target_config *target = &plan->target;
    struct str own = STR_INIT;
    struct search search = {plan,
                            patience_of(plan),
                            pinned,
                            reached ? reached : &own,
                            looked_up ? looked_up : &own_time,
                            errors};
    struct address address;

    *pinned = NULL;
    *search.looked_up = DURATION_ZERO;
    for (size_t i = 0; i < target->resolve.count; i++) {
        *pinned = curl_slist_append(*pinned, target->resolve.items[i]);
    }
    if (target->unix_socket) {
        return probe_unix(&search, target->unix_socket);
    }
    if (target->proxy) {
        address_of_proxy(target->proxy, &address);
    } else {
        address_of_url(target->url, &address);
    }
    bool good = find_hop(&search, &address);
    if (good && target->proxy && address_is_looked_up_here(&address)) {
        good = look_up_behind(&search, &address);
    }
    address_release(&address);
    str_release(&own);
    if (!good) {
        curl_slist_free_all(*pinned);
        *pinned = NULL;
    }
    return good;
}

bool route_reach(const struct plan *plan, struct str *reached,
                 struct duration *looked_up, struct errors *errors)
{
    struct curl_slist *pinned = NULL;
    bool good = route_find(plan, &pinned, reached, looked_up, errors);

    curl_slist_free_all(pinned);
    return good;
}
