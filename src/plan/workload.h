/*
 * workload: which operations a run has, and what their attempts send.
 *
 * A host asks for one operation a turn, and for the message of each attempt,
 * and knows nothing of where they come from. There are two workloads:
 * - new operations: as many as the load asks for, numbered as they come, their
 *   request picked from the profile's by weight, or as a recorded arrival has
 *   it, their key made, their texts filled from templates;
 * - dead letters (plan/dead_letters.h): those of a file, each once and as it
 *   was: its number, key, request and text.
 * Another one is a file beside these, and a value of struct workload.
 */
#ifndef SQUALL_PLAN_WORKLOAD_H
#define SQUALL_PLAN_WORKLOAD_H

#include "base/arena.h"
#include "base/error.h"
#include "base/rng.h"
#include "load/mix.h"
#include "load/template.h"
#include "plan/message.h"
#include "plan/profile_base.h"
#include "policy/key.h"
#include "policy/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

/* What became of an operation in earlier runs. */
struct earlier_runs {
    enum verdict verdict;
    unsigned attempts; /* that were sent */
    bool one_key;      /* each of them carried the key that it has now */
};

/* An operation that is to be performed. */
struct planned_operation {
    uint64_t number; /* in the run that it is of, for its id */
    uint64_t place;  /* in its workload, from 0 */
    uint64_t client; /* that it is of, for templates */
    uint16_t request;
    bool has_key;
    bool is_repeated; /* it was tried in earlier runs */
    struct earlier_runs earlier;
    size_t key_length;
    char key[KEY_MAX]; /* NUL-terminated; "": none */
};

/* How an operation ended, by its place, where a workload has an end. */
struct operation_ending {
    bool started;
    uint8_t verdict;  /* enum verdict; of this run alone */
    uint8_t reason;   /* enum finish_reason */
    bool rejects_all; /* effects/replayed.h */
    unsigned attempts;
};

/* What one worker picks its operations with. */
struct picker {
    const struct plan *plan;
    uint64_t worker, workers; /* which, of how many */
    uint64_t arrival; /* of the schedule, that is picked for or dropped */
    struct mix mix;
    struct rng rng;
    char *scratch; /* a filled body, for keys that are its hash */
    size_t scratch_size;
};

struct workload {
    const struct profile_base *base; /* of the plan's profile, or NULL */
    uint64_t run, seed; /* that its operations are of; unless they are new */
    uint64_t count;     /* of its operations; UINT64_MAX: it has no end */
    /* room for lines of messages that are not filled from templates */
    size_t line_max, lines_size;

    /* Gives the plan's requests the traits that only the operations know.
     * Called before traits are looked at. */
    void (*fit)(const struct workload *workload, struct plan *plan);
    /* The plan's URL is known; `elsewhere`: it was given for this run alone.
     * False after adding errors. */
    bool (*aim)(struct workload *workload, const struct plan *plan,
                bool elsewhere, struct errors *errors);
    /* Fills in an operation whose place and client are set. `unix_ms` is the
     * wall clock, for keys. */
    void (*pick)(struct picker *picker, int64_t unix_ms,
                 struct planned_operation *operation);
    /* See message_fill. */
    void (*fill)(const struct message_room *room, size_t index,
                 const struct planned_operation *operation, unsigned attempt,
                 struct message *message);
    /* The place of an operation's number, which must be one of its own. */
    uint64_t (*place)(const struct workload *workload, uint64_t number);
    /* The key that an attempt carried, made again for a report, into KEY_MAX
     * bytes; returns its length, 0 where it cannot be made: a uuid7 depends on
     * the host's clock, a hash on what was rendered, some templates on the
     * client or on the environment, and some requests have no key. */
    size_t (*key_again)(const struct plan *plan, uint64_t number,
                        unsigned attempt, char *key);
};

/* The workload of a plan: its own, or new operations. */
const struct workload *workload_of(const struct plan *plan);

static inline bool workload_has_end(const struct workload *workload)
{
    return workload->count != UINT64_MAX;
}

/* Memory from the arena; borrows the plan. */
void picker_init(struct picker *picker, const struct plan *plan,
                 uint64_t worker, uint64_t workers, struct arena *arena);

/* The operation of a worker's turn, from 0. Places are dealt to the workers in
 * turn. The workload must have so many. */
void picker_next(struct picker *picker, uint64_t turn, uint64_t client,
                 int64_t unix_ms, struct planned_operation *operation);

/* The request of an operation that is dropped before it is picked. */
uint16_t picker_dropped(struct picker *picker);

/* Makes the key anew for an attempt after the first, where each attempt has
 * its own; else it stays. */
void picker_renew_key(struct picker *picker, unsigned attempt, int64_t unix_ms,
                      struct planned_operation *operation);

/* Who sends an attempt of an operation, for templates. */
struct template_subject planned_operation_subject(
    const struct plan *plan, const struct planned_operation *operation,
    unsigned attempt);

#endif
