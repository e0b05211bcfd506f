/*
 * refusal: streams of HTTP/2 that a service refused unprocessed.
 *
 * A service refuses one stream with RST_STREAM (REFUSED_STREAM), or with
 * GOAWAY all those above the number that it names. Either says that it did
 * nothing, and no error code of libcurl does. Two things show it nevertheless:
 *
 * - libcurl wants to send a refused request again. Told never to do so where a
 *   connection broke, it does it for no other reason; and it names a failure
 *   first wherever there was one.
 * - libcurl's log has the number of each stream, and that of a GOAWAY.
 *
 * What shows in neither way stays a reset, of which nobody knows what it did.
 */
#ifndef SQUALL_ENGINE_CURL_REFUSAL_H
#define SQUALL_ENGINE_CURL_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

struct curl_transfer;

enum { REFUSAL_NOTES_MAX = 64 };

/* The newest connections that the service sent GOAWAY on. */
struct refusal_notes {
    struct refusal_note {
        int local_port;
        uint32_t last_stream;
    } notes[REFUSAL_NOTES_MAX];
    unsigned count; /* of all that were written */
};

/* Sets the options of a new handle. */
void refusal_watch(struct curl_transfer *transfer);

/* Its request goes out. */
void refusal_sent(struct curl_transfer *transfer);

/* libcurl wants to send it again. */
void refusal_resend(struct curl_transfer *transfer);

/* The service sent GOAWAY on its connection: what ends on it from then on ends
 * for that reason. */
bool refusal_is_goaway(const struct curl_transfer *transfer);

/* Of a request that was sent and not answered: it was not processed. */
bool refusal_is_known(const struct curl_transfer *transfer);

#endif
