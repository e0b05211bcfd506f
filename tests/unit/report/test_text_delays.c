/* The waits for people: the table, the chart, the remarks; 80 columns; no
 * colour unless asked for. And the list of profiles. */
#include "../plan/reading.h"
#include "report/term.h"
#include "report/text_delays.h"
#include "report/text_list.h"

static const char example[] =
    "{\"name\": \"example\", \"retry\": {\"max_attempts\": 3,"
    " \"retry_on\": [\"5xx\"], \"backoff\": {\"type\": \"exponential\","
    " \"initial\": \"100ms\", \"jitter\": \"equal\"}}}";

/* Owned by the caller. */
static char *render(const char *profile, enum outcome_class class,
                    const char *draws_text, size_t retries,
                    const struct text_options *options)
{
    struct plan *plan = read_good(profile, NULL);
    struct delays_draws draws;
    struct delays delays;
    char *text = NULL;
    size_t length;

    assert_true(delays_read_draws(draws_text, &draws, &errors));
    delays_make(&delays, plan, class, &draws, retries);
    FILE *stream = open_memstream(&text, &length);
    text_delays_render(&delays, "a name", options, stream);
    fclose(stream);
    delays_release(&delays);
    plan_free(plan);
    return text;
}

static const struct text_options plain = {
    .color = false, .width = 80, .charset = TEXT_ASCII};

static void a_schedule_is_a_table_and_a_chart(void **state)
{
    (void)state;
    char *text = render(example, CLASS_TRANSIENT, "0,0.5,1", 3, &plain);
    assert_string_equal(
        text,
        "example: waits after a transient failure, for draws u of the jitter\n"
        "\n"
        "  retry       u=0     u=0.5       u=1\n"
        "      1   50.0 ms   75.0 ms    100 ms\n"
        "      2    100 ms    150 ms    200 ms\n"
        "  the profile gives up here\n"
        "      3    200 ms    300 ms    400 ms\n"
        "    sum    150 ms    225 ms    300 ms\n"
        "\n"
        "      1 |--------##########\n"
        "      2 |-----------------##################\n"
        "      3 |-----------------------------------"
        "###################################\n"
        "         0                                                         "
        "      400 ms\n"
        "\n"
        "  Transient is a failure that may pass by itself: a status such as "
        "503, a\n"
        "  connection that broke.\n"
        "  The profile gives up after 2 retries (max_attempts 3).\n"
        "  What a server asks for, such as by Retry-After, does not change "
        "these waits.\n"
        "  No retry budget limits these retries.\n");
    free(text);
}

static void what_never_retries_says_why(void **state)
{
    (void)state;
    char *text = render("{}", CLASS_THROTTLE, "0", 0, &plain);
    assert_string_equal(text, "a name never retries: an operation is one "
                              "attempt (max_attempts 1).\n");
    free(text);
}

static void assert_says(const char *profile, enum outcome_class class,
                        const char *sentence)
{
    char *text = render(profile, class, "0.5", 0, &plain);
    struct str line = STR_INIT;
    for (const char *c = text; *c; c++) { /* as if it were not wrapped */
        if (*c == '\n') {
            c += strspn(c, "\n ") - 1;
            str_append_char(&line, ' ');
        } else {
            str_append_char(&line, *c);
        }
    }
    if (!strstr(line.text, sentence)) {
        fail_msg("\"%s\" is not in: %s", sentence, line.text);
    }
    str_release(&line);
    free(text);
}

static void remarks_say_what_else_decides(void **state)
{
    (void)state;
    assert_says(example, CLASS_THROTTLE,
                "No rule of this profile retries an ending as throttle");
    assert_says("{\"retry\": {\"max_attempts\": 2, \"retry_on\": [\"429\"],"
                " \"server_hint\": {}}}",
                CLASS_THROTTLE,
                "Retry-After of an answer replaces these waits.");
    assert_says("{\"retry\": {\"max_attempts\": 2, \"retry_on\": [\"429\"],"
                " \"server_hint\": {\"apply\": \"clamp\","
                " \"clamp_add\": \"5s\", \"required\": true,"
                " \"status\": [429], \"headers\": [{\"name\": \"X-Ms\","
                " \"format\": \"ms\"}, {\"name\": \"Retry-After\","
                " \"format\": \"seconds\"}]}}}",
                CLASS_THROTTLE,
                "X-Ms or Retry-After of an answer replaces these waits, but "
                "makes them no shorter, and no more than 5.00 s longer, with "
                "some statuses. An answer without it is not retried.");
    assert_says("{\"retry\": {\"max_attempts\": 2, \"retry_on\": [\"5xx\"]},"
                " \"retry_budget\": {\"type\": \"token_bucket\","
                " \"capacity\": 5}, \"timeout\": {\"operation\": \"3s\"}}",
                CLASS_TRANSIENT,
                "The retry budget may deny each of these retries. With all "
                "waits and attempts an operation ends after 3.00 s.");
    assert_says("{\"retry\": {\"max_attempts\": 0, \"retry_on\": [\"5xx\"]},"
                " \"timeout\": {\"operation\": \"3s\"}}",
                CLASS_TRANSIENT,
                "The number of retries has no limit but the operation "
                "timeout.");
    assert_says("{\"retry\": {\"max_attempts\": 1, \"classify\": [{\"when\":"
                " {\"reused\": true}, \"as\": \"network\","
                " \"ignore_limit\": true, \"max_retries\": 1}]}}",
                CLASS_NETWORK,
                "The profile gives up after 0 retries (max_attempts 1). A "
                "rule for this class retries past that. A rule for this "
                "class allows no more than 1.");
}

static void assert_fits(const char *text, int width)
{
    struct str line = STR_INIT;
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n");
        str_reset(&line);
        str_append_bytes(&line, at, length);
        if (term_columns(line.text) > width) {
            fail_msg("%d columns: %s", term_columns(line.text), line.text);
        }
        at += length + (at[length] == '\n');
    }
    str_release(&line);
}

static void all_of_it_fits_the_width(void **state)
{
    static const struct text_options wide = {
        .color = false, .width = 80, .charset = TEXT_UNICODE};
    static const struct text_options narrow = {
        .color = false, .width = 60, .charset = TEXT_UNICODE};
    static const char draws[] =
        "0,0.1,0.2,0.3,0.33333333333333,0.4,0.5,0.6,0.7,0.8,0.9,1";
    (void)state;
    char *text = render(example, CLASS_TIMEOUT, draws, 70, &wide);
    assert_fits(text, 80);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "u=0.9")); /* in a second block */
    assert_non_null(strstr(text, "for ever"));
    free(text);
    text = render(example, CLASS_TIMEOUT, draws, 1, &narrow);
    assert_fits(text, 60);
    free(text);
}

static void colour_is_only_by_request(void **state)
{
    static const struct text_options coloured = {
        .color = true, .width = 80, .charset = TEXT_UNICODE};
    (void)state;
    char *text = render(example, CLASS_TRANSIENT, "0,1", 2, &coloured);
    assert_non_null(strstr(text, "\033[1mexample\033[0m"));
    assert_non_null(strstr(text, "█"));
    free(text);
}

static void assert_range(bool unicode, double low, double high,
                         const char *wanted)
{
    struct str out = STR_INIT;
    struct term term = {.out = &out, .unicode = unicode, .width = 80};
    term_range(&term, STYLE_GOOD, low, high, 8);
    assert_string_equal(out.text, wanted);
    assert_int_equal(term_columns(out.text), 8);
    str_release(&out);
}

static void a_range_shows_where_it_lies(void **state)
{
    (void)state;
    assert_range(true, 0, 1, "████████");
    assert_range(true, 0, 0, "┃       ");
    assert_range(true, 1, 1, "───────┃");
    assert_range(true, 0.5, 0.75, "────██  ");
    assert_range(true, 0.0625, 0.75, "▐█████  ");
    assert_range(true, 0, 0.0625, "▌       ");
    assert_range(true, 0.25, 0.265625, "──▏     ");
    assert_range(false, 0.25, 0.5, "--##    ");
    assert_range(false, 0.3, 0.3, "--|     ");
}

static void names_line_up(void **state)
{
    char names[][40] = {"clients/a-name-longer-than-most-others", "clients/b",
                        "others/c"};
    char paths[][3] = {"/a", "/b", "/c"};
    struct catalogue_entry entries[] = {
        {names[0], paths[0], NULL},
        {names[1], paths[1], cJSON_Parse("{\"about\": \"B \\u001b.\"}")},
        {names[2], paths[2],
         cJSON_Parse("{\"about\": \"A sentence that does not end before the "
                     "width does.\", \"version\": \"9\"}")},
    };
    struct catalogue catalogue = {.count = 3, .entries = entries};
    char *text = NULL;
    size_t length;
    (void)state;

    FILE *stream = open_memstream(&text, &length);
    text_list_render(&catalogue, true, &plain, stream);
    fclose(stream);
    assert_string_equal(text,
                        "clients/a-name-longer-than-most-others  "
                        "(cannot be read: squall profile check)\n"
                        "clients/b                               B \\x1b.\n"
                        "\n"
                        "others/c                                "
                        "A sentence that does not end before th..\n");
    free(text);
    stream = open_memstream(&text, &length);
    text_list_render(&catalogue, false, &plain, stream);
    fclose(stream);
    assert_non_null(strstr(text, "before the width does.\n"));
    assert_null(strstr(text, "\n\n"));
    free(text);
    catalogue.count = 1;
    catalogue.entries = &entries[2];
    stream = open_memstream(&text, &length);
    text_list_render_long(&catalogue, &plain, stream);
    fclose(stream);
    assert_string_equal(
        text, "others/c\n"
              "    A sentence that does not end before the width does.\n"
              "    version   9\n"
              "    file      /c\n");
    free(text);
    cJSON_Delete(entries[1].tree);
    cJSON_Delete(entries[2].tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_is_a_table_and_a_chart),
        cmocka_unit_test(what_never_retries_says_why),
        cmocka_unit_test(remarks_say_what_else_decides),
        cmocka_unit_test(all_of_it_fits_the_width),
        cmocka_unit_test(colour_is_only_by_request),
        cmocka_unit_test(a_range_shows_where_it_lies),
        cmocka_unit_test(names_line_up),
    };
    return cmocka_run_group_tests_name("report/text_delays", tests,
                                       enter_folder, leave_folder);
}
