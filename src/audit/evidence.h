/*
 * evidence: what an audit saw: attempts, effects, and the findings of checks.
 */
#ifndef SQUALL_AUDIT_EVIDENCE_H
#define SQUALL_AUDIT_EVIDENCE_H

#include "base/hash.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In order of gravity; skipped is none of them. */
enum audit_verdict { AUDIT_PASS, AUDIT_INFO, AUDIT_WARN, AUDIT_FAIL,
                     AUDIT_SKIPPED, AUDIT_VERDICTS };

enum audit_convention { CONVENTION_IETF, CONVENTION_STRIPE,
                        CONVENTION_REJECT_DUPLICATE, CONVENTION_ATTACH };

/* How an exchange ended. */
enum line_end {
    LINE_ANSWERED, /* a whole answer */
    LINE_BROKEN,   /* reset, closed or not HTTP */
    LINE_TIMEOUT,
    LINE_UNCONNECTED,
    LINE_DROPPED,  /* by the audit itself */
};

/* One request and what came of it. */
struct audit_attempt {
    const char *what;      /* "first", "again": its part in the check */
    uint64_t operation;
    const char *key;       /* the key's header as sent; NULL: none */
    enum line_end end;
    unsigned status;       /* 0: no answer */
    bool delivered;        /* dropped: the service had it all */
    bool marked;           /* as a replay */
    bool is_problem;       /* application/problem+json */
    bool is_described;     /* Link: rel="describedby" */
    bool is_html;
    bool has_retry_after;
    struct duration retry_after; /* 0 where it cannot be read */
    bool is_made;          /* to fail or to be refused: it was asked for */
    char media[64];        /* the media type, without parameters */
    const char *identity;  /* of what it names, "" when it names nothing */
    struct hash128 body;
    bool body_tells;       /* bodies of two operations differ */
    struct duration at;    /* since the audit began */
    struct duration took;
};

/* One operation of a check. */
struct audit_subject {
    uint64_t number;
    const char *key;   /* bare; NULL: none that a ledger could tell */
    int64_t effects;   /* -1: not seen */
};

enum audit_oracle { AUDIT_BLIND, AUDIT_BY_ANSWERS, AUDIT_BY_LEDGER };

struct audit_effects {
    enum audit_oracle oracle;
    uint64_t operations;  /* that were looked at */
    uint64_t total;
    uint64_t most;        /* of one operation */
};

struct finding {
    enum audit_verdict verdict;
    char observed[600];
};

#endif
