#include "plan/header_index.h"

#include "base/must.h"

#include <stdlib.h>
#include <strings.h>

static int by_name(const void *a, const void *b)
{
    const struct header_config *one = *(const struct header_config *const *)a;
    const struct header_config *other =
        *(const struct header_config *const *)b;
    int order = strcasecmp(one->name, other->name);

    return order ? order : (one > other) - (one < other);
}

void header_index_init(struct header_index *index,
                       const struct header_list *list)
{
    *index = (struct header_index){.list = list};
    index->sorted = malloc((list->count + 1) * sizeof(*index->sorted));
    must(index->sorted);
    for (size_t i = 0; i < list->count; i++) {
        index->sorted[i] = &list->items[i];
    }
    qsort(index->sorted, list->count, sizeof(*index->sorted), by_name);
}

void header_index_release(struct header_index *index)
{
    free(index->sorted);
    *index = (struct header_index){0};
}

/* The last element of a name, or NULL. */
static const struct header_config *last_of(const struct header_index *index,
                                           const char *name)
{
    size_t low = 0, high = index->list->count;

    /* The first that comes after all of this name. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(index->sorted[middle]->name, name) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && strcasecmp(index->sorted[low - 1]->name, name) == 0
               ? index->sorted[low - 1]
               : NULL;
}

bool header_index_has(const struct header_index *index, const char *name)
{
    return last_of(index, name) != NULL;
}

bool header_index_is_last(const struct header_index *index, size_t place)
{
    const struct header_config *header = &index->list->items[place];
    return last_of(index, header->name)->member == header->member;
}
