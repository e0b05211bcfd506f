#include "host/watch.h"

void watch_begin(struct watch *watch, const struct engine *engine,
                 struct instant now)
{
    *watch = (struct watch){
        .since = now,
        .cpu = engine_cpu(engine),
        .waiting = engine_cpu_wait(engine),
    };
}

static struct duration since(struct duration now, struct duration before)
{
    return now.ns < 0 || before.ns < 0 ? NOT_MEASURED
                                       : (struct duration){now.ns - before.ns};
}

struct fact watch_take(struct watch *watch, struct engine *engine,
                       struct instant now)
{
    struct watch before = *watch;
    struct look_away away = look_take_away(&engine->look);
    struct fact fact = {.kind = FACT_WORKER, .at = now};

    watch_begin(watch, engine, now);
    fact.worker.wall = instant_since(now, before.since);
    fact.worker.cpu = since(watch->cpu, before.cpu);
    fact.worker.waiting = since(watch->waiting, before.waiting);
    fact.worker.away = away.longest;
    fact.worker.away_sum = away.sum;
    fact.worker.stalls = away.stalls;
    fact.worker.lag = before.lag;
    return fact;
}
