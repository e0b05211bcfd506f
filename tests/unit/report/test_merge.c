/* The merge of two reports is the report of both runs together: squall merges
 * the tallies of workers, and the document of those is what a merge of two
 * documents is held against, member by member. What it cannot know is null,
 * and said. Reports that cannot be merged are refused. */
#include "report/merge.h"

#include "base/must.h"
#include "report/hdr.h"
#include "report/schema.h"
#include "report/text_part.h"
#include "report/validate.h"

#include "sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const argv[] = {"squall", "report", "merge", "a", "b"};

static const uint32_t all_layers = (1u << LAYER_COUNT) - 1;

static struct sample a, b, both;
static cJSON *of_a, *of_b, *of_both;

static cJSON *document_of(struct sample *sample, const char *id,
                          int64_t offset_us)
{
    sample->run.id = id;
    sample->run.measured_unix_us += offset_us;
    return document_make(&sample->result, &sample->plan, &sample->run);
}

static int make(void **state)
{
    (void)state;
    sample_make_seeded(&a, false, all_layers, 1);
    sample_make_seeded(&b, false, all_layers, 77);
    memset(&both, 0, sizeof(both));
    sample_tally(&both, all_layers);
    tally_merge(&both.tally, &a.tally);
    tally_merge(&both.tally, &b.tally);
    sample_plan(&both);
    both.plan.policy.budget.type = BUDGET_TOKEN_BUCKET;
    sample_compute(&both, false);
    of_a = document_of(&a, "a", 0);
    of_b = document_of(&b, "b", 0);
    of_both = document_of(&both, "both", 0);
    return 0;
}

static int release(void **state)
{
    (void)state;
    cJSON_Delete(of_a);
    cJSON_Delete(of_b);
    cJSON_Delete(of_both);
    sample_release(&a);
    sample_release(&b);
    cJSON_Delete(both.plan.profile);
    arena_release(&both.arena);
    return 0;
}

static cJSON *merge(const cJSON *one, const cJSON *other,
                    struct errors *errors)
{
    struct merge_input inputs[] = {{"a.json", one}, {"b.json", other}};
    return merge_reports(inputs, 2, (int)array_length(argv), argv, errors);
}

/* "requests.0.latency" as "requests[].latency". */
static void generalise(const char *path, char *out, size_t size)
{
    size_t length = 0;

    for (; *path && length + 4 < size; path++) {
        if (path[0] == '.' && path[1] >= '0' && path[1] <= '9') {
            length += (size_t)snprintf(out + length, size - length, "[]");
            while (path[1] >= '0' && path[1] <= '9') {
                path++;
            }
        } else {
            out[length++] = *path;
        }
    }
    out[length] = '\0';
}

static const char *reason_of(const cJSON *merged, const char *path)
{
    char general[200];
    const cJSON *one;

    generalise(path, general, sizeof(general));
    cJSON_ArrayForEach(one, text_find(merged, "merge.not_merged"))
    {
        if (strcmp(text_string(one, "path"), general) == 0) {
            return text_string(one, "reason");
        }
    }
    return NULL;
}

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), size = strlen(end);
    return length >= size && strcmp(path + length - size, end) == 0;
}

static size_t compared, unknown;

static void assert_number(const char *path, double got, double wanted)
{
    /* Of means that each report rounds to microseconds; and of deviations. */
    bool is_rounded = ends_with(path, "mean_us") || ends_with(path, "dev_us");
    double off = is_rounded ? 1.5 : 1e-9 * fabs(wanted);

    if (fabs(got - wanted) > off) {
        fail_msg("%s is %.17g, of both runs %.17g", path, got, wanted);
    }
}

static void assert_hdr(const char *path, const char *got, const char *wanted)
{
    static uint64_t one[HIST_BUCKETS], other[HIST_BUCKETS];

    if (!hdr_read(got, one) || !hdr_read(wanted, other)) {
        fail_msg("%s is no histogram", path);
    }
    assert_memory_equal(one, other, sizeof(one));
}

static void compare(const cJSON *merged, const char *path, const cJSON *got,
                    const cJSON *wanted)
{
    char below[200];
    const cJSON *child;
    int index = 0;

    if (cJSON_IsNull(got) && !cJSON_IsNull(wanted)) {
        unknown++;
        if (!reason_of(merged, path)) {
            fail_msg("%s is null, without a reason", path);
        }
    } else if (cJSON_IsNumber(wanted)) {
        compared++;
        assert_true(cJSON_IsNumber(got));
        assert_number(path, got->valuedouble, wanted->valuedouble);
    } else if (ends_with(path, ".hdr") && cJSON_IsString(wanted)) {
        assert_hdr(path, got->valuestring, wanted->valuestring);
    } else if (!cJSON_IsObject(wanted) && !cJSON_IsArray(wanted)) {
        if (!cJSON_Compare(got, wanted, true)) {
            fail_msg("%s differs", path);
        }
    }
    cJSON_ArrayForEach(child, wanted)
    {
        const cJSON *other =
            child->string
                ? cJSON_GetObjectItemCaseSensitive(got, child->string)
                : cJSON_GetArrayItem(got, index);
        char number[16];
        snprintf(number, sizeof(number), "%d", index++);
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "",
                 child->string ? child->string : number);
        if (!cJSON_IsNull(got)) {
            if (!other) {
                fail_msg("%s is not there", below);
            }
            compare(merged, below, other, child);
        }
    }
}

static void is_the_report_of_both_runs(void **state)
{
    static const char *const apart[] = {"schema",  "tool",   "run",      "slo",
                                        "verdict", "policy", "generator"};
    struct errors errors = ERRORS_INIT;
    cJSON *merged = merge(of_a, of_b, &errors);

    (void)state;
    assert_non_null(merged);
    assert_true(report_validate(merged, &errors));
    cJSON *wanted = cJSON_Duplicate(of_both, true);
    for (size_t i = 0; i < array_length(apart); i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(wanted, apart[i]);
    }
    compare(merged, "", merged, wanted);
    assert_in_range(compared, 800, 1000000);
    assert_true(unknown > 0);
    /* Where clients come into it, those of two runs are twice as many. */
    static const char *const blocks[] = {"retry_budget", "concurrency",
                                         "rate_limit", "throttle", "hedge"};
    for (size_t i = 0; i < array_length(blocks); i++) {
        char path[64];
        snprintf(path, sizeof(path), "policy.%s", blocks[i]);
        compare(merged, path, text_find(merged, path),
                text_find(of_both, path));
    }
    assert_int_equal(text_number(merged, "policy.breaker.opened"),
                     text_number(of_both, "policy.breaker.opened"));
    assert_int_equal(text_number(merged, "run.measured_us"), 10000000);
    assert_int_equal(text_number(merged, "merge.overlap_us"), 10000000);
    assert_string_equal(text_string(merged, "run.measured_from"),
                        "2026-01-01T00:00:02.123456Z");
    cJSON_Delete(wanted);
    cJSON_Delete(merged);
}

/* A second run, 30.4 s later. */
static void lays_runs_on_the_wall_clock(void **state)
{
    struct errors errors = ERRORS_INIT;
    cJSON *later = cJSON_Duplicate(of_b, true);

    (void)state;
    cJSON_ReplaceItemInObject(
        cJSON_GetObjectItem(later, "run"), "measured_from",
        cJSON_CreateString("2026-01-01T00:00:32.523456Z"));
    cJSON *merged = merge(of_a, later, &errors);
    assert_non_null(merged);
    assert_int_equal(text_number(merged, "run.measured_us"), 20000000);
    assert_int_equal(text_number(merged, "merge.overlap_us"), 0);
    assert_true(text_number(merged, "merge.reports.1.offset_us") !=
                text_number(merged, "merge.covered_us"));
    const cJSON *series = text_find(merged, "series");
    double sum = 0;
    for (int i = 0; i < cJSON_GetArraySize(series); i++) {
        const cJSON *point = cJSON_GetArrayItem(series, i);
        assert_int_equal(text_number(point, "t_s"), i);
        sum += text_number(point, "offered");
    }
    assert_int_equal(sum, text_number(merged, "operations.offered"));
    const cJSON *in_the_gap = cJSON_GetArrayItem(series, 20);
    assert_int_equal(text_number(in_the_gap, "offered"), 0);
    assert_true(cJSON_IsNull(text_find(in_the_gap, "success_p99_us")));
    /* Its 0 counts from 30.4 s on, so in the thirtieth second. */
    assert_int_equal(
        text_number(cJSON_GetArrayItem(series, 30), "offered"),
        text_number(cJSON_GetArrayItem(text_find(later, "series"), 0),
                    "offered"));
    assert_true(text_number(merged, "amplification.peak_1s") > 1);
    assert_true(fabs(text_number(merged, "rates.operations_per_s") * 20 -
                     text_number(of_a, "rates.operations_per_s") * 10 -
                     text_number(of_b, "rates.operations_per_s") * 10) < 1e-6);
    cJSON_Delete(merged);
    cJSON_Delete(later);
}

static cJSON *with_ledger(struct sample *sample, const char *id, uint64_t seed)
{
    sample_make_seeded(sample, true, 0, seed);
    return document_of(sample, id, seed == 1 ? 0 : 60000000);
}

static void adds_effects_of_one_oracle(void **state)
{
    static const char *const sums[] = {"operations_checked",
                                       "exactly_once",
                                       "duplicate",
                                       "lost",
                                       "phantom",
                                       "extra_effects",
                                       "foreign",
                                       "table.succeeded.1"};
    struct sample one, other;
    struct errors errors = ERRORS_INIT;
    cJSON *first = with_ledger(&one, "1", 1);
    cJSON *second = with_ledger(&other, "2", 5);
    cJSON *merged = merge(first, second, &errors);

    (void)state;
    assert_non_null(merged);
    assert_true(report_validate(merged, &errors));
    for (size_t i = 0; i + 1 < array_length(sums); i++) {
        char path[64];
        snprintf(path, sizeof(path), "effects.%s", sums[i]);
        assert_int_equal(text_number(merged, path),
                         text_number(first, path) + text_number(second, path));
    }
    assert_true(text_number(merged, "effects.lost") > 0);
    assert_true(text_number(merged, "effects.ratios.duplicate") ==
                text_number(merged, "effects.duplicate") /
                    text_number(merged, "effects.operations_checked"));
    cJSON_Delete(merged);
    /* One without a ledger: nothing is said of both. */
    merged = merge(first, of_b, &errors);
    assert_non_null(merged);
    assert_true(report_validate(merged, &errors));
    assert_string_equal(text_string(merged, "effects.oracle"), "none");
    assert_non_null(strstr(text_string(merged, "effects.problem"), "b.json"));
    assert_true(cJSON_IsNull(text_find(merged, "effects.duplicate")));
    assert_non_null(reason_of(merged, "effects"));
    cJSON_Delete(merged);
    cJSON_Delete(first);
    cJSON_Delete(second);
    sample_release(&one);
    sample_release(&other);
}

static void assert_refused(const cJSON *other, const char *words)
{
    struct errors errors = ERRORS_INIT;

    assert_null(merge(of_a, other, &errors));
    assert_int_equal(errors_exit_status(&errors), 2);
    assert_string_equal(errors.list[0].file, "b.json");
    if (!strstr(errors.list[0].text, words)) {
        fail_msg("no \"%s\" in \"%s\"", words, errors.list[0].text);
    }
}

static void refuses_what_it_cannot_merge(void **state)
{
    (void)state;
    cJSON *other = cJSON_Duplicate(of_b, true);
    cJSON *run = cJSON_GetObjectItem(other, "run");
    cJSON_ReplaceItemInObject(run, "id", cJSON_CreateString("a"));
    assert_refused(other, "of the same run");
    cJSON_ReplaceItemInObject(run, "id", cJSON_CreateString("b"));
    cJSON_ReplaceItemInObject(run, "measured_from",
                              cJSON_CreateString("yesterday"));
    assert_refused(other, "no date");
    cJSON_DeleteItemFromObject(run, "threads");
    assert_refused(other, "has no member threads");
    cJSON_ReplaceItemInObject(other, "schema",
                              cJSON_CreateString("squall.audit/1"));
    assert_refused(other, "no report of a run");
    cJSON_Delete(other);

    other = cJSON_Duplicate(of_b, true);
    cJSON *attempt =
        cJSON_GetObjectItem(cJSON_GetObjectItem(other, "latency"), "attempt");
    cJSON_ReplaceItemInObject(attempt, "hdr", cJSON_CreateString("HISTFAAA"));
    assert_refused(other, "its hdr holds no histogram");
    cJSON_Delete(other);

    struct errors errors = ERRORS_INIT;
    cJSON *merged = merge(of_a, of_b, &errors);
    assert_refused(merged, "a merge itself");
    cJSON_Delete(merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_report_of_both_runs),
        cmocka_unit_test(lays_runs_on_the_wall_clock),
        cmocka_unit_test(adds_effects_of_one_oracle),
        cmocka_unit_test(refuses_what_it_cannot_merge),
    };
    return cmocka_run_group_tests(tests, make, release);
}
