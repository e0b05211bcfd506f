/*
 * virtual_run: a whole run of one worker in virtual time, against a service
 * that answers all requests alike.
 *
 * The host is the real one; nothing waits. Include after cmocka.
 */
#ifndef SQUALL_TESTS_VIRTUAL_RUN_H
#define SQUALL_TESTS_VIRTUAL_RUN_H

#include "base/must.h"
#include "engine/virtual/engine_virtual.h"
#include "host/fleet.h"

#include <stdio.h>

/* What becomes of each request that comes. */
struct virtual_script {
    bool refuses_to_connect; /* a connect hangs until timeout.connect */
    bool hangs;              /* no answer ever */
    uint16_t status;
    struct duration takes;
    const char *line; /* a header of the answer, or NULL */
    size_t length;    /* of its body */
    bool is_cut;
    uint64_t bad_every; /* every nth request hangs; 0: none */
};

/* When a request came, on the engine's clock, and which. */
struct virtual_arrival {
    struct instant at;
    uint16_t request;
};

struct virtual_run {
    struct virtual_script script;
    struct plan *plan;
    struct fleet *fleet;
    const struct tally *tally;
    struct duration load_time;
    struct instant end; /* run clock */
    uint64_t started;   /* warm-up included */
    uint64_t arrived;
    struct virtual_arrival *arrivals; /* room for each that comes, or NULL */
    struct instant last_arrival; /* on the engine's clock, which starts with
                                  * the run */
};

static inline enum outcome virtual_run_connect(
    void *context, const struct virtual_request *request, struct instant now,
    struct duration *after)
{
    const struct virtual_run *run = context;
    (void)request;
    (void)now;
    *after = run->script.refuses_to_connect ? run->plan->policy.timeout.connect
                                            : duration_ms(1);
    return run->script.refuses_to_connect ? OUTCOME_CONNECT_TIMEOUT
                                          : OUTCOME_OK;
}

static inline void virtual_run_arrive(void *context,
                                      struct virtual_request *request,
                                      struct instant now)
{
    static const char body[64];
    struct virtual_run *run = context;
    const struct virtual_script *script = &run->script;
    struct virtual_answer answer = {
        .how = script->is_cut ? VIRTUAL_CUT : VIRTUAL_WHOLE,
        .status = script->status,
        .line_count = script->line != NULL,
        .lines = &script->line,
        .body = body,
        .length = script->length,
    };

    if (run->arrivals) {
        run->arrivals[run->arrived] =
            (struct virtual_arrival){now, request->request};
    }
    run->arrived++;
    run->last_arrival = now;
    must(script->length <= sizeof(body));
    if (!script->hangs &&
        !(script->bad_every && run->arrived % script->bad_every == 0)) {
        virtual_answer(request, script->takes, &answer);
    }
}

static inline void virtual_run_leave(void *context,
                                     struct virtual_request *request,
                                     struct instant now)
{
    (void)context;
    (void)request;
    (void)now;
}

/* Runs a plan to its end. Its script must be set; the rest is filled in. */
static inline void virtual_run_make(struct virtual_run *run,
                                    const char *const *sets, size_t count,
                                    uint64_t seed)
{
    struct errors errors = ERRORS_INIT;
    struct fleet_snapshot snapshot;
    struct plan_input input = {
        .set_count = count,
        .sets = sets,
        .url = "http://service/",
        .has_seed = true,
        .seed = seed,
        .run = 1,
    };
    struct virtual_settings settings = {
        .service = {.context = run,
                    .connect = virtual_run_connect,
                    .arrive = virtual_run_arrive,
                    .leave = virtual_run_leave},
        .way = duration_ms(1),
        .connect = duration_ms(1),
        .keeps_connections = true,
    };

    run->plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(run->plan);
    run->fleet = fleet_new(run->plan, &engine_virtual, &settings, &errors);
    assert_non_null(run->fleet);
    assert_true(fleet_start(run->fleet, &errors));
    assert_true(fleet_work(run->fleet, UINT64_MAX));
    fleet_snapshot(run->fleet, &snapshot);
    assert_true(snapshot.ended);
    assert_int_equal(snapshot.in_flight, 0);
    run->end = snapshot.now;
    run->started = snapshot.started;
    run->tally = fleet_join(run->fleet);
    run->load_time = fleet_load_time(run->fleet);
}

static inline void virtual_run_release(struct virtual_run *run)
{
    fleet_free(run->fleet);
    plan_free(run->plan);
}

#endif
