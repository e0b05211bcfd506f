/* Whatever the bytes: json_parse refuses with a place inside the text, or
 * gives a tree that prints and reads back to the same text. */
#include "base/json.h"
#include "base/must.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const cJSON *tree)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;
    char *text = cJSON_PrintUnformatted(tree);
    must(text);
    json_source_set(&source, "printed", text, strlen(text));
    cJSON *again = json_parse(&source, &errors);
    must(again);
    char *same = cJSON_PrintUnformatted(again);
    must(same && strcmp(text, same) == 0);
    free(same);
    free(text);
    cJSON_Delete(again);
    json_source_release(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;
    int line, column;
    char excerpt[80];

    json_source_set(&source, "fuzz", (const char *)data, size);
    cJSON *tree = json_parse(&source, &errors);
    must((tree != NULL) == (errors.count == 0));
    if (tree) {
        check_round_trip(tree);
    } else {
        must(errors.list[0].line >= 1 && errors.list[0].column >= 1);
    }
    /* Looking for a place is safe in a text that is not JSON, too. */
    json_locate(&source, "load.stages[1][\"a.b\"]", JSON_VALUE, &line, &column,
                excerpt, sizeof(excerpt));
    cJSON_Delete(tree);
    json_source_release(&source);
    return 0;
}
