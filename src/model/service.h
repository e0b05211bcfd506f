/*
 * service: the model of the embedded target, pure and clockless.
 *
 * `workers` servers and one FIFO queue with a limit: an order arrives, waits,
 * is served for a drawn time, and its effect is performed when service ends.
 * The server (service/server.h) and the virtual engine feed arrivals and
 * times; the model says what happens to each order. Idempotency keys are
 * checked against the key store (model/keys.h), effects are written to
 * model/effects.h.
 *
 * Faults: reset_before is drawn on arrival, the others when service starts,
 * each from a stream of its own and only inside its window, so that one more
 * fault never moves another. An error takes its service time like any other
 * order. A stall is not drawn: while its window lasts no service starts, and
 * what would end in it ends when the window does. With several, the first
 * error wins, delays add up, and factors multiply.
 *
 * The queue limit holds under every shedding mode: `none` and `queue_full`
 * shed by it alone, `codel` (RFC 8289) and `token_bucket` also by themselves.
 * With unlimited workers there is no queue, hence no limit, but for a stall.
 */
#ifndef SQUALL_MODEL_SERVICE_H
#define SQUALL_MODEL_SERVICE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/instant.h"
#include "base/rng.h"
#include "faults/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum service_time_type {
#define SERVICE_TIME(id, name, sentence) SERVICE_##id,
#include "model/service.def"
};

enum shed_mode {
#define SHED_MODE(id, name, sentence) SHED_##id,
#include "model/service.def"
};
enum abandoned_mode {
#define ABANDONED_MODE(id, name, sentence) ABANDONED_##id,
#include "model/service.def"
};

/*
 * How keys are kept, in general; key_fault.def has what may be wrong beside.
 *
 * none: the key is not looked at: every request is an effect.
 * atomic: the claim of a key is atomic; the first runs, the same key again is
 *   answered with the stored answer, or with 409 while the first runs.
 * racy: looks the key up on arrival and stores it when the effect is done;
 *   two that overlap both run, so that the service time is the width of the
 *   race.
 * forgetful: atomic, but a key is forgotten `ttl` after its effect.
 * replay_errors: atomic, and an error answer is stored and replayed too.
 */
enum key_mode {
#define KEY_MODE(id, name, sentence) KEYS_##id,
#include "model/service.def"
};

enum key_fault {
#define KEY_FAULT(id, name, sentence) KEY_FAULT_##id,
#include "faults/key_fault.def"
#undef KEY_FAULT
};

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
    uint16_t status;       /* error */
    double factor;         /* capacity: in (0, 1] */
    struct duration delay; /* latency */
};

struct service_config {
    uint64_t workers; /* 0: no limit, no queue */
    enum service_time_type time_type;
    struct duration time_mean;
    struct duration time_p99; /* lognormal: with the mean it fixes sigma */
    uint64_t queue_limit;     /* waiting orders; 0: no limit */
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
    struct duration ttl;      /* forgetful */
    uint32_t key_faults;      /* bits of enum key_fault */
    const char *fault_header; /* the request header that makes an order fail
                               * once: "before-once" or "after-once"; NULL:
                               * none is obeyed */
    size_t fault_count;
    struct service_fault_config faults[SERVICE_FAULTS_MAX];
};

/* What becomes of an order that arrives. */
enum service_admission {
    SERVICE_ADMITTED, /* waits or is served; service_step gives it back */
    SERVICE_REJECTED, /* shed: no place, or no token */
    SERVICE_RESET,    /* a fault resets its connection; nothing is done */
};

/* How an admitted order ended. */
enum service_end {
    SERVICE_PERFORMED, /* its effect is due now */
    SERVICE_FAILED,    /* a fault answers with `status`; no effect */
    SERVICE_DROPPED,   /* shed while it waited: codel, or the deadline */
    SERVICE_SKIPPED,   /* its caller had gone before service started */
};

/* One order in the model, embedded in what the host knows of it. It must stay
 * in place from service_arrive until service_step gives it back. */
struct service_order {
    struct heap_node timer;     /* while it is served */
    struct service_order *next; /* while it waits, or has been dropped */
    struct instant arrived;
    struct instant started; /* of service; INSTANT_NEVER: not served */
    struct instant ended;   /* the exact instant, not when it was seen */
    enum service_end end;
    uint16_t status; /* of SERVICE_FAILED */
    bool hang_up;    /* close without an answer (close_after) */
    bool gone;       /* its caller has hung up */
};

struct service_list {
    struct service_order *first;
    struct service_order *last;
};

struct service {
    struct service_config config;
    struct heap serving; /* by natural end, before any stall */
    struct service_list waiting;
    struct service_list dropped; /* to be given back by service_step */
    uint64_t waiting_count;
    size_t orders; /* waiting, served or dropped */
    size_t orders_max;
    struct instant now;    /* the latest instant that was seen */
    struct instant origin; /* of the windows of faults */
    double lognormal_mu, lognormal_sigma;
    double shed_tokens;
    struct instant shed_filled;
    struct service_codel {
        struct instant first_above; /* INSTANT_NEVER: below the target */
        struct instant drop_next;
        uint64_t count, last_count;
        bool dropping;
    } codel;
    struct rng time_stream;
    struct rng fault_streams[SERVICE_FAULTS_MAX];
};

/* All settings at rest: unlimited workers, no service time, nothing broken. */
void service_config_default(struct service_config *config);

/* Checks what the model needs to hold; adds an error (BAD_VALUE) for each
 * thing that does not. */
bool service_config_check(const struct service_config *config,
                          struct errors *errors);

/* Copies the config, which must pass service_config_check. At most orders_max
 * orders are in the model at once; more are rejected. `start` is the origin
 * of the windows. */
void service_init(struct service *service, const struct service_config *config,
                  struct arena *arena, size_t orders_max, uint64_t seed,
                  struct instant start);

/* An order arrives. Every event up to `now` must have been taken with
 * service_step. Sets up the order; keeps it only if it is admitted. */
enum service_admission service_arrive(struct service *service,
                                      struct service_order *order,
                                      struct instant now);

/* When service_step next has something to do, or INSTANT_NEVER. */
struct instant service_next(const struct service *service);

/* Takes the next order that ended at `now` or before, in order of time, or
 * NULL. A worker that frees at t takes its next order at t, however late the
 * host looks. */
struct service_order *service_step(struct service *service,
                                   struct instant now);

/* The caller of an order has hung up; the config says what that changes. */
void service_abandon(struct service_order *order);

/* Takes any order that is still in the model out of it, or NULL: for the end,
 * when hosts free what they embedded. */
struct service_order *service_withdraw(struct service *service);

/* Replaces the faults; their windows count from `now`. What is being served
 * keeps the time that it drew. Every event up to `now` must have been taken.
 */
void service_set_faults(struct service *service,
                        const struct service_fault_config *faults,
                        size_t count, struct instant now);

#endif
