/* worker_inside: the state of a worker, which worker.c (its life) and
 * attempts.c (what its calls ask for) share. */
#ifndef SQUALL_HOST_WORKER_INSIDE_H
#define SQUALL_HOST_WORKER_INSIDE_H

#include "host/authenticate.h"
#include "host/failed_exchange.h"
#include "host/inject.h"
#include "host/peek.h"
#include "host/record.h"
#include "host/redirect.h"
#include "host/snapshot.h"
#include "host/users.h"
#include "host/watch.h"
#include "host/worker.h"
#include "load/gate.h"
#include "load/schedule.h"
#include "plan/message.h"

struct worker {
    struct worker_options options;
    const struct plan *plan;
    struct arena arena;
    struct engine *engine;
    struct run_clock clock;

    /* operations and their attempts */
    struct picker picker;
    struct client *clients;
    uint64_t client_count;
    uint64_t client_base; /* the number of the first in the run */
    struct operation *operations;
    uint64_t operation_count;
    struct operation *free;
    struct operation *stepping; /* its call is in the middle of a step, */
    bool has_pending_sent;      /* and is to hear that an attempt is sent */
    struct heap timers;         /* of operations */
    struct gate *gates; /* of each pool: an attempt inside has a transfer */
    struct message_room messages; /* for each transfer */
    struct redirects redirects;
    struct authenticator authenticator;
    struct ended_list ended;
    struct duplicates duplicates;
    struct injector injector;
    struct recorder recorder;
    struct failed_exchanges failed;

    /* load */
    struct schedule schedule;
    struct arrival_time arrival; /* the next one, when has_arrival */
    bool has_arrival;
    uint64_t operations_left; /* UINT64_MAX: no limit */
    struct users users;
    bool load_over;          /* no operation starts */
    bool sends_no_more;      /* nor an attempt: see worker.h */
    bool load_counted;       /* open: its number of operations ended it */
    struct instant load_end; /* run clock */
    struct instant drain_end;
    struct instant last_start, last_verdict;
    struct duration cpu_before;
    double cpu_share;
    struct duration late; /* what is being handled could have been known so
                           * much earlier, were it not for squall itself */
    uint64_t event;       /* its number, to count that once */
    struct watch watch;
    struct worker_counts counts;
    struct snapshots snapshots;
    struct peek peek;
};

#endif
