/* The times at which requests were made, as a file of arrivals. */
#include "base/instant.h"
#include "import/import.h"
#include "import/inside.h"

#include <stdlib.h>

static int by_time(const void *a, const void *b)
{
    const struct import_arrival *one = a, *two = b;

    if (one->ns != two->ns) {
        return one->ns < two->ns ? -1 : 1;
    }
    return one->number < two->number ? -1 : one->number > two->number;
}

size_t import_spread(struct import *import)
{
    struct import_arrival *list = import->arrivals;
    size_t count = import->arrival_count, shared = 0;

    if (count > 0) {
        qsort(list, count, sizeof(*list), by_time);
    }
    for (size_t first = 0, end; first < count; first = end) {
        end = first + 1;
        while (end < count && list[end].ns == list[first].ns) {
            end++;
        }
        int64_t gap = NS_PER_S / (int64_t)(end - first);
        for (size_t i = first + 1; i < end; i++) {
            list[i].ns += (int64_t)(i - first) * gap;
        }
        shared += end - first > 1 ? end - first : 0;
    }
    return shared;
}

void import_recording(const struct import *import, struct str *out)
{
    int64_t first = 0;
    bool begun = false;

    if (import->arrival_count > 0) {
        qsort(import->arrivals, import->arrival_count,
              sizeof(*import->arrivals), by_time);
    }
    str_append(out,
               "# Arrivals for load.arrivals.file of a profile of squall: "
               "seconds, request.\n");
    for (size_t i = 0; i < import->arrival_count; i++) {
        const struct import_arrival *arrival = &import->arrivals[i];
        const struct import_request *request =
            &import->requests[arrival->request];
        if (request->kept == SIZE_MAX) {
            continue;
        }
        first = begun ? first : arrival->ns;
        begun = true;
        int64_t ns = arrival->ns - first;
        str_printf(out, "%lld.%09lld %s\n", (long long)(ns / NS_PER_S),
                   (long long)(ns % NS_PER_S), request->name);
    }
}
