#include "run/health.h"

#include "engine/clock.h"
#include "plan/at_rest.h"

#include <inttypes.h>
#include <stdio.h>

enum { OPERATIONS = 20, PAUSE_MS = 200 };

static const struct duration one_probe = {5 * NS_PER_S};
static const struct duration patience = {30 * NS_PER_S};

struct probe {
    double goodput_per_s;
    uint64_t succeeded;
    bool is_complete;
};

static bool ask(const struct plan_input *input,
                const struct run_options *options, uint64_t number,
                struct probe *probe, struct errors *errors)
{
    struct plan_input own = *input;

    own.has_seed = true;
    own.seed = number;
    own.run = number;
    struct plan *plan = plan_read(&own, errors);
    if (!plan) {
        return false;
    }
    plan_at_rest(plan, OPERATIONS, one_probe);
    struct run *run = run_make(plan, options, errors);
    if (run) {
        const struct result *result = run_result(run);
        *probe = (struct probe){
            .goodput_per_s = result->total.goodput_per_s,
            .succeeded = result->tally->total.verdicts[VERDICT_SUCCEEDED],
            .is_complete = result->complete,
        };
        run_free(run);
    }
    plan_free(plan);
    return run != NULL;
}

static bool is_good(const struct health *health, const struct probe *probe)
{
    return probe->succeeded + 1 >= health->succeeded &&
           probe->goodput_per_s >= health->goodput_per_s / 2;
}

enum health_finding health_await(struct health *health,
                                 const struct plan_input *input,
                                 const struct run_options *options,
                                 uint64_t *number, char *problem, size_t size,
                                 struct errors *errors)
{
    struct instant end = instant_add(clock_now(), patience);
    struct probe probe;

    do {
        if (!ask(input, options, (*number)++, &probe, errors)) {
            return HEALTH_FAILED;
        }
        if (!probe.is_complete) {
            return HEALTH_STOPPED;
        }
        if (!health->is_known && probe.succeeded > 0) {
            health->is_known = true;
            health->goodput_per_s = probe.goodput_per_s;
            health->succeeded = probe.succeeded;
        }
        if (health->is_known && is_good(health, &probe)) {
            return HEALTH_GOOD;
        }
        observer_wait(&options->observer, duration_ms(PAUSE_MS));
    } while (instant_before(clock_now(), end));
    if (!health->is_known) {
        snprintf(problem, size,
                 "before the first run the service at rest did not succeed in "
                 "any of %d operations",
                 OPERATIONS);
    } else {
        snprintf(
            problem, size,
            "the service did not come to rest in 30 s after a run: %" PRIu64
            " of %d operations succeeded at %.3g/s, where %" PRIu64
            " had at %.3g/s",
            probe.succeeded, OPERATIONS, probe.goodput_per_s,
            health->succeeded, health->goodput_per_s);
    }
    return HEALTH_BAD;
}
