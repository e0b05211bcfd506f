/* What a run shows while it runs. */
#include "report/term.h"
#include "report/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct progress sample = {
    .phase = "spike",
    .elapsed = {12 * NS_PER_S},
    .total = {30 * NS_PER_S},
    .started = 23990,
    .finished = 23978,
    .succeeded = 23955,
    .attempts = 26400,
    .errors = 23,
    .in_flight = 1200,
    .rate_per_s = 1998.4,
    .p99_us = 12345,
    .amplification = 1.1004,
};

/* What `times` calls, `step` apart, write. Owned by the caller. */
static char *show(struct progress_view *view, const struct progress *progress,
                  int times, struct duration step)
{
    /* Static, since the stream keeps their addresses. */
    static char *text;
    static size_t length;
    struct instant now = {100 * NS_PER_S};
    view->stream = open_memstream(&text, &length);
    for (int i = 0; i < times; i++) {
        progress_show(view, now, progress);
        now = instant_add(now, step);
    }
    fclose(view->stream);
    view->stream = NULL;
    return text;
}

static int in_ascii(void **state)
{
    (void)state;
    return setenv("LC_ALL", "C", 1);
}

static void off_a_terminal_a_line_every_5_s(void **state)
{
    struct progress_view view = {0};
    (void)state;
    char *text = show(&view, &sample, 21, duration_ms(500));
    static const char line[] =
        "squall: spike  40%  18 s left  1,998/s  p99 12.3 ms  failed 23  "
        "in flight 1,200  x1.10\n";
    struct str expected = STR_INIT;
    for (int i = 0; i < 3; i++) {
        str_append(&expected, line);
    }
    assert_string_equal(text, expected.text);
    str_release(&expected);
    free(text);
}

static void a_bar_is_drawn_where_there_is_room(void **state)
{
    struct str out = STR_INIT;
    struct term term = {.out = &out, .width = 79};
    (void)state;
    progress_line(&term, &sample, true);
    assert_string_equal(out.text,
                        "spike [######          ]  40%  18 s left  1,998/s  "
                        "p99 12.3 ms  failed 23");
    str_release(&out);
}

/* Nothing may wrap, or the next drawing leaves garbage behind. */
static void stays_within_the_width(void **state)
{
    (void)state;
    for (int width = 10; width <= 140; width++) {
        for (int unicode = 0; unicode < 2; unicode++) {
            struct str out = STR_INIT;
            struct term term = {
                .out = &out, .unicode = unicode, .width = width};
            progress_line(&term, &sample, true);
            if (term_columns(out.text) > width) {
                fail_msg("width %d: %s", width, out.text);
            }
            str_release(&out);
        }
    }
}

static void says_when_it_does_not_know(void **state)
{
    struct progress progress = {
        .phase = "warm-up\033[2J",
        .elapsed = {3 * NS_PER_S},
        .total = DURATION_FOREVER,
        .p99_us = -1,
        .amplification = -1,
    };
    struct progress_view view = {0};
    (void)state;
    char *text = show(&view, &progress, 1, DURATION_ZERO);
    assert_string_equal(text, "squall: warm-up\\x1b[2J  3 s  0/s  p99 -  "
                              "failed 0  in flight 0  x-\n");
    free(text);
}

static void counts_operations_where_they_end_the_run(void **state)
{
    struct progress progress = sample;
    progress.total = DURATION_FOREVER;
    progress.operations_total = 47956;
    struct progress_view view = {0};
    (void)state;
    char *text = show(&view, &progress, 1, DURATION_ZERO);
    assert_non_null(strstr(text, "spike  50%  12 s  "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(off_a_terminal_a_line_every_5_s, in_ascii),
        cmocka_unit_test(a_bar_is_drawn_where_there_is_room),
        cmocka_unit_test(stays_within_the_width),
        cmocka_unit_test_setup(says_when_it_does_not_know, in_ascii),
        cmocka_unit_test_setup(counts_operations_where_they_end_the_run,
                               in_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
