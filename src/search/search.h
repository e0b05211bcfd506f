/*
 * search: which size to run next, to find the edge between sizes at which runs
 * pass and sizes at which they fail, where runs near it go either way. A size
 * is the rate of a load (capacity) or how much of a trigger there is (tip).
 *
 * 1. Bracket: the size doubles from the start until runs fail; a failure ends
 *    that only if it is repeated (two of three). Where the start itself fails,
 *    it halves until a run passes.
 * 2. Narrow: all runs so far are what is believed of the edge (belief.h). The
 *    next are at its median, that less h, the median, that and h, and so on; h
 *    is the spread, or a quarter of the 90 % interval where that is more. It
 *    ends when the interval is as narrow as was asked and enough runs were
 *    made, or with the most that are to be made.
 * 3. Confirm: the headline is the size at which nine of ten runs pass. There
 *    runs must pass three times in a row; a failure is evidence, and gives
 *    another headline.
 *
 * It takes no time and makes no run: who asks for the next size says what a
 * run of it showed. The number of runs is at most search_most_runs.
 */
#ifndef SQUALL_SEARCH_SEARCH_H
#define SQUALL_SEARCH_SEARCH_H

#include "search/belief.h"

enum { SEARCH_RUNS_MAX = 80, SEARCH_IN_A_ROW = 3, SEARCH_CONFIRM_MOST = 12 };

struct search_rules {
    double start;       /* where it begins */
    double least, most; /* nothing beyond these is run; least > 0 */
    double precision;   /* of the 90 % interval: 0.1 is high/low <= 1.1 */
    size_t runs_least;  /* at least, to narrow it */
    size_t runs_most;   /* at most, without those that confirm */
};

enum search_phase {
    SEARCH_BRACKET,
    SEARCH_NARROW,
    SEARCH_CONFIRM,
    SEARCH_OVER
};

/* "bracket", "narrow" or "confirm": of a run that was made in it. */
const char *search_phase_word(enum search_phase phase);

/* What became of it: UNFINISHED, not over, or it found no size that fails in
 * the runs that it had; FOUND, there is an edge; NEVER_FAILS at the most;
 * NEVER_PASSES at the least; IMPOSSIBLE, not even the least could be run. */
enum search_end {
#define SEARCH_END_OF(id, word, sentence) SEARCH_##id,
#include "search/search_end.def"
};

enum {
    SEARCH_END_COUNT = 0
#define SEARCH_END_OF(id, word, sentence) +1
#include "search/search_end.def"
};

const char *search_end_word(enum search_end end);

struct search_run {
    double size;
    enum search_phase phase;
    bool passed;
};

struct search {
    struct search_rules rules;
    struct arena *arena; /* of the belief, which is made once */
    enum search_phase phase;
    enum search_end end;
    double size; /* of the next run */
    size_t run_count;
    struct search_run runs[SEARCH_RUNS_MAX];
    /* bracket */
    bool goes_down;
    size_t passed_here, failed_here; /* of the runs at this size */
    double ceiling; /* the smallest size that cannot be run; INFINITY */
    /* from narrow on */
    bool has_belief;
    struct belief belief;
    size_t narrow_runs;
    double headline;
    size_t confirm_runs, in_a_row;
};

/* What is known. Sizes are NAN where nothing is. */
struct search_view {
    enum search_end end;
    double headline;     /* nine of ten runs pass; of NEVER_FAILS the most */
    size_t passed, runs; /* there, of any phase */
    bool is_confirmed;   /* the last SEARCH_IN_A_ROW did */
    double edge, low, high; /* half of the runs pass, and the 90 % interval;
                             * high is INFINITY where no run was so large */
    double spread;
    double fails_from; /* from it on no run passed */
    size_t fails;      /* so many runs */
};

/* Borrows the arena for as long as the search lasts. */
void search_init(struct search *search, struct arena *arena,
                 const struct search_rules *rules);

/* The size of the next run; false when the search is over. */
bool search_next(const struct search *search, double *size);

/* A run of that size passed, or failed. */
void search_take(struct search *search, bool passed);

/* A run of that size cannot be made: nothing is known of it, nor of any that
 * is larger. */
void search_cannot(struct search *search);

/* Runs at most, from the first to the last. */
size_t search_most_runs(const struct search_rules *rules);

struct search_view search_view(const struct search *search);

#endif
