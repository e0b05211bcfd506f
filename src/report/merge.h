/*
 * merge: the reports of several runs as one report of all of them.
 *
 * Counters are added, by the rules of merge.def; distributions are added
 * bucket by bucket, so that percentiles are those of all values together; the
 * series is laid on the wall clock. What the reports do not hold is not
 * measured in the result, and its member "merge" says why, beside what was
 * merged, when the runs were and in what their profiles differ.
 */
#ifndef SQUALL_REPORT_MERGE_H
#define SQUALL_REPORT_MERGE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum { MERGE_REPORTS_MAX = 1000 };

struct merge_input {
    const char *name; /* of the file */
    const cJSON *document;
};

/* Makes the report of two reports or more, owned by the caller (cJSON_Delete),
 * secrets masked. argv is the command line that asks for it. NULL after adding
 * an error: one is no report of a run, does not keep its schema, is of a
 * replay or a merge, or two are of one run. The reports may be hostile. */
cJSON *merge_reports(const struct merge_input *inputs, size_t count, int argc,
                     const char *const *argv, struct errors *errors);

#endif
