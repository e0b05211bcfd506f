/*
 * remaining: the dead letters of a replay that have not succeeded yet.
 *
 * The file has the form of the one that was replayed, and each line is the one
 * that was read, with what the replay added: verdict and reason over both
 * runs, what the ledger says now, and an entry in "replays".
 */
#ifndef SQUALL_REPORT_REMAINING_H
#define SQUALL_REPORT_REMAINING_H

#include "base/str.h"
#include "effects/effects_join.h"
#include "plan/dead_letters.h"
#include "report/writer.h"

/* What a replay knows of one dead letter. */
struct remaining {
    const struct dead_letter *dead_letter;
    struct operation_ending ending;
    enum verdict after;      /* over both runs */
    enum effect_class class; /* EFFECT_CLASS_COUNT: the ledger says nothing */
    uint64_t effects;
};

/* What became of the dead letter at this place, of a run that is a replay. */
struct remaining remaining_of(const struct writer_run *run, size_t index);

void remaining_head(struct str *out, const struct dead_letters *dead_letters);
void remaining_entry(struct str *out, const struct remaining *remaining,
                     int64_t unix_ms);
void remaining_end(struct str *out, const struct dead_letters *dead_letters,
                   size_t count);

/* The whole file. */
void remaining_write(const struct writer_run *run, struct file_writer *file);

#endif
