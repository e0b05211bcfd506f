/* Keys are unique over a million operations, of one run and of several.
 * Equal keys have equal hashes, so hashes are sorted for speed; that two
 * different keys of the fixed million share one has a chance of 2^-89. */
#include "base/hash.h"
#include "base/must.h"
#include "policy/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 1000000 };

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash128));
}

/* The n-th (run, operation, attempt): grids of small numbers, neighbours of
 * each other, as they come in practice. */
static void subject_of(struct key_subject *subject, enum key_scope scope,
                       uint64_t n)
{
    *subject = (struct key_subject){.unix_ms = 1700000000000};
    if (scope == KEY_SCOPE_ATTEMPT) {
        subject->attempt = (unsigned)(n % 10) + 1;
        n /= 10;
    } else {
        subject->attempt = (unsigned)(n * 7 % 5) + 1;
    }
    subject->run = n % 100;
    subject->operation = n / 100;
}

static void expect_unique(enum key_kind kind, enum key_scope scope)
{
    struct key_config config = {.scope = scope, .kind = kind};
    struct hash128 *hashes = calloc(KEYS, sizeof(*hashes));
    assert_non_null(hashes);
    for (uint64_t n = 0; n < KEYS; n++) {
        char key[KEY_MAX];
        struct key_subject subject;
        subject_of(&subject, scope, n);
        size_t length = key_render(&config, &subject, key, sizeof(key));
        hashes[n] = hash_bytes(key, length);
    }
    qsort(hashes, KEYS, sizeof(*hashes), compare);
    for (size_t i = 1; i < KEYS; i++) {
        assert_int_not_equal(compare(&hashes[i - 1], &hashes[i]), 0);
    }
    free(hashes);
}

static void test_uuid4_an_operation(void **state)
{
    (void)state;
    expect_unique(KEY_UUID4, KEY_SCOPE_OPERATION);
}

static void test_uuid4_an_attempt(void **state)
{
    (void)state;
    expect_unique(KEY_UUID4, KEY_SCOPE_ATTEMPT);
}

/* All within one millisecond: the random part alone must tell them apart. */
static void test_uuid7(void **state)
{
    (void)state;
    expect_unique(KEY_UUID7, KEY_SCOPE_OPERATION);
}

static void test_sequence(void **state)
{
    (void)state;
    expect_unique(KEY_SEQUENCE, KEY_SCOPE_OPERATION);
    expect_unique(KEY_SEQUENCE, KEY_SCOPE_ATTEMPT);
}

/* {{uuid}} in a body never equals the key beside it. */
static void test_salts_of_templates(void **state)
{
    (void)state;
    struct key_config config = {.scope = KEY_SCOPE_OPERATION,
                                .kind = KEY_UUID4};
    for (uint64_t operation = 0; operation < 1000; operation++) {
        struct key_subject subject = {
            .run = 1, .operation = operation, .attempt = 1};
        char key[KEY_MAX], uuid[37];
        key_render(&config, &subject, key, sizeof(key));
        for (uint64_t salt = 0; salt < 100; salt++) {
            key_uuid4(1, operation, salt, uuid);
            assert_string_not_equal(key, uuid);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid4_an_operation),
        cmocka_unit_test(test_uuid4_an_attempt),
        cmocka_unit_test(test_uuid7),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_salts_of_templates),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
