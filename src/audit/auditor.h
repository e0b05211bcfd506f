/*
 * auditor: what the checks act with; private to this folder.
 *
 * audit.c begins and ends checks; auditor.c sends and notes attempts;
 * compose.c writes requests; count_effects.c counts effects; checks_*.c are
 * the checks, and verdict.c says what they mean.
 */
#ifndef SQUALL_AUDIT_AUDITOR_H
#define SQUALL_AUDIT_AUDITOR_H

#include "audit/audit.h"
#include "audit/identity.h"
#include "audit/conn.h"
#include "audit/verdict.h"

enum {
    RACERS = 20,
    SUBJECTS_MAX = 20,  /* of one reading of the ledger */
    ATTEMPTS_MAX = 512, /* of one check that the result shows */
    FAILURES_MAX = 10,  /* in a row */
    TIMEOUT_WEIGHT = 3, /* of one that took all the time that there is */
};

/* What distinguishes the answers of two operations, as plain requests have
 * shown. */
struct distinguishing {
    bool names;  /* no two named the same thing */
    bool bodies; /* no two had the same body */
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
    const char *extra; /* a header line, or NULL: the service is to fail
                        * by it */
};

struct auditor {
    const struct plan *plan;
    const struct audit_options *options;
    const struct planned_request *request;
    struct audit_result *result;
    struct audit_check *check; /* that runs */
    struct audit_check aside;  /* what none of them shows */
    struct conns conns;
    struct errors *errors;
    const char *second_path;  /* as it is sent; NULL: there is none */
    struct template rejected; /* compiled, when there is one */
    bool can_reorder;         /* the body is a JSON object */
    bool body_varies;         /* with the operation */
    bool limit_lasts;         /* 429 was heeded once, and did not end */
    struct identity_places identity;
    struct distinguishing distinguishing;
    struct audit_attempt *abandoned; /* its answer is not read */
    struct conn *abandoned_conn;
    uint64_t next_operation;
    struct instant began;
    struct duration median;  /* of plain requests */
    unsigned failures;       /* 5xx, or no answer at all, in a row */
    const char *stop_reason; /* why the rest is left alone, or NULL */
};

/* A fresh operation with a fresh key. */
struct audit_subject auditor_new_subject(struct auditor *auditor);
/* The same key, another operation. */
struct audit_subject auditor_new_sibling(struct auditor *auditor,
                                         const struct audit_subject *subject);
const char *auditor_printf(struct auditor *auditor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the request of a spec. False when there is none (a body that cannot
 * be rewritten). *body is where its body begins. compose.c */
bool compose(const struct auditor *auditor, const struct request_spec *spec,
             struct str *out, size_t *body);
/* Finds out what can be composed; false after adding an error. */
bool compose_prepare(struct auditor *auditor);
/* Whether {{key}} can hold it: there is one, no longer than KEY_MAX. */
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
/* Sends a part of the request (1: all of it), waits so long and shuts the
 * connection down: the attempt ends as disconnected, unless it could not be
 * sent. The service sees the end, but its answer is not read;
 * auditor_close_abandoned closes the connection. */
const struct audit_attempt *auditor_send_and_disconnect(
    struct auditor *auditor, const struct request_spec *spec, double part,
    struct duration wait);
/* Whether all of the abandoned attempt had been delivered. */
bool auditor_close_abandoned(struct auditor *auditor);
/* Sends all but the last byte of each on a connection of its own, then the
 * last bytes together. attempts[i] answers specs[i]. */
void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts);

/* The service has failed many times in a row: a check need not go on. */
bool auditor_sees_only_failures(const struct auditor *auditor);

/* How long a key may be busy: conventions in which a conflict is the last
 * word are not waited for. */
struct duration auditor_patience(const struct auditor *auditor);

/* Whether the window is short enough to be waited for, or it does not matter.
 */
bool auditor_waits_for_window(const struct audit_options *options);

/* Counts the effects of the subjects (at most SUBJECTS_MAX), once the ledger
 * has settled, and adds them to the check's; -1 where they were not seen.
 * count_effects.c */
void count_effects(struct auditor *auditor, struct audit_subject *subjects,
                   size_t count);
/* The sum over subjects, by the ledger; where there is none, by what the
 * answers name. -1: not seen. */
int64_t count_effects_total(struct auditor *auditor,
                            struct audit_subject *subjects, size_t count);

#define CHECK(id, name, needs, expected, source) \
    void check_##id(struct auditor *auditor);
#include "audit/check.def"
#undef CHECK

#endif
