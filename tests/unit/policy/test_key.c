#include "policy/key.h"

#include "base/hash.h"
#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../expect_bug.h"

static struct key_subject subject_of(uint64_t run, uint64_t operation,
                                     unsigned attempt)
{
    return (struct key_subject){
        .run = run,
        .operation = operation,
        .attempt = attempt,
        .unix_ms = INT64_C(0x017f22e279b0), /* the example of RFC 9562 */
        .body = "{\"amount\": 5}",
        .body_length = 13,
    };
}

static size_t render(enum key_kind kind, enum key_scope scope,
                     const struct key_subject *subject, char *out)
{
    struct key_config config = {.scope = scope, .kind = kind};
    memset(out, '#', KEY_MAX);
    size_t length = key_render(&config, subject, out, KEY_MAX);
    assert_int_equal(strlen(out), length);
    return length;
}

/* RFC 9562 section 4: lower-case digits, dashes, version and variant. */
static void expect_uuid(const char *text, char version)
{
    assert_int_equal(strlen(text), 36);
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            assert_int_equal(text[i], '-');
        } else {
            assert_non_null(strchr("0123456789abcdef", text[i]));
        }
    }
    assert_int_equal(text[14], version);
    assert_non_null(strchr("89ab", text[19]));
}

static void test_uuid_format(void **state)
{
    (void)state;
    char key[KEY_MAX];
    char digits_seen[36] = {0};
    for (uint64_t i = 0; i < 4000; i++) {
        struct key_subject subject = subject_of(i * 77, i, 1);
        render(KEY_UUID4, KEY_SCOPE_OPERATION, &subject, key);
        expect_uuid(key, '4');
        for (size_t j = 0; j < 36; j++) {
            digits_seen[j] |= key[j] == 'f';
        }
        render(KEY_UUID7, KEY_SCOPE_OPERATION, &subject, key);
        expect_uuid(key, '7');
    }
    /* Every digit but dashes, version and variant takes its highest value:
     * a mask that is too wide would show. */
    for (size_t j = 0; j < 36; j++) {
        bool fixed =
            j == 8 || j == 13 || j == 14 || j == 18 || j == 19 || j == 23;
        assert_int_equal(digits_seen[j], !fixed);
    }
}

static void test_uuid7_time(void **state)
{
    (void)state;
    char key[KEY_MAX];
    struct key_subject subject = subject_of(1, 2, 1);
    render(KEY_UUID7, KEY_SCOPE_OPERATION, &subject, key);
    assert_memory_equal(key, "017f22e2-79b0-7", 15);
    subject.unix_ms = 0;
    render(KEY_UUID7, KEY_SCOPE_OPERATION, &subject, key);
    assert_memory_equal(key, "00000000-0000-7", 15);
}

static void test_scopes(void **state)
{
    (void)state;
    static const enum key_kind kinds[] = {KEY_UUID4, KEY_UUID7, KEY_SEQUENCE,
                                          KEY_HASH};
    for (size_t i = 0; i < array_length(kinds); i++) {
        struct key_subject first = subject_of(9, 4, 1);
        struct key_subject second = subject_of(9, 4, 2);
        char a[KEY_MAX], b[KEY_MAX];
        render(kinds[i], KEY_SCOPE_OPERATION, &first, a);
        render(kinds[i], KEY_SCOPE_OPERATION, &second, b);
        assert_string_equal(a, b);
        render(kinds[i], KEY_SCOPE_ATTEMPT, &first, a);
        render(kinds[i], KEY_SCOPE_ATTEMPT, &second, b);
        assert_string_not_equal(a, b);
        render(kinds[i], KEY_SCOPE_ATTEMPT, &second, a);
        assert_string_equal(a, b);
    }
}

static void test_sequence(void **state)
{
    (void)state;
    char key[KEY_MAX];
    struct key_subject subject = subject_of(UINT64_C(0xfff123456789ab), 0, 3);
    render(KEY_SEQUENCE, KEY_SCOPE_OPERATION, &subject, key);
    assert_string_equal(key, "23456789ab-0");
    subject.operation = UINT64_MAX;
    render(KEY_SEQUENCE, KEY_SCOPE_ATTEMPT, &subject, key);
    assert_string_equal(key, "23456789ab-18446744073709551615-3");

    char id[32];
    assert_int_equal(key_operation_id(0x2a, 1000, id, sizeof(id)), 15);
    assert_string_equal(id, "000000002a-1000");
    key_operation_id(UINT64_MAX, UINT64_MAX, id, sizeof(id));
    assert_string_equal(id, "ffffffffff-18446744073709551615");
}

static void test_hash(void **state)
{
    (void)state;
    char key[KEY_MAX], other[KEY_MAX], expected[KEY_MAX];
    struct key_subject subject = subject_of(1, 1, 1);
    struct hash128 hash = hash_bytes(subject.body, subject.body_length);
    snprintf(expected, sizeof(expected), "%016llx%016llx",
             (unsigned long long)hash.high, (unsigned long long)hash.low);
    render(KEY_HASH, KEY_SCOPE_OPERATION, &subject, key);
    assert_string_equal(key, expected);

    /* The body alone decides: the classic way to merge two orders. */
    subject.operation = 2;
    render(KEY_HASH, KEY_SCOPE_OPERATION, &subject, other);
    assert_string_equal(key, other);
    subject.body_length--;
    render(KEY_HASH, KEY_SCOPE_OPERATION, &subject, other);
    assert_string_not_equal(key, other);

    subject.body = NULL;
    assert_int_equal(render(KEY_HASH, KEY_SCOPE_OPERATION, &subject, key), 32);
    subject.body = "";
    subject.body_length = 0;
    render(KEY_HASH, KEY_SCOPE_OPERATION, &subject, other);
    assert_string_equal(key, other);
}

/* One trace an operation, one span an attempt; all differ from all others,
 * and none is the start of a key. */
static void test_traces(void **state)
{
    (void)state;
    enum { OPERATIONS = 100, ATTEMPTS = 5 };
    static char spans[OPERATIONS * ATTEMPTS][SPAN_ID_LENGTH + 1];
    char trace[TRACE_ID_LENGTH + 1], other[TRACE_ID_LENGTH + 1];
    size_t count = 0;

    for (unsigned i = 0; i < OPERATIONS; i++) {
        key_trace_id(7, i, trace);
        assert_int_equal(strlen(trace), TRACE_ID_LENGTH);
        assert_int_equal(strspn(trace, "0123456789abcdef"), TRACE_ID_LENGTH);
        key_trace_id(7, i + 1, other);
        assert_string_not_equal(trace, other);
        key_trace_id(8, i, other);
        assert_string_not_equal(trace, other);
        for (unsigned a = 1; a <= ATTEMPTS; a++) {
            char *span = spans[count++];
            key_span_id(7, i, a, span);
            assert_int_equal(strlen(span), SPAN_ID_LENGTH);
            assert_int_equal(strspn(span, "0123456789abcdef"), SPAN_ID_LENGTH);
            assert_string_not_equal(span, "0000000000000000");
            assert_int_not_equal(strncmp(span, trace, SPAN_ID_LENGTH), 0);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(spans[i], spans[j]);
        }
    }
}

static void test_misuse_is_a_bug(void **state)
{
    (void)state;
    static const struct {
        enum key_kind kind;
        enum key_scope scope;
        size_t size;
    } bad[] = {
        {KEY_UUID4, KEY_SCOPE_NONE, KEY_MAX},
        {KEY_TEMPLATE, KEY_SCOPE_OPERATION, KEY_MAX},
        {KEY_UUID4, KEY_SCOPE_OPERATION, KEY_MAX - 1},
    };
    for (volatile size_t i = 0; i < array_length(bad); i++) {
        char key[KEY_MAX];
        struct key_config config = {.scope = bad[i].scope,
                                    .kind = bad[i].kind};
        struct key_subject subject = subject_of(1, 1, 1);
        expect_bug(key_render(&config, &subject, key, bad[i].size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_format),
        cmocka_unit_test(test_uuid7_time),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_misuse_is_a_bug),
    };
    return cmocka_run_group_tests_name("policy/key", tests, NULL, NULL);
}
