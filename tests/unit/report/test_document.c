/* The document says what the run measured, and has the form that the schema
 * reports. */
#include "report/schema.h"
#include "report/text.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sample sample;
static cJSON *document;

/* Ten dead letters: 8 were ambiguous, and one of these still is. */
static const struct replayed replayed = {
    .dead_letters = 10,
    .sent = 9,
    .unstarted = 1,
    .before = {[VERDICT_AMBIGUOUS] = 8, [VERDICT_REJECTED] = 2},
    .after = {[VERDICT_SUCCEEDED] = 9, [VERDICT_AMBIGUOUS] = 1},
    .has_classes = true,
    .classes = {[EFFECT_EXACTLY_ONCE] = 7,
                [EFFECT_DUPLICATE] = 2,
                [EFFECT_UNRESOLVED_DONE] = 1},
    .ambiguous = {[EFFECT_EXACTLY_ONCE] = 5,
                  [EFFECT_DUPLICATE] = 2,
                  [EFFECT_UNRESOLVED_DONE] = 1},
};

static int make(void **state)
{
    (void)state;
    sample_make(&sample, true);
    sample.run.replayed = &replayed;
    sample.run.dead_letters = "dead.ndjson";
    document = document_make(&sample.result, &sample.plan, &sample.run);
    return 0;
}

static int release(void **state)
{
    (void)state;
    cJSON_Delete(document);
    sample_release(&sample);
    return 0;
}

static const cJSON *find(const cJSON *object, const char *path)
{
    char copy[200];
    char *rest = copy;
    snprintf(copy, sizeof(copy), "%s", path);
    while (rest) {
        char *name = strsep(&rest, ".");
        char *end;
        long index = strtol(name, &end, 10);
        object = *name && !*end && cJSON_IsArray(object)
                     ? cJSON_GetArrayItem(object, (int)index)
                     : cJSON_GetObjectItemCaseSensitive(object, name);
        if (!object) {
            fail_msg("no %s in %s", name, path);
        }
    }
    return object;
}

static uint64_t count_at(const char *path)
{
    const cJSON *item = find(document, path);
    assert_true(cJSON_IsNumber(item));
    return (uint64_t)item->valuedouble;
}

static const char *text_at(const char *path)
{
    const cJSON *item = find(document, path);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

static uint64_t sum_of(const cJSON *object)
{
    const cJSON *item;
    double sum = 0;
    cJSON_ArrayForEach(item, object)
    {
        sum += item->valuedouble;
    }
    return (uint64_t)sum;
}

/* The sample's numbers are known: 2000 of 20000 operations warm up. */
static void counts_what_was_recorded(void **state)
{
    const struct panel *total = &sample.tally.total;
    (void)state;
    assert_int_equal(count_at("operations.offered"), 18000);
    assert_int_equal(count_at("operations.started"), 18000);
    assert_int_equal(count_at("operations.dropped"), 0);
    assert_int_equal(
        count_at("operations.succeeded") + count_at("operations.rejected") +
            count_at("operations.ambiguous") + count_at("operations.shed"),
        18000);
    assert_int_equal(sum_of(find(document, "operations.reasons")), 18000);
    assert_int_equal(count_at("attempts.total"), total->attempts);
    assert_int_equal(count_at("attempts.first"), 18000);
    assert_int_equal(count_at("attempts.retries"), total->attempts - 18000);
    assert_int_equal(sum_of(find(document, "attempts.by_outcome")),
                     total->attempts);
    assert_int_equal(count_at("attempts.by_status.201"),
                     count_at("attempts.by_outcome.ok"));
    assert_int_equal(count_at("latency.operation.count"), 18000);
    assert_int_equal(count_at("latency.attempt.count"),
                     count_at("attempts.on_wire"));
    assert_int_equal(count_at("faults.lost_response.injected"),
                     count_at("attempts.by_outcome.timeout"));
    assert_int_equal(count_at("amplification.not_sent") +
                         sum_of(find(document, "amplification.histogram")),
                     18000);
    double weighted = 0;
    const cJSON *histogram = find(document, "amplification.histogram");
    for (int i = 0; i < cJSON_GetArraySize(histogram); i++) {
        weighted += (i + 1) * cJSON_GetArrayItem(histogram, i)->valuedouble;
    }
    assert_int_equal((uint64_t)weighted, count_at("attempts.on_wire"));
}

static void tells_the_effects(void **state)
{
    (void)state;
    assert_string_equal(text_at("effects.oracle"), "ledger");
    assert_int_equal(count_at("effects.operations_checked"), 18000);
    /* Operation 5000 was robbed of its effects, 6000 was given a second. */
    assert_int_equal(count_at("effects.lost"), 1);
    assert_int_equal(count_at("effects.single_attempt"), 1);
    assert_int_equal(count_at("effects.foreign"), 3);
    assert_int_equal(count_at("effects.foreign_ids"), 1);
    assert_int_equal(count_at("effects.delivered_lost_responses"),
                     count_at("faults.lost_response.delivered"));
    assert_int_equal(sum_of(find(document, "effects.table.succeeded")),
                     count_at("operations.succeeded"));
    assert_int_equal(count_at("effects.total_effects"),
                     count_at("attempts.on_wire"));
    assert_true(cJSON_IsNull(find(document, "effects.upper_bound_95.lost")));
    assert_float_equal(
        find(document, "effects.upper_bound_95.phantom")->valuedouble,
        3.0 / 18000, 1e-15);
    assert_float_equal(find(document, "effects.ratios.lost")->valuedouble,
                       1.0 / 18000, 1e-15);
}

static void examples_can_be_followed(void **state)
{
    char key[KEY_MAX];
    struct key_subject subject = {
        .run = sample.plan.run, .operation = 5000, .attempt = 1};
    (void)state;

    key_render(&sample.plan.policy.key, &subject, key, sizeof(key));
    assert_string_equal(text_at("effects.examples.0.class"), "lost");
    assert_string_equal(text_at("effects.examples.0.id"), "1122334455-5000");
    assert_string_equal(text_at("effects.examples.0.key"), key);
    assert_string_equal(text_at("effects.examples.1.class"), "duplicate");
    assert_string_equal(text_at("effects.examples.1.trace.0.kind"), "first");
    assert_string_equal(text_at("effects.examples.1.trace.0.fault"),
                        "lost_response");
    assert_true(
        cJSON_IsNull(find(document, "effects.examples.1.trace.0.status")));
    assert_int_equal(count_at("effects.examples.1.trace.0.done_us") -
                         count_at("effects.examples.1.trace.0.sent_us"),
                     200000);
    assert_int_equal(count_at("effects.examples.1.trace.1.status"), 201);
}

static void says_what_was_run(void **state)
{
    (void)state;
    assert_string_equal(text_at("schema"), "squall.report/1");
    assert_string_equal(text_at("run.started_at"), "2026-01-01T00:00:00.123Z");
    assert_string_equal(text_at("run.measured_from"),
                        "2026-01-01T00:00:02.123456Z");
    assert_string_equal(text_at("run.seed"), "18364758544493064720");
    assert_string_equal(text_at("run.argv.3"), "Authorization: ***");
    assert_string_equal(text_at("run.target"),
                        "http://***@localhost:8080/orders");
    assert_int_equal(count_at("run.measured_us"), 10000000);
    assert_string_equal(text_at("verdict"), "fail");
    assert_true(cJSON_IsTrue(find(document, "slo.1.pass")));
    assert_true(cJSON_IsFalse(find(document, "slo.2.pass")));
    assert_string_equal(text_at("slo.0.unit"), "us");
    /* The warm-up is no phase. */
    assert_int_equal(cJSON_GetArraySize(find(document, "phases")), 3);
    assert_string_equal(text_at("phases.0.name"), "base");
    assert_int_equal(count_at("phases.0.operations.started") +
                         count_at("phases.1.operations.started") +
                         count_at("phases.2.operations.started"),
                     18000);
    char *text = cJSON_Print(document);
    assert_null(strstr(text, "secret"));
    assert_null(strstr(text, "Bearer"));
    free(text);
}

static void survives_printing(void **state)
{
    (void)state;
    char *text = cJSON_Print(document);
    cJSON *again = cJSON_Parse(text);
    assert_true(cJSON_Compare(document, again, true));
    cJSON_Delete(again);
    free(text);
}

/* Rows at round numbers, without gaps, that hold every operation once; each
 * count is held against a walk over all buckets. */
static void rows_cover_the_histogram(void **state)
{
    const cJSON *rows = find(document, "operation_histogram");
    const struct hist *hist = &sample.tally.total.hist[HISTOGRAM_OPERATION];
    double expected_low = -1, sum = 0;
    const cJSON *row;
    (void)state;

    assert_in_range(cJSON_GetArraySize(rows), 10, 30);
    cJSON_ArrayForEach(row, rows)
    {
        double low = find(row, "low_us")->valuedouble;
        double high = find(row, "high_us")->valuedouble;
        size_t cursor = 0;
        int64_t from, to;
        uint64_t count, within = 0;
        assert_true(low < high);
        assert_true(expected_low < 0 || low == expected_low);
        expected_low = high;
        while (hist_next(hist, &cursor, &from, &to, &count)) {
            int64_t value = to < hist->max_us ? to : hist->max_us;
            if ((double)value >= low && (double)value < high) {
                within += count;
            }
        }
        assert_int_equal((uint64_t)find(row, "count")->valuedouble, within);
        sum += (double)within;
    }
    assert_int_equal((uint64_t)sum, hist->count);
}

static const cJSON *resolve(const cJSON *root, const cJSON *schema)
{
    const cJSON *either = cJSON_GetObjectItem(schema, "anyOf");
    if (either) {
        schema = cJSON_GetArrayItem(either, 0);
    }
    const cJSON *reference = cJSON_GetObjectItem(schema, "$ref");
    if (reference) {
        const char *name = strrchr(reference->valuestring, '/') + 1;
        schema = find(find(root, "$defs"), name);
    }
    return schema;
}

/* Every member of the document is in the schema and every member of the
 * schema is in the document, whose lists the sample fills. */
static void compare_forms(const cJSON *root, const cJSON *schema,
                          const cJSON *value, const char *path)
{
    char below[400];
    schema = resolve(root, schema);
    const cJSON *properties = cJSON_GetObjectItem(schema, "properties");
    const cJSON *required = cJSON_GetObjectItem(schema, "required");
    const cJSON *values = cJSON_GetObjectItem(schema, "additionalProperties");
    const cJSON *items = cJSON_GetObjectItem(schema, "items");
    const cJSON *item;

    if (properties && !cJSON_IsNull(value)) {
        assert_true(cJSON_IsObject(value));
        cJSON_ArrayForEach(item, required)
        {
            if (!cJSON_GetObjectItemCaseSensitive(value, item->valuestring)) {
                fail_msg("no %s in %s", item->valuestring, path);
            }
        }
    }
    cJSON_ArrayForEach(item, value)
    {
        const cJSON *form =
            cJSON_IsArray(value) ? items
            : properties
                ? cJSON_GetObjectItemCaseSensitive(properties, item->string)
                : values;
        snprintf(below, sizeof(below), "%s.%s", path,
                 item->string ? item->string : "[]");
        if (!form && strcmp(path, "report.profile") != 0 &&
            strncmp(path, "report.profile.", 15) != 0) {
            fail_msg("%s is not in the schema", below);
        }
        if (form) {
            compare_forms(root, form, item, below);
        }
    }
}

static void has_the_form_of_the_schema(void **state)
{
    (void)state;
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    compare_forms(schema, schema, document, "report");
    assert_true(cJSON_GetArraySize(find(document, "requests")) > 0);
    assert_true(cJSON_GetArraySize(find(document, "series")) > 0);
    assert_true(cJSON_GetArraySize(find(document, "slo")) > 0);
    assert_true(cJSON_IsObject(find(document, "generator.schedule_lag")));
    cJSON_Delete(schema);
}

static void reports_what_became_of_dead_letters(void **state)
{
    (void)state;
    assert_string_equal(text_at("replay.file"), "dead.ndjson");
    assert_int_equal(count_at("replay.dead_letters"), 10);
    assert_int_equal(count_at("replay.sent"), 9);
    assert_int_equal(count_at("replay.unstarted"), 1);
    assert_int_equal(count_at("replay.earlier.ambiguous"), 8);
    assert_int_equal(count_at("replay.verdicts.succeeded"), 9);
    assert_int_equal(count_at("replay.resolved.duplicate"), 2);
    assert_int_equal(count_at("replay.ambiguous_resolved.exactly_once"), 5);
    assert_int_equal(count_at("replay.still_unresolved"), 1);
    assert_int_equal(count_at("replay.still_open"), 1);
    assert_int_equal(sum_of(find(document, "replay.earlier")), 10);
    assert_int_equal(sum_of(find(document, "replay.verdicts")), 10);

    struct replayed unread = replayed;
    unread.has_classes = false;
    sample.run.replayed = &unread;
    cJSON *made = document_make(&sample.result, &sample.plan, &sample.run);
    assert_true(cJSON_IsNull(find(made, "replay.resolved")));
    assert_true(cJSON_IsNull(find(made, "replay.ambiguous_resolved")));
    assert_int_equal(find(made, "replay.still_unresolved")->valueint, 1);
    cJSON_Delete(made);
    sample.run.replayed = NULL;
    made = document_make(&sample.result, &sample.plan, &sample.run);
    assert_true(cJSON_IsNull(find(made, "replay")));
    cJSON_Delete(made);
    sample.run.replayed = &replayed;
}

static void no_ledger_is_null_and_never_0(void **state)
{
    static struct sample other;
    const cJSON *item;
    (void)state;

    sample_make(&other, false);
    cJSON *made = document_make(&other.result, &other.plan, &other.run);
    assert_string_equal(find(made, "effects.oracle")->valuestring, "none");
    int figures = 0;
    cJSON_ArrayForEach(item, find(made, "effects"))
    {
        if (strcmp(item->string, "oracle") != 0) {
            assert_true(cJSON_IsNull(item));
            figures++;
        }
    }
    assert_int_equal(figures,
                     cJSON_GetArraySize(find(document, "effects")) - 1);
    assert_true(cJSON_IsFalse(find(made, "slo.2.measured")));
    assert_true(cJSON_IsNull(find(made, "slo.2.value")));
    cJSON_Delete(made);
    sample_release(&other);
}

/* What budgets did is reported where the profile has one, and else null. */
static void tells_the_budget(void **state)
{
    static struct sample other;
    (void)state;
    assert_true(cJSON_IsNull(find(document, "policy.retry_budget")));

    sample_make(&other, false);
    other.plan.policy.budget.type = BUDGET_RATIO_WINDOW;
    other.tally.total.retries_granted = 7;
    other.tally.extremes.budget_level_min = 0.25;
    other.tally.total.retries_denied = 11;
    cJSON *made = document_make(&other.result, &other.plan, &other.run);
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    compare_forms(schema, schema, made, "report");
    const cJSON *budget = find(made, "policy.retry_budget");
    assert_string_equal(find(budget, "type")->valuestring, "ratio_window");
    assert_true(find(budget, "granted")->valuedouble == 7);
    assert_true(find(budget, "denied")->valuedouble == 11);
    assert_true(find(budget, "level_min")->valuedouble == 0.25);
    assert_true(
        cJSON_IsNull(find(budget, "level_end"))); /* nobody recorded one */
    cJSON_Delete(schema);
    cJSON_Delete(made);
    sample_release(&other);
}

/* The layers of a profile report what they did, in the form of the schema. */
static void tells_the_layers(void **state)
{
    static const struct {
        const char *path;
        double value;
    } expected[] = {
        {"operations.shed", 408},
        {"operations.shed_reasons.breaker_open", 163},
        {"operations.shed_reasons.throttled", 81},
        {"operations.shed_reasons.answered", 0},
        {"attempts.hedges", 82},
        {"latency.limit_wait.count", 164},
        {"policy.retry_budget.level_end", 9.5},
        {"policy.breaker.opened", 8},
        {"policy.breaker.half_opened", 7},
        {"policy.breaker.closed", 7},
        {"policy.breaker.not_permitted", 163},
        {"policy.breaker.clients_open_at_end", 1},
        {"policy.breaker.transitions.0.at_us", 6000000},
        {"policy.breaker.transitions.0.client", 3},
        {"policy.breaker.transitions_omitted", 0},
        {"policy.concurrency.limit_min", 18},
        {"policy.concurrency.limit_max", 24},
        {"policy.concurrency.limit_end", 20.5},
        {"policy.concurrency.rejected", 82},
        {"policy.concurrency.queued", 82},
        {"policy.concurrency.running_max", 24},
        {"policy.concurrency.queued_max", 13},
        {"policy.rate_limit.waited", 82},
        {"policy.rate_limit.refused", 82},
        {"policy.throttle.refused", 81},
        {"policy.hedge.sent", 82},
        {"policy.hedge.won", 82},
        {"policy.hedge.cancelled", 82},
        {"policy.hedge.connections_closed", 41},
        {"policy.hedge.denied", 45},
        {"policy.limit_wait.count", 164},
        {"policy.limit_wait.max_us", 2000},
        {"series.5.breakers_open", 0},
        {"series.7.breakers_open", 1},
        {"series.9.breakers_open", 1},
        {"series.5.shed", 0},
    };
    static struct sample other;
    const cJSON *point;
    double shed = 0;
    (void)state;
    sample_make_with(&other, false, (1u << LAYER_COUNT) - 1);
    cJSON *made = document_make(&other.result, &other.plan, &other.run);
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    compare_forms(schema, schema, made, "report");
    for (size_t i = 0; i < array_length(expected); i++) {
        double value = find(made, expected[i].path)->valuedouble;
        if (fabs(value - expected[i].value) > 1e-9) {
            fail_msg("%s: %g", expected[i].path, value);
        }
    }
    assert_string_equal(
        find(made, "policy.breaker.transitions.1.to")->valuestring,
        "half_open");
    cJSON_ArrayForEach(point, find(made, "series"))
    {
        shed += find(point, "shed")->valuedouble;
        assert_true(find(point, "finished")->valuedouble ==
                    find(point, "succeeded")->valuedouble +
                        find(point, "failed")->valuedouble);
        assert_true(find(point, "failed")->valuedouble ==
                    find(point, "rejected")->valuedouble +
                        find(point, "unanswered")->valuedouble +
                        find(point, "ambiguous")->valuedouble +
                        find(point, "shed")->valuedouble);
    }
    assert_true(shed == 408);
    cJSON_Delete(schema);
    cJSON_Delete(made);
    sample_release(&other);
}

/* Whether a member of this name and value is somewhere in it. */
static bool has_member(const cJSON *object, const char *name, double value)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        bool is_it = item->string && strcmp(item->string, name) == 0 &&
                     cJSON_IsNumber(item) &&
                     fabs(item->valuedouble - value) < 1e-9;
        if (is_it || has_member(item, name, value)) {
            return true;
        }
    }
    return false;
}

static bool has_property(const cJSON *schema, const struct figure *figure)
{
    const cJSON *shape;
    cJSON_ArrayForEach(shape, find(schema, "$defs"))
    {
        const cJSON *property =
            cJSON_GetObjectItem(find(shape, "properties"), figure->member);
        const cJSON *words = cJSON_GetObjectItem(property, "description");
        if (words && strcmp(words->valuestring, figure->sentence) == 0) {
            return true;
        }
    }
    return false;
}

/* "at most %s of ..." is there with a value. */
static bool says(const char *text, const char *words, const char *value)
{
    char wanted[200];
    const char *place = strstr(words, "%s");
    snprintf(wanted, sizeof(wanted), "%.*s%s%s", (int)(place - words), words,
             value, place + 2);
    return strstr(text, wanted) != NULL;
}

static void assert_reported(const struct result *result, const char *metric,
                            unsigned value, const char *text)
{
    char expression[100], problem[100], digits[20];
    struct slo slo;
    size_t at;
    snprintf(digits, sizeof(digits), "%u", value);
    snprintf(expression, sizeof(expression), "%s == %s", metric, digits);
    assert_true(slo_parse(&slo, expression, problem, sizeof(problem), &at));
    assert_true(slo_judge(&slo, result).pass);
    const struct figure_label *label = &slo.terms[0].metric.figure->label;
    if (label->look != LOOK_UNSHOWN && !says(text, label->words, digits)) {
        fail_msg("the text has no %s", metric);
    }
}

/* A row of the table is enough: each counter gets a value of its own, and
 * that stands in the report, in its text and behind its SLO metric; each
 * figure is in the schema, too. */
static void every_figure_reaches_the_report(void **state)
{
    static const char *const counters[] = {
#define COUNTER(group, member, id, better, when, amount, words, sentence) #id,
#include "measure/figure.def"
    };
    static struct sample other;
    const struct figure *figure;
    unsigned number = 900;
    struct str text = STR_INIT;
    (void)state;
    sample_make_with(&other, true, (1u << LAYER_COUNT) - 1);
    other.result.effects.transitions.is_measured = true;
    /* The counts are not those of its distributions any more. */
    for (int h = 0; h < HISTOGRAM_COUNT; h++) {
        hist_reset(&other.tally.total.hist[h]);
        hist_reset(&other.tally.total.least[h]);
    }
#define COUNTER(group, member, id, better, when, amount, words, sentence) \
    other.tally.total.id = ++number;
#include "measure/figure.def"
    cJSON *made = document_make(&other.result, &other.plan, &other.run);
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    struct figure_view view = {&other.tally.total, &other.result.total,
                               &other.result, false};
    text_render(made,
                &(struct text_options){.width = 1000, .charset = TEXT_ASCII},
                &text);
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        double value = figure_value(figure, &view);
        bool is_measured = value >= 0 && figure->member;
        if (figure->member && figure->group != FIGURES_SUCCESS &&
            figure->group != FIGURES_UPPER_BOUNDS) {
            assert_true(has_property(schema, figure));
        }
        if (is_measured && !has_member(made, figure->member, value)) {
            fail_msg("no %s %g", figure->member, value);
        }
    }
    for (size_t i = 0; i < array_length(counters); i++) {
        assert_reported(&other.result, counters[i], 901 + (unsigned)i,
                        text.text);
    }
    str_release(&text);
    cJSON_Delete(schema);
    cJSON_Delete(made);
    sample_release(&other);
}

/* What a profile does not have is null and never 0. */
static void layers_that_are_off_are_null(void **state)
{
    const cJSON *block;
    const cJSON *point;
    (void)state;
    cJSON_ArrayForEach(block, find(document, "policy"))
    {
        assert_true(cJSON_IsNull(block));
    }
    assert_int_equal(cJSON_GetArraySize(find(document, "policy")), 7);
    cJSON_ArrayForEach(point, find(document, "series"))
    {
        assert_true(cJSON_IsNull(find(point, "hedges")));
        assert_true(cJSON_IsNull(find(point, "breakers_open")));
        assert_true(cJSON_IsNull(find(point, "limit")));
        assert_true(cJSON_IsNull(find(point, "budget_level")));
        assert_true(find(point, "shed")->valuedouble == 0);
    }
}

/* A run that was stopped before anything began. */
static void nothing_measured_is_null(void **state)
{
    struct arena arena = ARENA_INIT;
    struct tally tally;
    struct tally_config config = {.requests = 1,
                                  .load_length = DURATION_FOREVER};
    struct plan plan = {.load = {.model = LOAD_CLOSED}};
    struct run_info run = {.id = "1", .exit_status = 130};
    struct result_input input = {
        .tally = &tally,
        .request_count = 1,
        .request_names = sample_request_names,
        .cpu_share = -1,
    };
    struct result result;
    (void)state;

    tally_init(&tally, &arena, &config);
    result_compute(&result, &arena, &input);
    cJSON *made = document_make(&result, &plan, &run);
    cJSON *schema = report_schema_make(DOCUMENT_RUN);
    compare_forms(schema, schema, made, "report");
    assert_true(cJSON_IsNull(find(made, "success_rate")));
    assert_true(cJSON_IsNull(find(made, "latency.operation.p99_us")));
    assert_true(cJSON_IsNull(find(made, "latency.operation.min_us")));
    assert_true(cJSON_IsNull(find(made, "generator.schedule_lag")));
    assert_true(cJSON_IsNull(find(made, "amplification.peak_1s")));
    assert_int_equal(cJSON_GetArraySize(find(made, "operation_histogram")), 0);
    assert_string_equal(find(made, "verdict")->valuestring, "incomplete");
    cJSON_Delete(schema);
    cJSON_Delete(made);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_was_recorded),
        cmocka_unit_test(tells_the_effects),
        cmocka_unit_test(examples_can_be_followed),
        cmocka_unit_test(says_what_was_run),
        cmocka_unit_test(survives_printing),
        cmocka_unit_test(rows_cover_the_histogram),
        cmocka_unit_test(has_the_form_of_the_schema),
        cmocka_unit_test(reports_what_became_of_dead_letters),
        cmocka_unit_test(no_ledger_is_null_and_never_0),
        cmocka_unit_test(tells_the_budget),
        cmocka_unit_test(tells_the_layers),
        cmocka_unit_test(every_figure_reaches_the_report),
        cmocka_unit_test(layers_that_are_off_are_null),
        cmocka_unit_test(nothing_measured_is_null),
    };
    return cmocka_run_group_tests(tests, make, release);
}
