/*
 * classify: from what happened to what the retry policy makes of it.
 *
 * An ordered list of rules; the first that matches decides. Without a match:
 * success for OUTCOME_OK, else fatal. A try that a layer of the client itself
 * refused has no answer to ask about: only rules that name the layer match it,
 * and without one it is fatal. `retry_on` tokens are shorthand that the plan
 * expands to rules with classify_expand.
 */
#ifndef SQUALL_POLICY_CLASSIFY_H
#define SQUALL_POLICY_CLASSIFY_H

#include "policy/outcome.h"
#include "policy/tristate.h"

#include <stdbool.h>
#include <stddef.h>

enum outcome_class {
#define OUTCOME_CLASS(id, name, sentence) CLASS_##id,
#include "policy/outcome_class.def"
#undef OUTCOME_CLASS
};

enum {
#define OUTCOME_CLASS(id, name, sentence) +1
    CLASS_COUNT = 0
#include "policy/outcome_class.def"
#undef OUTCOME_CLASS
};

enum { CLASSIFY_RULES_MAX = 32, CLASSIFY_HEADERS_MAX = 8 };

/* What a request is, as far as a rule may ask. */
struct request_traits {
    uint16_t method;     /* one bit, METHOD_* */
    bool has_key;        /* carries an idempotency key */
    bool is_safe;        /* a safe method, and not said to have an effect */
    unsigned tier;       /* 1 is the most important */
    uint64_t body_bytes; /* an upper bound where the body has placeholders */
};

enum {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_DELETE = 16,
    METHOD_OPTIONS = 32,
    METHOD_TRACE = 64,
    METHOD_PATCH = 128,
    METHOD_OTHER = 256,
    METHODS_SAFE = METHOD_GET | METHOD_HEAD | METHOD_OPTIONS | METHOD_TRACE,
    METHODS_IDEMPOTENT = METHOD_GET | METHOD_HEAD | METHOD_PUT |
                         METHOD_DELETE | METHOD_OPTIONS | METHOD_TRACE,
};

struct classify_rule {
    uint32_t outcomes;            /* bit per enum outcome; 0: any */
    bool has_status;              /* the next two are looked at */
    struct status_set status;     /* must be in */
    struct status_set not_status; /* must not be in */
    uint16_t methods;             /* METHOD_* bits; 0: any */
    enum tristate sent;
    enum tristate reused;
    enum tristate has_hint;
    enum tristate idempotent; /* by method, or because a key is carried */
    unsigned attempt;         /* only this attempt, from 1; 0: any */
    uint32_t headers;         /* bits of classify_config.headers: all of
                               * them must be in the answer */
    uint32_t refused_by;      /* bits of enum layer: one of these layers
                               * refused the try. A rule without it matches
                               * no refusal, and of one with it only methods,
                               * idempotent and attempt are asked besides */
    enum outcome_class as;
    unsigned max_retries; /* of this rule, per operation; 0: no limit */
    bool ignore_limit;    /* retry even past retry.max_attempts; such an
                           * attempt counts all the same */
};

/* A header that rules ask about. */
struct classify_header {
    char name[64];
    char value[64]; /* compared without regard to case; "": any */
};

struct classify_config {
    size_t header_count;
    struct classify_header headers[CLASSIFY_HEADERS_MAX];
    size_t count;
    struct classify_rule rules[CLASSIFY_RULES_MAX];
};

struct classification {
    enum outcome_class as;
    int rule; /* index, -1: none matched */
};

/* attempt counts from 1. */
struct classification classify(const struct classify_config *config,
                               const struct attempt_result *result,
                               const struct request_traits *traits,
                               unsigned attempt);

/* The bit of a header and value that rules ask about, added to the list when
 * it is new; an empty value is any. 0 when the list is full. Both must fit. */
uint32_t classify_header_bit(struct classify_config *config, const char *name,
                             const char *value);

/* The bits of the headers that a line of an answer satisfies: "Name: value",
 * not NUL-terminated, without its end of line. Blanks around the value and
 * case, of both, do not matter. */
uint32_t classify_headers_in(const struct classify_config *config,
                             const char *line, size_t length);

/* Appends the rule that a retry_on token stands for:
 *   connect: dns, refused, connect timeout, other failures, TLS;
 *   reset: reset, reset of a reused connection, truncated;
 *   timeout (as CLASS_TIMEOUT), protocol, refused_stream, busy, no_socket;
 *   not_permitted: refused by a layer of the client itself;
 *   a status or a hundred of them ("503", "5xx") among complete answers that
 *   are not the expected one; "429" as CLASS_THROTTLE;
 *   the name of any other outcome but ok, followed, challenged and
 *   cancelled.
 * All else is CLASS_TRANSIENT. False when it is not a token or the list is
 * full; *problem is then a static sentence. */
bool classify_expand(struct classify_config *config, const char *token,
                     const char **problem);

const char *outcome_class_name(enum outcome_class class);

/* The METHOD_* bit of a method's name; METHOD_OTHER for an unknown one. */
uint16_t classify_method_bit(const char *name);

#endif
