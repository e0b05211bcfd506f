/*
 * evidence: the files of a run beside its report: events and dead letters.
 *
 * What is known before the run is checked before it; the journal is kept while
 * it runs; both files are written from the journal when the ledger has told
 * which operations went wrong. A replay has events; its dead letters are its
 * own (cli/replay).
 */
#ifndef SQUALL_CLI_EVIDENCE_H
#define SQUALL_CLI_EVIDENCE_H

#include "cli/command.h"
#include "measure/answers.h"
#include "measure/effects.h"
#include "transport/fleet.h"

struct evidence;

/* NULL when the invocation asks for no such file; then the others do nothing.
 * *ok is false after adding an error. */
struct evidence *evidence_new(const struct invocation *invocation,
                              const struct plan *plan, bool *ok,
                              struct errors *errors);
void evidence_free(struct evidence *evidence);

/* False after adding an error when two files of an invocation are one; the
 * letters that it replays, or NULL, may be replaced by those that stay. */
bool evidence_files_differ(const struct invocation *invocation,
                           const struct letters *letters,
                           struct errors *errors);

/* Makes the workers keep the journal. */
void evidence_keep(struct evidence *evidence, struct fleet *fleet);

/* After the run: listens to what the join tells. */
void evidence_watch(struct evidence *evidence, struct effects_join *join);

/* And to what answers told: an answers_watcher, whose context is the evidence.
 * Where there is no ledger they alone tell duplicates. */
void evidence_hear(void *evidence, const struct answers_told *told);

/* Writes the files. `zero_unix_us`: when the run clock was 0; `endings`: of a
 * replay. False after adding an error for each that is not there or not
 * complete. */
bool evidence_write(struct evidence *evidence, int64_t zero_unix_us,
                    const struct letter_ending *endings,
                    struct errors *errors);

#endif
