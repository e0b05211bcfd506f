/* JUnit XML of runs, comparisons and audits; nothing in a document can break
 * out of it. */
#include "report/writer.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_junit(const char *json, const char *wanted)
{
    cJSON *document = cJSON_Parse(json);
    struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};

    assert_non_null(document);
    write_junit(&input, &file);
    assert_string_equal(file.buffer.text, wanted);
    str_release(&file.buffer);
    cJSON_Delete(document);
}

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void test_a_case_for_the_run_and_each_slo(void **state)
{
    (void)state;
    assert_junit(
        "{\"schema\": \"squall.report/1\", \"verdict\": \"fail\","
        " \"run\": {\"duration_us\": 1500000, \"problem\": null,"
        "           \"started_at\": \"2026-11-25T13:00:00.000Z\"},"
        " \"replay\": null, \"slo\": ["
        "  {\"expr\": \"p99 < 5ms\", \"unit\": \"us\", \"value\": 8000,"
        "   \"pass\": false, \"measured\": true, \"reason\": null},"
        "  {\"expr\": \"success_rate >= 99%\", \"unit\": \"ratio\","
        "   \"value\": 1, \"pass\": true, \"reason\": null},"
        "  {\"expr\": \"lost == 0\", \"unit\": \"count\", \"value\": null,"
        "   \"pass\": false, \"reason\": \"there is no ledger\"}]}",
        XML "<testsuite name=\"squall run\" tests=\"4\" failures=\"2\" "
            "errors=\"0\" skipped=\"0\" time=\"1.500\" "
            "timestamp=\"2026-11-25T13:00:00.000Z\">\n"
            "  <testcase classname=\"squall.run\" name=\"the run\">\n"
            "    <system-out>valid and complete</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.run\" name=\"p99 &lt; 5ms\">\n"
            "    <failure message=\"p99 &lt; 5ms does not hold: 8.00 ms\">"
            "expected: p99 &lt; 5ms\nmeasured: 8.00 ms</failure>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.run\" "
            "name=\"success_rate &gt;= 99%\">\n"
            "    <system-out>100 %</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.run\" name=\"lost == 0\">\n"
            "    <failure message=\"lost == 0 does not hold: there is no "
            "ledger\">expected: lost == 0\nmeasured: there is no ledger"
            "</failure>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

static void test_a_run_that_cannot_be_judged_is_an_error(void **state)
{
    (void)state;
    static const char *const ends[][2] = {
        {"\"verdict\": \"invalid\", \"run\": {\"problem\": null}, "
         "\"generator\": {\"warnings\": [\"late\", \"<busy>\"]}",
         "the run is invalid\">late\n&lt;busy&gt;\n"},
        {"\"verdict\": \"incomplete\"", "the run is incomplete\">"},
        {"\"verdict\": \"pass\", \"run\": {\"problem\": \"no space\"}",
         "no space\">"},
        {"\"verdict\": \"invalid\", \"run\": {\"problem\": \"no ledger\"}",
         "the run is invalid: no ledger\">"},
        {"\"slo\": 3", "the run is unknown\">"},
    };
    for (size_t i = 0; i < array_length(ends); i++) {
        char json[300], wanted[600];
        snprintf(json, sizeof(json), "{\"replay\": {}, %s}", ends[i][0]);
        snprintf(wanted, sizeof(wanted),
                 XML "<testsuite name=\"squall replay\" tests=\"1\" "
                     "failures=\"0\" errors=\"1\" skipped=\"0\">\n"
                     "  <testcase classname=\"squall.replay\" "
                     "name=\"the run\">\n"
                     "    <error message=\"%s</error>\n"
                     "  </testcase>\n"
                     "</testsuite>\n",
                 ends[i][1]);
        assert_junit(json, wanted);
    }
}

static void test_a_case_for_each_check_of_an_audit(void **state)
{
    (void)state;
    assert_junit(
        "{\"schema\": \"squall.audit/1\","
        " \"summary\": {\"fail\": 1, \"skipped\": 1, \"warn\": 1},"
        " \"checks\": ["
        "  {\"id\": \"IK01\", \"title\": \"a\", \"verdict\": \"warn\","
        "   \"observed\": \"so & so\"},"
        "  {\"id\": \"IK02\", \"title\": \"b\", \"verdict\": \"fail\","
        "   \"observed\": \"two\", \"expected\": \"one\","
        "   \"source\": \"RFC\", \"attempts\": ["
        "    {\"what\": \"first\", \"end\": \"answered\", \"status\": 201},"
        "    {\"what\": \"again\", \"end\": \"timeout\", \"status\": null},"
        "    {\"what\": \"again\", \"end\": \"timeout\"}]},"
        "  {\"id\": \"IK03\", \"title\": \"c\", \"verdict\": \"skipped\","
        "   \"observed\": \"no\"}]}",
        XML "<testsuite name=\"squall audit\" tests=\"3\" failures=\"1\" "
            "errors=\"0\" skipped=\"1\">\n"
            "  <testcase classname=\"squall.audit\" name=\"IK01 a\">\n"
            "    <system-out>warn: so &amp; so</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.audit\" name=\"IK02 b\">\n"
            "    <failure message=\"two\">sent: first: 201, again: no answer "
            "in time (2x)\nexpected: one (RFC)</failure>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.audit\" name=\"IK03 c\">\n"
            "    <skipped message=\"no\"/>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

static void test_nothing_breaks_out(void **state)
{
    (void)state;
    assert_junit("{\"slo\": [{\"expr\": \"\\\"><&\\u0001\\u007f\\n\\ufffe"
                 "\\u00fc\xff\", \"pass\": true, \"value\": 1}],"
                 " \"verdict\": \"pass\"}",
                 XML "<testsuite name=\"squall run\" tests=\"2\" "
                     "failures=\"0\" errors=\"0\" skipped=\"0\">\n"
                     "  <testcase classname=\"squall.run\" "
                     "name=\"the run\">\n"
                     "    <system-out>valid and complete</system-out>\n"
                     "  </testcase>\n"
                     "  <testcase classname=\"squall.run\" "
                     "name=\"&quot;&gt;&lt;&amp;????\xc3\xbc?\">\n"
                     "    <system-out>1.000</system-out>\n"
                     "  </testcase>\n"
                     "</testsuite>\n");
}

static void test_a_case_for_each_gate(void **state)
{
    (void)state;
    assert_junit(
        "{\"schema\": \"squall.compare/1\", \"verdict\": \"fail\","
        " \"run\": {\"problem\": null}, \"gates\": ["
        "  {\"option\": \"fail-if\", \"expr\": \"p99 <worse>\","
        "   \"pass\": false},"
        "  {\"option\": \"fail-unless\", \"expr\": \"b better p99\","
        "   \"pass\": true},"
        "  {\"option\": \"fail-if\", \"expr\": \"lost worse\","
        "   \"pass\": null}]}",
        XML "<testsuite name=\"squall compare\" tests=\"4\" failures=\"1\" "
            "errors=\"0\" skipped=\"1\">\n"
            "  <testcase classname=\"squall.compare\" "
            "name=\"the comparison\">\n"
            "    <system-out>valid and complete</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.compare\" "
            "name=\"fail-if p99 &lt;worse&gt;\">\n"
            "    <failure message=\"fail-if p99 &lt;worse&gt;: the gate "
            "fails\"/>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.compare\" "
            "name=\"fail-unless b better p99\">\n"
            "    <system-out>holds</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.compare\" "
            "name=\"fail-if lost worse\">\n"
            "    <skipped message=\"there are no findings\"/>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

static void test_a_comparison_that_was_interrupted(void **state)
{
    (void)state;
    assert_junit(
        "{\"schema\": \"squall.compare/1\", \"verdict\": \"incomplete\","
        " \"run\": {\"problem\": \"interrupted\"}, \"gates\": []}",
        XML "<testsuite name=\"squall compare\" tests=\"1\" failures=\"0\" "
            "errors=\"1\" skipped=\"0\">\n"
            "  <testcase classname=\"squall.compare\" "
            "name=\"the comparison\">\n"
            "    <error message=\"the run is incomplete: interrupted\">"
            "</error>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

/* Of a search for tipping points, and of a knock-out. */
static void test_gates_of_others(void **state)
{
    (void)state;
    assert_junit("{\"schema\": \"squall.tip/1\", \"verdict\": \"invalid\","
                 " \"run\": {\"problem\": null}, \"gates\": ["
                 "  {\"option\": \"fail-if\", \"expr\": \"back_up_to < 1s\","
                 "   \"pass\": null}]}",
                 XML
                 "<testsuite name=\"squall tip\" tests=\"2\" failures=\"0\" "
                 "errors=\"1\" skipped=\"1\">\n"
                 "  <testcase classname=\"squall.tip\" name=\"the search\">\n"
                 "    <error message=\"the run is invalid\"></error>\n"
                 "  </testcase>\n"
                 "  <testcase classname=\"squall.tip\" "
                 "name=\"fail-if back_up_to &lt; 1s\">\n"
                 "    <skipped message=\"there are no findings\"/>\n"
                 "  </testcase>\n"
                 "</testsuite>\n");
    assert_junit("{\"schema\": \"squall.knockout/1\", \"verdict\": \"pass\","
                 " \"run\": {\"problem\": null}, \"gates\": ["
                 "  {\"option\": \"fail-if\", \"expr\": \"b dropped\","
                 "   \"pass\": true}]}",
                 XML "<testsuite name=\"squall compare --all\" tests=\"2\" "
                     "failures=\"0\" errors=\"0\" skipped=\"0\">\n"
                     "  <testcase classname=\"squall.compare.all\" "
                     "name=\"the comparison\">\n"
                     "    <system-out>valid and complete</system-out>\n"
                     "  </testcase>\n"
                     "  <testcase classname=\"squall.compare.all\" "
                     "name=\"fail-if b dropped\">\n"
                     "    <system-out>holds</system-out>\n"
                     "  </testcase>\n"
                     "</testsuite>\n");
}

static void test_a_capacity(void **state)
{
    (void)state;
    assert_junit(
        "{\"schema\": \"squall.capacity/1\", \"verdict\": \"fail\","
        " \"searches\": [{\"end\": \"never passes\"}], \"gates\": ["
        "{\"option\": \"fail-if\", \"expr\": \"capacity < 9/s\","
        " \"pass\": null}]}",
        XML "<testsuite name=\"squall capacity\" tests=\"3\" failures=\"1\" "
            "errors=\"0\" skipped=\"1\">\n"
            "  <testcase classname=\"squall.capacity\" "
            "name=\"the search\">\n"
            "    <system-out>valid and complete</system-out>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.capacity\" "
            "name=\"a rate meets the SLOs\">\n"
            "    <failure message=\"no rate meets the SLOs\"/>\n"
            "  </testcase>\n"
            "  <testcase classname=\"squall.capacity\" "
            "name=\"fail-if capacity &lt; 9/s\">\n"
            "    <skipped message=\"there are no findings\"/>\n"
            "  </testcase>\n"
            "</testsuite>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_case_for_each_gate),
        cmocka_unit_test(test_a_comparison_that_was_interrupted),
        cmocka_unit_test(test_gates_of_others),
        cmocka_unit_test(test_a_capacity),
        cmocka_unit_test(test_a_case_for_the_run_and_each_slo),
        cmocka_unit_test(test_a_run_that_cannot_be_judged_is_an_error),
        cmocka_unit_test(test_a_case_for_each_check_of_an_audit),
        cmocka_unit_test(test_nothing_breaks_out),
    };
    return cmocka_run_group_tests_name("report/junit", tests, NULL, NULL);
}
