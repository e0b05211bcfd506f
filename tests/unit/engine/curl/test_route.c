/* The way to the target, found before the run: what is pinned, and what is
 * said when there is none. Ports are the kernel's choice. */
#include "engine/curl/route.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct errors errors;
static struct curl_slist *pinned;
static struct str reached = STR_INIT;

static bool find(const struct plan *plan)
{
    errors = (struct errors)ERRORS_INIT;
    curl_slist_free_all(pinned);
    pinned = NULL;
    str_reset(&reached);
    return route_find(plan, &pinned, &reached, NULL, &errors);
}

static void expect_error(enum error_code code, const char *sentence)
{
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, code);
    assert_true(errors.list[0].hint[0] != '\0');
    assert_null(pinned);
    if (!strstr(errors.list[0].text, sentence)) {
        fail_msg("\"%s\" is not said in \"%s\"", sentence,
                 errors.list[0].text);
    }
}

/* A bound TCP socket on 127.0.0.1: it refuses until it listens. */
static int bound_socket(bool listens, char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_true(!listens || listen(fd, 8) == 0);
    snprintf(url, 64, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    return fd;
}

static int port_of(const char *url)
{
    return (int)strtol(strrchr(url, ':') + 1, NULL, 10);
}

static void test_an_address_needs_no_pin(void **state)
{
    (void)state;
    char url[64];
    struct plan plan = {.target = {.url = url}};
    int fd = bound_socket(true, url);
    assert_true(find(&plan));
    assert_null(pinned);
    close(fd);
}

static void test_a_name_is_pinned_to_what_answers(void **state)
{
    (void)state;
    char url[64], expected[64];
    struct plan plan = {.target = {.url = url}};
    int fd = bound_socket(true, url);
    int port = port_of(url);
    snprintf(url, sizeof(url), "http://localhost:%d/", port);
    snprintf(expected, sizeof(expected), "localhost:%d:127.0.0.1", port);
    assert_true(find(&plan));
    assert_non_null(pinned);
    assert_string_equal(pinned->data, expected);
    assert_null(pinned->next);
    close(fd);
}

static void test_a_refused_port_is_named(void **state)
{
    (void)state;
    char url[64], expected[64];
    struct plan plan = {.target = {.url = url}};
    int fd = bound_socket(false, url);
    snprintf(expected, sizeof(expected),
             "127.0.0.1 port %d cannot be reached: Connection refused",
             port_of(url));
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, expected);
    close(fd);
}

/* .invalid never resolves (RFC 6761). */
static void test_a_name_that_does_not_resolve_is_named(void **state)
{
    (void)state;
    char url[] = "http://orders.invalid/";
    struct plan plan = {.target = {.url = url}};
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "the name orders.invalid does not resolve");
}

static void test_what_the_user_pinned_is_tried_where_it_is(void **state)
{
    (void)state;
    char url[64], entry[96], any[96];
    const char *entries[] = {"other.invalid:81:127.0.0.1", entry};
    struct plan plan = {.target = {.url = url}};
    int fd = bound_socket(true, url);
    int port = port_of(url);
    snprintf(url, sizeof(url), "http://orders.invalid:%d/", port);
    snprintf(entry, sizeof(entry), "+Orders.Invalid:%d:127.0.0.1", port);
    plan.target.resolve.items = entries;
    plan.target.resolve.count = 1;
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "does not resolve");
    plan.target.resolve.count = 2;
    assert_true(find(&plan));
    assert_string_equal(pinned->data, entries[0]);
    assert_string_equal(pinned->next->data, entries[1]);
    assert_null(pinned->next->next);

    /* Any host. The one with the name counts, wherever it stands. */
    snprintf(any, sizeof(any), "*:%d:127.0.0.1", port);
    entries[0] = any;
    plan.target.resolve.count = 1;
    assert_true(find(&plan));
    plan.target.resolve.count = 2;
    snprintf(entry, sizeof(entry), "orders.invalid:%d:127.0.0.9,127.0.0.8",
             port);
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "Connection refused");
    entries[0] = entry;
    entries[1] = any;
    assert_false(find(&plan));
    /* One that answers is enough. */
    snprintf(entry, sizeof(entry), "orders.invalid:%d:[::1],127.0.0.1", port);
    assert_true(find(&plan));
    assert_string_equal(reached.text, "127.0.0.1");
    close(fd);
}

/* Those of libcurl: a proxy without a port has 1080. */
static void test_ports_that_are_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *proxy, *expected;
    } cases[] = {
        {"http://127.0.0.3", "the proxy 127.0.0.3 port 1080"},
        {"127.0.0.3", "127.0.0.3 port 1080"},
        {"https://127.0.0.3", "127.0.0.3 port 443"},
        {"socks5h://u:p@127.0.0.3", "127.0.0.3 port 1080"},
        {"socks4a://127.0.0.3:7", "127.0.0.3 port 7"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan plan = {.target = {.url = "http://orders.invalid/",
                                       .proxy = cases[i].proxy}};
        assert_false(find(&plan));
        expect_error(ERROR_NO_TARGET, cases[i].expected);
    }
}

/* SOCKS with the name of the service looked up on this side. */
static void test_names_that_the_proxy_does_not_look_up(void **state)
{
    (void)state;
    char http[64], proxy[80];
    struct plan plan = {
        .target = {.url = "http://orders.invalid/", .proxy = proxy}};
    int fd = bound_socket(true, http);
    snprintf(proxy, sizeof(proxy), "socks5h://127.0.0.1:%d", port_of(http));
    assert_true(find(&plan));
    assert_null(pinned);
    snprintf(proxy, sizeof(proxy), "socks5://127.0.0.1:%d", port_of(http));
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "the name orders.invalid does not resolve");
    plan.target.url = "http://localhost:81/";
    snprintf(proxy, sizeof(proxy), "socks4://127.0.0.1:%d", port_of(http));
    assert_true(find(&plan));
    assert_string_equal(pinned->data, "localhost:81:127.0.0.1");
    close(fd);
}

static void test_the_proxy_is_what_must_be_reached(void **state)
{
    (void)state;
    char url[] = "http://orders.invalid/";
    char proxy[64];
    struct plan plan = {.target = {.url = url, .proxy = proxy}};
    int fd = bound_socket(true, proxy);
    assert_true(find(&plan));
    assert_null(pinned);
    close(fd);
    fd = bound_socket(false, proxy);
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "Connection refused");
    close(fd);
}

static void test_unix_sockets(void **state)
{
    (void)state;
    char folder[64];
    snprintf(folder, sizeof(folder), "/tmp/squall-route-%d", (int)getpid());
    assert_int_equal(mkdir(folder, 0700), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    char url[] = "http://localhost/";
    struct plan plan = {
        .target = {.url = url, .unix_socket = address.sun_path}};
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "No such file or directory");

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "Connection refused");
    assert_int_equal(listen(fd, 8), 0);
    assert_true(find(&plan));
    close(fd);
    unlink(address.sun_path);
    rmdir(folder);

    char longer[300];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    plan.target.unix_socket = longer;
    assert_false(find(&plan));
    expect_error(ERROR_NO_TARGET, "the path is too long");
}

static int release(void **state)
{
    (void)state;
    curl_slist_free_all(pinned);
    pinned = NULL;
    str_release(&reached);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_needs_no_pin),
        cmocka_unit_test(test_a_name_is_pinned_to_what_answers),
        cmocka_unit_test(test_a_refused_port_is_named),
        cmocka_unit_test(test_a_name_that_does_not_resolve_is_named),
        cmocka_unit_test(test_what_the_user_pinned_is_tried_where_it_is),
        cmocka_unit_test(test_ports_that_are_not_written),
        cmocka_unit_test(test_names_that_the_proxy_does_not_look_up),
        cmocka_unit_test(test_the_proxy_is_what_must_be_reached),
        cmocka_unit_test(test_unix_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
