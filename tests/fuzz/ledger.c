/*
 * Fuzz entry: any bytes are a ledger or are refused with one sentence of a
 * bounded length; and in whatever pieces they come, they say the same. The
 * first byte says what entries have (0 to 3), the second how long a piece is.
 */
#include "effects/effects_join.h"
#include "effects/ledger_text.h"

#include "base/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct transition_config states = {
    .count = 2,
    .names = {"PENDING", "DONE"},
    .next = {2, 0},
    .initial = 1,
    .effects = 1,
};

static void take(void *user, const struct ledger_entry *entry)
{
    must(entry->id_length <= LEDGER_LINE_MAX);
    must(!entry->has_time || entry->unix_ns >= 0);
    effects_join_take(user, entry);
}

static bool parse(const uint8_t *data, size_t size,
                  enum ledger_columns columns, size_t piece,
                  struct effects_join *join, struct errors *errors)
{
    static struct ledger_text text;
    memset(&text, 0xa5, sizeof(text));
    ledger_text_begin(&text, LEDGER_SNIFFED, columns, take, join);
    for (size_t at = 0; at < size; at += piece) {
        size_t length = size - at < piece ? size - at : piece;
        if (!ledger_text_feed(&text, (const char *)data + at, length,
                              errors)) {
            must(text.reader.failed);
            return false;
        }
    }
    return ledger_text_end(&text, errors);
}

static void check(const uint8_t *data, size_t size,
                  enum ledger_columns columns, size_t piece)
{
    struct errors errors = ERRORS_INIT;
    struct errors again = ERRORS_INIT;
    struct effects_join *join = effects_join_new(NULL, 0);

    effects_join_use_transitions(join, &states);
    bool ok = parse(data, size, columns, size + 1, join, &errors);
    must(errors.count == (ok ? 0 : 1));
    if (!ok) {
        must(errors.list[0].text[0] && errors.list[0].hint[0]);
        must(strlen(errors.list[0].text) < 200);
    }
    uint64_t first = effects_join_fingerprint(join);
    effects_join_clear(join);
    must(parse(data, size, columns, piece, join, &again) == ok);
    must(effects_join_fingerprint(join) == first);
    must(strcmp(errors.list[0].text, again.list[0].text) == 0);
    effects_join_free(join);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    check(data + 2, size - 2, (enum ledger_columns)(data[0] & 3),
          (size_t)data[1] % 16 + 1);
    return 0;
}
