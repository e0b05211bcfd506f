/*
 * h1: an answer of HTTP/1.1, from its bytes. It does no I/O: bytes in, facts
 * out, the same facts however the bytes are split.
 *
 * The head is judged by engine/head, as on every engine. llhttp finds where
 * the answer ends and whether its connection serves again: of the head it is
 * told what that depends on, its version and status, Connection, and how the
 * length is told, in the one form that head has made sure of. The body is told
 * to the transfer's answer.
 */
#ifndef SQUALL_ENGINE_NATIVE_H1_H
#define SQUALL_ENGINE_NATIVE_H1_H

#include "base/str.h"
#include "engine/engine.h"
#include "engine/head.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When bytes came, and how much earlier that can have been. */
struct h1_arrival {
    struct instant at;
    struct duration late;
};

enum h1_fact {
    H1_MORE,     /* it is not whole */
    H1_COMPLETE, /* it is */
    H1_BROKEN    /* it is no valid HTTP, as `head.invalid` says */
};

struct h1 {
    struct head head;
    const struct engine *engine;
    struct transfer *transfer;
    llhttp_t parser;
    struct str part; /* the begin of a line whose end has not come; its memory
                      * stays for the next */
    bool ends_at_head;    /* no body follows, whatever the head says: HEAD */
    bool has_begun;       /* a byte came that is of no answer before it */
    bool has_told_status; /* llhttp knows the status */
    bool is_complete;
    bool keeps_alive;          /* once complete: the connection serves again */
    struct h1_arrival arrival; /* of that byte */
    uint64_t body;             /* bytes of it so far, as they were sent */
    const char *end; /* once complete: what is behind it in the bytes that
                      * were given last */
};

/* An answer is awaited. What h1_release frees stays from the last. */
void h1_begin(struct h1 *h1, const struct engine *engine,
              struct transfer *transfer, bool ends_at_head);
void h1_release(struct h1 *h1);

/* Bytes came. After H1_COMPLETE and H1_BROKEN no more are taken. */
enum h1_fact h1_receive(struct h1 *h1, const char *bytes, size_t length,
                        struct h1_arrival arrival);

/* No more will come. H1_MORE: it is cut short, or never began. */
enum h1_fact h1_end(struct h1 *h1);

/* It will not be whole: what came of it is its begin, if it is more than the
 * interim answers before it. */
void h1_cut(struct h1 *h1);

#endif
