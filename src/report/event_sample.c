#include "report/event_sample.h"

#include "base/hash.h"
#include "base/must.h"

#include <stdlib.h>
#include <string.h>

/* Keeps these draws apart from others by operation numbers. */
static const uint64_t salt = UINT64_C(0x7265736572766f69);

/* Of one second those that went well, or those that did not: the smallest
 * numbers, the largest of them first (a heap). */
struct drawn {
    uint64_t offered;
    size_t kept, room;
    uint64_t *numbers;
};

struct second {
    struct drawn well, wrong;
};

struct event_sample {
    uint64_t per_second, seed;
    size_t count;
    struct second *seconds;
};

struct event_sample *event_sample_new(uint64_t per_second, uint64_t seed)
{
    struct event_sample *sample = calloc(1, sizeof(*sample));

    must(sample && per_second >= 1 && per_second <= EVENT_SAMPLE_MAX);
    sample->per_second = per_second;
    sample->seed = mix64(seed ^ salt);
    return sample;
}

void event_sample_free(struct event_sample *sample)
{
    for (size_t i = 0; i < sample->count; i++) {
        free(sample->seconds[i].well.numbers);
        free(sample->seconds[i].wrong.numbers);
    }
    free(sample->seconds);
    free(sample);
}

/* One to one, so that no two operations of a run share a number. */
static uint64_t number_of(const struct event_sample *sample,
                          uint64_t operation)
{
    return mix64(operation ^ sample->seed);
}

static void reach(struct event_sample *sample, uint64_t second)
{
    if (second < sample->count) {
        return;
    }
    size_t count = (size_t)second + (size_t)second / 2 + 64;
    sample->seconds =
        realloc(sample->seconds, count * sizeof(*sample->seconds));
    must(sample->seconds);
    memset(sample->seconds + sample->count, 0,
           (count - sample->count) * sizeof(*sample->seconds));
    sample->count = count;
}

static void sift_down(uint64_t *heap, size_t count, uint64_t number)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < count) {
        child += child + 1 < count && heap[child + 1] > heap[child];
        if (heap[child] <= number) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = number;
}

static void sift_up(uint64_t *heap, size_t at, uint64_t number)
{
    while (at > 0 && heap[(at - 1) / 2] < number) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = number;
}

static void draw(struct drawn *drawn, size_t most, uint64_t number)
{
    drawn->offered++;
    if (drawn->kept == most) {
        if (number < drawn->numbers[0]) {
            sift_down(drawn->numbers, drawn->kept, number);
        }
        return;
    }
    if (drawn->kept == drawn->room) {
        drawn->room = drawn->room ? 2 * drawn->room : 16;
        drawn->numbers =
            realloc(drawn->numbers, drawn->room * sizeof(*drawn->numbers));
        must(drawn->numbers);
    }
    sift_up(drawn->numbers, drawn->kept++, number);
}

void event_sample_offer(struct event_sample *sample, uint64_t second,
                        uint64_t operation, bool offends)
{
    reach(sample, second);
    struct second *of = &sample->seconds[second];
    draw(offends ? &of->wrong : &of->well,
         (size_t)(offends ? sample->per_second * EVENT_SAMPLE_OFFENDERS
                          : sample->per_second),
         number_of(sample, operation));
}

static const struct drawn *drawn_of(const struct event_sample *sample,
                                    uint64_t second, bool offends)
{
    return second >= sample->count ? NULL
           : offends               ? &sample->seconds[second].wrong
                                   : &sample->seconds[second].well;
}

bool event_sample_takes(const struct event_sample *sample, uint64_t second,
                        uint64_t operation, bool offends)
{
    const struct drawn *drawn = drawn_of(sample, second, offends);

    return drawn && drawn->kept > 0 &&
           number_of(sample, operation) <= drawn->numbers[0];
}

double event_sample_stands_for(const struct event_sample *sample,
                               uint64_t second, bool offends)
{
    const struct drawn *drawn = drawn_of(sample, second, offends);

    must(drawn && drawn->kept > 0);
    return (double)drawn->offered / (double)drawn->kept;
}
