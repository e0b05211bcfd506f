/* What profiles and flags come to. */
#include "reading.h"

#include "plan/choice.h"

static void nothing_means_off(void **state)
{
    struct plan *plan = read_good(NULL, NULL);
    (void)state;
    assert_int_equal(plan->load.model, LOAD_CLOSED);
    assert_int_equal(plan->load.connections, 10);
    assert_int_equal(plan->load.max_in_flight, 10);
    assert_int_equal(plan->load.clients, 10);
    assert_int_equal(plan->load.threads, 1);
    assert_int_equal(plan->load.duration.ns, 10 * NS_PER_S);
    assert_int_equal(plan->load.drain.ns, 30 * NS_PER_S);
    assert_int_equal(plan->load.stage_count, 1);
    assert_string_equal(plan->load.stages[0].name, "main");
    assert_int_equal(plan->policy.retry.max_attempts, 1);
    assert_int_equal(plan->policy.key.scope, KEY_SCOPE_NONE);
    assert_int_equal(plan->policy.timeout.attempt.ns, INT64_MAX);
    assert_int_equal(plan->policy.retry.hint.count, 0);
    assert_int_equal(plan->policy.retry.backoff[CLASS_TIMEOUT].type,
                     BACKOFF_NONE);
    assert_int_equal(plan->fault_count, 0);
    assert_null(plan->target.url);
    assert_int_equal(plan->request_count, 1);
    assert_string_equal(plan->requests[0].config.name, "orders");
    assert_string_equal(plan->requests[0].config.method, "POST");
    assert_string_equal(plan->requests[0].config.body,
                        "{\"order\":\"{{op.id}}\"}");
    assert_int_equal(plan->requests[0].header_count, 1);
    assert_true(status_set_has(&plan->requests[0].config.expect.ok, 204));
    assert_false(status_set_has(&plan->requests[0].config.expect.ok, 301));
    assert_true(status_set_has(&plan->requests[0].config.expect.busy, 409));
    assert_true(plan->has_ledger);
    assert_string_equal(plan->ledger.url, "/ledger");
    assert_string_equal(plan->ledger.key, "{{op.id}}");
    plan_free(plan);
}

static void fill(const struct template *template, char *out, size_t size)
{
    struct template_subject subject = {
        .run = 1, .operation = 2, .attempt = 1, .key = "K", .key_length = 1};
    assert_true(size > template->length_max);
    template_fill(template, &subject, out, size);
}

static void a_url_is_called_with_what_the_flags_say(void **state)
{
    static const char *const headers[] = {"accept: text/plain",
                                          "Authorization: Bearer x"};
    char out[2048];
    (void)state;
    struct plan *plan =
        read_texts(NULL, NULL,
                   (struct plan_input){.url = "http://u:p@localhost:80/a?b=1",
                                       .header_count = 2,
                                       .headers = headers,
                                       .body = "hello"});
    assert_non_null(plan);
    const struct planned_request *request = &plan->requests[0];
    assert_string_equal(request->config.name, "default");
    assert_string_equal(request->config.method, "POST");
    assert_true(request->has_body);
    assert_false(plan->has_ledger);
    fill(&request->url, out, sizeof(out));
    assert_string_equal(out, "http://u:p@localhost:80/a?b=1");
    fill(&request->header_lines[0], out, sizeof(out));
    assert_string_equal(out, "accept: text/plain");
    char *profile = cJSON_PrintUnformatted(plan->profile);
    assert_null(strstr(profile, "Bearer"));
    assert_null(strstr(profile, "u:p@"));
    assert_non_null(strstr(profile, "\"Authorization\":\"***\""));
    assert_non_null(strstr(profile, "http://***@localhost:80/a?b=1"));
    free(profile);
    plan_free(plan);
}

static void paths_replace_that_of_the_url(void **state)
{
    char out[2048];
    struct plan *plan = read_good(
        "{\"requests\":[{\"path\":\"/o/{{op.seq}}?x\"},{\"name\":\"b\"}],"
        "\"target\":{\"url\":\"http://h:1/p?q\"}}",
        NULL);
    (void)state;
    fill(&plan->requests[0].url, out, sizeof(out));
    assert_string_equal(out, "http://h:1/o/2?x");
    fill(&plan->requests[1].url, out, sizeof(out));
    assert_string_equal(out, "http://h:1/p?q");
    assert_string_equal(plan->requests[0].config.name, "request-1");
    assert_string_equal(plan->requests[0].config.method, "GET");
    plan_free(plan);

    plan = read_good(NULL, NULL);
    assert_false(plan_set_target(plan, "localhost", &errors));
    assert_true(plan_set_target(plan, "http://127.0.0.1:5", &errors));
    fill(&plan->requests[0].url, out, sizeof(out));
    assert_string_equal(out, "http://127.0.0.1:5/orders");
    plan_free(plan);
}

static void keys_become_a_header(void **state)
{
    char out[2048];
    struct plan *plan = read_good("{\"idempotency\":{\"quoted\":true}}", NULL);
    (void)state;
    assert_int_equal(plan->policy.key.scope, KEY_SCOPE_OPERATION);
    assert_int_equal(plan->requests[0].header_count, 2);
    fill(&plan->requests[0].header_lines[1], out, sizeof(out));
    assert_string_equal(out, "Idempotency-Key: \"K\"");
    assert_true(plan->requests[0].traits.has_key);
    plan_free(plan);
    plan = read_good("{\"idempotency\":{\"scope\":\"none\"}}", NULL);
    assert_int_equal(plan->requests[0].header_count, 1);
    assert_false(plan->requests[0].traits.has_key);
    plan_free(plan);
}

static void only_some_methods_have_a_key(void **state)
{
    char out[2048];
    struct plan *plan = read_good(
        "{\"target\":{\"url\":\"http://h/\"},"
        "\"idempotency\":{\"methods\":[\"POST\",\"PATCH\"]},"
        "\"headers\":{\"X-Key\":\"{{key}}\"},"
        "\"requests\":[{\"name\":\"a\",\"method\":\"POST\"},{\"name\":\"b\"},"
        "{\"name\":\"c\",\"headers\":{\"idempotency-key\":\"own\"}}]}",
        NULL);
    (void)state;
    const struct planned_request *requests = plan->requests;
    assert_true(requests[0].traits.has_key);
    assert_int_equal(requests[0].header_count, 2);
    fill(&requests[0].header_lines[0], out, sizeof(out));
    assert_string_equal(out, "Idempotency-Key: K");
    assert_false(requests[1].traits.has_key);
    assert_int_equal(requests[1].header_count, 1);
    assert_false(requests[2].traits.has_key);
    fill(&requests[2].header_lines[0], out, sizeof(out));
    assert_string_equal(out, "idempotency-key: own");
    plan_free(plan);
}

/* Without a header of its own, a key is carried where there is a placeholder.
 */
static void a_key_may_be_in_the_request(void **state)
{
    static const char *const carriers[] = {
        "\"body\":\"{{key}}\"",
        "\"method\":\"POST\",\"path\":\"/{{key}}\"",
        "\"method\":\"POST\",\"headers\":{\"Idempotency-Key\":\"{{key}}\"}",
        "\"method\":\"POST\",\"body\":\"{{op.id}}\"",
    };
    char profile[512];
    (void)state;
    for (size_t i = 0; i < array_length(carriers); i++) {
        snprintf(profile, sizeof(profile),
                 "{\"target\":{\"url\":\"http://h/\"},"
                 "\"idempotency\":{\"in\":\"body\"},\"requests\":[{%s}]}",
                 carriers[i]);
        struct plan *plan = read_good(profile, NULL);
        assert_int_equal(plan->requests[0].traits.has_key, i < 3);
        /* A body says what it is. */
        assert_int_equal(plan->requests[0].header_count, i != 1);
        plan_free(plan);
    }
}

static void headers_are_sent_with_every_request(void **state)
{
    static const char *const flags[] = {"X-FLAG: mine"};
    char out[2048];
    (void)state;
    struct plan *plan = read_texts(
        "{\"headers\":{\"X-One\":\"1\",\"X-Two\":\"old\",\"X-Flag\":\"no\","
        "\"Authorization\":\"Bearer s3cret\"},"
        "\"requests\":[{\"name\":\"a\",\"headers\":{\"x-one\":\"own\"}},"
        "{\"name\":\"b\"}]}",
        "{\"headers\":{\"x-two\":\"new\"}}",
        (struct plan_input){
            .url = "http://h/", .header_count = 1, .headers = flags});
    errors_print(&errors, stderr);
    assert_non_null(plan);
    static const char *const expected[2][4] = {
        {"x-one: own", "X-FLAG: mine", "Authorization: Bearer s3cret",
         "x-two: new"},
        {"X-FLAG: mine", "X-One: 1", "Authorization: Bearer s3cret",
         "x-two: new"},
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(plan->requests[i].header_count, 4);
        for (size_t h = 0; h < 4; h++) {
            fill(&plan->requests[i].header_lines[h], out, sizeof(out));
            assert_string_equal(out, expected[i][h]);
        }
    }
    char *profile = cJSON_PrintUnformatted(plan->profile);
    assert_null(strstr(profile, "s3cret"));
    assert_non_null(strstr(profile, "\"Authorization\":\"***\""));
    free(profile);
    plan_free(plan);
}

static void traits_have_size_and_tier(void **state)
{
    struct plan *plan = read_good(
        "{\"target\":{\"url\":\"http://h/\"},\"requests\":["
        "{\"name\":\"a\",\"body\":\"12345\",\"tier\":3},{\"name\":\"b\"},"
        "{\"name\":\"c\",\"body\":\"{{uuid}}-\"}]}",
        NULL);
    (void)state;
    assert_int_equal(plan->requests[0].traits.body_bytes, 5);
    assert_int_equal(plan->requests[0].traits.tier, 3);
    assert_int_equal(plan->requests[1].traits.body_bytes, 0);
    assert_int_equal(plan->requests[1].traits.tier, 1);
    assert_int_equal(plan->requests[2].traits.body_bytes, 37);
    plan_free(plan);
}

static void stages_and_warmup_make_phases(void **state)
{
    struct plan *plan =
        read_good("{\"load\":{\"rate\":\"5/s\",\"warmup\":\"2s\",\"stages\":["
                  "{\"for\":\"3s\",\"from\":\"1/s\"},"
                  "{\"name\":\"top\",\"for\":\"4s\",\"rate\":\"9/s\"}]}}",
                  NULL);
    (void)state;
    const struct load_config *load = &plan->load;
    assert_int_equal(load->model, LOAD_OPEN);
    assert_true(load->first_stage_is_warmup);
    assert_int_equal(load->stage_count, 3);
    assert_string_equal(load->stages[0].name, "warm-up");
    assert_true(load->stages[0].from_per_s == 1);
    assert_true(load->stages[0].rate_per_s == 1);
    assert_string_equal(load->stages[1].name, "stage-1");
    assert_true(load->stages[1].from_per_s == 1);
    assert_true(load->stages[1].rate_per_s == 5);
    assert_true(load->stages[2].from_per_s == 9);
    assert_int_equal(load->duration.ns, 7 * NS_PER_S);
    assert_int_equal(load->clients, 1);
    assert_int_equal(load->max_in_flight, 10000);
    plan_free(plan);
    plan = read_good("{\"load\":{\"operations\":\"10k\"}}", NULL);
    assert_int_equal(plan->load.operations, 10000);
    assert_int_equal(plan->load.duration.ns, INT64_MAX);
    plan_free(plan);
}

struct counts {
    const char *profile;
    uint64_t clients, connections;
};

static void a_pool_is_one_or_one_a_client(void **state)
{
    static const struct counts rows[] = {
        /* In the closed model a client has one connection, unless set. */
        {"{\"load\":{\"pool\":\"per_client\"}}", 10, 10},
        {"{\"load\":{\"pool\":\"per_client\",\"connections\":30}}", 30, 30},
        {"{\"load\":{\"pool\":\"per_client\",\"clients\":30}}", 30, 30},
        {"{\"load\":{\"pool\":\"per_client\",\"clients\":3}}", 3, 3},
        {"{\"load\":{\"pool\":\"per_client\",\"clients\":3,"
         "\"connections\":30}}",
         3, 30},
        /* In the open one it has its share of what may be in flight. */
        {"{\"load\":{\"pool\":\"per_client\",\"clients\":30,"
         "\"rate\":\"1/s\"}}",
         30, 10000},
        {"{\"load\":{\"pool\":\"per_client\",\"clients\":30,"
         "\"rate\":\"1/s\",\"max_in_flight\":20}}",
         30, 30},
        /* Shared, they have nothing to do with each other. */
        {"{\"load\":{\"clients\":30}}", 30, 10},
        {"{\"load\":{\"pool\":\"shared\",\"clients\":30,"
         "\"connections\":2}}",
         30, 2},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct plan *plan = read_good(rows[i].profile, NULL);
        assert_int_equal(plan->load.pool,
                         i < 7 ? POOL_PER_CLIENT : POOL_SHARED);
        assert_int_equal(plan->load.clients, rows[i].clients);
        assert_int_equal(plan->load.connections, rows[i].connections);
        plan_free(plan);
    }
}

/* What is no more than a default may be lowered to what there is room for;
 * also where it is written out, as in a profile that was shown. */
static void connections_are_asked_for_or_a_default(void **state)
{
    static const struct {
        const char *profile, *set;
        bool given;
    } rows[] = {
        {"{\"load\":{\"rate\":\"1/s\"}}", NULL, false},
        {"{\"load\":{\"rate\":\"1/s\",\"connections\":10000}}", NULL, false},
        {"{\"load\":{\"rate\":\"1/s\",\"connections\":9999}}", NULL, true},
        {"{\"load\":{\"rate\":\"1/s\",\"connections\":9999}}",
         "load.max_in_flight=9999", false},
        {"{\"load\":{\"rate\":\"1/s\"}}", "load.connections=10000", true},
        {"{\"load\":{\"rate\":\"1/s\",\"connections\":10000}}",
         "load.connections=10000", true},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct plan *plan =
            read_sets(rows[i].profile, &rows[i].set, rows[i].set ? 1 : 0);
        assert_non_null(plan);
        assert_int_equal(plan->load.connections_given, rows[i].given);
        plan_free(plan);
    }
}

static void a_class_changes_parts_of_the_backoff(void **state)
{
    struct plan *plan = read_good(
        "{\"retry\":{\"max_attempts\":3,\"backoff\":{\"type\":\"exponential\","
        "\"initial\":\"50ms\",\"max\":\"20s\",\"jitter\":\"full\","
        "\"by_class\":{\"throttle\":{\"initial\":\"1s\"},"
        "\"timeout\":{\"jitter\":{\"add\":[\"0s\",\"100ms\"]}}}}}}",
        NULL);
    const struct backoff_config *backoff = plan->policy.retry.backoff;
    (void)state;
    assert_int_equal(backoff[CLASS_TRANSIENT].initial.ns, 50 * NS_PER_MS);
    assert_int_equal(backoff[CLASS_THROTTLE].initial.ns, NS_PER_S);
    assert_int_equal(backoff[CLASS_THROTTLE].max.ns, 20 * NS_PER_S);
    assert_true(backoff[CLASS_THROTTLE].jitter.mult_low == 0);
    assert_true(backoff[CLASS_THROTTLE].multiplier == 2);
    assert_true(backoff[CLASS_TIMEOUT].jitter.mult_low == 1);
    assert_int_equal(backoff[CLASS_TIMEOUT].jitter.add_high.ns,
                     100 * NS_PER_MS);
    assert_int_equal(backoff[CLASS_TIMEOUT].initial.ns, 50 * NS_PER_MS);
    plan_free(plan);
}

static void rules_and_tokens_become_one_list(void **state)
{
    struct plan *plan = read_good(
        "{\"retry\":{\"max_attempts\":2,\"classify\":[{\"when\":{\"not_status"
        "\":[501],\"method\":[\"GET\",\"PUT\"],\"sent\":false},\"as\":"
        "\"transient\"}],\"server_hint\":{}}}",
        NULL);
    const struct classify_rule *rule = plan->policy.retry.classify.rules;
    (void)state;
    assert_int_equal(plan->policy.retry.classify.count, 1);
    assert_true(rule->has_status);
    assert_true(status_set_has(&rule->status, 100));
    assert_true(status_set_has(&rule->not_status, 501));
    assert_int_equal(rule->methods, METHOD_GET | METHOD_PUT);
    assert_int_equal(rule->sent, NO);
    assert_int_equal(rule->reused, ANY);
    assert_int_equal(plan->policy.retry.hint.count, 2);
    assert_string_equal(plan->policy.retry.hint.headers[0].name,
                        "Retry-After");
    plan_free(plan);
    plan = read_good("{\"retry\":{\"max_attempts\":2}}", NULL);
    assert_true(plan->policy.retry.classify.count >= 5);
    plan_free(plan);
}

static void rules_ask_for_headers_and_refusals(void **state)
{
    struct plan *plan = read_good(
        "{\"retry\":{\"max_attempts\":2,\"retry_on\":[\"not_permitted\"],"
        "\"classify\":[{\"when\":{\"header\":{\"Should-Retry\":\" true \"}},"
        "\"as\":\"transient\"},"
        "{\"when\":{\"header\":{\"X-Any\":\"*\",\"should-retry\":\"FALSE\"}},"
        "\"as\":\"fatal\"},"
        "{\"when\":{\"header\":{\"SHOULD-RETRY\":\"True\"}},"
        "\"as\":\"throttle\"},"
        "{\"when\":{\"refused_by\":[\"breaker\",\"throttle\"],"
        "\"method\":[\"GET\"]},\"as\":\"throttle\"}],"
        "\"server_hint\":{\"invalid\":\"immediate\","
        "\"negative\":\"no_retry\"}}}",
        NULL);
    const struct retry_config *retry = &plan->policy.retry;
    const struct classify_config *classify = &retry->classify;
    (void)state;
    assert_int_equal(classify->header_count, 3);
    assert_string_equal(classify->headers[0].name, "Should-Retry");
    assert_string_equal(classify->headers[0].value, "true");
    assert_string_equal(classify->headers[1].value, "");
    assert_string_equal(classify->headers[2].value, "FALSE");
    assert_int_equal(classify->rules[0].headers, 1);
    assert_int_equal(classify->rules[1].headers, 6);
    assert_int_equal(classify->rules[2].headers, 1);
    assert_int_equal(classify->rules[3].headers, 0);
    assert_int_equal(classify->rules[3].refused_by,
                     1u << LAYER_BREAKER | 1u << LAYER_THROTTLE);
    assert_int_equal(classify->rules[3].methods, METHOD_GET);
    assert_int_equal(classify->count, 5);
    assert_int_equal(classify->rules[4].refused_by,
                     1u << LAYER_BREAKER | 1u << LAYER_CONCURRENCY |
                         1u << LAYER_RATE_LIMIT | 1u << LAYER_THROTTLE);
    assert_int_equal(retry->hint.invalid, INVALID_IMMEDIATE);
    assert_int_equal(retry->hint.negative, NEGATIVE_NO_RETRY);
    plan_free(plan);
}

static void every_layer_that_refuses_has_a_word(void **state)
{
    size_t count = 0;
    (void)state;
    for (const struct choice *row = choice_refusal; row->name; row++) {
        assert_string_equal(row->name, layer_name((enum layer)row->value));
        assert_true(layer_refuses((enum layer)row->value));
        count++;
    }
    for (size_t i = 0; i < LAYER_COUNT; i++) {
        count -= layer_refuses((enum layer)i);
    }
    assert_int_equal(count, 0);
}

static void profiles_merge_and_sets_win(void **state)
{
    static const char *const sets[] = {
        "timeout.attempt=3s", "faults[0].ratio=0.2", "name=123",
        "faults[1]={\"kind\":\"lost_request\",\"as\":\"reset\"}",
        "timeout.connect=null"};
    (void)state;
    struct plan *plan =
        read_texts("{\"timeout\":{\"attempt\":\"1s\",\"connect\":\"1s\"},"
                   "\"faults\":[{\"kind\":\"lost_response\"}]}",
                   "{\"timeout\":{\"attempt\":\"2s\"}}",
                   (struct plan_input){.sets = sets, .set_count = 5});
    errors_print(&errors, stderr);
    assert_non_null(plan);
    assert_int_equal(plan->policy.timeout.attempt.ns, 3 * NS_PER_S);
    assert_int_equal(plan->policy.timeout.connect.ns, INT64_MAX);
    assert_string_equal(plan->name, "123");
    assert_int_equal(plan->fault_count, 2);
    assert_true(plan->faults[0].ratio == 0.2);
    assert_int_equal(plan->faults[1].as, FAULT_AS_RESET);
    assert_int_equal(plan->faults[1].request, FAULT_ANY_REQUEST);
    plan_free(plan);
}

static void the_environment_fills_and_is_masked(void **state)
{
    (void)state;
    setenv("SQUALL_TEST_SECRET", "s3cret", 1);
    struct plan *plan = read_good(
        "{\"target\":{\"url\":\"http://h/\"},\"requests\":[{\"name\":\"r\","
        "\"headers\":{\"X-Own\":\"a ${env:SQUALL_TEST_SECRET} b\","
        "\"x-api-key\":\"k3y\",\"Accept\":\"*/*\"}}]}",
        NULL);
    char sent[64];
    fill(&plan->requests[0].header_lines[0], sent, sizeof(sent));
    assert_string_equal(sent, "X-Own: a s3cret b");
    char *profile = cJSON_PrintUnformatted(plan->profile);
    assert_null(strstr(profile, "s3cret"));
    assert_null(strstr(profile, "k3y"));
    assert_non_null(strstr(profile, "\"X-Own\":\"***\""));
    assert_non_null(strstr(profile, "\"Accept\":\"*/*\""));
    free(profile);
    plan_free(plan);
}

static void bodies_come_from_files(void **state)
{
    (void)state;
    write_file("body.txt", "id={{op.seq}}");
    struct plan *plan = read_texts(
        NULL, NULL,
        (struct plan_input){.url = "http://h/", .body = "@body.txt"});
    assert_non_null(plan);
    char out[1024];
    fill(&plan->requests[0].body, out, sizeof(out));
    assert_string_equal(out, "id=2");
    plan_free(plan);
    assert_null(read_texts(
        NULL, NULL,
        (struct plan_input){.url = "http://h/", .body = "@nothing.txt"}));
    assert_int_equal(errors.list[0].code, ERROR_NO_FILE);
    plan = read_good("{\"requests\":[{\"body\":{\"a\": [1]}}]}", NULL);
    assert_string_equal(plan->requests[0].config.body, "{\"a\":[1]}");
    plan_free(plan);
}

static void a_seed_on_the_command_line_wins(void **state)
{
    (void)state;
    struct plan *plan =
        read_texts("{\"seed\":7}", NULL, (struct plan_input){.seed = 3});
    assert_int_equal(plan->seed, 7);
    plan_free(plan);
    plan = read_texts("{\"seed\":7}", NULL,
                      (struct plan_input){.seed = 3, .has_seed = true});
    assert_int_equal(plan->seed, 3);
    plan_free(plan);
    plan = read_texts(NULL, NULL, (struct plan_input){.seed = 3});
    assert_int_equal(plan->seed, 3);
    plan_free(plan);
}

/* Who won where profiles disagree: a value, and the policy that a whole client
 * replaces. What they agree on, and what a flag says, is no override. */
static void overrides_are_noted(void **state)
{
    static const char *const sets[] = {"timeout.attempt=5s"};
    (void)state;
    struct plan *plan = read_texts(
        "{\"name\":\"x\",\"timeout\":{\"attempt\":\"1s\",\"connect\":\"1s\"},"
        "\"retry\":{\"max_attempts\":2,\"retry_on\":[\"5xx\"]}}",
        "{\"name\":\"y\",\"timeout\":{\"attempt\":\"2s\",\"connect\":\"1s\"},"
        "\"slo\":[\"p99 < 1s\"]}",
        (struct plan_input){.sets = sets, .set_count = 1});
    assert_non_null(plan);
    assert_int_equal(plan->overrides.count, 1);
    assert_string_equal(plan->overrides.list[0].key, "timeout.attempt");
    assert_string_equal(plan->overrides.list[0].by, "b.json");
    assert_string_equal(plan->overrides.list[0].of, "a.json");
    plan_free(plan);
    plan =
        read_texts("{\"retry\":{\"max_attempts\":2,\"retry_on\":[\"5xx\"]}}",
                   "{\"kind\":\"client\",\"retry\":{\"max_attempts\":1}}",
                   (struct plan_input){0});
    assert_non_null(plan);
    assert_int_equal(plan->overrides.count, 1);
    assert_string_equal(plan->overrides.list[0].key, "retry");
    plan_free(plan);
}

/* A scenario has no policy of its own, a strategy nothing else: no pair of
 * those that are shipped disagrees. */
static void shipped_pairs_agree(void **state)
{
    static const char *const scenarios[] = {
        "brownout",
        "capacity-drop",
        "cold-cache",
        "config-drift",
        "dependency-collapse",
        "duplicates",
        "flapping",
        "latency-explosion",
        "lost-responses",
        "outage",
        "partition",
        "resource-exhaustion",
        "retry-storm",
        "rolling-restart",
        "slow-dependency",
        "slow-network",
        "spike",
        "split-brain",
        "steady",
        "thundering-herd",
        "torn-requests",
    };
    static const char *const strategies[] = {
        "adaptive-limit", "breaker",       "broken-keys",
        "budgeted",       "deadline-only", "decorrelated-jitter",
        "equal-jitter",   "exponential",   "fixed",
        "full-jitter",    "hedged",        "immediate",
        "none",           "sre-throttle",  "token-bucket",
    };
    (void)state;
    for (size_t i = 0; i < array_length(scenarios); i++) {
        for (size_t k = 0; k < array_length(strategies); k++) {
            const char *names[] = {scenarios[i], strategies[k]};
            struct plan_input input = {.profiles = names, .profile_count = 2};
            errors = (struct errors)ERRORS_INIT;
            struct plan *plan = plan_read(&input, &errors);
            assert_non_null(plan);
            if (plan->overrides.count > 0) {
                fail_msg("%s and %s disagree on %s", names[0], names[1],
                         plan->overrides.list[0].key);
            }
            plan_free(plan);
        }
    }
}

static int enter(void **state)
{
    char *path = realpath("profiles", NULL);
    bool good = path && setenv("SQUALL_PROFILES", path, 1) == 0;
    free(path);
    return good ? enter_folder(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_means_off),
        cmocka_unit_test(a_url_is_called_with_what_the_flags_say),
        cmocka_unit_test(paths_replace_that_of_the_url),
        cmocka_unit_test(keys_become_a_header),
        cmocka_unit_test(only_some_methods_have_a_key),
        cmocka_unit_test(a_key_may_be_in_the_request),
        cmocka_unit_test(headers_are_sent_with_every_request),
        cmocka_unit_test(traits_have_size_and_tier),
        cmocka_unit_test(stages_and_warmup_make_phases),
        cmocka_unit_test(a_pool_is_one_or_one_a_client),
        cmocka_unit_test(connections_are_asked_for_or_a_default),
        cmocka_unit_test(a_class_changes_parts_of_the_backoff),
        cmocka_unit_test(rules_and_tokens_become_one_list),
        cmocka_unit_test(rules_ask_for_headers_and_refusals),
        cmocka_unit_test(every_layer_that_refuses_has_a_word),
        cmocka_unit_test(profiles_merge_and_sets_win),
        cmocka_unit_test(the_environment_fills_and_is_masked),
        cmocka_unit_test(bodies_come_from_files),
        cmocka_unit_test(a_seed_on_the_command_line_wins),
        cmocka_unit_test(overrides_are_noted),
        cmocka_unit_test(shipped_pairs_agree),
    };
    return cmocka_run_group_tests_name("plan/plan", tests, enter,
                                       leave_folder);
}
