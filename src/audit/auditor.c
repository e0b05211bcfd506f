#include "audit/auditor.h"

#include "base/must.h"
#include "policy/hint.h"
#include "policy/key.h"
#include "engine/clock.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Far from the salts that runs use. */
static const uint64_t KEY_SALT = UINT64_C(0x6175646974000000);

const char *auditor_printf(struct auditor *auditor, const char *format, ...)
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

struct audit_subject auditor_new_subject(struct auditor *auditor)
{
    char key[37];
    uint64_t number = auditor->next_operation++;
    key_uuid4(auditor->plan->run, number, KEY_SALT, key);
    return (struct audit_subject){
        .number = number,
        .key = auditor_printf(auditor, "%s", key),
        .effects = -1,
    };
}

struct audit_subject auditor_new_sibling(struct auditor *auditor,
                                         const struct audit_subject *subject)
{
    return (struct audit_subject){
        .number = auditor->next_operation++,
        .key = subject->key,
        .effects = -1,
    };
}

/* From an instant of the audit until now. */
static struct duration duration_since(struct instant now, struct instant began,
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
    attempt->end = END_UNCONNECTED;
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
        "Idempotent-Replayed",    "Idempotency-Replayed",
        "Idempotent-Replay",      "X-Idempotent-Replayed",
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
    struct server_hint hint =
        hint_either(hint_parse(HINT_SECONDS, NUMBER_INTEGER, value, length,
                               clock_unix_ms()),
                    hint_parse(HINT_HTTP_DATE, NUMBER_INTEGER, value, length,
                               clock_unix_ms()));
    attempt->has_retry_after = true;
    attempt->retry_after = hint.kind == HINT_WAIT ? hint.wait : DURATION_ZERO;
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
    if (reply->status / 100 == 2 && auditor->distinguishing.names &&
        identity_find(&auditor->identity, reply, &identity)) {
        attempt->identity = auditor_printf(auditor, "%s", identity.text);
    }
    attempt->body_distinguishes = auditor->distinguishing.bodies;
    str_release(&identity);
}

/* Ends of requests that were meant to fail say nothing of the service. */
static void count_failures(struct auditor *auditor,
                           const struct audit_attempt *attempt)
{
    if (attempt->is_made) {
        return;
    }
    if (!attempt_has_failed(attempt)) {
        auditor->failures = 0;
    } else {
        auditor->failures += attempt->end == END_TIMEOUT ? TIMEOUT_WEIGHT : 1;
    }
}

bool auditor_sees_only_failures(const struct auditor *auditor)
{
    return auditor->failures >= FAILURES_MAX;
}

/* Takes the answers to requests that were sent. */
static void receive(struct auditor *auditor, struct conn *const *conns,
                    struct audit_attempt *const *attempts, size_t count)
{
    struct awaited_answer list[RACERS];
    struct reply replies[RACERS];
    bool to_head = strcmp(auditor->request->config.method, "HEAD") == 0;

    must(count <= RACERS);
    for (size_t i = 0; i < count; i++) {
        reply_init(&replies[i]);
        replies[i].to_head = to_head;
        list[i] =
            (struct awaited_answer){.conn = conns[i], .reply = &replies[i]};
    }
    conn_receive(&auditor->conns, list, count);
    for (size_t i = 0; i < count; i++) {
        struct audit_attempt *attempt = attempts[i];
        attempt->end = list[i].end;
        attempt->took =
            duration_since(list[i].at, auditor->began, attempt->at);
        if (attempt->end == END_ANSWERED) {
            read_reply(auditor, attempt, &replies[i]);
        }
        reply_release(&replies[i]);
        conn_give_back(&auditor->conns, conns[i]);
    }
}

static const struct audit_attempt *send_once(struct auditor *auditor,
                                             const struct request_spec *spec)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct conn *conn = conn_take(&auditor->conns);

    must(compose(auditor, spec, &text, &body));
    if (conn) {
        attempt->at = instant_since(clock_now(), auditor->began);
        /* Some services answer before they have read it all. */
        (void)conn_send(&auditor->conns, conn, text.text, text.length);
        receive(auditor, &conn, &attempt, 1);
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

    while (again(attempt) && !conns_are_stopped(&auditor->conns)) {
        struct duration most = patience;
        struct duration pause = wait;
        if (attempt->has_retry_after) {
            most = duration_max(patience, duration_min(attempt->retry_after,
                                                       hint_max(auditor)));
        }
        if (attempt_is_limited(attempt) && !auditor->limit_lasts) {
            most = hint_max(auditor); /* it is heeded, so that it ends */
            pause = duration_max(duration_max(wait, duration_ms(50)),
                                 attempt->retry_after);
        }
        struct duration left =
            instant_since(instant_add(began, most), clock_now());
        if (left.ns <= 0 || (attempt_is_limited(attempt) &&
                             left.ns < attempt->retry_after.ns)) {
            break; /* it would be of no use */
        }
        conns_sleep(&auditor->conns, duration_min(pause, left));
        wait = duration_min((struct duration){wait.ns * 2}, duration_s(1));
        attempt = send_once(auditor, spec);
    }
    auditor->limit_lasts |= attempt_is_limited(attempt);
    return attempt;
}

const struct audit_attempt *auditor_send(struct auditor *auditor,
                                         const struct request_spec *spec)
{
    return spec->extra
               ? send_once(auditor, spec)
               : send_while(auditor, spec, attempt_is_limited, DURATION_ZERO);
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
    return send_while(auditor, spec, attempt_is_busy, patience);
}

const struct audit_attempt *auditor_send_and_disconnect(
    struct auditor *auditor, const struct request_spec *spec, double part,
    struct duration wait)
{
    struct str text = STR_INIT;
    size_t body;
    struct audit_attempt *attempt = begin(auditor, spec);
    struct conn *conn = conn_take(&auditor->conns);

    must(!auditor->abandoned_conn);
    must(compose(auditor, spec, &text, &body));
    size_t length = body + (size_t)((double)(text.length - body) * part);
    attempt->at = instant_since(clock_now(), auditor->began);
    if (conn && conn_send(&auditor->conns, conn, text.text, length)) {
        conns_sleep(&auditor->conns, wait);
        conn_shut_down(conn);
        attempt->end = END_DISCONNECTED;
        attempt->delivered = length == text.length;
        auditor->abandoned_conn = conn;
        auditor->abandoned = attempt;
    } else if (conn) {
        attempt->end = END_BROKEN;
        conn_close(conn);
    }
    attempt->took = duration_since(clock_now(), auditor->began, attempt->at);
    str_release(&text);
    return attempt;
}

bool auditor_close_abandoned(struct auditor *auditor)
{
    bool delivered =
        auditor->abandoned_conn &&
        conn_await_delivery(&auditor->conns, auditor->abandoned_conn);
    if (auditor->abandoned_conn && !delivered) {
        auditor->abandoned->delivered = false;
        auditor->abandoned->end = END_BROKEN;
    }
    conn_close(auditor->abandoned_conn);
    auditor->abandoned_conn = NULL;
    return delivered;
}

void auditor_race(struct auditor *auditor, const struct request_spec *specs,
                  size_t count, const struct audit_attempt **attempts)
{
    struct conn *conns[RACERS] = {NULL};
    struct audit_attempt *racing[RACERS] = {NULL};
    struct str texts[RACERS];
    size_t body, racers = 0;
    must(count <= RACERS);

    for (size_t i = 0; i < count; i++) {
        struct str text = STR_INIT;
        struct conn *conn = conn_take(&auditor->conns);
        struct audit_attempt *attempt = begin(auditor, &specs[i]);
        attempts[i] = attempt;
        must(compose(auditor, &specs[i], &text, &body));
        if (conn &&
            conn_send(&auditor->conns, conn, text.text, text.length - 1)) {
            conns[racers] = conn;
            racing[racers] = attempt;
            texts[racers++] = text;
        } else {
            conn_close(conn);
            str_release(&text);
        }
    }
    for (size_t i = 0; i < racers; i++) {
        (void)conn_await_delivery(&auditor->conns, conns[i]);
    }
    /* Time for the service to read what is there. */
    conns_sleep(&auditor->conns, duration_ms(2));
    for (size_t i = 0; i < racers; i++) {
        racing[i]->at = instant_since(clock_now(), auditor->began);
        (void)conn_send(&auditor->conns, conns[i],
                        texts[i].text + texts[i].length - 1, 1);
    }
    receive(auditor, conns, racing, racers);
    for (size_t i = 0; i < count; i++) {
        count_failures(auditor, attempts[i]);
    }
    for (size_t i = 0; i < racers; i++) {
        str_release(&texts[i]);
    }
}

bool auditor_waits_for_window(const struct audit_options *options)
{
    enum { SHORT_S = 60 };
    return options->window.ns > 0 &&
           (options->patient || options->window.ns <= SHORT_S * NS_PER_S);
}
