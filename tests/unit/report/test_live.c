/* The lines of a run that goes on: within any size, whatever is in them, and
 * nothing in them steers the terminal. The frames of whole runs are held in
 * tests/sim/test_live.c. */
#include "report/live.h"

#include "base/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan *plan;
static struct live live;

static int make(void **state)
{
    static const char *const sets[] = {
        "load.clients=50",
        "load.stages=[{\"name\": \"base\", \"for\": \"10s\", \"rate\": "
        "\"500/s\"}, {\"name\": \"spike\", \"for\": \"5s\", \"rate\": "
        "\"2000/s\"}, {\"name\": \"after\", \"for\": \"15s\", \"rate\": "
        "\"500/s\"}]",
        "faults=[{\"kind\": \"lost_response\", \"as\": \"reset\", \"from\": "
        "\"12s\", \"for\": \"5s\"}]",
        "breaker={\"any_of\": [{\"type\": \"consecutive\", \"failures\": "
        "5}], \"open\": {\"type\": \"constant\", \"initial\": \"1s\"}}",
        "retry.max_attempts=3",
        "retry_budget={\"type\": \"token_bucket\", \"capacity\": 10}",
    };
    static const char *const slos[] = {"p99 < 250ms"};
    struct errors errors = ERRORS_INIT;
    (void)state;
    plan = plan_read(&(struct plan_input){.set_count = array_length(sets),
                                          .sets = sets,
                                          .url = "http://service.invalid/",
                                          .slo_count = 1,
                                          .slos = slos},
                     &errors);
    errors_print(&errors, stdout);
    return plan ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    plan_free(plan);
    return 0;
}

/* 40 s of figures, as large as they come, and words from outside. */
static int fill(void **state)
{
    (void)state;
    live_init(&live, plan, false);
    live_take_progress(&live, &(struct progress){
                                  .phase = "sp\033[2Jike",
                                  .elapsed = {13 * NS_PER_S},
                                  .total = {30 * NS_PER_S},
                                  .in_flight = 123456789,
                                  .rate_per_s = 123456,
                                  .p99_us = INT64_MAX,
                                  .amplification = 3,
                              });
    live.has_figures = true;
    live.figures = (struct live_figures){
        .interval = {NS_PER_S},
        .point_count = 13,
        .end = {13 * NS_PER_S},
        .per_s = 1234567,
        .success_rate = 0.98765,
        .amplification = 12.345,
        .peak = 99.9,
        .p50_us = 12345,
        .p99_us = INFINITY,
        .failed = 123456789,
        .shed = 1234567,
        .dropped = 7654321,
        .attempts = 987654321,
        .status_429 = 1234567,
        .status_503 = 7654321,
        .queueing = 1234.5,
        .waited_us = 1.5e6,
        .breakers_open = 50,
        .limit = 18.5,
        .budget_level = 0.4,
        .error_count = 2,
        .errors = {{1234567, "server_error 503",
                    "\033]0;title\007 overloaded"},
                   {7, "shed: breaker_open", ""}},
        .slos_met = 1,
        .slos_missed = 1,
        .missed = "p99 < 250ms",
    };
    for (size_t i = 0; i < 13; i++) {
        live.figures.points[i] = (struct live_point){
            .finished_per_s = 1e6 * (double)i,
            .failed_share = i == 3 ? -1 : 0.1 * (double)i / 2,
            .p50_us = 1000 * (double)i,
            .p99_us = i > 8 ? (double)INFINITY : 5000 * (double)i,
            .amplification = i < 2 ? -1 : (double)i,
            .in_flight = (double)i,
        };
    }
    return 0;
}

static char *compose(int width, int rows, bool unicode, bool color, int *used)
{
    struct str out = STR_INIT;
    struct term term = {
        .out = &out, .unicode = unicode, .color = color, .width = width};
    *used = live_compose(&live, &term, rows);
    return str_detach(&out);
}

/* Nothing may wrap, and nothing may scroll. */
static void fits_every_size(void **state)
{
    (void)state;
    for (int width = 1; width <= 300; width++) {
        for (int rows = 1; rows <= 30; rows++) {
            int used;
            int lines = 0;
            char *text = compose(width, rows, rows % 2, false, &used);
            for (char *line = text, *end; (end = strchr(line, '\n'));
                 line = end + 1) {
                *end = '\0';
                lines++;
                if (term_columns(line) > width && width >= 20) {
                    fail_msg("%dx%d: \"%s\"", width, rows, line);
                }
                if (line < end && end[-1] == ' ') {
                    fail_msg("%dx%d: \"%s\"", width, rows, line);
                }
            }
            assert_int_equal(lines, used);
            assert_true(used >= 1 && used <= rows);
            free(text);
        }
    }
}

static void words_from_outside_are_harmless(void **state)
{
    int used;
    (void)state;
    char *text = compose(200, 30, true, false, &used);
    for (const char *c = text; *c; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
    }
    assert_non_null(strstr(text, "sp\\x1b[2Jike"));
    assert_non_null(strstr(text, "\\x1b]0;title\\x07 overloaded"));
    free(text);
}

/* All that is to be seen is seen on the two sizes that are everywhere. */
static void has_all_of_it(void **state)
{
    static const char *const words[] = {
        "17 s left",
        "98.8 % succeeded",
        "Traffic        12.0M/s   1.23M/s",
        "of 2,000/s",
        "Latency p50",
        "p99",
        "never",
        "Errors",
        "Saturation",
        "123M in flight",
        "queueing x1234.50",
        "429 1.23M",
        "Amplification",
        "x12.35",
        "peak x99.90",
        "breakers open 50 of 50",
        "1.23M  server_error 503",
        "lost_response",
        "1 missed: p99 < 250ms",
    };
    int used;
    (void)state;
    for (int narrow = 0; narrow < 2; narrow++) {
        char *text =
            compose(narrow ? 59 : 79, narrow ? 19 : 23, true, false, &used);
        for (size_t i = 0; i < array_length(words); i++) {
            bool is_cut = narrow && strstr(words[i], "succeeded");
            if (!is_cut && !strstr(text, words[i])) {
                fail_msg("\"%s\" is not in\n%s", words[i], text);
            }
        }
        free(text);
    }
}

/* Without colours there are none, and with them nothing else changes. */
static void colours_are_all_that_they_add(void **state)
{
    int used;
    (void)state;
    char *plain = compose(79, 23, true, false, &used);
    char *colored = compose(79, 23, true, true, &used);
    struct str stripped = STR_INIT;

    for (const char *c = colored; *c; c++) {
        if (*c == '\033') {
            c = strchr(c, 'm');
        } else {
            str_append_char(&stripped, *c);
        }
    }
    assert_string_equal(stripped.text, plain);
    assert_null(strchr(plain, '\033'));
    assert_true(strlen(colored) > strlen(plain));
    str_release(&stripped);
    free(plain);
    free(colored);
}

static void says_when_nothing_is_known(void **state)
{
    int used;
    (void)state;
    live_init(&live, plan, false);
    live_take_progress(&live, &(struct progress){.phase = "warm-up",
                                                 .total = DURATION_FOREVER,
                                                 .p99_us = -1,
                                                 .amplification = -1});
    char *text = compose(79, 23, false, false, &used);
    assert_non_null(strstr(text, "warm-up  0 s"));
    assert_non_null(strstr(text, "- succeeded"));
    assert_non_null(strstr(text, "Latency p50          -         -"));
    assert_null(strstr(text, "0.00 %"));
    assert_null(strstr(text, "429"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fits_every_size, fill),
        cmocka_unit_test_setup(words_from_outside_are_harmless, fill),
        cmocka_unit_test_setup(has_all_of_it, fill),
        cmocka_unit_test_setup(colours_are_all_that_they_add, fill),
        cmocka_unit_test(says_when_nothing_is_known),
    };
    return cmocka_run_group_tests_name("report/live", tests, make, release);
}
