/* The modelled service as a whole, in time that is a number. */
#include "model/orders.h"

#include "base/must.h"
#include "model/ledger_page.h"
#include "model/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* With it a fault of half of the connections hits the second and not the
 * first. */
enum { SEED = 3 };

struct bench {
    struct service_config config;
    struct orders_options options;
    struct orders orders;
    struct service_answer answer; /* the latest */
    struct order *order;          /* the latest that waits */
    const char *key, *failure, *caller, *tier;
    uint64_t connection;
    enum effect_kind kind;
};

static struct instant at_ms(int64_t ms)
{
    return (struct instant){ms * NS_PER_MS};
}

/* One worker that takes 10 ms, and keys that are kept. */
static void set_up(struct bench *bench)
{
    *bench = (struct bench){
        .options = {.orders_max = 100,
                    .keys_max = 100,
                    .effects_max = 100,
                    .seed = SEED},
    };
    service_config_default(&bench->config);
    bench->config.idempotency = KEYS_ATOMIC;
    bench->config.workers = 1;
    bench->config.time.mean = duration_ms(10);
}

static void open_up(struct bench *bench)
{
    orders_init(&bench->orders, &bench->config, &bench->options);
}

/* Asks at `ms`; `who` gets the answer if it waits. */
static bool ask(struct bench *bench, const char *body, int64_t ms,
                const char *who)
{
    struct order_request request = {
        .kind = bench->kind,
        .body = body,
        .length = strlen(body),
        .connection = bench->connection,
    };
    orders_read_header(&bench->orders, &request, "Host", "x");
    if (bench->key) {
        orders_read_header(&bench->orders, &request, "idempotency-KEY",
                           bench->key);
    }
    if (bench->failure) {
        orders_read_header(&bench->orders, &request, "X-Fail", bench->failure);
    }
    if (bench->caller) {
        orders_read_header(&bench->orders, &request, "Authorization",
                           bench->caller);
    }
    if (bench->tier) {
        orders_read_header(&bench->orders, &request, "x-tier", bench->tier);
    }
    bench->order = orders_place(&bench->orders, &request, at_ms(ms),
                                (void *)who, &bench->answer);
    return bench->order != NULL;
}

/* The next that is answered by `ms`, or "". */
static const char *next(struct bench *bench, int64_t ms)
{
    void *who;
    const struct service_answer *answer =
        orders_next(&bench->orders, at_ms(ms), &who);
    if (!answer) {
        return "";
    }
    bench->answer = *answer;
    return who;
}

static void expect(const struct bench *bench, unsigned status,
                   const char *body)
{
    assert_int_equal(bench->answer.how, ANSWER_SEND);
    assert_int_equal(bench->answer.status, status);
    assert_string_equal(bench->answer.body, body);
    assert_int_equal(bench->answer.length, strlen(body));
}

static void expect_headers(const struct bench *bench, const char *lines)
{
    struct str found = STR_INIT;
    struct answer_header header;
    for (size_t i = 0; service_answer_header(&bench->answer, i, &header);
         i++) {
        str_printf(&found, "%s: %s\n", header.name, header.value);
    }
    assert_string_equal(found.text, lines);
    str_release(&found);
}

static void orders_wait_for_their_turn_and_are_effects(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    open_up(&bench);
    assert_int_equal(orders_due(&bench.orders).ns, INSTANT_NEVER.ns);
    assert_true(ask(&bench, "{\"order\": \"a\\\"b\"}", 0, "first"));
    assert_true(ask(&bench, "", 1, "second"));
    assert_int_equal(orders_due(&bench.orders).ns, at_ms(10).ns);
    assert_string_equal(next(&bench, 9), "");
    assert_string_equal(next(&bench, 10), "first");
    expect(&bench, 201, "{\"id\": \"ord_1\", \"order\": \"a\\\"b\"}\n");
    expect_headers(&bench, "Content-Type: application/json\n");
    assert_string_equal(next(&bench, 19), "");
    assert_string_equal(next(&bench, 20), "second");
    expect(&bench, 201, "{\"id\": \"ord_2\"}\n");
    bench.kind = EFFECT_REFUND;
    assert_true(ask(&bench, "", 30, "third"));
    assert_string_equal(next(&bench, 40), "third");
    expect(&bench, 201, "{\"id\": \"ref_1\"}\n");
    assert_int_equal(bench.orders.counts.orders, 3);
    assert_int_equal(bench.orders.counts.effects, 3);
    orders_release(&bench.orders);
}

static void a_key_is_done_once_and_answered_again(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    open_up(&bench);
    bench.key = "k";
    assert_true(ask(&bench, "{\"order\": \"a\"}", 0, "first"));
    assert_false(ask(&bench, "{\"order\": \"a\"}", 5, "second"));
    expect(&bench, 409,
           "{\"title\": \"a request with this key is in flight\", "
           "\"status\": 409}\n");
    expect_headers(&bench, "Content-Type: application/problem+json\n"
                           "Retry-After: 1\n");
    assert_string_equal(next(&bench, 10), "first");
    assert_false(ask(&bench, "{ \"order\": \"a\" }", 20, "third"));
    expect(&bench, 201, "{\"id\": \"ord_1\", \"order\": \"a\"}\n");
    expect_headers(&bench, "Content-Type: application/json\n"
                           "Idempotent-Replayed: true\n");
    assert_false(ask(&bench, "{\"order\": \"b\"}", 20, "fourth"));
    assert_int_equal(bench.answer.status, 422);
    bench.caller = "Bearer x";
    assert_true(ask(&bench, "{\"order\": \"b\"}", 20, "fifth"));
    assert_int_equal(bench.orders.counts.conflicts, 1);
    assert_int_equal(bench.orders.counts.replays, 1);
    orders_reset(&bench.orders);
    bench.caller = NULL;
    assert_true(ask(&bench, "{\"order\": \"b\"}", 20, "sixth"));
    orders_release(&bench.orders);
}

/* What a second request with the key of a first is answered, by what is wrong
 * with the service. */
static void faults_of_keys_change_answers(void **state)
{
    static const struct {
        enum key_fault fault;
        int64_t second_ms; /* the first is served until 10 ms */
        unsigned status;
        const char *body, *headers;
    } rows[] = {
        {KEY_FAULT_UNMARKED, 20, 201, "{\"id\": \"ord_1\"}\n",
         "Content-Type: application/json\n"},
        {KEY_FAULT_CHANGED_REPLAY, 20, 200, "{\"status\": \"done\"}\n",
         "Content-Type: application/json\nIdempotent-Replayed: true\n"},
        {KEY_FAULT_REJECT_REPLAYS, 20, 409,
         "{\"title\": \"this was done already\", \"status\": 409}\n",
         "Content-Type: application/problem+json\n"},
        {KEY_FAULT_PLAIN_CONFLICT, 5, 409, "<p>Conflict</p>\n",
         "Content-Type: text/html\n"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.key_faults = 1U << rows[i].fault;
        open_up(&bench);
        bench.key = "k";
        assert_true(ask(&bench, "", 0, "first"));
        next(&bench, rows[i].second_ms);
        assert_false(ask(&bench, "", rows[i].second_ms, "second"));
        expect(&bench, rows[i].status, rows[i].body);
        expect_headers(&bench, rows[i].headers);
        orders_release(&bench.orders);
    }
}

static void the_attached_are_answered_alike(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    bench.config.key_faults = 1U << KEY_FAULT_ATTACH;
    open_up(&bench);
    bench.key = "k";
    assert_true(ask(&bench, "", 0, "first"));
    struct order *first = bench.order;
    assert_true(ask(&bench, "", 1, "second"));
    struct order *second = bench.order;
    assert_true(ask(&bench, "", 2, "third"));
    orders_abandon(&bench.orders, first);
    orders_abandon(&bench.orders, second);
    assert_string_equal(next(&bench, 10), "third");
    expect(&bench, 201, "{\"id\": \"ord_1\"}\n");
    assert_true(bench.answer.is_replayed);
    assert_string_equal(next(&bench, 10), "");
    assert_int_equal(bench.orders.counts.effects, 1);
    assert_int_equal(bench.orders.counts.abandoned, 2);
    orders_release(&bench.orders);
}

static void what_is_shed_says_when_to_come_again(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    bench.config.queue_limit = 1;
    bench.config.retry_after = duration_ms(1500);
    open_up(&bench);
    bench.key = "k";
    assert_true(ask(&bench, "", 0, "first"));
    bench.key = NULL;
    assert_true(ask(&bench, "", 0, "second"));
    bench.key = "l";
    assert_false(ask(&bench, "", 0, "third"));
    assert_int_equal(bench.answer.status, 503);
    expect_headers(&bench, "Content-Type: application/problem+json\n"
                           "Retry-After: 2\n");
    assert_int_equal(bench.orders.counts.shed, 1);
    next(&bench, 20);
    next(&bench, 20);
    assert_true(ask(&bench, "", 20, "third")); /* its key was released */
    orders_release(&bench.orders);
}

static void what_waits_too_long_is_dropped_or_skipped(void **state)
{
    static const struct {
        enum abandoned_mode mode;
        const char *answered;
        uint64_t effects, shed;
    } rows[] = {
        {ABANDONED_WORK, "third", 3, 0},
        {ABANDONED_SKIP, "third", 2, 0},
        {ABANDONED_DEADLINE, "third", 2, 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.abandoned = rows[i].mode;
        bench.config.abandoned_deadline = duration_ms(9);
        open_up(&bench);
        assert_true(ask(&bench, "", 0, "first"));
        assert_true(ask(&bench, "", 0, "second"));
        orders_abandon(&bench.orders, bench.order);
        assert_string_equal(next(&bench, 15), "first");
        assert_string_equal(next(&bench, 15), ""); /* nobody is answered */
        assert_true(ask(&bench, "", 15, "third"));
        assert_string_equal(next(&bench, 40), rows[i].answered);
        assert_int_equal(bench.answer.status, 201);
        assert_int_equal(bench.orders.counts.effects, rows[i].effects);
        assert_int_equal(bench.orders.counts.shed, rows[i].shed);
        orders_release(&bench.orders);
    }
}

static void faults_answer_reset_and_hang_up(void **state)
{
    static const struct {
        enum service_fault_kind kind;
        bool waits;
        enum answer_how how;
        unsigned status;
        uint64_t effects;
    } rows[] = {
        {SERVICE_FAULT_ERROR, true, ANSWER_SEND, 502, 0},
        {SERVICE_FAULT_RESET_BEFORE, false, ANSWER_RESET, 0, 0},
        {SERVICE_FAULT_CLOSE_AFTER, true, ANSWER_CLOSE, 201, 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.fault_count = 1;
        bench.config.faults[0] = (struct service_fault_config){
            .kind = rows[i].kind,
            .ratio = 1,
            .status = 502,
            .window = {.length = DURATION_FOREVER},
        };
        open_up(&bench);
        bench.key = "k";
        assert_int_equal(ask(&bench, "", 0, "first"), rows[i].waits);
        assert_string_equal(next(&bench, 10), rows[i].waits ? "first" : "");
        assert_int_equal(bench.answer.how, rows[i].how);
        assert_int_equal(bench.answer.status, rows[i].status);
        assert_int_equal(bench.orders.counts.effects, rows[i].effects);
        /* Only what was done is kept. */
        assert_int_equal(keys_count(&bench.orders.keys), rows[i].effects);
        orders_release(&bench.orders);
    }
}

/* An order that fails once because it was asked to, and the same again. */
static void orders_fail_on_request(void **state)
{
    static const struct {
        const char *asked;
        enum key_mode mode;
        uint32_t faults;
        unsigned first, again;
        uint64_t effects;
    } rows[] = {
        {"before-once", KEYS_ATOMIC, 0, 503, 201, 1},
        {"after-once", KEYS_ATOMIC, 0, 500, 201, 1},
        {"after-once", KEYS_ATOMIC, 1U << KEY_FAULT_COMMIT_APART, 500, 201, 2},
        {"after-once", KEYS_ATOMIC, 1U << KEY_FAULT_STUCK_AFTER_ERROR, 500,
         409, 1},
        {"before-once", KEYS_ATOMIC, 1U << KEY_FAULT_STUCK_AFTER_ERROR, 503,
         409, 0},
        {"after-once", KEYS_REPLAY_ERRORS, 0, 500, 500, 1},
        {"before-once", KEYS_REPLAY_ERRORS, 0, 503, 503, 0},
        {"never", KEYS_ATOMIC, 0, 201, 201, 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.fault_header = "x-fail";
        bench.config.idempotency = rows[i].mode;
        bench.config.key_faults = rows[i].faults;
        bench.config.retry_after = duration_s(3);
        open_up(&bench);
        bench.key = "k";
        bench.failure = rows[i].asked;
        assert_true(ask(&bench, "", 0, "first"));
        next(&bench, 10);
        assert_int_equal(bench.answer.status, rows[i].first);
        assert_int_equal(bench.answer.retry_after_s,
                         rows[i].first == 503 ? 3 : 0);
        if (ask(&bench, "", 20, "again")) {
            next(&bench, 30);
        }
        assert_int_equal(bench.answer.status, rows[i].again);
        assert_int_equal(bench.orders.counts.effects, rows[i].effects);
        orders_release(&bench.orders);
    }
}

static void what_cannot_be_read_is_refused(void **state)
{
    static const struct {
        const char *body, *key;
        uint32_t faults;
        unsigned status;
        uint64_t effects;
    } rows[] = {
        {"[]", NULL, 0, 400, 0},
        {"{\"order\": 7}", NULL, 0, 400, 0},
        {"{}", "a b", 0, 400, 0},
        {"{}", "\"a\"", 1U << KEY_FAULT_CRASH_QUOTED, 500, 0},
        {"{\"amount\": -1}", "k", 0, 400, 0},
        {"{\"amount\": -1}", "k", 1U << KEY_FAULT_EFFECT_FIRST, 400, 1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.key_faults = rows[i].faults;
        open_up(&bench);
        bench.key = rows[i].key;
        assert_false(ask(&bench, rows[i].body, 0, "first"));
        assert_int_equal(bench.answer.status, rows[i].status);
        assert_int_equal(bench.orders.effects.performed, rows[i].effects);
        orders_release(&bench.orders);
    }
    struct bench bench;
    set_up(&bench);
    open_up(&bench);
    struct order_request large = {.is_too_large = true};
    assert_null(
        orders_place(&bench.orders, &large, at_ms(0), &bench, &bench.answer));
    assert_int_equal(bench.answer.status, 413);
    orders_release(&bench.orders);
}

/* Each limit has an answer of its own, and what is there goes on. */
static void limits_are_answers(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    bench.options.orders_max = 2;
    bench.options.keys_max = 1;
    bench.options.effects_max = 2;
    open_up(&bench);
    bench.key = "a";
    assert_true(ask(&bench, "", 0, "first"));
    bench.key = "b";
    assert_false(ask(&bench, "", 0, "second"));
    expect(&bench, 507,
           "{\"title\": \"the key store is full\", \"status\": 507}\n");
    bench.key = NULL;
    assert_true(ask(&bench, "", 0, "third"));
    assert_false(ask(&bench, "", 0, "fourth"));
    assert_int_equal(bench.answer.status, 503);
    assert_string_equal(next(&bench, 20), "first");
    assert_true(ask(&bench, "", 10, "fifth")); /* while there is room */
    assert_string_equal(next(&bench, 20), "third");
    assert_string_equal(next(&bench, 30), "fifth");
    expect(&bench, 507,
           "{\"title\": \"the ledger is full\", \"status\": 507}\n");
    assert_false(ask(&bench, "", 30, "sixth"));
    assert_int_equal(bench.answer.status, 507);
    assert_int_equal(bench.orders.counts.effects, 2);
    orders_release(&bench.orders);
}

/* Half a request wedges its key, in services that claim it by the header. */
static void half_a_request_may_claim_its_key(void **state)
{
    static const struct {
        uint32_t faults;
        enum key_mode mode;
        bool runs;
    } rows[] = {
        {0, KEYS_ATOMIC, true},
        {1U << KEY_FAULT_CLAIM_EARLY, KEYS_ATOMIC, false},
        {1U << KEY_FAULT_CLAIM_EARLY, KEYS_RACY, true},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        struct order_request half = {.keys = {.value = "k", .count = 1}};
        set_up(&bench);
        bench.config.key_faults = rows[i].faults;
        bench.config.idempotency = rows[i].mode;
        open_up(&bench);
        orders_break_off(&bench.orders, &half, at_ms(0));
        bench.key = "k";
        assert_int_equal(ask(&bench, "", 1, "whole"), rows[i].runs);
        orders_release(&bench.orders);
    }
}

static void the_ledger_is_written_in_pieces(void **state)
{
    static const struct {
        bool json, by_key;
        const char *text;
    } rows[] = {
        {false, false, "a 2\nk\"2 1\n"},
        {false, true, "k\"2 1\n"},
        {true, false, "{\"effects\": {\n\"a\": 2,\n\"k\\\"2\": 1}}\n"},
    };
    struct bench bench;
    (void)state;
    set_up(&bench);
    open_up(&bench);
    service_effects_perform(&bench.orders.effects, EFFECT_ORDER, "a", NULL);
    service_effects_perform(&bench.orders.effects, EFFECT_ORDER, "a", NULL);
    service_effects_perform(&bench.orders.effects, EFFECT_ORDER, NULL, "k\"2");
    for (size_t i = 0; i < array_length(rows); i++) {
        struct str text = STR_INIT;
        struct ledger_page page;
        ledger_page_begin(&page, &bench.orders.effects, rows[i].json,
                          rows[i].by_key);
        while (!page.is_over) {
            assert_true(ledger_page_write(&page, &text, 1));
        }
        assert_string_equal(text.text, rows[i].text);
        str_release(&text);
    }
    struct str text = STR_INIT;
    struct ledger_page page;
    ledger_page_begin(&page, &bench.orders.effects, true, false);
    assert_true(ledger_page_write(&page, &text, 14));
    orders_reset(&bench.orders);
    assert_false(ledger_page_write(&page, &text, 1000));
    assert_string_equal(text.text, "{\"effects\": {\n\"a\": 2");
    str_release(&text);
    orders_release(&bench.orders);
}

static void resources_are_found_by_path_and_method(void **state)
{
    static const struct {
        const char *path, *method;
        int resource; /* -1: the status says why not */
        unsigned status;
    } rows[] = {
        {"/orders", "POST", RESOURCE_ORDERS, 0},
        {"/refunds", "POST", RESOURCE_REFUNDS, 0},
        {"/ledger", "HEAD", RESOURCE_LEDGER, 0},
        {"/faults", "PUT", RESOURCE_SET_FAULTS, 0},
        {"/faults", "GET", RESOURCE_SHOW_FAULTS, 0},
        {"/orders", "GET", -1, 405},
        {"/orders/", "POST", -1, 404},
    };
    struct bench bench;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        enum resource resource;
        bool found = resource_find(rows[i].path, rows[i].method, &resource,
                                   &bench.answer);
        assert_int_equal(found, rows[i].resource >= 0);
        if (found) {
            assert_int_equal(resource, rows[i].resource);
        } else {
            assert_int_equal(bench.answer.status, rows[i].status);
        }
    }
    enum resource resource;
    assert_false(resource_find("/faults", "POST", &resource, &bench.answer));
    expect_headers(&bench, "Content-Type: application/problem+json\n"
                           "Allow: GET, HEAD, PUT\n");
}

/* While the store is parted the same key runs once on each side; a connection
 * that stays on its side is answered again. */
static void a_parted_store_runs_a_key_twice(void **state)
{
    static const struct {
        uint64_t connection;
        int64_t ms;
        const char *body;
        bool is_replay;
    } rows[] = {
        {1, 0, "{\"id\": \"ord_1\"}\n", false},
        {2, 120, "{\"id\": \"ord_2\"}\n", false},
        {2, 140, "{\"id\": \"ord_2\"}\n", true},
        {1, 160, "{\"id\": \"ord_1\"}\n", true},
        {2, 220, "{\"id\": \"ord_1\"}\n", true},
    };
    struct bench bench;
    (void)state;

    set_up(&bench);
    bench.config.fault_count = 1;
    bench.config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_SPLIT_BRAIN,
        .ratio = 0.5,
        .window = {.from = duration_ms(100), .length = duration_ms(100)},
    };
    open_up(&bench);
    bench.key = "k";
    for (size_t i = 0; i < array_length(rows); i++) {
        bench.connection = rows[i].connection;
        bool waits = ask(&bench, "", rows[i].ms, "who");
        assert_int_equal(waits, !rows[i].is_replay);
        if (waits) {
            assert_string_equal(next(&bench, rows[i].ms + 10), "who");
        }
        expect(&bench, 201, rows[i].body);
        assert_int_equal(bench.answer.is_replayed, rows[i].is_replay);
    }
    assert_int_equal(bench.orders.counts.effects, 2);
    orders_release(&bench.orders);
}

/* Until a partition ends the service knows nothing of what it holds up: the
 * same key on another connection runs; what comes late is answered with the
 * stored answer, and nobody waits for that of a caller who has gone. */
static void what_is_held_up_claims_nothing(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    bench.config.fault_count = 1;
    bench.config.faults[0] = (struct service_fault_config){
        .kind = SERVICE_FAULT_PARTITION,
        .ratio = 0.5,
        .window = {.length = duration_ms(100)},
    };
    open_up(&bench);
    bench.key = "k";
    bench.connection = 2;
    assert_true(ask(&bench, "", 0, "held"));
    assert_true(ask(&bench, "", 5, "gone"));
    orders_abandon(&bench.orders, bench.order);
    bench.key = "other";
    assert_true(ask(&bench, "", 5, "gone, too"));
    orders_abandon(&bench.orders, bench.order);
    bench.key = "k";
    bench.connection = 1;
    assert_true(ask(&bench, "", 10, "again"));
    assert_string_equal(next(&bench, 20), "again");
    expect(&bench, 201, "{\"id\": \"ord_1\"}\n");
    assert_int_equal(orders_due(&bench.orders).ns, at_ms(100).ns);
    assert_string_equal(next(&bench, 99), "");
    assert_string_equal(next(&bench, 100), "held");
    expect(&bench, 201, "{\"id\": \"ord_1\"}\n");
    assert_true(bench.answer.is_replayed);
    assert_string_equal(next(&bench, 1000), "");
    assert_int_equal(bench.orders.counts.effects, 2);
    assert_int_equal(bench.orders.counts.replays, 2);
    orders_release(&bench.orders);
}

/* One is served; of a queue of two the second place is for tier 1 alone. */
static void a_header_says_the_tier(void **state)
{
    static const struct {
        const char *tier;
        bool is_admitted;
    } rows[] = {{"1", true},   {"0", false},  {"2", false},
                {NULL, false}, {"", false},   {"1x", false},
                {" 1", false}, {"99", false}, {"18446744073709551617", false}};
    (void)state;

    for (size_t i = 0; i < array_length(rows); i++) {
        struct bench bench;
        set_up(&bench);
        bench.config.shed.mode = SHED_PRIORITY;
        bench.config.tier_header = "X-Tier";
        bench.config.queue_limit = 2;
        open_up(&bench);
        assert_true(ask(&bench, "", 0, "served"));
        assert_true(ask(&bench, "", 0, "waits"));
        bench.tier = rows[i].tier;
        assert_int_equal(ask(&bench, "", 0, "who"), rows[i].is_admitted);
        if (!rows[i].is_admitted) {
            assert_int_equal(bench.answer.status, 503);
        }
        orders_release(&bench.orders);
    }
}

/* Only orders need it; one that times out is no effect, and its key free. */
static void a_failed_dependency_is_no_effect(void **state)
{
    struct bench bench;
    (void)state;

    set_up(&bench);
    bench.config.dependency.workers = 1;
    bench.config.dependency.time.mean = duration_ms(100);
    bench.config.dependency.timeout = duration_ms(50);
    bench.config.dependency.use = DEPENDENCY_ORDERS;
    open_up(&bench);
    bench.key = "k";
    assert_true(ask(&bench, "", 0, "order"));
    assert_string_equal(next(&bench, 50), "order");
    expect(&bench, 504,
           "{\"title\": \"the dependency failed\", \"status\": 504}\n");
    bench.kind = EFFECT_REFUND;
    assert_true(ask(&bench, "", 60, "refund"));
    assert_string_equal(next(&bench, 70), "refund");
    assert_int_equal(bench.answer.status, 201);
    bench.kind = EFFECT_ORDER;
    assert_true(ask(&bench, "", 200, "again"));
    assert_int_equal(bench.orders.counts.effects, 1);
    orders_release(&bench.orders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_wait_for_their_turn_and_are_effects),
        cmocka_unit_test(a_key_is_done_once_and_answered_again),
        cmocka_unit_test(faults_of_keys_change_answers),
        cmocka_unit_test(the_attached_are_answered_alike),
        cmocka_unit_test(what_is_shed_says_when_to_come_again),
        cmocka_unit_test(what_waits_too_long_is_dropped_or_skipped),
        cmocka_unit_test(faults_answer_reset_and_hang_up),
        cmocka_unit_test(orders_fail_on_request),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(limits_are_answers),
        cmocka_unit_test(half_a_request_may_claim_its_key),
        cmocka_unit_test(a_parted_store_runs_a_key_twice),
        cmocka_unit_test(what_is_held_up_claims_nothing),
        cmocka_unit_test(a_header_says_the_tier),
        cmocka_unit_test(a_failed_dependency_is_no_effect),
        cmocka_unit_test(the_ledger_is_written_in_pieces),
        cmocka_unit_test(resources_are_found_by_path_and_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
