/* What a replay leaves is a file of dead letters again: it reads back, with
 * what is known by then. */
#include "report/remaining.h"

#include "effects/replayed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char text[] =
    "{\"schema\": \"squall.dead_letters/1\", \"type\": \"run\", \"run\": "
    "\"00112233445566aa\", \"seed\": \"9\", \"url\": \"http://h:1\", "
    "\"requests\": [{\"name\": \"order\"}]}\n"
    "{\"type\": \"dead_letter\", \"op\": \"33445566aa-7\", \"key\": \"k7\", "
    "\"request\": \"order\", \"method\": \"POST\", \"url\": "
    "\"http://h:1/o\", \"url_form\": \"plain\", \"headers\": [{\"name\": "
    "\"A\", \"value\": \"***\", \"form\": \"masked\"}], \"body\": "
    "\"\\u00e4\\n\", \"body_form\": \"plain\", \"attempts\": [{\"key\": "
    "\"k7\", \"sent\": true}], \"verdict\": \"shed\", \"reason\": "
    "\"breaker\", \"effect\": null, \"effects\": null, \"new\": [1]}\n"
    "{\"type\": \"end\", \"dead_letters\": 1, \"complete\": true}\n";

static struct dead_letters *read_text(const char *bytes, size_t length)
{
    static const char *const headers[] = {"A: told"};
    struct errors errors = ERRORS_INIT;
    char name[] = "/tmp/squall-remaining-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
    struct dead_letters *dead_letters =
        dead_letters_read(name, headers, 1, false, &errors);
    unlink(name);
    errors_print(&errors, stderr);
    assert_non_null(dead_letters);
    return dead_letters;
}

static struct dead_letters *leave(const struct dead_letters *dead_letters,
                                  const struct remaining *remaining,
                                  struct str *out)
{
    str_reset(out);
    remaining_head(out, dead_letters);
    remaining_entry(out, remaining, 1234);
    remaining_end(out, dead_letters, 1);
    return read_text(out->text, out->length);
}

static void reads_back_with_what_is_known(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    struct dead_letters *first = read_text(text, strlen(text));
    struct remaining remaining = {
        .dead_letter = &first->items[0],
        .ending = {.started = true,
                   .verdict = VERDICT_AMBIGUOUS,
                   .reason = 0,
                   .attempts = 3},
        .after = VERDICT_AMBIGUOUS,
        .class = EFFECT_UNRESOLVED_DONE,
        .effects = 1,
    };
    struct dead_letters *second = leave(first, &remaining, &out);
    const struct dead_letter *dead_letter = &second->items[0];

    assert_int_equal(dead_letter->verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(dead_letter->attempts, 4);
    assert_true(dead_letter->one_key);
    assert_string_equal(dead_letter->body, first->items[0].body);
    assert_string_equal(dead_letter->key, "k7");
    assert_non_null(strstr(out.text, "\"effect\":\"unresolved_done\""));
    assert_non_null(strstr(out.text, "\"effects\":1"));
    assert_non_null(strstr(out.text, "\"new\":[1]"));
    assert_null(strstr(out.text, "told"));

    remaining.dead_letter = dead_letter;
    remaining.ending.attempts = 2;
    struct dead_letters *third = leave(second, &remaining, &out);
    assert_int_equal(third->items[0].attempts, 6);
    dead_letters_free(third);
    dead_letters_free(second);
    dead_letters_free(first);
    str_release(&out);
}

static void what_was_not_started_stays(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    struct dead_letters *first = read_text(text, strlen(text));
    struct remaining remaining = {
        .dead_letter = &first->items[0],
        .after = VERDICT_SHED,
        .class = EFFECT_CLASS_COUNT,
    };
    struct dead_letters *second = leave(first, &remaining, &out);

    assert_int_equal(second->items[0].verdict, VERDICT_SHED);
    assert_int_equal(second->items[0].attempts, 1);
    assert_null(strstr(out.text, "replays"));
    assert_non_null(strstr(out.text, "\"reason\":\"breaker\""));
    assert_non_null(strstr(out.text, "\"effect\":null"));
    dead_letters_free(second);
    dead_letters_free(first);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_with_what_is_known),
        cmocka_unit_test(what_was_not_started_stays),
    };
    return cmocka_run_group_tests_name("report/remaining", tests, NULL, NULL);
}
