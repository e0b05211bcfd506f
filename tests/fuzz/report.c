/* Whatever the bytes: a document is refused with an error, or shown by every
 * writer that it allows, merged and compared without harm. A merge, and a
 * comparison, that are made keep their schemas. */
#include "base/json.h"
#include "base/must.h"
#include "report/diff.h"
#include "report/document_kind.h"
#include "report/lookup.h"
#include "report/merge.h"
#include "report/outputs.h"
#include "report/validate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const argv[] = {"squall", "report"};

static void write_all(cJSON *document)
{
    enum document_kind kind = document_kind_of(document);

    for (size_t i = 0; i < WRITER_COUNT; i++) {
        struct outputs outputs = {0};
        struct errors errors = ERRORS_INIT;
        if (writers[i].needs == WRITER_NEEDS_DOCUMENT &&
            (writers[i].documents & 1u << kind)) {
            outputs_add(&outputs, (enum writer_id)i, "/dev/null");
            must(outputs_write(&outputs, document, NULL, &errors));
        }
    }
}

static void hold(cJSON *made, const struct errors *errors)
{
    struct errors own = ERRORS_INIT;

    must((made != NULL) == (errors->count == 0));
    if (made) {
        must(report_validate(made, &own));
        write_all(made);
    }
    cJSON_Delete(made);
}

/* With itself, as the report of another run. */
static void combine(const cJSON *document)
{
    cJSON *other = cJSON_Duplicate(document, true);
    cJSON *run = json_get(other, "run");
    struct merge_input inputs[] = {{"one", document}, {"other", other}};

    cJSON_DeleteItemFromObjectCaseSensitive(run, "id");
    cJSON_AddStringToObject(run, "id", "another");
    struct errors errors = ERRORS_INIT;
    hold(merge_reports(inputs, 2, 2, argv, &errors), &errors);
    struct errors others = ERRORS_INIT;
    hold(diff_reports(inputs, 2, argv, &others), &others);
    cJSON_Delete(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;

    json_source_set(&source, "fuzz", (const char *)data, size);
    cJSON *document = json_parse(&source, &errors);
    must((document != NULL) == (errors.count == 0));
    if (document && document_kind_is_read(document, &errors) &&
        document_kind_of(document) != DOCUMENT_KIND_COUNT) {
        (void)lookup(document, "latency.operation.p99_us", &errors);
        struct errors own = ERRORS_INIT;
        (void)report_validate(document, &own);
        write_all(document);
        combine(document);
    }
    cJSON_Delete(document);
    json_source_release(&source);
    return 0;
}
