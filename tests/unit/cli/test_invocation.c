#include "base/must.h"
#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_MAX = 24 };

/* One command line, parsed. */
struct parsed {
    const char *argv[WORDS_MAX];
    int argc;
    bool good;
    struct errors errors;
    struct invocation invocation;
};

/* The words after "squall COMMAND", ended by NULL. */
static void parse(struct parsed *parsed, const char *command, ...)
{
    memset(parsed, 0, sizeof(*parsed));
    parsed->argv[parsed->argc++] = "squall";
    parsed->argv[parsed->argc++] = command;
    va_list words;
    va_start(words, command);
    const char *word;
    while ((word = va_arg(words, const char *))) {
        assert_true(parsed->argc < WORDS_MAX);
        parsed->argv[parsed->argc++] = word;
    }
    va_end(words);
    parsed->good = invocation_parse(&parsed->invocation,
                                    command_find(command), parsed->argc,
                                    parsed->argv, 2, &parsed->errors);
}

static void test_every_way_to_write_an_argument(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "-c64", "-c", "65", "--connections=66",
          "--connections", "67", "--connections=", NULL);
    assert_true(p.good);
    const struct plan_input *input = &p.invocation.input;
    assert_int_equal(input->set_count, 5);
    assert_string_equal(input->sets[0], "load.connections=64");
    assert_string_equal(input->sets[1], "load.connections=65");
    assert_string_equal(input->sets[2], "load.connections=66");
    assert_string_equal(input->sets[3], "load.connections=67");
    assert_string_equal(input->sets[4], "load.connections=");
    invocation_release(&p.invocation);
}

static void test_keys_and_sets_keep_their_order(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "--set", "load.rate=1/s", "-r", "2/s", "--set",
          "load.rate=3/s", "-k", NULL);
    assert_true(p.good);
    const struct plan_input *input = &p.invocation.input;
    assert_int_equal(input->set_count, 4);
    assert_string_equal(input->sets[0], "load.rate=1/s");
    assert_string_equal(input->sets[1], "load.rate=2/s");
    assert_string_equal(input->sets[2], "load.rate=3/s");
    assert_string_equal(input->sets[3], "target.tls.insecure=true");
    invocation_release(&p.invocation);
}

static void test_an_item_is_added_by_every_use(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "--resolve", "a:1:127.0.0.1", "-c1", "--resolve",
          "b:1:127.0.0.1", NULL);
    assert_true(p.good);
    const struct plan_input *input = &p.invocation.input;
    assert_string_equal(input->sets[0], "target.resolve[0]=a:1:127.0.0.1");
    assert_string_equal(input->sets[2], "target.resolve[1]=b:1:127.0.0.1");
    invocation_release(&p.invocation);
}

static void test_url_may_stand_anywhere(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "http://a/", "-n", "5", NULL);
    assert_string_equal(p.invocation.input.url, "http://a/");
    invocation_release(&p.invocation);
    parse(&p, "run", "-n", "5", "http://a/", "-q", NULL);
    assert_string_equal(p.invocation.input.url, "http://a/");
    assert_true(p.invocation.quiet);
    invocation_release(&p.invocation);
    parse(&p, "run", "-q", "--", "--help", NULL);
    assert_string_equal(p.invocation.input.url, "--help");
    assert_false(p.invocation.help);
    invocation_release(&p.invocation);
    parse(&p, "run", "http://a/", "http://b/", NULL);
    assert_false(p.good);
    assert_non_null(strstr(p.errors.list[0].text, "http://b/"));
    invocation_release(&p.invocation);
    parse(&p, "target", "http://a/", NULL);
    assert_false(p.good);
    invocation_release(&p.invocation);
}

static void test_lists_and_fields_are_filled(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "-p", "a", "-pb", "-H", "X: 1", "--header=Y: 2",
          "--slo", "p99 < 1ms", "-X", "PUT", "-b", "@file", "-qo", "-",
          "--seed", "18446744073709551615", "--run-id", "fF", "--json",
          NULL);
    assert_true(p.good);
    const struct invocation *i = &p.invocation;
    assert_int_equal(i->input.profile_count, 2);
    assert_string_equal(i->input.profiles[1], "b");
    assert_int_equal(i->input.header_count, 2);
    assert_string_equal(i->input.headers[1], "Y: 2");
    assert_int_equal(i->input.slo_count, 1);
    assert_string_equal(i->input.slos[0], "p99 < 1ms");
    assert_string_equal(i->input.method, "PUT");
    assert_string_equal(i->input.body, "@file");
    assert_string_equal(i->output, "-");
    assert_true(i->quiet && i->json && !i->input.allow_exec);
    assert_true(i->input.has_seed && i->input.seed == UINT64_MAX);
    assert_true(i->has_run_id && i->input.run == 255);
    assert_int_equal(i->input.set_count, 0);
    invocation_release(&p.invocation);
}

static void test_words_of_a_command_are_kept_in_order(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "profile", "delays", "a", "--class=timeout", "--u", "0,1",
          "--retries", "7", "--set", "a=b", NULL);
    assert_true(p.good);
    assert_string_equal(p.invocation.class, "timeout");
    assert_string_equal(p.invocation.draws, "0,1");
    assert_int_equal(p.invocation.retries, 7);
    assert_int_equal(p.invocation.input.set_count, 1);
    invocation_release(&p.invocation);
    parse(&p, "profile", "delays", "--class", "tiemout", NULL);
    assert_false(p.good);
    assert_string_equal(p.errors.list[0].hint, "did you mean timeout?");
    assert_null(p.invocation.class);
    assert_true(p.invocation.retries == UINT64_MAX);
    invocation_release(&p.invocation);
    parse(&p, "profile", "check", "a", "--allow-exec", "b", NULL);
    assert_true(p.good);
    assert_int_equal(p.invocation.words.count, 3);
    assert_string_equal(p.invocation.words.items[0], "check");
    assert_string_equal(p.invocation.words.items[2], "b");
    assert_null(p.invocation.input.url);
    invocation_release(&p.invocation);
}

/* Each of these has exactly one error, with this text and this hint. */
static void test_what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *words[2];
        const char *text;
        const char *hint;
    } wrong[] = {
        {"run", {"--conections", NULL}, "no option --conections",
         "--connections?"},
        {"run", {"--port=1", NULL}, "no option --port", "squall target"},
        {"run", {"--zzzzzzzz", NULL}, "no option --zzzzzzzz", "--help"},
        {"run", {"-Z", NULL}, "no option -Z", "--help"},
        {"run", {"--quiet=yes", NULL}, "takes no argument", ""},
        {"run", {"--rate", NULL}, "--rate needs an argument", ""},
        {"run", {"-qr", NULL}, "-r needs an argument", ""},
        {"run", {"--seed", "-1"}, "whole number", ""},
        {"run", {"--seed", "18446744073709551616"}, "whole number", ""},
        {"run", {"--seed="}, "whole number", ""},
        {"run", {"--run-id", "xyz"}, "hexadecimal", ""},
        {"run", {"--color", "blue"}, "auto, always or never", ""},
        {"target", {"--port", "65536"}, "65535", ""},
        {"target", {"--port", " 80"}, "65535", ""},
    };
    for (size_t i = 0; i < array_length(wrong); i++) {
        struct parsed p;
        parse(&p, wrong[i].command, wrong[i].words[0], wrong[i].words[1],
              NULL);
        assert_false(p.good);
        assert_int_equal(p.errors.count, 1);
        assert_int_equal(errors_exit_status(&p.errors), 2);
        assert_non_null(strstr(p.errors.list[0].text, wrong[i].text));
        assert_non_null(strstr(p.errors.list[0].hint, wrong[i].hint));
        invocation_release(&p.invocation);
    }
}

static void test_all_errors_are_gathered(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "--what", "--seed", "x", "-r", "5/s", "a", "b", NULL);
    assert_false(p.good);
    assert_int_equal(p.errors.count, 3);
    assert_int_equal(p.invocation.input.set_count, 1);
    invocation_release(&p.invocation);
}

static void test_color_follows_option_then_environment(void **state)
{
    (void)state;
    struct parsed p;
    FILE *file = tmpfile();
    assert_non_null(file);
    setenv("NO_COLOR", "1", 1);
    parse(&p, "run", "--color", "always", NULL);
    assert_true(invocation_color(&p.invocation, file));
    invocation_release(&p.invocation);
    parse(&p, "run", NULL);
    assert_false(invocation_color(&p.invocation, file));
    unsetenv("NO_COLOR");
    assert_false(invocation_color(&p.invocation, file));
    invocation_release(&p.invocation);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_to_write_an_argument),
        cmocka_unit_test(test_keys_and_sets_keep_their_order),
        cmocka_unit_test(test_an_item_is_added_by_every_use),
        cmocka_unit_test(test_url_may_stand_anywhere),
        cmocka_unit_test(test_lists_and_fields_are_filled),
        cmocka_unit_test(test_words_of_a_command_are_kept_in_order),
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_all_errors_are_gathered),
        cmocka_unit_test(test_color_follows_option_then_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
