#include "audit/auditor.h"

#include "audit/identity.h"
#include "base/must.h"
#include "policy/key.h"
#include "transport/clock.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Far from the salts that runs use. */
static const uint64_t KEY_SALT = UINT64_C(0x6175646974000000);

const char *auditor_keep(struct auditor *auditor, const char *format, ...)
{
    struct str text = STR_INIT;
    va_list list;
    va_start(list, format);
    str_vprintf(&text, format, list);
    va_end(list);
    const char *kept = arena_strdup(&auditor->result->arena, text.text);
    str_release(&text);
    return kept;
}

struct audit_subject new_subject(struct auditor *auditor)
{
    char key[37];
    uint64_t number = auditor->next_operation++;
    key_uuid4(auditor->plan->run, number, KEY_SALT, key);
    return (struct audit_subject){
        .number = number,
        .key = auditor_keep(auditor, "%s", key),
        .effects = -1,
    };
}

struct audit_subject new_sibling(struct auditor *auditor,
                                 const struct audit_subject *subject)
{
    return (struct audit_subject){
        .number = auditor->next_operation++,
        .key = subject->key,
        .effects = -1,
    };
}

/* The note of an attempt that begins now. */
static struct audit_attempt *begin(struct auditor *auditor,
                                   const struct request_spec *spec)
{
    struct audit_check *check = auditor->check;
    struct audit_attempt *attempt =
        arena_alloc(&auditor->result->arena, sizeof(*attempt));

    attempt->what = spec->what;
    attempt->operation = spec->subject->number;
    attempt->key = spec->key_lines ? spec->key_shown : spec->subject->key;
    attempt->end = LINE_UNCONNECTED;
    attempt->identity = "";
    attempt->at = instant_since(clock_now(), auditor->began);
    if (check->attempt_count < ATTEMPTS_MAX) {
        check->attempts[check->attempt_count++] = attempt;
    }
    return attempt;
}

static bool has_word(const char *value, size_t length, const char *word)
{
    size_t word_length = strlen(word);
    for (size_t i = 0; value && i + word_length <= length; i++) {
        if (strncasecmp(value + i, word, word_length) == 0) {
            return true;
        }
    }
    return false;
}

/* Names under which services mark a replay. */
static bool is_marked(const struct reply *reply)
{
    static const char *const names[] = {
        "Idempotent-Replayed", "Idempotency-Replayed",
        "Idempotent-Replay", "X-Idempotent-Replayed",
        "X-Idempotency-Replayed", "Idempotency-Replay"};
    size_t length;
    for (size_t i = 0; i < array_length(names); i++) {
        const char *value = reply_header(reply, names[i], &length);
        if (value && !has_word(value, length, "false")) {
            return true;
        }
    }
    return false;
}

/* Keeps what the checks and the report ask of an answer. */
static void read_reply(struct auditor *auditor, struct audit_attempt *attempt,
                       const struct reply *reply)
{
    size_t length = 0;
    const char *media = reply_header(reply, "Content-Type", &length);
    size_t media_length = 0;
    while (media && media_length < length && media[media_length] != ';' &&
           media_length + 1 < sizeof(attempt->media)) {
        char c = media[media_length];
        attempt->media[media_length++] =
            c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    attempt->status = reply->status;
    attempt->body = hash_bytes(reply->body.text, reply->body.length);
    attempt->marked = is_marked(reply);
    attempt->is_problem = strstr(attempt->media, "problem+json") != NULL;
    attempt->is_html = strcmp(attempt->media, "text/html") == 0;
    attempt->has_retry_after =
        reply_header(reply, "Retry-After", &length) != NULL;
    const char *link = reply_header(reply, "Link", &length);
    attempt->is_described = has_word(link, length, "describedby");

    struct str identity = STR_INIT;
    if (reply->status / 100 == 2 &&
        identity_find(reply, auditor->options->effect_id, &identity)) {
        attempt->identity = auditor_keep(auditor, "%s", identity.text);
    }
    str_release(&identity);
}

/* Ends of requests that were meant to fail say nothing of the service. */
static void count_failures(struct auditor *auditor,
                           const struct request_spec *spec,
                           const struct audit_attempt *attempt)
{
    if (is_failure(attempt) && !spec->extra) {
        auditor->failures++;
    } else if (!spec->extra) {
        auditor->failures = 0;
    }
}

static void receive(struct auditor *auditor, const struct request_spec *spec,
                    struct line *line, struct audit_attempt *attempt)
{
    struct reply reply;
    struct instant asked = clock_now();

    reply_init(&reply);
    reply.to_head = strcmp(auditor->request->config.method, "HEAD") == 0;
    attempt->end = line_receive(&auditor->exchange, line, &reply);
    attempt->took = instant_since(clock_now(), asked);
    if (attempt->end == LINE_ANSWERED) {
        read_reply(auditor, attempt, &reply);
    }
    count_failures(auditor, spec, attempt);
    reply_release(&reply);
    line_give(&auditor->exchange, line);
}

const struct audit_attempt *auditor_send(struct auditor *auditor,
                                         const struct request_spec *spec)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct line *line = line_take(&auditor->exchange);

    must(compose(auditor, spec, &text, &body));
    if (line && line_send(&auditor->exchange, line, text.text, text.length)) {
        receive(auditor, spec, line, attempt);
    } else if (line) {
        /* Some services answer before they have read it all. */
        receive(auditor, spec, line, attempt);
    }
    str_release(&text);
    return attempt;
}

struct duration auditor_patience(const struct auditor *auditor)
{
    if (auditor->options->convention == CONVENTION_REJECT_DUPLICATE) {
        return duration_add(duration_ms(100),
                            (struct duration){auditor->median.ns * 4});
    }
    return auditor->options->patient ? duration_s(120)
                                     : duration_add(duration_s(2),
                                                    (struct duration){
                                                        auditor->median.ns *
                                                        10});
}

const struct audit_attempt *auditor_follow(struct auditor *auditor,
                                           const struct request_spec *spec,
                                           struct duration patience)
{
    struct instant end = instant_add(clock_now(), patience);
    struct duration wait = duration_ms(5);
    const struct audit_attempt *attempt = auditor_send(auditor, spec);

    while (is_busy(auditor->options->convention, attempt) &&
           instant_before(clock_now(), end) &&
           !exchange_stopped(&auditor->exchange)) {
        exchange_sleep(&auditor->exchange, wait);
        wait = duration_min((struct duration){wait.ns * 2}, duration_s(1));
        attempt = auditor_send(auditor, spec);
    }
    return attempt;
}

const struct audit_attempt *auditor_lose(struct auditor *auditor,
                                         const struct request_spec *spec,
                                         double part, struct duration wait)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct instant began = clock_now();
    struct line *line = line_take(&auditor->exchange);

    must(compose(auditor, spec, &text, &body));
    size_t length =
        body + (size_t)((double)(text.length - body) * part);
    if (line && line_send(&auditor->exchange, line, text.text, length)) {
        exchange_sleep(&auditor->exchange, wait);
        line_hang_up(line);
        if (line_deliver(&auditor->exchange, line)) {
            attempt->end = LINE_DROPPED;
            attempt->delivered = length == text.length;
        }
    }
    line_drop(line);
    attempt->took = instant_since(clock_now(), began);
    str_release(&text);
    return attempt;
}

/* One request of a race. */
struct racer {
    struct line *line;
    struct audit_attempt *attempt;
    struct str text;
};

void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts)
{
    struct racer racers[RACERS];
    size_t body;
    must(count <= RACERS);

    for (size_t i = 0; i < count; i++) {
        struct racer *racer = &racers[i];
        racer->text = (struct str)STR_INIT;
        racer->attempt = begin(auditor, &specs[i]);
        attempts[i] = racer->attempt;
        racer->line = line_take(&auditor->exchange);
        must(compose(auditor, &specs[i], &racer->text, &body));
        if (racer->line &&
            !line_send(&auditor->exchange, racer->line, racer->text.text,
                       racer->text.length - 1)) {
            line_drop(racer->line);
            racer->line = NULL;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (racers[i].line) {
            (void)line_deliver(&auditor->exchange, racers[i].line);
        }
    }
    /* Time for the service to read what is there. */
    exchange_sleep(&auditor->exchange, duration_ms(2));
    for (size_t i = 0; i < count; i++) {
        struct racer *racer = &racers[i];
        if (racer->line) {
            racer->attempt->at = instant_since(clock_now(), auditor->began);
            (void)line_send(&auditor->exchange, racer->line,
                            racer->text.text + racer->text.length - 1, 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (racers[i].line) {
            receive(auditor, &specs[i], racers[i].line, racers[i].attempt);
        }
        str_release(&racers[i].text);
    }
}
