/*
 * look: when an engine looked at what happens outside, and hence the earliest
 * time at which what it reports can have happened.
 *
 * An engine looks (epoll), reports what it found, and lets its host work;
 * then it looks again. Between two looks it sees nothing. An answer may have
 * lain there as long as that: longer than anybody wished when the worker was
 * busy, when it had no core, or when its process was stopped. That time is
 * squall's own, and the service has no part in it.
 *
 *   looked, at --work--> begins to look --sleep--> woken, at
 *
 * A sleep ends with the first event, as far as the kernel keeps its word.
 * It is known not to have where the engine wakes later than it asked to: so
 * no sleep is longer than look_patience while an answer is awaited, and of one
 * that was too long the event may have come at any time in it. What is hidden
 * in a sleep of the wished length is at most that: a millisecond, or a part in
 * 32 of every latency that is being measured.
 *
 * It says too by when a look has read everything (look_read): a timer may go
 * off only when all that had come by its time was seen, so that an answer that
 * came in time is an answer, however late squall is to see it.
 */
#ifndef SQUALL_ENGINE_LOOK_H
#define SQUALL_ENGINE_LOOK_H

#include "base/instant.h"

#include <stdbool.h>

struct look {
    struct instant at;      /* the end of the last one; 0: there was none */
    struct instant since;   /* what is reported now came after that */
    struct instant drained; /* what had come by then is reported by now */
    struct instant active;  /* when a request was last seen to be begun */
    bool is_active;         /* one was begun since the last look */
    /* See look_read. */
    bool left_some;        /* the last one */
    unsigned partial;      /* looks in a row that did */
    unsigned partial_max;  /* as many have come round to all there is */
    struct instant asked;  /* the last one began, and saw what was there */
    struct instant round;  /* the first began of those that left some */
    struct instant before; /* what look_read says until it is over */
    /* Times between two looks less the sleep that was asked for, at work or
     * kept from it. Since the host has taken them. */
    struct look_away {
        struct duration longest;
        struct duration sum; /* of those of a millisecond and more */
        unsigned stalls;     /* those of 10 ms and more */
    } away;
};

/* How long a sleep may be while answers are awaited. */
struct duration look_patience(const struct look *look, struct instant now);

/* The engine began to look at `from`, to sleep until `until` at the latest,
 * and came back at `back`. */
void look_end(struct look *look, struct instant from, struct instant until,
              struct instant back);

/* It found more than it could report, or will not report all that it found:
 * the rest will come with later looks. */
static inline void look_leaves_some(struct look *look)
{
    look->drained = look->since;
    look->left_some = true;
}

/* What it had left is reported now. */
static inline void look_left_nothing(struct look *look)
{
    look->left_some = false;
}

/* It lasted until `until`, and nothing had come by then. */
static inline void look_found_nothing(struct look *look, struct instant until)
{
    look->asked = instant_max(look->asked, instant_min(until, look->at));
}

/* What had come by then has been reported, of every connection. Asked between
 * two waits: what the last look found was handed over, or left. Where there is
 * always more than a look reports, as many looks as come round to each
 * connection count as one. */
static inline struct instant look_read(const struct look *look)
{
    return look->left_some ? look->before : look->asked;
}

static inline struct look_away look_take_away(struct look *look)
{
    struct look_away away = look->away;
    look->away = (struct look_away){0};
    return away;
}

/* How long what is found out `now` may have been there to see; at least 0. */
static inline struct duration look_lateness(const struct look *look,
                                            struct instant now)
{
    return duration_max(instant_since(now, look->since), DURATION_ZERO);
}

#endif
