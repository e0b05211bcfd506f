#include "engine/curl/refusal.h"

#include "engine/curl/engine_curl_inside.h"
#include "engine/curl/session_mark.h"

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
static void note_goaway(struct curl_transfer *transfer, uint32_t last_stream)
{
    struct refusal_notes *notes = &transfer->engine->refusals;
    struct refusal_note *note = find_note(notes, transfer->now.local_port);

    if (!note) {
        note = &notes->notes[notes->count++ % REFUSAL_NOTES_MAX];
    }
    *note = (struct refusal_note){transfer->now.local_port, last_stream};
}

/* The words of libcurl 7.80 to 8.x. A line that none knows says nothing. */
static void read_line(struct curl_transfer *transfer, const char *line)
{
    const char *at;
    unsigned number;

    if (sscanf(line, "Using Stream ID: %u", &number) == 1 ||
        (sscanf(line, "[HTTP/2] [%u]", &number) == 1 &&
         strstr(line, "OPENED"))) {
        transfer->now.stream = number;
    } else if (memcmp(line, "ALPN", 4) == 0 && strstr(line, "server")) {
        transfer->now.speaks_other = !strstr(line, " h2");
    } else if (strstr(line, "(IN), TLS alert")) {
        session_mark_closed(transfer);
    } else if ((at = strstr(line, "GOAWAY")) &&
               (at = strstr(at, "last_stream=")) &&
               sscanf(at, "last_stream=%u", &number) == 1 &&
               transfer->now.local_port > 0) {
        note_goaway(transfer, number);
    }
}

/* The body of an answer is written down where it comes decoded. */
static void write_down(const struct curl_transfer *transfer,
                       curl_infotype type, const char *bytes, size_t length)
{
    struct transcript *transcript = transfer->base.transcript;
    if (!transcript) {
        return;
    }
    if (type == CURLINFO_HEADER_OUT) {
        transcript_add(transcript, TRANSCRIPT_REQUEST_HEAD, bytes, length);
    } else if (type == CURLINFO_DATA_OUT) {
        transcript_add(transcript, TRANSCRIPT_REQUEST_BODY, bytes, length);
    } else if (type == CURLINFO_HEADER_IN) {
        transcript_add(transcript, TRANSCRIPT_ANSWER_HEAD, bytes, length);
    }
}

/* Only few lines are of use: a look at the first byte spares the rest. */
static int on_line(CURL *easy, curl_infotype type, char *bytes, size_t length,
                   void *user)
{
    char line[128];
    (void)easy;

    const struct curl_transfer *transfer = user;
    bool is_http2 = transfer->engine->base.plan->target.http == HTTP_2;

    write_down(transfer, type, bytes, length);
    if (is_http2 && type == CURLINFO_TEXT && length > 0 &&
        strchr("UrTA[", bytes[0])) {
        snprintf(line, sizeof(line), "%.*s", (int)length, bytes);
        read_line(user, line);
    }
    return 0;
}

static void hear(struct curl_transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_DEBUGFUNCTION, on_line);
    curl_easy_setopt(transfer->easy, CURLOPT_DEBUGDATA, transfer);
}

void refusal_watch(struct curl_transfer *transfer)
{
    if (transfer->base.transcript) {
        hear(transfer);
    }
    if (transfer->engine->base.plan->target.http != HTTP_2) {
        return;
    }
    /* RTSP's RECEIVE is a request that libcurl does not send again when a
     * reused connection broke. Nothing else of HTTP asks for this option. */
    transfer->engine->resends_show_refusals =
        curl_easy_setopt(transfer->easy, CURLOPT_RTSP_REQUEST,
                         (long)CURL_RTSPREQ_RECEIVE) == CURLE_OK;
    hear(transfer);
}

/* A port that serves a new connection has nothing to do with an old one. */
void refusal_sent(struct curl_transfer *transfer)
{
    struct refusal_note *note;
    long opened = 0;

    transfer->now.stream = 0;
    if (transfer->engine->refusals.count == 0 ||
        !(note = find_note(&transfer->engine->refusals,
                           transfer->now.local_port))) {
        return;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &opened);
    if (opened > 0) {
        *note = (struct refusal_note){0};
    }
}

void refusal_resend(struct curl_transfer *transfer)
{
    transfer->base.facts.resend_refused = true;
    transfer->is_worn = true;
    transfer->now.stream_refused = transfer->engine->resends_show_refusals &&
                                   transfer->failure[0] == '\0';
}

bool refusal_is_goaway(const struct curl_transfer *transfer)
{
    return transfer->now.local_port > 0 &&
           find_note(&transfer->engine->refusals, transfer->now.local_port);
}

bool refusal_is_known(const struct curl_transfer *transfer)
{
    const struct refusal_note *note =
        find_note(&transfer->engine->refusals, transfer->now.local_port);
    return transfer->now.stream_refused ||
           (note && transfer->now.local_port > 0 &&
            transfer->now.stream > note->last_stream);
}
