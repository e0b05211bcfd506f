#include "engine/look.h"

/* A sleep that is so much too long is not the kernel's usual lateness. */
#define OVERSLEPT duration_us(500)

#define AWAY_MIN duration_ms(1)
#define STALL_MIN duration_ms(10)

#define PATIENCE_MIN duration_ms(1)
enum { PATIENCE_PART = 32 }; /* of the youngest request's age */

struct duration look_patience(const struct look *look, struct instant now)
{
    struct duration age = instant_since(now, look->active);
    return duration_max(PATIENCE_MIN,
                        (struct duration){age.ns / PATIENCE_PART});
}

static void note_away(struct look_away *away, struct duration time)
{
    away->longest = duration_max(away->longest, time);
    if (time.ns >= AWAY_MIN.ns) {
        away->sum = duration_add(away->sum, time);
    }
    away->stalls += time.ns >= STALL_MIN.ns;
}

static void begin_to_read(struct look *look, struct instant from)
{
    if (!look->left_some) {
        look->before = look->asked;
        look->partial = 0;
        look->round = from;
    } else if (++look->partial > look->partial_max) {
        look->before = look->round;
        look->partial = 0;
        look->round = from;
    }
    look->asked = from;
    look->left_some = false;
}

void look_end(struct look *look, struct instant from, struct instant until,
              struct instant back)
{
    if (look->at.ns == 0) {
        look->at = look->drained = look->active = from;
    }
    begin_to_read(look, from);
    if (look->is_active) {
        look->active = from;
        look->is_active = false;
    }
    struct duration work = instant_since(from, look->at);
    struct duration slept = instant_since(back, from);
    struct duration over = duration_max(
        instant_since(back, instant_max(until, from)), DURATION_ZERO);
    /* The kernel may have looked before the process was stopped, and told of
     * nothing that came since: the next look finds it. */
    bool overslept = over.ns > OVERSLEPT.ns;
    bool has_rest = instant_before(look->drained, look->at);
    /* What had come before ends a sleep at once. */
    bool at_once =
        slept.ns <= work.ns || (has_rest && slept.ns <= OVERSLEPT.ns);

    look->since = overslept || at_once ? look->drained : back;
    look->drained = overslept ? from : back;
    look->at = back;
    note_away(&look->away, duration_add(work, over));
}
