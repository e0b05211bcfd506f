/* Markdown of runs, audits and comparisons; nothing in a document can end a
 * cell, or begin markup of its own. */
#include "report/writer.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_markdown(const char *json, const char *wanted)
{
    cJSON *document = cJSON_Parse(json);
    struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};

    assert_non_null(document);
    write_markdown(&input, &file);
    assert_string_equal(file.buffer.text, wanted);
    str_release(&file.buffer);
    cJSON_Delete(document);
}

static void test_run(void **state)
{
    (void)state;
    assert_markdown(
        "{\"schema\": \"squall.report/1\", \"verdict\": \"fail\","
        " \"run\": {\"target\": \"http://x/\", \"problem\": null},"
        " \"replay\": null, \"success_rate\": 0.5,"
        " \"operations\": {\"started\": 10, \"failed\": 5, \"dropped\": 0},"
        " \"latency\": {\"time_to_success\": {\"count\": 10,"
        "   \"p50_us\": 1500, \"p90_us\": null}},"
        " \"effects\": {\"duplicate\": 0, \"lost\": 0, \"phantom\": 2,"
        "   \"unjudged\": {\"duplicate\": \"no response was lost\","
        "     \"lost\": null, \"phantom\": null}},"
        " \"timeline\": [{\"name\": \"a|b\", \"kind\": \"run\","
        "   \"begin\": {\"planned_us\": 1000000, \"started_us\": 1200000,"
        "     \"outcome\": \"timed_out\"},"
        "   \"end\": {\"planned_us\": 2000000, \"started_us\": null,"
        "     \"outcome\": \"not_reached\"}},"
        "  {\"name\": \"c\", \"kind\": \"mark\", \"end\": null,"
        "   \"begin\": {\"planned_us\": 3000000, \"started_us\": 3000000,"
        "     \"outcome\": \"done\"}}],"
        " \"errors\": [{\"count\": 5, \"outcome\": \"rejected\","
        "   \"status\": 404, \"text\": \"no such\\nthing\"}],"
        " \"generator\": {\"warnings\": [\"it was late\"]},"
        " \"slo\": ["
        "  {\"expr\": \"p99 < 5ms\", \"unit\": \"us\", \"value\": 8000,"
        "   \"pass\": false, \"judgement\": \"missed\"},"
        "  {\"expr\": \"p50 < 2ms\", \"unit\": \"us\", \"value\": 1500,"
        "   \"pass\": true, \"judgement\": \"met\"},"
        "  {\"expr\": \"max < 9ms\", \"unit\": \"us\", \"value\": 9500,"
        "   \"pass\": false, \"judgement\": \"invalid\"},"
        "  {\"expr\": \"lost == 0\", \"unit\": \"count\", \"value\": null,"
        "   \"pass\": false, \"reason\": \"there is no ledger\"}]}",
        "### FAIL: squall run, http://x/\n"
        "\n"
        "| SLO | Measured | |\n"
        "|:--|--:|:--|\n"
        "| p99 &lt; 5ms | 8.00 ms | **missed** |\n"
        "| p50 &lt; 2ms | 1.50 ms | met |\n"
        "| max &lt; 9ms | 9.50 ms | **cannot be judged** |\n"
        "| lost == 0 | there is no ledger | **missed** |\n"
        "\n"
        "| Figure | |\n"
        "|:--|--:|\n"
        "| Operations | 10 |\n"
        "| Failed | 5 |\n"
        "| Success rate | 50.0 % |\n"
        "| Time to success p50 | 1.50 ms |\n"
        "| Time to success p90 | never |\n"
        "| Time to success p99 | never |\n"
        "| Time to success max | never |\n"
        "| Duplicate effects | not judged: no response was lost |\n"
        "| Lost effects | 0 |\n"
        "| Phantom effects | 2 |\n"
        "\n"
        "| Timeline | | Began | Ended |\n"
        "|:--|:--|:--|:--|\n"
        "| a\\|b | run | 1.20 s, **timed\\_out** | 2.00 s, not\\_reached |\n"
        "| c | mark | 3.00 s, done |  |\n"
        "\n"
        "| Errors of requests | Outcome | Status | Text |\n"
        "|--:|:--|:--|:--|\n"
        "| 5 | rejected | 404 | no such thing |\n"
        "\n"
        "- it was late\n"
        "\n");
}

static void test_problem_of_a_replay(void **state)
{
    (void)state;
    assert_markdown("{\"schema\": \"squall.report/1\","
                    " \"verdict\": \"incomplete\", \"replay\": {},"
                    " \"run\": {\"problem\": \"it was interrupted\"}}",
                    "### INCOMPLETE: squall replay\n"
                    "\n"
                    "it was interrupted\n"
                    "\n"
                    "| Figure | |\n"
                    "|:--|--:|\n"
                    "\n");
}

static void test_hostile_text(void **state)
{
    (void)state;
    assert_markdown(
        "{\"schema\": \"squall.audit/1\", \"target\": \"<img src=x>&\","
        " \"complete\": true, \"summary\": {\"fail\": 0}, \"checks\": ["
        "  {\"id\": \"a|b\", \"title\": \"`c` *d* _e_\","
        "   \"verdict\": \"[f](g) ~h~ # !\\\\\","
        "   \"observed\": \"1\\r\\n| 2 |\\u0007\\u007f\\u00e9\"}]}",
        "### PASS: squall audit, &lt;img src=x&gt;&amp;\n"
        "\n"
        "| Check | | Verdict | Observed |\n"
        "|:--|:--|:--|:--|\n"
        "| a\\|b | \\`c\\` \\*d\\* \\_e\\_ | \\[f\\](g) \\~h\\~ \\# \\!\\\\ "
        "| 1  \\| 2 \\|??\xc3\xa9 |\n"
        "\n");
}

static void test_audits_that_did_not_pass(void **state)
{
    static const char head[] = "\n\n| Check | | Verdict | Observed |\n"
                               "|:--|:--|:--|:--|\n";
    static const struct {
        const char *members, *verdict;
    } rows[] = {
        {"\"complete\": true, \"summary\": {\"fail\": 1}", "FAIL"},
        {"\"complete\": false, \"summary\": {\"fail\": 1}", "FAIL"},
        {"\"complete\": false, \"summary\": {\"fail\": 0}", "INCOMPLETE"},
        {"\"complete\": true, \"summary\": {\"fail\": 0}", "INVALID"},
        {"\"complete\": true, \"checks\": [{\"verdict\": \"skipped\"}]",
         "INVALID"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct str json = STR_INIT, wanted = STR_INIT;
        str_printf(&json,
                   "{\"schema\": \"squall.audit/1\", \"target\": \"x\", %s}",
                   rows[i].members);
        str_printf(
            &wanted, "### %s: squall audit, x%s%s\n", rows[i].verdict, head,
            strstr(rows[i].members, "skipped") ? "|  |  | skipped |  |\n"
                                               : "");
        assert_markdown(json.text, wanted.text);
        str_release(&json);
        str_release(&wanted);
    }
    assert_markdown("{\"schema\": \"squall.audit/1\", \"target\": \"x\","
                    " \"complete\": false, \"stopped\": \"it is late\"}",
                    "### INCOMPLETE: squall audit, x\n"
                    "\n"
                    "It was stopped: it is late\n"
                    "\n"
                    "| Check | | Verdict | Observed |\n"
                    "|:--|:--|:--|:--|\n"
                    "\n");
}

static void test_knockout(void **state)
{
    (void)state;
    assert_markdown(
        "{\"schema\": \"squall.knockout/1\", \"verdict\": \"fail\","
        " \"summary\": [\"b is <i>.\"],"
        " \"method\": {\"rounds\": 16, \"level\": 0.05,"
        "   \"end\": \"the last look\", \"criteria\": [\"p99\", 3]},"
        " \"measures\": [{\"name\": \"p99\", \"title\": \"p|99\","
        "   \"unit\": \"us\", \"judged\": true},"
        "  {\"name\": \"lost\", \"title\": \"lost\", \"judged\": false}],"
        " \"ranking\": [{\"name\": \"b\", \"place\": 1, \"dropped\": null,"
        "   \"median\": {\"p99\": 2000}},"
        "  {\"name\": \"<b>\", \"place\": 2, \"dropped\": {\"rounds\": 16,"
        "    \"reason\": \"beside b it has <u>\"},"
        "   \"median\": {\"p99\": \"never\"}}],"
        " \"gates\": [{\"option\": \"fail-if\", \"expr\": \"b kept\","
        "   \"pass\": false}]}",
        "### FAIL: squall compare --all\n"
        "\n"
        "b is &lt;i&gt;.\n"
        "\n"
        "| Gate | | |\n"
        "|:--|:--|:--|\n"
        "| fail-if | b kept | **fails** |\n"
        "\n"
        "| Place | Strategy | p\\|99 | Dropped |\n"
        "|--:|:--|--:|:--|\n"
        "| 1 | b | 2.00 ms |  |\n"
        "| 2 | &lt;b&gt; | never | beside b it has &lt;u&gt; |\n"
        "\n");
}

static void test_comparison(void **state)
{
    (void)state;
    assert_markdown(
        "{\"schema\": \"squall.compare/1\", \"verdict\": \"done\","
        " \"run\": {\"target\": null, \"problem\": null},"
        " \"summary\": [\"b has a p99 of never.\"],"
        " \"gates\": ["
        "  {\"option\": \"fail-if\", \"expr\": \"p99 worse\","
        "   \"pass\": false},"
        "  {\"option\": \"fail-unless\", \"expr\": \"b better p99\","
        "   \"pass\": true},"
        "  {\"option\": \"fail-if\", \"expr\": \"lost worse\","
        "   \"pass\": null}],"
        " \"measures\": ["
        "  {\"name\": \"p99\", \"title\": \"p99\", \"unit\": \"us\"}],"
        " \"variants\": ["
        "  {\"name\": \"a\", \"median\": {\"p99\": 2000}},"
        "  {\"name\": \"b\", \"median\": {\"p99\": \"never\"}},"
        "  {\"name\": \"c\", \"median\": {\"p99\": null}}],"
        " \"rows\": [{\"variant\": \"b\", \"measure\": \"p99\","
        "   \"finding\": \"worse\"}]}",
        "### DONE: squall compare\n"
        "\n"
        "b has a p99 of never.\n"
        "\n"
        "| Gate | | |\n"
        "|:--|:--|:--|\n"
        "| fail-if | p99 worse | **fails** |\n"
        "| fail-unless | b better p99 | holds |\n"
        "| fail-if | lost worse | not judged |\n"
        "\n"
        "| Median of the rounds | a | b | c |\n"
        "|:--|--:|--:|--:|\n"
        "| p99 | 2.00 ms | never (worse) | - |\n"
        "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_problem_of_a_replay),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_audits_that_did_not_pass),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_knockout),
    };
    return cmocka_run_group_tests_name("report/markdown", tests, NULL, NULL);
}
