#include "audit/auditor.h"

#include "base/must.h"
#include "policy/hint.h"
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

/* From an instant of the audit until now. */
static struct duration duration_since(struct instant now,
                                      struct instant began,
                                      struct duration at)
{
    return instant_since(now, instant_add(began, at));
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
    attempt->is_made = spec->extra || spec->payload == PAYLOAD_REJECTED;
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

/* Seconds or a date; what is none of them asks for no time. */
static void read_retry_after(struct audit_attempt *attempt,
                             const struct reply *reply)
{
    size_t length;
    const char *value = reply_header(reply, "Retry-After", &length);
    if (!value) {
        return;
    }
    struct server_hint hint = hint_either(
        hint_parse(HINT_SECONDS, value, length, clock_unix_ms()),
        hint_parse(HINT_HTTP_DATE, value, length, clock_unix_ms()));
    attempt->has_retry_after = true;
    attempt->retry_after =
        hint.kind == HINT_WAIT ? hint.wait : DURATION_ZERO;
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
    read_retry_after(attempt, reply);
    const char *link = reply_header(reply, "Link", &length);
    attempt->is_described = has_word(link, length, "describedby");

    struct str identity = STR_INIT;
    if (reply->status / 100 == 2 && auditor->tells.names &&
        identity_find(&auditor->identity, reply, &identity)) {
        attempt->identity = auditor_keep(auditor, "%s", identity.text);
    }
    attempt->body_tells = auditor->tells.bodies;
    str_release(&identity);
}

/* Ends of requests that were meant to fail say nothing of the service. */
static void count_failures(struct auditor *auditor,
                           const struct audit_attempt *attempt)
{
    if (attempt->is_made) {
        return;
    }
    if (!is_wreck(attempt)) {
        auditor->failures = 0;
    } else {
        auditor->failures +=
            attempt->end == LINE_TIMEOUT ? TIMEOUT_WEIGHT : 1;
    }
}

bool auditor_is_in_storm(const struct auditor *auditor)
{
    return auditor->failures >= STORM;
}

/* Takes the answers to requests that were sent. */
static void receive(struct auditor *auditor, struct line *const *lines,
                    struct audit_attempt *const *attempts, size_t count)
{
    struct reception list[RACERS];
    struct reply replies[RACERS];
    bool to_head = strcmp(auditor->request->config.method, "HEAD") == 0;

    must(count <= RACERS);
    for (size_t i = 0; i < count; i++) {
        reply_init(&replies[i]);
        replies[i].to_head = to_head;
        list[i] = (struct reception){.line = lines[i], .reply = &replies[i]};
    }
    line_receive(&auditor->exchange, list, count);
    for (size_t i = 0; i < count; i++) {
        struct audit_attempt *attempt = attempts[i];
        attempt->end = list[i].end;
        attempt->took = duration_since(list[i].at, auditor->began,
                                       attempt->at);
        if (attempt->end == LINE_ANSWERED) {
            read_reply(auditor, attempt, &replies[i]);
        }
        reply_release(&replies[i]);
        line_give(&auditor->exchange, lines[i]);
    }
}

static const struct audit_attempt *send_once(struct auditor *auditor,
                                             const struct request_spec *spec)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct line *line = line_take(&auditor->exchange);

    must(compose(auditor, spec, &text, &body));
    if (line) {
        attempt->at = instant_since(clock_now(), auditor->began);
        /* Some services answer before they have read it all. */
        (void)line_send(&auditor->exchange, line, text.text, text.length);
        receive(auditor, &line, &attempt, 1);
    }
    count_failures(auditor, attempt);
    str_release(&text);
    return attempt;
}

/* As long as a service may ask to be waited for. */
static struct duration hint_max(const struct auditor *auditor)
{
    return auditor->options->patient ? duration_s(120) : duration_s(10);
}

static const struct audit_attempt *send_while(
    struct auditor *auditor, const struct request_spec *spec,
    bool (*again)(const struct audit_attempt *attempt),
    struct duration patience)
{
    struct instant began = clock_now();
    struct duration wait = duration_ms(5);
    const struct audit_attempt *attempt = send_once(auditor, spec);

    while (again(attempt) && !exchange_stopped(&auditor->exchange)) {
        struct duration most = patience;
        struct duration pause = wait;
        if (attempt->has_retry_after) {
            most = duration_max(patience, duration_min(attempt->retry_after,
                                                       hint_max(auditor)));
        }
        if (is_limited(attempt) && !auditor->limit_lasts) {
            most = hint_max(auditor); /* it is heeded, so that it ends */
            pause = duration_max(duration_max(wait, duration_ms(50)),
                                 attempt->retry_after);
        }
        struct duration left =
            instant_since(instant_add(began, most), clock_now());
        if (left.ns <= 0 || (is_limited(attempt) &&
                             left.ns < attempt->retry_after.ns)) {
            break; /* it would be of no use */
        }
        exchange_sleep(&auditor->exchange, duration_min(pause, left));
        wait = duration_min((struct duration){wait.ns * 2}, duration_s(1));
        attempt = send_once(auditor, spec);
    }
    auditor->limit_lasts |= is_limited(attempt);
    return attempt;
}

const struct audit_attempt *auditor_send(struct auditor *auditor,
                                         const struct request_spec *spec)
{
    return spec->extra ? send_once(auditor, spec)
                       : send_while(auditor, spec, is_limited,
                                    DURATION_ZERO);
}

struct duration auditor_patience(const struct auditor *auditor)
{
    int64_t median = auditor->median.ns;
    if (auditor->options->convention == CONVENTION_REJECT_DUPLICATE) {
        return (struct duration){100 * NS_PER_MS + 4 * median};
    }
    return auditor->options->patient
               ? duration_s(120)
               : (struct duration){2 * NS_PER_S + 10 * median};
}

const struct audit_attempt *auditor_follow(struct auditor *auditor,
                                           const struct request_spec *spec,
                                           struct duration patience)
{
    return send_while(auditor, spec, is_busy, patience);
}

const struct audit_attempt *auditor_lose(struct auditor *auditor,
                                         const struct request_spec *spec,
                                         double part, struct duration wait)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct line *line = line_take(&auditor->exchange);

    must(!auditor->lost_line);
    must(compose(auditor, spec, &text, &body));
    size_t length =
        body + (size_t)((double)(text.length - body) * part);
    attempt->at = instant_since(clock_now(), auditor->began);
    if (line && line_send(&auditor->exchange, line, text.text, length)) {
        exchange_sleep(&auditor->exchange, wait);
        line_hang_up(line);
        attempt->end = LINE_DROPPED;
        attempt->delivered = length == text.length;
        auditor->lost_line = line;
        auditor->lost = attempt;
    } else if (line) {
        attempt->end = LINE_BROKEN;
        line_drop(line);
    }
    attempt->took =
        duration_since(clock_now(), auditor->began, attempt->at);
    str_release(&text);
    return attempt;
}

bool auditor_let_go(struct auditor *auditor)
{
    bool delivered = auditor->lost_line &&
                     line_deliver(&auditor->exchange, auditor->lost_line);
    if (auditor->lost_line && !delivered) {
        auditor->lost->delivered = false;
        auditor->lost->end = LINE_BROKEN;
    }
    line_drop(auditor->lost_line);
    auditor->lost_line = NULL;
    return delivered;
}

void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts)
{
    struct line *lines[RACERS] = {NULL};
    struct audit_attempt *racing[RACERS] = {NULL};
    struct str texts[RACERS];
    size_t body, racers = 0;
    must(count <= RACERS);

    for (size_t i = 0; i < count; i++) {
        struct str text = STR_INIT;
        struct line *line = line_take(&auditor->exchange);
        struct audit_attempt *attempt = begin(auditor, &specs[i]);
        attempts[i] = attempt;
        must(compose(auditor, &specs[i], &text, &body));
        if (line && line_send(&auditor->exchange, line, text.text,
                              text.length - 1)) {
            lines[racers] = line;
            racing[racers] = attempt;
            texts[racers++] = text;
        } else {
            line_drop(line);
            str_release(&text);
        }
    }
    for (size_t i = 0; i < racers; i++) {
        (void)line_deliver(&auditor->exchange, lines[i]);
    }
    /* Time for the service to read what is there. */
    exchange_sleep(&auditor->exchange, duration_ms(2));
    for (size_t i = 0; i < racers; i++) {
        racing[i]->at = instant_since(clock_now(), auditor->began);
        (void)line_send(&auditor->exchange, lines[i],
                        texts[i].text + texts[i].length - 1, 1);
    }
    receive(auditor, lines, racing, racers);
    for (size_t i = 0; i < count; i++) {
        count_failures(auditor, attempts[i]);
    }
    for (size_t i = 0; i < racers; i++) {
        str_release(&texts[i]);
    }
}
