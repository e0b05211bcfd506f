/*
 * experiment_saved: saved reports of single runs beside each other.
 *
 * It is an experiment of one round, in which nothing can be shown: its rows
 * have estimates and no findings but "undecided". What else keeps the runs
 * from being comparable is said in words.
 */
#ifndef SQUALL_RUN_EXPERIMENT_SAVED_H
#define SQUALL_RUN_EXPERIMENT_SAVED_H

#include "base/str.h"
#include "run/experiment.h"

#include <cjson/cJSON.h>

enum { SAVED_REMARKS_MAX = 3 };

struct saved_remarks {
    size_t count;
    struct str sentences[SAVED_REMARKS_MAX];
};

/* `options` has the variants, the baseline and what is judged; `reports` one
 * "squall.report/1" for each. Memory from the arena; release the remarks. */
void experiment_of_reports(struct experiment *experiment, struct arena *arena,
                           const struct experiment_options *options,
                           const cJSON *const *reports,
                           struct saved_remarks *remarks);

void saved_remarks_release(struct saved_remarks *remarks);

#endif
