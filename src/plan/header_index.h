/* header_index: the headers of a list by name, in any case, for lists that are
 * too long to be searched once for each of their elements. */
#ifndef SQUALL_PLAN_HEADER_INDEX_H
#define SQUALL_PLAN_HEADER_INDEX_H

#include "plan/plan.h"

struct header_index {
    const struct header_list *list;
    const struct header_config **sorted; /* by name, then by place */
};

/* Borrows the list. */
void header_index_init(struct header_index *index,
                       const struct header_list *list);
void header_index_release(struct header_index *index);

bool header_index_has(const struct header_index *index, const char *name);

/* Whether no later member of the section has the name of this one: its values,
 * of which there may be several, are the ones that count. */
bool header_index_is_last(const struct header_index *index, size_t place);

#endif
