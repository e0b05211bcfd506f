/*
 * merge_inside: what the files of a merge share: the reports, when their runs
 * were, and what could not be merged.
 */
#ifndef SQUALL_REPORT_MERGE_INSIDE_H
#define SQUALL_REPORT_MERGE_INSIDE_H

#include "base/must.h"
#include "measure/figure.h"
#include "report/merge.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether a document is a report of a run that keeps its schema; false after
 * adding an error. */
bool merge_input_is_good(const struct merge_input *input,
                         struct errors *errors);

/* A span of the wall clock, in microseconds since 1970. */
struct span {
    double from, until;
};

struct merging {
    const struct merge_input *inputs;
    size_t count;
    struct span *measured; /* the measured time of each */
    double origin_us;      /* where the first of them begins */
    double covered_us;     /* how much time they cover together */
    bool overlap;          /* some ran at the same time */
    cJSON *not_merged;     /* [{"path", "reason"}], borrowed */
    struct errors *errors;
    bool failed;
};

/* When the measured time of a run began, on the clock of the result. */
static inline double merge_offset_us(const struct merging *merging, size_t i)
{
    return merging->measured[i].from - merging->origin_us;
}

/* The time that spans cover together; sorts them. */
double merge_covered_us(struct span *spans, size_t count);

/* Of elements that a list, or names that an object, of a report may have. */
enum { MERGE_LISTED_MAX = 1000 };

/* Adds to a number of the result, which is there. */
static inline void merge_raise(cJSON *number, double by)
{
    must(number);
    (void)cJSON_SetNumberHelper(number, number->valuedouble + by);
}

/* Says that a member is not measured, and why: once for each. */
void merge_note(struct merging *merging, const char *path, const char *reason);

/* An error about a report, after which there is no result. */
void merge_refuse(struct merging *merging, size_t input, const char *path,
                  const char *text);

/* Several places of the same kind: the root of each report, or one part of
 * each; NULL where a report has none. */
struct merge_places {
    const cJSON *const *objects; /* one an input */
    double covered_us;           /* the time that they cover together */
    const char *measured;        /* path of the measured time of each */
    const char *prefix;          /* before paths in notes: "requests[]." */
};

/* One figure by its rule; NAN: not measured. */
double merge_figure(struct merging *merging, const struct figure *figure,
                    const struct merge_places *places);

/* Adds the figures of a group to an object of the result. */
void merge_group(struct merging *merging, cJSON *object,
                 enum figure_group group, const struct merge_places *places);

/* Adds what stands at a path: counts by name, lists of them by name, or a
 * list, added member by member. Null where none has it. */
void merge_counts(struct merging *merging, cJSON *object, const char *name,
                  const char *path, const struct merge_places *places);

/* A distribution of the ones at a path; of `whole` values, those that have no
 * bucket being larger than any; 0: of as many as they count. Null where none
 * has one. */
cJSON *merge_distribution(struct merging *merging, const char *path,
                          double whole, const struct merge_places *places);

/* Adds operations, attempts, rates, success_rate, latency, amplification. */
void merge_panel(struct merging *merging, cJSON *object,
                 const struct merge_places *places);

/* The rows of operation_histogram. */
cJSON *merge_operation_rows(struct merging *merging,
                            const struct merge_places *places);

/* Sections of the result. */
cJSON *merge_series(struct merging *merging);
cJSON *merge_effects(struct merging *merging,
                     const struct merge_places *places);
cJSON *merge_policy(struct merging *merging,
                    const struct merge_places *places);

/* A list of elements with times, each once. */
cJSON *merge_shifted(struct merging *merging, const char *member);
cJSON *merge_warnings(const struct merging *merging);
cJSON *merge_faults(struct merging *merging);
/* *omitted: attempts of kinds that are not in the list. */
cJSON *merge_errors(struct merging *merging, double *omitted);

#endif
