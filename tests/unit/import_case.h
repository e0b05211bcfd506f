/* import_case: reads a text as one of the formats, for tests of the readers.
 * Include after cmocka. */
#ifndef SQUALL_TESTS_IMPORT_CASE_H
#define SQUALL_TESTS_IMPORT_CASE_H

#include "base/json.h"
#include "base/must.h"
#include "import/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came of a text. */
struct import_case {
    struct import import;
    struct errors errors;
    cJSON *document; /* NULL: it was refused */
};

static inline void case_read_bytes(struct import_case *read,
                                   const char *format, const char *text,
                                   size_t length, const char *recording)
{
    struct str copy = STR_INIT;

    *read = (struct import_case){.errors = ERRORS_INIT};
    str_append_bytes(&copy, text, length);
    import_init(&read->import, "source", &read->errors);
    if (import_read(&read->import, import_format_find(format), copy.text,
                    copy.length) &&
        !import_finish(&read->import, recording, &read->document)) {
        read->document = NULL;
    }
    str_release(&copy);
}

static inline void case_read(struct import_case *read, const char *format,
                             const char *text)
{
    case_read_bytes(read, format, text, strlen(text), NULL);
}

static inline void case_release(struct import_case *read)
{
    cJSON_Delete(read->document);
    import_release(&read->import);
}

/* The n-th request, as compact JSON; owned. */
static inline char *case_request(const struct import_case *read, int n)
{
    char *text = cJSON_PrintUnformatted(
        cJSON_GetArrayItem(json_get(read->document, "requests"), n));
    return text ? text : strdup("none");
}

/* The body of the n-th request, or "none". */
static inline const char *case_body(const struct import_case *read, int n)
{
    const cJSON *request =
        cJSON_GetArrayItem(json_get(read->document, "requests"), n);
    const char *body = cJSON_GetStringValue(json_get(request, "body"));
    return body ? body : "none";
}

static inline void assert_request(const struct import_case *read, int n,
                                  const char *wanted)
{
    char *text = case_request(read, n);
    assert_string_equal(text, wanted);
    free(text);
}

static inline void assert_requests(const struct import_case *read, int count)
{
    errors_print(&read->errors, stderr);
    assert_non_null(read->document);
    assert_int_equal(cJSON_GetArraySize(json_get(read->document, "requests")),
                     count);
}

/* Whether there is a remark at the place that says this. */
static inline void assert_remark(const struct import_case *read,
                                 const char *place, const char *says)
{
    for (size_t i = 0; i < read->import.remark_count; i++) {
        const struct import_remark *remark = &read->import.remarks[i];
        if (strcmp(remark->place, place) == 0 && strstr(remark->text, says)) {
            return;
        }
    }
    for (size_t i = 0; i < read->import.remark_count; i++) {
        print_message("%s: %s\n", read->import.remarks[i].place,
                      read->import.remarks[i].text);
    }
    fail_msg("no remark at %s says \"%s\"", place, says);
}

static inline void assert_refused(const char *format, const char *text,
                                  const char *says)
{
    struct import_case read;

    case_read(&read, format, text);
    assert_null(read.document);
    assert_int_equal(read.errors.count, 1);
    if (!strstr(read.errors.list[0].text, says)) {
        fail_msg("%s: %s", text, read.errors.list[0].text);
    }
    case_release(&read);
}

#endif
