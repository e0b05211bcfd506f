#include "run/seek.h"

#include "engine/clock.h"

#include <math.h>
#include <stdio.h>

enum { VOID_IN_A_ROW = 2 };

bool seek_is_out_of_time(const struct trials *trials,
                         const struct seek_budget *budget)
{
    struct duration spent = instant_since(clock_now(), budget->began);

    return !trials->options->simulation && budget->time.ns != INT64_MAX &&
           spent.ns + budget->longest.ns > budget->time.ns;
}

/* Whether some run was of that size, or of a larger one. */
static bool was_run(const struct search *search, double size)
{
    for (size_t i = 0; i < search->run_count; i++) {
        if (search->runs[i].size >= size) {
            return true;
        }
    }
    return false;
}

static void end(struct seek_result *result, enum seek_end how,
                const char *problem)
{
    result->end = how;
    snprintf(result->problem, sizeof result->problem, "%s", problem);
}

/* A size that cannot be run is a bound, once that is no accident. */
static void take_void(struct search *search, double size,
                      const struct seek_run *run, size_t void_here,
                      struct seek_result *result)
{
    if (++result->void_count == SEEK_VOID_MAX) {
        end(result, SEEK_VOID, run->problem);
    } else if (void_here >= VOID_IN_A_ROW && !was_run(search, size)) {
        if (size < result->limit_size) {
            result->limit_size = size;
            snprintf(result->limit, sizeof result->limit, "%s", run->problem);
        }
        search_cannot(search);
    }
}

static void take_use(const struct seek *seek, enum trial_use use,
                     struct seek_result *result)
{
    switch (use) {
    case TRIAL_COUNTS:
    case TRIAL_IS_VOID:
        break;
    case TRIAL_HAS_NO_GROUND:
        end(result, SEEK_VOID, seek->trials->problem);
        break;
    case TRIAL_STOPPED:
        end(result, SEEK_STOPPED, "");
        break;
    case TRIAL_FAILED:
        end(result, SEEK_FAILED, "");
        break;
    }
}

void seek_make(const struct seek *seek, struct search *search,
               struct seek_result *result, struct errors *errors)
{
    size_t void_here = 0;
    double size;

    *result = (struct seek_result){.limit_size = INFINITY};
    while (result->end == SEEK_OVER && search_next(search, &size)) {
        struct seek_run run = {0};
        if (seek_is_out_of_time(seek->trials, seek->budget)) {
            end(result, SEEK_OUT_OF_TIME, "");
            return;
        }
        if (seek->progress) {
            seek->progress(seek->context, size);
        }
        struct instant before = clock_now();
        enum trial_use use =
            seek->run(seek->context, size, search->phase, &run, errors);
        seek->budget->longest = duration_max(
            seek->budget->longest, instant_since(clock_now(), before));
        if (use > TRIAL_IS_VOID) {
            take_use(seek, use, result);
        } else if (run.is_void) {
            take_void(search, size, &run, ++void_here, result);
        } else if (run.problem[0]) {
            end(result, SEEK_VOID, run.problem);
        } else {
            void_here = 0;
            search_take(search, run.passed);
        }
    }
}
