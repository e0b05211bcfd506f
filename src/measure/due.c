#include "measure/due.h"

#include "base/must.h"

#include <string.h>

/* Of a doubling: 2^(1/4), 2^(2/4) and 2^(3/4), in millionths. */
static const int64_t quarters[] = {1000000, 1189207, 1414214, 1681793};

enum { QUARTERS = 4, SHORTEST_MS = 500 };

void due_init(struct due *due, struct arena *arena, struct instant origin)
{
    *due = (struct due){
        .origin = origin,
        .step = duration_ms(100),
        .steps = arena_array(arena, DUE_STEPS_MAX, sizeof *due->steps),
    };
}

struct duration due_time(size_t index)
{
    if (index + 1 >= DUE_TIMES) {
        return DURATION_FOREVER;
    }
    int64_t doubled = (int64_t)SHORTEST_MS * NS_PER_MS << (index / QUARTERS);
    return (struct duration){doubled / 1000000 * quarters[index % QUARTERS]};
}

size_t due_index(struct duration took)
{
    size_t index = 0;

    while (due_time(index).ns < took.ns) {
        index++;
    }
    return index;
}

static void add(struct due_step *to, const struct due_step *from)
{
    to->due += from->due;
    to->came += from->came;
    for (size_t i = 0; i < DUE_TIMES; i++) {
        to->took[i] += from->took[i];
    }
}

static void coalesce(struct due *due)
{
    for (size_t i = due->first > 1 ? due->first : 1; i < due->count; i++) {
        add(&due->steps[i / 2], &due->steps[i]);
        memset(&due->steps[i], 0, sizeof due->steps[i]);
    }
    due->first /= 2;
    due->count = (due->count + 1) / 2;
    due->step.ns *= 2;
}

static void use(struct due *due, size_t first, size_t count)
{
    if (due->count == 0 || first < due->first) {
        due->first = first;
    }
    if (count > due->count) {
        due->count = count;
    }
}

static struct due_step *step_at(struct due *due, struct instant at)
{
    int64_t since = instant_since(at, due->origin).ns;

    since = since < 0 ? 0 : since;
    while (since / due->step.ns >= DUE_STEPS_MAX) {
        coalesce(due);
    }
    size_t index = (size_t)(since / due->step.ns);
    use(due, index, index + 1);
    return &due->steps[index];
}

void due_offered(struct due *due, struct instant intended)
{
    step_at(due, intended)->due++;
}

void due_succeeded(struct due *due, struct instant intended, struct instant at)
{
    step_at(due, intended)->took[due_index(instant_since(at, intended))]++;
    step_at(due, at)->came++;
}

void due_merge(struct due *due, const struct due *other)
{
    must(due->origin.ns == other->origin.ns);
    while (due->step.ns < other->step.ns) {
        coalesce(due);
    }
    size_t each = (size_t)(due->step.ns / other->step.ns);
    if (other->count == 0) {
        return;
    }
    for (size_t i = other->first; i < other->count; i++) {
        add(&due->steps[i / each], &other->steps[i]);
    }
    use(due, other->first / each, (other->count + each - 1) / each);
}

void due_reset(struct due *due)
{
    memset(due->steps + due->first, 0,
           (due->count - due->first) * sizeof due->steps[0]);
    due->first = due->count = 0;
}
