/*
 * auditor: what the checks do things with; private to this folder.
 *
 * audit.c begins and ends checks; auditor.c sends and notes attempts;
 * compose.c writes requests; witness.c counts effects; checks_*.c are the
 * checks, and verdict.c says what they mean.
 */
#ifndef SQUALL_AUDIT_AUDITOR_H
#define SQUALL_AUDIT_AUDITOR_H

#include "audit/audit.h"
#include "audit/identity.h"
#include "audit/line.h"
#include "audit/verdict.h"

enum {
    RACERS = 20,
    SUBJECTS_MAX = 20, /* of one reading of the ledger */
    ATTEMPTS_MAX = 512, /* of one check that the result shows */
    STORM = 10,        /* failures in a row */
    TIMEOUT_WEIGHT = 3, /* of one that took all the time that there is */
};

/* What answers are good for, found out by plain requests. */
struct tells {
    bool names;   /* two operations were never told of the same thing */
    bool bodies;  /* nor with the same body */
};

enum payload { PAYLOAD_OWN, PAYLOAD_REWRITTEN, PAYLOAD_REJECTED };

/* One request to send. */
struct request_spec {
    const char *what;
    const struct audit_subject *subject;
    const char *key_lines; /* "Name: value\r\n"...; NULL: the subject's key,
                            * as the convention writes it; "": none */
    const char *key_shown; /* with key_lines: what the report says */
    enum payload payload;
    bool second_path;
    bool second_principal;
    const char *extra;     /* a header line, or NULL: the service is to fail
                            * by it */
};

struct auditor {
    const struct plan *plan;
    const struct audit_options *options;
    const struct planned_request *request;
    struct audit_result *result;
    struct audit_check *check; /* that runs */
    struct audit_check aside;  /* what none of them shows */
    struct exchange exchange;
    struct errors *errors;
    struct template rejected;  /* compiled, when there is one */
    bool can_reorder;          /* the body is a JSON object */
    bool body_varies;          /* with the operation */
    bool limit_lasts;          /* 429 was heeded once, and did not end */
    struct identity_places identity;
    struct tells tells;
    struct audit_attempt *lost; /* whose caller has hung up on lost_line */
    struct line *lost_line;
    uint64_t next_operation;
    struct instant began;
    struct duration median;    /* of plain requests */
    unsigned failures;         /* 5xx, or no answer at all, in a row */
    const char *dead;          /* why the rest is left alone, or NULL */
};

/* A fresh operation with a fresh key. */
struct audit_subject new_subject(struct auditor *auditor);
/* The same key, another operation. */
struct audit_subject new_sibling(struct auditor *auditor,
                                 const struct audit_subject *subject);
const char *auditor_keep(struct auditor *auditor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the request of a spec. False when there is none (a body that cannot
 * be rewritten). *body is where its body begins. compose.c */
bool compose(const struct auditor *auditor, const struct request_spec *spec,
             struct str *out, size_t *body);
/* Finds out what can be composed; false after adding an error. */
bool compose_prepare(struct auditor *auditor);
/* Whether {{key}} can tell it: there is one, no longer than KEY_MAX. */
bool compose_can_fill_key(const struct audit_subject *subject);
/* The id under which the ledger counts it. */
size_t compose_ledger_id(const struct auditor *auditor,
                         const struct audit_subject *subject, char *out,
                         size_t size);

/* Sends and awaits the answer; one that is answered 429 is sent again, at the
 * pace that the service asks for. Never NULL. */
const struct audit_attempt *auditor_send(struct auditor *auditor,
                                         const struct request_spec *spec);
/* The same again while the answer asks for it, for at most `patience`, or for
 * as long as it says itself. */
const struct audit_attempt *auditor_follow(struct auditor *auditor,
                                           const struct request_spec *spec,
                                           struct duration patience);
/* Sends a part of the request (1: all of it), waits so long and hangs up:
 * dropped, unless it could not be sent. The service hears of it, but what it
 * says is not read; auditor_let_go ends it. */
const struct audit_attempt *auditor_lose(struct auditor *auditor,
                                         const struct request_spec *spec,
                                         double part, struct duration wait);
/* Whether what was lost had all been delivered. */
bool auditor_let_go(struct auditor *auditor);
/* Sends all but the last byte of each on a connection of its own, then the
 * last bytes together. attempts[i] answers specs[i]. */
void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts);

/* The service fails every time: a check need not go on. */
bool auditor_is_in_storm(const struct auditor *auditor);

/* How long a key may be busy: conventions in which a conflict is the last
 * word are not waited for. */
struct duration auditor_patience(const struct auditor *auditor);

/* Counts the effects of the subjects (at most SUBJECTS_MAX), once the ledger
 * has settled, and adds them to the check's; -1 where they were not seen.
 * witness.c */
void witness(struct auditor *auditor, struct audit_subject *subjects,
             size_t count);
/* The sum over subjects that the ledger tells apart; -1: not seen. Where it
 * cannot, by what the answers name. */
int64_t witness_total(struct auditor *auditor, struct audit_subject *subjects,
                      size_t count);

#define CHECK(id, name, needs, expected, source) \
    void check_##id(struct auditor *auditor);
#include "audit/check.def"
#undef CHECK

#endif
