/* What each shipped client makes of a wait that the service asks for: one row
 * a client and header, one column a value. "run" in a row says that the real
 * client of that version was run against a loopback server that sent these
 * values (November 2026); else the row is read from the named source. */
#include "base/must.h"
#include "plan/library.h"

#include "drive.h"

/* The wait before the first retry. */
enum kind {
    OWN,   /* the client's own, as if nothing had been said */
    AFTER, /* ms exactly */
    PLUS,  /* ms after the own wait */
    UP_TO, /* ms to 1.2 times as long, by the client's own jitter */
    END,   /* there is no retry */
};

struct cell {
    enum kind kind;
    double ms;
};

#define OWN \
    { \
        OWN, 0 \
    }
#define END \
    { \
        END, 0 \
    }
#define AT_ONCE \
    { \
        AFTER, 0 \
    }
#define AFTER(ms) \
    { \
        AFTER, ms \
    }
#define PLUS(ms) \
    { \
        PLUS, ms \
    }
#define UP_TO(ms) \
    { \
        UP_TO, ms \
    }

/* Sun, 06 Nov 1994 08:49:37 GMT. */
static const int64_t wall_ms = INT64_C(784111777000);

static const char *const retry_after_values[] = {
    "0",
    "1.5",
    "-1",
    "60",
    "120",
    "soon",
    "3s",
    "",
    "Sun, 06 Nov 1994 08:49:41 GMT", /* in four seconds */
    "Sun, 06 Nov 1994 08:48:37 GMT", /* a minute ago */
};

static const char *const ms_values[] = {"0", "1500", "1500.5", "-1", "soon"};

enum {
    RETRY_AFTER_COUNT = array_length(retry_after_values),
    MS_COUNT = array_length(ms_values),
};

struct row {
    const char *client;
    unsigned status;
    struct cell cells[RETRY_AFTER_COUNT];
    const char *source;
};

#define IGNORES_DATES OWN, OWN
#define AWS_JS \
    { \
        OWN, AFTER(1500), OWN, PLUS(5000), PLUS(5000), OWN, OWN, OWN, \
            AFTER(4000), OWN \
    }
#define CURL \
    { \
        OWN, AFTER(1000), OWN, AFTER(60000), AFTER(120000), OWN, AFTER(3000), \
            OWN, AFTER(4000), OWN \
    }
#define STRIPE_PYTHON \
    { \
        OWN, OWN, OWN, AFTER(60000), OWN, OWN, OWN, OWN, IGNORES_DATES \
    }
#define OKHTTP \
    { \
        AT_ONCE, END, END, END, END, END, END, END, END, END \
    }
#define URLLIB3 \
    { \
        AT_ONCE, END, END, AFTER(60000), AFTER(120000), END, END, END, \
            AFTER(4000), AT_ONCE \
    }
#define GO_SECONDS \
    { \
        AT_ONCE, OWN, AT_ONCE, AFTER(60000), AFTER(120000), OWN, OWN, OWN, \
            IGNORES_DATES \
    }

/* 0, 1.5, -1, 60, 120, soon, 3s, nothing, in 4 s, passed. */
static const struct row rows[] = {
    {"anthropic-node",
     503,
     {OWN, AFTER(1500), OWN, AFTER(60000), AFTER(120000), OWN, AFTER(3000),
      OWN, AFTER(4000), OWN},
     "@anthropic-ai/sdk 1.12.0, run"},
    {"openai-node",
     503,
     {AT_ONCE, AFTER(1500), OWN, AFTER(60000), OWN, OWN, AFTER(3000), OWN,
      AFTER(4000), OWN},
     "openai 7.57.0, run"},
    {"azure-js",
     503,
     {AT_ONCE, AFTER(1500), AT_ONCE, AFTER(60000), AFTER(120000), OWN, OWN,
      OWN, AFTER(4000), AT_ONCE},
     "@azure/core-rest-pipeline 1.25.0, run"},
    {"azure-js",
     429,
     {AT_ONCE, AFTER(1500), AT_ONCE, AFTER(60000), AFTER(120000), END, END,
      END, AFTER(4000), AT_ONCE},
     "@azure/core-rest-pipeline 1.25.0, run"},
    {"axios-retry",
     503,
     {AT_ONCE, AFTER(1500), AT_ONCE, AFTER(60000), AFTER(120000), AT_ONCE,
      AT_ONCE, AT_ONCE, AFTER(4000), AT_ONCE},
     "axios-retry 4.5.0, run"},
    {"axios-retry-exponential",
     503,
     {OWN, UP_TO(1500), OWN, UP_TO(60000), UP_TO(120000), OWN, OWN, OWN,
      UP_TO(4000), OWN},
     "axios-retry 4.5.0, run"},
    {"got",
     503,
     {AT_ONCE, OWN, OWN, AFTER(60000), AFTER(120000), OWN, OWN, OWN,
      AFTER(4000), AT_ONCE},
     "got 16.1.0, run"},
    {"got",
     413,
     {AT_ONCE, END, END, AFTER(60000), AFTER(120000), END, END, END,
      AFTER(4000), AT_ONCE},
     "got 16.1.0, run"},
    {"ky",
     503,
     {AT_ONCE, OWN, OWN, AFTER(60000), AFTER(120000), OWN, OWN, OWN,
      AFTER(4000), AT_ONCE},
     "ky 2.1.0, run"},
    {"ky",
     413,
     {AT_ONCE, OWN, OWN, AFTER(60000), AFTER(120000), OWN, OWN, OWN,
      AFTER(4000), AT_ONCE},
     "ky 2.1.0, run"},
    {"undici-retryagent",
     503,
     {AT_ONCE, AFTER(1500), OWN, AFTER(30000), AFTER(30000), OWN, OWN, OWN,
      AFTER(4000), OWN},
     "undici 8.12.4, run"},
    {"square-node",
     503,
     {OWN, AFTER(1000), OWN, AFTER(60000), AFTER(60000), OWN, AFTER(3000), OWN,
      AFTER(4000), OWN},
     "square 46.0.0, run"},
    {"slack-node",
     429,
     {OWN, PLUS(1000), OWN, PLUS(60000), PLUS(120000), END, PLUS(3000), END,
      END, END},
     "@slack/web-api 8.2.0, run"},
    {"aws-js-s3", 503, AWS_JS, "@smithy/core 3.41.1, run"},
    {"aws-js-dynamodb", 503, AWS_JS, "@smithy/core 3.41.1, run"},
    {"aws-js-sqs-longpoll", 503, AWS_JS, "@smithy/core 3.41.1"},
    {"aws-js-2608-s3", 503, AWS_JS, "@smithy/core 3.33.3, run"},
    {"aws-js-2608-optin-s3", 503, AWS_JS, "@smithy/core 3.33.3"},
    {"curl", 503, CURL, "curl 8.18.0 lib/http.c; 7.88.1, run"},
    {"curl-retry-4-all-errors", 503, CURL, "curl 8.18.0 lib/http.c"},
    {"stripe-python-2", 503, STRIPE_PYTHON, "stripe-python 5.0.0, run"},
    {"stripe-python-5", 503, STRIPE_PYTHON, "stripe-python 5.0.0, run"},
    {"stripe-python", 503, STRIPE_PYTHON, "stripe/_http_client.py, 2026"},
    {"urllib3-default", 503, URLLIB3, "urllib3 1.26.12, run"},
    {"urllib3-retry3-factor", 503, URLLIB3, "urllib3 1.26.12, run"},
    {"urllib3-3", 503, URLLIB3, "urllib3 2 src/urllib3/util/retry.py"},
    {"azure-python",
     503,
     {OWN, END, OWN, AFTER(60000), AFTER(120000), END, END, OWN, AFTER(4000),
      OWN},
     "azure-core 1.26.3, run"},
    {"go-retryablehttp", 503, GO_SECONDS, "go-retryablehttp 0.7.1 client.go"},
    {"failsafe-go", 503, GO_SECONDS, "failsafehttp/policy.go, 2026"},
    {"client-go",
     503,
     {AT_ONCE, END, AT_ONCE, AFTER(60000), AFTER(120000), END, END, END, END,
      END},
     "client-go rest/with_retry.go, rest/request.go, 2026"},
    {"okhttp-fresh", 503, OKHTTP, "RetryAndFollowUpInterceptor.java, 3.13"},
    {"okhttp-fresh", 408, OKHTTP, "RetryAndFollowUpInterceptor.java, 3.13"},
    {"okhttp-reused", 503, OKHTTP, "RetryAndFollowUpInterceptor.java, 3.13"},
    {"dotnet-standard-handler",
     503, /* 30 s in all */
     {AT_ONCE, OWN, OWN, END, END, OWN, OWN, OWN, AFTER(4000), AT_ONCE},
     "Http.Resilience Internal/RetryAfterHelper.cs, 2026"},
    {"azure-net",
     503,
     {OWN, OWN, OWN, AFTER(60000), AFTER(120000), OWN, OWN, OWN, AFTER(4000),
      OWN},
     "Azure.Core DelayStrategy.cs, GetServerDelay"},
    {"azure-go",
     503,
     {OWN, OWN, OWN, AFTER(60000), END, OWN, OWN, OWN, AFTER(4000), OWN},
     "azcore policy_retry.go, internal/shared/shared.go"},
};

struct ms_row {
    const char *client;
    const char *header;
    struct cell cells[MS_COUNT];
    const char *source;
};

#define AZURE_JS \
    { \
        AT_ONCE, AFTER(1500), AFTER(1500.5), AT_ONCE, OWN \
    }
#define WHOLE_MS \
    { \
        OWN, AFTER(1500), OWN, OWN, OWN \
    }
#define AZURE_PYTHON \
    { \
        OWN, AFTER(1500), END, OWN, END \
    }
#define AWS_JS_MS \
    { \
        OWN, AFTER(1500), AFTER(1500.5), OWN, OWN \
    }
#define PUSHBACK \
    { \
        AT_ONCE, AFTER(1500), END, END, END \
    }

/* 0, 1500, 1500.5, -1, soon. */
static const struct ms_row ms_rows[] = {
    {"openai-node",
     "retry-after-ms",
     {AT_ONCE, AFTER(1500), AFTER(1500.5), OWN, OWN},
     "openai 7.57.0, run"},
    {"anthropic-node",
     "retry-after-ms",
     {OWN, AFTER(1500), AFTER(1500.5), OWN, OWN},
     "@anthropic-ai/sdk 1.12.0, run"},
    {"azure-js", "retry-after-ms", AZURE_JS, "core-rest-pipeline 1.25.0, run"},
    {"azure-js", "x-ms-retry-after-ms", AZURE_JS,
     "core-rest-pipeline 1.25.0, run"},
    {"azure-net", "retry-after-ms", WHOLE_MS, "Azure.Core DelayStrategy.cs"},
    {"azure-net", "x-ms-retry-after-ms", WHOLE_MS,
     "Azure.Core DelayStrategy.cs"},
    {"azure-go", "retry-after-ms", WHOLE_MS, "azcore shared.go"},
    {"azure-go", "x-ms-retry-after-ms", WHOLE_MS, "azcore shared.go"},
    {"azure-python", "retry-after-ms", AZURE_PYTHON, "azure-core 1.26.3, run"},
    {"azure-python", "x-ms-retry-after-ms", AZURE_PYTHON,
     "azure-core 1.26.3, run"},
    {"aws-js-s3", "x-amz-retry-after", AWS_JS_MS, "@smithy/core 3.41.1, run"},
    {"aws-js-dynamodb", "x-amz-retry-after", AWS_JS_MS,
     "@smithy/core 3.41.1, run"},
    {"aws-js-sqs-longpoll", "x-amz-retry-after", AWS_JS_MS,
     "@smithy/core 3.41.1"},
    {"aws-js-2608-s3", "x-amz-retry-after", AWS_JS_MS,
     "@smithy/core 3.33.3, run"},
    {"aws-js-2608-optin-s3", "x-amz-retry-after", AWS_JS_MS,
     "@smithy/core 3.33.3"},
    {"aws-standard-2026", "x-amz-retry-after", WHOLE_MS,
     "botocore/retries/standard.py, _get_retry_after_delay"},
    {"grpc-js-example",
     "grpc-retry-pushback-ms",
     {AT_ONCE, AFTER(1500), AFTER(1500), END, AT_ONCE},
     "@grpc/grpc-js 1.14.7, run"},
    {"grpc-core-example", "grpc-retry-pushback-ms", PUSHBACK,
     "GrpcRetryPushbackMsMetadata::ParseMemento"},
    {"grpc-go-example", "grpc-retry-pushback-ms", PUSHBACK,
     "grpc-go 1.33.3 stream.go, shouldRetry"},
    {"grpc-example", "grpc-retry-pushback-ms", PUSHBACK, "gRFC A6"},
};

#undef OWN
#undef END

/* An operation whose every answer has the status and the header; NULL: no
 * header. */
static struct drive answered(const char *client, unsigned status,
                             const char *name, const char *value)
{
    struct drive drive = {.plan = read_client(client)};
    struct str line = STR_INIT;

    drive_ending(&drive, status, OUTCOME_OK, false);
    if (name) {
        str_printf(&line, "%s: %s", name, value);
        drive_header(&drive, line.text, wall_ms);
        str_release(&line);
    }
    drive_operation(&drive, "GET");
    plan_free(drive.plan);
    return drive;
}

/* Of a client that retries the status only with a header, the own wait is
 * that before it retries another one. */
static double own_wait_ms(const char *client, unsigned status)
{
    struct drive drive = answered(client, status, NULL, NULL);
    if (drive.attempts == 1) {
        drive = answered(client, 503, NULL, NULL);
    }
    return (double)drive.first_wait.ns / NS_PER_MS;
}

static bool is_as_listed(const struct cell *cell, const struct drive *drive,
                         double own_ms)
{
    double wait_ms = (double)drive->first_wait.ns / NS_PER_MS;

    if (cell->kind == END || drive->attempts == 1) {
        return cell->kind == END && drive->attempts == 1;
    }
    switch (cell->kind) {
    case OWN:
        return wait_ms == own_ms;
    case AFTER:
        return wait_ms == cell->ms;
    case PLUS:
        return wait_ms == own_ms + cell->ms;
    case UP_TO:
        return wait_ms >= cell->ms && wait_ms <= 1.2 * cell->ms;
    case END:
        break;
    }
    return false;
}

static void assert_wait(const char *client, unsigned status,
                        const char *header, const char *value,
                        const struct cell *cell, const char *source)
{
    struct drive drive = answered(client, status, header, value);
    double own_ms = own_wait_ms(client, status);

    if (!is_as_listed(cell, &drive, own_ms)) {
        fail_msg("%s, %u, \"%s: %s\": %u attempts, the second after %.3f ms "
                 "where its own wait is %.3f ms; not as %s does",
                 client, status, header, value, drive.attempts,
                 (double)drive.first_wait.ns / NS_PER_MS, own_ms, source);
    }
}

static void retry_after_is_read_as_by_the_real_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        for (size_t j = 0; j < RETRY_AFTER_COUNT; j++) {
            assert_wait(rows[i].client, rows[i].status, "Retry-After",
                        retry_after_values[j], &rows[i].cells[j],
                        rows[i].source);
        }
    }
}

static void milliseconds_are_read_as_by_the_real_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(ms_rows); i++) {
        for (size_t j = 0; j < MS_COUNT; j++) {
            assert_wait(ms_rows[i].client, 503, ms_rows[i].header,
                        ms_values[j], &ms_rows[i].cells[j], ms_rows[i].source);
        }
    }
}

/* 3,000,000 s, which is more than a timer of JavaScript can wait. */
static void a_very_long_wait_is_bounded_as_by_the_real_one(void **state)
{
    static const struct {
        const char *client;
        struct cell cell;
        const char *source;
    } limits[] = {
        {"anthropic-node", {OWN, 0}, "@anthropic-ai/sdk 1.12.0, run"},
        {"openai-node", {OWN, 0}, "openai 7.57.0, run"},
        {"got", {END, 0}, "got 16.1.0, run"},
        {"undici-retryagent", {AFTER, 30000}, "undici 8.12.4"},
        {"square-node", {AFTER, 60000}, "square 46.0.0"},
        {"aws-js-s3", {PLUS, 5000}, "@smithy/core 3.33.3, run"},
        {"azure-go", {END, 0}, "azcore policy_retry.go"},
        {"curl", {AFTER, 21600000}, "curl 8.18.0 lib/http.c"},
        {"urllib3-3", {AFTER, 21600000}, "urllib3 2 util/retry.py"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(limits); i++) {
        assert_wait(limits[i].client, 503, "Retry-After", "3000000",
                    &limits[i].cell, limits[i].source);
    }
}

static bool has_row(const char *client, const char *header)
{
    for (size_t i = 0; i < array_length(rows); i++) {
        if (strcmp(rows[i].client, client) == 0 &&
            strcasecmp(header, "Retry-After") == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < array_length(ms_rows); i++) {
        if (strcmp(ms_rows[i].client, client) == 0 &&
            strcasecmp(ms_rows[i].header, header) == 0) {
            return true;
        }
    }
    return false;
}

static void look_for_rows(void *context, const char *name, const char *path)
{
    unsigned *clients = context;

    (void)path;
    if (strncmp(name, "clients/", strlen("clients/")) != 0) {
        return;
    }
    const char *client = name + strlen("clients/");
    struct plan *plan = read_client(client);
    const struct hint_config *hint = &plan->policy.retry.hint;
    for (size_t i = 0; i < hint->count; i++) {
        if (!has_row(client, hint->headers[i].name)) {
            fail_msg("%s: nothing says how it reads %s", client,
                     hint->headers[i].name);
        }
    }
    *clients += hint->count > 0;
    plan_free(plan);
}

static void each_client_that_reads_a_hint_has_its_row(void **state)
{
    unsigned clients = 0;
    (void)state;
    library_walk(look_for_rows, &clients);
    assert_true(clients > 0);
}

static int use_shipped(void **state)
{
    (void)state;
    return setenv("SQUALL_PROFILES", "profiles", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_as_by_the_real_one),
        cmocka_unit_test(milliseconds_are_read_as_by_the_real_one),
        cmocka_unit_test(a_very_long_wait_is_bounded_as_by_the_real_one),
        cmocka_unit_test(each_client_that_reads_a_hint_has_its_row),
    };
    return cmocka_run_group_tests_name("plan/retry_after", tests, use_shipped,
                                       NULL);
}
