/*
 * answer: what a service says to a request, as a value: who sends it, over a
 * socket or in virtual time, adds nothing of its own.
 */
#ifndef SQUALL_MODEL_ANSWER_H
#define SQUALL_MODEL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer_how {
    ANSWER_SEND,
    ANSWER_CLOSE, /* hang up without a word */
    ANSWER_RESET, /* the connection breaks */
};

enum answer_media {
    ANSWER_JSON,
    ANSWER_PROBLEM /* RFC 9457 */,
    ANSWER_HTML,
    ANSWER_TEXT
};

enum { ANSWER_BODY_MAX = 640, ANSWER_VALUE_MAX = 128 };

struct service_answer {
    enum answer_how how;
    uint16_t status;
    enum answer_media media;
    bool is_replayed;
    uint64_t retry_after_s; /* 0: not said */
    const char *allow;      /* the methods of a 405, or NULL */
    const char *location;   /* of a redirect, or NULL; shorter than
                             * ANSWER_VALUE_MAX */
    size_t length;
    char body[ANSWER_BODY_MAX + 1];
};

struct answer_header {
    const char *name;
    char value[ANSWER_VALUE_MAX];
};

/* Nothing but a status. */
void service_answer_begin(struct service_answer *answer, unsigned status);

/* Says in the body what the problem is. */
void service_answer_problem(struct service_answer *answer, unsigned status,
                            const char *title);

/* Appends to the body, which has room for what the model says. */
void service_answer_append(struct service_answer *answer, const char *text);

/* As a JSON string; control characters are escaped. */
void service_answer_append_string(struct service_answer *answer,
                                  const char *text);

/* Header number `i`, from 0; false when there are no more. */
bool service_answer_header(const struct service_answer *answer, size_t i,
                           struct answer_header *header);

#endif
