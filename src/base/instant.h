/*
 * instant: points in time and spans of time, in nanoseconds.
 *
 * Two types, so that adding two points in time does not compile. Arithmetic
 * saturates: INSTANT_NEVER plus anything is INSTANT_NEVER, and nothing wraps.
 * The core never reads a clock; hosts do, once an event, and pass it by value.
 */
#ifndef SQUALL_BASE_INSTANT_H
#define SQUALL_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
    int64_t ns; /* since an origin that the host chose */
};

struct duration {
    int64_t ns;
};

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

#define INSTANT_NEVER ((struct instant){INT64_MAX})
#define DURATION_ZERO ((struct duration){0})
#define DURATION_FOREVER ((struct duration){INT64_MAX})

static inline int64_t ns_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

static inline int64_t ns_subtract(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return b < 0 ? INT64_MAX : INT64_MIN;
    }
    return difference;
}

/* NEVER and FOREVER absorb. */
static inline struct instant instant_add(struct instant at, struct duration by)
{
    if (at.ns == INT64_MAX || by.ns == INT64_MAX) {
        return INSTANT_NEVER;
    }
    return (struct instant){ns_add(at.ns, by.ns)};
}

static inline struct duration instant_since(struct instant later,
                                            struct instant earlier)
{
    return (struct duration){ns_subtract(later.ns, earlier.ns)};
}

static inline bool instant_before(struct instant a, struct instant b)
{
    return a.ns < b.ns;
}

static inline struct instant instant_min(struct instant a, struct instant b)
{
    return a.ns < b.ns ? a : b;
}

static inline struct instant instant_max(struct instant a, struct instant b)
{
    return a.ns > b.ns ? a : b;
}

static inline struct duration duration_add(struct duration a,
                                           struct duration b)
{
    return (struct duration){ns_add(a.ns, b.ns)};
}

static inline struct duration duration_min(struct duration a,
                                           struct duration b)
{
    return a.ns < b.ns ? a : b;
}

static inline struct duration duration_max(struct duration a,
                                           struct duration b)
{
    return a.ns > b.ns ? a : b;
}

/* The double is rounded to whole nanoseconds; beyond the range it saturates,
 * and not-a-number is zero. */
static inline struct duration duration_from_ns(double ns)
{
    if (!(ns == ns)) {
        return DURATION_ZERO;
    }
    if (ns >= 9.2e18) {
        return DURATION_FOREVER;
    }
    if (ns <= -9.2e18) {
        return (struct duration){INT64_MIN};
    }
    return (struct duration){(int64_t)(ns < 0 ? ns - 0.5 : ns + 0.5)};
}

static inline struct duration duration_us(int64_t us)
{
    return (struct duration){us * NS_PER_US};
}

static inline struct duration duration_ms(int64_t ms)
{
    return (struct duration){ms * NS_PER_MS};
}

static inline struct duration duration_s(int64_t s)
{
    return (struct duration){s * NS_PER_S};
}

static inline double duration_in_seconds(struct duration d)
{
    return (double)d.ns / (double)NS_PER_S;
}

#endif
