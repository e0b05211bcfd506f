/*
 * leftovers: the dead letters of a replay: those that are still not acked.
 *
 * The file has the form of the one that was replayed, and each line is the one
 * that was read, with what the replay added: verdict and reason over both
 * runs, what the ledger tells now, and an entry in "replays".
 */
#ifndef SQUALL_REPORT_LEFTOVERS_H
#define SQUALL_REPORT_LEFTOVERS_H

#include "base/str.h"
#include "measure/effects.h"
#include "plan/letters.h"

/* What a replay knows of one letter. */
struct leftover {
    const struct letter *letter;
    struct letter_ending ending;
    enum verdict after;      /* over both runs */
    enum effect_class class; /* EFFECT_CLASS_COUNT: the ledger tells nothing */
    uint64_t effects;
};

void leftovers_head(struct str *out, const struct letters *letters);
void leftovers_letter(struct str *out, const struct leftover *leftover,
                      int64_t unix_ms);
void leftovers_end(struct str *out, const struct letters *letters,
                   size_t count);

#endif
