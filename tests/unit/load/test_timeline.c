/* What an entry of a timeline is allowed, when its trigger was on, and what is
 * said of one that went wrong. */
#include "load/timeline.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S(seconds) \
    { \
        (int64_t)((seconds)*NS_PER_S) \
    }

static const struct timeline_entry entries[] = {
    {.name = "stop",
     .command = "stop",
     .undo = "go",
     .at = S(3),
     .until = S(5),
     .timeout = S(1)},
    {.name = "stress",
     .command = "stress",
     .at = S(3),
     .until = S(63),
     .timeout = {INT64_MAX}},
    {.name = "kill",
     .command = "kill",
     .at = S(3),
     .until = {INT64_MAX},
     .timeout = {INT64_MAX}},
    {.name = "put",
     .url = "/faults",
     .at = S(3),
     .until = S(5),
     .timeout = {INT64_MAX}},
    {.name = "mark",
     .is_mark = true,
     .at = S(3),
     .until = S(5),
     .timeout = {INT64_MAX}},
    {.name = "instant",
     .is_mark = true,
     .at = S(3),
     .until = {INT64_MAX},
     .timeout = {INT64_MAX}},
};

enum { STOP, STRESS, KILL, PUT, MARK, INSTANT };

static void assert_limits(size_t index, double begin_s, double undo_s)
{
    assert_int_equal(timeline_limit(&entries[index], false).ns,
                     (int64_t)(begin_s * NS_PER_S));
    assert_int_equal(timeline_limit(&entries[index], true).ns,
                     (int64_t)(undo_s * NS_PER_S));
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(timeline_kind_of(&entries[STOP]), TIMELINE_RUN);
    assert_int_equal(timeline_kind_of(&entries[PUT]), TIMELINE_PUT);
    assert_int_equal(timeline_kind_of(&entries[MARK]), TIMELINE_MARK);
    assert_string_equal(timeline_kind_name(TIMELINE_PUT), "put");
}

static void test_limits(void **state)
{
    (void)state;
    assert_limits(STOP, 1, 1);
    /* A command that is the trigger lasts as long as that. */
    assert_limits(STRESS, 60, 30);
    assert_limits(KILL, 30, 30);
    /* A request has to be done before it is undone. */
    assert_limits(PUT, 2, 30);
}

static struct timeline_event event_of(enum timeline_word begin, double from,
                                      double until, enum timeline_word end,
                                      double end_from, double end_until)
{
    return (struct timeline_event){
        .begin = {.word = begin, .from = S(from), .until = S(until)},
        .end = {.word = end, .from = S(end_from), .until = S(end_until)},
    };
}

static void expect_trigger(size_t index, const struct timeline_event *event,
                           double from_s, double until_s)
{
    struct duration from, until;

    assert_true(timeline_find_trigger(&entries[index], event, &from, &until));
    assert_int_equal(from.ns, (int64_t)(from_s * NS_PER_S));
    assert_int_equal(until.ns,
                     until_s < 0 ? INT64_MAX : (int64_t)(until_s * NS_PER_S));
}

static void test_triggers_as_planned(void **state)
{
    (void)state;
    expect_trigger(STOP, NULL, 3, 5);
    expect_trigger(MARK, NULL, 3, 5);
    expect_trigger(KILL, NULL, 3, 3);
}

static void test_triggers_as_they_were(void **state)
{
    struct timeline_event event;
    struct duration from, until;

    (void)state;
    /* From where the first began to where the last was over. */
    event = event_of(TIMELINE_DONE, 3.25, 3.5, TIMELINE_DONE, 5.25, 5.5);
    expect_trigger(STOP, &event, 3.25, 5.5);
    /* Without an end, what it took. */
    expect_trigger(KILL, &event, 3.25, 3.5);
    expect_trigger(INSTANT, &event, 3.25, 3.5);
    /* One that was not undone goes on. */
    event.end.word = TIMELINE_FAILED;
    expect_trigger(STOP, &event, 3.25, -1);
    event.end.word = TIMELINE_NOT_REACHED;
    expect_trigger(MARK, &event, 3.25, -1);
    /* Of one that went wrong nobody knows. */
    for (int word = 0; word < TIMELINE_WORD_COUNT; word++) {
        event.begin.word = (enum timeline_word)word;
        bool is_one = word == TIMELINE_DONE || word == TIMELINE_ENDED;
        assert_int_equal(
            timeline_find_trigger(&entries[STOP], &event, &from, &until),
            is_one);
    }
}

static void test_marks_in_virtual_time(void **state)
{
    const struct timeline_entry marks[] = {
        {.name = "a", .is_mark = true, .at = S(1), .until = S(2)},
        {.name = "b", .is_mark = true, .at = S(3), .until = S(9)},
        {.name = "c", .is_mark = true, .at = S(4), .until = {INT64_MAX}},
    };
    struct timeline_event events[3];

    (void)state;
    timeline_follow(marks, 3, duration_s(4), events);
    assert_int_equal(events[0].begin.word, TIMELINE_DONE);
    assert_int_equal(events[0].begin.from.ns, 1 * NS_PER_S);
    assert_int_equal(events[0].end.until.ns, 2 * NS_PER_S);
    assert_int_equal(events[0].end.status, -1);
    assert_int_equal(events[1].begin.word, TIMELINE_DONE);
    assert_int_equal(events[1].end.word, TIMELINE_NOT_REACHED);
    assert_int_equal(events[2].begin.word, TIMELINE_NOT_REACHED);
}

static void expect_problem(size_t index, struct timeline_action begin,
                           struct timeline_action end, const char *wanted)
{
    struct timeline_event event = {begin, end};
    char text[400] = "";

    assert_int_equal(
        timeline_find_problem(entries, index, &event, text, sizeof(text)),
        wanted != NULL);
    assert_string_equal(text, wanted ? wanted : "");
}

static void test_problems(void **state)
{
    const struct timeline_action done = {.word = TIMELINE_DONE};
    const struct timeline_action undone = {.word = TIMELINE_DONE,
                                           .from = S(5)};

    (void)state;
    expect_problem(STOP, done, undone, NULL);
    expect_problem(KILL, (struct timeline_action){.word = TIMELINE_ENDED},
                   done, NULL);
    expect_problem(
        STOP, (struct timeline_action){.word = TIMELINE_FAILED, .status = 3},
        done, "timeline[0].run (stop): its command ended with status 3");
    expect_problem(
        STOP, done,
        (struct timeline_action){.word = TIMELINE_KILLED, .status = 9},
        "timeline[0].undo (stop): its command was killed by signal 9");
    expect_problem(
        PUT, (struct timeline_action){.word = TIMELINE_REFUSED, .status = 404},
        done, "timeline[3].put (put): the answer was 404");
    expect_problem(PUT,
                   (struct timeline_action){.word = TIMELINE_UNANSWERED,
                                            .reason = "no route"},
                   done, "timeline[3].put (put): no answer: no route");
    expect_problem(KILL,
                   (struct timeline_action){.word = TIMELINE_NOT_STARTED,
                                            .reason = "no memory"},
                   done,
                   "timeline[2].run (kill): its command could not be "
                   "started: no memory");
    /* On for a tenth of the time; as long as planned; brought forward by the
     * end of the load. */
    expect_problem(
        STOP, (struct timeline_action){.word = TIMELINE_DONE, .from = S(6.8)},
        (struct timeline_action){.word = TIMELINE_DONE, .from = S(7)},
        "timeline[0] (stop): squall was late, and it lasted 200 ms instead of "
        "2000 ms");
    expect_problem(
        STOP, (struct timeline_action){.word = TIMELINE_DONE, .from = S(4)},
        (struct timeline_action){.word = TIMELINE_DONE, .from = S(6)}, NULL);
    expect_problem(
        STOP, (struct timeline_action){.word = TIMELINE_DONE, .from = S(3)},
        (struct timeline_action){.word = TIMELINE_DONE, .from = S(4)}, NULL);
    const struct timeline_entry brief = {.name = "brief",
                                         .command = "x",
                                         .at = S(1),
                                         .until = S(1.1),
                                         .timeout = {INT64_MAX}};
    struct timeline_event at_once = {
        .begin = {.word = TIMELINE_DONE, .from = S(1.5)},
        .end = {.word = TIMELINE_DONE, .from = S(1.5)}};
    char text[400];
    assert_false(
        timeline_find_problem(&brief, 0, &at_once, text, sizeof(text)));
    /* What has no end has none that went wrong. */
    expect_problem(KILL, done,
                   (struct timeline_action){.word = TIMELINE_FAILED}, NULL);
}

static void test_words(void **state)
{
    enum timeline_word word;

    (void)state;
    for (int i = 0; i < TIMELINE_WORD_COUNT; i++) {
        assert_true(timeline_word_find(
            timeline_word_name((enum timeline_word)i), &word));
        assert_int_equal(word, i);
        assert_true(timeline_word_text(word)[0] != '\0');
    }
    assert_false(timeline_word_find("dismissed", &word));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_triggers_as_planned),
        cmocka_unit_test(test_triggers_as_they_were),
        cmocka_unit_test(test_marks_in_virtual_time),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
