#include "faults/fault.h"

#include "base/must.h"

/* Beside the streams of whether, which go by rows of a kind. */
enum { AMOUNT_STREAMS = 0x80 };

_Static_assert((int)FAULTS_MAX <= (int)AMOUNT_STREAMS, "streams do not meet");

static const char *const names[FAULT_COUNT] = {
#define FAULT(id, name, sentence) [FAULT_##id] = (name),
#include "faults/fault.def"
#undef FAULT
};

void fault_drawer_init(struct fault_drawer *drawer,
                       const struct fault_config *faults, size_t count,
                       uint64_t seed, uint64_t worker)
{
    uint64_t seen[FAULT_COUNT] = {0};

    must(count <= FAULTS_MAX);
    *drawer = (struct fault_drawer){.faults = faults, .count = count};
    for (size_t i = 0; i < count; i++) {
        uint64_t kind = faults[i].kind;
        uint64_t stream = worker << 16 | kind << 8 | seen[kind]++;
        drawer->streams[i] = rng_stream(seed, RNG_FAULT, stream);
        drawer->amounts[i] =
            rng_stream(seed, RNG_FAULT, stream | AMOUNT_STREAMS);
    }
}

const struct fault_config *fault_draw(struct fault_drawer *drawer,
                                      struct duration since_start, int request)
{
    const struct fault_config *first = NULL;

    for (size_t i = 0; i < drawer->count; i++) {
        const struct fault_config *fault = &drawer->faults[i];
        bool concerns =
            fault->request == FAULT_ANY_REQUEST || fault->request == request;
        if (!concerns || !window_contains(&fault->window, since_start)) {
            continue;
        }
        bool is_drawn = rng_unit(&drawer->streams[i]) < fault->ratio;
        if (is_drawn && !first) {
            first = fault;
        }
    }
    return first;
}

struct duration fault_draw_span(struct fault_drawer *drawer,
                                const struct fault_config *fault,
                                const struct fault_span *span,
                                struct duration whole)
{
    size_t row = (size_t)(fault - drawer->faults);

    must(row < drawer->count);
    double drawn =
        span->low + (span->high - span->low) * rng_unit(&drawer->amounts[row]);
    drawn *= span->is_share ? (double)whole.ns : 1;
    return (struct duration){(int64_t)drawn};
}

const char *fault_name(enum fault_kind kind)
{
    return names[kind];
}
