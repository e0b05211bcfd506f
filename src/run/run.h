/*
 * run: one run, as a value: a plan and options in, a result and a document
 * out.
 *
 * In order: fit the plan's limits to this process; start the embedded service
 * where the plan names no other; find out what can be found out before the
 * load (the ledger); drive; reconcile; compute; make the document. What was
 * measured is reported, whatever goes wrong afterwards.
 *
 * It prints nothing, handles no signals, and leaves nothing behind: runs may
 * be made one after another in a process that has called curl_global_init.
 * Each takes a plan of its own, since operations and keys are named by the
 * number of the run (plan->run).
 */
#ifndef SQUALL_RUN_RUN_H
#define SQUALL_RUN_RUN_H

#include "base/error.h"
#include "engine/engine.h"
#include "engine/virtual/engine_virtual.h"
#include "measure/result.h"
#include "plan/plan.h"
#include "report/writer.h"
#include "run/observer.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdbool.h>

struct run_options {
    /* In virtual time, against a model of the embedded service: what it is to
     * know of the network and the clock (run/simulation.h). NULL: requests are
     * sent: see engine_choice.h. */
    const struct virtual_settings *simulation;
    struct run_observer observer;
    /* How often an end has been asked for, from any thread; NULL: never. See
     * run/drive.h. A run that was asked is incomplete. */
    const atomic_uint *stops;
    /* The ledger is not read to the end when this is true; may be NULL. */
    const atomic_bool *give_up;
    /* A folder for the journal of all attempts, which some writers need; NULL:
     * none is kept. */
    const char *journal;
    /* The exit status of a run that is invalid for nothing but SLOs that
     * squall's own lateness decides: 0, not 3. */
    bool warns_of_invalid;
    /* What the document says of the program. */
    int argc;
    const char *const *argv;
    const char *libcurl; /* curl_version() */
};

struct run;

/* Makes a run. Borrows the plan until run_free, and changes it: limits are
 * lowered to what fits, and it gets the URL of the embedded service. NULL
 * after adding an error: nothing was measured. Otherwise errors say what went
 * wrong afterwards, and the document does, too. */
struct run *run_make(struct plan *plan, const struct run_options *options,
                     struct errors *errors);
void run_free(struct run *run);

/* All belong to the run. */
const struct result *run_result(const struct run *run);

/* "squall.report/1"; writers that fail say so in it (report/writer.h). */
cJSON *run_document(const struct run *run);

/* While it is made, for run_observer.figures: the document so far, whose
 * run.complete is false. The caller owns it: cJSON_Delete. */
cJSON *run_document_so_far(const struct run_so_far *now);

/* What there is beside the document. */
const struct writer_run *run_for_writers(const struct run *run);

#endif
