/* What no run passes with: each way to come to nothing, with each kind of SLO,
 * and the verdict and the reason that must come of it. */
#include "measure/guard.h"

#include "base/must.h"
#include "measure/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { OPERATIONS = 20 };

/* How the attempts of a run ended, one each operation. */
struct ending {
    const char *name;
    enum outcome outcome;
    unsigned status;
    bool is_sent;
    enum verdict verdict;
    unsigned operations;
    unsigned succeeded; /* of them, whatever the others did */
    const char *reason; /* part of the guard's words */
};

static const struct ending endings[] = {
    {"404", OUTCOME_REJECTED, 404, true, VERDICT_REJECTED, OPERATIONS, 0,
     "status 404 (20 of 20 attempts), the commonest outcome rejected"},
    {"500", OUTCOME_SERVER_ERROR, 500, true, VERDICT_AMBIGUOUS, OPERATIONS, 0,
     "status 500 (20 of 20 attempts), the commonest outcome server_error"},
    {"302", OUTCOME_REDIRECTED, 302, true, VERDICT_REJECTED, OPERATIONS, 0,
     "status 302 (20 of 20 attempts), the commonest outcome redirected; -L "},
    {"401", OUTCOME_REJECTED, 401, true, VERDICT_REJECTED, OPERATIONS, 0,
     "the commonest outcome rejected; -u, with --digest"},
    {"no answer", OUTCOME_TIMEOUT, 0, true, VERDICT_AMBIGUOUS, OPERATIONS, 0,
     "none of 20 operations succeeded: no complete answer within"},
    {"refused", OUTCOME_CONNECT_REFUSED, 0, false, VERDICT_REJECTED,
     OPERATIONS, 0, "the connection was refused (20 of 20 attempts)"},
    {"TLS", OUTCOME_TLS, 0, false, VERDICT_REJECTED, OPERATIONS, 0,
     "verification failed (20 of 20 attempts); does the service speak TLS"},
    {"nothing", OUTCOME_OK, 0, false, VERDICT_SHED, 0, 0,
     "no operation was started"},
    {"half", OUTCOME_SERVER_ERROR, 500, true, VERDICT_AMBIGUOUS, OPERATIONS,
     OPERATIONS / 2, ""},
};

static const char *const slos[] = {NULL, "attempt.p99 < 1s",
                                   "success_rate >= 99%", "duplicates == 0"};
enum { SLOS = array_length(slos) };

/* By ending and SLO; of the effects everything is known. */
static const enum run_verdict verdicts[array_length(endings)][SLOS] = {
    {RUN_FAIL, RUN_FAIL, RUN_FAIL, RUN_FAIL},
    {RUN_FAIL, RUN_FAIL, RUN_FAIL, RUN_FAIL},
    {RUN_FAIL, RUN_FAIL, RUN_FAIL, RUN_FAIL},
    {RUN_FAIL, RUN_FAIL, RUN_FAIL, RUN_FAIL},
    {RUN_FAIL, RUN_FAIL, RUN_FAIL, RUN_FAIL},
    {RUN_INVALID, RUN_INVALID, RUN_FAIL, RUN_INVALID},
    {RUN_INVALID, RUN_INVALID, RUN_FAIL, RUN_INVALID},
    {RUN_INVALID, RUN_INVALID, RUN_INVALID, RUN_INVALID},
    /* No response was lost and nothing was retried: nobody knows of
     * duplicates, and what was not measured is not met. */
    {RUN_DONE, RUN_PASS, RUN_FAIL, RUN_FAIL},
};

static void operate(struct tally *tally, const struct ending *ending,
                    bool succeeds)
{
    struct fact fact = {.kind = FACT_STARTED, .at = {NS_PER_S}};
    fact.started.intended = fact.at;
    tally_take(tally, &fact);
    if (ending->is_sent) {
        fact.kind = FACT_SENT;
        fact.sent.kind = ATTEMPT_FIRST;
        tally_take(tally, &fact);
    }
    fact.kind = FACT_DONE;
    memset(&fact.done, 0, sizeof(fact.done));
    fact.done.kind = ATTEMPT_FIRST;
    fact.done.outcome = succeeds ? OUTCOME_OK : ending->outcome;
    fact.done.status = (uint16_t)(succeeds ? 200 : ending->status);
    fact.done.was_sent = ending->is_sent;
    fact.done.latency = duration_ms(1);
    fact.done.first_byte = fact.done.connect = NOT_MEASURED;
    tally_take(tally, &fact);
    fact.kind = FACT_FINISHED;
    memset(&fact.finished, 0, sizeof(fact.finished));
    fact.finished.verdict = succeeds ? VERDICT_SUCCEEDED : ending->verdict;
    fact.finished.intended = (struct instant){NS_PER_S};
    fact.finished.attempts = ending->is_sent;
    tally_take(tally, &fact);
}

static bool is_of_success(const char *expression)
{
    static const char *const metrics[] = {"success_rate", "error_rate",
                                          "succeeded", "goodput"};
    for (size_t i = 0; i < array_length(metrics); i++) {
        if (strncmp(expression, metrics[i], strlen(metrics[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void check(const struct ending *ending, const char *expression,
                  enum run_verdict expected)
{
    static const char *const name = "one";
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct slo slo;
    char problem[100];
    size_t at;
    struct effect_figures effects = {.oracle = ORACLE_LEDGER,
                                     .operations_checked = OPERATIONS};
    struct result result;

    assert_true(!expression ||
                slo_parse(&slo, expression, problem, sizeof(problem), &at));
    tally_init(
        &tally, &arena,
        &(struct tally_config){.requests = 1, .load_length = duration_s(4)});
    for (unsigned i = 0; i < ending->operations; i++) {
        operate(&tally, ending, i < ending->succeeded);
    }
    tally_check(&tally);
    result_compute(&result, &arena,
                   &(struct result_input){.tally = &tally,
                                          .request_count = 1,
                                          .request_names = &name,
                                          .measured = duration_s(4),
                                          .effects = &effects,
                                          .complete = true,
                                          .slos = &slo,
                                          .slo_count = expression != NULL});
    if (result.verdict != expected) {
        fail_msg("%s, %s: %s for %s", ending->name,
                 expression ? expression : "no SLO",
                 run_verdict_name(result.verdict), run_verdict_name(expected));
    }
    bool speaks = expression && is_of_success(expression);
    if (speaks && ending->operations > 0) {
        assert_string_equal(result.problem, "");
        assert_true(result.judgements[0].measured);
    } else if (!strstr(result.problem, ending->reason)) {
        fail_msg("%s: %s", ending->name, result.problem);
    } else if (speaks) {
        assert_false(result.judgements[0].measured);
    }
    assert_int_equal(result.problem[0] != '\0',
                     ending->reason[0] && !(speaks && ending->operations));
    arena_release(&arena);
}

static void test_the_table_of_verdicts(void **state)
{
    (void)state;
    for (size_t e = 0; e < array_length(endings); e++) {
        for (size_t s = 0; s < SLOS; s++) {
            check(&endings[e], slos[s], verdicts[e][s]);
        }
    }
}

/* A service that is to be down, or to refuse, can be asked for. */
static void test_a_failure_that_was_asked_for_passes(void **state)
{
    (void)state;
    check(&endings[0], "success_rate <= 0%", RUN_PASS);
    check(&endings[4], "success_rate <= 0%", RUN_PASS);
    check(&endings[4], "error_rate >= 100%", RUN_PASS);
    check(&endings[4], "succeeded == 0", RUN_PASS);
    check(&endings[4], "goodput <= 0/s", RUN_PASS);
    check(&endings[0], "rejected >= 0", RUN_FAIL); /* is not of success */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_of_verdicts),
        cmocka_unit_test(test_a_failure_that_was_asked_for_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
