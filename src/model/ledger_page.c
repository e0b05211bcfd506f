#include "model/ledger_page.h"

void ledger_page_begin(struct ledger_page *page,
                       const struct service_effects *effects, bool is_json,
                       bool by_key)
{
    *page = (struct ledger_page){.is_json = is_json};
    service_effects_walk(&page->cursor, effects, by_key);
}

static void write_entry(const struct ledger_page *page, struct str *out,
                        const char *id, uint64_t count)
{
    if (page->is_json) {
        str_append(out, page->has_entries ? ",\n" : "\n");
        str_append_json_string(out, id);
        str_printf(out, ": %llu", (unsigned long long)count);
    } else {
        str_printf(out, "%s %llu\n", id, (unsigned long long)count);
    }
}

bool ledger_page_write(struct ledger_page *page, struct str *out,
                       size_t enough)
{
    size_t before = out->length;
    const char *id;
    uint64_t count;
    bool torn = false;

    if (!page->has_begun && page->is_json) {
        str_append(out, "{\"effects\": {");
    }
    page->has_begun = true;
    while (out->length - before < enough && !page->is_over) {
        if (service_effects_next(&page->cursor, &id, &count, &torn)) {
            write_entry(page, out, id, count);
            page->has_entries = true;
        } else {
            page->is_over = true;
        }
    }
    if (page->is_over && page->is_json && !torn) {
        str_append(out, "}}\n");
    }
    return !torn;
}
