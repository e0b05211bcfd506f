/* The page of HTML: nothing in a document can begin markup, figures are the
 * document's, what is missing is said, and a long run makes no long page. */
#include "report/writer.h"

#include "base/must.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE_MAX = 500 * 1024 };

static const char hostile[] = "</title><script>alert('&\\\"1\\u0001";

/* The page of a document, to be released; the document goes. */
static struct str page_of(cJSON *document)
{
    struct writer_input input = {.document = document};
    struct file_writer file = {.buffer = STR_INIT};

    assert_non_null(document);
    write_html(&input, &file);
    cJSON_Delete(document);
    return file.buffer;
}

static void assert_has(const struct str *page, const char *text)
{
    if (!strstr(page->text, text)) {
        fail_msg("the page does not have: %s", text);
    }
}

static void assert_lacks(const struct str *page, const char *text)
{
    const char *found = strstr(page->text, text);

    if (found) {
        fail_msg("the page has: %.60s", found);
    }
}

static void test_figures(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.report/1\", \"verdict\": \"fail\","
        " \"success_rate\": 0.5, \"operations\": {\"failed\": 5},"
        " \"latency\": {\"time_to_success\": {\"count\": 10,"
        "   \"p50_us\": 1500, \"p99_us\": null}},"
        " \"effects\": {\"oracle\": \"ledger\", \"operations_checked\": 10,"
        "   \"duplicate\": 0, \"lost\": 1, \"phantom\": null,"
        "   \"unjudged\": {\"duplicate\": \"no response was lost\"}},"
        " \"slo\": ["
        "  {\"expr\": \"p99 < 5ms\", \"unit\": \"us\", \"value\": null,"
        "   \"pass\": false, \"judgement\": \"missed\","
        "   \"reason\": \"never: 5 of 10\"},"
        "  {\"expr\": \"max < 9ms\", \"unit\": \"us\", \"value\": 9500,"
        "   \"low\": 8000, \"high\": 9500,"
        "   \"pass\": false, \"judgement\": \"invalid\"}]}"));

    (void)state;
    assert_has(&page, "<span class=\"verdict bad\">FAIL</span> "
                      "1 of 2 SLOs missed, 1 cannot be judged");
    assert_has(&page, "<data value=\"0.5\" title=\"success_rate\">50.0 %"
                      "</data>");
    assert_has(&page, "p99 &lt; 5ms<br/><span class=\"soft\">never: 5 of 10");
    assert_has(&page, "<data value=\"8000\" title=\"slo[1].low\">8.00 ms"
                      "</data> to ");
    /* Never and not measured are words. */
    assert_has(&page, "<dt>p99 to success</dt><dd><span class=\"bad\">never"
                      "</span>");
    assert_has(&page, "<dt>Goodput</dt><dd><span class=\"none\">not measured"
                      "</span>");
    /* A 0 that says nothing is none. */
    assert_has(&page, "<dt>Duplicate effects</dt><dd><span class=\"none\">"
                      "not judged</span>");
    assert_lacks(&page, "title=\"effects.duplicate\"");
    str_release(&page);
}

/* What was done from outside, also at an instant. */
static void test_timeline(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.report/1\", \"timeline\": ["
        "  {\"name\": \"a<b\", \"kind\": \"run\", \"begin\":"
        "    {\"planned_us\": 1000000, \"started_us\": 1200000,"
        "     \"ended_us\": 1300000, \"outcome\": \"failed\","
        "     \"status\": 3, \"output\": \"no <pod>\"},"
        "   \"end\": {\"planned_us\": 2000000, \"started_us\": null,"
        "     \"outcome\": \"not_reached\"}}],"
        " \"run\": {\"measured_us\": 4000000},"
        " \"windows\": [{\"kind\": \"timeline\", \"name\": \"plug\","
        "   \"from_us\": 1000000, \"until_us\": 1000000,"
        "   \"opened\": true}],"
        " \"series\": [{\"t_s\": 0, \"succeeded\": 9},"
        "  {\"t_s\": 1, \"succeeded\": 9}, {\"t_s\": 2, \"succeeded\": 9},"
        "  {\"t_s\": 3, \"succeeded\": 9}]}"));

    (void)state;
    assert_has(&page, "a&lt;b</th><td>run</td>");
    assert_has(&page, "title=\"timeline[0].begin.started_us\">1.20 s</data>");
    assert_has(&page, "<span class=\"bad\">FAILED, status <data value=\"3\"");
    assert_has(&page, "no &lt;pod&gt;");
    assert_has(&page, "<td>end</td>");
    assert_has(&page, "not reached: the load was over");
    assert_has(&page, "<title>plug, 1.00 s to 1.00 s</title>");
    str_release(&page);
}

/* In every place where a document has text. */
static cJSON *hostile_document(void)
{
    static const char *const places[] = {
        "\"verdict\": T",
        "\"profile\": {\"name\": T, T: [T, {T: T}]}",
        "\"run\": {\"target\": T, \"problem\": T, \"started_at\": T,"
        " \"profiles\": [T], \"argv\": [T], \"id\": T, \"seed\": T}",
        "\"tool\": {\"version\": T, \"build\": T, \"libcurl\": T}",
        "\"slo\": [{\"expr\": T, \"reason\": T, \"unit\": T}]",
        "\"errors\": [{\"count\": 1, \"outcome\": T, \"text\": T}]",
        "\"timeline\": [{\"name\": T, \"kind\": T, \"begin\": {\"outcome\":"
        " T, \"output\": T}, \"end\": {\"outcome\": \"failed\","
        " \"reason\": T}}]",
        "\"recovery\": [{\"after\": T, \"outcome\": T, \"depth\": 0.5}]",
        "\"windows\": [{\"kind\": T, \"name\": T, \"from_us\": 0,"
        " \"until_us\": 900000}, {\"kind\": \"stage\", \"name\": T,"
        " \"from_us\": 0}, {\"kind\": \"stage\", \"name\": T,"
        " \"from_us\": 500000}]",
        "\"requests\": [{\"name\": T}]",
        "\"phases\": [{\"name\": T}]",
        "\"series\": [{\"t_s\": 0, \"offered\": 1, \"succeeded\": 1},"
        " {\"t_s\": 1, \"breakers_open\": 1, \"in_flight\": 3}]",
        "\"faults\": {T: {\"injected\": 1}}",
        "\"attempts\": {\"total\": 1, \"by_outcome\": {T: 1},"
        " \"by_status\": {T: 1}}",
        "\"operations\": {\"reasons\": {T: 1}}",
        "\"generator\": {\"warnings\": [T]}",
        "\"replay\": {\"file\": T, \"earlier\": {T: 1}}",
        "\"policy\": {\"breaker\": {\"transitions\": [{\"from\": T,"
        " \"to\": T}]}}",
        "\"effects\": {\"oracle\": T, \"problem\": T,"
        " \"operations_checked\": 1, \"unjudged\": {\"lost\": T},"
        " \"examples\": [{\"class\": T, \"id\": T, \"key\": T,"
        " \"verdict\": T, \"flags\": [T], \"trace\": [{\"kind\": T,"
        " \"outcome\": T, \"fault\": T}]}]}",
    };
    struct str json = STR_INIT;

    str_append(&json, "{\"schema\": \"squall.report/1\"");
    for (size_t i = 0; i < array_length(places); i++) {
        str_append(&json, ", ");
        for (const char *c = places[i]; *c; c++) {
            if (*c == 'T') {
                str_printf(&json, "\"%s\"", hostile);
            } else {
                str_append_char(&json, *c);
            }
        }
    }
    str_append(&json, "}");
    cJSON *document = cJSON_Parse(json.text);
    str_release(&json);
    return document;
}

static void test_nothing_begins_markup(void **state)
{
    struct str page = page_of(hostile_document());
    size_t count = 0;

    (void)state;
    assert_lacks(&page, "<script");
    assert_lacks(&page, "alert('&\"");
    assert_lacks(&page, "\001");
    for (const char *at = page.text; (at = strstr(at, "&lt;script")); at++) {
        count++;
    }
    /* It is shown, as text, in nearly all of these places. */
    assert_true(count > 30);
    str_release(&page);
}

static cJSON *long_document(int points, int requests)
{
    cJSON *document = cJSON_Parse("{\"schema\": \"squall.report/1\"}");
    cJSON *series = cJSON_AddArrayToObject(document, "series");
    cJSON *parts = cJSON_AddArrayToObject(document, "requests");

    for (int i = 0; i < points; i++) {
        static const char *const members[] = {
            "offered",        "finished",       "succeeded",
            "rejected",       "unanswered",     "ambiguous",
            "shed",           "in_flight",      "attempts",
            "success_p50_us", "success_p99_us", "amplification",
            "budget_level",   "breakers_open",  "limit",
        };
        cJSON *point = cJSON_CreateObject();
        cJSON_AddNumberToObject(point, "t_s", i);
        for (size_t m = 0; m < array_length(members); m++) {
            cJSON_AddNumberToObject(point, members[m],
                                    1e6 + (i * 7919 + (int)m * 104729) %
                                              1000000);
        }
        cJSON_AddItemToArray(series, point);
    }
    for (int i = 0; i < requests; i++) {
        char name[64];
        cJSON *part = cJSON_CreateObject();
        snprintf(name, sizeof(name), "a request of a rather long name %d", i);
        cJSON_AddStringToObject(part, "name", name);
        cJSON_AddNumberToObject(part, "success_rate", 0.123456789);
        cJSON_AddItemToArray(parts, part);
    }
    return document;
}

/* A list of `count` of what the JSON is, in which # is a number. */
static void add_many(cJSON *document, const char *name, const char *json,
                     int count)
{
    struct str list = STR_INIT;

    for (int i = 0; i < count; i++) {
        str_append(&list, i ? ", " : "[");
        for (const char *c = json; *c; c++) {
            if (*c == '#') {
                str_printf(&list, "%d", 1000 + i * 7919 % 9000);
            } else {
                str_append_char(&list, *c);
            }
        }
    }
    str_append_char(&list, ']');
    cJSON_AddItemToObject(document, name, cJSON_Parse(list.text));
    str_release(&list);
}

/* Everything that a run may have, and much of it. */
static cJSON *large_document(void)
{
    cJSON *document = long_document(10000, 2000);
    cJSON *effects = cJSON_AddObjectToObject(document, "effects");
    cJSON *heat = cJSON_AddObjectToObject(document, "latency_by_time");
    cJSON *arrivals = cJSON_AddObjectToObject(
        cJSON_AddObjectToObject(document, "herd"), "arrivals");
    cJSON *policy = cJSON_AddObjectToObject(document, "policy");
    cJSON *breaker = cJSON_AddObjectToObject(policy, "breaker");

    add_many(document, "phases",
             "{\"name\": \"stage #\", \"success_rate\": 0.#}", 100);
    add_many(document, "windows",
             "{\"kind\": \"fault\", \"name\": \"lost_response\","
             " \"from_us\": #000, \"until_us\": 60000000,"
             " \"every_us\": 90000000}",
             20);
    add_many(document, "errors",
             "{\"outcome\": \"server_error\", \"status\": 503, \"count\": #,"
             " \"first_us\": #, \"last_us\": #000, \"text\": \"the database"
             " of shard # is down, and a hundred bytes and twenty are what of"
             " such a text is kept; so long\"}",
             64);
    add_many(heat, "edges_us", "#", 16);
    cJSON_AddNumberToObject(heat, "interval_us", 80e6);
    add_many(heat, "counts", "[#, #, #, #, #, #, #, #, #, #, #, #, #, #, #]",
             128);
    cJSON_AddNumberToObject(arrivals, "interval_us", 15e6);
    add_many(arrivals, "attempts", "#000", 240);
    add_many(arrivals, "most_100ms", "#0", 240);
    add_many(arrivals, "most_10ms", "#", 240);
    add_many(breaker, "transitions",
             "{\"at_us\": #000, \"client\": #, \"from\": \"half_open\","
             " \"to\": \"closed\"}",
             100);
    cJSON_AddNumberToObject(effects, "operations_checked", 1e6);
    add_many(effects, "examples",
             "{\"class\": \"duplicate\", \"id\": \"#\", \"effects\": #}", 20);
    for (cJSON *one = cJSON_GetObjectItem(effects, "examples")->child; one;
         one = one->next) {
        add_many(one, "trace",
                 "{\"kind\": \"retry\", \"outcome\": \"timeout\","
                 " \"sent_us\": #, \"done_us\": #000,"
                 " \"fault\": \"lost_response\"}",
                 40);
    }
    return document;
}

/* A document from elsewhere may have any number anywhere. */
static void test_extreme_numbers(void **state)
{
    static const char *const numbers[] = {"1e999",  "-1e999", "-7",
                                          "1e-320", "1e300",  "0"};

    (void)state;
    for (size_t n = 0; n < array_length(numbers); n++) {
        cJSON *document = large_document();
        struct str json = STR_INIT;
        char *text = cJSON_PrintUnformatted(document);
        for (const char *c = text; *c; c++) {
            bool begins = (c[-(c > text)] == ':' || c[-(c > text)] == '[' ||
                           c[-(c > text)] == ',') &&
                          (*c == '-' || (*c >= '0' && *c <= '9'));
            if (!begins) {
                str_append_char(&json, *c);
                continue;
            }
            str_append(&json, numbers[n]);
            c += strspn(c, "-+.eE0123456789") - 1;
        }
        cJSON_free(text);
        cJSON_Delete(document);
        struct str page = page_of(cJSON_Parse(json.text));
        assert_has(&page, "</html>");
        assert_lacks(&page, "nan%");
        assert_lacks(&page, "\"nan");
        assert_lacks(&page, "Mnan");
        str_release(&page);
        str_release(&json);
    }
}

static void test_comparison(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.compare/1\", \"verdict\": \"fail\","
        " \"run\": {\"exit\": 1}, \"summary\": [\"<b>\"],"
        " \"family\": {\"rounds\": 12},"
        " \"gates\": [{\"option\": \"fail-if\", \"expr\": \"p50 > 1\","
        "   \"pass\": false}],"
        " \"measures\": [{\"name\": \"p50\", \"title\": \"median\","
        "   \"unit\": \"us\", \"scale\": \"ratio\"}, {\"name\": \"lost\"}],"
        " \"variants\": [{\"name\": \"<i>\", \"baseline\": true,"
        "   \"median\": {\"p50\": 1000, \"lost\": null}},"
        "  {\"name\": \"b\", \"median\": {\"p50\": \"never\"}}],"
        " \"rows\": [{\"variant\": \"b\", \"measure\": \"p50\","
        "   \"finding\": \"worse\", \"estimate\": 2, \"low\": 1,"
        "   \"high\": null}]}"));

    (void)state;
    assert_has(&page, "<span class=\"verdict bad\">FAIL</span> 2 variants");
    assert_has(&page, "fail-if p50 &gt; 1</th>");
    assert_has(&page, "<data value=\"1000\" title=\"variants[0].median.p50\">"
                      "1.00 ms</data></td><td class=\"n\">never</td>");
    assert_has(&page, "<data value=\"2\" title=\"rows[0].estimate\">x 2"
                      "</data>");
    /* What was not measured has no row, an end without a bound none either. */
    assert_lacks(&page, "median.lost");
    assert_has(&page, "<data value=\"1\" title=\"rows[0].low\">x 1</data> to "
                      "no bound");
    assert_has(&page, "<rect class=\"f-bad\" x=\"50.00%\" y=\"5\" "
                      "width=\"50.00%\" height=\"4\"/>");
    assert_lacks(&page, "<b>");
    assert_lacks(&page, "<i>");
    str_release(&page);
}

static void test_audit(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.audit/1\", \"target\": \"http://<i>/\","
        " \"complete\": true, \"summary\": {\"fail\": 1, \"pass\": 1},"
        " \"checks\": [{\"id\": \"IK01\", \"title\": \"one\","
        "   \"verdict\": \"fail\", \"observed\": \"<b>\","
        "   \"expected\": \"a rule\", \"source\": \"a draft\"},"
        "  {\"id\": \"IK02\", \"title\": \"two\", \"verdict\": \"pass\","
        "   \"expected\": \"another\"}]}"));

    (void)state;
    assert_has(&page, "<span class=\"verdict bad\">FAIL</span> <data "
                      "value=\"1\" title=\"summary.fail\">1</data> fail, ");
    assert_has(&page, "<br/>rule: a rule<br/>source: a draft");
    assert_lacks(&page, "another");
    assert_lacks(&page, "<b>");
    assert_lacks(&page, "<i>");
    str_release(&page);
}

static void test_capacity(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.capacity/1\", \"verdict\": \"fail\","
        " \"slo\": [\"p99 < 5ms\"], \"summary\": [\"<b>\"],"
        " \"searches\": [{\"retries\": true, \"summary\": [\"<i>\"],"
        "   \"capacity_per_s\": 400, \"knee_per_s\": null,"
        "   \"runs\": [{\"rate_per_s\": 400, \"phase\": \"<u>\","
        "     \"pass\": true, \"in_time_per_s\": 390},"
        "    {\"rate_per_s\": 800, \"pass\": false, \"ended_early\": true,"
        "     \"in_time_per_s\": 200},"
        "    {\"rate_per_s\": 800, \"pass\": null}]}],"
        " \"gates\": [{\"option\": \"fail-if\", \"expr\": \"x\","
        "   \"pass\": null}]}"));

    (void)state;
    assert_has(&page, "<span class=\"verdict bad\">FAIL</span> p99 &lt; 5ms");
    assert_has(&page, "<dt>Knee</dt><dd><span class=\"none\">not known");
    assert_has(&page, "<data value=\"400\" "
                      "title=\"searches[0].runs[0].rate_per_s\">400/s");
    /* Half across of 800/s, and 390 of 400. */
    assert_has(&page, "<circle class=\"dot-ok\" cx=\"50.00%\" cy=\"6.5\" "
                      "r=\"4\"><title>400/s, passed, in time 390/s</title>");
    assert_has(&page, "<circle class=\"dot-failed\" cx=\"100.00%\" "
                      "cy=\"130.0\" r=\"4\">");
    assert_has(&page, "<td class=\"bad\">failed, ended early</td>");
    assert_has(&page, "<td class=\"soft\">no telling</td>");
    assert_has(&page, "<td class=\"soft\">not judged</td>");
    assert_lacks(&page, "<b>");
    assert_lacks(&page, "<i>");
    assert_lacks(&page, "<u>");
    str_release(&page);
}

static void test_knockout(void **state)
{
    struct str page = page_of(cJSON_Parse(
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
        "   \"median\": {\"p99\": \"never\"}}, 7],"
        " \"suggestion\": {\"profile\": {\"about\": \"<s>\"}},"
        " \"gates\": [{\"option\": \"fail-if\", \"expr\": \"b kept\","
        "   \"pass\": false}]}"));

    (void)state;
    assert_has(&page, "<span class=\"verdict bad\">FAIL</span> 3 strategies"
                      "</h1>");
    assert_has(&page, "<th scope=\"col\" class=\"n\">p|99</th>");
    assert_has(&page, "<data value=\"2000\" title=\"ranking[0].median.p99\">"
                      "2.00 ms</data></td><td class=\"good\">kept</td>");
    assert_has(&page, "<td class=\"n\">never</td><td class=\"soft\">after "
                      "<data value=\"16\" "
                      "title=\"ranking[1].dropped.rounds\">16</data> rounds: "
                      "beside b it has &lt;u&gt;</td>");
    assert_has(&page, "Suggested profile</h2>");
    assert_has(&page, "&lt;s&gt;");
    assert_lacks(&page, "<s>");
    assert_lacks(&page, "<b>");
    assert_lacks(&page, "<i>");
    assert_lacks(&page, "<u>");
    str_release(&page);
}

static void test_tip(void **state)
{
    struct str page = page_of(cJSON_Parse(
        "{\"schema\": \"squall.tip/1\", \"verdict\": \"done\","
        " \"trigger\": {\"kind\": \"outage\", \"unit\": \"s\"},"
        " \"summary\": [\"<b>\"],"
        " \"variants\": [{\"name\": \"<i>\", \"back_up_to\": 2,"
        "   \"tip\": 4, \"tip_low\": 3, \"tip_high\": null,"
        "   \"summary\": [\"<u>\"], \"runs\": ["
        "    {\"size\": 2, \"phase\": \"bracket\", \"back\": true,"
        "     \"time_to_recover_us\": 1500000},"
        "    {\"size\": 8, \"back\": false, \"time_to_recover_us\": null},"
        "    {\"size\": 8, \"back\": null}]}]}"));

    (void)state;
    assert_has(&page, "DONE</span> what a service comes back from: outage");
    assert_has(&page, "<data value=\"2\" title=\"variants[0].back_up_to\">2 s"
                      "</data>");
    /* From 3 of 8 to the edge, the tip in the middle. */
    assert_has(&page, "<rect class=\"f-ok\" x=\"37.50%\" y=\"5\" "
                      "width=\"62.50%\" height=\"4\"/><circle "
                      "class=\"f-ok\" cx=\"50.00%\"");
    assert_has(&page,
               "title=\"variants[0].runs[0].time_to_recover_us\">1.50 s");
    assert_has(&page, "<td class=\"bad\">stayed down</td><td>-</td>"
                      "<td class=\"n\"><span class=\"bad\">never</span>");
    assert_has(&page, "<td class=\"soft\">no telling</td><td>-</td>"
                      "<td class=\"n\"><span class=\"none\">not known</span>");
    assert_lacks(&page, "<b>");
    assert_lacks(&page, "<i>");
    assert_lacks(&page, "<u>");
    str_release(&page);
}

static void test_of_nothing(void **state)
{
    static const char *const documents[] = {
        "{}",
        "{\"schema\": \"squall.report/1\", \"series\": [], \"slo\": 7}",
        "{\"schema\": \"squall.report/1\", \"series\": [1, null, \"x\"],"
        " \"windows\": {}, \"errors\": [[]], \"requests\": [null],"
        " \"recovery\": [3], \"effects\": {\"operations_checked\": 5,"
        " \"table\": {\"succeeded\": \"x\"}, \"examples\": [null]}}",
    };

    (void)state;
    for (size_t i = 0; i < array_length(documents); i++) {
        struct str page = page_of(cJSON_Parse(documents[i]));
        assert_has(&page, "NO VERDICT");
        assert_has(&page, "</html>");
        assert_lacks(&page, "nan%");
        assert_lacks(&page, ">nan");
        assert_lacks(&page, "\"nan");
        str_release(&page);
    }
}

static void test_size(void **state)
{
    struct str page = page_of(large_document());

    (void)state;
    if (page.length >= PAGE_MAX) {
        fail_msg("%zu bytes", page.length);
    }
    assert_true(page.length >
                PAGE_MAX / 2); /* nothing was left out by error */
    assert_has(&page, "and 1960 more in the JSON report");
    str_release(&page);
}

/* What is pointed at in a long run says the least and the largest of its
 * points. */
static void test_no_peak_is_hidden(void **state)
{
    cJSON *document = long_document(480, 0);
    cJSON *point =
        cJSON_GetArrayItem(cJSON_GetObjectItem(document, "series"), 101);

    (void)state;
    cJSON_SetNumberValue(cJSON_GetObjectItem(point, "in_flight"), 5e6);
    cJSON_SetNumberValue(cJSON_GetObjectItem(point->prev, "in_flight"), 3);
    struct str page = page_of(document);
    assert_has(&page, "<title>1m36s to 1m44s\nIn flight 3 to 5,000,000"
                      "</title>");
    str_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_timeline),
        cmocka_unit_test(test_nothing_begins_markup),
        cmocka_unit_test(test_extreme_numbers),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_knockout),
        cmocka_unit_test(test_tip),
        cmocka_unit_test(test_of_nothing),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_no_peak_is_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
