/*
 * answers: what a run wants to know of the bodies and headers of answers.
 *
 * Without a ledger an answer is the only evidence: it may name what it made
 * (idempotency.effect_id), it may have to say more than its status
 * (requests[].expect.json), and the answers to one key should be one answer.
 */
#ifndef SQUALL_PLAN_ANSWERS_H
#define SQUALL_PLAN_ANSWERS_H

#include "base/pointer.h"

#include <stdbool.h>
#include <stddef.h>

enum effect_id_place { EFFECT_ID_NONE, EFFECT_ID_BODY, EFFECT_ID_HEADER };

struct effect_id_config {
    enum effect_id_place place;
    struct pointer pointer; /* when in the body */
    const char *header;     /* when in a header */
};

/* A member that an answer must have to be the expected one. */
struct expected_member {
    struct pointer pointer;
    enum json_kind kind; /* not COMPOUND */
    const char *text;    /* of a string */
    size_t length;
    double number;
};

struct member_list {
    size_t count;
    struct expected_member *items;
};

#endif
