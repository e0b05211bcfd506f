#include "transport/refusal.h"

#include "transport/wire.h"

#include <stdio.h>
#include <string.h>

static struct refusal_note *find_note(struct refusal_notes *notes,
                                      int local_port)
{
    for (size_t i = 0; i < REFUSAL_NOTES_MAX; i++) {
        if (notes->notes[i].local_port == local_port) {
            return &notes->notes[i];
        }
    }
    return NULL;
}

/* A later GOAWAY names a lower number, or the same. */
static void note_goodbye(struct wire *wire, uint32_t last_stream)
{
    struct refusal_notes *notes = &wire->set->refusals;
    struct refusal_note *note = find_note(notes, wire->local_port);

    if (!note) {
        note = &notes->notes[notes->count++ % REFUSAL_NOTES_MAX];
    }
    *note = (struct refusal_note){wire->local_port, last_stream};
}

/* The words of libcurl 7.80 to 8.x. A line that none knows says nothing. */
static void read_line(struct wire *wire, const char *line)
{
    const char *at;
    unsigned number;

    if (sscanf(line, "Using Stream ID: %u", &number) == 1 ||
        (sscanf(line, "[HTTP/2] [%u]", &number) == 1 &&
         strstr(line, "OPENED"))) {
        wire->stream = number;
    } else if ((at = strstr(line, "GOAWAY")) &&
               (at = strstr(at, "last_stream=")) &&
               sscanf(at, "last_stream=%u", &number) == 1 &&
               wire->local_port > 0) {
        note_goodbye(wire, number);
    }
}

/* Only few lines are of use: a look at the first byte spares the rest. */
static int on_line(CURL *easy, curl_infotype type, char *bytes, size_t length,
                   void *user)
{
    char line[128];
    (void)easy;

    if (type == CURLINFO_TEXT && length > 0 && strchr("Ur[", bytes[0])) {
        snprintf(line, sizeof(line), "%.*s", (int)length, bytes);
        read_line(user, line);
    }
    return 0;
}

void refusal_watch(struct wire *wire)
{
    if (wire->set->plan->target.http != HTTP_2) {
        return;
    }
    /* RTSP's RECEIVE is a request that libcurl does not send again when a
     * reused connection broke. Nothing else of HTTP asks for this option. */
    wire->set->resends_tell =
        curl_easy_setopt(wire->easy, CURLOPT_RTSP_REQUEST,
                         (long)CURL_RTSPREQ_RECEIVE) == CURLE_OK;
    curl_easy_setopt(wire->easy, CURLOPT_ERRORBUFFER, wire->failure);
    curl_easy_setopt(wire->easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(wire->easy, CURLOPT_DEBUGFUNCTION, on_line);
    curl_easy_setopt(wire->easy, CURLOPT_DEBUGDATA, wire);
}

/* A port that serves a new connection has nothing to do with an old one. */
void refusal_sent(struct wire *wire)
{
    struct refusal_note *note;
    long opened = 0;

    wire->stream = 0;
    if (wire->set->refusals.count == 0 ||
        !(note = find_note(&wire->set->refusals, wire->local_port))) {
        return;
    }
    curl_easy_getinfo(wire->easy, CURLINFO_NUM_CONNECTS, &opened);
    if (opened > 0) {
        *note = (struct refusal_note){0};
    }
}

void refusal_resend(struct wire *wire)
{
    wire->resend_refused = true;
    wire->stream_refused =
        wire->set->resends_tell && wire->failure[0] == '\0';
}

bool refusal_is_known(const struct wire *wire)
{
    const struct refusal_note *note =
        find_note(&wire->set->refusals, wire->local_port);
    return wire->stream_refused ||
           (note && wire->local_port > 0 && wire->stream > note->last_stream);
}
