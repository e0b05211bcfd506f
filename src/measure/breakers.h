/*
 * breakers: what the breakers of all clients did, from their transitions.
 *
 * How many of each, how long breakers were open, and the first of them. What
 * lies before the origin (the warm-up) is not counted; a breaker that opened
 * there is open from the origin on.
 *
 * No client has a place of its own here. Each end of an open state adds its
 * instant, each beginning subtracts it, and those that are open at the end of
 * the run add that: the sum is the time open, of all clients together. It is
 * kept modulo 2^64, so that only the result must fit (292 years).
 */
#ifndef SQUALL_MEASURE_BREAKERS_H
#define SQUALL_MEASURE_BREAKERS_H

#include "base/instant.h"
#include "policy/breaker.h"

#include <stddef.h>
#include <stdint.h>

struct breaker_note {
    struct instant at;
    uint64_t client;  /* number in the run */
    uint8_t from, to; /* enum breaker_state */
};

enum { BREAKER_NOTES_MAX = 100 };

struct breakers {
    struct instant origin;
    uint64_t opened, half_opened, closed; /* transitions, by where to */
    int64_t open;                         /* breakers that are open now */
    uint64_t open_ns;    /* the sum, less those that are open now */
    struct instant last; /* transition; the origin: none */
    /* The first, by time; at one instant those of one client in the order in
     * which they were recorded, and clients by number. */
    size_t note_count;
    struct breaker_note notes[BREAKER_NOTES_MAX];
};

void breakers_init(struct breakers *breakers, struct instant origin);

/* Those of one client are recorded in their order. */
void breakers_take(struct breakers *breakers, const struct breaker_note *note);

/* The clients of the two are different ones. */
void breakers_merge(struct breakers *breakers, const struct breakers *other);

/* The time that breakers were open, summed over clients, when the run ended
 * at `end`, or with the last transition if that was later. */
struct duration breakers_open_time(const struct breakers *breakers,
                                   struct instant end);

/* Transitions that are not among the notes. */
uint64_t breakers_omitted(const struct breakers *breakers);

#endif
