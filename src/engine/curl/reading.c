/* Where reads are checked for their length, recv is an inline function of the
 * C library's own, which nothing can stand in for. */
#undef _FORTIFY_SOURCE

#include "engine/curl/reading.h"

#include "engine/clock.h"

#include <errno.h>
#include <sys/socket.h>

/* Of a transfer that is alone. */
#define SLICE_ALONE duration_ms(20)

static _Thread_local struct reading *bound;

void reading_bound(struct reading *reading)
{
    bound = reading;
}

CURLcode reading_perform(CURL *easy)
{
    struct reading reading = {
        .end = {INT64_MAX},
        .slice = SLICE_ALONE,
        .is_renewed = true,
    };

    reading_begin(&reading);
    reading_bound(&reading);
    CURLcode code = curl_easy_perform(easy);
    reading_bound(NULL);
    return code;
}

/* Whoever comes may read once, or so often, and as long as there is time. So a
 * connection that libcurl only looks at is not taken for a dead one. */
static bool is_over(struct reading *reading, int descriptor)
{
    if (reading->descriptor != descriptor) {
        reading->descriptor = descriptor;
        reading->until = (struct instant){0};
        reading->reads = 1;
        return false;
    }
    struct instant now = clock_now();
    if (reading->until.ns == 0) {
        reading->until =
            instant_min(reading->end, instant_add(now, reading->slice));
    }
    if (reading->reads++ < reading->least ||
        instant_before(now, reading->until)) {
        return false;
    }
    if (reading->is_renewed) {
        reading_begin(reading);
    }
    reading->was_cut = true;
    return true;
}

/* In the place of the C library's, whose recvfrom does the same. */
ssize_t recv(int descriptor, void *bytes, size_t length, int flags)
{
    struct reading *reading = bound;

    if (!reading) {
        return recvfrom(descriptor, bytes, length, flags, NULL, NULL);
    }
    if (is_over(reading, descriptor)) {
        errno = EAGAIN;
        return -1;
    }
    if (reading->piece > 0 && reading->piece < length) {
        length = reading->piece;
    }
    ssize_t got = recvfrom(descriptor, bytes, length, flags, NULL, NULL);
    if (got > 0 && !(flags & MSG_PEEK) && reading->on_read) {
        reading->on_read(reading, descriptor);
    }
    return got;
}
