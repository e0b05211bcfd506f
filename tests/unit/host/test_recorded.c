/* A run of recorded arrivals in virtual time: each request comes at the very
 * instant of its line and is the one that the line names, also where others
 * are dropped; what the profile says beside them is held against them. */
#include "base/must.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../virtual_run.h"

enum { ARRIVALS = 2000, SETS_MAX = 8 };

/* Opening a connection, and the way to the service: what virtual_run has. */
#define ON_THE_WAY duration_ms(2)

static char file[64];

static void write_file(const char *text)
{
    FILE *stream = fopen(file, "w");

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
}

/* Irregular, with bursts and with gaps of seconds. */
static int64_t recorded_ns(int k)
{
    return k / 10 * (int64_t)1234567891 + k % 10 / 4 * (int64_t)7;
}

static int request_of(int k)
{
    return k * k % 3;
}

static void write_recording(void)
{
    static const char *const names[] = {"look", "order", "request-3"};
    struct str text = STR_INIT;

    for (int k = 0; k < ARRIVALS; k++) {
        int64_t ns = recorded_ns(k);
        str_printf(&text, "%lld.%09lld %s\n", (long long)(ns / NS_PER_S),
                   (long long)(ns % NS_PER_S), names[request_of(k)]);
    }
    write_file(text.text);
    str_release(&text);
}

static void make(struct virtual_run *run, struct virtual_arrival *arrivals,
                 const char *const *more, size_t count)
{
    char arrivals_file[96];
    const char *sets[SETS_MAX] = {
        arrivals_file,
        "requests=[{\"name\": \"look\"}, {\"name\": \"order\", \"method\": "
        "\"POST\"}, {\"path\": \"/third\"}]",
        "load.requests_per_connection=1",
        "timeout.attempt=1s",
    };

    snprintf(arrivals_file, sizeof(arrivals_file), "load.arrivals.file=%s",
             file);
    must(count + 4 <= SETS_MAX);
    memcpy(sets + 4, more, count * sizeof(*more));
    *run =
        (struct virtual_run){.script = {.status = 200}, .arrivals = arrivals};
    virtual_run_make(run, sets, 4 + count, 5);
}

static void check_instants(const char *speed, double factor)
{
    static struct virtual_arrival arrivals[ARRIVALS];
    struct virtual_run run;
    const char *const sets[] = {speed};

    make(&run, arrivals, sets, 1);
    assert_int_equal(run.arrived, ARRIVALS);
    for (int k = 0; k < ARRIVALS; k++) {
        int64_t due = duration_from_ns((double)recorded_ns(k) / factor).ns;
        assert_int_equal(arrivals[k].at.ns, due + ON_THE_WAY.ns);
        assert_int_equal(arrivals[k].request, request_of(k));
    }
    int64_t last =
        duration_from_ns((double)recorded_ns(ARRIVALS - 1) / factor).ns;
    assert_int_equal(run.plan->load.duration.ns,
                     (last / NS_PER_MS + 1) * NS_PER_MS);
    virtual_run_release(&run);
}

static void test_requests_come_at_their_instants(void **state)
{
    (void)state;
    write_recording();
    check_instants("load.arrivals.speed=1", 1);
}

static void test_speed_shortens_every_gap(void **state)
{
    (void)state;
    write_recording();
    check_instants("load.arrivals.speed=2", 2);
    check_instants("load.arrivals.speed=0.3", 0.3);
}

/* Three due at once, room for two: the one that is dropped is its own, and
 * those after it stay what they are. */
static void test_a_drop_moves_no_other(void **state)
{
    static struct virtual_arrival arrivals[8];
    static const char *const sets[] = {"load.max_in_flight=2"};
    static const int64_t at[] = {0, 0, 1, 2};
    static const uint16_t which[] = {0, 1, 2, 1};
    struct virtual_run run;

    (void)state;
    write_file("0 look\n0 order\n0 look\n1 request-3\n2 order\n");
    make(&run, arrivals, sets, 1);
    assert_int_equal(run.arrived, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(arrivals[i].at.ns, at[i] * NS_PER_S + ON_THE_WAY.ns);
        assert_int_equal(arrivals[i].request, which[i]);
    }
    virtual_run_release(&run);
}

static void test_a_duration_cuts_them(void **state)
{
    static struct virtual_arrival arrivals[8];
    static const char *const sets[] = {"load.duration=2s"};
    struct virtual_run run;

    (void)state;
    write_file("0 look\n1.999999999 order\n2 look\n3 look\n");
    make(&run, arrivals, sets, 1);
    assert_int_equal(run.arrived, 2);
    assert_int_equal(run.load_time.ns, 2 * NS_PER_S);
    virtual_run_release(&run);
}

static void refuse(const char *set, const char *says)
{
    char arrivals_file[96];
    struct errors errors = ERRORS_INIT;
    const char *const sets[] = {arrivals_file, set};
    struct plan_input input = {
        .set_count = 2, .sets = sets, .url = "http://service/"};

    snprintf(arrivals_file, sizeof(arrivals_file), "load.arrivals.file=%s",
             file);
    assert_null(plan_read(&input, &errors));
    assert_true(errors.count > 0);
    if (!strstr(errors.list[0].text, says)) {
        fail_msg("%s: %s", set, errors.list[0].text);
    }
    assert_true(errors.list[0].hint[0] != '\0');
}

static void test_contradictions_are_refused(void **state)
{
    (void)state;
    write_file("0 default\n1 default\n");
    refuse("load.rate=5/s", "says when");
    refuse("load.stages=[{\"for\": \"1s\", \"rate\": \"1/s\"}]", "says when");
    refuse("load.arrival=poisson", "says when");
    refuse("load.warmup=1s", "every arrival");
    refuse("load.model=closed", "no arrivals");
    refuse("requests=[{\"name\": \"other\"}]", ":1: no request");
    write_file("5 default\n");
    refuse("load.duration=5s", "over before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_come_at_their_instants),
        cmocka_unit_test(test_speed_shortens_every_gap),
        cmocka_unit_test(test_a_drop_moves_no_other),
        cmocka_unit_test(test_a_duration_cuts_them),
        cmocka_unit_test(test_contradictions_are_refused),
    };
    snprintf(file, sizeof(file), "/tmp/squall-recorded-XXXXXX");
    int made = mkstemp(file);
    if (made < 0) {
        return 1;
    }
    close(made);
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return status;
}
