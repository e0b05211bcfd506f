/* What is written to a journal is read from it: all of it, in order, whatever
 * the operations that were written at the same time. */
#include "host/journal.h"

#include "base/must.h"
#include "base/rng.h"
#include "policy/key.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { OPEN_AT_ONCE = 50, ATTEMPTS_MAX = 40 };

/* An operation that is not over. */
struct pending {
    uint64_t operation;
    uint64_t chain;
    unsigned attempts, wanted;
};

static struct errors errors;

/* The key of an attempt is a function of it, of any length up to the most. */
static struct event_key key_for(uint64_t operation, unsigned attempt,
                                char *text)
{
    size_t length = (operation * 7 + attempt * 13) % (KEY_MAX + 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('a' + (operation + attempt + i) % 26);
    }
    return (struct event_key){text, length};
}

static void begin(struct pending *pending, uint64_t operation, struct rng *rng)
{
    bool many = rng_below(rng, 50) == 0;
    *pending = (struct pending){
        .operation = operation,
        .wanted = (unsigned)rng_below(rng, many ? ATTEMPTS_MAX : 4),
    };
}

static void write_operation(struct journal_part *part, struct pending *pending)
{
    char text[KEY_MAX];
    struct event_key key;

    if (pending->attempts < pending->wanted) {
        pending->attempts++;
        struct event_attempt attempt = {
            .operation = pending->operation,
            .number = pending->attempts,
            .done = {(int64_t)pending->operation * 1000 + pending->attempts},
        };
        key = key_for(pending->operation, attempt.number, text);
        journal_attempt(part, &attempt, &key, &pending->chain);
        return;
    }
    struct event_operation operation = {
        .operation = pending->operation,
        .attempts = pending->wanted,
    };
    key = key_for(pending->operation, 0, text);
    journal_operation(part, &operation, &key, &pending->chain);
}

/* Writes `count` operations, many at the same time. Returns the attempts. */
static uint64_t write_all(struct journal *journal, size_t parts,
                          uint64_t count, struct rng *rng)
{
    uint64_t attempts = 0;
    for (size_t p = 0; p < parts; p++) {
        struct pending open[OPEN_AT_ONCE];
        size_t opened = 0;
        uint64_t begun = 0;
        while (begun < count || opened > 0) {
            if (begun < count && opened < OPEN_AT_ONCE) {
                begin(&open[opened], begun++ * parts + p, rng);
                attempts += open[opened++].wanted;
                continue;
            }
            size_t i = (size_t)rng_below(rng, opened);
            bool ends = open[i].attempts == open[i].wanted;
            write_operation(journal_part(journal, p), &open[i]);
            if (ends) {
                open[i] = open[--opened];
            }
        }
    }
    return attempts;
}

static void assert_key(const struct event_key *key, uint64_t operation,
                       unsigned attempt)
{
    char text[KEY_MAX];
    struct event_key wanted = key_for(operation, attempt, text);
    assert_int_equal(key->length, wanted.length);
    assert_memory_equal(key->text, wanted.text, wanted.length);
}

/* Returns the attempts of the trace. */
static uint64_t assert_trace(const struct event_trace *trace)
{
    uint64_t operation = trace->operation.operation;
    assert_int_equal(trace->attempt_count, trace->operation.attempts);
    assert_key(&trace->key, operation, 0);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct event_attempt *attempt = &trace->attempts[i];
        assert_int_equal(attempt->operation, operation);
        assert_int_equal(attempt->number, i + 1);
        assert_int_equal(attempt->done.ns,
                         (int64_t)operation * 1000 + attempt->number);
        assert_key(&trace->keys[i], operation, attempt->number);
    }
    return trace->attempt_count;
}

static struct journal *new_journal(size_t parts)
{
    errors = (struct errors)ERRORS_INIT;
    struct journal *journal = journal_new("/tmp", parts, &errors);
    errors_print(&errors, stderr);
    assert_non_null(journal);
    return journal;
}

/* Small, and as large as many blocks and many windows of the reader; not more
 * than the blocks hold, for nothing here waits for the disk. */
static void test_all_is_read(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 10, 5000};
    for (size_t c = 0; c < array_length(counts); c++) {
        for (size_t parts = 1; parts <= 3; parts += 2) {
            struct rng rng = rng_stream(7 + c, RNG_JITTER, parts);
            struct journal *journal = new_journal(parts);
            uint64_t written = write_all(journal, parts, counts[c], &rng);
            assert_true(journal_end(journal, &errors));

            /* Twice: events are read, and dead letters. */
            for (int reading = 0; reading < 2; reading++) {
                struct journal_reader *reader = journal_read(journal);
                const struct event_trace *trace;
                uint64_t operations = 0, attempts = 0, sum = 0;
                while ((trace = journal_next(reader))) {
                    operations++;
                    sum += trace->operation.operation;
                    attempts += assert_trace(trace);
                }
                uint64_t total = counts[c] * parts;
                assert_int_equal(operations, total);
                assert_int_equal(sum, total ? total * (total - 1) / 2 : 0);
                assert_int_equal(attempts, written);
                assert_false(journal_reader_failed(reader));
                journal_reader_free(reader);
            }
            journal_free(journal);
        }
    }
}

/* Hedges and duplicates end out of order, and are written in order. */
static void test_attempts_are_put_in_order(void **state)
{
    (void)state;
    static const struct {
        unsigned number;
        enum attempt_kind kind;
    } ended[] = {{3, ATTEMPT_HEDGE},
                 {1, ATTEMPT_DUPLICATE},
                 {2, ATTEMPT_RETRY},
                 {1, ATTEMPT_FIRST}};
    struct journal *journal = new_journal(1);
    struct event_key none = {NULL, 0};
    uint64_t chain = 0;

    for (size_t i = 0; i < array_length(ended); i++) {
        struct event_attempt attempt = {.number = ended[i].number,
                                        .kind = (uint8_t)ended[i].kind};
        journal_attempt(journal_part(journal, 0), &attempt, &none, &chain);
    }
    struct event_operation operation = {.attempts = 3};
    journal_operation(journal_part(journal, 0), &operation, &none, &chain);
    assert_true(journal_end(journal, &errors));
    struct journal_reader *reader = journal_read(journal);
    const struct event_trace *trace = journal_next(reader);
    assert_non_null(trace);
    assert_int_equal(trace->attempt_count, 4);
    assert_int_equal(trace->attempts[0].kind, ATTEMPT_FIRST);
    assert_int_equal(trace->attempts[1].kind, ATTEMPT_DUPLICATE);
    assert_int_equal(trace->attempts[2].kind, ATTEMPT_RETRY);
    assert_int_equal(trace->attempts[3].kind, ATTEMPT_HEDGE);
    assert_null(journal_next(reader));
    journal_reader_free(reader);
    journal_free(journal);
}

static void test_a_folder_that_is_none(void **state)
{
    (void)state;
    errors = (struct errors)ERRORS_INIT;
    assert_null(journal_new("/dev/null", 2, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors_exit_status(&errors), 3);
    assert_non_null(strstr(errors.list[0].text, "/dev/null"));
}

/* What a file that may not grow still holds is whole, and the loss is
 * reported. */
static void test_a_full_disk(void **state)
{
    (void)state;
    struct rlimit before, small = {1000 * 1000, 1000 * 1000};
    struct rng rng = rng_stream(1, RNG_JITTER, 0);

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct journal *journal = new_journal(1);
    write_all(journal, 1, 9000, &rng);
    assert_false(journal_end(journal, &errors));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors_exit_status(&errors), 3);
    assert_non_null(strstr(errors.list[0].text, "ends early"));

    struct journal_reader *reader = journal_read(journal);
    const struct event_trace *trace;
    uint64_t operations = 0;
    while ((trace = journal_next(reader))) {
        assert_trace(trace);
        operations++;
    }
    assert_in_range(operations, 1000, 8000);
    assert_false(journal_reader_failed(reader));
    journal_reader_free(reader);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_read),
        cmocka_unit_test(test_attempts_are_put_in_order),
        cmocka_unit_test(test_a_folder_that_is_none),
        cmocka_unit_test(test_a_full_disk),
    };
    return cmocka_run_group_tests_name("host/journal", tests, NULL, NULL);
}
