#include "base/must.h"
#include "cli/invocation.h"

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
    parsed->good =
        invocation_parse(&parsed->invocation, command_find(command),
                         parsed->argc, parsed->argv, 2, &parsed->errors);
}

static void test_every_way_to_write_an_argument(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "run", "-c64", "-c", "65", "--connections=66", "--connections",
          "67", "--connections=", NULL);
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
    assert_string_equal(input->sets[0], "target.resolve[+]=a:1:127.0.0.1");
    assert_string_equal(input->sets[2], "target.resolve[+]=b:1:127.0.0.1");
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
    parse(&p, "run", "-p", "a", "-pb", "-H", "X: 1", "--header=Y: 2", "--slo",
          "p99 < 1ms", "-X", "PUT", "-b", "@file", "-qo", "-", "--seed",
          "18446744073709551615", "--run-id", "fF", "--json", NULL);
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
    assert_string_equal(i->outputs[WRITER_json], "-");
    assert_true(i->quiet && i->json && !i->input.allow_exec);
    assert_true(i->input.has_seed && i->input.seed == UINT64_MAX);
    assert_true(i->has_run_id && i->input.run == 255);
    assert_int_equal(i->input.set_count, 0);
    invocation_release(&p.invocation);
}

/* How an item of the sets was typed. */
static const char *typed(const struct parsed *p, size_t index)
{
    const struct plan_input *input = &p->invocation.input;
    for (size_t i = 0; i < input->typed_count; i++) {
        if (input->typed[i].set == input->sets[index]) {
            return input->typed[i].typed;
        }
    }
    return NULL;
}

static void test_bare_numbers_have_the_natural_unit(void **state)
{
    static const char *const sets[] = {
        "load.duration=3s", "timeout.attempt=0.5s", "load.rate=100/s",
        "load.rate=50/s",   "load.connections=7",   "load.think=1.5ms",
        "load.warmup=2s",   "load.drain=1",
    };
    struct parsed p;
    (void)state;
    parse(&p, "run", "-d", "3", "--timeout=.5", "-r100", "--rate", "50/1s",
          "-c", "7", "--think", "1.5ms", "--warmup", "2", "--set",
          "load.drain=1", NULL);
    assert_true(p.good);
    assert_int_equal(p.invocation.input.set_count, array_length(sets));
    for (size_t i = 0; i < array_length(sets); i++) {
        assert_string_equal(p.invocation.input.sets[i], sets[i]);
    }
    /* Errors name what was typed. */
    assert_string_equal(typed(&p, 0), "-d 3");
    assert_string_equal(typed(&p, 1), "--timeout .5");
    assert_string_equal(typed(&p, 2), "-r 100");
    assert_null(typed(&p, 7));
    invocation_release(&p.invocation);
}

static void test_a_host_is_a_url(void **state)
{
    static const struct {
        const char *word, *url;
    } rows[] = {
        {"localhost", "http://localhost"},
        {"localhost:80/a?b", "http://localhost:80/a?b"},
        {"example.com", "http://example.com"},
        {"example.com/a", "http://example.com/a"},
        {"api:8080", "http://api:8080"},
        {"10.0.0.1:8080", "http://10.0.0.1:8080"},
        {"[::1]:8080/x", "http://[::1]:8080/x"},
        {":8080/x", "http://localhost:8080/x"},
        {"https://a.b/", "https://a.b/"},
        /* These are not hosts, and refused later. */
        {"audit", "audit"},
        {"a/b", "a/b"},
        {"/a", "/a"},
        {"a:b", "a:b"},
        {".x", ".x"},
    };
    struct parsed p;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        parse(&p, "run", rows[i].word, NULL);
        assert_true(p.good);
        assert_string_equal(p.invocation.input.url, rows[i].url);
        invocation_release(&p.invocation);
        parse(&p, "run", "--url", rows[i].word, NULL);
        assert_string_equal(p.invocation.input.url, rows[i].url);
        invocation_release(&p.invocation);
    }
    parse(&p, "run", "test.js", NULL);
    assert_false(p.good);
    assert_non_null(strstr(p.errors.list[0].text, "file"));
    invocation_release(&p.invocation);
}

static void test_synonyms_are_taken(void **state)
{
    struct parsed p;
    (void)state;
    parse(&p, "run", "--requests", "5", "--concurrency=6", "-R7", "--data",
          "x=1", "-I", "--request", "PUT", "-rate=9", "--max-time", "2", NULL);
    assert_true(p.good);
    const struct plan_input *input = &p.invocation.input;
    assert_string_equal(input->sets[0], "load.operations=5");
    assert_string_equal(input->sets[1], "load.connections=6");
    assert_string_equal(input->sets[2], "load.rate=7/s");
    assert_string_equal(input->sets[3], "load.rate=9/s");
    assert_string_equal(input->sets[4], "timeout.attempt=2s");
    assert_string_equal(input->body, "x=1");
    assert_string_equal(input->body_typed, "--data");
    assert_string_equal(input->method, "PUT");
    assert_string_equal(input->method_typed, "--request");
    assert_string_equal(typed(&p, 0), "--requests 5");
    invocation_release(&p.invocation);
    /* Where the option is not, neither is its synonym. */
    parse(&p, "target", "--requests", "5", NULL);
    assert_false(p.good);
    invocation_release(&p.invocation);
}

static void expect_one_error(struct parsed *p, const char *words)
{
    assert_false(p->good);
    assert_int_equal(p->errors.count, 1);
    assert_non_null(strstr(p->errors.list[0].hint, words));
    invocation_release(&p->invocation);
}

static void test_what_means_something_else_is_refused(void **state)
{
    struct parsed p;
    (void)state;
    parse(&p, "run", "-z", "10s", "http://a/", NULL);
    expect_one_error(&p, "-d here");
    parse(&p, "run", "-d", "{}", "http://a/", NULL);
    expect_one_error(&p, "-b here");
    parse(&p, "run", "-t", "20s", NULL);
    expect_one_error(&p, "--timeout here");
    parse(&p, "run", "-q", "50", "http://a/", NULL);
    expect_one_error(&p, "-r here");
    parse(&p, "run", "--latency", "http://a/", NULL);
    expect_one_error(&p, "distribution");
    parse(&p, "run", "--nothing", "5", "http://a/", NULL);
    expect_one_error(&p, "--help");
    parse(&p, "run", "--operation=5", "http://a/", NULL);
    expect_one_error(&p, "--operations");
}

static void test_shorthands_stand_for_keys(void **state)
{
    struct parsed p;
    (void)state;
    parse(&p, "run", "--retries", "3", "--backoff", "exponential", "--jitter",
          "full", "--fault", "lost_response:10%", "--fault",
          "delay:5%:delay=1ms", NULL);
    assert_true(p.good);
    const struct plan_input *input = &p.invocation.input;
    assert_string_equal(input->sets[0], "retry.max_attempts=4");
    assert_string_equal(input->sets[1], "retry.backoff.type=exponential");
    assert_string_equal(input->sets[2], "retry.backoff.jitter=full");
    assert_string_equal(
        input->sets[3],
        "faults[+]={\"kind\":\"lost_response\",\"ratio\":\"10%\"}");
    assert_string_equal(input->sets[4],
                        "faults[+]={\"kind\":\"delay\",\"ratio\":\"5%\","
                        "\"delay\":\"1ms\"}");
    assert_string_equal(typed(&p, 0), "--retries 3");
    assert_string_equal(input->fallbacks[0], "retry.backoff.initial=100ms");
    assert_true(input->fallback_count >= 4);
    invocation_release(&p.invocation);
    parse(&p, "run", "--retries", "-1", NULL);
    assert_false(p.good);
    assert_non_null(strstr(p.errors.list[0].text, "--retries: \"-1\""));
    invocation_release(&p.invocation);
    parse(&p, "run", "--fault", "lost_response::", NULL);
    assert_false(p.good);
    invocation_release(&p.invocation);
    parse(&p, "run", "--backoff", "none", NULL);
    assert_string_equal(p.invocation.input.fallbacks[0],
                        "retry.max_attempts=4");
    invocation_release(&p.invocation);
}

/* "--json" prints the report as JSON; before a body it is curl's. */
static void test_json_is_printed_or_sent(void **state)
{
    static const char *const urls[] = {"http://a/", "[::1]:8080", "-q"};
    static const char *const bodies[] = {"{\"a\":1}", "[1,2]", "[]", "@f",
                                         "\"x\""};
    struct parsed p;
    (void)state;
    for (size_t i = 0; i < array_length(urls); i++) {
        parse(&p, "run", "--json", urls[i], NULL);
        assert_true(p.good && p.invocation.json);
        assert_null(p.invocation.input.body);
        assert_int_equal(p.invocation.input.header_count, 0);
        invocation_release(&p.invocation);
    }
    for (size_t i = 0; i < array_length(bodies); i++) {
        parse(&p, "run", "--json", bodies[i], "-H", "accept: a/b", NULL);
        assert_true(p.good && !p.invocation.json);
        assert_string_equal(p.invocation.input.body, bodies[i]);
        assert_int_equal(p.invocation.input.header_count, 2);
        assert_string_equal(p.invocation.input.headers[1],
                            "Content-Type: application/json");
        invocation_release(&p.invocation);
    }
    parse(&p, "run", "--json={}", "--json", NULL);
    assert_true(p.good && p.invocation.json);
    assert_int_equal(p.invocation.input.header_count, 2);
    invocation_release(&p.invocation);
    parse(&p, "run", "--json=text", NULL);
    assert_false(p.good);
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
        {"run",
         {"--conections", NULL},
         "no option --conections",
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

static void test_all_errors_are_collected(void **state)
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
        cmocka_unit_test(test_bare_numbers_have_the_natural_unit),
        cmocka_unit_test(test_a_host_is_a_url),
        cmocka_unit_test(test_synonyms_are_taken),
        cmocka_unit_test(test_what_means_something_else_is_refused),
        cmocka_unit_test(test_shorthands_stand_for_keys),
        cmocka_unit_test(test_json_is_printed_or_sent),
        cmocka_unit_test(test_words_of_a_command_are_kept_in_order),
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_all_errors_are_collected),
        cmocka_unit_test(test_color_follows_option_then_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
