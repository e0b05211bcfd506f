#include "host/ended.h"

#include "base/must.h"

void ended_init(struct ended_list *list)
{
    *list = (struct ended_list){.tail = &list->first};
}

void ended_put(struct ended_list *list, struct attempt *attempt,
               enum outcome outcome)
{
    must(!attempt->is_ended);
    attempt->is_ended = true;
    attempt->outcome = outcome;
    attempt->next_ended = NULL;
    *list->tail = attempt;
    list->tail = &attempt->next_ended;
}

void ended_take(struct ended_list *list, struct attempt *attempt)
{
    struct attempt **at = &list->first;

    while (*at != attempt) {
        must(*at);
        at = &(*at)->next_ended;
    }
    if (list->tail == &attempt->next_ended) {
        list->tail = at;
    }
    *at = attempt->next_ended;
    attempt->is_ended = false;
}
