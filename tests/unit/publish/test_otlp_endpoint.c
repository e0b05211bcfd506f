/* Where OTLP is sent to, and what with. */
#include "publish/otlp_endpoint.h"

#include "base/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void read_good(struct otlp_endpoint *endpoint, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_true(otlp_endpoint_read(endpoint, text, NULL, 0, &errors));
    assert_int_equal(errors.count, 0);
}

static void test_paths(void **state)
{
    static const struct {
        const char *base, *metrics, *traces;
    } rows[] = {
        {"http://a:4318", "http://a:4318/v1/metrics",
         "http://a:4318/v1/traces"},
        {"http://a:4318/", "http://a:4318/v1/metrics",
         "http://a:4318/v1/traces"},
        {"https://a/otlp//", "https://a/otlp/v1/metrics",
         "https://a/otlp/v1/traces"},
        {"http://a/x?tenant=1", "http://a/x/v1/metrics?tenant=1",
         "http://a/x/v1/traces?tenant=1"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct otlp_endpoint endpoint;
        read_good(&endpoint, rows[i].base);
        assert_string_equal(endpoint.urls[OTLP_METRICS], rows[i].metrics);
        assert_string_equal(endpoint.urls[OTLP_TRACES], rows[i].traces);
        otlp_endpoint_release(&endpoint);
    }
}

static void test_environment(void **state)
{
    struct otlp_endpoint endpoint;
    (void)state;

    unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
    read_good(&endpoint, "env");
    assert_string_equal(endpoint.urls[OTLP_TRACES],
                        "http://localhost:4318/v1/traces");
    assert_int_equal(endpoint.header_count, 0);
    otlp_endpoint_release(&endpoint);

    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://b:1/", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS",
           " x-team = s%65cret%2Cone ,api-key=0123456789,", 1);
    read_good(&endpoint, "env");
    assert_string_equal(endpoint.urls[OTLP_METRICS], "https://b:1/v1/metrics");
    assert_int_equal(endpoint.header_count, 2);
    assert_string_equal(endpoint.headers[0], "x-team: secret,one");
    assert_string_equal(endpoint.headers[1], "api-key: 0123456789");
    assert_true(mask_finds("it has secret,one in it"));
    assert_true(mask_finds("it has 0123456789 in it"));
    otlp_endpoint_release(&endpoint);
    /* They are the environment's: no other place is told of them. */
    read_good(&endpoint, "http://c:1");
    assert_int_equal(endpoint.header_count, 0);
    otlp_endpoint_release(&endpoint);
}

static void refuse(const char *url, const char *header, const char *text)
{
    struct otlp_endpoint endpoint;
    struct errors errors = ERRORS_INIT;

    assert_false(
        otlp_endpoint_read(&endpoint, url, &header, header ? 1 : 0, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors_exit_status(&errors), 2);
    assert_non_null(strstr(errors_last_text(&errors), text));
    assert_true(errors.list[0].hint[0]);
    otlp_endpoint_release(&endpoint);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    refuse("a:4318", NULL, "--otlp: \"a:4318\"");
    refuse("ftp://a", NULL, "not an HTTP URL");
    refuse("http://", NULL, "--otlp");
    refuse("http://a", "no colon", "--otlp-header");
    refuse("http://a", ": x", "--otlp-header");
    refuse("http://a", "a b: x", "--otlp-header");
    refuse("http://a", "a: x\r\nb: y", "--otlp-header");
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=b,c", 1);
    refuse("env", NULL, "OTEL_EXPORTER_OTLP_HEADERS");
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ac", 1);
    refuse("env", NULL, "OTEL_EXPORTER_OTLP_HEADERS");
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "a:4317", 1);
    refuse("env", NULL, "OTEL_EXPORTER_OTLP_ENDPOINT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests_name("publish/otlp_endpoint", tests, NULL,
                                       NULL);
}
