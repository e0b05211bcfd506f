#include "model/answer.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

void service_answer_begin(struct service_answer *answer, unsigned status)
{
    answer->how = ANSWER_SEND;
    answer->status = (uint16_t)status;
    answer->media = ANSWER_JSON;
    answer->is_replayed = false;
    answer->retry_after_s = 0;
    answer->allow = NULL;
    answer->location = NULL;
    answer->length = 0;
    answer->body[0] = '\0';
}

void service_answer_append(struct service_answer *answer, const char *text)
{
    size_t length = strlen(text);
    must(length <= ANSWER_BODY_MAX - answer->length);
    memcpy(answer->body + answer->length, text, length + 1);
    answer->length += length;
}

void service_answer_append_string(struct service_answer *answer,
                                  const char *text)
{
    service_answer_append(answer, "\"");
    for (; *text; text++) {
        char written[8] = {text[0]};
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            snprintf(written, sizeof(written), "\\u%04x", (unsigned)*text);
        } else if (*text == '"' || *text == '\\') {
            written[0] = '\\';
            written[1] = *text;
        }
        service_answer_append(answer, written);
    }
    service_answer_append(answer, "\"");
}

void service_answer_problem(struct service_answer *answer, unsigned status,
                            const char *title)
{
    char number[24];
    service_answer_begin(answer, status);
    answer->media = ANSWER_PROBLEM;
    snprintf(number, sizeof(number), ", \"status\": %u}\n", status);
    service_answer_append(answer, "{\"title\": ");
    service_answer_append_string(answer, title);
    service_answer_append(answer, number);
}

/* One of the headers that an answer may have; false: it has it not. */
static bool fill_header(const struct service_answer *answer, size_t which,
                        struct answer_header *header)
{
    static const char *const media[] = {
        [ANSWER_JSON] = "application/json",
        [ANSWER_PROBLEM] = "application/problem+json",
        [ANSWER_HTML] = "text/html",
        [ANSWER_TEXT] = "text/plain",
    };
    static const char *const names[] = {"Content-Type", "Idempotent-Replayed",
                                        "Retry-After", "Allow", "Location"};
    header->name = names[which];
    switch (which) {
    case 0:
        snprintf(header->value, sizeof(header->value), "%s",
                 media[answer->media]);
        return answer->length > 0;
    case 1:
        snprintf(header->value, sizeof(header->value), "true");
        return answer->is_replayed;
    case 2:
        snprintf(header->value, sizeof(header->value), "%llu",
                 (unsigned long long)answer->retry_after_s);
        return answer->retry_after_s > 0;
    case 4:
        snprintf(header->value, sizeof(header->value), "%s",
                 answer->location ? answer->location : "");
        return answer->location != NULL;
    default:
        snprintf(header->value, sizeof(header->value), "%s",
                 answer->allow ? answer->allow : "");
        return answer->allow != NULL;
    }
}

bool service_answer_header(const struct service_answer *answer, size_t i,
                           struct answer_header *header)
{
    for (size_t which = 0; which < 5; which++) {
        if (fill_header(answer, which, header) && i-- == 0) {
            return true;
        }
    }
    return false;
}
