/* From answers and effects to verdicts, by convention. */
#include "audit/verdict.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { IETF = CONVENTION_IETF, STRIPE = CONVENTION_STRIPE,
       REJECT = CONVENTION_REJECT_DUPLICATE, ATTACH = CONVENTION_ATTACH };

/* An answer; the identity is that of what it made. */
static struct audit_attempt answer(unsigned status, const char *identity)
{
    return (struct audit_attempt){
        .end = LINE_ANSWERED,
        .status = status,
        .identity = identity,
        .body = hash_bytes(identity, strlen(identity)),
        .media = "application/json",
    };
}

static struct audit_attempt ended(enum line_end end)
{
    return (struct audit_attempt){.end = end, .identity = ""};
}

static void replays(void **state)
{
    static const struct {
        int convention;
        unsigned status;
        const char *identity;
        enum audit_verdict expected;
    } rows[] = {
        {IETF, 201, "a", AUDIT_PASS},   {IETF, 201, "b", AUDIT_WARN},
        {IETF, 200, "a", AUDIT_WARN},   {IETF, 409, "", AUDIT_WARN},
        {REJECT, 409, "", AUDIT_PASS},  {REJECT, 201, "a", AUDIT_PASS},
        {STRIPE, 409, "", AUDIT_WARN},  {ATTACH, 201, "a", AUDIT_PASS},
        {IETF, 500, "", AUDIT_WARN},
    };
    struct audit_attempt first = answer(201, "a");
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        struct audit_attempt again = answer(rows[i].status, rows[i].identity);
        judge_replay(&finding, (enum audit_convention)rows[i].convention,
                     &first, &again);
        assert_int_equal(finding.verdict, rows[i].expected);
        assert_true(finding.observed[0]);
    }
    struct finding finding = {0};
    struct audit_attempt again = answer(201, "a");
    memcpy(again.media, "text/plain", sizeof("text/plain"));
    judge_replay(&finding, CONVENTION_IETF, &first, &again);
    assert_int_equal(finding.verdict, AUDIT_WARN);
}

/* The one rule of all conventions. */
static void more_than_one_effect_always_fails(void **state)
{
    (void)state;
    for (int convention = IETF; convention <= ATTACH; convention++) {
        enum audit_convention by = (enum audit_convention)convention;
        struct audit_attempt good = answer(201, "a"), no = answer(409, "");
        const struct audit_attempt *all[] = {&good, &no};
        struct finding findings[5] = {{0}};
        judge_race(&findings[0], by, all, 2, 2);
        judge_retry(&findings[1], by, &good, 2);
        judge_failed(&findings[2], by, &no, &good, 2);
        judge_mismatch(&findings[3], by, false, &good, &good, 2);
        judge_rewritten(&findings[4], by, &good, &good, 2);
        for (size_t i = 0; i < array_length(findings); i++) {
            assert_int_equal(findings[i].verdict, AUDIT_FAIL);
        }
    }
}

static void mismatches(void **state)
{
    static const struct {
        int convention;
        bool in_flight;
        unsigned status;
        const char *identity;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {IETF, false, 422, "", 1, AUDIT_PASS},
        {IETF, false, 400, "", 1, AUDIT_WARN},
        {IETF, false, 409, "", 1, AUDIT_WARN},
        {IETF, true, 409, "", 1, AUDIT_PASS},
        {STRIPE, false, 400, "", 1, AUDIT_PASS},
        {REJECT, false, 409, "", 1, AUDIT_PASS},
        {IETF, false, 201, "a", -1, AUDIT_FAIL}, /* aliased, by its answer */
        {IETF, false, 201, "", 1, AUDIT_FAIL},   /* by the ledger */
        {IETF, false, 201, "b", 2, AUDIT_FAIL},  /* performed */
        {IETF, false, 422, "", 2, AUDIT_FAIL},
        {IETF, false, 500, "", 1, AUDIT_WARN},
    };
    struct audit_attempt first = answer(201, "a");
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        struct audit_attempt other = answer(rows[i].status, rows[i].identity);
        judge_mismatch(&finding, (enum audit_convention)rows[i].convention,
                       rows[i].in_flight, &first, &other, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void retries_after_losses(void **state)
{
    static const struct {
        int convention;
        unsigned status;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {IETF, 201, 1, AUDIT_PASS},   {IETF, 201, 0, AUDIT_FAIL},
        {IETF, 201, 2, AUDIT_FAIL},   {IETF, 201, -1, AUDIT_PASS},
        {IETF, 409, 1, AUDIT_FAIL},   {IETF, 400, 1, AUDIT_FAIL},
        {IETF, 422, 0, AUDIT_FAIL},   {REJECT, 409, 1, AUDIT_PASS},
        {REJECT, 409, 0, AUDIT_FAIL}, {IETF, 503, 0, AUDIT_WARN},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        struct audit_attempt last = answer(rows[i].status, "");
        judge_retry(&finding, (enum audit_convention)rows[i].convention,
                    &last, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void failures(void **state)
{
    static const struct {
        int convention;
        unsigned status;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {IETF, 201, 1, AUDIT_PASS}, {IETF, 201, 2, AUDIT_FAIL},
        {IETF, 409, 1, AUDIT_FAIL}, {IETF, 500, 1, AUDIT_WARN},
        {IETF, 500, 0, AUDIT_PASS}, {STRIPE, 500, 1, AUDIT_PASS},
        {IETF, 422, 1, AUDIT_FAIL}, {REJECT, 409, 1, AUDIT_PASS},
    };
    struct audit_attempt first = answer(500, "");
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        struct audit_attempt last = answer(rows[i].status, "");
        judge_failed(&finding, (enum audit_convention)rows[i].convention,
                     &first, &last, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void races(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         busy = answer(409, ""), lost = ended(LINE_TIMEOUT);
    const struct audit_attempt *one[] = {&busy, &a, &busy};
    const struct audit_attempt *shared[] = {&a, &a, &a};
    const struct audit_attempt *split[] = {&a, &b, &busy};
    const struct audit_attempt *none[] = {&busy, &busy};
    const struct audit_attempt *some[] = {&a, &lost};
    const struct {
        const struct audit_attempt **attempts;
        size_t count;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {one, 3, 1, AUDIT_PASS},    {shared, 3, 1, AUDIT_PASS},
        {split, 3, -1, AUDIT_FAIL}, {one, 3, 2, AUDIT_FAIL},
        {one, 3, 0, AUDIT_FAIL},    {none, 2, 0, AUDIT_WARN},
        {some, 2, 1, AUDIT_WARN},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_race(&finding, CONVENTION_IETF, rows[i].attempts,
                   rows[i].count, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void keys_that_are_not_one(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         no = answer(400, ""), crash = answer(500, ""),
                         silent = ended(LINE_TIMEOUT);
    const struct {
        const struct audit_attempt *one, *other;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {&a, &b, 1, AUDIT_PASS},    {&no, &no, 0, AUDIT_PASS},
        {&a, &a, -1, AUDIT_FAIL},   {&a, &b, 0, AUDIT_FAIL},
        {&a, &no, 0, AUDIT_FAIL},   {&a, &crash, 0, AUDIT_FAIL},
        {&a, &silent, 0, AUDIT_FAIL}, {&a, &b, 2, AUDIT_FAIL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_apart(&finding, "x", rows[i].one, rows[i].other,
                    rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void scopes(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         no = answer(422, "");
    const struct {
        const struct audit_attempt *other;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {&b, 2, AUDIT_PASS},  {&b, -1, AUDIT_PASS}, {&no, 1, AUDIT_PASS},
        {&a, -1, AUDIT_FAIL}, {&b, 1, AUDIT_FAIL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_scope(&finding, "x", &a, rows[i].other, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void the_gravest_stays_and_words_come_once(void **state)
{
    struct finding finding = {0};
    (void)state;
    finding_add(&finding, AUDIT_WARN, "a %d", 1);
    finding_add(&finding, AUDIT_PASS, "b");
    finding_add(&finding, AUDIT_WARN, "a %d", 1);
    assert_int_equal(finding.verdict, AUDIT_WARN);
    assert_string_equal(finding.observed, "a 1; b");
    for (int i = 0; i < 1000; i++) {
        finding_add(&finding, AUDIT_FAIL, "number %d", i);
    }
    assert_int_equal(finding.verdict, AUDIT_FAIL);
    assert_true(strlen(finding.observed) < sizeof(finding.observed));
    finding_skip(&finding, "why");
    assert_int_equal(finding.verdict, AUDIT_SKIPPED);
    assert_string_equal(finding.observed, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays),
        cmocka_unit_test(more_than_one_effect_always_fails),
        cmocka_unit_test(mismatches),
        cmocka_unit_test(retries_after_losses),
        cmocka_unit_test(failures),
        cmocka_unit_test(races),
        cmocka_unit_test(keys_that_are_not_one),
        cmocka_unit_test(scopes),
        cmocka_unit_test(the_gravest_stays_and_words_come_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
