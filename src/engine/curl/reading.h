/*
 * reading: a bound on how long libcurl reads before it is others' turn.
 *
 * libcurl 7.88 reads on from a connection for as long as something comes that
 * is no body: frames of HTTP/2 that are of no open stream, what follows the
 * size of a chunk, the head of a proxy's answer. A peer that sends such bytes
 * as fast as they are taken holds the call for good, and no callback of
 * libcurl runs in it. All of that is read with recv(2). So this file defines a
 * recv of its own, which the linker takes for libcurl's, too: it is that of
 * the C library until the time is up, and then says that there is nothing to
 * be read now. Nothing is lost: it waits in the socket, of which epoll tells
 * again.
 */
#ifndef SQUALL_ENGINE_CURL_READING_H
#define SQUALL_ENGINE_CURL_READING_H

#include "base/instant.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct reading {
    struct instant end;    /* nobody reads on after that */
    struct duration slice; /* nor for longer than that from one connection */
    bool is_renewed;       /* whoever has had a slice has another at once */
    size_t piece;         /* how much is read at a time; 0: as much as asked */
    unsigned least;       /* reads of a call that need no time; 0: one */
    unsigned reads;       /* of this call so far */
    int descriptor;       /* that was read last */
    struct instant until; /* its slice; 0: it was read once */
    bool was_cut;         /* something was left unread */
    /* Told of each read that got something; NULL: nobody is. */
    void (*on_read)(struct reading *reading, int descriptor);
};

/* A new call: whatever is read has a slice. */
static inline void reading_begin(struct reading *reading)
{
    reading->descriptor = -1;
}

/* What the calling thread reads from now on is bounded; NULL: is not. The
 * caller keeps it until then. */
void reading_bound(struct reading *reading);

/* curl_easy_perform, which looks at its limits and asks whether it is to go on
 * (CURLOPT_XFERINFOFUNCTION) in time, whatever comes. */
CURLcode reading_perform(CURL *easy);

#endif
