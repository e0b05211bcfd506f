/* clock: the one place where a real-time host reads the time. */
#ifndef SQUALL_ENGINE_CLOCK_H
#define SQUALL_ENGINE_CLOCK_H

#include "base/instant.h"

#include <sys/resource.h>
#include <time.h>

/* CLOCK_MONOTONIC. */
static inline struct instant clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct instant){(int64_t)t.tv_sec * NS_PER_S + t.tv_nsec};
}

/* Nanoseconds since 1970. */
static inline int64_t clock_unix_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Milliseconds since 1970. */
static inline int64_t clock_unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* CPU time that the calling thread has used. */
static inline struct duration clock_thread_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (struct duration){
        (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
        (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
            NS_PER_US};
}

#endif
