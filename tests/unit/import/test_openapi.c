/* OpenAPI documents: what operations send, from examples and schemas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../import_case.h"

#define DOCUMENT(paths, more) \
    "{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"http://h/v1/\"}]," \
    "\"paths\":{" paths "}" more "}"
#define BODY(schema) \
    DOCUMENT("\"/a\":{\"post\":{\"requestBody\":{\"content\":{" \
             "\"application/json\":{\"schema\":" schema "}}}}}", \
             "")

static void test_parameters_are_their_examples(void **state)
{
    struct import_case read;

    (void)state;
    case_read(
        &read, "openapi",
        DOCUMENT(
            "\"/a/{id}/{b}\":{\"parameters\":[{\"name\":\"id\",\"in\":"
            "\"path\",\"schema\":{\"type\":\"integer\",\"minimum\":7}},"
            "{\"name\":\"q\",\"in\":\"query\",\"required\":true,\"example\":"
            "\"of the path\"}],\"get\":{\"operationId\":\"look\","
            "\"parameters\":[{\"name\":\"b\",\"in\":\"path\",\"example\":"
            "\"x/y\"},{\"name\":\"q\",\"in\":\"query\",\"required\":true,"
            "\"examples\":{\"one\":{\"value\":\"a&b\"}}},{\"name\":\"opt\","
            "\"in\":\"query\",\"schema\":{\"type\":\"string\"}},{\"name\":"
            "\"l\",\"in\":\"query\",\"example\":[1,2]},{\"name\":\"X-H\","
            "\"in\":\"header\",\"required\":true,\"schema\":{\"enum\":["
            "\"e\"]}},{\"name\":\"Accept\",\"in\":\"header\",\"example\":"
            "\"no\"},{\"name\":\"c\",\"in\":\"cookie\",\"example\":1},"
            "{\"name\":\"o\",\"in\":\"query\",\"example\":{\"a\":1}}]}}",
            ""));
    assert_requests(&read, 1);
    assert_request(&read, 0,
                   "{\"name\":\"look\",\"method\":\"GET\",\"path\":"
                   "\"/v1/a/7/x%2Fy?q=a%26b&l=1&l=2\",\"headers\":{\"X-H\":"
                   "\"e\",\"Cookie\":\"${env:COOKIE}\"}}");
    assert_remark(&read, "paths./a/{id}/{b}.get", "parameter o");
    case_release(&read);
}

static void expect_body(const char *document, const char *body)
{
    struct import_case read;

    case_read(&read, "openapi", document);
    assert_requests(&read, 1);
    assert_string_equal(case_body(&read, 0), body);
    case_release(&read);
}

static void test_bodies_are_samples_of_their_schemas(void **state)
{
    (void)state;
    expect_body(BODY("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":"
                     "\"string\"},\"b\":{\"type\":[\"null\",\"number\"],"
                     "\"maximum\":0.5},\"c\":{\"type\":\"array\",\"items\":{"
                     "\"type\":\"boolean\"}},\"id\":{\"readOnly\":true},"
                     "\"d\":{\"format\":\"date\"},\"e\":{\"minLength\":6},"
                     "\"password\":{\"type\":\"string\"}}}"),
                "{\"a\":\"text\",\"b\":0.5,\"c\":[true],\"d\":\"2026-01-01\","
                "\"e\":\"textxx\",\"password\":\"${env:PASSWORD}\"}");
    expect_body(BODY("{\"allOf\":[{\"properties\":{\"a\":{\"const\":1}}},"
                     "{\"properties\":{\"b\":{\"default\":2}}}],"
                     "\"properties\":{\"c\":{\"oneOf\":[{\"enum\":[3]}]}}}"),
                "{\"a\":1,\"b\":2,\"c\":3}");
    expect_body(BODY("{\"example\":{\"x\":\"{{y}}\"}}"),
                "{\"x\":\"{{{{y}}\"}");
}

static void test_circles_end(void **state)
{
    struct import_case read;

    (void)state;
    case_read(
        &read, "openapi",
        DOCUMENT("\"/a\":{\"post\":{\"requestBody\":{\"content\":{"
                 "\"application/json\":{\"schema\":{\"$ref\":"
                 "\"#/components/schemas/T~1x\"}}}}},\"put\":{"
                 "\"requestBody\":{\"$ref\":\"#/components/loop\"}},"
                 "\"get\":{\"parameters\":[{\"$ref\":\"other.yaml#/x\"}]}}",
                 ",\"components\":{\"loop\":{\"$ref\":\"#/components/loop\"},"
                 "\"schemas\":{\"T/x\":{\"properties\":{\"t\":{\"$ref\":"
                 "\"#/components/schemas/T~1x\"},\"n\":{\"const\":1}}}}}"));
    assert_requests(&read, 2);
    assert_string_equal(case_body(&read, 1), "{\"n\":1}");
    assert_remark(&read, "paths./a.put", "circle");
    assert_remark(&read, "paths./a.put", "left out");
    assert_remark(&read, "paths./a.get", "not in this document");
    case_release(&read);
}

static void test_who_is_calling(void **state)
{
    struct import_case read;

    (void)state;
    case_read(
        &read, "openapi",
        DOCUMENT("\"/a\":{\"get\":{}},\"/b\":{\"get\":{\"security\":["
                 "{\"key\":[]}]}},\"/c\":{\"get\":{\"security\":[]}},"
                 "\"/d\":{\"get\":{\"security\":[{\"tls\":[]}]}}",
                 ",\"security\":[{\"my-token\":[]}],\"components\":{"
                 "\"securitySchemes\":{\"my-token\":{\"type\":\"oauth2\"},"
                 "\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":"
                 "\"X-Key\"},\"tls\":{\"type\":\"mutualTLS\"}}}"));
    assert_requests(&read, 4);
    assert_request(&read, 0,
                   "{\"name\":\"GET /v1/a\",\"method\":\"GET\",\"path\":"
                   "\"/v1/a\",\"headers\":{\"Authorization\":"
                   "\"Bearer ${env:MY_TOKEN}\"}}");
    assert_request(&read, 1,
                   "{\"name\":\"GET /v1/b\",\"method\":\"GET\",\"path\":"
                   "\"/v1/b\",\"headers\":{\"X-Key\":\"${env:KEY}\"}}");
    assert_request(&read, 2,
                   "{\"name\":\"GET /v1/c\",\"method\":\"GET\",\"path\":"
                   "\"/v1/c\"}");
    assert_remark(&read, "paths./a.get", "set MY_TOKEN");
    assert_remark(&read, "paths./d.get", "scheme tls");
    case_release(&read);
    case_read(&read, "openapi",
              DOCUMENT("\"/a\":{\"get\":{\"security\":[{\"b\":[]}]}}",
                       ",\"components\":{\"securitySchemes\":{\"b\":{"
                       "\"type\":\"http\",\"scheme\":\"basic\"}}}"));
    assert_string_equal(cJSON_GetStringValue(json_get(
                            json_get(read.document, "target"), "user")),
                        "${env:B_USER}:${env:B_PASSWORD}");
    assert_remark(&read, "user", "set B_PASSWORD");
    case_release(&read);
}

static void test_yaml_is_the_same_document(void **state)
{
    struct import_case read;

    (void)state;
    case_read(&read, "openapi",
              "# a comment\n"
              "openapi: 3.0.3\n"
              "servers: [{url: 'https://{where}', variables: {where: "
              "{default: h.example}}}]\n"
              "x: &body\n"
              "  content:\n"
              "    application/json:\n"
              "      example:\n"
              "        a: yes\n"
              "        b: 10\n"
              "        c: 1.5\n"
              "        d: ~\n"
              "        e: 'true'\n"
              "        f: true\n"
              "        g: |-\n"
              "          l\n"
              "          m\n"
              "paths:\n"
              "  /a:\n"
              "    post:\n"
              "      requestBody: *body\n");
    assert_requests(&read, 1);
    assert_string_equal(case_body(&read, 0),
                        "{\"a\":\"yes\",\"b\":10,\"c\":1.5,\"d\":null,\"e\":"
                        "\"true\",\"f\":true,\"g\":\"l\\nm\"}");
    case_release(&read);
}

static void test_what_is_no_document_is_refused(void **state)
{
    struct str deep = STR_INIT, bomb = STR_INIT;

    (void)state;
    assert_refused("openapi", "", "");
    assert_refused("openapi", "{\"openapi\":", "");
    assert_refused("openapi", "{\"swagger\":\"2.0\"}", "Swagger 2");
    assert_refused("openapi", "a: b", "does not say");
    assert_refused("openapi", "openapi: 3.0.0\npaths: {}\n", "no request");
    assert_refused("openapi", "a: [", "");
    assert_refused("openapi", "a: 1\na: 2\n", "twice");
    assert_refused("openapi", "? [a]\n: b\n", "no text");
    assert_refused("openapi", "a: *b\n", "no anchor");
    assert_refused("openapi", "a: \"\\x01\"\n", "control character");
    for (int i = 0; i < 100; i++) {
        str_append_char(&deep, '[');
    }
    assert_refused("openapi", deep.text, "too deep");
    str_append(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        str_printf(&bomb,
                   "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,"
                   "*a%d,*a%d]\n",
                   i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
                   i - 1, i - 1, i - 1);
    }
    assert_refused("openapi", bomb.text, "million");
    str_release(&deep);
    str_release(&bomb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_their_examples),
        cmocka_unit_test(test_bodies_are_samples_of_their_schemas),
        cmocka_unit_test(test_circles_end),
        cmocka_unit_test(test_who_is_calling),
        cmocka_unit_test(test_yaml_is_the_same_document),
        cmocka_unit_test(test_what_is_no_document_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
