/*
 * diff: what is different in the reports of two runs, the biggest change
 * first: a document of its own, "squall.diff/1".
 *
 * It says what differs and by how much, and not whether that means anything:
 * two runs of the same differ, too (squall compare says what holds).
 */
#ifndef SQUALL_REPORT_DIFF_H
#define SQUALL_REPORT_DIFF_H

#include "base/error.h"
#include "report/merge.h"

#include <cjson/cJSON.h>

/* Owned by the caller (cJSON_Delete), secrets masked. NULL after adding an
 * error: one is no report of a run, or does not keep its schema. The reports
 * may be hostile. */
cJSON *diff_reports(const struct merge_input inputs[2], int argc,
                    const char *const *argv, struct errors *errors);

#endif
