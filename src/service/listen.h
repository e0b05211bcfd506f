/* listen: a listening socket of TCP, for whoever serves HTTP. */
#ifndef SQUALL_SERVICE_LISTEN_H
#define SQUALL_SERVICE_LISTEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a URL. */
enum { LISTEN_URL_SIZE = 128 };

/* Opens it, without blocking and closed on exec, at an address or name and a
 * port; 0: the kernel chooses one. Fills in "http://ADDRESS:PORT". -1 after
 * adding an error (NO_RESOURCE). */
int listen_open(const char *address, uint16_t port, char *url, size_t url_size,
                struct errors *errors);

/* Whether only this machine can reach it. */
bool listen_is_loopback(int socket);

#endif
