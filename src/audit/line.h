/*
 * line: one connection to the service, with every byte under control.
 *
 * libcurl connects (names, TLS, proxy, Unix socket) and squall frames the
 * requests itself, so that a last byte can be held back, an answer thrown away
 * after delivery, and a key sent that no client library would send. HTTP/1.1
 * only. Everything blocks, up to the exchange's timeout and the stop flag.
 */
#ifndef SQUALL_AUDIT_LINE_H
#define SQUALL_AUDIT_LINE_H

#include "audit/evidence.h"
#include "audit/reply.h"
#include "base/instant.h"
#include "plan/plan.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { LINES_IDLE_MAX = 32, RECEPTIONS_MAX = 32 };

struct line;

/* The connections to one service. */
struct exchange {
    const struct plan *plan;
    struct curl_slist *pinned;
    struct duration timeout;   /* of an answer */
    const atomic_bool *stop;   /* ends every wait; may be NULL */
    struct instant until;      /* ends every wait, too */
    size_t idle_count;
    struct line *idle[LINES_IDLE_MAX];
};

/* Resolves and probes the target. False after adding an error (NO_TARGET). */
bool exchange_open(struct exchange *exchange, const struct plan *plan,
                   const atomic_bool *stop, struct errors *errors);
void exchange_close(struct exchange *exchange);

/* A connection: an idle one that is still good, or a new one; NULL when none
 * can be made. */
struct line *line_take(struct exchange *exchange);
/* Gives it back for the next one, if it can still be used. */
void line_give(struct exchange *exchange, struct line *line);
/* Closes it, whatever is on it. */
void line_drop(struct line *line);

/* Sends all the bytes. */
bool line_send(struct exchange *exchange, struct line *line,
               const char *bytes, size_t length);

/* Says good-bye after what was sent, so that the service hears of it and
 * acknowledges at once; nothing can be sent any more. */
void line_hang_up(struct line *line);

/* Waits until the kernel of the service has acknowledged every byte. It may
 * take its time, to save a packet, until there is an answer. */
bool line_deliver(struct exchange *exchange, struct line *line);

/* One answer that is awaited. */
struct reception {
    struct line *line;
    struct reply *reply;
    enum line_end end;
    struct instant at; /* when it had come, or was given up */
};

/* Waits for the answers to what was sent, at most for the timeout. */
void line_receive(struct exchange *exchange, struct reception *list,
                  size_t count);

/* Waits, heeding stop and until. */
void exchange_sleep(const struct exchange *exchange, struct duration length);
/* The stop flag is up, or it is too late. */
bool exchange_stopped(const struct exchange *exchange);
bool exchange_is_late(const struct exchange *exchange);

#endif
