/*
 * Fuzz entry: any bytes are a ledger or are refused with one sentence of a
 * bounded length; and reading them twice says the same.
 */
#include "transport/ledger.h"

#include "base/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors errors = ERRORS_INIT;
    struct effects_join *join = effects_join_new(NULL, 0);
    char *text = malloc(size + 1);

    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    bool ok = ledger_parse(text, size, join, &errors);
    must(errors.count == (ok ? 0 : 1));
    if (!ok) {
        must(errors.list[0].text[0] && errors.list[0].hint[0]);
        must(strlen(errors.list[0].text) < 200);
    }
    uint64_t first = effects_join_fingerprint(join);
    effects_join_clear(join);
    must(ledger_parse(text, size, join, &errors) == ok);
    must(effects_join_fingerprint(join) == first);
    free(text);
    effects_join_free(join);
    return 0;
}
