#include "host/users.h"

#include "base/must.h"

void users_init(struct users *users, struct arena *arena, uint64_t count,
                struct duration think)
{
    *users = (struct users){
        .items = arena_array(arena, count, sizeof(*users->items)),
        .think = think,
        .ready = arena_array(arena, count, sizeof(*users->ready)),
    };
    heap_init(&users->thinking, arena, count);
    for (uint64_t i = 0; i < count; i++) {
        users->items[i].index = i;
        users->ready[users->ready_count++] = count - 1 - i;
    }
}

void users_answered(struct users *users, uint64_t user, struct instant now)
{
    if (users->think.ns > 0) {
        heap_set(&users->thinking, &users->items[user].timer,
                 instant_add(now, users->think));
    } else {
        users->ready[users->ready_count++] = user;
    }
}

void users_wake(struct users *users, struct instant now)
{
    struct heap_node *node;

    while ((node = heap_pop_due(&users->thinking, now))) {
        users->ready[users->ready_count++] =
            ((struct user *)(void *)node)->index;
    }
}

uint64_t users_next(struct users *users)
{
    must(users->ready_count > 0);
    return users->ready[--users->ready_count];
}
