#include "model/dependency.h"

#include "base/must.h"

/* Streams of service times: 0 is the service's own. */
enum { STREAM = 1 };

void dependency_init(struct dependency *dependency,
                     const struct dependency_config *config,
                     struct arena *arena, uint64_t seed)
{
    must(config->workers > 0);
    *dependency = (struct dependency){
        .queue_limit = config->queue_limit,
        .stream = rng_stream(seed, RNG_SERVICE_TIME, STREAM),
    };
    must(service_time_init(&dependency->time, &config->time));
    heap_init(&dependency->workers, arena, (size_t)config->workers);
    struct heap_node *nodes =
        arena_array(arena, (size_t)config->workers, sizeof(*nodes));
    for (uint64_t i = 0; i < config->workers; i++) {
        heap_set(&dependency->workers, &nodes[i], (struct instant){INT64_MIN});
    }
    if (config->queue_limit > 0) {
        dependency->starts = arena_array(arena, (size_t)config->queue_limit,
                                         sizeof(*dependency->starts));
    }
}

static void forget_started(struct dependency *dependency, struct instant now)
{
    while (dependency->waiting > 0 &&
           !instant_before(now, dependency->starts[dependency->first])) {
        dependency->first = (dependency->first + 1) % dependency->queue_limit;
        dependency->waiting--;
    }
}

struct instant dependency_start(struct dependency *dependency,
                                struct instant now)
{
    struct instant free = heap_next(&dependency->workers);

    forget_started(dependency, now);
    if (!instant_before(now, free)) {
        return now;
    }
    bool is_full = dependency->queue_limit > 0 &&
                   dependency->waiting == dependency->queue_limit;
    return is_full ? INSTANT_NEVER : free;
}

struct instant dependency_call(struct dependency *dependency,
                               struct instant now, struct instant start,
                               double stretch, struct duration delay)
{
    struct duration time =
        service_time_draw(&dependency->time, &dependency->stream);
    if (stretch > 1) {
        time = duration_from_ns((double)time.ns * stretch);
    }
    struct instant end = instant_add(start, duration_add(time, delay));
    struct heap_node *worker = heap_pop_due(&dependency->workers, start);
    must(worker);
    heap_set(&dependency->workers, worker, end);
    if (dependency->queue_limit > 0 && instant_before(now, start)) {
        uint64_t last = (dependency->first + dependency->waiting) %
                        dependency->queue_limit;
        dependency->starts[last] = start;
        dependency->waiting++;
    }
    return end;
}
