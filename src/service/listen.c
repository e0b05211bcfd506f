/* The listening socket of the embedded target. */
#include "service/server_inside.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

int listen_open(const struct server_options *options, char *url,
                size_t url_size, struct errors *errors)
{
    const char *address = options->listen ? options->listen : "127.0.0.1";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_size = sizeof(bound);
    char port[8], host[NI_MAXHOST];
    int on = 1;

    snprintf(port, sizeof(port), "%u", (unsigned)options->port);
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
                   (unsigned)options->port, strerror(errno));
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
