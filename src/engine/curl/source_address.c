#include "engine/curl/source_address.h"

#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

/* A name of another machine is no address of this one. */
static bool can_bind(const char *name)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    bool good = false;

    if (getaddrinfo(name, NULL, &hints, &found) != 0) {
        return false;
    }
    for (const struct addrinfo *at = found; at && !good; at = at->ai_next) {
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        good = fd >= 0 && bind(fd, at->ai_addr, at->ai_addrlen) == 0;
        if (fd >= 0) {
            close(fd);
        }
    }
    freeaddrinfo(found);
    return good;
}

bool source_address_check(const struct target_config *target,
                          struct errors *errors)
{
    bool good = true;

    for (size_t i = 0; i < target->interface.count; i++) {
        const char *name = target->interface.items[i];
        if (if_nametoindex(name) == 0 && !can_bind(name)) {
            struct error *error =
                errors_add(errors, ERROR_BAD_VALUE,
                           "target.interface[%zu]: this machine has no "
                           "address and no network device \"%s\"",
                           i, name);
            error_hint(error, "ip address shows those that it has");
            good = false;
        }
    }
    return good;
}
