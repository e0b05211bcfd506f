/*
 * dead_letters: the file of operations that were not succeeded, and how to
 * send them again, "squall.dead_letters/1": lines of JSON.
 *
 * A line of the run, with the settings that a replay needs; a line a dead
 * letter; and a last one that says how many there were. Secrets are written as
 * the profile has them, ${env:NAME}, or as "***" that nobody can send.
 */
#ifndef SQUALL_REPORT_DEAD_LETTERS_H
#define SQUALL_REPORT_DEAD_LETTERS_H

#include "plan/rendered.h"
#include "report/events.h"

void dead_letters_head(struct str *out, const struct events_run *run);

/* Who sent what a dead letter shows: the last attempt that was sent, else the
 * last, else the first that would have been. Borrows from the trace. */
void dead_letters_subject(const struct events_run *run,
                          const struct event_trace *trace,
                          struct template_subject *subject);

/* `request`: as that subject sends it; secrets in it are hidden here. */
void dead_letters_entry(struct str *out, const struct events_run *run,
                        const struct event_trace *trace,
                        const struct events_effect *effect,
                        const struct template_subject *subject,
                        struct rendered *request);

void dead_letters_end(struct str *out, uint64_t dead_letters, bool complete);

#endif
