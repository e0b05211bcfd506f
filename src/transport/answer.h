/*
 * answer: what is kept of one HTTP answer, beside its status.
 *
 * The start of the body, at most ANSWER_KEPT_MAX bytes and only where a
 * request looks into it; and a hash of all of it with its media type, which
 * says whether two answers are the same one. All memory is taken before the
 * run. An answer belongs to a wire, and to the attempt that has the wire.
 *
 * answers_seen gathers what the answers of one operation said, over all of its
 * attempts: which effects they named, and whether they were one and the same.
 */
#ifndef SQUALL_TRANSPORT_ANSWER_H
#define SQUALL_TRANSPORT_ANSWER_H

#include "base/hash.h"
#include "measure/answers.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_KEPT_MAX = 64 * 1024 };

struct answer {
    char *body;        /* room, or NULL when no request looks into bodies */
    size_t kept;
    struct hash_stream hash; /* of the whole body */
    struct hash128 media_type;
    struct hash128 header_id; /* when a header names the effect */
    bool has_header_id;
    uint8_t named;     /* which of the operation's effects it named, from 1 */
};

/* Room for a body, for each of `count` answers that lie `stride` bytes apart,
 * where the plan looks into bodies. */
void answers_make_room(struct answer *first, size_t stride, size_t count,
                       const struct plan *plan, struct arena *arena);

/* A new answer begins: nothing is known. */
void answer_begin(struct answer *answer);

/* A line of its headers, without the line's end. */
void answer_header(struct answer *answer, const struct plan *plan,
                   const char *line, size_t length);

void answer_body(struct answer *answer, const char *bytes, size_t length);

/* Whether it has every member that the request expects. */
bool answer_has(const struct answer *answer,
                const struct member_list *members);

void answers_seen_begin(struct answers_seen *seen);

/* Adds a complete answer of the kind that the request expects. One that was
 * thrown away on purpose names its effect all the same, but nobody was told
 * of it. */
void answers_seen_add(struct answers_seen *seen, struct answer *answer,
                      const struct plan *plan, uint16_t status,
                      bool thrown_away);

#endif
