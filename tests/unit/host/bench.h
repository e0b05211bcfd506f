/*
 * bench: a worker in virtual time, against a service that says to each request
 * what a test has written down, and what its journal has of that.
 *
 * A connection takes 5 ms, a way 10 ms, and the service 30 ms: an answer comes
 * 50 ms after its request, and 55 ms on a new connection. Include after
 * cmocka.
 */
#ifndef SQUALL_TESTS_UNIT_HOST_BENCH_H
#define SQUALL_TESTS_UNIT_HOST_BENCH_H

#include "base/must.h"
#include "base/str.h"
#include "engine/virtual/engine_virtual.h"
#include "host/journal.h"
#include "host/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct bench {
    struct plan *plan;
    struct virtual_settings settings;
    /* What is said to each request that comes, one letter each; after the last
     * that one for ever. '.' 201, 'F' 503, 'T' 429, 'N' 404, '-' nothing; '2'
     * 302, '3' 303 and '7' 307 to the location. */
    const char *script;
    const char *body;      /* of each answer, or NULL */
    const char *location;  /* a line of each answer that redirects */
    bool shows_requests;   /* method and path, among the arrivals */
    struct duration takes; /* of the service */
    int64_t stop_ms[2];    /* when it is stopped; -1: never */
    struct str arrivals;   /* "MS KEY" of each that came, one a line */
    struct str trace;      /* see bench_run */
    struct journal *journal;
    struct worker *worker;
    atomic_int stop;
};

static inline void bench_print_ms(struct str *out, struct instant at)
{
    if (at.ns < 0) {
        str_append(out, "-");
    } else if (at.ns % NS_PER_MS == 0) {
        str_printf(out, "%" PRId64, at.ns / NS_PER_MS);
    } else {
        str_printf(out, "%.3f", (double)at.ns / 1e6);
    }
}

static inline void bench_arrive(void *context, struct virtual_request *request,
                                struct instant now)
{
    static const char header[] = "Idempotency-Key: ";
    struct bench *bench = context;
    char letter = *bench->script;
    struct virtual_answer answer = {.status = letter == 'F'   ? 503
                                              : letter == 'T' ? 429
                                              : letter == 'N' ? 404
                                              : letter == '2' ? 302
                                              : letter == '3' ? 303
                                              : letter == '7' ? 307
                                                              : 201,
                                    .body = bench->body,
                                    .length =
                                        bench->body ? strlen(bench->body) : 0};

    if (answer.status / 100 == 3) {
        answer.lines = &bench->location;
        answer.line_count = 1;
    }
    bench_print_ms(&bench->arrivals, now);
    if (bench->shows_requests) {
        str_printf(&bench->arrivals, " %s %s%s", request->method,
                   request->path, request->body_length > 0 ? " body" : "");
    }
    for (size_t i = 0; i < request->line_count; i++) {
        if (strncmp(request->lines[i], header, strlen(header)) == 0) {
            str_printf(&bench->arrivals, " %s",
                       request->lines[i] + strlen(header));
        }
    }
    str_append(&bench->arrivals, "\n");
    bench->script += bench->script[1] != '\0';
    if (letter != '-') {
        virtual_answer(request, bench->takes, &answer);
    }
}

static inline void bench_leave(void *context, struct virtual_request *request,
                               struct instant now)
{
    (void)context;
    (void)request;
    (void)now;
}

static inline void bench_begin(struct bench *bench, const char *script,
                               const char *const *sets, size_t count)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {
        .set_count = count,
        .sets = sets,
        .url = "http://service.invalid/orders",
        .has_seed = true,
        .seed = 7,
        .run = 1,
    };
    *bench = (struct bench){
        .plan = plan_read(&input, &errors),
        .settings = {.way = duration_ms(10),
                     .connect = duration_ms(5),
                     .keeps_connections = true},
        .script = script,
        .takes = duration_ms(30),
        .stop_ms = {-1, -1},
    };
    errors_print(&errors, stdout);
    assert_non_null(bench->plan);
    bench->settings.service = (struct virtual_service){
        .context = bench, .arrive = bench_arrive, .leave = bench_leave};
    atomic_init(&bench->stop, 0);
    bench->worker =
        worker_new(&(struct worker_options){.plan = bench->plan,
                                            .count = 1,
                                            .engine = &engine_virtual,
                                            .settings = &bench->settings,
                                            .stop = &bench->stop},
                   &errors);
    assert_non_null(bench->worker);
    bench->journal = journal_new("/tmp", 1, &errors);
    assert_non_null(bench->journal);
    worker_keep_journal(bench->worker, journal_part(bench->journal, 0));
}

#define BENCH_BEGIN(bench, script, ...) \
    bench_begin(bench, script, (const char *const[]){__VA_ARGS__}, \
                array_length(((const char *const[]){__VA_ARGS__})))

static inline void bench_print_attempt(struct str *out,
                                       const struct event_attempt *attempt,
                                       const struct event_key *key)
{
    str_printf(out, "  %u %s ", attempt->number,
               attempt_kind_name((enum attempt_kind)attempt->kind));
    bench_print_ms(out, attempt->asked);
    str_append(out, " ");
    bench_print_ms(out, attempt->sent);
    str_append(out, " ");
    bench_print_ms(out, attempt->done);
    str_printf(out, " %s", outcome_name((enum outcome)attempt->outcome));
    if (attempt->status) {
        str_printf(out, " %u", (unsigned)attempt->status);
    }
    if (key->length > 0) {
        str_printf(out, " key %.*s", (int)key->length, key->text);
    }
    if (attempt->fault >= 0) {
        str_printf(out, " %s", fault_name((enum fault_kind)attempt->fault));
    }
    str_printf(out, "%s%s\n", attempt->delivered ? " delivered" : "",
               attempt->wasted ? " wasted" : "");
}

static inline void bench_print_trace(struct str *out,
                                     const struct event_trace *trace)
{
    const struct event_operation *operation = &trace->operation;

    str_printf(out, "op %" PRIu64 " ", operation->operation);
    bench_print_ms(out, operation->intended);
    str_append(out, " ");
    bench_print_ms(out, operation->verdict_at);
    str_printf(out, " %s %s%s\n",
               verdict_name((enum verdict)operation->verdict),
               finish_reason_name((enum finish_reason)operation->reason),
               operation->warmup ? " warm-up" : "");
    for (size_t i = 0; i < trace->attempt_count; i++) {
        bench_print_attempt(out, &trace->attempts[i], &trace->keys[i]);
    }
}

static inline void bench_obey(struct bench *bench, struct instant *until)
{
    const struct engine *engine = worker_engine(bench->worker);
    int stop = 0;

    for (size_t i = 0; i < array_length(bench->stop_ms); i++) {
        struct instant at = {bench->stop_ms[i] * NS_PER_MS};
        bool is_due =
            bench->stop_ms[i] >= 0 && !instant_before(engine_now(engine), at);
        stop += is_due;
        if (bench->stop_ms[i] >= 0 && !is_due) {
            *until = instant_min(*until, at);
        }
    }
    atomic_store(&bench->stop, stop);
}

/* Runs to the end and reads the journal: of each operation, in the order of
 * their ends, "op NUMBER DUE VERDICT-AT VERDICT REASON", and of each of its
 * attempts "  NUMBER KIND ASKED SENT DONE OUTCOME STATUS ...", in
 * milliseconds. */
static inline const char *bench_run(struct bench *bench)
{
    struct engine *engine =
        (struct engine *)(uintptr_t)worker_engine(bench->worker);
    struct errors errors = ERRORS_INIT;
    const struct event_trace *trace;
    struct instant until;
    int turns = 0;

    worker_begin(bench->worker, engine_now(engine));
    while (worker_turn(bench->worker, &until)) {
        must(turns++ < 1000000);
        bench_obey(bench, &until);
        engine->type->wait(engine, until);
        bench_obey(bench, &until);
    }
    worker_end(bench->worker);
    worker_close_connections(bench->worker);
    tally_check(worker_tally(bench->worker));
    assert_true(journal_end(bench->journal, &errors));
    struct journal_reader *reader = journal_read(bench->journal);
    while ((trace = journal_next(reader))) {
        bench_print_trace(&bench->trace, trace);
    }
    assert_false(journal_reader_failed(reader));
    journal_reader_free(reader);
    return bench->trace.text ? bench->trace.text : "";
}

static inline const struct panel *bench_panel(const struct bench *bench)
{
    return &worker_tally(bench->worker)->total;
}

static inline int64_t bench_load_end_ms(const struct bench *bench)
{
    return worker_load_end(bench->worker).ns / NS_PER_MS;
}

static inline void bench_end(struct bench *bench)
{
    worker_free(bench->worker);
    journal_free(bench->journal);
    plan_free(bench->plan);
    str_release(&bench->arrivals);
    str_release(&bench->trace);
}

#endif
