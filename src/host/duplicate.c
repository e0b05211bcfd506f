#include "host/duplicate.h"

#include "base/must.h"

void duplicates_init(struct duplicates *duplicates, struct arena *arena,
                     size_t max, size_t operations)
{
    size_t kept_max = max ? max + operations : 0;

    *duplicates = (struct duplicates){
        .items = arena_array(arena, max, sizeof(*duplicates->items)),
        .max = max,
        .kept = arena_array(arena, kept_max, sizeof(*duplicates->kept)),
        .kept_max = kept_max,
    };
}

struct duplicate *duplicate_take(struct duplicates *duplicates,
                                 const struct attempt *attempt)
{
    struct duplicate *duplicate = duplicates->free;
    if (duplicate) {
        duplicates->free = duplicate->next;
    } else if (duplicates->high < duplicates->max) {
        duplicate = &duplicates->items[duplicates->high++];
    } else {
        return NULL;
    }
    duplicate->next = NULL;
    duplicate->kept = NULL;
    duplicate->is_out = false;
    duplicate->delay = DURATION_ZERO;
    duplicate->planned = attempt->operation->planned;
    duplicate->attempt = (struct attempt){
        .pool = attempt->pool,
        .client = attempt->client,
        .fault = attempt->fault,
        .scope = attempt->scope,
        .number = attempt->number,
        .kind = ATTEMPT_DUPLICATE,
    };
    return duplicate;
}

void duplicate_free(struct duplicates *duplicates, struct duplicate *duplicate)
{
    duplicate->attempt.number = 0;
    duplicate->next = duplicates->free;
    duplicates->free = duplicate;
}

struct kept_operation *kept_take(struct duplicates *duplicates,
                                 struct operation *operation)
{
    struct kept_operation *kept = duplicates->kept_free;
    if (kept) {
        duplicates->kept_free = kept->next;
    } else {
        must(duplicates->kept_high < duplicates->kept_max);
        kept = &duplicates->kept[duplicates->kept_high++];
    }
    kept->holders = 1;
    kept->has_answers = false;
    kept->seen = *operation->seen;
    operation->seen = &kept->seen;
    operation->progress.kept = kept;
    return kept;
}

bool kept_release(struct kept_operation *kept)
{
    must(kept->holders > 0);
    return --kept->holders == 0;
}

void kept_free(struct duplicates *duplicates, struct kept_operation *kept)
{
    kept->next = duplicates->kept_free;
    duplicates->kept_free = kept;
}
