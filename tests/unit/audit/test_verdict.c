/* From answers and effects to verdicts, by convention. */
#include "audit/verdict.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
    IETF = CONVENTION_IETF,
    STRIPE = CONVENTION_STRIPE,
    REJECT = CONVENTION_REJECT_DUPLICATE,
    ATTACH = CONVENTION_ATTACH
};

/* An answer; the identity is that of what it made. */
static struct audit_attempt answer(unsigned status, const char *identity)
{
    return (struct audit_attempt){
        .end = END_ANSWERED,
        .status = status,
        .identity = identity,
        .body = hash_bytes(identity, strlen(identity)),
        .body_distinguishes = true,
        .media = "application/json",
    };
}

static struct audit_attempt ended(enum attempt_end end)
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
        {IETF, 201, "a", AUDIT_PASS},  {IETF, 201, "b", AUDIT_WARN},
        {IETF, 200, "a", AUDIT_WARN},  {IETF, 409, "", AUDIT_WARN},
        {REJECT, 409, "", AUDIT_PASS}, {REJECT, 201, "a", AUDIT_PASS},
        {STRIPE, 409, "", AUDIT_WARN}, {ATTACH, 201, "a", AUDIT_PASS},
        {IETF, 500, "", AUDIT_WARN},   {REJECT, 401, "", AUDIT_WARN},
        {REJECT, 429, "", AUDIT_WARN},
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
        judge_race(&findings[0], all, 2, 2);
        judge_retry(&findings[1], by, false, &good, 2);
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
        bool was_cut;
        unsigned status;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {IETF, false, 201, 1, AUDIT_PASS},
        {IETF, false, 201, 0, AUDIT_FAIL},
        {IETF, false, 201, 2, AUDIT_FAIL},
        {IETF, true, 201, 2, AUDIT_FAIL},
        {IETF, false, 201, -1, AUDIT_PASS},
        {IETF, false, 503, 0, AUDIT_WARN},
        /* Done, and the caller is asked to come again for ever. */
        {IETF, false, 409, 1, AUDIT_FAIL},
        {IETF, false, 400, 1, AUDIT_FAIL},
        /* A lease that has not ended; half a request must take none. */
        {IETF, false, 409, 0, AUDIT_WARN},
        {IETF, false, 409, -1, AUDIT_WARN},
        {IETF, true, 409, 0, AUDIT_FAIL},
        {IETF, true, 409, -1, AUDIT_FAIL},
        {IETF, false, 422, 0, AUDIT_WARN},
        {IETF, false, 422, -1, AUDIT_FAIL},
        {IETF, true, 422, 0, AUDIT_FAIL},
        {REJECT, false, 409, 1, AUDIT_PASS},
        {REJECT, false, 409, 0, AUDIT_FAIL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        struct audit_attempt last = answer(rows[i].status, "");
        judge_retry(&finding, (enum audit_convention)rows[i].convention,
                    rows[i].was_cut, &last, rows[i].effects);
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
        {IETF, 201, 1, AUDIT_PASS},
        {IETF, 201, 2, AUDIT_FAIL},
        {IETF, 409, 1, AUDIT_FAIL},
        {IETF, 500, 1, AUDIT_WARN},
        {IETF, 500, 0, AUDIT_PASS},
        {STRIPE, 500, 1, AUDIT_PASS},
        {IETF, 422, 1, AUDIT_FAIL},
        {REJECT, 409, 1, AUDIT_PASS},
        {REJECT, 409, 0, AUDIT_FAIL}, /* done already, and it was not */
        {IETF, 409, 0, AUDIT_FAIL},
        {IETF, 425, 0, AUDIT_FAIL},
        {IETF, 408, 0, AUDIT_FAIL},
        {IETF, 500, -1, AUDIT_WARN},
        /* It asks to come again, and that never ends: under any convention
         * the key is wedged. */
        {IETF, 503, 0, AUDIT_FAIL},
        {STRIPE, 503, 0, AUDIT_FAIL},
        {REJECT, 503, 0, AUDIT_FAIL},
        {ATTACH, 503, 0, AUDIT_FAIL},
        {IETF, 503, 1, AUDIT_WARN},
        {STRIPE, 503, 1, AUDIT_WARN},
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

/* A 500 that says when to come again is as good as a 503. */
static void a_failure_that_asks_to_come_again(void **state)
{
    struct audit_attempt first = answer(500, ""), last = answer(500, "");
    struct finding stays = {0}, stuck = {0};
    (void)state;
    judge_failed(&stays, CONVENTION_IETF, &first, &last, 0);
    last.has_retry_after = true;
    judge_failed(&stuck, CONVENTION_STRIPE, &first, &last, 0);
    assert_int_equal(stays.verdict, AUDIT_PASS);
    assert_int_equal(stuck.verdict, AUDIT_FAIL);
    assert_non_null(strstr(stuck.observed, "stuck"));
}

static void races(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         busy = answer(409, ""), lost = ended(END_TIMEOUT),
                         limited = answer(429, "");
    const struct audit_attempt *one[] = {&busy, &a, &busy};
    const struct audit_attempt *shared[] = {&a, &a, &a};
    const struct audit_attempt *split[] = {&a, &b, &busy};
    const struct audit_attempt *none[] = {&busy, &busy};
    const struct audit_attempt *some[] = {&a, &lost};
    const struct audit_attempt *slow[] = {&limited, &a, &limited};
    const struct {
        const struct audit_attempt **attempts;
        size_t count;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {one, 3, 1, AUDIT_PASS},    {shared, 3, 1, AUDIT_PASS},
        {split, 3, -1, AUDIT_FAIL}, {one, 3, 2, AUDIT_FAIL},
        {one, 3, 0, AUDIT_FAIL},    {none, 2, 0, AUDIT_WARN},
        {some, 2, 1, AUDIT_WARN},   {slow, 3, 1, AUDIT_PASS},
        {slow, 3, 2, AUDIT_FAIL},
    };
    assert_int_equal(attempt_count_racing(slow, 3), 1);
    assert_int_equal(attempt_count_racing(split, 3), 3);
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_race(&finding, rows[i].attempts, rows[i].count, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void keys_that_are_not_one(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         no = answer(400, ""), crash = answer(500, ""),
                         silent = ended(END_TIMEOUT),
                         closed = ended(END_BROKEN), poor = answer(402, ""),
                         mute = answer(204, "");
    const struct {
        bool may_be_key;
        const struct audit_attempt *one, *other;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {false, &a, &b, 1, AUDIT_PASS},
        {false, &no, &no, 0, AUDIT_PASS},
        {false, &a, &a, -1, AUDIT_FAIL},
        {false, &a, &b, 0, AUDIT_FAIL},
        {false, &a, &no, 0, AUDIT_FAIL},
        {false, &a, &crash, 0, AUDIT_FAIL},
        {false, &a, &silent, 0, AUDIT_FAIL},
        {false, &a, &b, 2, AUDIT_FAIL},
        /* Refused as another payload of a key of two quotes. */
        {true, &a, &no, 0, AUDIT_WARN},
        {true, &a, &a, -1, AUDIT_FAIL},
        {false, &closed, &closed, 0, AUDIT_WARN},
        /* Refused, but not for the key. */
        {false, &poor, &poor, 0, AUDIT_WARN},
        /* All answers are alike: nothing is seen. */
        {false, &mute, &mute, -1, AUDIT_INFO},
        {false, &mute, &mute, 1, AUDIT_PASS},
        {false, &mute, &mute, 0, AUDIT_FAIL},
    };
    mute.body_distinguishes = false;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_apart(&finding, "x", rows[i].may_be_key, rows[i].one,
                    rows[i].other, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void scopes(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         no = answer(422, ""), mute = answer(201, "");
    struct audit_attempt marked = answer(201, "");
    a.body_distinguishes = false;
    marked.marked = true;
    const struct {
        const struct audit_attempt *other;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {&b, 2, AUDIT_PASS},
        {&b, -1, AUDIT_PASS},
        {&no, 1, AUDIT_PASS},
        {&a, -1, AUDIT_FAIL},
        {&a, 1, AUDIT_FAIL},
        {&mute, 1, AUDIT_FAIL},
        {&mute, 2, AUDIT_PASS},
        {&mute, -1, AUDIT_INFO},
        /* It says itself that it is a replay. */
        {&marked, -1, AUDIT_FAIL},
        /* It is another thing: the ledger may not know of it. */
        {&b, 1, AUDIT_WARN},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_scope(&finding, "x", &a, rows[i].other, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void bare_and_quoted(void **state)
{
    struct audit_attempt a = answer(201, "a"), b = answer(201, "b"),
                         no = answer(400, ""), crash = answer(500, ""),
                         mute = answer(201, ""), marked = answer(201, "");
    const struct {
        const struct audit_attempt *bare, *quoted;
        int64_t effects;
        enum audit_verdict expected;
    } rows[] = {
        {&a, &a, 1, AUDIT_PASS},       {&a, &b, 2, AUDIT_INFO},
        {&a, &b, -1, AUDIT_INFO},      {&a, &no, 1, AUDIT_INFO},
        {&no, &a, 1, AUDIT_INFO},      {&no, &no, 0, AUDIT_SKIPPED},
        {&a, &crash, 1, AUDIT_FAIL},   {&mute, &mute, -1, AUDIT_INFO},
        {&mute, &mute, 1, AUDIT_PASS}, {&mute, &marked, -1, AUDIT_PASS},
    };
    mute.body_distinguishes = false;
    marked.body_distinguishes = false;
    marked.marked = true;
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_quoted(&finding, CONVENTION_IETF, rows[i].bare, rows[i].quoted,
                     rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void rejected_requests(void **state)
{
    struct audit_attempt no = answer(400, ""), other = answer(404, ""),
                         good = answer(201, "a"), crash = answer(500, "");
    const struct {
        const struct audit_attempt *again, *corrected;
        int64_t before, effects;
        enum audit_verdict expected;
    } rows[] = {
        {&no, &good, 0, 1, AUDIT_PASS},    {&no, &no, 0, 0, AUDIT_PASS},
        {&no, &good, 1, 2, AUDIT_FAIL},    {&no, &no, 1, 1, AUDIT_FAIL},
        {&no, &good, 0, 0, AUDIT_FAIL},    {&no, &good, 0, 2, AUDIT_FAIL},
        {&other, &good, 0, 1, AUDIT_WARN}, {&good, &no, -1, 1, AUDIT_WARN},
        {&no, &crash, 0, 0, AUDIT_WARN},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_rejected(&finding, &no, rows[i].again, rows[i].corrected,
                       rows[i].before, rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

static void after_the_window(void **state)
{
    struct audit_attempt good = answer(201, "a"), crash = answer(500, "");
    const struct audit_attempt *fine[] = {&good, &good};
    const struct audit_attempt *poor[] = {&good, &crash};
    const struct {
        const struct audit_attempt **attempts;
        int64_t before, effects;
        enum audit_verdict expected;
    } rows[] = {
        {fine, 1, 2, AUDIT_PASS},   {fine, 1, 1, AUDIT_PASS},
        {fine, 1, 3, AUDIT_FAIL},   {poor, 1, 2, AUDIT_WARN},
        {fine, -1, -1, AUDIT_PASS},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct finding finding = {0};
        judge_expired(&finding, rows[i].attempts, 2, rows[i].before,
                      rows[i].effects);
        assert_int_equal(finding.verdict, rows[i].expected);
    }
}

/* What is followed until it ends, and what is the last word. */
static void some_answers_ask_to_come_again(void **state)
{
    static const unsigned again[] = {408, 409, 425, 429, 503};
    static const unsigned last[] = {200, 400, 404, 422, 500, 502};
    (void)state;
    for (size_t i = 0; i < array_length(again); i++) {
        struct audit_attempt attempt = answer(again[i], "");
        assert_true(attempt_is_busy(&attempt));
    }
    for (size_t i = 0; i < array_length(last); i++) {
        struct audit_attempt attempt = answer(last[i], "");
        assert_false(attempt_is_busy(&attempt));
        attempt.has_retry_after = true;
        assert_int_equal(attempt_is_busy(&attempt), last[i] >= 500);
    }
    struct audit_attempt silent = ended(END_TIMEOUT);
    silent.status = 503;
    assert_false(attempt_is_busy(&silent));
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
        cmocka_unit_test(a_failure_that_asks_to_come_again),
        cmocka_unit_test(races),
        cmocka_unit_test(keys_that_are_not_one),
        cmocka_unit_test(scopes),
        cmocka_unit_test(bare_and_quoted),
        cmocka_unit_test(rejected_requests),
        cmocka_unit_test(after_the_window),
        cmocka_unit_test(some_answers_ask_to_come_again),
        cmocka_unit_test(the_gravest_stays_and_words_come_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
