/*
 * transcript: the start of what was said by both sides of one attempt, for
 * people who want to see it. Only where a plan asks for that:
 * plan->show_failed.
 */
#ifndef SQUALL_ENGINE_TRANSCRIPT_H
#define SQUALL_ENGINE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum transcript_part {
    TRANSCRIPT_REQUEST_HEAD,
    TRANSCRIPT_REQUEST_BODY,
    TRANSCRIPT_ANSWER_HEAD,
    TRANSCRIPT_ANSWER_BODY
};

enum { TRANSCRIPT_PARTS = TRANSCRIPT_ANSWER_BODY + 1, TRANSCRIPT_MAX = 4096 };

/* Bytes of any kind. */
struct transcript {
    struct transcript_bytes {
        size_t length;
        bool is_cut; /* there was more */
        char bytes[TRANSCRIPT_MAX];
    } parts[TRANSCRIPT_PARTS];
};

/* Nothing was said yet. */
void transcript_begin(struct transcript *transcript);

void transcript_add(struct transcript *transcript, enum transcript_part part,
                    const char *bytes, size_t length);

#endif
