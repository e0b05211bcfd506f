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
#include "audit/line.h"
#include "audit/verdict.h"

enum {
    RACERS = 20,
    SUBJECTS_MAX = 20, /* of one reading of the ledger */
    ATTEMPTS_MAX = 512, /* of one check that the result shows */
    STORM = 10,        /* answers in a row */
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
    const char *extra;     /* a header line, or NULL */
};

struct auditor {
    const struct plan *plan;
    const struct audit_options *options;
    const struct planned_request *request;
    struct audit_result *result;
    struct audit_check *check; /* that runs */
    struct exchange exchange;
    struct errors *errors;
    struct template rejected;  /* compiled, when there is one */
    bool can_reorder;          /* the body is a JSON object */
    bool body_varies;          /* with the operation */
    uint64_t next_operation;
    struct instant began;
    struct duration median;    /* of plain requests */
    unsigned failures;         /* 5xx in a row */
    bool dead;                 /* the rest is left alone */
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

/* Sends and awaits the answer. Never NULL. */
const struct audit_attempt *auditor_send(struct auditor *auditor,
                                         const struct request_spec *spec);
/* The same again while it is answered that the first is running, for at most
 * `patience`. */
const struct audit_attempt *auditor_follow(struct auditor *auditor,
                                           const struct request_spec *spec,
                                           struct duration patience);
/* Sends a part of the request (1: all of it), waits so long and hangs up; it
 * is dropped when all that was sent has been delivered. */
const struct audit_attempt *auditor_lose(struct auditor *auditor,
                                         const struct request_spec *spec,
                                         double part, struct duration wait);
/* Sends all but the last byte of each on a connection of its own, then the
 * last bytes together. attempts[i] answers specs[i]. */
void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts);

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
