/* The real server over a socket, asked with libcurl. Times are not judged
 * here: test_service.c holds them in virtual time. */
#include "service/server.h"

#include "base/str.h"

#include <curl/curl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct answer {
    CURLcode result;
    long status;
    struct str body;
    bool replayed;
    char retry_after[16];
};

static CURL *curl;
static struct server *server;
static struct answer answer;
static long timeout_ms;
static bool keep_connection;

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    (void)context;
    str_append_bytes(&answer.body, bytes, size * count);
    return size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count,
                          void *context)
{
    static const char replayed[] = "Idempotent-Replayed: true\r\n";
    static const char wait[] = "Retry-After: ";
    size_t length = size * count;
    (void)context;
    if (length == sizeof(replayed) - 1 &&
        memcmp(bytes, replayed, length) == 0) {
        answer.replayed = true;
    }
    if (length > sizeof(wait) + 1 &&
        memcmp(bytes, wait, sizeof(wait) - 1) == 0) {
        length -= sizeof(wait) + 1;
        assert_true(length < sizeof(answer.retry_after));
        memcpy(answer.retry_after, bytes + sizeof(wait) - 1, length);
        answer.retry_after[length] = '\0';
    }
    return size * count;
}

static void start(const struct service_config *config)
{
    struct errors errors = ERRORS_INIT;
    struct server_options options = {.seed = 1};
    server = server_start(config, &options, &errors);
    assert_non_null(server);
    assert_int_equal(errors.count, 0);
}

static void ask(CURL *handle, const char *method, const char *path,
                const char *body, struct curl_slist *headers)
{
    struct str url = STR_INIT;
    str_printf(&url, "%s%s", server_url(server), path);
    str_reset(&answer.body);
    answer = (struct answer){.body = answer.body};
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, url.text);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
    /* A server that hangs up on purpose must be seen to: libcurl would ask
     * again by itself on a connection that it has used before. */
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, keep_connection ? 0L : 1L);
    if (body) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    }
    answer.result = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    str_release(&url);
    curl_slist_free_all(headers);
}

static void post(const char *path, const char *body, const char *key)
{
    struct curl_slist *headers = NULL;
    struct str line = STR_INIT;
    if (key) {
        str_printf(&line, "Idempotency-Key: %s", key);
        headers = curl_slist_append(headers, line.text);
        str_release(&line);
    }
    ask(curl, "POST", path, body, headers);
}

static void get(const char *path, const char *accept)
{
    struct curl_slist *headers = NULL;
    if (accept) {
        headers = curl_slist_append(headers, accept);
    }
    ask(curl, "GET", path, NULL, headers);
}

static struct server_counts counts(void)
{
    struct server_counts now;
    server_counts(server, &now);
    return now;
}

static struct service_config config_of(enum key_mode mode)
{
    struct service_config config;
    service_config_default(&config);
    config.idempotency = mode;
    return config;
}

/* Several POSTs at once; their statuses, sorted, "0" for no answer. */
enum { TOGETHER = 3 };

struct together {
    CURLM *multi;
    CURL *handles[TOGETHER];
    struct curl_slist *headers[TOGETHER];
    int count;
};

static size_t ignore_body(char *bytes, size_t size, size_t count,
                          void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static void begin_post(struct together *together, const char *body,
                       const char *key_line)
{
    struct str url = STR_INIT;
    CURL *handle = curl_easy_init();
    str_printf(&url, "%s/orders", server_url(server));
    curl_easy_setopt(handle, CURLOPT_URL, url.text);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, body);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore_body);
    if (key_line) {
        together->headers[together->count] = curl_slist_append(NULL, key_line);
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER,
                         together->headers[together->count]);
    }
    if (!together->multi) {
        together->multi = curl_multi_init();
    }
    curl_multi_add_handle(together->multi, handle);
    together->handles[together->count++] = handle;
    str_release(&url);
}

static int by_status(const void *a, const void *b)
{
    return (int)(*(const long *)a - *(const long *)b);
}

/* Runs them to the end, or until the server has read `until` requests. */
static int run_together(struct together *together, uint64_t until)
{
    int running = 0;
    do {
        curl_multi_perform(together->multi, &running);
        if (running > 0) {
            curl_multi_poll(together->multi, NULL, 0, 5, NULL);
        }
    } while (running > 0 && counts().requests < until);
    return running;
}

static void end_together(struct together *together, long statuses[TOGETHER])
{
    run_together(together, UINT64_MAX);
    for (int i = 0; i < together->count; i++) {
        curl_easy_getinfo(together->handles[i], CURLINFO_RESPONSE_CODE,
                          &statuses[i]);
        curl_multi_remove_handle(together->multi, together->handles[i]);
        curl_easy_cleanup(together->handles[i]);
        curl_slist_free_all(together->headers[i]);
    }
    qsort(statuses, (size_t)together->count, sizeof(*statuses), by_status);
    curl_multi_cleanup(together->multi);
}

/* Asks the server's counters until they are there; a limit of 30 s is far
 * beyond what any order here takes. */
static void wait_for_effects(uint64_t effects)
{
    time_t limit = time(NULL) + 30;
    while (counts().effects < effects) {
        assert_true(time(NULL) < limit);
        get("/healthz", NULL);
    }
}

static void orders_are_effects_in_the_ledger(void **state)
{
    struct service_config config = config_of(KEYS_NONE);
    (void)state;
    start(&config);
    post("/orders", "{\"order\": \"a\"}", NULL);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.body.text,
                        "{\"id\": \"ord_1\", \"order\": \"a\"}\n");
    post("/orders", "{\"order\": \"a\"}", "k1");
    post("/orders", "{\"amount\": 3}", "k\"2");
    post("/refunds", "", NULL);
    assert_string_equal(answer.body.text, "{\"id\": \"ref_1\"}\n");

    get("/ledger", NULL);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body.text, "a 2\nk\"2 1\nref_1 1\n");
    get("/ledger", "Accept: application/json");
    assert_string_equal(
        answer.body.text,
        "{\"effects\": {\n\"a\": 2,\n\"k\\\"2\": 1,\n\"ref_1\": 1}}\n");
    get("/ledger?by=key", NULL);
    assert_string_equal(answer.body.text, "k1 1\nk\"2 1\n");
    assert_int_equal(counts().effects, 4);
    assert_int_equal(counts().orders, 4);
    assert_int_equal(counts().requests, 7);

    ask(curl, "POST", "/reset", "", NULL);
    assert_int_equal(answer.status, 204);
    get("/ledger", NULL);
    assert_string_equal(answer.body.text, "");
    get("/ledger", "Accept: application/json");
    assert_string_equal(answer.body.text, "{\"effects\": {}}\n");
    server_stop(server);
}

static void a_key_is_answered_once(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    (void)state;
    start(&config);
    post("/orders", "{\"order\": \"a\"}", "k1");
    assert_int_equal(answer.status, 201);
    assert_false(answer.replayed);
    post("/orders", "{\"order\": \"a\"}", "k1");
    assert_int_equal(answer.status, 201);
    assert_true(answer.replayed);
    assert_string_equal(answer.body.text,
                        "{\"id\": \"ord_1\", \"order\": \"a\"}\n");
    post("/orders", "{\"order\": \"a\"}", "\"k1\"");
    assert_true(answer.replayed);
    post("/orders", "{\"order\": \"b\"}", "k1");
    assert_int_equal(answer.status, 422);
    post("/refunds", "{\"order\": \"a\"}", "k1");
    assert_int_equal(answer.status, 201);
    assert_false(answer.replayed);
    assert_int_equal(counts().effects, 2);
    assert_int_equal(counts().replays, 2);
    ask(curl, "POST", "/reset", "", NULL);
    post("/orders", "{\"order\": \"a\"}", "k1");
    assert_false(answer.replayed);
    server_stop(server);
}

/* Orders take far longer than it takes to send two. */
static void overlapping_keys_run_once_or_twice(void **state)
{
    static const struct {
        enum key_mode mode;
        long first, second;
        uint64_t effects, conflicts;
    } rows[] = {
        {KEYS_NONE, 201, 201, 2, 0},          {KEYS_ATOMIC, 201, 409, 1, 1},
        {KEYS_RACY, 201, 201, 2, 0},          {KEYS_FORGETFUL, 201, 409, 1, 1},
        {KEYS_REPLAY_ERRORS, 201, 409, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct service_config config = config_of(rows[i].mode);
        struct together together = {0};
        long statuses[TOGETHER];
        config.time.mean = duration_ms(300);
        start(&config);
        begin_post(&together, "{}", "Idempotency-Key: k");
        begin_post(&together, "{}", "Idempotency-Key: k");
        end_together(&together, statuses);
        assert_int_equal(statuses[0], rows[i].first);
        assert_int_equal(statuses[1], rows[i].second);
        assert_int_equal(counts().effects, rows[i].effects);
        assert_int_equal(counts().conflicts, rows[i].conflicts);
        server_stop(server);
    }
}

static void what_is_malformed_is_refused(void **state)
{
    static const struct {
        const char *body, *key;
    } rows[] = {
        {"{\"order\": 7}", NULL},
        {"{\"order\": \"a b\"}", NULL},
        {"{\"order\": \"\"}", NULL},
        {"[]", NULL},
        {"{} trailing", NULL},
        {"order=1", NULL},
        {"{}", "\"open"},
        {"{}", "a b"},
        {"{}", "\"\""},
    };
    struct service_config config = config_of(KEYS_ATOMIC);
    (void)state;
    start(&config);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        post("/orders", rows[i].body, rows[i].key);
        assert_int_equal(answer.status, 400);
    }
    ask(curl, "POST", "/orders", "{}",
        curl_slist_append(curl_slist_append(NULL, "Idempotency-Key: a"),
                          "Idempotency-Key: b"));
    assert_int_equal(answer.status, 400);
    get("/orders", NULL);
    assert_int_equal(answer.status, 405);
    get("/nowhere", NULL);
    assert_int_equal(answer.status, 404);

    size_t size = 1024 * 1024 + 1;
    char *large = malloc(size + 1);
    assert_non_null(large);
    memset(large, ' ', size);
    large[size] = '\0';
    post("/orders", large, NULL);
    assert_int_equal(answer.status, 413);
    large[0] = '{';
    large[size - 2] = '}';
    large[size - 1] = '\0';
    post("/orders", large, NULL);
    assert_int_equal(answer.status, 201);
    free(large);
    assert_int_equal(counts().effects, 1);
    server_stop(server);
}

static void faults_are_changed_while_it_runs(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    (void)state;
    start(&config);
    get("/faults", NULL);
    assert_string_equal(answer.body.text, "[]\n");
    ask(curl, "PUT", "/faults",
        "[{\"kind\": \"error\", \"status\": 500, \"ratio\": \"100%\"}]", NULL);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body.text,
                        "[{\"kind\": \"error\", \"status\": 500}]\n");
    post("/orders", "{}", "k");
    assert_int_equal(answer.status, 500);
    assert_int_equal(counts().effects, 0);

    ask(curl, "PUT", "/faults", "[{\"kind\": \"eror\"}]", NULL);
    assert_int_equal(answer.status, 400);
    post("/orders", "{}", "k");
    assert_int_equal(answer.status, 500);

    ask(curl, "PUT", "/faults", "[]", NULL);
    post("/orders", "{}", "k");
    assert_int_equal(answer.status, 201);
    assert_false(answer.replayed);
    server_stop(server);
}

static void set_fault(const char *kind)
{
    struct str body = STR_INIT;
    str_printf(&body, "[{\"kind\": \"%s\", \"status\": 502}]", kind);
    ask(curl, "PUT", "/faults", body.text, NULL);
    assert_int_equal(answer.status, 200);
    str_release(&body);
}

static void errors_are_replayed_when_stored(void **state)
{
    struct service_config config = config_of(KEYS_REPLAY_ERRORS);
    (void)state;
    start(&config);
    set_fault("error");
    post("/orders", "{}", "k");
    assert_int_equal(answer.status, 502);
    ask(curl, "PUT", "/faults", "[]", NULL);
    post("/orders", "{}", "k");
    assert_int_equal(answer.status, 502);
    assert_true(answer.replayed);
    assert_int_equal(counts().effects, 0);
    server_stop(server);
}

static void connections_are_reset_or_closed(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    long error = 0;
    (void)state;
    start(&config);
    set_fault("reset_before");
    post("/orders", "{}", "k");
    assert_int_equal(answer.result, CURLE_RECV_ERROR);
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
    assert_int_equal(error, ECONNRESET);
    assert_int_equal(counts().effects, 0);

    set_fault("close_after");
    post("/orders", "{}", "k");
    assert_int_equal(answer.result, CURLE_GOT_NOTHING);
    assert_int_equal(counts().effects, 1);

    ask(curl, "PUT", "/faults", "[]", NULL);
    post("/orders", "{}", "k");
    assert_true(answer.replayed);
    assert_int_equal(counts().effects, 1);
    server_stop(server);
}

static void a_full_queue_sheds(void **state)
{
    struct service_config config = config_of(KEYS_NONE);
    struct together together = {0};
    long statuses[TOGETHER];
    (void)state;
    config.workers = 1;
    config.queue_limit = 1;
    config.time.mean = duration_ms(200);
    config.retry_after = duration_ms(1500);
    start(&config);
    begin_post(&together, "{}", NULL);
    begin_post(&together, "{}", NULL);
    run_together(&together, 2);
    post("/orders", "{}", NULL);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.retry_after, "2");
    end_together(&together, statuses);
    assert_int_equal(statuses[0], 201);
    assert_int_equal(statuses[1], 201);
    assert_int_equal(counts().shed, 1);
    server_stop(server);
}

/* A caller that gives up long before its order is done. */
static void the_service_works_on_for_who_hung_up(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    (void)state;
    config.time.mean = duration_ms(400);
    start(&config);
    timeout_ms = 40;
    post("/orders", "{\"order\": \"a\"}", "k");
    timeout_ms = 30000;
    assert_int_equal(answer.result, CURLE_OPERATION_TIMEDOUT);
    wait_for_effects(1);
    assert_int_equal(counts().abandoned, 1);
    post("/orders", "{\"order\": \"a\"}", "k");
    assert_true(answer.replayed);
    assert_int_equal(counts().effects, 1);
    server_stop(server);
}

static void or_skips_them(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    struct together together = {0};
    long statuses[TOGETHER];
    (void)state;
    config.workers = 1;
    config.abandoned = ABANDONED_SKIP;
    config.time.mean = duration_ms(400);
    start(&config);
    begin_post(&together, "{}", NULL);
    run_together(&together, 1);
    timeout_ms = 40;
    post("/orders", "{\"order\": \"gone\"}", "k");
    timeout_ms = 30000;
    end_together(&together, statuses);
    post("/orders", "{\"order\": \"gone\"}", "k");
    assert_int_equal(answer.status, 201);
    assert_false(answer.replayed);
    get("/ledger", NULL);
    assert_string_equal(answer.body.text, "ord_1 1\ngone 1\n");
    server_stop(server);
}

/* Many pieces, and a reader that takes them as they come. */
static void a_large_ledger_is_whole(void **state)
{
    enum { ORDERS = 3000, NAME = 200 };
    struct service_config config = config_of(KEYS_NONE);
    struct str body = STR_INIT;
    (void)state;
    start(&config);
    keep_connection = true;
    for (int i = 0; i < ORDERS; i++) {
        str_reset(&body);
        str_printf(&body, "{\"order\": \"%0*d\"}", NAME, i);
        post("/orders", body.text, NULL);
        assert_int_equal(answer.status, 201);
    }
    keep_connection = false;
    get("/ledger", NULL);
    assert_int_equal(answer.body.length, ORDERS * (NAME + 3));
    for (int i = 0; i < ORDERS; i++) {
        str_reset(&body);
        str_printf(&body, "%0*d 1\n", NAME, i);
        assert_memory_equal(answer.body.text + i * (NAME + 3), body.text,
                            NAME + 3);
    }
    str_release(&body);
    server_stop(server);
}

static void it_stops_with_orders_in_it(void **state)
{
    struct service_config config = config_of(KEYS_ATOMIC);
    struct together together = {0};
    long statuses[TOGETHER];
    (void)state;
    config.workers = 1;
    config.time.mean = duration_s(3600);
    start(&config);
    begin_post(&together, "{}", NULL);
    begin_post(&together, "{}", "Idempotency-Key: k");
    run_together(&together, 2);
    server_stop(server);
    server = NULL;
    int running = 0;
    do {
        curl_multi_perform(together.multi, &running);
        curl_multi_poll(together.multi, NULL, 0, 5, NULL);
    } while (running > 0);
    for (int i = 0; i < together.count; i++) {
        curl_easy_getinfo(together.handles[i], CURLINFO_RESPONSE_CODE,
                          &statuses[i]);
        assert_int_equal(statuses[i], 0);
        curl_multi_remove_handle(together.multi, together.handles[i]);
        curl_easy_cleanup(together.handles[i]);
        curl_slist_free_all(together.headers[i]);
    }
    curl_multi_cleanup(together.multi);
}

static void what_cannot_listen_says_so(void **state)
{
    struct service_config config = config_of(KEYS_NONE);
    struct errors errors = ERRORS_INIT;
    struct server_options options = {.listen = "127.0.0.1"};
    (void)state;
    start(&config);
    options.port =
        (uint16_t)strtoul(strrchr(server_url(server), ':') + 1, NULL, 10);
    assert_null(server_start(&config, &options, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, ERROR_NO_RESOURCE);
    options.listen = "256.0.0.1";
    assert_null(server_start(&config, &options, &errors));
    assert_int_equal(errors.count, 2);
    server_stop(server);
}

static int set_up(void **state)
{
    (void)state;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    answer.body = (struct str)STR_INIT;
    timeout_ms = 30000;
    return curl == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    curl_easy_cleanup(curl);
    str_release(&answer.body);
    curl_global_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_effects_in_the_ledger),
        cmocka_unit_test(a_key_is_answered_once),
        cmocka_unit_test(overlapping_keys_run_once_or_twice),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(faults_are_changed_while_it_runs),
        cmocka_unit_test(errors_are_replayed_when_stored),
        cmocka_unit_test(connections_are_reset_or_closed),
        cmocka_unit_test(a_full_queue_sheds),
        cmocka_unit_test(the_service_works_on_for_who_hung_up),
        cmocka_unit_test(or_skips_them),
        cmocka_unit_test(a_large_ledger_is_whole),
        cmocka_unit_test(it_stops_with_orders_in_it),
        cmocka_unit_test(what_cannot_listen_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
