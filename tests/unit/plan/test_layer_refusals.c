/* What profiles may not say of the layers around a call: each at its place,
 * with its remedy; contradictions name both places. */
#include "refusal.h"

static void conditions_lack_what_they_need(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"size\":9}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]",
         "a condition \"rate\" needs \"failure_rate\"",
         "add \"failure_rate\": \"50%\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"failure_rate\":1}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]",
         "a window that counts calls needs \"size\"", "add \"size\": 100"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"failure_rate\":1,"
         "\"window\":\"time\"}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]", "a window of time needs \"length\"",
         "add \"length\": \"10s\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"failure_rate\":1,"
         "\"window\":\"ema\"}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]", "a moving average needs \"length\"",
         "add \"length\": \"10s\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\"}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]",
         "a condition \"consecutive\" needs \"failures\"",
         "add \"failures\": 5"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"slow\",\"size\":9}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 23, "breaker.any_of[0]", "a condition \"slow\" needs \"slow\"",
         "add \"slow\": \"1s\""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void conditions_have_keys_of_others(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5,\"size\":9}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 58, "breaker.any_of[0].size",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\": \"rate\" or"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5,\"window\":\"count\"}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 58, "breaker.any_of[0].window",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\": \"rate\" or"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"size\":9,"
         "\"failure_rate\":1,\"slow\":\"1s\"}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 64, "breaker.any_of[0].slow",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\": \"slow\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"size\":9,"
         "\"failure_rate\":1,\"failures\":4}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 64, "breaker.any_of[0].failures",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\":"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"slow\",\"size\":9,"
         "\"slow\":\"1s\",\"failure_rate\":1}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 59, "breaker.any_of[0].failure_rate",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\": \"rate\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"slow\",\"size\":9,"
         "\"slow\":\"1s\",\"counts\":[\"timeout\"]}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 59, "breaker.any_of[0].counts",
         "(breaker.any_of[0].type: a.json:1:24)",
         "remove it, or write \"type\": \"rate\" or"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"size\":9,"
         "\"failure_rate\":1,\"length\":\"1s\"}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 64, "breaker.any_of[0].length",
         "\"length\" means something only when \"window\" is \"time\" or",
         "remove it, or write \"window\": \"time\" or"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"failure_rate\":1,"
         "\"window\":\"time\",\"length\":\"1s\",\"size\":4}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 85, "breaker.any_of[0].size",
         "(breaker.any_of[0].window: a.json:1:55)",
         "remove it, or write \"window\": \"count\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"failure_rate\":1,"
         "\"window\":\"ema\",\"length\":\"1s\",\"buckets\":4}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 84, "breaker.any_of[0].buckets",
         "(breaker.any_of[0].window: a.json:1:55)",
         "remove it, or write \"window\": \"time\""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void classes_and_values_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5,\"counts\":[\"timeout\"],"
         "\"ignores\":[\"timeout\"]}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 79, "breaker.any_of[0].ignores",
         "(breaker.any_of[0].counts: a.json:1:58)",
         "remove it from one of them"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}\n"
         ",\"counts\":[\"timeout\"],\"ignores\":[\"timeout\"]}}",
         2, 23, "breaker.ignores", "(breaker.counts: a.json:2:2)",
         "remove it from one of them"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"counts\":[]}}",
         1, 111, "breaker.counts", "nothing is a failure, so it never opens",
         "write \"counts\": [\"transient\", \"timeout\"]"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutiv\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 31, "breaker.any_of[0].type", "\"consecutiv\" is not a choice",
         "did you mean \"consecutive\"?"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"rate\",\"size\":1025,"
         "\"failure_rate\":1}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 45, "breaker.any_of[0].size", "1025 is out of range",
         "it may be from 1 to 1024"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5,\"counts\":[\"tiemout\"]}],"
         "\"open\":{\"type\":\"constant\",\"initial\":\"3s\"}}}",
         1, 68, "breaker.any_of[0].counts[0]", "\"tiemout\" is not a choice",
         "did you mean \"timeout\"?"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

/* When it opens and closes; the open time is a backoff. */
static void openings_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"half_open\":{\"failure_rate\":0.5}}}",
         1, 115, "breaker.half_open.failure_rate",
         "\"failure_rate\" means something only when \"close_when\" is",
         "remove it, or write \"close_when\":"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"half_open\":{\"close_when\":\"rate_below\"}}"
         "}",
         1, 114, "breaker.half_open",
         "closing by the rate needs \"failure_rate\"",
         "add \"failure_rate\": \"50%\""},
        {"{\"breaker\":{\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"}}}",
         1, 12, "breaker", "there is nothing that opens it",
         "add \"any_of\": [{\"type\": \"consecutive\","},
        {"{\"breaker\":{\"open\":{\"type\":\"constant\",\"initial\":\"3s\"},"
         "\"any_of\":[]}}",
         1, 64, "breaker.any_of", "there is nothing that opens it",
         "add \"any_of\": [{\"type\": \"consecutive\","},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}]}}",
         1, 12, "breaker", "a breaker needs \"open\"",
         "add \"open\": {\"type\": \"constant\","},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"initial\":\"1s\"}}}",
         1, 67, "breaker.open", "\"type\" is missing",
         "retry.backoff.type: How the wait grows"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\"}}}",
         1, 67, "breaker.open",
         "a backoff of type \"constant\" needs \"initial\"",
         "add \"initial\": \"100ms\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"list\"}}}",
         1, 67, "breaker.open", "a backoff of type \"list\" needs \"list\"",
         "add \"list\": [\"100ms\", \"1s\"]"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"none\"}}}",
         1, 75, "breaker.open.type",
         "a breaker that is open for no time stops nothing",
         "write \"constant\", and \"initial\": \"5s\""},
        {"{\"breaker\":{\"open\":{\"type\":\"constant\","
         "\"intial\":\"1s\"}}}",
         1, 39, "breaker.open.intial", "unknown key",
         "did you mean breaker.open.initial?"},
        {"{\"breaker\":{\"open\":{\"type\":\"none\",\"by_class\":{}}}}", 1, 35,
         "breaker.open.by_class", "unknown key",
         "did you mean breaker.open.by_class?"},
        {"{\"breaker\":{\"open\":7}}", 1, 20, "breaker.open",
         "a single value where a section with the keys of",
         "write {\"type\": \"constant\", \"initial\":"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void limits_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"concurrency\":{}}", 1, 16, "concurrency",
         "there is neither \"limit\" nor \"adaptive\"", "add \"limit\": 100"},
        {"{\"concurrency\":{\"queue\":5}}", 1, 16, "concurrency",
         "there is neither \"limit\" nor \"adaptive\"", "add \"limit\": 100"},
        {"{\"concurrency\":{\"limit\":5,"
         "\"adaptive\":{\"algorithm\":\"aimd\"}}}",
         1, 17, "concurrency.limit", "(concurrency.adaptive: a.json:1:27)",
         "remove it, or write it as"},
        {"{\"concurrency\":{\"limit\":5,\"max_wait\":\"1s\"}}", 1, 27,
         "concurrency.max_wait",
         "nothing waits where \"queue\" is 0, as it is by default",
         "add \"queue\": 100, or remove it"},
        {"{\"concurrency\":{\"limit\":5,\"tiers\":[{\"tier\":1}]}}", 1, 36,
         "concurrency.tiers[0]", "\"limit\" is missing",
         "concurrency.tiers[].limit: How many of"},
        {"{\"concurrency\":{\"limit\":5,\"tiers\":[{\"tier\":1,\"limit\":2,"
         "\"max_wait\":\"1s\"}]}}",
         1, 56, "concurrency.tiers[0].max_wait",
         "nothing waits where \"queue\" is 0, as it is by default",
         "add \"queue\": 100, or remove it"},
        {"{\"concurrency\":{\"limit\":5,\"tiers\":[{\"tier\":1,\"limit\":2},"
         "{\"tier\":1,\"limit\":3}]}}",
         1, 58, "concurrency.tiers[1].tier",
         "(concurrency.tiers[0].tier: a.json:1:37)",
         "write another tier, or one entry for"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void adaptive_limits_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"concurrency\":{\"adaptive\":{\"min\":1}}}", 1, 28,
         "concurrency.adaptive", "\"algorithm\" is missing",
         "concurrency.adaptive.algorithm: How it"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"vega\"}}}", 1, 41,
         "concurrency.adaptive.algorithm", "\"vega\" is not a choice",
         "did you mean \"vegas\"?"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"aimd\","
         "\"alpha\":3}}}",
         1, 48, "concurrency.adaptive.alpha",
         "(concurrency.adaptive.algorithm: a.json:1:29)",
         "remove it, or write \"algorithm\": \"vegas\""},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"vegas\","
         "\"queue\":3}}}",
         1, 49, "concurrency.adaptive.queue",
         "(concurrency.adaptive.algorithm: a.json:1:29)",
         "remove it, or write \"algorithm\":"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"envoy_gradient\","
         "\"smoothing\":1}}}",
         1, 58, "concurrency.adaptive.smoothing",
         "(concurrency.adaptive.algorithm: a.json:1:29)",
         "remove it, or write \"algorithm\":"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"gradient2\","
         "\"update\":\"1s\"}}}",
         1, 53, "concurrency.adaptive.update",
         "(concurrency.adaptive.algorithm: a.json:1:29)",
         "remove it, or write \"algorithm\":"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"vegas\",\"min\":9,"
         "\"max\":8}}}",
         1, 57, "concurrency.adaptive.max",
         "(concurrency.adaptive.min: a.json:1:49)",
         "give both, \"min\" below \"max\""},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"aimd\","
         "\"max\":8}}}",
         1, 48, "concurrency.adaptive.max",
         "the lowest limit, 20, is above the highest, 8",
         "give both, \"min\" below \"max\""},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"aimd\","
         "\"min\":300}}}",
         1, 48, "concurrency.adaptive.min",
         "(concurrency.adaptive: a.json:1:17)",
         "give both, \"min\" below \"max\""},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"vegas\","
         "\"initial\":9,\"max\":8}}}",
         1, 49, "concurrency.adaptive.initial",
         "(concurrency.adaptive.max: a.json:1:61)",
         "write a value between them"},
        {"{\"concurrency\":{\"adaptive\":{\"algorithm\":\"vegas\",\"min\":9,"
         "\"initial\":8}}}",
         1, 57, "concurrency.adaptive.initial",
         "(concurrency.adaptive.min: a.json:1:49)",
         "write a value between them"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void rates_and_throttles_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"rate_limit\":{}}", 1, 15, "rate_limit", "\"type\" is missing",
         "rate_limit.type: How the rate is set."},
        {"{\"rate_limit\":{\"type\":\"token_bucket\",\"burst\":1}}", 1, 15,
         "rate_limit", "a token bucket needs \"rate\"",
         "add \"rate\": \"100/s\""},
        {"{\"rate_limit\":{\"type\":\"token_bucket\",\"rate\":\"1/s\"}}", 1,
         15, "rate_limit", "a token bucket needs \"burst\"",
         "add \"burst\": 10"},
        {"{\"rate_limit\":{\"type\":\"cubic\",\"rate\":\"1/s\"}}", 1, 31,
         "rate_limit.rate", "(rate_limit.type: a.json:1:16)",
         "remove it, or write \"type\":"},
        {"{\"rate_limit\":{\"type\":\"cubic\",\"burst\":1}}", 1, 31,
         "rate_limit.burst", "(rate_limit.type: a.json:1:16)",
         "remove it, or write \"type\":"},
        {"{\"rate_limit\":{\"type\":\"cubic\",\"applies_to\":[]}}", 1, 44,
         "rate_limit.applies_to", "an empty list, so it does nothing",
         "write [\"first\", \"retry\"]"},
        {"{\"rate_limit\":{\"type\":\"cubic\","
         "\"applies_to\":[\"retries\"]}}",
         1, 45, "rate_limit.applies_to[0]", "\"retries\" is not a choice",
         "write one of \"first\", \"retry\""},
        {"{\"throttle\":{\"k\":2}}", 1, 13, "throttle", "\"type\" is missing",
         "throttle.type: How it is computed."},
        {"{\"throttle\":{\"type\":\"sre\",\"k\":0.5}}", 1, 31, "throttle.k",
         "0.5 is out of range", "it may be from 1 to 1000"},
        {"{\"throttle\":{\"type\":\"sre\",\"slots\":121}}", 1, 35,
         "throttle.slots", "121 is out of range", "it may be from 1 to 120"},
        {"{\"throttle\":{\"type\":\"sre\",\"counts\":[]}}", 1, 36,
         "throttle.counts", "an empty list, so it does nothing",
         "write [\"transient\", \"throttle\","},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void hedges_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"hedge\":{}}", 1, 10, "hedge",
         "hedging after a delay needs \"delay\"", "add \"delay\": \"50ms\""},
        {"{\"hedge\":{\"delay\":\"1s\",\"max_extra\":8}}", 1, 36,
         "hedge.max_extra", "8 is out of range", "it may be from 1 to 7"},
        {"{\"hedge\":{\"trigger\":\"quantile\",\"delay\":\"1s\"}}", 1, 32,
         "hedge.delay", "(hedge.trigger: a.json:1:11)",
         "remove it, or write \"trigger\": \"delay\""},
        {"{\"hedge\":{\"delay\":\"1s\",\"quantile\":0.9}}", 1, 24,
         "hedge.quantile",
         "\"quantile\" means something only when \"trigger\" is",
         "remove it, or write \"trigger\":"},
        {"{\"hedge\":{\"delay\":\"1s\",\"window\":\"1s\"}}", 1, 24,
         "hedge.window",
         "\"window\" means something only when \"trigger\" is \"quantile\";",
         "remove it, or write \"trigger\":"},
        {"{\"hedge\":{\"trigger\":\"attempt_timeout\"},\n"
         "\"timeout\":{\"attempt\":\"1s\"}}",
         1, 11, "hedge.trigger", "(timeout: a.json:2:1)",
         "add \"timeout\": {\"attempt\": \"1s\","},
        {"{\"hedge\":{\"trigger\":\"attempt_timeout\"},\n"
         "\"timeout\":{\"operation\":\"1s\"}}",
         1, 11, "hedge.trigger", "(timeout: a.json:2:1)",
         "add \"timeout\": {\"attempt\": \"1s\","},
        {"{\"hedge\":{\"trigger\":\"attempt_timeout\",\"min_delay\":\"1s\"},"
         "\"timeout\":{\"attempt\":\"1s\",\"operation\":\"2s\"}}",
         1, 39, "hedge.min_delay", "(hedge.trigger: a.json:1:11)",
         "remove it, or write \"trigger\":"},
        {"{\"hedge\":{\"delay\":\"1s\",\"counts_as_retry\":true},\n"
         "\"retry\":{\"max_attempts\":1}}",
         1, 24, "hedge.counts_as_retry", "(retry.max_attempts: a.json:2:10)",
         "add \"retry\": {\"max_attempts\": 2}, or"},
        {"{\"hedge\":{\"delay\":\"1s\",\"budget_window\":\"1s\"}}", 1, 24,
         "hedge.budget_window", "(hedge: a.json:1:2)",
         "add \"budget_ratio\": \"5%\""},
        {"{\"hedge\":{\"delay\":\"1s\",\"budget_min_per_sec\":1}}", 1, 24,
         "hedge.budget_min_per_sec", "(hedge: a.json:1:2)",
         "add \"budget_ratio\": \"5%\""},
        {"{\"hedge\":{\"delay\":\"1s\",\"fatal\":[\"fatel\"]}}", 1, 33,
         "hedge.fatal[0]", "\"fatel\" is not a choice",
         "did you mean \"fatal\"?"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void refinements_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"retry_budget\":{\"type\":\"ratio_window\",\"ratio\":1,"
         "\"covers\":[]}}",
         1, 59, "retry_budget.covers", "an empty list, so it limits nothing",
         "write [\"retry\", \"hedge\"]"},
        {"{\"retry\":{\"max_attempts\":2,"
         "\"on_budget_empty\":\"sleep_then_fail\"}}",
         1, 46, "retry.on_budget_empty",
         "there is no retry_budget that could be empty",
         "add a retry_budget, or remove it"},
        {"{\"retry\":{\"max_attempts\":2,\"max_request_bytes\":64}}", 1, 48,
         "retry.max_request_bytes", "64 has no unit",
         "write \"64B\" or \"64KiB\""},
        {"{\"timeout\":{\"operation\":\"1s\","
         "\"attempt_applies_to_last\":false}}",
         1, 30, "timeout.attempt_applies_to_last",
         "there is no timeout.attempt to spare the last one",
         "add \"attempt\": \"1s\", or remove it"},
        {"{\"verified\":\"2026\"}", 1, 13, "verified",
         "\"2026\" is not a year and a month", "write \"2026-11\""},
        {"{\"verified\":\"2026-13\"}", 1, 13, "verified",
         "\"2026-13\" is not a year and a month", "write \"2026-11\""},
        {"{\"verified\":\"11-2026\"}", 1, 13, "verified",
         "\"11-2026\" is not a year and a month", "write \"2026-11\""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void orders_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"order\":[\"retry\",\"breker\"]}", 1, 19, "order[1]",
         "\"breker\" is not a choice", "did you mean \"breaker\"?"},
        {"{\"order\":[\"retry\",\"breaker\",\"retry\"]}", 1, 29, "order[2]",
         "\"retry\" is listed twice (order[0]: a.json:1:11)",
         "remove one of them"},
        {"{\"order\":[\"hedge\",\"retry\"]}", 1, 19, "order[1]",
         "(order[0]: a.json:1:11)", "put \"retry\" before \"hedge\""},
        {"{\"order\":[\"hedge\",\"breaker\",\"retry\"]}", 1, 29, "order[2]",
         "(order[0]: a.json:1:11)", "put \"retry\" before \"hedge\""},
        {"{\"order\":[\"retry\",\"operation_timeout\"]}", 1, 19, "order[1]",
         "(order[0]: a.json:1:11)",
         "put \"operation_timeout\" before \"retry\""},
        {"{\"order\":[\"attempt_timeout\",\"hedge\"]}", 1, 29, "order[1]",
         "(order[0]: a.json:1:11)",
         "put \"hedge\" before \"attempt_timeout\""},
        {"{\"order\":[\"attempt_timeout\",\"operation_timeout\"]}", 1, 29,
         "order[1]", "(order: a.json:1:2)",
         "put \"operation_timeout\" before \"retry\""},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"unit\":\"operation\"},\n"
         "\"order\":[\"retry\",\"breaker\"]}",
         1, 102, "breaker.unit",
         "\"order\" puts \"breaker\" inside retry (order[1]: a.json:2:18)",
         "remove it, or put \"breaker\" before"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"unit\":\"attempt\"},\n"
         "\"order\":[\"breaker\",\"retry\"]}",
         1, 102, "breaker.unit",
         "\"order\" puts \"breaker\" outside retry (order[0]: a.json:2:10)",
         "remove it, or put \"breaker\" after"},
        {"{\"breaker\":{\"any_of\":[{\"type\":\"consecutive\","
         "\"failures\":5}],\"open\":{\"type\":\"constant\","
         "\"initial\":\"3s\"},\"unit\":\"attempt\"},"
         "\"hedge\":{\"delay\":\"1s\"},\n"
         "\"order\":[\"breaker\",\"hedge\"]}",
         1, 102, "breaker.unit",
         "\"order\" puts \"breaker\" outside hedge (order[0]: a.json:2:10)",
         "remove it, or put \"breaker\" after"},
        {"{\"concurrency\":{\"limit\":1,\"slot_covers\":\"attempt\"},\n"
         "\"order\":[\"concurrency\",\"retry\"]}",
         1, 27, "concurrency.slot_covers", "(order[0]: a.json:2:10)",
         "remove it, or put \"concurrency\" after"},
        {"{\"concurrency\":{\"limit\":1,\"slot_covers\":\"operation\"},\n"
         "\"order\":[\"retry\",\"concurrency\"]}",
         1, 27, "concurrency.slot_covers", "(order[1]: a.json:2:18)",
         "remove it, or put \"concurrency\" before"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_lack_what_they_need),
        cmocka_unit_test(conditions_have_keys_of_others),
        cmocka_unit_test(classes_and_values_are_refused),
        cmocka_unit_test(openings_are_refused),
        cmocka_unit_test(limits_are_refused),
        cmocka_unit_test(adaptive_limits_are_refused),
        cmocka_unit_test(rates_and_throttles_are_refused),
        cmocka_unit_test(hedges_are_refused),
        cmocka_unit_test(refinements_are_refused),
        cmocka_unit_test(orders_are_refused),
    };
    return cmocka_run_group_tests_name("plan/layer_refusals", tests,
                                       enter_folder, leave_folder);
}
