/* What in a plan may end while the load runs. */
#include "reading.h"

#include "plan/triggers.h"

#include <inttypes.h>

/* Each as "name FROM..UNTIL " in ms since the start of the measured time;
 * without an UNTIL it stays. */
static void expect(const char *profile, int load_s, const char *expected)
{
    static struct trigger triggers[TRIGGERS_MAX];
    struct plan *plan = read_good(profile, NULL);
    size_t count = plan_triggers(
        plan, true, duration_ms((int64_t)load_s * 1000), NULL, triggers);
    struct str words = STR_INIT;

    str_append(&words, "");
    for (size_t i = 0; i < count; i++) {
        str_printf(&words, "%s %" PRId64 "..", triggers[i].name,
                   triggers[i].from.ns / NS_PER_MS);
        if (triggers[i].until.ns != INT64_MAX) {
            str_printf(&words, "%" PRId64, triggers[i].until.ns / NS_PER_MS);
        }
        str_append(&words, " ");
    }
    assert_string_equal(words.text, expected);
    str_release(&words);
    plan_free(plan);
}

static void windows_of_faults(void **state)
{
    (void)state;
    expect("{\"load\":{\"rate\":\"10/s\",\"warmup\":\"2s\","
           "\"duration\":\"18s\"},\"timeout\":{\"attempt\":\"1s\"},"
           "\"faults\":[{\"kind\":\"lost_response\",\"ratio\":1},"
           "{\"kind\":\"lost_request\",\"ratio\":1,\"from\":\"5s\","
           "\"for\":\"3s\"}],"
           "\"service\":{\"faults\":[{\"kind\":\"capacity\",\"factor\":0.1,"
           "\"from\":\"1s\",\"for\":\"500ms\"},"
           "{\"kind\":\"error\",\"ratio\":1,\"from\":\"8s\"},"
           "{\"kind\":\"stall\",\"from\":\"4s\",\"for\":\"1s\","
           "\"every\":\"6s\"},"
           "{\"kind\":\"error\",\"ratio\":1,\"from\":\"20s\",\"for\":"
           "\"1s\"}]}}",
           20,
           "lost_response -2000.. lost_request 3000..6000 error 6000.. "
           "stall 2000..3000 stall 8000..9000 stall 14000..15000 ");
}

static void stages_that_are_higher_than_those_around_them(void **state)
{
    (void)state;
#define LOAD(stages) "{\"load\":{\"stages\":[" stages "]}}"
    expect(LOAD("{\"name\":\"base\",\"for\":\"5s\",\"rate\":\"10/s\"},"
                "{\"name\":\"spike\",\"for\":\"2s\",\"rate\":\"90/s\"},"
                "{\"name\":\"rest\",\"for\":\"9s\",\"rate\":\"20/s\"}"),
           16, "spike 5000..7000 ");
    /* Steps upwards are no trigger, and a fall alone is none. */
    expect(LOAD("{\"name\":\"a\",\"for\":\"5s\",\"rate\":\"10/s\"},"
                "{\"name\":\"b\",\"for\":\"5s\",\"rate\":\"20/s\"},"
                "{\"name\":\"c\",\"for\":\"5s\",\"rate\":\"30/s\"}"),
           15, "");
    expect(LOAD("{\"name\":\"a\",\"for\":\"5s\",\"rate\":\"30/s\"},"
                "{\"name\":\"b\",\"for\":\"5s\",\"rate\":\"20/s\"}"),
           10, "");
    /* From the rise to the fall, by the name of the highest; ramps, too. */
    expect(LOAD("{\"name\":\"a\",\"for\":\"5s\",\"rate\":\"10/s\"},"
                "{\"name\":\"b\",\"for\":\"1s\",\"from\":\"10/s\","
                "\"rate\":\"50/s\"},"
                "{\"name\":\"c\",\"for\":\"1s\",\"rate\":\"60/s\"},"
                "{\"name\":\"d\",\"for\":\"1s\",\"from\":\"60/s\","
                "\"rate\":\"10/s\"},"
                "{\"name\":\"e\",\"for\":\"5s\",\"rate\":\"10/s\"},"
                "{\"name\":\"f\",\"for\":\"1s\",\"rate\":\"40/s\"},"
                "{\"name\":\"g\",\"for\":\"5s\",\"rate\":\"10/s\"}"),
           19, "c 5000..8000 f 13000..14000 ");
#undef LOAD
}

/* As planned, and as it went. */
static void the_timeline(void **state)
{
    static struct trigger triggers[TRIGGERS_MAX];
    struct timeline_event events[2] = {
        {.begin = {.word = TIMELINE_DONE,
                   .from = {INT64_C(5010) * NS_PER_MS},
                   .until = {INT64_C(5020) * NS_PER_MS}},
         .end = {.word = TIMELINE_DONE,
                 .from = {INT64_C(8000) * NS_PER_MS},
                 .until = {INT64_C(8030) * NS_PER_MS}}},
        {.begin = {.word = TIMELINE_REFUSED}},
    };
    const char *profile =
        "{\"load\":{\"rate\":\"10/s\",\"warmup\":\"2s\",\"duration\":"
        "\"18s\"},\"timeline\":[{\"at\":\"25%\",\"name\":\"drill\","
        "\"mark\":true,\"until\":\"8s\"},{\"at\":\"9s\",\"name\":"
        "\"reload\",\"put\":\"http://x/\"}]}";

    (void)state;
    expect(profile, 20, "drill 3000..6000 reload 7000..7000 ");
    struct plan *plan = read_good(profile, NULL);
    assert_true(plan_has_trigger(plan, false));
    assert_int_equal(
        plan_triggers(plan, false, duration_ms(20000), events, triggers), 1);
    assert_string_equal(triggers[0].name, "drill");
    assert_int_equal(triggers[0].from.ns, INT64_C(3010) * NS_PER_MS);
    assert_int_equal(triggers[0].until.ns, INT64_C(6030) * NS_PER_MS);
    plan_free(plan);
}

/* More turns than there is room for: what is left is no secret. */
static void there_is_an_end_of_the_list(void **state)
{
    static struct trigger triggers[TRIGGERS_MAX];
    (void)state;
    struct plan *plan = read_good(
        "{\"load\":{\"rate\":\"10/s\",\"duration\":\"1000s\"},\"service\":"
        "{\"faults\":[{\"kind\":\"stall\",\"from\":\"1s\",\"for\":\"1s\","
        "\"every\":\"2s\"}]}}",
        NULL);
    assert_int_equal(
        plan_triggers(plan, true, duration_ms(1000 * 1000), NULL, triggers),
        TRIGGERS_MAX);
    assert_int_equal(triggers[TRIGGERS_MAX - 2].until.ns,
                     (TRIGGERS_MAX - 1) * 2 * NS_PER_S);
    assert_int_equal(triggers[TRIGGERS_MAX - 1].until.ns, INT64_MAX);
    assert_true(plan_has_trigger(plan, true));
    assert_false(plan_has_trigger(plan, false));
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_faults),
        cmocka_unit_test(stages_that_are_higher_than_those_around_them),
        cmocka_unit_test(the_timeline),
        cmocka_unit_test(there_is_an_end_of_the_list),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
