#include "service/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

int listen_open(const char *address, uint16_t port_wanted, char *url,
                size_t url_size, struct errors *errors)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_size = sizeof(bound);
    char port[8], host[NI_MAXHOST];
    int on = 1;

    snprintf(port, sizeof(port), "%u", (unsigned)port_wanted);
    int problem = getaddrinfo(address, port, &hints, &found);
    if (problem) {
        errors_add(errors, ERROR_NO_RESOURCE, "cannot listen on %s: %s",
                   address, gai_strerror(problem));
        return -1;
    }
    int fd = socket(found->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_size) ||
        getnameinfo((struct sockaddr *)&bound, bound_size, host, sizeof(host),
                    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV)) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "cannot listen on %s port %u: %s", address,
                   (unsigned)port_wanted, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        freeaddrinfo(found);
        return -1;
    }
    bool six = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    snprintf(url, url_size, six ? "http://[%.64s]:%s" : "http://%.64s:%s",
             host, port);
    return fd;
}

bool listen_is_loopback(int socket)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } bound = {.six = {0}};
    socklen_t size = sizeof(bound);

    if (getsockname(socket, &bound.any, &size)) {
        return false;
    }
    if (bound.any.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&bound.six.sin6_addr);
    }
    return bound.any.sa_family == AF_INET &&
           ntohl(bound.four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
