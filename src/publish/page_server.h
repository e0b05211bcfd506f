/*
 * page_server: the figures of a run over HTTP while it goes on, for a browser
 * and for Prometheus.
 *
 *   GET /             the report as a page of HTML
 *   GET /report.json  the report
 *   GET /metrics      its metrics, as OpenMetrics or in the older form of
 *                     Prometheus, by Accept
 *
 * It has a thread of its own. It makes no figures: it says that it wants some
 * when a request comes and those that it has are older than a second, and the
 * run hands them over. So nobody who asks, however often, makes a run collect
 * them more than once a second; and while nobody asks nothing is collected.
 */
#ifndef SQUALL_PUBLISH_PAGE_SERVER_H
#define SQUALL_PUBLISH_PAGE_SERVER_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct page_server;

/* Listens at "HOST:PORT", ":PORT" or "PORT": without a host on the loopback.
 * Port 0 is one of the kernel's choice. NULL after adding an error. */
struct page_server *page_server_start(const char *place,
                                      struct errors *errors);

/* "http://HOST:PORT", the port that it got. */
const char *page_server_url(const struct page_server *server);

/* Whether only this machine can reach it. */
bool page_server_is_loopback(const struct page_server *server);

/* Whether somebody waits for figures. */
bool page_server_wants(struct page_server *server);

/* Takes a document of the run so far, which it owns from now on. */
void page_server_take(struct page_server *server, cJSON *document);

/* Nothing newer comes: whoever waits gets what there is. */
void page_server_settle(struct page_server *server);

/* Answers nothing more, stops and frees. */
void page_server_stop(struct page_server *server);

#endif
