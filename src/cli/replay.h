/*
 * replay: dead letters, sent again: what squall run does not know of them.
 *
 * A replay is a run whose operations come from a file. cli/run drives it, and
 * asks here for what is known of the letters over all their runs.
 */
#ifndef SQUALL_CLI_REPLAY_H
#define SQUALL_CLI_REPLAY_H

#include "cli/command.h"
#include "measure/replayed.h"

struct replay {
    struct letters *letters;
    const char *leftovers;   /* where those still open are written, or NULL */
    uint8_t *classes;        /* of each letter: enum effect_class + 1, or 0 */
    uint64_t *effects;       /* of each letter, where it has a class */
    struct replayed replayed;
};

/* After the run: listens to what the join tells. */
void replay_watch(struct replay *replay, struct effects_join *join);

/* Counts. Endings are those of the fleet. */
void replay_count(struct replay *replay, const struct letter_ending *endings,
                  bool has_classes);

/* Writes the letters that are still open, if that was asked for. */
bool replay_write(const struct replay *replay,
                  const struct letter_ending *endings,
                  int64_t started_unix_ms, struct errors *errors);

/* In run.c: drives, measures and judges; a replay, or NULL. Returns the exit
 * status. */
int run_invocation(const struct invocation *invocation,
                   struct replay *replay);

#endif
