/* The modelled service behind the virtual engine: what its answers look like
 * to a host, and what it is left with. */
#include "engine/virtual/virtual_model.h"

#include "base/must.h"
#include "engine/virtual/engine_virtual.h"

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
    struct plan *plan;
    struct virtual_model model;
    struct virtual_settings settings;
    struct engine *engine;
    enum outcome outcome;
    unsigned status;
    struct server_hint hint;
    struct str kept; /* of the body */
    bool is_done;
};

static void on_sent(void *context, struct transfer *transfer)
{
    (void)context;
    (void)transfer;
}

static void on_done(void *context, struct transfer *transfer,
                    enum outcome outcome)
{
    struct bench *bench = context;
    bench->is_done = true;
    bench->outcome = outcome;
    bench->status = transfer->facts.status;
    bench->hint = transfer->facts.hint;
    str_reset(&bench->kept);
    str_append_bytes(&bench->kept, transfer->answer.body,
                     transfer->answer.kept);
}

/* One worker that takes 10 ms, keys that are kept. */
static void set_up(struct bench *bench)
{
    struct errors errors = ERRORS_INIT;
    const char *const sets[] = {
        "requests=[{\"path\": \"/orders\", \"body\": \"{}\"}]",
        "idempotency={\"header\": \"Idempotency-Key\", \"key\": \"uuid4\", "
        "\"effect_id\": \"/id\"}",
        "retry={\"max_attempts\": 2, \"server_hint\": {\"headers\": "
        "[{\"name\": \"Retry-After\", "
        "\"format\": \"seconds\"}]}}",
    };
    struct plan_input input = {.set_count = array_length(sets),
                               .sets = sets,
                               .url = "http://service"};
    *bench = (struct bench){.kept = STR_INIT};
    bench->plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(bench->plan);
    struct service_config config;
    service_config_default(&config);
    config.workers = 1;
    config.time.mean = duration_ms(10);
    config.queue_limit = 1;
    config.retry_after = duration_s(2);
    config.idempotency = KEYS_ATOMIC;
    config.key_faults = 1U << KEY_FAULT_CLAIM_EARLY;
    virtual_model_init(&bench->model, &config, SEED);
    bench->settings = (struct virtual_settings){
        .service = virtual_model_service(&bench->model),
        .way = duration_ms(1),
    };
    struct engine_options options = {
        .plan = bench->plan,
        .shape = engine_shape_of(bench->plan, 0, 1),
        .callbacks = {.context = bench,
                      .on_sent = on_sent,
                      .on_done = on_done},
        .settings = &bench->settings,
    };
    bench->engine = engine_virtual.open(&options, &errors);
    assert_non_null(bench->engine);
}

static void release(struct bench *bench)
{
    bench->engine->type->close(bench->engine);
    virtual_model_end(&bench->model);
    virtual_model_release(&bench->model);
    str_release(&bench->kept);
    plan_free(bench->plan);
}

static struct transfer *begin(struct bench *bench, const char *path,
                              const char *body, const char *key_line)
{
    struct transfer_order order = {.message = {
                                       .url = path,
                                       .body = body,
                                       .body_length = strlen(body),
                                       .lines = &key_line,
                                       .line_count = key_line ? 1 : 0,
                                   }};
    struct transfer *transfer = engine_take(bench->engine, 0, bench);
    order.tears = strcmp(body, "torn") == 0;
    assert_true(engine_begin(bench->engine, transfer, &order));
    return transfer;
}

static void wait_for(struct bench *bench, int64_t ms)
{
    bench->engine->type->wait(
        bench->engine,
        instant_add(engine_now(bench->engine), duration_ms(ms)));
}

static void ask(struct bench *bench, const char *path, const char *body,
                const char *key_line)
{
    struct transfer *transfer = begin(bench, path, body, key_line);
    bench->is_done = false;
    while (!bench->is_done) {
        wait_for(bench, 1000);
    }
    engine_give_back(bench->engine, transfer);
}

static void orders_are_answered_as_over_a_socket(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    ask(&bench, "http://service/orders?x", "{\"order\": \"a\"}",
        "idempotency-key:  k");
    assert_int_equal(bench.outcome, OUTCOME_OK);
    assert_int_equal(bench.status, 201);
    assert_string_equal(bench.kept.text,
                        "{\"id\": \"ord_1\", \"order\": \"a\"}\n");
    assert_int_equal(engine_now(bench.engine).ns, duration_ms(12).ns);
    ask(&bench, "http://service/orders", "{\"order\": \"a\"}",
        "Idempotency-Key: k");
    assert_int_equal(bench.status, 201);
    assert_int_equal(bench.model.orders.counts.replays, 1);
    ask(&bench, "http://service/refunds", "", "Idempotency-Key: k");
    assert_string_equal(bench.kept.text, "{\"id\": \"ref_1\"}\n");
    ask(&bench, "http://service/nowhere", "", NULL);
    assert_int_equal(bench.status, 404);
    release(&bench);
}

/* Two wait for the worker; the third learns when to come again. */
static void what_is_shed_hints(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    struct transfer *first = begin(&bench, "http://service/orders", "", NULL);
    struct transfer *second = begin(&bench, "http://service/orders", "", NULL);
    ask(&bench, "http://service/orders", "", NULL);
    assert_int_equal(bench.status, 503);
    assert_int_equal(bench.hint.kind, HINT_WAIT);
    assert_int_equal(bench.hint.wait.ns, duration_s(2).ns);
    engine_give_back(bench.engine, first);
    engine_give_back(bench.engine, second);
    bench.engine->type->close_connections(bench.engine);
    virtual_model_end(&bench.model);
    assert_int_equal(bench.model.orders.counts.effects, 2);
    assert_int_equal(bench.model.orders.counts.abandoned, 2);
    release(&bench);
}

static void half_a_request_wedges_its_key(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    struct transfer *torn =
        begin(&bench, "http://service/orders", "torn", "Idempotency-Key: k");
    wait_for(&bench, 1);
    wait_for(&bench, 1);
    engine_give_back(bench.engine, torn);
    wait_for(&bench, 1);
    ask(&bench, "http://service/orders", "{}", "Idempotency-Key: k");
    assert_int_equal(bench.status, 422); /* half of it is another payload */
    release(&bench);
}

static void other_resources_are_there(void **state)
{
    struct bench bench;
    (void)state;
    set_up(&bench);
    bench.plan->requests[0].config.method = "POST";
    ask(&bench, "http://service/orders", "{\"order\": \"a\"}", NULL);
    ask(&bench, "http://service/orders", "{\"order\": \"b\"}", NULL);
    bench.plan->requests[0].config.method = "GET";
    ask(&bench, "http://service/ledger", "", NULL);
    assert_int_equal(bench.status, 200);
    assert_string_equal(bench.kept.text, "a 1\nb 1\n");
    ask(&bench, "http://service/healthz", "", NULL);
    assert_string_equal(bench.kept.text, "{\"status\": \"ok\"}\n");
    ask(&bench, "http://service/faults", "", NULL);
    assert_int_equal(bench.status, 501);
    ask(&bench, "http://service", "", NULL);
    assert_int_equal(bench.status, 404);
    bench.plan->requests[0].config.method = "POST";
    ask(&bench, "http://service/reset", "", NULL);
    assert_int_equal(bench.status, 204);
    assert_int_equal(bench.model.orders.effects.performed, 0);
    release(&bench);
}

/* A connection that was used again keeps its number: four requests one after
 * another on one connection; then, while it is busy, on others. */
static void connections_keep_their_numbers(void **state)
{
    static const struct service_fault_config cut_off = {
        .kind = SERVICE_FAULT_PARTITION,
        .ratio = 0.5,
        .window = {.length = {INT64_MAX}},
    };
    struct bench bench;
    (void)state;

    set_up(&bench);
    bench.settings.keeps_connections = true;
    ask(&bench, "http://service/healthz", "", NULL);
    ask(&bench, "http://service/healthz", "", NULL);
    service_set_faults(&bench.model.orders.service, &cut_off, 1,
                       engine_now(bench.engine));
    /* The second is held up, the first is not. */
    struct transfer *first = begin(&bench, "http://service/orders", "", NULL);
    for (int i = 0; i < 4; i++) {
        wait_for(&bench, 1);
    }
    assert_int_equal(bench.model.orders.service.serving.count, 1);
    struct transfer *second = begin(&bench, "http://service/orders", "", NULL);
    for (int i = 0; i < 4; i++) {
        wait_for(&bench, 1);
    }
    assert_int_equal(bench.model.orders.service.serving.count, 1);
    assert_int_equal(bench.model.orders.service.waiting_count, 0);
    assert_int_equal(bench.model.orders.service.orders, 2);
    engine_give_back(bench.engine, first);
    engine_give_back(bench.engine, second);
    bench.engine->type->close_connections(bench.engine);
    virtual_model_end(&bench.model);
    release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_answered_as_over_a_socket),
        cmocka_unit_test(what_is_shed_hints),
        cmocka_unit_test(half_a_request_wedges_its_key),
        cmocka_unit_test(other_resources_are_there),
        cmocka_unit_test(connections_keep_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
