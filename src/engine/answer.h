/*
 * answer: what is kept of one HTTP answer, beside its status.
 *
 * The start of the body, at most ANSWER_KEPT_MAX bytes and only where a
 * request looks into it; and a hash of all of it with its media type, which
 * says whether two answers are the same one. All memory is taken before the
 * run. An answer belongs to a transfer, and to the attempt that has it.
 *
 * answers_seen collects what the answers of one operation said, over all of
 * its attempts: which effects they named, and whether they were one and the
 * same.
 */
#ifndef SQUALL_ENGINE_ANSWER_H
#define SQUALL_ENGINE_ANSWER_H

#include "base/hash.h"
#include "effects/answers.h"
#include "engine/content.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    ANSWER_KEPT_MAX = 64 * 1024,
    ANSWER_START_MAX = 120,
    ANSWER_LOCATION_MAX = 2048,
    ANSWER_CHALLENGE_MAX = 2048
};

struct answer {
    char *body; /* room, or NULL when no request looks into bodies */
    size_t kept;
    struct content content; /* how the body is encoded */
    uint8_t start_length;
    char start[ANSWER_START_MAX]; /* of any body, for what it says of an error
                                   */
    struct hash_stream hash;      /* of the whole body, as it is meant */
    struct hash128 media_type;
    struct hash128 header_id; /* when a header names the effect */
    bool has_header_id;
    char *location;         /* room, or NULL when redirects are not followed */
    size_t location_length; /* 0: none, or it is too long */
    char *challenge;        /* room for one of HTTP Digest, or NULL */
    size_t challenge_length;
    uint8_t named; /* which of the operation's effects it named, from 1 */
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

/* The start of any body: as it comes, whoever looks into bodies. */
static inline void answer_start(struct answer *answer, const char *bytes,
                                size_t length)
{
    size_t room = ANSWER_START_MAX - (size_t)answer->start_length;
    if (room > 0) {
        size_t take = length < room ? length : room;
        memcpy(answer->start + answer->start_length, bytes, take);
        answer->start_length = (uint8_t)(answer->start_length + take);
    }
}

void answer_body(struct answer *answer, const char *bytes, size_t length);

/* Whether its body could be read: it came plain, or in an encoding that
 * could be undone. Of a whole answer. */
bool answer_is_readable(const struct answer *answer);

/* Whether it has every member that the request expects. */
bool answer_has(const struct answer *answer,
                const struct member_list *members);

/* What an attempt that got this whole answer ended as: by its status, and by
 * the members that its request expects. */
enum outcome answer_outcome(const struct answer *answer, uint16_t status,
                            const struct planned_request *request);

void answers_seen_begin(struct answers_seen *seen);

/* Adds a complete answer of the kind that the request expects. One that was
 * thrown away on purpose names its effect all the same, but no caller got
 * it. */
void answers_seen_add(struct answers_seen *seen, struct answer *answer,
                      const struct plan *plan, uint16_t status,
                      bool thrown_away);

#endif
