#include "transport/copied.h"

#include "base/must.h"
#include "transport/worker_inside.h"

#include <string.h>

void copied_init(struct copied_pool *pool, struct arena *arena, size_t max)
{
    *pool = (struct copied_pool){
        .items = arena_array(arena, max, sizeof(*pool->items)),
        .max = max,
    };
}

bool answers_are_told(const struct worker *worker, uint16_t request)
{
    return worker->tally.config.keep_answers &&
           worker->plan->requests[request].config.effect == YES;
}

static struct copied *take(struct copied_pool *pool)
{
    struct copied *copied = pool->free;
    if (copied) {
        pool->free = copied->next;
    } else {
        must(pool->high < pool->max);
        copied = &pool->items[pool->high++];
    }
    copied->copies = 0;
    copied->is_over = false;
    copied->has_answers = false;
    return copied;
}

struct copied *copied_add(struct worker *worker, struct operation *operation)
{
    if (!answers_are_told(worker, operation->request) && !worker->journal) {
        return NULL;
    }
    if (!operation->copied) {
        operation->copied = take(&worker->strikes.copied);
        operation->copied->seen = *operation->seen;
        operation->seen = &operation->copied->seen;
        evidence_copied(worker, operation, operation->copied);
    }
    operation->copied->copies++;
    return operation->copied;
}

static void tell(struct worker *worker, struct copied *copied)
{
    if (copied->has_answers) {
        tally_take(&worker->tally, &copied->fact);
    }
    evidence_copied_over(worker, copied);
    copied->next = worker->strikes.copied.free;
    worker->strikes.copied.free = copied;
}

void copied_end(struct worker *worker, struct copied *copied)
{
    if (copied) {
        must(copied->copies > 0);
        copied->copies--;
        if (copied->is_over && copied->copies == 0) {
            tell(worker, copied);
        }
    }
}

void copied_tell(struct worker *worker, const struct operation *operation,
                 const struct fact *answers)
{
    struct copied *copied = operation->copied;
    size_t notes = answers->answers.note_count;

    must(answers->kind == FACT_ANSWERS && notes <= ATTEMPT_NOTES_MAX);
    if (!copied) {
        tally_take(&worker->tally, answers);
        return;
    }
    copied->has_answers = true;
    memcpy(copied->notes, answers->answers.notes,
           notes * sizeof(copied->notes[0]));
    copied->fact = *answers;
    copied->fact.answers.notes = copied->notes;
}

void copied_over(struct worker *worker, const struct operation *operation)
{
    struct copied *copied = operation->copied;

    if (copied) {
        copied->is_over = true;
        if (copied->copies == 0) {
            tell(worker, copied);
        }
    }
}
