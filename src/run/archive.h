/*
 * archive: what is kept of each operation of a run, for those who write about
 * single operations: its attempts, in the workers' journal, and what was
 * found of its effects when the run was over.
 *
 * Effects are kept by the operation's number, 8 bytes each; of a replay by the
 * place of its dead letter, since their numbers are far apart.
 */
#ifndef SQUALL_RUN_ARCHIVE_H
#define SQUALL_RUN_ARCHIVE_H

#include "base/error.h"
#include "effects/answers.h"
#include "effects/effects_join.h"
#include "host/fleet.h"
#include "report/writer.h"

struct archive {
    const struct plan *plan;
    bool keeps_effects;
    struct journal *journal; /* NULL: none is kept */
    bool is_complete;        /* all that happened is in the journal */
    struct journal_reader *reader;
    struct archived_effects *effects;
    uint64_t size; /* of effects */
};

/* Without a folder there is no journal, and effects are kept of replays
 * alone. False after adding an error. Release in either case. */
bool archive_init(struct archive *archive, const struct plan *plan,
                  const char *folder, struct errors *errors);
void archive_release(struct archive *archive);

/* Makes the workers keep the journal. */
void archive_keep(struct archive *archive, struct fleet *fleet);

/* After the load: takes what the join finds of each operation. */
void archive_observe(struct archive *archive, struct effects_join *join);

/* And what answers show, which alone find duplicates where there is no ledger:
 * an answers_observer, whose context is the archive. */
void archive_flag(void *archive, const struct answer_flags *one);

/* All workers have ended: nothing is kept any more. False after adding an
 * error when a part of the journal was lost. */
bool archive_end(struct archive *archive, struct errors *errors);

/* After archive_end: lets writers read the operations and their effects. */
void archive_show(struct archive *archive, struct writer_run *run);

#endif
