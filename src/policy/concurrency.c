#include "policy/concurrency.h"

#include "base/must.h"

static void run(struct concurrency *concurrency)
{
    concurrency->running++;
    if (concurrency->running > concurrency->running_max) {
        concurrency->running_max = concurrency->running;
    }
}

enum concurrency_entry concurrency_enter(struct concurrency *concurrency,
                                         unsigned limit, unsigned queue)
{
    if (concurrency->queued == 0 && concurrency->running < limit) {
        run(concurrency);
        return CONCURRENCY_RUNNING;
    }
    if (concurrency->queued >= queue) {
        concurrency->rejected++;
        return CONCURRENCY_REJECTED;
    }
    concurrency->queued++;
    if (concurrency->queued > concurrency->queued_max) {
        concurrency->queued_max = concurrency->queued;
    }
    return CONCURRENCY_QUEUED;
}

void concurrency_leave(struct concurrency *concurrency)
{
    must(concurrency->running > 0);
    concurrency->running--;
}

bool concurrency_next(struct concurrency *concurrency, unsigned limit)
{
    if (concurrency->queued == 0 || concurrency->running >= limit) {
        return false;
    }
    concurrency->queued--;
    run(concurrency);
    return true;
}

void concurrency_give_up(struct concurrency *concurrency)
{
    must(concurrency->queued > 0);
    concurrency->queued--;
}
