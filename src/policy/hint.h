/*
 * hint: what the service asks its callers to wait, and what a client makes
 * of it.
 *
 * RFC 9110 10.2.3 (Retry-After: seconds or HTTP-date) and its relatives in
 * milliseconds or unix time. Parsing needs the wall clock only for dates; it
 * is handed in.
 */
#ifndef SQUALL_POLICY_HINT_H
#define SQUALL_POLICY_HINT_H

#include "base/rng.h"
#include "policy/backoff.h"
#include "policy/outcome.h"

#include <stdbool.h>
#include <stddef.h>

/* One header row has one format. A profile that takes Retry-After in both of
 * its forms lists it twice, as seconds and as http_date. */
enum hint_format {
#define HINT_FORMAT(id, name, sentence) HINT_##id,
#include "policy/hint.def"
};

/* What a client takes for a number. RFC 9110 has digits alone; clients differ
 * in what more their language reads:
 *   integer: digits and nothing else (Go's Atoi, Python's int).
 *   decimal: digits, which may have one point among them: 1.5 (JavaScript's
 *   Number).
 *   leading_integer: the digits that the value begins with, whatever follows:
 *   1.5 is 1, and so is 1s (C's strtol, JavaScript's parseInt).
 *   leading_decimal: likewise, but with a point: 1.5s is 1.5 (parseFloat).
 * A minus may stand before any of them; a plus, an exponent and hexadecimal
 * digits are not read. */
enum hint_number {
#define HINT_NUMBER(id, name, sentence) NUMBER_##id,
#include "policy/hint.def"
};

enum hint_apply {
#define HINT_APPLY(id, name, sentence) HINT_##id,
#include "policy/hint.def"
};
enum hint_over_max {
#define HINT_WHEN_OVER_MAX(id, name, sentence) OVER_##id,
#include "policy/hint.def"
};
enum hint_zero {
#define HINT_WHEN_ZERO(id, name, sentence) ZERO_##id,
#include "policy/hint.def"
};
enum hint_invalid {
#define HINT_WHEN_INVALID(id, name, sentence) INVALID_##id,
#include "policy/hint.def"
};
enum hint_negative {
#define HINT_WHEN_NEGATIVE(id, name, sentence) NEGATIVE_##id,
#include "policy/hint.def"
};
enum hint_past {
#define HINT_WHEN_PAST(id, name, sentence) PAST_##id,
#include "policy/hint.def"
};
enum hint_empty {
#define HINT_WHEN_EMPTY(id, name, sentence) EMPTY_##id,
#include "policy/hint.def"
};

enum { HINT_HEADERS_MAX = 8, HINT_NAME_MAX = 64 };

struct hint_header {
    char name[HINT_NAME_MAX];
    enum hint_format format;
    enum hint_number number; /* of seconds, ms and unix */
};

struct hint_config {
    size_t count;                                 /* 0: hints are not read */
    struct hint_header headers[HINT_HEADERS_MAX]; /* tried in order */
    bool has_status; /* only on answers with these statuses */
    struct status_set status;
    enum hint_apply apply;
    struct duration clamp_add; /* clamp: [t, t + clamp_add] */
    struct duration max;       /* DURATION_FOREVER: no limit */
    enum hint_over_max over_max;
    enum hint_zero zero;
    enum hint_invalid invalid;
    enum hint_negative negative;
    enum hint_past past;
    enum hint_empty empty;
    struct jitter_config jitter; /* of the hint: mult alone; both 0: none */
    bool required;       /* an answer without a usable hint is not retried */
    bool resets_backoff; /* after a hint the growth begins anew */
};

/* Parses one header value (not NUL-terminated, as it came). unix_ms is the
 * wall clock now, in milliseconds since 1970. A date has one of the three
 * forms of RFC 9110 5.6.7; a time in the past is a wait of 0; blanks around
 * the value are skipped. What a number has past a nanosecond is cut off. A
 * number of seconds or milliseconds below zero, such as -1, is HINT_NEGATIVE:
 * some services say by it that they want no retry. All else is HINT_INVALID,
 * a value of blanks alone too. */
struct server_hint hint_parse(enum hint_format format, enum hint_number number,
                              const char *value, size_t length,
                              int64_t unix_ms);

/* The same as a client reads it: `past`, `empty` and `negative` as_zero are
 * applied here, so that a hint that is a wait for this client is HINT_WAIT
 * for its rules (classify: has_hint), too. */
struct server_hint hint_read(const struct hint_config *config,
                             const struct hint_header *header,
                             const char *value, size_t length,
                             int64_t unix_ms);

/* What two header rows say together, tried in order: the first wait that can
 * be read wins, then a negative number; HINT_INVALID only when nothing could
 * be read. */
struct server_hint hint_either(struct server_hint first,
                               struct server_hint second);

enum hint_decision {
    HINT_DECISION_WAIT,
    HINT_DECISION_NO_RETRY,
    HINT_DECISION_WAIT_AND_RESET, /* and growth begins anew */
};

/* Combines the client's own wait with the hint; *wait is changed in place and
 * is left alone when the answer is HINT_DECISION_NO_RETRY.
 *   replace: the hint; max: the longer of the two; clamp: the hint, but not
 *   less than the own wait and at most clamp_add more than it; add: their sum.
 * Limits are held against the hint as it came; then it is spread by its own
 * jitter, for the draw that was the own wait's, so that a profile without
 * hints draws the same numbers. A hint that cannot be read is no hint, ends
 * the operation, or is a retry at once, whatever `apply` says. `required` asks
 * for a hint that can be read and is followed; it says nothing of endings
 * without an answer, nor of statuses that are not looked at. */
enum hint_decision hint_combine(const struct hint_config *config,
                                const struct attempt_result *result,
                                double u_mult, struct duration *wait);

#endif
