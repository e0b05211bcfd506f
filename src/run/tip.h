/*
 * tip: the smallest trigger from which a service does not come back under a
 * client policy: the size at which it tips over into a state that outlives the
 * trigger.
 *
 * Every run has the load at its rate for a while, then the trigger, then the
 * same load again. It passes when the service is back (measure/recovery.h),
 * and fails when it is not, though the trigger is gone. Sizes are chosen by
 * search/search, for one policy after another.
 */
#ifndef SQUALL_RUN_TIP_H
#define SQUALL_RUN_TIP_H

#include "run/seek.h"

enum tip_trigger {
#define TIP_TRIGGER(id, name, unit, start, least, most, of_service, sentence) \
    TIP_##id,
#include "run/tip_trigger.def"
};

enum {
    TIP_TRIGGER_COUNT = 0
#define TIP_TRIGGER(id, name, unit, start, least, most, of_service, sentence) \
    +1
#include "run/tip_trigger.def"
};

enum tip_unit { TIP_SECONDS, TIP_TIMES };

struct tip_trigger_row {
    const char *name;
    enum tip_unit unit;
    double start, least, most;
    bool of_service;
    const char *sentence;
};

extern const struct tip_trigger_row tip_triggers[TIP_TRIGGER_COUNT];

/* False: none has that name. */
bool tip_trigger_find(const char *name, enum tip_trigger *trigger);

enum { TIP_VARIANTS_MAX = 32, TIP_RUNS_MAX = SEARCH_RUNS_MAX + SEEK_VOID_MAX };

struct tip_run {
    double size;
    uint64_t seed;
    enum search_phase phase;
    bool is_void;
    bool healed;              /* of those that are not void */
    struct duration recovery; /* from the end of the trigger; < 0: never, or
                               * not measured */
    double amplification;     /* attempts an operation; < 0: not measured */
};

struct tip_search {
    const char *name;
    bool is_over;
    struct search_view found;
    char limit[800]; /* why no larger size was run, where that was squall's own
                      * limit; or "" */
    double limit_size;
    size_t void_count;
    size_t run_count;
    struct tip_run runs[TIP_RUNS_MAX];
};

struct tip_variant {
    const char *name;
    struct plan_input input; /* an open load with a rate */
};

struct tip_progress {
    const char *variant;
    size_t runs, most; /* of this search: made, and at most */
    double size;       /* of the run that is about to begin */
};

struct tip_options {
    size_t variant_count; /* at least 1 */
    const struct tip_variant *variants;
    enum tip_trigger trigger;
    struct duration before, length, after; /* length: but of an outage */
    double start, most;                    /* sizes */
    double precision;
    struct trial_options trials; /* none begins that could not end in their
                                  * budget */
    void (*progress)(void *context, const struct tip_progress *now);
    void *context;
};

struct tip {
    enum seek_end end; /* never FAILED */
    size_t search_count;
    struct tip_search *searches; /* the arena's */
    char problem[800];
    struct duration took;
};

/* Runs of one search, usually and at most, and how long one takes that has a
 * trigger of the start's size. */
size_t tip_runs_usual(void);
size_t tip_runs_most(void);
struct duration tip_run_time(const struct tip_options *options);

/* False after adding an error. */
bool tip_make(struct tip *tip, struct arena *arena,
              const struct tip_options *options, struct errors *errors);

#endif
