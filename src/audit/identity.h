/*
 * identity: what an answer says it made: a member of its JSON, or a header.
 *
 * idempotency.effect_id says where; without it, members in which services
 * usually put it are tried.
 */
#ifndef SQUALL_AUDIT_IDENTITY_H
#define SQUALL_AUDIT_IDENTITY_H

#include "audit/reply.h"
#include "base/pointer.h"
#include "plan/plan.h"

enum { IDENTITY_POINTERS_MAX = 8 };

struct identity_places {
    const char *header; /* or NULL */
    size_t count;
    struct pointer pointers[IDENTITY_POINTERS_MAX];
};

void identity_prepare(struct identity_places *places,
                      const struct effect_id_config *config,
                      struct arena *arena);

/* Appends the identity; false when the answer names nothing. */
bool identity_find(const struct identity_places *places,
                   const struct reply *reply, struct str *out);

#endif
