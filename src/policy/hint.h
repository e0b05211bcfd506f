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
#include "policy/outcome.h"

#include <stdbool.h>
#include <stddef.h>

/* seconds takes an HTTP-date too when date is allowed by http_date. */
enum hint_format { HINT_SECONDS, HINT_HTTP_DATE, HINT_MS, HINT_UNIX };

enum hint_apply { HINT_REPLACE, HINT_MAX, HINT_CLAMP };
enum hint_over_max { OVER_CLAMP, OVER_IGNORE, OVER_NO_RETRY };
enum hint_zero { ZERO_IMMEDIATE, ZERO_IGNORE };
enum hint_invalid { INVALID_IGNORE, INVALID_NO_RETRY };

enum { HINT_HEADERS_MAX = 8, HINT_NAME_MAX = 64 };

struct hint_header {
    char name[HINT_NAME_MAX];
    enum hint_format format;
};

struct hint_config {
    size_t count; /* 0: hints are not read */
    struct hint_header headers[HINT_HEADERS_MAX]; /* tried in order */
    bool has_status;          /* only on answers with these statuses */
    struct status_set status;
    enum hint_apply apply;
    struct duration clamp_add; /* clamp: [t, t + clamp_add] */
    struct duration max;       /* DURATION_FOREVER: no limit */
    enum hint_over_max over_max;
    enum hint_zero zero;
    enum hint_invalid invalid;
};

/* Parses one header value (not NUL-terminated, as it came). unix_ms is the
 * wall clock now, in milliseconds since 1970. */
struct server_hint hint_parse(enum hint_format format, const char *value,
                              size_t length, int64_t unix_ms);

enum hint_decision { HINT_DECISION_WAIT, HINT_DECISION_NO_RETRY };

/* Combines the client's own wait with the hint; *wait is changed in place. */
enum hint_decision hint_combine(const struct hint_config *config,
                                const struct attempt_result *result,
                                struct duration *wait);

#endif
