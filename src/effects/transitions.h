/*
 * transitions: whether operations went through their states as they should.
 *
 * A ledger says which states an operation took on, and when. They are put in
 * the order of their times (then of the ledger), and each step is held against
 * the allowed ones; the first state must be an initial one. 16 bytes an entry.
 */
#ifndef SQUALL_EFFECTS_TRANSITIONS_H
#define SQUALL_EFFECTS_TRANSITIONS_H

#include "base/arena.h"
#include "measure/effect_figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATES_MAX = 32,
    STATES_STRANGE_MAX = 32,        /* that nobody declared */
    HISTORY_MAX = 64 * 1000 * 1000, /* entries: 1 GiB */
};

struct transition_config {
    size_t count; /* of states; 0: nothing is checked */
    char names[STATES_MAX][STATE_NAME_MAX];
    uint32_t next[STATES_MAX]; /* bits: states that may follow */
    uint32_t initial;          /* bits: states that may be the first */
    uint32_t effects;          /* bits: taking it on is an effect */
};

/* The number of a state, -1 when it is not declared. Longer names than fit are
 * compared as far as they fit. */
int transition_state(const struct transition_config *config, const char *name,
                     size_t length);

struct transitions;

/* In the arena; its entries lie apart and are released by
 * transitions_release. Borrows the config. */
struct transitions *transitions_new(struct arena *arena,
                                    const struct transition_config *config);
void transitions_release(struct transitions *transitions);

/* An operation (by any number of its own) took on a state. */
void transitions_take(struct transitions *transitions, uint32_t member,
                      const char *state, size_t length, int64_t unix_ns);

/* Another reading begins. */
void transitions_clear(struct transitions *transitions);

/* Checks all operations but those that `skips` names (NULL: none). */
void transitions_finish(struct transitions *transitions,
                        bool (*skips)(const void *user, uint64_t member),
                        const void *user, struct transition_figures *figures);

/* After that: whether an operation had an illegal step. */
bool transitions_offends(const struct transitions *transitions,
                         uint32_t member);

#endif
