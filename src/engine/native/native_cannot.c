#include "engine/native/native_cannot.h"

#include "engine/native/addresses.h"

#include <string.h>
#include <strings.h>

static bool has_device(const struct plan *plan)
{
    const struct string_list *from = &plan->target.interface;

    for (size_t i = 0; i < from->count; i++) {
        if (!addresses_is_literal(from->items[i])) {
            return true;
        }
    }
    return false;
}

static bool has_line(const struct plan *plan, const char *name)
{
    for (size_t r = 0; r < plan->request_count; r++) {
        const struct header_list *headers = &plan->requests[r].config.headers;
        for (size_t i = 0; i < headers->count; i++) {
            const struct header_config *header = &headers->items[i];
            if (strcasecmp(header->name, name) == 0 && *header->value) {
                return true;
            }
        }
    }
    return false;
}

const char *native_cannot(const struct plan *plan)
{
#define NATIVE_CANNOT(condition, words) \
    if (condition) { \
        return words; \
    }
#include "engine/native/native_cannot.def"
#undef NATIVE_CANNOT
    return NULL;
}
