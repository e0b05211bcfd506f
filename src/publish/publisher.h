/*
 * publisher: the figures of a run for other programs, while it goes on and at
 * its end: those who ask (page_server) and one that is told (otlp_push).
 *
 * It is told of the run by the thread that makes it, which it never holds up:
 * not by a collector that is down, nor by anybody who asks. Only at the end,
 * when the report has been written, is what is left sent, for at most
 * PUBLISHER_END_LIMIT_S.
 */
#ifndef SQUALL_PUBLISH_PUBLISHER_H
#define SQUALL_PUBLISH_PUBLISHER_H

#include "base/error.h"
#include "base/instant.h"
#include "publish/otlp_endpoint.h"
#include "report/writer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum {
    PUBLISHER_INTERVAL_S = 10, /* between metrics of OTLP */
    PUBLISHER_END_LIMIT_S = 10,
    PUBLISHER_SPANS_MAX = 20000 /* of a run */
};

/* Of the operations that all went well with, without another share. */
#define PUBLISHER_SAMPLE 0.01

struct publisher_options {
    const char *listen; /* as it was written; NULL: nobody may ask */
    const char *otlp;   /* the same; NULL: nobody is told */
    size_t header_count;
    const char *const *headers; /* "Name: value", for OTLP */
    /* Where what goes wrong is said. */
    void *context;
    void (*note)(void *context, const char *text);
};

struct publisher;

/* Before the threads of a run, and with libcurl initialised. NULL after adding
 * an error. */
struct publisher *publisher_start(const struct publisher_options *options,
                                  struct errors *errors);

/* Where the figures can be read; NULL: nowhere. Whether only from here. */
const char *publisher_url(const struct publisher *publisher);
bool publisher_is_loopback(const struct publisher *publisher);

/* During the load, about ten times a second: whether figures are wanted. */
bool publisher_wants(struct publisher *publisher);

/* Takes the document of the run so far, which it owns from now on, and when
 * the run began. */
void publisher_take(struct publisher *publisher, cJSON *document,
                    int64_t began_unix_ms);

/* The load is over: no more of them come. */
void publisher_settle(struct publisher *publisher);

/* The run is over: its document is shown and sent, and the operations of a
 * share and all of which something went wrong, as far as the run has kept
 * them. */
void publisher_conclude(struct publisher *publisher, const cJSON *document,
                        const struct writer_run *run, double sample);

/* NULL is none. */
void publisher_free(struct publisher *publisher);

#endif
