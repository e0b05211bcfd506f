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
 * shed by it alone, the others also by themselves (model/shed.h). With
 * unlimited workers there is no queue, hence no limit, but for a stall.
 *
 * What serving an order takes, beside faults:
 *
 *   call of the dependency + drawn time x (1 + queue_slowdown x waiting)
 *                                       x (1 + (cold_factor - 1) e^(-n / N))
 *
 * The call comes first (model/dependency.h) and holds the worker; one that is
 * refused, times out or fails ends the order. A queue that slows the service
 * down is memory that fills: W workers of time s, at L orders a second, keep
 * up below (W / (s L) - 1) / queue_slowdown waiting orders, and never above.
 * The last factor is a cache that is empty at first: of N = cold_orders
 * entries that are asked for equally often, so many are not in it after n
 * orders were performed.
 *
 * Connections: `partition` and `split_brain` are not drawn for an order, but
 * hit a share of the connections, by a hash of their number and the seed. A
 * partition holds up what comes until it ends, as a network does that sends
 * again; then it arrives, and until then the service knows nothing of it.
 */
#ifndef SQUALL_MODEL_SERVICE_H
#define SQUALL_MODEL_SERVICE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/instant.h"
#include "base/rng.h"
#include "faults/window.h"
#include "model/dependency.h"
#include "model/service_time.h"
#include "model/shed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    uint16_t status;       /* error, dependency_error */
    double factor;         /* (dependency_)capacity: in (0, 1] */
    struct duration delay; /* (dependency_)latency */
};

struct service_config {
    uint64_t workers; /* 0: no limit, no queue */
    struct service_time_config time;
    uint64_t queue_limit;  /* waiting orders; 0: no limit */
    double queue_slowdown; /* by each waiting order */
    double cold_factor;    /* at least 1 */
    uint64_t cold_orders;  /* at least 1 */
    struct dependency_config dependency;
    struct shed_config shed;
    const char *tier_header; /* of requests; NULL: every order is of tier 1 */
    uint16_t shed_status;
    struct duration retry_after; /* sent with shed answers; 0: not sent */
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

/* Who sends an order. */
struct service_caller {
    uint64_t connection; /* its number */
    uint64_t tier;       /* from 1, the most important */
    bool needs_dependency;
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
    SERVICE_FAILED,    /* answered with `status`; no effect: a fault, or the
                        * dependency */
    SERVICE_DROPPED,   /* shed while it waited: codel, or the deadline */
    SERVICE_SKIPPED,   /* its caller had gone before service started */
    SERVICE_RELEASED,  /* what held it up is over: it is to arrive now */
};

/* One order in the model, embedded in what the host knows of it. It must stay
 * in place from service_arrive until service_step gives it back. */
struct service_order {
    struct heap_node timer;     /* while it is served */
    struct service_order *next; /* while it waits, is held or was dropped */
    struct instant arrived;
    struct instant started; /* of service; INSTANT_NEVER: not served */
    struct instant ended;   /* the exact instant, not when it was seen */
    enum service_end end;
    uint16_t status;        /* of SERVICE_FAILED */
    bool dependency_failed; /* of SERVICE_FAILED: that, and not a fault */
    bool hang_up;           /* close without an answer (close_after) */
    bool gone;              /* its caller has hung up */
    struct service_caller caller;
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
    struct service_held {
        struct service_list orders;
        struct instant until;   /* that they are held; INSTANT_NEVER: no end */
    } held[SERVICE_FAULTS_MAX]; /* one a fault: partition */
    size_t orders;              /* waiting, served, held or dropped */
    size_t orders_max;
    struct instant now;    /* the latest instant that was seen */
    struct instant origin; /* of the windows of faults */
    uint64_t seed;
    uint64_t warm_orders; /* performed since the cache was empty */
    struct service_time time;
    struct shed shed;
    struct dependency dependency; /* where there is one */
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

/* Whether a partition holds up what comes on this connection now. If so, the
 * order is kept, and service_step gives it back, RELEASED. */
bool service_hold(struct service *service, struct service_order *order,
                  uint64_t connection, struct instant now);

/* An order arrives. Every event up to `now` must have been taken with
 * service_step, or the order been given back, RELEASED, at that instant. Sets
 * up the order; keeps it only if it is admitted. */
enum service_admission service_arrive(struct service *service,
                                      struct service_order *order,
                                      const struct service_caller *caller,
                                      struct instant now);

/* split_brain: whether this connection reaches the other half now. */
bool service_is_apart(const struct service *service, uint64_t connection,
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
