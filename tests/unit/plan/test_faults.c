/* What a profile says of the client's faults, and what it may not say. */
#include "refusal.h"

#define BODY "\"requests\":[{\"body\":\"x\"}],"

static void spans_are_read(void **state)
{
    static const struct {
        const char *text;
        double low, high;
        bool is_share;
    } spans[] = {
        {"20ms", 20e6, 20e6, false},  {"0..150%", 0, 1.5, true},
        {"50%..100%", 0.5, 1, true},  {"50%", 0.5, 0.5, true},
        {"1ms..1s", 1e6, 1e9, false}, {"0..1ms", 0, 1e6, false},
        {"0s..1ms", 0, 1e6, false},   {"0", 0, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(spans); i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "{\"faults\":[{\"kind\":\"lost_response\",\"as\":\"reset\","
                 "\"after\":\"%s\"}]}",
                 spans[i].text);
        struct plan *plan = read_texts(text, NULL, (struct plan_input){0});
        assert_non_null(plan);
        const struct fault_span *after = &plan->faults[0].after;
        assert_true(plan->faults[0].is_swept);
        assert_true(after->low == spans[i].low);
        assert_true(after->high == spans[i].high);
        assert_int_equal(after->is_share, spans[i].is_share);
        plan_free(plan);
    }
}

/* Of the whole load, the warm-up included; what shortens it, shortens them. */
static void windows_may_be_shares_of_the_load(void **state)
{
    static const char text[] =
        "{\"load\":{\"rate\":\"10/s\",\"warmup\":\"2s\","
        "\"duration\":\"18s\"},"
        "\"faults\":[{\"kind\":\"lost_request\",\"as\":\"reset\","
        "\"from\":\"25%\",\"for\":\"10%\",\"every\":\"50%\"}],"
        "\"service\":{\"faults\":[{\"kind\":\"stall\",\"from\":\"1s\","
        "\"for\":\"12.5%\"}]}}";
    static const char *const shorter[] = {"load.duration=8s"};
    (void)state;
    struct plan *plan = read_texts(text, NULL, (struct plan_input){0});
    assert_non_null(plan);
    assert_int_equal(plan->faults[0].window.from.ns, 5 * NS_PER_S);
    assert_int_equal(plan->faults[0].window.length.ns, 2 * NS_PER_S);
    assert_int_equal(plan->faults[0].window.every.ns, 10 * NS_PER_S);
    assert_int_equal(plan->service.faults[0].window.from.ns, NS_PER_S);
    assert_int_equal(plan->service.faults[0].window.length.ns,
                     2500 * NS_PER_MS);
    plan_free(plan);
    plan = read_texts(text, NULL,
                      (struct plan_input){.set_count = 1, .sets = shorter});
    assert_non_null(plan);
    assert_int_equal(plan->faults[0].window.from.ns, 2500 * NS_PER_MS);
    plan_free(plan);
}

static void every_kind_is_accepted(void **state)
{
    (void)state;
    struct plan *plan =
        read_texts("{" BODY "\"faults\":["
                   "{\"kind\":\"lost_request\",\"as\":\"reset\"},"
                   "{\"kind\":\"torn_request\",\"as\":\"reset\"},"
                   "{\"kind\":\"lost_response\",\"as\":\"reset\"},"
                   "{\"kind\":\"duplicate\"},{\"kind\":\"late_duplicate\"},"
                   "{\"kind\":\"delay\",\"delay\":\"5ms..9ms\"},"
                   "{\"kind\":\"slow_read\",\"rate\":\"2KiB\"}]}",
                   NULL, (struct plan_input){0});
    assert_non_null(plan);
    assert_int_equal(plan->fault_count, FAULT_COUNT);
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        assert_true(plan_has_fault(plan, (enum fault_kind)kind));
    }
    assert_false(plan->faults[2].is_swept);
    assert_true(plan->faults[4].delay.high == 0);
    assert_true(plan->faults[5].delay.low == 5e6);
    assert_int_equal(plan->faults[6].rate, 2048);
    plan_free(plan);
}

/* In the closed model a copy has a connection of its own. */
static void copies_have_connections(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t connections;
    } rows[] = {
        {"{}", 1},
        {"{\"faults\":[{\"kind\":\"duplicate\"}]}", 2},
        {"{\"faults\":[{\"kind\":\"late_duplicate\"}]}", 2},
        {"{\"faults\":[{\"kind\":\"duplicate\",\"ratio\":0}]}", 1},
        {"{\"hedge\":{\"max_extra\":1,\"trigger\":\"delay\",\"delay\":\"1ms\"}"
         ",\"faults\":[{\"kind\":\"duplicate\"}]}",
         3},
        {"{\"load\":{\"model\":\"open\",\"rate\":\"1/s\"},"
         "\"faults\":[{\"kind\":\"duplicate\"}]}",
         1},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct plan *plan =
            read_texts(rows[i].text, NULL, (struct plan_input){0});
        assert_non_null(plan);
        assert_int_equal(plan_connections_a_caller(plan), rows[i].connections);
        plan_free(plan);
    }
}

static void faults_lack_what_they_need(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"faults\":[{\"kind\":\"delay\"}]}", 1, 12, "faults[0]",
         "a delay needs \"delay\"", "50ms..150ms"},
        {"{\"faults\":[{\"kind\":\"slow_read\"}]}", 1, 12, "faults[0]",
         "a slow_read needs \"rate\"", "1KiB"},
        {"{\"faults\":[{\"kind\":\"torn_request\",\"as\":\"reset\"}],\n"
         "\"requests\":[{\"body\":\"x\"},{\"name\":\"look\"}]}",
         1, 12, "faults[0]", "\"look\" has none", "give it a body"},
        {"{\"faults\":[{\"kind\":\"torn_request\",\"as\":\"reset\"}],\n"
         "\"requests\":[{\"name\":\"void\",\"body\":\"\"}]}",
         1, 12, "faults[0]", "\"void\" has none", "give it a body"},
        {"{\"faults\":[{\"kind\":\"torn_request\"}],"
         "\"requests\":[{\"body\":\"x\"}],\n\"timeout\":{\"connect\":\"1s\"}}",
         1, 12, "faults[0]", "wait forever (timeout: a.json:2:1)", "reset"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void faults_have_what_they_do_not_look_at(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"faults\":[{\"kind\":\"duplicate\",\n\"as\":\"reset\"}]}", 2, 1,
         "faults[0].as", "(faults[0].kind: a.json:1:13)", "remove it"},
        {"{\"faults\":[{\"kind\":\"duplicate\",\n\"delay\":\"1s\"}]}", 2, 1,
         "faults[0].delay", "\"late_duplicate\" or \"delay\"", "remove it"},
        {"{\"faults\":[{\"kind\":\"lost_request\",\"as\":\"reset\","
         "\n\"after\":\"1s\"}]}",
         2, 1, "faults[0].after", "\"lost_response\"", "remove it"},
        {"{\"faults\":[{\"kind\":\"delay\",\"delay\":\"1s\","
         "\n\"rate\":\"1KiB\"}]}",
         2, 1, "faults[0].rate", "\"slow_read\"", "remove it"},
        {"{\"faults\":[{\"kind\":\"late_duplicate\",\n\"delay\":\"20s\"}],\n"
         "\"load\":{\"drain\":\"9s\"}}",
         2, 1, "faults[0].delay", "(load.drain: a.json:3:9)", "raise"},
        {"{\"faults\":[{\"kind\":\"duplicate\",\"from\":\"1s\",\n"
         "\"every\":\"5s\"}]}",
         2, 9, "faults[0].every", "means nothing without \"for\"", "\"1s\""},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

static void bad_spans_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"faults\":[{\"kind\":\"duplicate\",\n\"from\":\"101%\"}]}", 2, 8,
         "faults[0].from", "\"101%\" is out of range", "from 0% to 100%"},
        {"{\"load\":{\"operations\":5},\"faults\":[\n"
         "{\"kind\":\"duplicate\",\"from\":\"5%\"}]}",
         2, 1, "faults[0]", "a share of the load needs", "load.duration"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":\"9ms..5ms\"}]}", 2, 9,
         "faults[0].delay", "goes downwards", "50ms..150ms"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":\"1ms..50%\"}]}", 2, 9,
         "faults[0].delay", "from one kind of unit to another", "50ms..150ms"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":\"5\"}]}", 2, 9,
         "faults[0].delay", "has no unit", "50ms..150ms"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":7}]}", 2, 9,
         "faults[0].delay", "a number where a duration or range", "50ms"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":\"48h\"}]}", 2, 9,
         "faults[0].delay", "out of range", "24h"},
        {"{\"faults\":[{\"kind\":\"delay\",\n\"delay\":\"50%\"}]}", 2, 9,
         "faults[0].delay", "no share", "50ms"},
        {"{\"faults\":[{\"kind\":\"lost_response\",\"as\":\"reset\","
         "\n\"after\":\"0..2000%\"}]}",
         2, 9, "faults[0].after", "out of range", "1000%"},
    };
    (void)state;
    check_all(refusals, array_length(refusals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_read),
        cmocka_unit_test(windows_may_be_shares_of_the_load),
        cmocka_unit_test(every_kind_is_accepted),
        cmocka_unit_test(copies_have_connections),
        cmocka_unit_test(faults_lack_what_they_need),
        cmocka_unit_test(faults_have_what_they_do_not_look_at),
        cmocka_unit_test(bad_spans_are_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
