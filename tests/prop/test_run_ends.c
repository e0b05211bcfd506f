/* Whatever a profile makes its operations wait for, its run ends in time: 300
 * random ones, of both models, in virtual time. */
#include "base/must.h"

#include "base/rng.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../virtual_run.h"

enum { PROFILES = 300, SETS_MAX = 32, CHOICES_MAX = 12 };

/* Some faults tear or repeat it. */
#define WITH_BODY "requests=[{\"method\": \"POST\", \"body\": \"{{op.id}}\"}]"

/* One of them is taken, NULL: nothing is said. What is said together has lines
 * of its own. */
static const char *const choices[][CHOICES_MAX] = {
    {"load.drain=300ms", "load.drain=0s", "load.drain=2s"},
    {"load.warmup=0s", "load.warmup=300ms", "load.warmup=1ms"},
    {"timeout.attempt=80ms", "timeout.attempt=1h", "timeout.attempt=400ms"},
    {"timeout.operation=500ms", "timeout.operation=1h",
     "timeout.operation=90ms"},
    {NULL, "timeout.deadline_rule=check_between",
     "timeout.deadline_rule=refuse_if_wait_exceeds"},
    {"retry.max_attempts=1", "retry.max_attempts=4", "retry.max_attempts=0"},
    {"retry.backoff={\"type\": \"constant\", \"initial\": \"1h\"}",
     "retry.backoff={\"type\": \"exponential\", \"initial\": \"10ms\", "
     "\"multiplier\": 2, \"max\": \"1s\", \"jitter\": \"full\"}",
     "retry.backoff={\"type\": \"constant\", \"initial\": \"3ms\"}",
     "retry.backoff={\"type\": \"none\"}",
     "retry.backoff={\"type\": \"linear\", \"initial\": \"0s\", "
     "\"increment\": \"70ms\"}",
     "retry.backoff={\"type\": \"quadratic\", \"initial\": \"5ms\", "
     "\"increment\": \"40ms\"}",
     "retry.backoff={\"type\": \"exponential_minus_one\", \"initial\": "
     "\"20ms\", \"multiplier\": 3}",
     "retry.backoff={\"type\": \"list\", \"list\": [\"1ms\", \"2h\"]}",
     "retry.backoff={\"type\": \"decorrelated\", \"initial\": \"10ms\", "
     "\"max\": \"1m\"}",
     "retry.backoff={\"type\": \"decorrelated_v2\", \"initial\": \"10ms\"}"},
    {NULL,
     "retry.server_hint={\"headers\": [{\"name\": \"Retry-After\", "
     "\"format\": \"seconds\"}], \"apply\": \"max\"}",
     "retry.server_hint={\"headers\": [{\"name\": \"Retry-After\", "
     "\"format\": \"seconds\"}], \"apply\": \"add\", \"max\": \"1s\"}"},
    {NULL, "hedge={\"delay\": \"20ms\", \"max_extra\": 2}",
     "hedge={\"trigger\": \"quantile\", \"quantile\": 0.9, \"max_extra\": 1, "
     "\"cancel_losers\": false}",
     "hedge={\"trigger\": \"attempt_timeout\", \"max_extra\": 1}",
     "hedge={\"delay\": \"1h\", \"max_extra\": 1, \"on_failure\": "
     "\"next_now\"}"},
    {NULL,
     "retry_budget={\"type\": \"token_bucket\", \"capacity\": 5, "
     "\"initial\": 1}",
     "retry_budget={\"type\": \"ratio_inflight\", \"ratio\": 0.2}",
     "retry_budget={\"type\": \"ratio_window\", \"ratio\": 0.1, \"window\": "
     "\"10s\"}",
     "retry_budget={\"type\": \"token_bucket\", \"capacity\": 5, "
     "\"initial\": 1}\nretry.on_budget_empty=sleep_then_fail"},
    {NULL,
     "breaker={\"any_of\": [{\"type\": \"consecutive\", \"failures\": 3}], "
     "\"open\": {\"type\": \"constant\", \"initial\": \"200ms\"}, \"unit\": "
     "\"attempt\"}",
     "breaker={\"any_of\": [{\"type\": \"rate\", \"failure_rate\": 0.2, "
     "\"min_calls\": 5, \"window\": \"count\", \"size\": 10}], "
     "\"open\": {\"type\": \"constant\", \"initial\": \"1h\"}}",
     "breaker={\"any_of\": [{\"type\": \"slow\", \"slow\": \"50ms\", "
     "\"slow_rate\": 0.5, \"min_calls\": 3, \"window\": \"time\", "
     "\"length\": \"5s\"}], \"open\": {\"type\": \"constant\", \"initial\": "
     "\"50ms\"}, \"half_open\": {\"calls\": 2, \"max_wait\": \"1h\"}}"},
    {NULL, "concurrency={\"limit\": 2, \"queue\": 1000, \"max_wait\": \"1h\"}",
     "concurrency={\"limit\": 1}",
     "concurrency={\"limit\": 1, \"queue\": 10, \"max_wait\": \"20ms\"}",
     "concurrency={\"adaptive\": {\"algorithm\": \"vegas\"}}",
     "concurrency={\"adaptive\": {\"algorithm\": \"aimd\"}}"},
    {NULL,
     "rate_limit={\"type\": \"token_bucket\", \"rate\": \"20/s\", \"burst\": "
     "2}",
     "rate_limit={\"type\": \"token_bucket\", \"rate\": \"0.01/s\", "
     "\"burst\": 1}",
     "rate_limit={\"type\": \"cubic\"}"},
    {NULL, "throttle={\"type\": \"sre\", \"k\": 2, \"window\": \"10s\"}"},
    {NULL, "faults=[{\"kind\": \"delay\", \"delay\": \"1h\", \"ratio\": 0.3}]",
     "faults=[{\"kind\": \"lost_request\", \"ratio\": 0.3}]",
     "faults=[{\"kind\": \"lost_request\", \"as\": \"reset\"}]",
     "faults=[{\"kind\": \"lost_response\", \"ratio\": 0.3}]",
     "faults=[{\"kind\": \"slow_read\", \"rate\": \"3B\", \"ratio\": 0.5}]",
     "faults=[{\"kind\": \"duplicate\", \"ratio\": 0.5}]",
     "faults=[{\"kind\": \"torn_request\", \"ratio\": 0.5}]",
     "faults=[{\"kind\": \"late_duplicate\", \"ratio\": 0.5, \"delay\": "
     "\"100ms\"}]\nload.drain=700ms"},
    {"load.connections=3", "load.connections=1", "load.connections=20"},
    {NULL, "load.clients=1"},
    {NULL, "load.operations=40"},
};

static const char *const of_open[CHOICES_MAX] = {
    "load.rate=100/s\nload.max_in_flight=300",
    "load.rate=20/s\nload.max_in_flight=3",
    "load.stages=[{\"for\": \"300ms\", \"rate\": \"200/s\"}, "
    "{\"for\": \"400ms\", \"rate\": \"0/s\"}, "
    "{\"for\": \"300ms\", \"rate\": \"50/s\"}]\nload.max_in_flight=300"};
static const char *const of_closed[CHOICES_MAX] = {NULL, "load.think=30ms",
                                                   "load.think=1h"};

static size_t pick(struct rng *rng, size_t count)
{
    return (size_t)(rng_unit(rng) * (double)count);
}

static const char *choose(struct rng *rng, const char *const *row)
{
    size_t count = 1;
    while (count < CHOICES_MAX && row[count]) {
        count++;
    }
    return row[pick(rng, count)];
}

static struct virtual_script draw_script(struct rng *rng)
{
    static const uint16_t statuses[] = {200, 200, 503, 429, 422};
    struct virtual_script script = {
        .status = statuses[pick(rng, array_length(statuses))],
        .takes = duration_ms((int64_t)pick(rng, 150)),
        .length = pick(rng, 60),
        .is_cut = pick(rng, 10) == 0,
        .hangs = pick(rng, 8) == 0,
        .refuses_to_connect = pick(rng, 12) == 0,
        .bad_every = pick(rng, 3) ? 0 : 3,
    };
    if (pick(rng, 3) == 0) {
        script.line = "Retry-After: 60";
    }
    return script;
}

static void expect_end(const struct virtual_run *run, const struct str *shown)
{
    const struct load_config *load = &run->plan->load;
    struct duration most =
        duration_add(duration_add(load->warmup, load->duration), load->drain);

    if (run->end.ns > most.ns + NS_PER_MS) {
        fail_msg("ended at %.1f ms instead of %.1f, with:\n%s",
                 (double)run->end.ns / NS_PER_MS, (double)most.ns / NS_PER_MS,
                 shown->text);
    }
}

struct drawn {
    const char *sets[SETS_MAX];
    size_t count;
    struct str texts[SETS_MAX];
    struct str shown;
};

static void add(struct drawn *drawn, const char *lines)
{
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        struct str *text = &drawn->texts[drawn->count];
        must(drawn->count < SETS_MAX);
        str_append_bytes(text, lines, length);
        str_printf(&drawn->shown, "  %s\n", text->text);
        drawn->sets[drawn->count++] = text->text;
        lines += length + (lines[length] == '\n');
    }
}

static void draw_sets(struct drawn *drawn, struct rng *rng)
{
    const char *model = choose(rng, pick(rng, 2) ? of_open : of_closed);

    add(drawn, WITH_BODY);
    add(drawn, "retry.retry_on=[\"5xx\", \"429\", \"timeout\", \"reset\"]");
    add(drawn, model);
    if (!model || strncmp(model, "load.stages", strlen("load.stages")) != 0) {
        add(drawn, "load.duration=1s");
    }
    for (size_t i = 0; i < array_length(choices); i++) {
        add(drawn, choose(rng, choices[i]));
    }
}

static void run_one(struct rng *rng, uint64_t seed)
{
    struct drawn drawn = {.count = 0};
    struct virtual_run run = {.script = draw_script(rng)};

    draw_sets(&drawn, rng);
    virtual_run_make(&run, drawn.sets, drawn.count, seed);
    expect_end(&run, &drawn.shown);
    virtual_run_release(&run);
    for (size_t i = 0; i < drawn.count; i++) {
        str_release(&drawn.texts[i]);
    }
    str_release(&drawn.shown);
}

static void test_every_run_ends(void **state)
{
    const char *given = getenv("SQUALL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261130;
    struct rng rng = rng_stream(seed, RNG_MIX, 0);
    (void)state;

    print_message("seed %llu (SQUALL_TEST_SEED)\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < PROFILES; i++) {
        run_one(&rng, seed + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_run_ends),
    };
    return cmocka_run_group_tests_name("run_ends", tests, NULL, NULL);
}
