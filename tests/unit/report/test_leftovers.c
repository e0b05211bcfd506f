/* What a replay leaves is a file of dead letters again: it reads back, with
 * what is known by then. */
#include "report/leftovers.h"

#include "measure/replayed.h"

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
    "{\"type\": \"letter\", \"op\": \"33445566aa-7\", \"key\": \"k7\", "
    "\"request\": \"order\", \"method\": \"POST\", \"url\": "
    "\"http://h:1/o\", \"url_form\": \"plain\", \"headers\": [{\"name\": "
    "\"A\", \"value\": \"***\", \"form\": \"masked\"}], \"body\": "
    "\"\\u00e4\\n\", \"body_form\": \"plain\", \"attempts\": [{\"key\": "
    "\"k7\", \"sent\": true}], \"verdict\": \"shed\", \"reason\": "
    "\"breaker\", \"effect\": null, \"effects\": null, \"new\": [1]}\n"
    "{\"type\": \"end\", \"letters\": 1, \"complete\": true}\n";

static struct letters *read_text(const char *bytes, size_t length)
{
    static const char *const headers[] = {"A: told"};
    struct errors errors = ERRORS_INIT;
    char name[] = "/tmp/squall-leftovers-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
    struct letters *letters = letters_read(name, headers, 1, false, &errors);
    unlink(name);
    errors_print(&errors, stderr);
    assert_non_null(letters);
    return letters;
}

static struct letters *leave(const struct letters *letters,
                             const struct leftover *leftover, struct str *out)
{
    str_reset(out);
    leftovers_head(out, letters);
    leftovers_letter(out, leftover, 1234);
    leftovers_end(out, letters, 1);
    return read_text(out->text, out->length);
}

static void reads_back_with_what_is_known(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    struct letters *first = read_text(text, strlen(text));
    struct leftover leftover = {
        .letter = &first->items[0],
        .ending = {.started = true, .verdict = VERDICT_AMBIGUOUS,
                   .reason = 0, .attempts = 3},
        .after = VERDICT_AMBIGUOUS,
        .class = EFFECT_UNRESOLVED_DONE,
        .effects = 1,
    };
    struct letters *second = leave(first, &leftover, &out);
    const struct letter *letter = &second->items[0];

    assert_int_equal(letter->verdict, VERDICT_AMBIGUOUS);
    assert_int_equal(letter->attempts, 4);
    assert_true(letter->one_key);
    assert_string_equal(letter->body, first->items[0].body);
    assert_string_equal(letter->key, "k7");
    assert_non_null(strstr(out.text, "\"effect\":\"unresolved_done\""));
    assert_non_null(strstr(out.text, "\"effects\":1"));
    assert_non_null(strstr(out.text, "\"new\":[1]"));
    assert_null(strstr(out.text, "told"));

    leftover.letter = letter;
    leftover.ending.attempts = 2;
    struct letters *third = leave(second, &leftover, &out);
    assert_int_equal(third->items[0].attempts, 6);
    letters_free(third);
    letters_free(second);
    letters_free(first);
    str_release(&out);
}

static void what_was_not_started_stays(void **state)
{
    (void)state;
    struct str out = STR_INIT;
    struct letters *first = read_text(text, strlen(text));
    struct leftover leftover = {
        .letter = &first->items[0],
        .after = VERDICT_SHED,
        .class = EFFECT_CLASS_COUNT,
    };
    struct letters *second = leave(first, &leftover, &out);

    assert_int_equal(second->items[0].verdict, VERDICT_SHED);
    assert_int_equal(second->items[0].attempts, 1);
    assert_null(strstr(out.text, "replays"));
    assert_non_null(strstr(out.text, "\"reason\":\"breaker\""));
    assert_non_null(strstr(out.text, "\"effect\":null"));
    letters_free(second);
    letters_free(first);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_with_what_is_known),
        cmocka_unit_test(what_was_not_started_stays),
    };
    return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
