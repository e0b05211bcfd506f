/*
 * capacity: the highest rate of an open load at which a service meets its
 * SLOs, found by many runs at rates that search/search chooses.
 *
 * A run passes when its SLOs are met, and fails when one is missed; one that
 * has lost already ends at once. What squall's own limits decide is neither: a
 * run is made again, and a rate that squall, or this machine, cannot drive is
 * a bound of what was looked at and never of the service.
 *
 * Where the policy repeats attempts, a second search leaves retries and hedges
 * out, since they move the knee. After each search come runs beyond the knee,
 * to the end: does the goodput stay, or does it collapse?
 */
#ifndef SQUALL_RUN_CAPACITY_H
#define SQUALL_RUN_CAPACITY_H

#include "run/seek.h"
#include "search/overload.h"

enum {
    CAPACITY_SEARCHES_MAX = 2,
    CAPACITY_BEYOND = 2, /* runs beyond the knee */
    CAPACITY_RUNS_MAX = SEARCH_RUNS_MAX + CAPACITY_BEYOND + SEEK_VOID_MAX
};

enum capacity_phase {
    CAPACITY_BRACKETS = SEARCH_BRACKET,
    CAPACITY_NARROWS = SEARCH_NARROW,
    CAPACITY_CONFIRMS = SEARCH_CONFIRM,
    CAPACITY_GOES_BEYOND
};

struct capacity_run {
    double rate_per_s;
    uint64_t seed;
    enum capacity_phase phase;
    bool is_void; /* it says nothing of the service */
    bool passed;  /* of those that are not void */
    bool ended_early;
    uint64_t operations;  /* offered */
    double goodput_per_s; /* NAN: not measured */
    double in_time_per_s; /* goodput within the SLO's limit of time, where it
                           * has one; NAN: not measured */
};

struct capacity_search {
    bool has_retries; /* the policy as it is; else without retries */
    bool is_over;     /* false: it was stopped before */
    struct search_view found;
    /* Why no higher rate was run, where that was no choice of the search:
     * squall's own limit; or "". */
    char limit[800];
    double limit_per_s; /* where that was; NAN */
    size_t run_count;
    struct capacity_run runs[CAPACITY_RUNS_MAX];
    size_t void_count;
    double goodput_per_s; /* in time, at the headline; NAN */
    enum overload overload;
};

struct capacity_progress {
    bool has_retries;
    size_t runs, most; /* of this search: made, and at most */
    double rate_per_s; /* of the run that is about to begin */
};

struct capacity_options {
    struct plan_input input; /* with SLOs; its rate is not looked at */
    bool without_retries;    /* search that, too */
    double start_per_s;
    double least_per_s, most_per_s; /* no rates beyond these */
    double precision;               /* as in struct search_rules */
    struct trial_options trials;    /* none begins that could not end in their
                                     * budget */
    void (*progress)(void *context, const struct capacity_progress *now);
    void *context;
};

enum capacity_end {
    CAPACITY_MADE,
    CAPACITY_STOPPED,     /* somebody asked for it */
    CAPACITY_OUT_OF_TIME, /* the budget was over before the searches were */
    CAPACITY_VOID         /* no figures that can be used: see problem */
};

struct capacity {
    enum capacity_end end;
    size_t search_count;
    struct capacity_search searches[CAPACITY_SEARCHES_MAX];
    char problem[800];
    double time_limit_us; /* what counts as in time; NAN: the SLOs have none */
    struct duration took;
};

/* How long a run of this plan takes, with what comes before and after it, and
 * the runs that a search makes: usually, and at most. */
struct duration capacity_run_time(const struct plan *plan);
size_t capacity_runs_usual(void);
size_t capacity_runs_most(void);

/* False after adding an error: a plan cannot be read, a run cannot be made, or
 * the service cannot be reset. */
bool capacity_make(struct capacity *capacity, struct arena *arena,
                   const struct capacity_options *options,
                   struct errors *errors);

#endif
