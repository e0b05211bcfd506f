/*
 * Templates: every placeholder, what must repeat over attempts, what is
 * refused and where, and random templates against a text that was built side
 * by side.
 */
#include "load/template.h"

#include "base/must.h"
#include "base/rng.h"
#include "base/str.h"
#include "policy/key.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct template_subject subject = {
    .run = UINT64_C(0x1234567890),
    .operation = 17,
    .attempt = 2,
    .max_attempts = 3,
    .client = 5,
    .seed = 99,
    .key = "the-key",
    .key_length = 7,
};

static struct template compile(struct arena *arena, const char *text)
{
    struct template template;
    const char *problem = NULL;
    size_t at = 0;

    if (!template_compile(&template, arena, text, strlen(text), &problem,
                          &at)) {
        fail_msg("%s at %zu: %s", text, at, problem);
    }
    return template;
}

/* Fills into a fresh block of exactly the promised size, so that a sanitizer
 * sees the first byte too many. The caller frees. */
static char *fill(const struct template *template,
                  const struct template_subject *who)
{
    char *out = malloc(template->length_max + 1);

    assert_non_null(out);
    size_t length =
        template_fill(template, who, out, template->length_max + 1);
    assert_true(length <= template->length_max);
    assert_int_equal(out[length], '\0');
    return out;
}

static void check_text(const char *source, const char *expected)
{
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, source);
    char *out = fill(&template, &subject);

    assert_string_equal(out, expected);
    free(out);
    arena_release(&arena);
}

static void test_every_placeholder(void **state)
{
    (void)state;
    check_text("{{op.id}}", "1234567890-17");
    check_text("{{op.seq}}", "17");
    check_text("{{attempt}}", "2");
    check_text("{{retry}}", "1");
    check_text("{{retry_if_any}}", "1");
    check_text("{{max_attempts}}", "3");
    check_text("attempt={{attempt}}; max={{max_attempts}}",
               "attempt=2; max=3");
    check_text("{{key}}", "the-key");
    check_text("{{client}}", "5");
    check_text("{{rand:7:7}}", "7");
    check_text("{{rand:-3:-3}}", "-3");
    check_text("/orders/{{op.seq}}?a={{attempt}}&c={{client}}",
               "/orders/17?a=2&c=5");
    check_text("{{ key }}{{op.seq}}{{  attempt}}", "the-key172");

    char trace[TRACE_ID_LENGTH + 1], span[SPAN_ID_LENGTH + 1], line[100];
    key_trace_id(subject.run, subject.operation, trace);
    key_span_id(subject.run, subject.operation, subject.attempt, span);
    snprintf(line, sizeof(line), "00-%s-%s-01", trace, span);
    check_text("00-{{trace.id}}-{{span.id}}-01", line);
}

static void test_a_uuid_is_one_of_version_4(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, "{{uuid}}");
    char *out = fill(&template, &subject);

    assert_int_equal(strlen(out), 36);
    assert_int_equal(strspn(out, "0123456789abcdef-"), 36);
    assert_int_equal(out[14], '4');
    assert_non_null(strchr("89ab", out[19]));
    free(out);
    arena_release(&arena);
}

static void test_text_stays_as_it_is(void **state)
{
    (void)state;
    check_text("", "");
    check_text("plain", "plain");
    check_text("{", "{");
    check_text("}}", "}}");
    check_text("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}");
    check_text("{\"a\":{\"b\":{{op.seq}}}}", "{\"a\":{\"b\":17}}");
    check_text("{{{{", "{{");
    check_text("{{{{op.seq}}", "{{op.seq}}");
    check_text("{{{{{{op.seq}}", "{{17");
    check_text("a{{{{b{{{{c", "a{{b{{c");
    check_text("{{{{{{{{", "{{{{");
    check_text("{{{{{", "{{{");
}

static void test_bytes_may_be_nul(void **state)
{
    (void)state;
    static const char source[] = "a\0{{op.seq}}\0b";
    static const char expected[] = "a\0"
                                   "17\0b";
    struct arena arena = ARENA_INIT;
    struct template template;
    const char *problem;
    size_t at;
    char out[32];

    assert_true(template_compile(&template, &arena, source, sizeof(source) - 1,
                                 &problem, &at));
    size_t length = template_fill(&template, &subject, out, sizeof(out));
    assert_int_equal(length, sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected));
    arena_release(&arena);
}

static void test_a_missing_key_leaves_nothing(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, "<{{key}}>");
    struct template_subject keyless = subject;

    keyless.key = NULL;
    keyless.key_length = 0;
    char *out = fill(&template, &keyless);
    assert_string_equal(out, "<>");
    free(out);
    arena_release(&arena);
}

static void test_what_a_template_needs_is_listed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_constant, uses_key, uses_attempt;
    } cases[] = {
        {"", true, false, false},
        {"text {{{{ more", true, false, false},
        {"{{op.seq}}", false, false, false},
        {"{{uuid}}{{rand:1:2}}", false, false, false},
        {"{{key}}", false, true, false},
        {"{{attempt}}", false, false, true},
        {"{{retry}}", false, false, true},
        {"{{retry_if_any}}", false, false, true},
        {"{{max_attempts}}", false, false, false},
        {"{{key}}/{{attempt}}", false, true, true},
    };
    struct arena arena = ARENA_INIT;

    for (size_t i = 0; i < array_length(cases); i++) {
        struct template template = compile(&arena, cases[i].text);
        assert_int_equal(template.is_constant, cases[i].is_constant);
        assert_int_equal(template.uses_key, cases[i].uses_key);
        assert_int_equal(template.uses_attempt, cases[i].uses_attempt);
    }
    arena_release(&arena);
}

/* The offset is that of the {{ of the bad placeholder; the words name the
 * remedy. */
static void test_mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } cases[] = {
        {"{{", 0, "not closed"},
        {"{{op.id", 0, "not closed"},
        {"{{op.id}", 0, "not closed"},
        {"ab{{op.id}} {{key", 12, "not closed"},
        {"{{}}", 0, "{{op.id}}"},
        {"x{{nope}}", 1, "{{op.id}}"},
        {"{{{{{{op}}", 4, "{{op.seq}}"},
        {"{{OP.ID}}", 0, "{{op.id}}"},
        {"{{op.id }}{{ke y}}", 10, "{{key}}"},
        {"{{{op.id}}}", 0, "{{{{"},
        {"{{rand}}", 0, "{{rand:A:B}}"},
        {"{{rand:}}", 0, "{{rand:1:100}}"},
        {"{{rand:1}}", 0, "{{rand:1:100}}"},
        {"{{rand:1:}}", 0, "{{rand:1:100}}"},
        {"{{rand:A:B}}", 0, "{{rand:1:100}}"},
        {"{{rand:1:2:3}}", 0, "{{rand:1:100}}"},
        {"{{rand:1:2x}}", 0, "{{rand:1:100}}"},
        {"{{rand:-:2}}", 0, "{{rand:1:100}}"},
        {"{{rand:1.5:2}}", 0, "{{rand:1:100}}"},
        {"{{rand:9223372036854775808:9}}", 0, "{{rand:1:100}}"},
        {"{{rand:0:99999999999999999999}}", 0, "{{rand:1:100}}"},
        {"{{rand:-9223372036854775809:9}}", 0, "{{rand:1:100}}"},
        {"{{op.id}}{{rand:2:1}}", 9, "smaller"},
    };
    struct arena arena = ARENA_INIT;

    for (size_t i = 0; i < array_length(cases); i++) {
        struct template template;
        const char *problem = NULL;
        size_t at = 1000;
        if (template_compile(&template, &arena, cases[i].text,
                             strlen(cases[i].text), &problem, &at)) {
            fail_msg("accepted: %s", cases[i].text);
        }
        if (at != cases[i].at || !strstr(problem, cases[i].says)) {
            fail_msg("%s: %s at %zu", cases[i].text, problem, at);
        }
    }
    arena_release(&arena);
}

static const char *find_value(const char *name, size_t length)
{
    return length == 1 && *name == 'V'   ? "{{op.id}} \"\\\xc3\xa9#+"
           : length == 1 && *name == 'W' ? "plain"
                                         : NULL;
}

/* Nothing in a value is a placeholder, and what is shown is its name. */
static void test_values_are_sent_and_not_shown(void **state)
{
    static const struct {
        enum template_encoding encoding;
        const char *text, *sent, *shown;
        bool encodes;
    } cases[] = {
        {TEMPLATE_PLAIN, "a${env:V}{{op.seq}}", "a{{op.id}} \"\\\xc3\xa9#+17",
         "a${env:V}17", false},
        {TEMPLATE_JSON, "\"${env:V}\"", "\"{{op.id}} \\\"\\\\\xc3\xa9#+\"",
         "\"${env:V}\"", true},
        {TEMPLATE_URL, "/${env:V}", "/{{op.id}}%20\"\\%C3%A9%23+", "/${env:V}",
         true},
        {TEMPLATE_FORM, "a=${env:V}", "a=%7B%7Bop.id%7D%7D+%22%5C%C3%A9%23%2B",
         "a=${env:V}", true},
        {TEMPLATE_JSON, "${env:W}${env:W}", "plainplain", "${env:W}${env:W}",
         false},
        /* Braces of the text and of a value together are no placeholder
           either. */
        {TEMPLATE_PLAIN, "{${env:V}", "{{{op.id}} \"\\\xc3\xa9#+", "{${env:V}",
         false},
        {TEMPLATE_PLAIN, "$${env:W} {{{{", "${env:W} {{", "${env:W} {{",
         false},
    };
    struct arena arena = ARENA_INIT;
    (void)state;

    for (size_t i = 0; i < array_length(cases); i++) {
        const struct template_values values = {find_value, cases[i].encoding};
        struct template template;
        const char *problem;
        char shown[200];
        size_t at;
        assert_true(template_compile_with(&template, &arena, cases[i].text,
                                          strlen(cases[i].text), &values,
                                          &problem, &at));
        char *sent = fill(&template, &subject);
        assert_string_equal(sent, cases[i].sent);
        free(sent);
        assert_true(template.shown_max < sizeof(shown));
        template_show(&template, &subject, shown, sizeof(shown));
        assert_string_equal(shown, cases[i].shown);
        assert_int_equal(template.encodes_values, cases[i].encodes);
    }
    arena_release(&arena);
}

static void test_values_that_are_none(void **state)
{
    static const struct template_values values = {find_value, TEMPLATE_PLAIN};
    struct arena arena = ARENA_INIT;
    struct template template;
    const char *problem;
    size_t at;
    (void)state;

    assert_false(template_compile_with(&template, &arena, "a ${env:X}", 10,
                                       &values, &problem, &at));
    assert_int_equal(at, 2);
    assert_non_null(strstr(problem, "no such variable"));
    assert_false(template_compile_with(&template, &arena, "a ${env:X", 9,
                                       &values, &problem, &at));
    assert_non_null(strstr(problem, "closing brace"));
    /* Without values, and in a text that has no placeholders, it is plain
     * text. */
    assert_true(
        template_compile(&template, &arena, "a ${env:X}", 10, &problem, &at));
    template_compile_plain(&template, &arena, "{{op.idd}} ${env:X}", 19);
    char *text = fill(&template, &subject);
    assert_string_equal(text, "{{op.idd}} ${env:X}");
    free(text);
    arena_release(&arena);
}

static void test_attempts_repeat_the_request(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template template = compile(
        &arena, "{{op.id}} {{uuid}} {{rand:0:1000000000}} {{uuid}} {{key}}");
    struct template_subject retry = subject;
    struct template_subject other = subject;

    retry.attempt = 3;
    other.operation = 18;
    char *first = fill(&template, &subject);
    char *second = fill(&template, &retry);
    char *third = fill(&template, &other);
    assert_string_equal(first, second);
    assert_string_not_equal(first, third);
    free(first);
    free(second);
    free(third);
    arena_release(&arena);
}

static void test_retries_are_counted(void **state)
{
    (void)state;
    static const char *const expected[] = {"0 []", "1 [1]", "2 [2]"};
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, "{{retry}} [{{retry_if_any}}]");
    struct template_subject who = subject;

    for (unsigned i = 0; i < array_length(expected); i++) {
        who.attempt = i + 1;
        char *text = fill(&template, &who);
        assert_string_equal(text, expected[i]);
        free(text);
    }
    arena_release(&arena);
}

/* Two placeholders of one template, and the same placeholder in two templates
 * of one request, are different draws. */
static void test_placeholders_are_distinguished(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template pair = compile(&arena, "{{uuid}}{{uuid}}");
    struct template one = compile(&arena, "{{uuid}}");
    struct template numbers =
        compile(&arena, "{{rand:1000000000000:9999999999999}} "
                        "{{rand:1000000000000:9999999999999}}");
    char *text = fill(&pair, &subject);
    char *alone = fill(&one, &subject);
    char *drawn = fill(&numbers, &subject);

    assert_memory_not_equal(text, text + 36, 36);
    assert_memory_not_equal(text, alone, 36);
    assert_memory_not_equal(drawn, drawn + 14, 13);
    free(text);
    free(alone);
    free(drawn);
    arena_release(&arena);
}

/* A die thrown once an operation: chi-square with 5 degrees of freedom, 99.9 %
 * point 20.52; and the serial pairs with 35: 66.62. */
static void test_random_numbers_are_uniform(void **state)
{
    (void)state;
    enum { THROWS = 60000 };
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, "{{rand:1:6}}");
    struct template_subject who = subject;
    double seen[6] = {0};
    double pairs[6][6] = {{0}};
    double single = 0;
    double serial = 0;
    int before = 0;

    for (int i = 0; i < THROWS; i++) {
        char out[8];
        who.operation = (uint64_t)i;
        template_fill(&template, &who, out, sizeof(out));
        assert_int_equal(strlen(out), 1);
        int value = out[0] - '1';
        assert_in_range(value, 0, 5);
        seen[value]++;
        pairs[before][value]++;
        before = value;
    }
    for (int a = 0; a < 6; a++) {
        single += (seen[a] - THROWS / 6.0) * (seen[a] - THROWS / 6.0) /
                  (THROWS / 6.0);
        for (int b = 0; b < 6; b++) {
            double excess = pairs[a][b] - THROWS / 36.0;
            serial += excess * excess / (THROWS / 36.0);
        }
    }
    print_message("seed %" PRIu64 ": chi-square %.2f, pairs %.2f\n",
                  subject.seed, single, serial);
    assert_true(single < 20.52);
    assert_true(serial < 66.62);
    arena_release(&arena);
}

static void test_random_numbers_keep_their_bounds(void **state)
{
    (void)state;
    static const int64_t bounds[][2] = {
        {INT64_MIN, INT64_MAX},
        {INT64_MIN, INT64_MIN},
        {-1, 1},
        {INT64_MAX, INT64_MAX},
        {INT64_MIN, 0},
        {-100, -9},
        {0, INT64_MAX},
        {99, 100},
    };
    struct arena arena = ARENA_INIT;

    for (size_t i = 0; i < array_length(bounds); i++) {
        char source[80];
        snprintf(source, sizeof(source), "{{rand:%" PRId64 ":%" PRId64 "}}",
                 bounds[i][0], bounds[i][1]);
        struct template template = compile(&arena, source);
        struct template_subject who = subject;
        for (who.operation = 0; who.operation < 1000; who.operation++) {
            char *out = fill(&template, &who);
            char *end;
            int64_t value = strtoll(out, &end, 10);
            assert_int_equal(*end, '\0');
            assert_true(value >= bounds[i][0] && value <= bounds[i][1]);
            free(out);
        }
    }
    arena_release(&arena);
}

/* The bound is reached by the longest values, so it is not only safe but
 * tight: 31 + 20 + 10 + 10 + 256 + 36 + 20 + 20 for the placeholders. */
static void test_the_bound_is_tight(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template template =
        compile(&arena, "{{op.id}}{{op.seq}}{{attempt}}{{max_attempts}}{{key}}"
                        "{{uuid}}{{client}}"
                        "{{rand:-9223372036854775808:-9223372036854775808}}");
    char key[KEY_MAX];
    struct template_subject who = {
        .run = UINT64_MAX,
        .operation = UINT64_MAX,
        .attempt = UINT32_MAX,
        .max_attempts = UINT32_MAX,
        .client = UINT64_MAX,
        .key = key,
        .key_length = sizeof(key),
    };

    memset(key, 'k', sizeof(key));
    char *out = fill(&template, &who);
    assert_int_equal(template.length_max,
                     31 + 20 + 10 + 10 + 256 + 36 + 20 + 20);
    assert_int_equal(strlen(out), template.length_max);
    free(out);
    arena_release(&arena);
}

static void throw_failure(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
}

static void test_a_small_buffer_is_a_bug(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct template template = compile(&arena, "12345");
    char out[6];

    must_fail_hook = throw_failure;
    expect_assert_failure(template_fill(&template, &subject, out, 5));
    must_fail_hook = NULL;
    assert_int_equal(template_fill(&template, &subject, out, 6), 5);
    arena_release(&arena);
}

/* Appends one random piece to the source and what it must become to the
 * expected text. */
static void random_piece(struct rng *rng, const struct template_subject *who,
                         struct str *source, struct str *expected)
{
    switch (rng_below(rng, 7)) {
    case 0:
        str_append(source, "{{{{");
        str_append(expected, "{{");
        break;
    case 1:
        str_append(source, "{{op.id}}");
        str_printf(expected, "%010" PRIx64 "-%" PRIu64,
                   who->run & UINT64_C(0xffffffffff), who->operation);
        break;
    case 2:
        str_append(source, "{{op.seq}}");
        str_printf(expected, "%" PRIu64, who->operation);
        break;
    case 3:
        str_append(source, "{{attempt}}");
        str_printf(expected, "%u", who->attempt);
        break;
    case 4:
        str_append(source, "{{key}}");
        str_append_bytes(expected, who->key, who->key_length);
        break;
    case 5:
        str_append(source, "{{client}}");
        str_printf(expected, "%" PRIu64, who->client);
        break;
    default:
        /* No two braces in a row, nor one at an end, where it could meet
         * its neighbour's. */
        for (uint64_t i = rng_below(rng, 12); i > 0; i--) {
            char c = "ab\"}:\0,/"[rng_below(rng, 8)];
            str_append_char(source, c);
            str_append_char(expected, c);
        }
    }
}

static void test_random_templates_become_their_text(void **state)
{
    (void)state;
    const uint64_t seed = 4711;
    struct rng rng = rng_stream(seed, RNG_TEMPLATE, 0);
    struct str source = STR_INIT;
    struct str expected = STR_INIT;

    print_message("seed %" PRIu64 "\n", seed);
    for (int round = 0; round < 5000; round++) {
        struct arena arena = ARENA_INIT;
        struct template template;
        const char *problem;
        size_t at;
        const struct template_subject who = {
            .run = rng_next(&rng),
            .operation = rng_next(&rng) >> rng_below(&rng, 64),
            .attempt = (unsigned)(rng_next(&rng) >> 33),
            .client = rng_next(&rng) >> rng_below(&rng, 64),
            .key = "0123456789",
            .key_length = rng_below(&rng, 11),
        };
        str_reset(&source);
        str_reset(&expected);
        for (uint64_t i = rng_below(&rng, 10); i > 0; i--) {
            random_piece(&rng, &who, &source, &expected);
        }
        assert_true(template_compile(&template, &arena, source.text,
                                     source.length, &problem, &at));
        char *out = malloc(template.length_max + 1);
        assert_non_null(out);
        size_t length =
            template_fill(&template, &who, out, template.length_max + 1);
        assert_int_equal(length, expected.length);
        assert_memory_equal(out, expected.text, length + 1);
        free(out);
        arena_release(&arena);
    }
    str_release(&source);
    str_release(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_placeholder),
        cmocka_unit_test(test_a_uuid_is_one_of_version_4),
        cmocka_unit_test(test_text_stays_as_it_is),
        cmocka_unit_test(test_bytes_may_be_nul),
        cmocka_unit_test(test_a_missing_key_leaves_nothing),
        cmocka_unit_test(test_what_a_template_needs_is_listed),
        cmocka_unit_test(test_mistakes_are_refused_with_their_place),
        cmocka_unit_test(test_attempts_repeat_the_request),
        cmocka_unit_test(test_retries_are_counted),
        cmocka_unit_test(test_placeholders_are_distinguished),
        cmocka_unit_test(test_random_numbers_are_uniform),
        cmocka_unit_test(test_random_numbers_keep_their_bounds),
        cmocka_unit_test(test_the_bound_is_tight),
        cmocka_unit_test(test_values_are_sent_and_not_shown),
        cmocka_unit_test(test_values_that_are_none),
        cmocka_unit_test(test_a_small_buffer_is_a_bug),
        cmocka_unit_test(test_random_templates_become_their_text),
    };
    return cmocka_run_group_tests_name("load/template", tests, NULL, NULL);
}
