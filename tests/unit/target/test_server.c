/* The real server over a socket, asked with libcurl. Times are not judged
 * here: test_service.c holds them in virtual time. */
#include "target/server.h"

#include "base/str.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

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
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, 30L);
    /* A server that hangs up on purpose must be seen to: libcurl would ask
     * again by itself on a connection that it has used before. */
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
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

static int set_up(void **state)
{
    (void)state;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    answer.body = (struct str)STR_INIT;
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
