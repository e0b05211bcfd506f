/* The waits before retries: published figures of real clients for draws of 0,
 * a half and 1; what is asked wrongly; what has no waits; and the document. */
#include "plan/delays.h"
#include "plan/library.h"
#include "reading.h"

#include <limits.h>
#include <math.h>

enum { VECTOR_RETRIES = 5 };

/* A backoff as its client has it, and what it comes to in milliseconds, for a
 * u of 0, 0.5 and 1 in each retry. The profile is the one that is shipped as
 * clients/NAME; its file is held to the same figures. */
struct vector {
    const char *profile;
    const char *retry; /* members of "retry" */
    const char *class;
    size_t retries;
    double within_ms;
    double expected[VECTOR_RETRIES][3];
};

static const double exactly = 1e-6; /* a nanosecond */

static const struct vector vectors[] = {
    {"aws-standard-2026",
     "'backoff': {'type': 'exponential', 'initial': '50ms', 'multiplier': 2,"
     " 'max': '20s', 'cap': 'base', 'jitter': 'full',"
     " 'by_class': {'throttle': {'initial': '1s'}}}",
     "transient",
     4,
     exactly,
     {{0, 25, 50}, {0, 50, 100}, {0, 100, 200}, {0, 200, 400}}},
    {"aws-standard-2026",
     "'backoff': {'type': 'exponential', 'initial': '50ms', 'multiplier': 2,"
     " 'max': '20s', 'cap': 'base', 'jitter': 'full',"
     " 'by_class': {'throttle': {'initial': '1s'}}}",
     "throttle",
     3,
     exactly,
     {{0, 500, 1000}, {0, 1000, 2000}, {0, 2000, 4000}}},
    {"botocore-standard-pre2026",
     "'backoff': {'type': 'exponential', 'initial': '1s', 'multiplier': 2,"
     " 'max': '20s', 'cap': 'base', 'jitter': 'full'}",
     "transient",
     4,
     exactly,
     {{0, 500, 1000}, {0, 1000, 2000}, {0, 2000, 4000}, {0, 4000, 8000}}},
    {"aws-go-v2-pre2026",
     "'backoff': {'type': 'exponential', 'initial': '1s', 'multiplier': 2,"
     " 'exponent_offset': 1, 'max': '20s',"
     " 'jitter': {'mult': [0, 1], 'at_cap': false}}",
     "transient",
     5,
     exactly,
     {{0, 1000, 2000},
      {0, 2000, 4000},
      {0, 4000, 8000},
      {0, 8000, 16000},
      {20000, 20000, 20000}}},
    {"java-v2-legacy",
     "'backoff': {'type': 'exponential', 'initial': '100ms', 'multiplier': 2,"
     " 'max': '20s', 'jitter': 'full', 'by_class': {'throttle':"
     " {'initial': '500ms', 'jitter': 'equal'}}}",
     "throttle",
     3,
     exactly,
     {{250, 375, 500}, {500, 750, 1000}, {1000, 1500, 2000}}},
    {"envoy-5xx",
     "'backoff': {'type': 'exponential', 'initial': '25ms', 'multiplier': 2,"
     " 'max': '250ms', 'cap': 'base', 'jitter': 'full'}",
     "transient",
     5,
     exactly,
     {{0, 12.5, 25}, {0, 25, 50}, {0, 50, 100}, {0, 100, 200}, {0, 125, 250}}},
    {"grpc-example",
     "'backoff': {'type': 'exponential', 'initial': '100ms', 'multiplier': 2,"
     " 'max': '1s', 'cap': 'base', 'jitter': {'mult': [0.8, 1.2]}}",
     "transient",
     5,
     exactly,
     {{80, 100, 120},
      {160, 200, 240},
      {320, 400, 480},
      {640, 800, 960},
      {800, 1000, 1200}}},
    {"linkerd-annotation",
     "'backoff': {'type': 'exponential', 'initial': '25ms', 'multiplier': 2,"
     " 'max': '250ms', 'cap': 'both', 'jitter': {'mult': [1, 2]}}",
     "transient",
     4,
     exactly,
     {{25, 37.5, 50}, {50, 75, 100}, {100, 150, 200}, {200, 250, 250}}},
    {"stripe-node",
     "'backoff': {'type': 'exponential', 'initial': '250ms', 'multiplier': 2,"
     " 'max': '5s', 'floor': '500ms', 'jitter': 'equal'}",
     "transient",
     4,
     exactly,
     {{500, 500, 500}, {500, 500, 500}, {500, 750, 1000}, {1000, 1500, 2000}}},
    {"stripe-python",
     "'backoff': {'type': 'exponential', 'initial': '500ms', 'multiplier': 2,"
     " 'max': '5s', 'floor': '500ms', 'jitter': 'equal'}",
     "transient",
     4,
     exactly,
     {{500, 500, 500},
      {500, 750, 1000},
      {1000, 1500, 2000},
      {2000, 3000, 4000}}},
    {"stripe-go",
     "'backoff': {'type': 'quadratic', 'initial': '500ms',"
     " 'increment': '500ms', 'max': '5s', 'floor': '500ms',"
     " 'jitter': {'mult': [0.75, 1]}}",
     "transient",
     4,
     exactly,
     {{500, 500, 500},
      {750, 875, 1000},
      {1875, 2187.5, 2500},
      {3750, 4375, 5000}}},
    {"azure-net",
     "'backoff': {'type': 'exponential', 'initial': '800ms', 'multiplier': 2,"
     " 'max': '60s', 'cap': 'final', 'jitter': {'mult': [0.8, 1.2]}}",
     "transient",
     4,
     exactly,
     {{640, 800, 960},
      {1280, 1600, 1920},
      {2560, 3200, 3840},
      {5120, 6400, 7680}}},
    {"azure-go",
     "'backoff': {'type': 'exponential_minus_one', 'initial': '800ms',"
     " 'multiplier': 2, 'max': '60s', 'cap': 'final',"
     " 'jitter': {'mult': [0.8, 1.3]}}",
     "transient",
     4,
     exactly,
     {{640, 840, 1040},
      {1920, 2520, 3120},
      {4480, 5880, 7280},
      {9600, 12600, 15600}}},
    {"azure-python",
     "'backoff': {'type': 'exponential', 'initial': '800ms', 'multiplier': 2,"
     " 'max': '120s', 'immediate_retries': 1}",
     "transient",
     4,
     exactly,
     {{0, 0, 0}, {1600, 1600, 1600}, {3200, 3200, 3200}, {6400, 6400, 6400}}},
    {"dotnet-standard-handler",
     "'backoff': {'type': 'decorrelated_v2', 'initial': '2s'}",
     "transient",
     4,
     0.5, /* published in whole milliseconds */
     {{0, 1795, 2754},
      {2754, 2186, 2920},
      {2920, 4071, 5732},
      {5732, 8092, 11436}}},
};

/* JSON with single quotes for its strings. */
static struct plan *read_quoted(const char *text)
{
    struct str json = STR_INIT;
    str_append(&json, text);
    for (char *c = json.text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    struct plan *plan = read_good(json.text, NULL);
    str_release(&json);
    return plan;
}

static struct plan *read_retry(const char *members)
{
    struct str text = STR_INIT;
    str_printf(&text,
               "{'name': 'a client', 'retry': {'max_attempts': 3, "
               "'retry_on': ['5xx', '429'], %s}}",
               members);
    struct plan *plan = read_quoted(text.text);
    str_release(&text);
    return plan;
}

static struct delays_draws draws_of(const char *text)
{
    struct delays_draws draws;
    errors = (struct errors)ERRORS_INIT;
    assert_true(delays_read_draws(text, &draws, &errors));
    assert_int_equal(errors.count, 0);
    return draws;
}

static void assert_vector(const struct vector *vector, const struct plan *plan)
{
    struct delays_draws draws = draws_of("0,0.5,1");
    struct delays delays;
    enum outcome_class class;

    assert_true(delays_find_class(vector->class, &class, &errors));
    delays_make(&delays, plan, class, &draws, vector->retries);
    assert_int_equal(delays.retries, vector->retries);
    for (size_t i = 0; i < vector->retries; i++) {
        for (size_t draw = 0; draw < 3; draw++) {
            double ms = (double)delays_wait(&delays, draw, i).ns / 1e6;
            if (fabs(ms - vector->expected[i][draw]) > vector->within_ms) {
                fail_msg("%s, %s, retry %zu, u %s: %.6f ms, published %g ms",
                         vector->profile, vector->class, i + 1,
                         draws.items[draw].written, ms,
                         vector->expected[i][draw]);
            }
        }
    }
    delays_release(&delays);
}

static void published_figures_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(vectors); i++) {
        struct plan *plan = read_retry(vectors[i].retry);
        assert_vector(&vectors[i], plan);
        plan_free(plan);
    }
}

static struct plan *read_shipped(const char *client)
{
    struct str name = STR_INIT;
    struct str path = STR_INIT;
    struct plan *plan = NULL;

    errors = (struct errors)ERRORS_INIT;
    str_printf(&name, "clients/%s", client);
    if (library_find(name.text, &path, &errors)) {
        const char *const profile = path.text;
        struct plan_input input = {.profile_count = 1, .profiles = &profile};
        plan = plan_read(&input, &errors);
        errors_print(&errors, stderr);
        assert_non_null(plan);
    }
    str_release(&path);
    str_release(&name);
    return plan;
}

static void shipped_clients_keep_to_the_figures(void **state)
{
    size_t held = 0;
    (void)state;
    for (size_t i = 0; i < array_length(vectors); i++) {
        struct plan *plan = read_shipped(vectors[i].profile);
        if (plan) {
            assert_vector(&vectors[i], plan);
            held++;
        }
        plan_free(plan);
    }
    if (held == 0) {
        skip(); /* none is shipped */
    }
}

/* Each schedule has a state of its own, which goes on from wait to wait. */
static void state_is_carried_along_a_schedule(void **state)
{
    struct plan *plan =
        read_retry("'backoff': {'type': 'decorrelated', 'initial': '100ms',"
                   " 'max': '2s'}");
    struct delays_draws draws = draws_of("1,0,1.0");
    struct delays delays;
    (void)state;

    delays_make(&delays, plan, CLASS_TRANSIENT, &draws, 4);
    static const int64_t tripled[] = {300, 900, 2000, 2000};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(delays_wait(&delays, 0, i).ns,
                         tripled[i] * NS_PER_MS);
        assert_int_equal(delays_wait(&delays, 1, i).ns, 100 * NS_PER_MS);
        assert_int_equal(delays_wait(&delays, 2, i).ns,
                         tripled[i] * NS_PER_MS);
    }
    delays_release(&delays);
    plan_free(plan);
}

/* One u is both draws: the factor's and that of what is added. */
static void one_draw_is_for_both_ranges(void **state)
{
    struct plan *plan =
        read_retry("'backoff': {'type': 'constant', 'initial': '1s', 'jitter':"
                   " {'mult': [1, 3], 'add': ['0ms', '100ms']}}");
    struct delays_draws draws = draws_of("0.25");
    struct delays delays;
    (void)state;

    delays_make(&delays, plan, CLASS_NETWORK, &draws, 1);
    assert_int_equal(delays_wait(&delays, 0, 0).ns, 1525 * NS_PER_MS);
    delays_release(&delays);
    plan_free(plan);
}

static size_t retries_shown(const char *text, size_t asked)
{
    struct plan *plan = read_quoted(text);
    struct delays_draws draws = draws_of("0");
    struct delays delays;

    delays_make(&delays, plan, CLASS_TRANSIENT, &draws, asked);
    size_t retries = delays.retries;
    delays_release(&delays);
    plan_free(plan);
    return retries;
}

static void as_many_retries_as_the_profile_does(void **state)
{
    (void)state;
    assert_int_equal(retries_shown("{'retry': {'max_attempts': 5,"
                                   " 'retry_on': ['5xx']}}",
                                   0),
                     4);
    assert_int_equal(retries_shown("{'retry': {'max_attempts': 5,"
                                   " 'retry_on': ['5xx']}}",
                                   9),
                     9);
    assert_int_equal(retries_shown("{'retry': {'max_attempts': 0,"
                                   " 'retry_on': ['5xx']},"
                                   " 'timeout': {'operation': '9s'}}",
                                   0),
                     6);
    assert_int_equal(
        retries_shown("{'retry': {'max_attempts': 1, 'classify': [{'when':"
                      " {'outcome': ['connect_refused']}, 'as': 'transient',"
                      " 'ignore_limit': true, 'max_retries': 1}]}}",
                      0),
        1);
}

static void what_never_retries_has_no_waits(void **state)
{
    (void)state;
    assert_int_equal(retries_shown("{}", 0), 0);
    assert_int_equal(retries_shown("{}", 6), 0);
    assert_int_equal(retries_shown("{'retry': {'max_attempts': 1,"
                                   " 'retry_on': ['5xx']}}",
                                   6),
                     0);
}

static void a_class_is_retried_by_a_rule(void **state)
{
    struct plan *plan = read_quoted(
        "{'retry': {'max_attempts': 3, 'retry_on': ['503', 'timeout']}}");
    (void)state;
    assert_true(delays_retries(plan));
    assert_true(delays_retries_class(plan, CLASS_TRANSIENT));
    assert_true(delays_retries_class(plan, CLASS_TIMEOUT));
    assert_false(delays_retries_class(plan, CLASS_THROTTLE));
    plan_free(plan);
}

static void draws_are_kept_as_written(void **state)
{
    struct delays_draws draws = draws_of("0, .5,1.00,0.123456789");
    (void)state;
    assert_int_equal(draws.count, 4);
    assert_string_equal(draws.items[1].written, ".5");
    assert_true(draws.items[1].u == 0.5);
    assert_string_equal(draws.items[2].written, "1.00");
    assert_true(draws.items[3].u == 0.123456789);
}

static void bad_draws_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ",",
        "0,",
        "1.0001",
        "-0.5",
        "nan",
        "0x1",
        "1e-1",
        "0.5 0.6",
        ".",
        "0..5",
        "inf",
        "0.5,0.5",
        "0,0.5,1,",
        "0.0000000000000000000000000000001",
        "0,.1,.2,.3,.4,.5,.6,.7,.8,.9,.11,.12,.13,.14,.15,.16,.17"};
    struct delays_draws draws;
    (void)state;

    for (size_t i = 0; i < array_length(bad); i++) {
        errors = (struct errors)ERRORS_INIT;
        if (delays_read_draws(bad[i], &draws, &errors) || errors.count == 0) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_int_equal(errors_exit_status(&errors), 2);
    }
}

static void classes_that_are_not_retried_are_refused(void **state)
{
    enum outcome_class class;
    (void)state;
    for (size_t i = 0; delays_class_name(i); i++) {
        assert_true(delays_find_class(delays_class_name(i), &class, &errors));
        assert_string_equal(outcome_class_name(class), delays_class_name(i));
    }
    errors = (struct errors)ERRORS_INIT;
    assert_false(delays_find_class("throtle", &class, &errors));
    assert_string_equal(errors.list[0].hint, "did you mean throttle?");
    assert_false(delays_find_class("fatal", &class, &errors));
    assert_non_null(strstr(errors.list[1].hint, "network"));
    assert_false(delays_find_class("", &class, &errors));
}

static char *document_of(const char *text, const char *name, size_t retries)
{
    struct plan *plan = read_quoted(text);
    struct delays_draws draws = draws_of("0,0.5,1");
    struct delays delays;

    delays_make(&delays, plan, CLASS_TIMEOUT, &draws, retries);
    cJSON *document = delays_document(&delays, name);
    char *printed = cJSON_PrintUnformatted(document);
    cJSON_Delete(document);
    delays_release(&delays);
    plan_free(plan);
    return printed;
}

static void document_has_one_entry_a_retry(void **state)
{
    char *printed = document_of(
        "{'name': 'n', 'retry': {'max_attempts': 3, 'retry_on': ['timeout'],"
        " 'backoff': {'type': 'exponential', 'initial': '25ms',"
        " 'jitter': 'full'}}}",
        "x", 0);
    (void)state;
    assert_string_equal(printed,
                        "{\"name\":\"n\",\"class\":\"timeout\","
                        "\"delays_ms\":{\"0\":[0,0],\"0.5\":[12.5,25],"
                        "\"1\":[25,50]}}");
    free(printed);
    printed = document_of("{}", "x", 3);
    assert_string_equal(printed, "{\"name\":\"x\",\"class\":\"timeout\","
                                 "\"delays_ms\":{\"0\":[],\"0.5\":[],"
                                 "\"1\":[]}}");
    free(printed);
}

/* The tests work in a folder of their own; the profiles stay where they are.
 */
static int enter(void **state)
{
    char path[PATH_MAX];
    if (!realpath("profiles", path) ||
        setenv("SQUALL_PROFILES", path, 1) != 0) {
        return -1;
    }
    return enter_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_figures_come_out),
        cmocka_unit_test(shipped_clients_keep_to_the_figures),
        cmocka_unit_test(state_is_carried_along_a_schedule),
        cmocka_unit_test(one_draw_is_for_both_ranges),
        cmocka_unit_test(as_many_retries_as_the_profile_does),
        cmocka_unit_test(what_never_retries_has_no_waits),
        cmocka_unit_test(a_class_is_retried_by_a_rule),
        cmocka_unit_test(draws_are_kept_as_written),
        cmocka_unit_test(bad_draws_are_refused),
        cmocka_unit_test(classes_that_are_not_retried_are_refused),
        cmocka_unit_test(document_has_one_entry_a_retry),
    };
    return cmocka_run_group_tests_name("plan/delays", tests, enter,
                                       leave_folder);
}
