/*
 * observation: what an audit observed: attempts, effects, and the findings of
 * checks.
 */
#ifndef SQUALL_AUDIT_OBSERVATION_H
#define SQUALL_AUDIT_OBSERVATION_H

#include "base/hash.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In order of gravity; skipped is none of them. */
enum audit_verdict {
#define AUDIT_VERDICT(id, name, style, is_explained) AUDIT_##id,
#include "report/audit_verdict.def"
#undef AUDIT_VERDICT
    AUDIT_VERDICTS
};

enum audit_convention {
    CONVENTION_IETF,
    CONVENTION_STRIPE,
    CONVENTION_REJECT_DUPLICATE,
    CONVENTION_ATTACH
};

/* How an attempt ended: with a whole answer; broken: reset, closed or not
 * HTTP; disconnected: by the audit, on purpose. */
enum attempt_end {
#define END(id, name, words) END_##id,
#include "report/attempt_end.def"
#undef END
};

/* One request and what came of it. */
struct audit_attempt {
    const char *what; /* "first", "again": its part in the check */
    uint64_t operation;
    const char *key; /* the key's header as sent; NULL: none */
    enum attempt_end end;
    unsigned status;   /* 0: no answer */
    bool delivered;    /* dropped: the service had it all */
    bool marked;       /* as a replay */
    bool is_problem;   /* application/problem+json */
    bool is_described; /* Link: rel="describedby" */
    bool is_html;
    bool has_retry_after;
    struct duration retry_after; /* 0 where it cannot be read */
    bool is_made;         /* to fail or to be refused: it was asked for */
    char media[64];       /* the media type, without parameters */
    const char *identity; /* of what it names, "" when it names nothing */
    struct hash128 body;
    bool body_distinguishes; /* bodies of two operations always differ */
    struct duration at;      /* since the audit began */
    struct duration took;
};

/* One operation of a check. */
struct audit_subject {
    uint64_t number;
    const char *key; /* bare; NULL: none that a ledger could hold */
    int64_t effects; /* -1: not seen */
};

enum audit_oracle { AUDIT_NO_ORACLE, AUDIT_BY_ANSWERS, AUDIT_BY_LEDGER };

struct audit_effects {
    enum audit_oracle oracle;
    uint64_t operations; /* that were looked at */
    uint64_t total;
    uint64_t most; /* of one operation */
};

struct finding {
    enum audit_verdict verdict;
    char observed[600];
};

#endif
