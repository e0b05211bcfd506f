/*
 * seek: makes the runs that a search asks for, until it is over, somebody
 * stops it, the time is over, or too many runs say nothing.
 *
 * A run that says nothing of the service is made again; a size that is run in
 * vain twice, and of which no larger one was ever run, is a bound of the
 * search.
 */
#ifndef SQUALL_RUN_SEEK_H
#define SQUALL_RUN_SEEK_H

#include "run/trial.h"
#include "search/search.h"

enum { SEEK_VOID_MAX = 12 };

/* What a run of a size came to. */
struct seek_run {
    bool passed;
    bool is_void;      /* it says nothing of the service */
    char problem[800]; /* why; or, where it is not void, why no run ever will:
                        * then the search ends. "": nothing is wrong */
};

struct seek_budget {
    struct duration time;    /* FOREVER: no limit */
    struct instant began;    /* when it began to run out */
    struct duration longest; /* that a run took */
};

struct seek {
    struct trials *trials;
    struct seek_budget *budget; /* of several searches, perhaps */
    void *context;
    /* Makes a run; what it came to is in `run` where the trial counts or is
     * void. May be told so before by `progress`, which may be NULL. */
    enum trial_use (*run)(void *context, double size, enum search_phase phase,
                          struct seek_run *run, struct errors *errors);
    void (*progress)(void *context, double size);
};

enum seek_end {
    SEEK_OVER,
    SEEK_STOPPED,
    SEEK_OUT_OF_TIME,
    SEEK_VOID,  /* see problem */
    SEEK_FAILED /* after adding an error */
};

struct seek_result {
    enum seek_end end;
    size_t void_count;
    char problem[800]; /* why it is VOID */
    char limit[800];   /* why the smallest of limit_size could not be run */
    double limit_size; /* INFINITY: there was no such */
};

/* Whether another run would not end in time. In virtual time never. */
bool seek_is_out_of_time(const struct trials *trials,
                         const struct seek_budget *budget);

/* Runs a search that was begun. */
void seek_make(const struct seek *seek, struct search *search,
               struct seek_result *result, struct errors *errors);

#endif
