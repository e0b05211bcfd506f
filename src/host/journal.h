/*
 * journal: what happened to every attempt, kept on disk until the run is over.
 *
 * Which operations are evidence is known only after the join with the ledger.
 * So each worker writes all of them, as they are in memory, about 100 bytes an
 * attempt and as many an operation, into a file of its own that has no name:
 * it is gone when the process is. Text is made of it afterwards.
 *
 * A worker copies a record into a block; one thread writes the blocks of all
 * workers, so that no worker waits for a disk. A worker has JOURNAL_BLOCKS of
 * them, taken before the run. When the disk is full, or so slow that all its
 * blocks are, that worker's journal ends there: what was written is whole,
 * the rest is lost, and journal_end says so. The run goes on unhindered.
 *
 * Records of an operation are chained backwards, and its own comes last, so
 * that a reader finds an operation whole with the order of the file in hand.
 */
#ifndef SQUALL_HOST_JOURNAL_H
#define SQUALL_HOST_JOURNAL_H

#include "base/error.h"
#include "measure/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_BLOCK_SIZE = 128 * 1024, JOURNAL_BLOCKS = 32 };

struct journal;

/* That of one worker. */
struct journal_part;

/* Makes the files in a folder and starts the thread. NULL after adding an
 * error. */
struct journal *journal_new(const char *folder, size_t parts,
                            struct errors *errors);
void journal_free(struct journal *journal);

struct journal_part *journal_part(struct journal *journal, size_t index);

/* Of one worker's thread. `chain` is the operation's: 0 before its first
 * record. Keys are at most KEY_MAX bytes. Allocates nothing, never waits. */
void journal_attempt(struct journal_part *part,
                     const struct event_attempt *attempt,
                     const struct event_key *key, uint64_t *chain);
void journal_operation(struct journal_part *part,
                       const struct event_operation *operation,
                       const struct event_key *key, uint64_t *chain);

/* After all workers have ended: writes what is left and ends the thread. False
 * after adding an error when something was lost; what is there can be read. */
bool journal_end(struct journal *journal, struct errors *errors);

/* Reads the operations after journal_end, worker by worker, in the order of
 * their ends. */
struct journal_reader;

struct journal_reader *journal_read(const struct journal *journal);
void journal_reader_free(struct journal_reader *reader);

/* The next operation, or NULL at the end. It is valid until the next call. */
const struct event_trace *journal_next(struct journal_reader *reader);

/* Whether reading ended because the files could not be read. */
bool journal_reader_failed(const struct journal_reader *reader);

#endif
