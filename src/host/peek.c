#include "host/peek.h"

#include "base/must.h"

void peek_allow(struct peek *peek, struct arena *arena,
                const struct tally_config *config)
{
    must(!peek->part);
    peek->part = arena_alloc(arena, sizeof(*peek->part));
    tally_init(peek->part, arena, config);
}

void peek_ask(struct peek *peek)
{
    int idle = PEEK_IDLE;

    must(peek->part);
    (void)atomic_compare_exchange_strong(&peek->state, &idle, PEEK_ASKED);
}

bool peek_is_answered(const struct peek *peek)
{
    return atomic_load_explicit(&peek->state, memory_order_acquire) ==
           PEEK_ANSWERED;
}

void peek_done(struct peek *peek)
{
    must(peek_is_answered(peek));
    tally_reset(peek->part);
    atomic_store_explicit(&peek->state, PEEK_IDLE, memory_order_release);
}

void peek_answer(struct peek *peek, struct tally *tally,
                 const struct peek_facts *facts)
{
    must(peek_is_asked(peek));
    tally_hand_over(tally, peek->part);
    peek->facts = *facts;
    atomic_store_explicit(&peek->state, PEEK_ANSWERED, memory_order_release);
}
