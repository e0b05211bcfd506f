#include "measure/breakers.h"

#include "base/must.h"

#include <string.h>

void breakers_init(struct breakers *breakers, struct instant origin)
{
    memset(breakers, 0, sizeof(*breakers));
    breakers->origin = origin;
    breakers->last = origin;
}

static bool is_before(const struct breaker_note *a,
                      const struct breaker_note *b)
{
    return a->at.ns != b->at.ns ? instant_before(a->at, b->at)
                                : a->client < b->client;
}

/* After those that are not later, so that a client's keep their order. */
static void insert(struct breakers *breakers, const struct breaker_note *note)
{
    size_t at = breakers->note_count;
    while (at > 0 && is_before(note, &breakers->notes[at - 1])) {
        at--;
    }
    if (at == BREAKER_NOTES_MAX) {
        return;
    }
    if (breakers->note_count < BREAKER_NOTES_MAX) {
        breakers->note_count++;
    }
    memmove(&breakers->notes[at + 1], &breakers->notes[at],
            (breakers->note_count - 1 - at) * sizeof(breakers->notes[0]));
    breakers->notes[at] = *note;
}

void breakers_take(struct breakers *breakers, const struct breaker_note *note)
{
    struct instant at = instant_max(note->at, breakers->origin);
    must(note->from != note->to);
    if (note->to == BREAKER_OPEN) {
        breakers->open++;
        breakers->open_ns -= (uint64_t)at.ns;
    } else if (note->from == BREAKER_OPEN) {
        breakers->open--;
        breakers->open_ns += (uint64_t)at.ns;
    }
    if (instant_before(note->at, breakers->origin)) {
        return;
    }
    breakers->opened += note->to == BREAKER_OPEN;
    breakers->half_opened += note->to == BREAKER_HALF_OPEN;
    breakers->closed += note->to == BREAKER_CLOSED;
    breakers->last = instant_max(breakers->last, at);
    insert(breakers, note);
}

void breakers_merge(struct breakers *breakers, const struct breakers *other)
{
    must(breakers->origin.ns == other->origin.ns);
    breakers->opened += other->opened;
    breakers->half_opened += other->half_opened;
    breakers->closed += other->closed;
    breakers->open += other->open;
    breakers->open_ns += other->open_ns;
    breakers->last = instant_max(breakers->last, other->last);
    for (size_t i = 0; i < other->note_count; i++) {
        insert(breakers, &other->notes[i]);
    }
}

struct duration breakers_open_time(const struct breakers *breakers,
                                   struct instant end)
{
    must(breakers->open >= 0);
    end = instant_max(end, breakers->last);
    return (struct duration){
        (int64_t)(breakers->open_ns +
                  (uint64_t)breakers->open * (uint64_t)end.ns)};
}

uint64_t breakers_omitted(const struct breakers *breakers)
{
    return breakers->opened + breakers->half_opened + breakers->closed -
           breakers->note_count;
}
