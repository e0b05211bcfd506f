/* Every refusal: at its place, with its remedy; contradictions name both
 * places. */
#include "refusal.h"

static void values_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"load\":{\n  \"rate\": 500}}", 2, 11, "load.rate",
         "500 has no unit", "500/s"},
        {"{\"load\":{\"rate\":\"fast\"}}", 1, 17, "load.rate", "fast", "/s"},
        {"{\"timeout\":{\"attempt\":250}}", 1, 23, "timeout.attempt",
         "250 has no unit", "write \"250ms\" or \"0.25s\""},
        {"{\"timeout\":{\"attempt\":\"10\"}}", 1, 23, "timeout.attempt",
         "\"10\" has no unit", "write \"10s\" or \"10ms\""},
        {"{\"timeout\":{\"attempt\":\"90000h\"}}", 1, 23, "timeout.attempt",
         "out of range", "from 1ms to 24h"},
        {"{\"timeout\":{\"attempt\":true}}", 1, 23, "timeout.attempt",
         "true or false where a duration belongs", "250ms"},
        {"{\"load\":{\"connections\":-3}}", 1, 24, "load.connections", "-3",
         "1000"},
        {"{\"load\":{\"connections\":1.5}}", 1, 24, "load.connections",
         "whole", ""},
        {"{\"load\":{\"threads\":0}}", 1, 20, "load.threads", "out of range",
         "from 1 to 256"},
        {"{\"load\":{\"model\":\"opne\"}}", 1, 18, "load.model", "opne",
         "did you mean \"open\"?"},
        {"{\"load\":[]}", 1, 9, "load", "a list where a section", "{"},
        {"{\"faults\":[7]}", 1, 12, "faults[0]", "where a section", "{"},
        {"{\"faults\":[{\"ratio\":1}]}", 1, 12, "faults[0]",
         "\"kind\" is missing", "faults[].kind"},
        {"{\"faults\":[{\"kind\":\"lost_request\",\"ratio\":\"110%\"}]}", 1,
         43, "faults[0].ratio", "out of range", "0 to 1"},
        {"{\"lod\":{}}", 1, 2, "lod", "unknown key", "did you mean load?"},
        {"{\"retry\":{\"backoff\":{\"type\":\"none\",\"intial\":\"1s\"}}}", 1,
         36, "retry.backoff.intial", "unknown",
         "did you mean retry.backoff.initial?"},
        {"{\"idempotency\":{\"effect_id\":\"id\"}}", 1, 29,
         "idempotency.effect_id", "begins with a slash", "\"/id\""},
        {"{\"idempotency\":{\"effect_id\":\"header:\"}}", 1, 29,
         "idempotency.effect_id", "no header's name", "header:Location"},
        {"{\"requests\":[{\"expect\":{\"json\":7}}]}", 1, 32,
         "requests[0].expect.json", "a number where a members",
         "{\"/state\": \"created\"}"},
        {"{\"requests\":[{\"expect\":{\"json\":{\"state\":1}}}]}", 1, 41,
         "requests[0].expect.json.state", "no JSON pointer", "/state"},
        {"{\"requests\":[{\"expect\":{\"json\":{\"/a~2\":1}}}]}", 1, 40,
         "requests[0].expect.json./a~2", "~0", ""},
        {"{\"requests\":[{\"expect\":{\"json\":{\"/a\":[1]}}}]}", 1, 38,
         "requests[0].expect.json./a", "cannot be compared", "one by one"},
        {"{\"retry\":{\"max_attempts\":2,\"backoff\":{\"type\":\"none\","
         "\"by_class\":{\"timeout\":{\"by_class\":{}}}}}}",
         1, 76, "retry.backoff.by_class.timeout.by_class", "unknown", ""},
        {"{\"retry\":{\"max_attempts\":2,\"backoff\":{\"type\":\"none\","
         "\"by_class\":{\"timeout\":{\"max\":\"x\"}}}}}",
         1, 82, "retry.backoff.by_class.timeout.max", "\"x\"", "250ms"},
        {"{\"retry\":{\"max_attempts\":2,\"backoff\":{\"type\":\"none\","
         "\"jitter\":{\"mult\":[1,0]}}}}",
         1, 70, "retry.backoff.jitter.mult", "lower one first", "[0.5, 1]"},
        {"{\"retry\":{\"max_attempts\":2,\"retry_on\":[\"5x\"]}}", 1, 40,
         "retry.retry_on[0]", "5x", "5xx"},
        {"{\"requests\":[{\"headers\":{\"a b\":\"1\"}}]}", 1, 32,
         "requests[0].headers.a b", "not a header name", ""},
        {"{\"requests\":[{\"headers\":{\"a\":\"1\\r\\nb: 2\"}}]}", 1, 30,
         "requests[0].headers.a", "more than one line", ""},
        {"{\"requests\":[{\"expect\":{\"status\":[\"9xx\"]}}]}", 1, 35,
         "requests[0].expect.status[0]", "9xx", "2xx"},
        {"{\"requests\":[{\"body\":\"{{op.idd}}\"}]}", 1, 22,
         "requests[0].body", "op.id", ""},
        {"{\"requests\":[{\"path\":\"orders\"}]}", 1, 22, "requests[0].path",
         "slash", "/orders"},
        {"{\"requests\":[{\"weight\":0}]}", 1, 13, "requests",
         "every weight is zero", ""},
        {"{\"target\":{\"url\":\"localhost:80/a\"}}", 1, 18, "target.url",
         "no scheme", "write http://localhost:80/a"},
        {"{\"target\":{\"url\":\"ftp://h/\"}}", 1, 18, "target.url",
         "neither http nor https", "http://"},
        {"{\"target\":{\"url\":\"http://h:99999/\"}}", 1, 18, "target.url", "",
         "http://host:port/path"},
        {"{\"target\":{\"url\":\"http://h/\",\"http\":\"2\","
         "\"proxy\":\"http://p:1/\"}}",
         1, 30, "target.http", "HTTP/1.1", "SOCKS"},
        {"{\"name\":\"${env:SQUALL_NOT_SET}\"}", 1, 9, "name",
         "no variable SQUALL_NOT_SET", "export SQUALL_NOT_SET"},
        {"{\"slo\":[\"p99 < 1s\",\"p9x < 1s\"]}", 1, 20, "slo[1]", "p9x",
         "explain slo"},
        {"{\"schema\":\"squall.profile/9\"}", 1, 11, "schema",
         "squall.profile/9", "squall.profile/1"},
        {"{\"ledger\":{\"command\":\"true\"}}", 1, 22, "ledger.command",
         "not allowed", "--allow-exec"},
        {"{\"retry\":{\"max_attempts\":2,\"backoff\":{\"type\":\"linear\"}}}",
         1, 38, "retry.backoff", "needs \"initial\"", "initial"},
        {"{\"retry\":{\"backoff\":{\"type\":\"none\"}}}", 1, 10, "retry",
         "\"max_attempts\" is missing", "max_attempts"},
        {"{\"load\":{\"model\":\"open\"}}", 1, 18, "load.model",
         "needs load.rate", "rate"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void services_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"service\":{\"faults\":[{\"kind\":\"capacity\"}]}}", 1, 23,
         "service.faults[0]", "needs a factor", "factor"},
        {"{\"service\":{\"shed\":\"token_bucket\"}}", 1, 20, "service.shed",
         "needs service.shed_rate", "shed_rate"},
        {"{\"service\":{\"faults\":[{\"kind\":\"dependency_latency\","
         "\"delay\":\"1s\"}]}}",
         1, 23, "service.faults[0]", "has no dependency",
         "service.dependency.workers"},
        {"{\"service\":{\"faults\":[{\"kind\":\"partition\"}]}}", 1, 23,
         "service.faults[0]", "needs a ratio", "50%"},
        {"{\"service\":{\"faults\":[{\"kind\":\"cold\"}]}}", 1, 23,
         "service.faults[0]", "as fast when it is cold", "cold_factor"},
        {"{\"service\":{\"shed\":\"priority\"}}", 1, 20, "service.shed",
         "needs service.tier_header", "tier_header"},
        {"{\"service\":{\"dependency\":{\"workers\":1,\"service_time\":{"
         "\"type\":\"lognormal\",\"p99\":\"1us\"}}}}",
         1, 55, "service.dependency.service_time.type", "a p99 above its mean",
         "p99"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void timelines_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"timeline\":{}}", 1, 13, "timeline",
         "a section where a list of sections", "[ { ... } ]"},
        {"{\"timeline\":[{\"at\":\"1s\"}]}", 1, 14, "timeline[0]",
         "\"name\" is missing", "timeline[].name"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\"}]}", 1, 14,
         "timeline[0]", "does nothing", "\"run\", \"put\" and \"mark\""},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"put\":\"/x\","
         "\"mark\":true}]}",
         1, 14, "timeline[0]", "several things at once", "give it one"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"run\":\"x\"}]}", 1,
         42, "timeline[0].run", "runs a command, which is not allowed",
         "add --allow-exec"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"put\":\"/x\","
         "\"until\":\"1s\"}]}",
         1, 55, "timeline[0].until", "is not after \"at\"", "later"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"put\":\"/x\","
         "\"undo\":[]}]}",
         1, 54, "timeline[0].undo", "nothing without \"until\"",
         "add \"until\""},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"put\":\"x\"}]}", 1,
         42, "timeline[0].put", "no scheme", "http://x"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"mark\":true,"
         "\"body\":\"x\"}]}",
         1, 55, "timeline[0].body", "nothing without \"put\"", "remove"},
        {"{\"timeline\":[{\"at\":\"1s\",\"name\":\"a\",\"mark\":false}]}", 1,
         43, "timeline[0].mark", "says that this is none", "true"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void rules_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"retry\":{\"max_attempts\":2,\"classify\":[{\"as\":\"fatal\","
         "\"when\":{\"refused_by\":[\"braker\"]}}]}}",
         1, 76, "retry.classify[0].when.refused_by[0]", "braker",
         "did you mean \"breaker\"?"},
        {"{\"retry\":{\"max_attempts\":2,\"classify\":[{\"as\":\"fatal\","
         "\"when\":{\"header\":{\"A\":\" \"}}}]}}",
         1, 76, "retry.classify[0].when.header.A", "empty", "\"*\""},
        {"{\"retry\":{\"max_attempts\":2,\"classify\":[{\"as\":\"fatal\","
         "\"when\":{\"header\":{\"A\":\"0123456789012345678901234567890123456"
         "789012345678901234567890123\"}}}]}}",
         1, 76, "retry.classify[0].when.header.A", "longer than 63", ""},
        {"{\"retry\":{\"max_attempts\":2,\"classify\":[{\"as\":\"fatal\","
         "\"when\":{\"header\":{\"A\":\"1\",\"B\":\"1\",\"C\":\"1\","
         "\"D\":\"1\",\"E\":\"1\",\"F\":\"1\",\"G\":\"1\",\"H\":\"1\","
         "\"a\":\"1\",\"I\":\"2\"}}}]}}",
         1, 148, "retry.classify[0].when.header.I", "more than 8", "\"*\""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void keys_and_headers_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"idempotency\":{\"methods\":[\"PUT\",\"post\"]}}", 1, 34,
         "idempotency.methods[1]", "\"post\" is not a method",
         "did you mean \"POST\"?"},
        {"{\"idempotency\":{\"methods\":[]}}", 1, 27, "idempotency.methods",
         "no request would have a key", "\"none\""},
        {"{\"headers\":{\"a b\":\"1\"}}", 1, 19, "headers.a b",
         "not a header name", ""},
        {"{\"headers\":{\"A\":\"{{keyy}}\"}}", 1, 17, "headers.A",
         "no such placeholder", ""},
        {"{\"headers\":{\"content-length\":\"1\"}}", 1, 30,
         "headers.content-length", "squall writes this", ""},
        {"{\"idempotency\":{\"methods\":[\"POST\"]},\n\"requests\":["
         "{\"headers\":{\"content-length\":\"1\"}}]}",
         2, 42, "requests[0].headers.content-length", "squall writes this",
         ""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

/* The text ends with the other place in brackets. */
/* An effect is joined by what all attempts of its operation carry. */
static void keys_that_join_nothing_are_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"{\"requests\":[{\"body\":\"x\"},{\"name\":\"put\","
         "\"method\":\"PUT\"}],\"ledger\":{\"url\":\"/l\"},\n"
         "\"idempotency\":{\"methods\":[\"POST\"]}}",
         1, 67, "ledger.key", "\"put\" cannot be joined", "{{op.id}}"},
        {"{\"ledger\":{\"key\":\"{{key}}\"},\n"
         "\"idempotency\":{\"scope\":\"none\"}}",
         1, 12, "ledger.key", "(idempotency: a.json:2:1)", ""},
        {"{\"ledger\":{\"url\":\"/l\"},\"requests\":[{\"body\":\"x\"}],\n"
         "\"idempotency\":{\"scope\":\"attempt\"}}",
         1, 11, "ledger.key",
         "each attempt has another one (idempotency.scope: a.json:2:16)",
         "{{op.id}}"},
        {"{\"ledger\":{\"key\":\"{{op.id}}-{{attempt}}\"},\n"
         "\"requests\":[{\"body\":\"x\"}]}",
         1, 18, "ledger.key", "differs from attempt to attempt", "{{op.id}}"},
        {"{\"ledger\":{\"key\":\"{{span.id}}\"},\n"
         "\"requests\":[{\"body\":\"x\"}]}",
         1, 18, "ledger.key", "differs from attempt to attempt", "{{op.id}}"},
    };
    check_all(refusals, array_length(refusals));
}

static void contradictions_name_both_places(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"load\":{\"rate\":\"5/s\",\"model\":\"closed\"}}", 1, 10,
         "load.rate", "no rate (load.model: a.json:1:23)", ""},
        {"{\"load\":{\"model\":\"closed\",\"stages\":[{\"for\":\"1s\","
         "\"rate\":\"1/s\"}]}}",
         1, 27, "load.stages", "(load.model: a.json:1:10)", ""},
        {"{\"load\":{\"rate\":\"5/s\",\"think\":\"1s\",\"model\":\"open\"}}",
         1, 23, "load.think", "(load.model: a.json:1:36)", ""},
        {"{\"load\":{\"duration\":\"1s\",\"stages\":[{\"for\":\"1s\","
         "\"rate\":\"1/s\"}]}}",
         1, 10, "load.duration", "(load.stages: a.json:1:26)", ""},
        {"{\"load\":{\"rate\":\"5/s\",\"stages\":[{\"for\":\"1s\","
         "\"rate\":\"1/s\"}]}}",
         1, 10, "load.rate", "(load.stages: a.json:1:23)", ""},
        {"{\"retry\":{\"max_attempts\":2,\"classify\":[{\"as\":\"fatal\","
         "\"when\":{\"status\":[503],\n\"refused_by\":[\"breaker\"]}}]}}",
         1, 62, "retry.classify[0].when.status",
         "no answer (retry.classify[0].when.refused_by: a.json:2:1)",
         "two rules"},
        {"{\"headers\":{\"A\":\"{{key}}\"},\n"
         "\"idempotency\":{\"scope\":\"none\"}}",
         1, 13, "headers.A", "no idempotency key (idempotency: a.json:2:1)",
         "idempotency"},
        {"{\"headers\":{\"idempotency-key\":\"1\"},\n\"idempotency\":{}}", 1,
         13, "headers.idempotency-key", "already (idempotency: a.json:2:1)",
         "scope"},
        {"{\"requests\":[{\"path\":\"/{{key}}\"}],\n"
         "\"idempotency\":{\"methods\":[\"POST\"]}}",
         1, 15, "requests[0].path",
         "GET has no key (idempotency.methods: a.json:2:16)", "add \"GET\""},
        {"{\"load\":{\"connections\":2,\"threads\":4}}", 1, 10,
         "load.connections", "(load.threads: a.json:1:26)", ""},
        {"{\"load\":{\"operations\":9,\"connections\":2,\"threads\":4}}", 1,
         25, "load.connections", "(load.threads: a.json:1:41)", ""},
        {"{\"load\":{\"clients\":2,\"threads\":4}}", 1, 10, "load.clients",
         "(load.threads: a.json:1:22)", ""},
        {"{\"load\":{\"clients\":9,\"pool\":\"per_client\",\n"
         "\"connections\":8}}",
         1, 10, "load.clients",
         "9 clients cannot each have one of 8 connections "
         "(load.connections: a.json:2:1)",
         "write \"connections\": 9, or let them share"},
        {"{\"retry\":{\"max_attempts\":0},\n\"timeout\":{\"attempt\":\"1s\"}}",
         1, 11, "retry.max_attempts", "(timeout: a.json:2:1)", "operation"},
        {"{\"faults\":[{\"kind\":\"lost_response\"}],\n"
         "\"timeout\":{\"connect\":\"1s\"}}",
         1, 12, "faults[0]", "(timeout: a.json:2:1)", "reset"},
        {"{\"faults\":[{\"kind\":\"lost_response\",\"as\":\"reset\","
         "\"request\":\"b\"}],\n\"requests\":[{\"name\":\"a\"}]}",
         1, 49, "faults[0].request", "\"b\" (requests: a.json:2:1)", ""},
        {"{\"requests\":[{\"name\":\"a\"},\n{\"name\":\"a\"}]}", 2, 2,
         "requests[1].name", "(requests[0].name: a.json:1:15)", ""},
        {"{\"requests\":[{\"body\":\"b\",\n\"body_file\":\"f\"}]}", 2, 1,
         "requests[0].body_file", "(requests[0].body: a.json:1:15)", ""},
        {"{\"requests\":[{\"headers\":{\"idempotency-key\":\"1\"}}],\n"
         "\"idempotency\":{}}",
         1, 26, "requests[0].headers.idempotency-key",
         "(idempotency: a.json:2:1)", ""},
        {"{\"requests\":[{\"body\":\"{{key}}\"}],\n"
         "\"idempotency\":{\"scope\":\"none\"}}",
         1, 15, "requests[0].body", "(idempotency: a.json:2:1)", "op.id"},
        {"{\"ledger\":{\"url\":\"/l\",\n\"command\":\"true\"}}", 2, 1,
         "ledger.command", "(ledger.url: a.json:1:12)", ""},
        {"{\"ledger\":{\"key\":\"{{op.id}}\"},\n"
         "\"requests\":[{\"path\":\"/look\"}]}",
         1, 11, "ledger", "no request performs an effect", "-X POST"},
        {"{\"idempotency\":{\"template\":\"a{{op.id}}\",\n\"key\":\"uuid4\"}}",
         1, 17, "idempotency.template", "(idempotency.key: a.json:2:1)", ""},
        {"{\"slo\":[\"p99{request=\\\"x\\\"} < 1s\"],\n\"requests\":[{"
         "\"name\":\"a\"}]}",
         1, 9, "slo[0]", "\"x\" (requests: a.json:2:1)", "requests are a"},
        {"{\"slo\":[\"p99{phase=\\\"x\\\"} < 1s\"],\n\"load\":{\"stages\":[{"
         "\"for\":\"1s\",\"rate\":\"1/s\"}]}}",
         1, 9, "slo[0]", "\"x\" (load.stages: a.json:2:9)",
         "phases are stage-1"},
        {"{\"slo\":[\"p99{phase=\\\"warm-up\\\"} < 1s\"],\n\"load\":{"
         "\"rate\":\"1/s\",\"warmup\":\"1s\"}}",
         1, 9, "slo[0]", "no phase \"warm-up\"", "phases are main"},
        {"{\"load\":{\"warmup\":\"1s\",\"stages\":[{\"name\":\"warm-up\","
         "\"for\":\"1s\",\"rate\":\"1/s\"}]}}",
         1, 24, "load.stages", "(load.warmup: a.json:1:10)", ""},
        {"{\"target\":{\"url\":\"http://h/\"},\n\"service\":{}}", 2, 1,
         "service", "(target.url: a.json:1:12)", "service=null"},
        {"{\"service\":{\"service_time\":{\"type\":\"lognormal\","
         "\"mean\":\"1ms\",\"p99\":\"20ms\"}}}",
         1, 61, "service.service_time.p99",
         "(service.service_time.mean: a.json:1:48)", ""},
        {"{\"service\":{\"ttl\":\"1s\",\n\"idempotency\":\"atomic\"}}", 1, 13,
         "service.ttl", "(service.idempotency: a.json:2:1)", "forgetful"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void effect_ids_need_effects(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"requests\":[{\"method\":\"GET\"}],\n"
         "\"idempotency\":{\"effect_id\":\"/id\"}}",
         2, 16, "idempotency.effect_id",
         "no request performs an effect that an answer could name "
         "(requests: a.json:1:2)",
         ""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void a_template_key_needs_its_text(void **state)
{
    static const struct refusal missing = {
        "{\"idempotency\":{\"key\":\"template\"}}",
        1,
        23,
        "idempotency.key",
        "needs idempotency.template",
        "template"};
    static const struct refusal circular = {
        "{\"idempotency\":{\"key\":\"template\",\"template\":\"{{key}}\"}}",
        1,
        45,
        "idempotency.template",
        "cannot be made of {{key}}",
        ""};
    (void)state;
    check(&missing);
    check(&circular);
}

/* What a type of budget cannot do without, and what it does not look at. */
static void budgets_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"retry_budget\":{\"type\":\"token_bucket\"}}", 1, 17,
         "retry_budget", "needs \"capacity\"", "capacity"},
        {"{\"retry_budget\":{\"type\":\"ratio_window\"}}", 1, 17,
         "retry_budget", "without \"ratio\"", "10%"},
        {"{\"retry_budget\":{\"type\":\"ratio_inflight\"}}", 1, 17,
         "retry_budget", "without \"ratio\"", "20%"},
        {"{\"retry_budget\":{\"ratio\":1}}", 1, 17, "retry_budget",
         "\"type\" is missing", "retry_budget.type"},
        {"{\"retry_budget\":{\"slots\":4,\n\"type\":\"ratio_inflight\","
         "\"ratio\":1}}",
         1, 18, "retry_budget.slots", "(retry_budget.type: a.json:2:1)", ""},
        {"{\"retry_budget\":{\"ratio\":1,\n\"type\":\"token_bucket\","
         "\"capacity\":5}}",
         1, 18, "retry_budget.ratio", "(retry_budget.type: a.json:2:1)", ""},
        {"{\"retry_budget\":{\"type\":\"token_bucket\",\"initial\":6,\n"
         "\"capacity\":5}}",
         1, 40, "retry_budget.initial", "(retry_budget.capacity: a.json:2:1)",
         ""},
        {"{\"retry_budget\":{\"type\":\"token_bucket\",\"allow_above\":5,\n"
         "\"capacity\":5}}",
         1, 40, "retry_budget.allow_above",
         "(retry_budget.capacity: a.json:2:1)", ""},
        {"{\"retry\":{\"max_attempts\":2,\"backoff\":{\"type\":\"none\","
         "\"jitter\":{\"add_scales\":true}}}}",
         1, 38, "retry.backoff", "needs an \"initial\"", "initial"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void all_errors_come_at_once(void **state)
{
    (void)state;
    assert_null(read_texts("{\"lod\":1,\"timeout\":{\"attempt\":5},"
                           "\"name\":[],\"slo\":7}",
                           NULL, (struct plan_input){0}));
    assert_int_equal(errors.count, 4);
}

static void the_last_source_is_named(void **state)
{
    static const char *const sets[] = {"timeout.attempt=5"};
    (void)state;
    assert_null(read_texts("{\"timeout\":{\"attempt\":\"1s\"}}",
                           "{\n\n \"timeout\":{\"attempt\":5}}",
                           (struct plan_input){0}));
    assert_string_equal(errors.list[0].file, "b.json");
    assert_int_equal(errors.list[0].line, 3);
    assert_int_equal(errors.list[0].column, 23);
    assert_null(read_sets("{\"timeout\":{\"attempt\":\"1s\"}}", sets, 1));
    assert_string_equal(errors.list[0].file, "--set timeout.attempt=5");
    assert_int_equal(errors.list[0].line, 0);
}

static void bad_sets_are_usage_errors(void **state)
{
    static const char *const sets[] = {"load.rate", "faults[3].ratio=1",
                                       "name.x=1", "load[x]=1"};
    (void)state;
    for (size_t i = 0; i < array_length(sets); i++) {
        assert_null(read_sets("{\"name\":\"n\"}", &sets[i], 1));
        assert_int_equal(errors.list[0].code, ERROR_USAGE);
        assert_non_null(strstr(errors.list[0].text, sets[i]));
    }
    static const char *const unknown[] = {"load.rat=5/s"};
    assert_null(read_sets(NULL, unknown, 1));
    assert_string_equal(errors.list[0].hint, "did you mean load.rate?");
}

static void bad_flags_are_refused(void **state)
{
    static const char *const header[] = {"no colon"};
    static const char *const slo[] = {"p99 ~ 5"};
    (void)state;
    assert_null(
        read_texts(NULL, NULL,
                   (struct plan_input){.headers = header, .header_count = 1}));
    assert_int_equal(errors.list[0].code, ERROR_USAGE);
    assert_null(read_texts(NULL, NULL, (struct plan_input){.url = "foo:80"}));
    assert_string_equal(errors.list[0].file, "URL foo:80");
    assert_string_equal(errors.list[0].hint, "write http://foo:80");
    assert_null(read_texts(NULL, NULL,
                           (struct plan_input){.slos = slo, .slo_count = 1}));
    assert_string_equal(errors.list[0].file, "--slo p99 ~ 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_refused),
        cmocka_unit_test(timelines_are_refused),
        cmocka_unit_test(services_are_refused),
        cmocka_unit_test(rules_are_refused),
        cmocka_unit_test(keys_and_headers_are_refused),
        cmocka_unit_test(keys_that_join_nothing_are_refused),
        cmocka_unit_test(contradictions_name_both_places),
        cmocka_unit_test(effect_ids_need_effects),
        cmocka_unit_test(a_template_key_needs_its_text),
        cmocka_unit_test(budgets_are_refused),
        cmocka_unit_test(all_errors_come_at_once),
        cmocka_unit_test(the_last_source_is_named),
        cmocka_unit_test(bad_sets_are_usage_errors),
        cmocka_unit_test(bad_flags_are_refused),
    };
    return cmocka_run_group_tests_name("plan/refusals", tests, enter_folder,
                                       leave_folder);
}
