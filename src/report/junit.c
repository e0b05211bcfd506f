/* The report as JUnit XML. Of a run: a test case for the run itself, which is
 * an error when its figures cannot be trusted or are not whole, and one for
 * each SLO. Of many runs: the same, and one for each gate. Of an audit: one
 * for each check. */
#include "measure/result.h"
#include "report/text_audit.h"
#include "report/slo_words.h"
#include "report/text_part.h"
#include "report/writer.h"
#include "report/xml.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* Who the test cases belong to. */
struct suite {
    const char *name, *class;
};

static struct suite suite_of(const cJSON *document)
{
    bool is_replay = cJSON_IsObject(text_find(document, "replay"));

    if (document_kind_of(document) == DOCUMENT_COMPARISON) {
        return (struct suite){"squall compare", "squall.compare"};
    }
    if (document_kind_of(document) == DOCUMENT_KNOCKOUT) {
        return (struct suite){"squall compare --all", "squall.compare.all"};
    }
    if (document_kind_of(document) == DOCUMENT_TIP) {
        return (struct suite){"squall tip", "squall.tip"};
    }
    if (document_kind_of(document) == DOCUMENT_CAPACITY) {
        return (struct suite){"squall capacity", "squall.capacity"};
    }
    return is_replay ? (struct suite){"squall replay", "squall.replay"}
                     : (struct suite){"squall run", "squall.run"};
}

static unsigned count_failures(const cJSON *slos)
{
    const cJSON *slo;
    unsigned count = 0;

    cJSON_ArrayForEach(slo, slos)
    {
        count += !slo_words_passes(slo) && !slo_words_undecided(slo);
    }
    return count;
}

static int count_undecided(const cJSON *slos)
{
    const cJSON *slo;
    int count = 0;

    cJSON_ArrayForEach(slo, slos)
    {
        count += slo_words_undecided(slo);
    }
    return count;
}

static const char *verdict_of(const cJSON *document)
{
    const char *verdict = text_string(document, "verdict");
    return verdict ? verdict : "unknown";
}

/* Whether its figures stand, so that it could be judged. */
static bool is_judged(const cJSON *document)
{
    enum run_verdict verdict;
    return run_verdict_find(verdict_of(document), &verdict) &&
           !run_verdict_problem(verdict);
}

/* Whether it failed by nothing that has a test case of its own, as a merge of
 * runs that were judged each by its own SLOs. */
static bool failed_as_a_whole(const cJSON *document)
{
    const cJSON *slos = text_find(document, "slo");

    return strcmp(verdict_of(document), "fail") == 0 && cJSON_IsArray(slos) &&
           cJSON_GetArraySize(slos) == 0;
}

/* Whether the run was whole, its figures good, and nothing went wrong. */
static bool is_good(const cJSON *document)
{
    return is_judged(document) && !text_string(document, "run.problem") &&
           !failed_as_a_whole(document);
}

static void put_problem(struct str *out, const cJSON *document)
{
    const char *verdict = verdict_of(document);
    const char *problem = text_string(document, "run.problem");

    if (!is_judged(document)) {
        str_append(out, "the run is ");
        xml_escape(out, verdict);
        str_append(out, problem ? ": " : "");
    }
    xml_escape(out, problem                       ? problem
                    : failed_as_a_whole(document) ? "it failed"
                                                  : "");
}

/* How many test cases, beside that of the run itself, came to what. */
struct outcomes {
    int cases;
    unsigned failures;
    int errors, skipped;
};

static void put_suite(struct str *out, const cJSON *document,
                      const struct outcomes *outcomes)
{
    double us = text_number(document, "run.duration_us");
    const char *started_at = text_string(document, "run.started_at");

    str_printf(out,
               "<testsuite name=\"%s\" tests=\"%d\" failures=\"%u\" "
               "errors=\"%d\" skipped=\"%d\"",
               suite_of(document).name, 1 + outcomes->cases,
               outcomes->failures, !is_good(document) + outcomes->errors,
               outcomes->skipped);
    if (!isnan(us)) {
        str_printf(out, " time=\"%.3f\"", us / 1e6);
    }
    if (started_at) {
        str_append(out, " timestamp=\"");
        xml_escape(out, started_at);
        str_append(out, "\"");
    }
    str_append(out, ">\n");
}

static void begin_case(struct str *out, const cJSON *document,
                       const char *name)
{
    str_printf(out, "  <testcase classname=\"%s\" name=\"",
               suite_of(document).class);
    xml_escape(out, name);
    str_append(out, "\">\n");
}

static void end_case(struct str *out)
{
    str_append(out, "  </testcase>\n");
}

static void put_warnings(struct str *out, const cJSON *document)
{
    const cJSON *warning;

    cJSON_ArrayForEach(warning, text_find(document, "generator.warnings"))
    {
        if (cJSON_IsString(warning)) {
            xml_escape(out, warning->valuestring);
            str_append_char(out, '\n');
        }
    }
}

static void put_run(struct str *out, const cJSON *document, const char *name)
{
    begin_case(out, document, name);
    if (is_good(document)) {
        str_append(out, "    <system-out>valid and complete</system-out>\n");
    } else {
        str_append(out, "    <error message=\"");
        put_problem(out, document);
        str_append(out, "\">");
        put_warnings(out, document);
        str_append(out, "</error>\n");
    }
    end_case(out);
}

static void put_slo(struct str *out, const cJSON *document, const cJSON *slo)
{
    const char *expression = text_string(slo, "expr");
    struct str value = STR_INIT;

    expression = expression ? expression : "?";
    slo_words_measured(&value, slo);
    begin_case(out, document, expression);
    if (slo_words_passes(slo)) {
        const char *remark = slo_words_remark(slo);
        str_append(out, "    <system-out>");
        xml_escape(out, value.text);
        str_append(out, remark ? ": " : "");
        xml_escape(out, remark ? remark : "");
        str_append(out, "</system-out>\n");
    } else if (slo_words_undecided(slo)) {
        str_append(out, "    <error message=\"");
        xml_escape(out, expression);
        str_append(out, " cannot be judged: squall's own lateness decides "
                        "it\">");
        xml_escape(out, value.text);
        str_append(out, " was seen</error>\n");
    } else {
        str_append(out, "    <failure message=\"");
        xml_escape(out, expression);
        str_append(out, " does not hold: ");
        xml_escape(out, value.text);
        str_append(out, "\">expected: ");
        xml_escape(out, expression);
        str_append(out, "\nmeasured: ");
        xml_escape(out, value.text);
        str_append(out, "</failure>\n");
    }
    end_case(out);
    str_release(&value);
}

static void put_run_suite(struct str *out, const cJSON *document)
{
    const cJSON *slos = text_find(document, "slo");
    const cJSON *slo;

    put_suite(out, document,
              &(struct outcomes){.cases = cJSON_GetArraySize(slos),
                                 .failures = count_failures(slos),
                                 .errors = count_undecided(slos)});
    put_run(out, document, "the run");
    cJSON_ArrayForEach(slo, slos)
    {
        put_slo(out, document, slo);
    }
}

static struct outcomes count_gates(const cJSON *gates)
{
    struct outcomes outcomes = {.cases = cJSON_GetArraySize(gates)};
    const cJSON *gate;

    cJSON_ArrayForEach(gate, gates)
    {
        const cJSON *pass = text_find(gate, "pass");
        outcomes.failures += cJSON_IsFalse(pass) ? 1 : 0;
        outcomes.skipped += !cJSON_IsBool(pass);
    }
    return outcomes;
}

/* Where there are no findings, a gate had nothing to hold against. */
static void put_gate(struct str *out, const cJSON *document, const cJSON *gate)
{
    const cJSON *pass = text_find(gate, "pass");
    const char *option = text_string(gate, "option");
    const char *expression = text_string(gate, "expr");
    struct str name = STR_INIT;

    str_printf(&name, "%s %s", option ? option : "?",
               expression ? expression : "?");
    begin_case(out, document, name.text);
    if (cJSON_IsTrue(pass)) {
        str_append(out, "    <system-out>holds</system-out>\n");
    } else if (cJSON_IsFalse(pass)) {
        str_append(out, "    <failure message=\"");
        xml_escape(out, name.text);
        str_append(out, ": the gate fails\"/>\n");
    } else {
        str_append(out, "    <skipped message=\"there are no findings\"/>\n");
    }
    end_case(out);
    str_release(&name);
}

static void put_gates(struct str *out, const cJSON *document)
{
    const cJSON *gate;

    cJSON_ArrayForEach(gate, text_find(document, "gates"))
    {
        put_gate(out, document, gate);
    }
}

static void put_gated_suite(struct str *out, const cJSON *document,
                            const char *name)
{
    const struct outcomes outcomes = count_gates(text_find(document, "gates"));

    put_suite(out, document, &outcomes);
    put_run(out, document, name);
    put_gates(out, document);
}

/* Beside the gates: whether any rate meets the SLOs, with the policy as it
 * is. */
static void put_capacity_suite(struct str *out, const cJSON *document)
{
    const cJSON *searches = text_find(document, "searches");
    const char *end = text_string(searches ? searches->child : NULL, "end");
    bool is_met = !end || strcmp(end, "never passes") != 0;
    struct outcomes outcomes = count_gates(text_find(document, "gates"));

    outcomes.cases++;
    outcomes.failures += !is_met;
    put_suite(out, document, &outcomes);
    put_run(out, document, "the search");
    begin_case(out, document, "a rate meets the SLOs");
    str_append(out, is_met ? "    <system-out>or it is not known that none "
                             "does</system-out>\n"
                           : "    <failure message=\"no rate meets the "
                             "SLOs\"/>\n");
    end_case(out);
    put_gates(out, document);
}

static void put_member(struct str *out, const cJSON *object, const char *name)
{
    const char *text = text_string(object, name);
    xml_escape(out, text ? text : "");
}

static void put_failed_check(struct str *out, const cJSON *check)
{
    struct str sent = STR_INIT;

    text_audit_attempts(&sent, check);
    str_append(out, "    <failure message=\"");
    put_member(out, check, "observed");
    str_append(out, "\">sent: ");
    xml_escape(out, sent.text);
    str_append(out, "\nexpected: ");
    put_member(out, check, "expected");
    str_append(out, " (");
    put_member(out, check, "source");
    str_append(out, ")</failure>\n");
    str_release(&sent);
}

static void put_check(struct str *out, const cJSON *check)
{
    const char *verdict = text_string(check, "verdict");

    str_append(out, "  <testcase classname=\"squall.audit\" name=\"");
    put_member(out, check, "id");
    str_append_char(out, ' ');
    put_member(out, check, "title");
    str_append(out, "\">\n");
    if (verdict && strcmp(verdict, "fail") == 0) {
        put_failed_check(out, check);
    } else if (verdict && strcmp(verdict, "skipped") == 0) {
        str_append(out, "    <skipped message=\"");
        put_member(out, check, "observed");
        str_append(out, "\"/>\n");
    } else {
        str_append(out, "    <system-out>");
        put_member(out, check, "verdict");
        str_append(out, ": ");
        put_member(out, check, "observed");
        str_append(out, "</system-out>\n");
    }
    end_case(out);
}

static int count_checks(const cJSON *document, const char *path)
{
    double count = text_number(document, path);
    return count > 0 && count < INT_MAX ? (int)count : 0;
}

static void put_audit_suite(struct str *out, const cJSON *document)
{
    const cJSON *checks = text_find(document, "checks");
    const cJSON *check;

    str_printf(out,
               "<testsuite name=\"squall audit\" tests=\"%d\" "
               "failures=\"%d\" errors=\"0\" skipped=\"%d\">\n",
               cJSON_GetArraySize(checks),
               count_checks(document, "summary.fail"),
               count_checks(document, "summary.skipped"));
    cJSON_ArrayForEach(check, checks)
    {
        put_check(out, check);
    }
}

void write_junit(const struct writer_input *input, struct file_writer *file)
{
    struct str *out = &file->buffer;

    str_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    switch (document_kind_of(input->document)) {
    case DOCUMENT_AUDIT:
        put_audit_suite(out, input->document);
        break;
    case DOCUMENT_COMPARISON:
    case DOCUMENT_KNOCKOUT:
        put_gated_suite(out, input->document, "the comparison");
        break;
    case DOCUMENT_CAPACITY:
        put_capacity_suite(out, input->document);
        break;
    case DOCUMENT_TIP:
        put_gated_suite(out, input->document, "the search");
        break;
    case DOCUMENT_DIFF: /* writer.def has no such row */
    case DOCUMENT_RUN:
    case DOCUMENT_KIND_COUNT:
        put_run_suite(out, input->document);
        break;
    }
    str_append(out, "</testsuite>\n");
}
