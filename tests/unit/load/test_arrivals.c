/* Recorded arrivals: each line is an instant and a request, to the nanosecond;
 * what is no such line is refused with its number. */
#include "load/arrivals.h"
#include "load/schedule.h"

#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"GET /", "orders", "GET /a b"};

static bool read_bytes(struct arrivals *arrivals, struct arena *arena,
                       const char *text, size_t length,
                       struct arrivals_problem *problem)
{
    return arrivals_read(arrivals, arena, text, length, duration_s(3600),
                         names, array_length(names), problem);
}

static void check_read(const char *text, size_t count, const int64_t *ns,
                       const uint32_t *requests)
{
    struct arena arena = ARENA_INIT;
    struct arrivals arrivals;
    struct arrivals_problem problem;

    assert_true(read_bytes(&arrivals, &arena, text, strlen(text), &problem));
    assert_int_equal(arrivals.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(arrivals_due(&arrivals, i).ns, ns[i]);
        assert_int_equal(arrivals.items[i].request, requests[i]);
    }
    arena_release(&arena);
}

static void test_lines_are_instants(void **state)
{
    (void)state;
    check_read("0 GET /\n0.000000001 orders\n0.5 GET /a b\n12.25 orders\n"
               "3600 GET /\n",
               5,
               (const int64_t[]){0, 1, NS_PER_S / 2, 12 * NS_PER_S + 250000000,
                                 3600 * NS_PER_S},
               (const uint32_t[]){0, 1, 2, 1, 0});
    check_read("# said by nobody\r\n\r\n1.000000000 orders\r\n\n1 GET /", 2,
               (const int64_t[]){NS_PER_S, NS_PER_S},
               (const uint32_t[]){1, 0});
}

static void test_what_is_no_line_is_refused_with_its_number(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        const char *says;
    } rows[] = {
        {"", 0, "no arrival"},
        {"# nothing\n\n", 0, "no arrival"},
        {"orders\n", 1, "a time"},
        {"-1 orders\n", 1, "a time"},
        {" 1 orders\n", 1, "a time"},
        {"1. orders\n", 1, "a time"},
        {".5 orders\n", 1, "a time"},
        {"3600.000000001 orders\n", 1, "a time"},
        {"99999999999999999999999 orders\n", 1, "a time"},
        {"0.0000000001 orders\n", 1, "no blank"},
        {"1e3 orders\n", 1, "no blank"},
        {"1\n", 1, "no blank"},
        {"1\torders\n", 1, "no blank"},
        {"1 \n", 1, "no request"},
        {"1  orders\n", 1, "no request"},
        {"1 order\n", 1, "no request"},
        {"1 orders \n", 1, "no request"},
        {"0 orders\n#\n2 orders\n1.999999999 orders\n", 4, "line above"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct arrivals arrivals;
        struct arrivals_problem problem;
        assert_false(read_bytes(&arrivals, &arena, rows[i].text,
                                strlen(rows[i].text), &problem));
        assert_int_equal(problem.line, rows[i].line);
        if (!strstr(problem.text, rows[i].says)) {
            fail_msg("%s: %s", rows[i].text, problem.text);
        }
        assert_int_equal(arrivals.count, 0);
        arena_release(&arena);
    }
}

static void test_a_nul_is_no_end(void **state)
{
    static const char text[] = "1 orders\0\n2 orders\n";
    struct arena arena = ARENA_INIT;
    struct arrivals arrivals;
    struct arrivals_problem problem;

    (void)state;
    assert_false(
        read_bytes(&arrivals, &arena, text, sizeof(text) - 1, &problem));
    assert_int_equal(problem.line, 1);
    arena_release(&arena);
}

static void test_a_million_lines(void **state)
{
    enum { LINES = 1000000 };
    struct arena arena = ARENA_INIT;
    struct arrivals arrivals;
    struct arrivals_problem problem;
    struct str text = STR_INIT;

    (void)state;
    for (int i = 0; i < LINES; i++) {
        str_printf(&text, "%d.%03d %s\n", i / 1000, i % 1000, names[i % 3]);
    }
    assert_true(
        read_bytes(&arrivals, &arena, text.text, text.length, &problem));
    assert_int_equal(arrivals.count, LINES);
    for (size_t i = 0; i < LINES; i++) {
        assert_int_equal(arrivals_due(&arrivals, i).ns,
                         (int64_t)i * NS_PER_MS);
        assert_int_equal(arrivals.items[i].request, i % 3);
    }
    str_release(&text);
    arena_release(&arena);
}

static void check_speed(double speed, const int64_t *ns)
{
    static const char text[] = "0 orders\n0.000000003 orders\n7 orders\n";
    struct arena arena = ARENA_INIT;
    struct arrivals arrivals;
    struct arrivals_problem problem;

    assert_true(
        read_bytes(&arrivals, &arena, text, sizeof(text) - 1, &problem));
    arrivals.speed = speed;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(arrivals_due(&arrivals, i).ns, ns[i]);
    }
    arena_release(&arena);
}

static void test_speed_divides_every_time(void **state)
{
    (void)state;
    check_speed(1, (const int64_t[]){0, 3, 7 * NS_PER_S});
    check_speed(2, (const int64_t[]){0, 2, 7 * NS_PER_S / 2});
    check_speed(0.5, (const int64_t[]){0, 6, 14 * NS_PER_S});
    check_speed(1000, (const int64_t[]){0, 0, 7 * NS_PER_MS});
}

/* However many workers share them, arrival k is worker k mod workers'. */
static void test_workers_share_them_in_turn(void **state)
{
    static const char text[] = "0 orders\n0 GET /\n1 orders\n1 GET /\n"
                               "5 GET /a b\n";
    struct arena arena = ARENA_INIT;
    struct arrivals arrivals;
    struct arrivals_problem problem;
    struct arrival_time arrival;
    struct schedule schedules[4];

    (void)state;
    assert_true(
        read_bytes(&arrivals, &arena, text, sizeof(text) - 1, &problem));
    struct stage_config stage = {.name = "main", .length = duration_s(6)};
    struct load_config load = {.model = LOAD_OPEN,
                               .stage_count = 1,
                               .stages = &stage,
                               .arrivals = &arrivals};
    for (uint64_t workers = 1; workers <= 4; workers++) {
        for (uint64_t w = 0; w < workers; w++) {
            schedule_init(&schedules[w], &load, 1, w, workers);
        }
        for (size_t k = 0; k < arrivals.count; k++) {
            assert_true(schedule_next(&schedules[k % workers], &arrival));
            assert_int_equal(arrival.at.ns, arrivals.items[k].at.ns);
            assert_int_equal(arrival.index, k);
            assert_int_equal(arrival.stage, 0);
        }
        for (uint64_t w = 0; w < workers; w++) {
            assert_false(schedule_next(&schedules[w], &arrival));
            assert_false(schedule_next(&schedules[w], &arrival));
        }
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_instants),
        cmocka_unit_test(test_what_is_no_line_is_refused_with_its_number),
        cmocka_unit_test(test_a_nul_is_no_end),
        cmocka_unit_test(test_a_million_lines),
        cmocka_unit_test(test_speed_divides_every_time),
        cmocka_unit_test(test_workers_share_them_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
