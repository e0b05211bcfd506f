/*
 * service: the model of the embedded target, pure and clockless.
 *
 * `workers` servers and one FIFO queue with a limit: an order arrives, waits,
 * is served for a drawn time, and its effect is performed when service ends.
 * The server (target/server.h) and the simulator feed arrivals and times; the
 * model says what happens to each order. Idempotency keys are checked against
 * the key store (target/keys.h), effects are written to target/effects.h.
 */
#ifndef SQUALL_TARGET_SERVICE_H
#define SQUALL_TARGET_SERVICE_H

#include "base/instant.h"
#include "base/rng.h"
#include "faults/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum service_time_type { SERVICE_CONSTANT, SERVICE_EXPONENTIAL,
                         SERVICE_LOGNORMAL };

enum shed_mode { SHED_NONE, SHED_QUEUE_FULL, SHED_CODEL, SHED_TOKEN_BUCKET };
enum abandoned_mode { ABANDONED_WORK, ABANDONED_SKIP, ABANDONED_DEADLINE };

/*
 * none: the key is not looked at: every request is an effect.
 * atomic: the claim of a key is atomic; the first runs, the same key again is
 *   answered with the stored answer, or with 409 while the first runs.
 * racy: looks the key up on arrival and stores it when the effect is done;
 *   two that overlap both run.
 * forgetful: atomic, but a key is forgotten `ttl` after its effect.
 * replay_errors: atomic, and an error answer is stored and replayed too.
 */
enum key_mode { KEYS_NONE, KEYS_ATOMIC, KEYS_RACY, KEYS_FORGETFUL,
                KEYS_REPLAY_ERRORS };

enum service_fault_kind {
#define SERVICE_FAULT(id, name, sentence) SERVICE_FAULT_##id,
#include "faults/service_fault.def"
#undef SERVICE_FAULT
};

enum { SERVICE_FAULTS_MAX = 16 };

struct service_fault_config {
    enum service_fault_kind kind;
    double ratio;
    struct window window;
    uint16_t status;        /* error */
    double factor;          /* capacity: in (0, 1] */
    struct duration delay;  /* latency */
};

struct service_config {
    uint64_t workers;        /* 0: no limit, no queue */
    enum service_time_type time_type;
    struct duration time_mean;
    struct duration time_p99; /* lognormal: with the mean it fixes sigma */
    uint64_t queue_limit;    /* waiting orders; 0: no limit */
    enum shed_mode shed;
    uint16_t shed_status;
    struct duration retry_after; /* sent with shed answers; 0: not sent */
    double shed_rate_per_s, shed_burst; /* token_bucket */
    struct duration codel_target, codel_interval;
    enum abandoned_mode abandoned;
    struct duration abandoned_deadline; /* deadline: orders older than this
                                         * when service would start are
                                         * answered 503 unserved */
    enum key_mode idempotency;
    struct duration ttl;     /* forgetful */
    size_t fault_count;
    struct service_fault_config faults[SERVICE_FAULTS_MAX];
};

#endif
