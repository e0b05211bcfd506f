/* Shipped clients against what the real ones were seen to do: how many
 * attempts each failure gets, which Retry-After is waited for, and what
 * happens when nothing ever answers. In virtual time; the same failure again
 * and again, each attempt ending at the instant at which it starts. */
#include "base/must.h"

#include "drive.h"

enum { NOT_ASKED = 0, NO_HINT = -1 };

/* What became of a Retry-After of 2 s. */
enum kept {
    SILENT,  /* not asked */
    KEPT,    /* waited for */
    LONGER,  /* waited for, and more */
    IGNORED, /* retried after the own wait */
    ENDED,   /* not retried */
};

/* A row of the observations: attempts of a GET and a POST that are answered
 * with 503, of both when the connection breaks instead, and Retry-After on
 * 429 and on 503. Where the observation ended before the client did, it is
 * what the client documents. */
struct row {
    const char *client;
    unsigned get_503, post_503, get_reset, post_reset;
    enum kept on_429, on_503;
};

static const struct row rows[] = {
    {"aws-js-s3", 3, 0, 3, 3, KEPT, KEPT},
    {"aws-js-dynamodb", 4, 4, 0, 4, KEPT, KEPT},
    {"aws-js-2608-s3", 3, 0, 3, 3, KEPT, KEPT},
    {"aws-js-2608-optin-s3", 3, 0, 3, 3, KEPT, KEPT},
    {"aws-js-2506-s3", 3, 0, 3, 3, IGNORED, IGNORED},
    {"botocore-standard-pre2026", 3, 0, 3, 3, ENDED, IGNORED},
    {"botocore-standard-sts", 3, 3, 0, 3, ENDED, SILENT},
    {"botocore-legacy", 5, 0, 5, 5, IGNORED, IGNORED},
    {"botocore-default-dynamodb", 10, 10, 0, 10, IGNORED, SILENT},
    {"aws-go-v2-pre2026", 3, 0, 3, 3, ENDED, IGNORED},
    {"stripe-node", 3, 3, 3, 3, ENDED, IGNORED},
    {"stripe-node-5", 6, 6, 0, 0, SILENT, SILENT},
    {"stripe-node-0", 1, 1, 2, 2, SILENT, SILENT},
    {"stripe-python-default", 1, 1, 1, 1, ENDED, ENDED},
    {"stripe-python-2", 3, 3, 3, 3, ENDED, KEPT},
    {"stripe-python-5", 6, 6, 0, 0, SILENT, SILENT},
    {"azure-js", 4, 4, 4, 4, KEPT, KEPT},
    {"azure-js-blob", 4, 0, 4, 4, ENDED, IGNORED},
    {"azure-python", 4, 4, 4, 1, KEPT, KEPT},
    {"gcs-node", 4, 1, 4, 1, SILENT, SILENT},
    {"gcs-go", 0, 0, 1, 0, IGNORED, SILENT},
    {"gaxios", 4, 1, 3, 1, IGNORED, IGNORED},
    {"grpc-js-example", 4, 4, 0, 0, SILENT, SILENT},
    {"grpc-core-example", 4, 4, 0, 0, SILENT, SILENT},
    {"grpc-go-example", 4, 4, 0, 0, SILENT, SILENT},
    {"got", 3, 1, 3, 1, KEPT, KEPT},
    {"axios-retry", 4, 1, 4, 4, KEPT, KEPT},
    {"axios-retry-exponential", 4, 0, 0, 0, LONGER, SILENT},
    {"ky", 3, 1, 3, 1, KEPT, KEPT},
    {"undici-retryagent", 6, 1, 6, 1, KEPT, KEPT},
    {"fetch-retry", 1, 0, 4, 4, ENDED, SILENT},
    {"p-retry", 11, 0, 11, 0, SILENT, SILENT},
    {"async-retry", 11, 0, 11, 0, SILENT, SILENT},
    {"superagent-retry", 2, 2, 2, 2, IGNORED, SILENT},
    {"cockatiel-polly-2000", 4, 0, 0, 0, SILENT, SILENT},
    {"openai-node", 3, 3, 3, 3, KEPT, KEPT},
    {"anthropic-node", 3, 3, 3, 3, KEPT, KEPT},
    {"square-node", 3, 3, 1, 1, KEPT, KEPT},
    {"octokit-retry", 4, 4, 4, 4, IGNORED, SILENT},
    {"elasticsearch-node", 4, 4, 4, 4, ENDED, IGNORED},
    {"slack-node", 11, 11, 0, 11, LONGER, SILENT},
    {"urllib3-default", 1, 1, 4, 1, KEPT, KEPT},
    {"urllib3-retry3-factor", 4, 1, 4, 1, KEPT, KEPT},
    {"requests-default", 1, 1, 1, 1, ENDED, ENDED},
    {"go-retryablehttp", 5, 5, 5, 5, KEPT, KEPT},
    {"okhttp-fresh", 1, 1, 1, 1, ENDED, ENDED},
    {"okhttp-reused", 1, 1, 1, 1, SILENT, SILENT},
    {"tenacity-random-exponential", 5, 0, 5, 0, SILENT, SILENT},
    {"tenacity-exponential-jitter", 5, 0, 5, 0, SILENT, SILENT},
    {"backoff-expo", 5, 0, 5, 0, SILENT, SILENT},
    {"curl", 5, 5, 1, 1, KEPT, KEPT},
    {"curl-retry-4-all-errors", 5, 5, 5, 5, SILENT, SILENT},
    {"wget-default", 1, 1, 20, 20, ENDED, SILENT},
    {"nginx-default", 1, 1, 3, 1, SILENT, SILENT},
    {"nginx-http-503", 3, 1, 3, 1, SILENT, SILENT},
    {"haproxy-default", 1, 1, 1, 1, SILENT, SILENT},
    {"haproxy-all-retryable", 4, 4, 4, 4, SILENT, SILENT},
};

/* What the remarks add. */
struct remark {
    const char *client;
    const char *method;
    unsigned status; /* 0: `outcome` */
    enum outcome outcome;
    bool reused;
    int hint_s;
    unsigned attempts;
    int first_wait_ms; /* NO_HINT: not asked */
};

#define STATUS(client, status, hint_s, attempts, wait_ms) \
    { \
        client, "GET", status, OUTCOME_OK, false, hint_s, attempts, wait_ms \
    }
#define ENDING(client, method, outcome, reused, attempts) \
    { \
        client, method, 0, outcome, reused, NO_HINT, attempts, NO_HINT \
    }

static const struct remark remarks[] = {
    STATUS("got", 413, NO_HINT, 1, NO_HINT),
    STATUS("got", 413, 2, 3, 2000),
    STATUS("got", 501, NO_HINT, 1, NO_HINT),
    STATUS("ky", 413, NO_HINT, 1, NO_HINT),
    STATUS("ky", 413, 2, 3, 2000),
    STATUS("ky", 500, 2, 3, 300),
    STATUS("undici-retryagent", 503, 60, 6, 30000),
    STATUS("axios-retry", 503, NO_HINT, 4, 0),
    STATUS("openai-node", 503, 59, 3, 59000),
    STATUS("openai-node", 409, NO_HINT, 3, NO_HINT),
    STATUS("openai-node", 404, NO_HINT, 1, NO_HINT),
    STATUS("anthropic-node", 503, 90, 3, 90000),
    STATUS("square-node", 503, 90, 3, 60000),
    STATUS("square-node", 408, NO_HINT, 3, NO_HINT),
    STATUS("square-node", 501, NO_HINT, 3, NO_HINT),
    STATUS("octokit-retry", 409, NO_HINT, 4, 1000),
    STATUS("octokit-retry", 423, NO_HINT, 4, 1000),
    STATUS("octokit-retry", 404, NO_HINT, 1, NO_HINT),
    STATUS("octokit-retry", 410, NO_HINT, 1, NO_HINT),
    STATUS("elasticsearch-node", 502, NO_HINT, 4, 0),
    STATUS("elasticsearch-node", 500, NO_HINT, 1, NO_HINT),
    STATUS("urllib3-default", 413, 2, 4, 2000),
    STATUS("urllib3-default", 503, 0, 4, 0),
    STATUS("urllib3-default", 500, 2, 1, NO_HINT),
    STATUS("urllib3-retry3-factor", 503, 0, 4, 0),
    STATUS("go-retryablehttp", 501, NO_HINT, 1, NO_HINT),
    STATUS("okhttp-fresh", 408, NO_HINT, 2, 0),
    STATUS("okhttp-fresh", 408, 2, 1, NO_HINT),
    STATUS("okhttp-fresh", 503, 0, 2, 0),
    STATUS("curl", 503, 0, 5, 1000),
    STATUS("curl", 501, NO_HINT, 1, NO_HINT),
    STATUS("haproxy-all-retryable", 429, NO_HINT, 1, NO_HINT),
    ENDING("okhttp-reused", "GET", OUTCOME_RESET_REUSED, true, 2),
    ENDING("okhttp-reused", "POST", OUTCOME_RESET_REUSED, true, 2),
    ENDING("nginx-default", "PUT", OUTCOME_RESET, false, 3),
    ENDING("nginx-default", "DELETE", OUTCOME_RESET, false, 3),
    ENDING("nginx-default", "PATCH", OUTCOME_RESET, false, 1),
    ENDING("haproxy-default", "POST", OUTCOME_CONNECT_REFUSED, false, 4),
    /* The server never answers, and a timeout that the client has expires. */
    ENDING("okhttp-fresh", "GET", OUTCOME_TIMEOUT, false, 1),
    ENDING("square-node", "GET", OUTCOME_TIMEOUT, false, 1),
    ENDING("undici-retryagent", "GET", OUTCOME_TIMEOUT, false, 1),
    ENDING("ky", "GET", OUTCOME_TIMEOUT, false, 1),
    ENDING("openai-node", "POST", OUTCOME_TIMEOUT, false, 3),
    ENDING("anthropic-node", "POST", OUTCOME_TIMEOUT, false, 3),
    ENDING("octokit-retry", "POST", OUTCOME_TIMEOUT, false, 4),
    ENDING("slack-node", "POST", OUTCOME_TIMEOUT, false, 11),
};

/* After so long, in seconds; 0 is never. */
static const struct {
    const char *client;
    int attempt_s, operation_s;
} hangs[] = {
    {"ky", 10, 0},
    {"okhttp-fresh", 10, 0},
    {"square-node", 60, 0},
    {"openai-node", 300, 0},
    {"anthropic-node", 300, 0},
    {"octokit-retry", 300, 0},
    {"slack-node", 300, 0},
    {"undici-retryagent", 300, 0},
    {"got", 0, 0},
    {"axios-retry", 0, 0},
    {"elasticsearch-node", 0, 0},
    {"requests-default", 0, 0},
    {"go-retryablehttp", 0, 0},
    {"curl", 0, 0},
    {"botocore-standard-pre2026", 60, 0},
    {"botocore-legacy", 60, 0},
    {"stripe-node", 80, 0},
    {"stripe-python-2", 80, 0},
    {"azure-python", 300, 0},
    {"aws-js-s3", 0, 0},
    {"aws-go-v2-pre2026", 0, 0},
    {"azure-js", 0, 0},
    {"azure-js-blob", 0, 0},
    {"gaxios", 0, 0},
};

/* Seconds of Retry-After, where the client looks at it at all. */
static void fail_with(struct drive *drive, const char *client,
                      const char *method, unsigned status,
                      enum outcome outcome, bool reused, int hint_s)
{
    char header[64];

    snprintf(header, sizeof(header), "Retry-After: %d", hint_s);
    *drive = (struct drive){.plan = read_client(client)};
    drive_ending(drive, status, outcome, reused);
    if (hint_s != NO_HINT) {
        drive_header(drive, header, 0);
    }
    drive_operation(drive, method);
    plan_free(drive->plan);
}

static void assert_attempts(const char *client, const char *method,
                            unsigned status, unsigned expected)
{
    struct drive drive;
    if (expected == NOT_ASKED) {
        return;
    }
    fail_with(&drive, client, method, status, OUTCOME_RESET, false, NO_HINT);
    if (drive.attempts != expected) {
        fail_msg("%s: %u attempts of a %s %s, seen were %u", client,
                 drive.attempts, method,
                 status ? "that is refused" : "that breaks", expected);
    }
}

static void each_failure_gets_as_many_attempts(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct row *row = &rows[i];
        assert_attempts(row->client, "GET", 503, row->get_503);
        assert_attempts(row->client, "POST", 503, row->post_503);
        assert_attempts(row->client, "GET", 0, row->get_reset);
        assert_attempts(row->client, "POST", 0, row->post_reset);
    }
}

static enum kept kept_of(const char *client, unsigned status)
{
    struct drive hinted, own;
    const struct duration two = {2 * NS_PER_S};

    fail_with(&hinted, client, "GET", status, OUTCOME_OK, false, 2);
    fail_with(&own, client, "GET", status, OUTCOME_OK, false, NO_HINT);
    if (hinted.attempts == 1) {
        return ENDED;
    }
    if (hinted.first_wait.ns == two.ns) {
        return KEPT;
    }
    return hinted.first_wait.ns > two.ns &&
                   hinted.first_wait.ns != own.first_wait.ns
               ? LONGER
               : IGNORED;
}

static void retry_after_is_kept_as_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        const struct row *row = &rows[i];
        if (row->on_429 && kept_of(row->client, 429) != row->on_429) {
            fail_msg("%s: Retry-After on 429", row->client);
        }
        if (row->on_503 && kept_of(row->client, 503) != row->on_503) {
            fail_msg("%s: Retry-After on 503", row->client);
        }
    }
}

static void remarks_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(remarks); i++) {
        const struct remark *remark = &remarks[i];
        struct drive drive;
        fail_with(&drive, remark->client, remark->method, remark->status,
                  remark->outcome, remark->reused, remark->hint_s);
        if (drive.attempts != remark->attempts) {
            fail_msg("%s, remark %zu: %u attempts, seen were %u",
                     remark->client, i, drive.attempts, remark->attempts);
        }
        if (remark->first_wait_ms != NO_HINT &&
            drive.first_wait.ns != remark->first_wait_ms * NS_PER_MS) {
            fail_msg("%s, remark %zu: waits %.3f ms, seen were %d ms",
                     remark->client, i, (double)drive.first_wait.ns / 1e6,
                     remark->first_wait_ms);
        }
    }
}

static void assert_limit(const char *client, struct duration limit,
                         int expected_s)
{
    int64_t expected = expected_s ? expected_s * NS_PER_S : INT64_MAX;
    if (limit.ns != expected) {
        fail_msg("%s: gives up after %.1f s, seen were %d s", client,
                 (double)limit.ns / 1e9, expected_s);
    }
}

static void who_hangs_gives_up_when_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(hangs); i++) {
        struct plan *plan = read_client(hangs[i].client);
        assert_limit(hangs[i].client, plan->policy.timeout.attempt,
                     hangs[i].attempt_s);
        assert_limit(hangs[i].client, plan->policy.timeout.operation,
                     hangs[i].operation_s);
        plan_free(plan);
    }
}

static int use_shipped(void **state)
{
    (void)state;
    return setenv("SQUALL_PROFILES", "profiles", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_gets_as_many_attempts),
        cmocka_unit_test(retry_after_is_kept_as_seen),
        cmocka_unit_test(remarks_hold),
        cmocka_unit_test(who_hangs_gives_up_when_seen),
    };
    return cmocka_run_group_tests_name("plan/observed", tests, use_shipped,
                                       NULL);
}
