/* The virtual engine through its table alone, with a host that takes down what
 * it is given. Ways take 10 ms, connecting 5 ms, the service 100 ms. */
#include "engine/virtual/engine_virtual.h"

#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TRANSFERS = 4 };

struct bench {
    struct plan *plan;
    struct virtual_settings settings;
    struct virtual_answer answer; /* to whatever comes */
    struct duration takes;
    enum outcome connects;
    struct engine *engine;
    struct transfer *transfers[TRANSFERS];
    int owners[TRANSFERS];
    struct str log;
};

static void note(struct bench *bench, const char *what, int number)
{
    str_printf(&bench->log, "%lld %s",
               (long long)(engine_now(bench->engine).ns / NS_PER_MS), what);
    if (number >= 0) {
        str_printf(&bench->log, " %d", number);
    }
}

/* What a service sees. */

static enum outcome connect(void *context,
                            const struct virtual_request *request,
                            struct instant now, struct duration *after)
{
    struct bench *bench = context;
    (void)request;
    (void)now;
    *after = duration_ms(1);
    return bench->connects;
}

static void arrive(void *context, struct virtual_request *request,
                   struct instant now)
{
    struct bench *bench = context;
    note(bench, "arrive", -1);
    assert_int_equal(now.ns, engine_now(bench->engine).ns);
    str_printf(&bench->log, " %s %s", request->method, request->path);
    for (size_t i = 0; i < request->line_count; i++) {
        str_printf(&bench->log, " [%s]", request->lines[i]);
    }
    str_printf(&bench->log, " %s\n", request->body);
    assert_int_equal(strlen(request->body), request->body_length);
    virtual_answer(request, bench->takes, &bench->answer);
}

static void leave(void *context, struct virtual_request *request,
                  struct instant now)
{
    (void)request;
    (void)now;
    note(context, "leave\n", -1);
}

static void break_off(void *context, struct virtual_request *request,
                      struct instant now)
{
    (void)request;
    (void)now;
    note(context, "break off\n", -1);
}

/* What a host is called with. */

static void on_sent(void *context, struct transfer *transfer)
{
    struct bench *bench = context;
    note(bench, "sent", *(int *)transfer->owner);
    str_append(&bench->log, transfer->facts.is_reused ? " reused\n" : "\n");
}

static void on_done(void *context, struct transfer *transfer,
                    enum outcome outcome)
{
    struct bench *bench = context;
    note(bench, "done", *(int *)transfer->owner);
    str_printf(&bench->log, " %s %u\n", outcome_name(outcome),
               (unsigned)transfer->facts.status);
}

static void set_up(struct bench *bench, const char *http)
{
    struct errors errors = ERRORS_INIT;
    char version[32];
    snprintf(version, sizeof(version), "target.http=\"%s\"", http);
    const char *const sets[] = {
        "load.connections=4",
        version,
        "timeout.connect=\"50ms\"",
        "requests=[{\"method\": \"POST\", \"path\": \"/a?b\", "
        "\"headers\": {\"Content-Type\": \"b/c\", \"X-Same\": \"1\", "
        "\"X-Op\": "
        "\"{{op.seq}}\"}, "
        "\"body\": \"text\"}]",
    };
    struct plan_input input = {.set_count = array_length(sets),
                               .sets = sets,
                               .url = "http://service",
                               .has_seed = true,
                               .seed = 1};
    *bench = (struct bench){
        .answer = {.status = 201, .body = "0123456789", .length = 10},
        .takes = duration_ms(100),
        .log = STR_INIT,
    };
    bench->plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(bench->plan);
    bench->settings = (struct virtual_settings){
        .service = {.context = bench,
                    .connect = connect,
                    .arrive = arrive,
                    .leave = leave,
                    .break_off = break_off},
        .way = duration_ms(10),
        .connect = duration_ms(5),
        .keeps_connections = true,
    };
    bench->connects = OUTCOME_OK;
}

static void open_up(struct bench *bench)
{
    struct errors errors = ERRORS_INIT;
    struct engine_options options = {
        .plan = bench->plan,
        .shape = engine_shape_of(bench->plan, 0, 1),
        .callbacks = {.context = bench,
                      .on_sent = on_sent,
                      .on_done = on_done},
        .settings = &bench->settings,
    };
    uint64_t most;
    assert_true(engine_virtual.fits(bench->plan, 2, &most, &errors));
    bench->engine = engine_virtual.open(&options, &errors);
    assert_non_null(bench->engine);
}

static void release(struct bench *bench)
{
    bench->engine->type->close(bench->engine);
    str_release(&bench->log);
    plan_free(bench->plan);
}

static void begin(struct bench *bench, int number, struct transfer_order order)
{
    static const char *const lines[] = {"X-Op: 7"};
    bench->owners[number] = number;
    bench->transfers[number] =
        engine_take(bench->engine, 0, &bench->owners[number]);
    order.message.lines = lines;
    order.message.line_count = 1;
    assert_true(engine_begin(bench->engine, bench->transfers[number], &order));
}

static void end(struct bench *bench, int number)
{
    engine_give_back(bench->engine, bench->transfers[number]);
}

static void run(struct bench *bench, int64_t until_ms)
{
    struct instant until = {until_ms * NS_PER_MS};
    do {
        bench->engine->type->wait(bench->engine, until);
    } while (instant_before(engine_now(bench->engine), until));
}

static void expect(struct bench *bench, const char *log)
{
    assert_string_equal(bench->log.text, log);
    str_reset(&bench->log);
}

#define ARRIVES \
    " arrive POST /a [X-Op: 7] [Content-Type: b/c] [X-Same: 1] text\n"
static const struct transfer_order plain;

static void connections_open_and_are_used_again(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    open_up(&bench);
    begin(&bench, 0, plain);
    run(&bench, 200);
    expect(&bench, "5 sent 0\n15" ARRIVES "125 done 0 ok 201\n");
    const struct transfer_facts *facts = &bench.transfers[0]->facts;
    assert_int_equal(facts->connect.ns, duration_ms(5).ns);
    assert_int_equal(facts->sent.ns, duration_ms(5).ns);
    assert_int_equal(facts->first_byte.ns, duration_ms(125).ns);
    assert_int_equal(facts->protocol, HTTP_1_1);
    assert_false(facts->is_running);
    end(&bench, 0);
    begin(&bench, 0, plain);
    begin(&bench, 1, plain);
    run(&bench, 330);
    expect(&bench, "200 sent 0 reused\n205 sent 1\n210" ARRIVES "215" ARRIVES
                   "320 done 0 ok 201\n325 done 1 ok 201\n");
    assert_int_equal(bench.transfers[0]->facts.connect.ns, NOT_MEASURED.ns);
    release(&bench);
}

static void connections_end_with_what_breaks_them(void **state)
{
    static const struct {
        struct transfer_order order;
        enum virtual_answer_how how;
        const char *done;
    } rows[] = {
        {{.closes = true}, VIRTUAL_WHOLE, "ok 201"},
        {{.closes = false}, VIRTUAL_CLOSED, "reset 0"},
        {{.closes = false}, VIRTUAL_CUT, "truncated 0"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        struct str log = STR_INIT;
        set_up(&bench, "1.1");
        open_up(&bench);
        bench.answer.how = rows[i].how;
        begin(&bench, 0, rows[i].order);
        run(&bench, 200);
        end(&bench, 0);
        begin(&bench, 0, plain);
        run(&bench, 206);
        str_printf(&log, "5 sent 0\n15" ARRIVES "125 done 0 %s\n205 sent 0\n",
                   rows[i].done);
        expect(&bench, log.text);
        str_release(&log);
        release(&bench);
    }
    struct bench bench;
    set_up(&bench, "1.1");
    open_up(&bench);
    begin(&bench, 0, plain);
    run(&bench, 200);
    end(&bench, 0);
    str_reset(&bench.log);
    bench.answer.how = VIRTUAL_CLOSED;
    begin(&bench, 0, plain);
    run(&bench, 400);
    expect(&bench,
           "200 sent 0 reused\n210" ARRIVES "320 done 0 reset_reused 0\n");
    release(&bench);
}

/* HTTP/2: one connection, which the first opens for all. */
static void streams_share_a_connection(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "2");
    open_up(&bench);
    begin(&bench, 0, plain);
    run(&bench, 3);
    begin(&bench, 1, (struct transfer_order){.closes = true});
    run(&bench, 130);
    expect(&bench, "5 sent 0\n5 sent 1 reused\n15" ARRIVES "15" ARRIVES
                   "125 done 0 ok 201\n125 done 1 ok 201\n");
    assert_int_equal(bench.transfers[1]->facts.protocol, HTTP_2);
    begin(&bench, 2, plain);
    run(&bench, 131);
    expect(&bench, "130 sent 2 reused\n");
    release(&bench);
}

static void connections_may_fail(void **state)
{
    static const struct {
        const char *http;
        enum outcome outcome;
        int64_t connect_ms;
        const char *log;
    } rows[] = {
        {"1.1", OUTCOME_CONNECT_REFUSED, 5,
         "1 done 0 connect_refused 0\n1 done 1 connect_refused 0\n"},
        {"2", OUTCOME_CONNECT_REFUSED, 5,
         "1 done 0 connect_refused 0\n1 done 1 connect_refused 0\n"},
        {"1.1", OUTCOME_OK, 51,
         "50 done 0 connect_timeout 0\n50 done 1 connect_timeout 0\n"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench, rows[i].http);
        bench.connects = rows[i].outcome;
        bench.settings.connect = duration_ms(rows[i].connect_ms);
        open_up(&bench);
        begin(&bench, 0, plain);
        begin(&bench, 1, plain);
        run(&bench, 60);
        expect(&bench, rows[i].log);
        assert_false(bench.transfers[0]->facts.is_sent);
        bench.connects = OUTCOME_OK;
        bench.settings.connect = duration_ms(5);
        begin(&bench, 2, plain);
        run(&bench, 65);
        expect(&bench, "65 sent 2\n");
        release(&bench);
    }
}

/* Stopped at each instant of its life: 5 sent, 15 there, 115 answered. */
static void what_was_sent_arrives_whoever_waits(void **state)
{
    static const struct {
        int64_t stop_ms;
        bool is_sent, is_delivered;
        const char *log;
    } rows[] = {
        {4, false, false, ""},
        {5, true, false, "5 sent 0\n15" ARRIVES},
        {14, true, false, "5 sent 0\n15" ARRIVES},
        {15, true, true, "5 sent 0\n15" ARRIVES},
        {110, true, true, "5 sent 0\n15" ARRIVES},
        {115, true, true, "5 sent 0\n15" ARRIVES},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench, "1.1");
        open_up(&bench);
        begin(&bench, 0, plain);
        run(&bench, rows[i].stop_ms);
        assert_int_equal(bench.transfers[0]->facts.is_sent, rows[i].is_sent);
        assert_int_equal(
            engine_virtual.is_delivered(bench.engine, bench.transfers[0]),
            rows[i].is_delivered);
        end(&bench, 0);
        assert_int_equal(
            engine_virtual.is_delivered(bench.engine, bench.transfers[0]),
            rows[i].is_delivered);
        run(&bench, 200);
        expect(&bench, rows[i].log);
        begin(&bench, 0, plain); /* on a new connection */
        run(&bench, 206);
        expect(&bench, "205 sent 0\n");
        release(&bench);
    }
}

/* A request that nobody answers is left by its caller, after a way. */
static void never(void *context, struct virtual_request *request,
                  struct instant now)
{
    (void)request;
    (void)now;
    note(context, "arrive\n", -1);
}

static void a_service_sees_its_callers_go(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    bench.settings.service.arrive = never;
    open_up(&bench);
    begin(&bench, 0, plain);
    run(&bench, 20);
    end(&bench, 0);
    begin(&bench, 1, plain);
    run(&bench, 26);
    end(&bench, 1); /* while it is on its way: the hang-up comes after it */
    begin(&bench, 2, plain);
    run(&bench, 45);
    engine_virtual.close_connections(bench.engine);
    expect(&bench, "5 sent 0\n15 arrive\n25 sent 1\n30 leave\n31 sent 2\n"
                   "35 arrive\n36 leave\n41 arrive\n55 leave\n");
    engine_virtual.close_connections(bench.engine);
    expect(&bench, "");
    release(&bench);
}

static void a_torn_request_breaks_off(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    open_up(&bench);
    begin(&bench, 0, (struct transfer_order){.tears = true, .closes = true});
    assert_true(bench.transfers[0]->facts.is_torn);
    run(&bench, 14);
    assert_false(
        engine_virtual.is_delivered(bench.engine, bench.transfers[0]));
    run(&bench, 15);
    assert_true(engine_virtual.is_delivered(bench.engine, bench.transfers[0]));
    run(&bench, 100);
    engine_stop(bench.engine, bench.transfers[0], STOP_WITH_RESET);
    run(&bench, 200);
    expect(&bench, "5 sent 0\n110 break off\n");
    release(&bench);
}

static void a_body_is_read_slowly(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    open_up(&bench);
    /* 10 bytes at 100 a second take 100 ms. */
    begin(&bench, 0, (struct transfer_order){.slow_rate = 100});
    run(&bench, 224);
    expect(&bench, "5 sent 0\n15" ARRIVES);
    assert_int_equal(bench.transfers[0]->facts.first_byte.ns,
                     duration_ms(125).ns);
    run(&bench, 230);
    expect(&bench, "225 done 0 ok 201\n");
    assert_true(bench.transfers[0]->facts.was_slowed);
    bench.answer.length = 0;
    begin(&bench, 1, (struct transfer_order){.slow_rate = 1});
    run(&bench, 500);
    expect(&bench, "230 sent 1 reused\n240" ARRIVES "350 done 1 ok 201\n");
    assert_false(bench.transfers[1]->facts.was_slowed);
    release(&bench);
}

/* What a host finds in an answer is read from its lines. */
static void headers_are_real_lines(void **state)
{
    static const char *const lines[] = {"Content-Type: text/plain",
                                        "retry-after: 3"};
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    struct hint_config *hint = &bench.plan->policy.retry.hint;
    hint->count = 1;
    hint->headers[0] =
        (struct hint_header){.name = "Retry-After", .format = HINT_SECONDS};
    open_up(&bench);
    bench.answer.lines = lines;
    bench.answer.line_count = 2;
    bench.answer.status = 503;
    begin(&bench, 0, plain);
    run(&bench, 130);
    const struct transfer_facts *facts = &bench.transfers[0]->facts;
    assert_int_equal(facts->status, 503);
    assert_int_equal(facts->hint.kind, HINT_WAIT);
    assert_int_equal(facts->hint.wait.ns, duration_s(3).ns);
    release(&bench);
}

/* Ways that vary repeat with the seed, and differ with another. */
static void ways_are_drawn_from_the_seed(void **state)
{
    int64_t sums[3];
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        struct bench bench;
        set_up(&bench, "1.1");
        bench.plan->seed = i == 2 ? 8 : 7;
        bench.settings.way_on = duration_ms(20);
        open_up(&bench);
        for (int n = 0; n < 100; n++) {
            begin(&bench, 0, plain);
            while (bench.transfers[0]->facts.is_running) {
                bench.engine->type->wait(bench.engine, INSTANT_NEVER);
            }
            end(&bench, 0);
        }
        sums[i] = engine_now(bench.engine).ns;
        release(&bench);
    }
    assert_int_equal(sums[0], sums[1]);
    assert_int_not_equal(sums[0], sums[2]);
    /* 100 times two ways of 30 ms in the mean, and 100 ms. */
    assert_in_range(sums[0], 15 * NS_PER_S, 17 * NS_PER_S);
}

static void one_thread_is_enough(void **state)
{
    struct bench bench;
    struct errors errors = ERRORS_INIT;
    (void)state;
    set_up(&bench, "1.1");
    open_up(&bench);
    bench.plan->load.threads = 2;
    uint64_t most;
    assert_false(engine_virtual.fits(bench.plan, 1, &most, NULL));
    assert_false(engine_virtual.fits(bench.plan, 1, &most, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(most, 4);
    assert_true(engine_cpu(bench.engine).ns < 0);
    engine_virtual.wake(bench.engine);
    release(&bench);
}

/* Sent at 5, there at 15, answered at 115, back at 125. The host is away from
 * 50 to 300: the service is not. */
static void who_is_away_sees_answers_late_and_knows_since_when(void **state)
{
    static const struct virtual_stall stall = {.from = {50 * NS_PER_MS},
                                               .to = {300 * NS_PER_MS}};
    struct bench bench;
    (void)state;
    set_up(&bench, "1.1");
    bench.settings.stalls = &stall;
    bench.settings.stall_count = 1;
    open_up(&bench);
    begin(&bench, 0, plain);
    run(&bench, 40);
    run(&bench, 300);
    expect(&bench, "5 sent 0\n15" ARRIVES "300 done 0 ok 201\n");
    /* It last looked at 40. */
    assert_int_equal(
        look_lateness(&bench.engine->look, engine_now(bench.engine)).ns,
        duration_ms(260).ns);
    assert_int_equal(bench.transfers[0]->facts.first_byte_late.ns,
                     duration_ms(260).ns);
    assert_int_equal(look_take_away(&bench.engine->look).longest.ns,
                     duration_ms(250).ns);
    begin(&bench, 1, plain);
    run(&bench, 500);
    expect(&bench, "300 sent 1 reused\n310" ARRIVES "420 done 1 ok 201\n");
    assert_int_equal(
        look_lateness(&bench.engine->look, engine_now(bench.engine)).ns, 0);
    release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_away_sees_answers_late_and_knows_since_when),
        cmocka_unit_test(connections_open_and_are_used_again),
        cmocka_unit_test(connections_end_with_what_breaks_them),
        cmocka_unit_test(streams_share_a_connection),
        cmocka_unit_test(connections_may_fail),
        cmocka_unit_test(what_was_sent_arrives_whoever_waits),
        cmocka_unit_test(a_service_sees_its_callers_go),
        cmocka_unit_test(a_torn_request_breaks_off),
        cmocka_unit_test(a_body_is_read_slowly),
        cmocka_unit_test(headers_are_real_lines),
        cmocka_unit_test(ways_are_drawn_from_the_seed),
        cmocka_unit_test(one_thread_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
