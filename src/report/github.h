/*
 * github: what a job of GitHub Actions shows besides its log.
 */
#ifndef SQUALL_REPORT_GITHUB_H
#define SQUALL_REPORT_GITHUB_H

#include <cjson/cJSON.h>

/* Within such a job (GITHUB_ACTIONS is "true"): appends the report as Markdown
 * to the summary of the step (the file $GITHUB_STEP_SUMMARY), and writes an
 * annotation to standard error for what went wrong with the run, and for each
 * SLO, gate and check that was not met. Elsewhere it does nothing. A summary
 * that cannot be written is said on standard error, and changes no exit
 * status. */
void github_annotate(const cJSON *document);

#endif
