/*
 * head: the head of an answer, line by line, the same for every engine.
 *
 * It finds what a host wants of the headers of a transfer: the service's hint
 * (Retry-After and kin), those that classify asks for, those that name an
 * effect. An interim answer (1xx) is counted and forgotten when the next
 * begins: the answer is the final one.
 *
 * It also holds heads to what HTTP asks of them, since libraries differ in
 * what they let pass, and guess where an answer ends: see head_line.
 */
#ifndef SQUALL_ENGINE_HEAD_H
#define SQUALL_ENGINE_HEAD_H

#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct head {
    size_t hint_row;             /* of the profile, that the hint came from */
    bool is_interim;             /* what is being read */
    bool is_whole;               /* a head that is not interim has ended */
    bool has_length, is_chunked; /* of the answer: how its end is told */
    bool is_old;                 /* HTTP/1.0, or older */
    bool is_framing;     /* the last line told it; what follows a blank would
                          * be more of it */
    bool is_asked_for;   /* somebody wants to know of its headers */
    uint16_t status;     /* of the final answer; 0: none yet */
    uint64_t length;     /* that its Content-Length says */
    const char *invalid; /* what is wrong with it, a sentence; NULL: nothing */
    size_t bytes, lines; /* so far, interim answers and trailers included */
};

/* Nothing is known of an answer. */
void head_begin(struct head *head);

/* What an answer's heads may have at most, all together: no service that means
 * it sends more. */
enum { HEAD_BYTES_MAX = 256 * 1024, HEAD_LINES_MAX = 4096 };

/* Counts a line. False: it is too much, and the answer no valid HTTP. */
static inline bool head_has_room(struct head *head, size_t length)
{
    head->bytes += length;
    head->lines++;
    if (head->bytes > HEAD_BYTES_MAX || head->lines > HEAD_LINES_MAX) {
        head->invalid = "the head of the answer is too large";
    }
    return !head->invalid;
}

/* A line of a head or a trailer, with or without its end, for who wants to
 * know no more than whether it is valid, what `status` is, and how the end of
 * the answer is told. */
bool head_check(struct head *head, const char *line, size_t length);

/* A line, with or without its end: the status line, a header, the empty one,
 * or a trailer. The first of the final answer is the first byte of the answer,
 * now, unless that has been set.
 *
 * False: the answer is not valid HTTP, as `invalid` says, or not one that can
 * be understood: a status line or a header that is none, a length that is no
 * number or that contradicts another, a transfer coding that nobody asked for,
 * 101 without a wish to switch. */
bool head_line(struct head *head, const struct engine *engine,
               struct transfer *transfer, const char *line, size_t length);

/* Whether a line is of the header of this name. */
bool head_line_is(const char *line, size_t length, const char *name);

/* The length of a line without what ends it. */
size_t head_without_end(const char *line, size_t length);

#endif
