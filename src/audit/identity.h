/*
 * identity: what an answer says it made: a member of its JSON, or a header.
 */
#ifndef SQUALL_AUDIT_IDENTITY_H
#define SQUALL_AUDIT_IDENTITY_H

#include "audit/reply.h"

/* `where` is a JSON pointer ("/data/id"), the name of a header, or NULL: then
 * the usual members are tried. Appends the identity; false when the answer
 * names nothing. */
bool identity_find(const struct reply *reply, const char *where,
                   struct str *out);

#endif
