/* Where a Location leads: the examples of RFC 3986, section 5.4, and what
 * services send. */
#include "plan/location.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_references(void **state)
{
    static const struct {
        const char *reference, *url;
    } rows[] = {
        {"http:g", NULL},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://b:8443/x y?\xc3\xa9", "https://b:8443/x%20y?%C3%A9"},
        {"HTTP://B", "HTTP://B/"},
        {"http://[::1]:80/x", "http://[::1]:80/x"},
        {"http://b?q", "http://b/?q"},
        {"ftp://b/", NULL},
        {"javascript:alert(1)", NULL},
        {"http:///x", NULL},
        {"", NULL},
    };
    char out[LOCATION_URL_MAX];
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        bool good = location_resolve("http://a/b/c/d;p?q", rows[i].reference,
                                     strlen(rows[i].reference), out);
        assert_int_equal(good, rows[i].url != NULL);
        if (good) {
            assert_string_equal(out, rows[i].url);
        }
    }
    assert_true(location_resolve("http://a", "x", 1, out));
    assert_string_equal(out, "http://a/x");
    assert_true(location_resolve("http://a?q", "?y", 2, out));
    assert_string_equal(out, "http://a?y");
}

static void test_too_long(void **state)
{
    char reference[LOCATION_URL_MAX + 1], out[LOCATION_URL_MAX];
    size_t fits = LOCATION_URL_MAX - 1 - strlen("http://a");
    (void)state;
    memset(reference, '/', sizeof(reference));
    memset(reference + 1, 'x', sizeof(reference) - 1);
    assert_true(location_resolve("http://a/", reference, fits, out));
    assert_int_equal(strlen(out), LOCATION_URL_MAX - 1);
    assert_false(location_resolve("http://a/", reference, fits + 1, out));
}

static void test_origins(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"http://a/x", "HTTP://A:80/y?z", true},
        {"https://a", "https://a:443/", true},
        {"http://u:p@a/", "http://a:/", true},
        {"http://a:81/", "http://a:81/x", true},
        {"http://a/", "https://a/", false},
        {"http://a/", "http://b/", false},
        {"http://a/", "http://a:8080/", false},
        {"http://a:443/", "https://a/", false},
        {"http://a/", "http://a.b/", false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        assert_int_equal(location_same_origin(rows[i].a, rows[i].b),
                         rows[i].same);
        assert_int_equal(location_same_origin(rows[i].b, rows[i].a),
                         rows[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_origins),
    };
    return cmocka_run_group_tests_name("plan/location", tests, NULL, NULL);
}
