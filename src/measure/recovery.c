#include "measure/recovery.h"

#include "base/must.h"

#include <math.h>
#include <stdint.h>

/* Back is at this share of what was before. */
static const double back_share = 0.95;

enum {
    WINDOW_S = 3,
    BEFORE_S = 10,     /* what is looked at before a trigger */
    WINDOW_MAX_S = 10, /* one that must be longer times nothing */
    OPERATIONS_OPEN = 200,
    OPERATIONS_CLOSED = 1000,
    WORST_OPERATIONS = 100, /* what the worst second holds at least */
    IN_TIME_MIN_S = 1
};

/* Steps from `first` to before `end`, and what is in them. */
struct span {
    size_t first, end;
    uint64_t due, good;
};

/* What recoveries are read from. */
struct reading {
    const struct due *due;
    bool is_open;
    size_t end;     /* steps of the load, whole ones */
    size_t in_time; /* index of the longest time that is */
};

static double seconds_of(const struct reading *reading, size_t steps)
{
    return (double)steps * duration_in_seconds(reading->due->step);
}

/* Steps of at least so many seconds. */
static size_t steps_of(const struct reading *reading, double seconds)
{
    double steps = seconds / duration_in_seconds(reading->due->step);
    return (size_t)ceil(steps - 1e-9);
}

/* The first step that begins at that time or later. */
static size_t step_from(const struct reading *reading, struct duration at)
{
    int64_t step = reading->due->step.ns;
    int64_t steps = at.ns <= 0 ? 0 : (at.ns - 1) / step + 1;
    return (uint64_t)steps < reading->end ? (size_t)steps : reading->end;
}

/* The step that a time lies in. */
static size_t step_before(const struct reading *reading, struct duration at)
{
    int64_t steps = at.ns <= 0 ? 0 : at.ns / reading->due->step.ns;
    return (uint64_t)steps < reading->end ? (size_t)steps : reading->end;
}

static uint64_t good_in(const struct reading *reading,
                        const struct due_step *step)
{
    uint64_t good = 0;

    if (!reading->is_open) {
        return step->came;
    }
    for (size_t i = 0; i <= reading->in_time; i++) {
        good += step->took[i];
    }
    return good;
}

static void take_step(const struct reading *reading, struct span *span,
                      size_t index)
{
    /* Nothing was recorded past the last step in use. */
    if (index < reading->due->count) {
        const struct due_step *step = &reading->due->steps[index];
        span->due += step->due;
        span->good += good_in(reading, step);
    }
}

/* From `first` on, the fewest steps that last `steps` and hold as many
 * operations; false where the load ends, or `limit` is reached, before. */
static bool find_span(const struct reading *reading, size_t first,
                      size_t steps, uint64_t operations, size_t limit,
                      struct span *span)
{
    *span = (struct span){.first = first, .end = first};
    while (span->end < limit && span->end - first < steps) {
        take_step(reading, span, span->end++);
    }
    while (span->end < limit && span->due < operations) {
        take_step(reading, span, span->end++);
    }
    return span->end - first >= steps && span->due >= operations;
}

/* Before a trigger. */
struct before {
    double level; /* a share, or a rate; what comes after is held against it */
    double goodput_per_s;
    size_t in_time;
};

/* The 10 s before `first`, or what holds enough operations; nothing before
 * `floor`. */
static bool find_before(struct reading *reading, size_t floor, size_t first,
                        struct before *before)
{
    uint64_t least = reading->is_open ? OPERATIONS_OPEN : OPERATIONS_CLOSED;
    size_t wanted = steps_of(reading, BEFORE_S);
    struct span span = {.first = first, .end = first};
    uint64_t took[DUE_TIMES] = {0}, succeeded = 0, came = 0;

    reading->in_time = DUE_TIMES - 1;
    while (span.first > floor &&
           (span.end - span.first < wanted || span.due < least)) {
        take_step(reading, &span, --span.first);
        if (span.first < reading->due->count) {
            const struct due_step *step = &reading->due->steps[span.first];
            came += step->came;
            for (size_t i = 0; i < DUE_TIMES; i++) {
                took[i] += step->took[i];
                succeeded += step->took[i];
            }
        }
    }
    if (span.due < least || came == 0) {
        return false;
    }
    uint64_t seen = 0;
    size_t p99 = 0;
    while (p99 + 1 < DUE_TIMES &&
           (double)(seen + took[p99]) < 0.99 * (double)succeeded) {
        seen += took[p99++];
    }
    struct duration limit = due_time(p99);
    limit = duration_max(duration_add(limit, limit),
                         (struct duration){IN_TIME_MIN_S * NS_PER_S});
    reading->in_time = due_index(limit);
    span.good = 0;
    for (size_t i = 0; i <= reading->in_time; i++) {
        span.good += took[i];
    }
    double length = seconds_of(reading, span.end - span.first);
    *before = (struct before){
        .level = reading->is_open ? (double)span.good / (double)span.due
                                  : (double)came / length,
        .goodput_per_s = (double)came / length,
        .in_time = reading->in_time,
    };
    return before->level > 0;
}

/* On the scale of `before`. */
static double level_of(const struct reading *reading, const struct span *span)
{
    if (reading->is_open) {
        return span->due > 0 ? (double)span->good / (double)span->due : 0;
    }
    return (double)span->good / seconds_of(reading, span->end - span->first);
}

/* Of the closed model: long enough for the operations that it took before. */
static double window_seconds(const struct reading *reading,
                             const struct before *before)
{
    return reading->is_open
               ? WINDOW_S
               : fmax(WINDOW_S, OPERATIONS_CLOSED / before->goodput_per_s);
}

/* The first window from `first` on that is back, none past `limit`. */
static enum recovery_word watch(const struct reading *reading,
                                const struct before *before, size_t first,
                                size_t limit, struct span *window)
{
    double seconds = window_seconds(reading, before);
    size_t steps = steps_of(reading, seconds);
    uint64_t operations = reading->is_open ? OPERATIONS_OPEN : 0;
    size_t longest = steps_of(reading, WINDOW_MAX_S);
    struct span last = {0};

    if (seconds > WINDOW_MAX_S) {
        return RECOVERY_FEW;
    }
    for (size_t at = first;
         find_span(reading, at, steps, operations, limit, window); at++) {
        if (window->end - window->first > longest) {
            return RECOVERY_FEW;
        }
        if (level_of(reading, window) >=
            back_share * before->level * (1 - 1e-12)) {
            return RECOVERY_BACK;
        }
        last = *window;
    }
    bool has_room = limit - first >= steps;
    *window = last;
    return last.end > 0                          ? RECOVERY_NEVER
           : has_room && limit - first > longest ? RECOVERY_FEW
                                                 : RECOVERY_SHORT;
}

/* How far it was down at the worst second, from step to step. */
static double depth_of(const struct reading *reading,
                       const struct before *before, size_t first, size_t end)
{
    size_t steps = steps_of(reading, 1);
    uint64_t operations = reading->is_open ? WORST_OPERATIONS : 0;
    double lowest = before->level;
    bool any = false;
    struct span span;

    for (size_t at = first;
         at < end &&
         find_span(reading, at, steps, operations, reading->end, &span);
         at++) {
        lowest = fmin(lowest, level_of(reading, &span));
        any = true;
    }
    return any ? 1 - lowest / before->level : -1;
}

/* Everything while it is worked out. */
struct work {
    struct reading reading;
    const struct trigger *triggers;
    size_t count;
    struct recoveries recoveries;
    struct before before;
    bool has_before;
    size_t floor; /* what is before a trigger begins here at the earliest */
};

static bool is_before(const struct trigger *one, const struct trigger *other)
{
    return one->from.ns != other->from.ns ? one->from.ns < other->from.ns
                                          : one->until.ns < other->until.ns;
}

/* There are few. */
static void sort(struct trigger *triggers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct trigger moved = triggers[i];
        size_t at = i;
        for (; at > 0 && is_before(&moved, &triggers[at - 1]); at--) {
            triggers[at] = triggers[at - 1];
        }
        triggers[at] = moved;
    }
}

static bool does_end(const struct work *work, const struct trigger *trigger)
{
    return step_from(&work->reading, trigger->until) < work->reading.end;
}

/* Where one that does not end begins, after `from`; the end of the load where
 * there is none. */
static size_t next_that_stays(const struct work *work, struct duration from,
                              bool *stays)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct trigger *trigger = &work->triggers[i];
        if (!does_end(work, trigger) && trigger->from.ns > from.ns) {
            size_t at = step_before(&work->reading, trigger->from);
            *stays = at < work->reading.end;
            return at;
        }
    }
    *stays = false;
    return work->reading.end;
}

/* Takes another one into it. */
static void join(const struct work *work, struct recovery *recovery,
                 const struct trigger *trigger)
{
    recovery->count = (size_t)(trigger - work->triggers) + 1 - recovery->first;
    recovery->until = duration_max(recovery->until, trigger->until);
}

/* The next that ends, from `index` on; NULL: there is none. */
static const struct trigger *next_that_ends(const struct work *work,
                                            size_t index)
{
    while (index < work->count && !does_end(work, &work->triggers[index])) {
        index++;
    }
    return index < work->count ? &work->triggers[index] : NULL;
}

static void look_before(struct work *work, const struct recovery *recovery)
{
    struct before before;
    size_t first = step_before(&work->reading, recovery->from);
    size_t floor = work->floor;

    for (size_t i = 0; i < work->count; i++) {
        const struct trigger *trigger = &work->triggers[i];
        size_t at = step_from(&work->reading, trigger->from);
        if (!does_end(work, trigger) && at <= first && at > floor) {
            floor = at;
        }
    }
    if (find_before(&work->reading, floor, first, &before)) {
        work->before = before;
        work->has_before = true;
    } else if (work->has_before) {
        work->reading.in_time = work->before.in_time;
    }
}

/* Puts down what was seen in the watch that ended with this word. */
static void conclude(struct work *work, struct recovery *recovery,
                     enum recovery_word word, const struct span *window,
                     size_t limit)
{
    const struct reading *reading = &work->reading;
    const struct before *before = &work->before;
    int64_t step = reading->due->step.ns;
    size_t first = step_before(reading, recovery->from);
    bool is_back = word == RECOVERY_BACK;

    recovery->word = word;
    recovery->watched.ns =
        (int64_t)(is_back ? window->end : limit) * step - recovery->until.ns;
    recovery->goodput_per_s = -1;
    recovery->share = -1;
    recovery->in_time.ns = recovery->window.ns = recovery->back.ns = -1;
    recovery->depth = -1;
    if (!work->has_before) {
        return;
    }
    recovery->goodput_per_s = before->goodput_per_s;
    if (reading->is_open) {
        recovery->share = before->level;
        recovery->in_time = due_time(before->in_time);
    }
    if (is_back || word == RECOVERY_NEVER) {
        recovery->window.ns = (int64_t)(window->end - window->first) * step;
    }
    if (is_back) {
        recovery->back.ns = (int64_t)window->first * step - recovery->until.ns;
    }
    recovery->depth =
        depth_of(reading, before, first, is_back ? window->first : limit);
}

/* How far a recovery is watched: `from` is where its trigger is gone. */
struct watched {
    size_t from, limit;
    bool stays;                 /* the limit is a trigger that does not end */
    const struct trigger *next; /* one that is the limit, or NULL */
};

static struct watched find_limit(const struct work *work,
                                 const struct recovery *recovery)
{
    struct watched watched = {
        .from = step_from(&work->reading, recovery->until),
        .next = next_that_ends(work, recovery->first + recovery->count),
    };

    watched.limit = next_that_stays(work, recovery->from, &watched.stays);
    size_t next = watched.next
                      ? step_before(&work->reading, watched.next->from)
                      : work->reading.end;
    if (next < watched.limit) {
        watched.limit = next;
        watched.stays = false;
    } else {
        watched.next = NULL;
    }
    return watched;
}

/* One recovery, of the trigger at `index` and those that join it; returns the
 * index of the next. */
static size_t recover(struct work *work, size_t index)
{
    const struct trigger *trigger = &work->triggers[index];
    struct recovery *recovery = &work->recoveries.all[work->recoveries.count];
    enum recovery_word word;
    struct span window;
    struct watched watched;

    *recovery = (struct recovery){.first = index,
                                  .count = 1,
                                  .from = trigger->from,
                                  .until = trigger->until};
    look_before(work, recovery);
    for (;;) {
        watched = find_limit(work, recovery);
        window = (struct span){0};
        word = watched.from >= watched.limit ? RECOVERY_SHORT
               : !work->has_before
                   ? RECOVERY_FEW
                   : watch(&work->reading, &work->before, watched.from,
                           watched.limit, &window);
        if (!watched.next || word == RECOVERY_BACK || word == RECOVERY_FEW) {
            break;
        }
        join(work, recovery, watched.next);
    }
    if (watched.stays && word != RECOVERY_BACK && word != RECOVERY_FEW) {
        word = RECOVERY_OTHER;
    }
    conclude(work, recovery, word, &window, watched.limit);
    work->floor = word == RECOVERY_BACK ? window.first : watched.from;
    work->recoveries.count++;
    return recovery->first + recovery->count;
}

struct recoveries recovery_compute(struct arena *arena, const struct due *due,
                                   struct trigger *triggers, size_t count,
                                   struct duration measured, bool open_model)
{
    struct work work = {
        .reading = {.due = due,
                    .is_open = open_model,
                    /* A clock that is read a little early does not unmake a
                     * step. */
                    .end = (size_t)((measured.ns + due->step.ns / 20) /
                                    due->step.ns)},
        .triggers = triggers,
        .count = count,
        .recoveries = {.all = arena_array(arena, count,
                                          sizeof *work.recoveries.all)},
    };
    const struct trigger *next;

    sort(triggers, count);
    for (size_t i = 0; (next = next_that_ends(&work, i));) {
        i = recover(&work, (size_t)(next - triggers));
    }
    return work.recoveries;
}

static const struct {
    const char *word, *problem;
} words[] = {
#define RECOVERY(id, word, problem, sentence) \
    [RECOVERY_##id] = {word, problem},
#include "measure/recovery.def"
};

const char *recovery_word(enum recovery_word word)
{
    must((size_t)word < array_length(words));
    return words[word].word;
}

const char *recovery_word_problem(enum recovery_word word)
{
    must((size_t)word < array_length(words));
    return words[word].problem;
}

const char *recovery_problem(const struct recoveries *recoveries)
{
    const char *problem = NULL;

    for (size_t i = 0; i < recoveries->count && !problem; i++) {
        problem = recovery_word_problem(recoveries->all[i].word);
    }
    return problem;
}

double recovery_longest_us(const struct recoveries *recoveries)
{
    double longest = -1;

    if (recovery_metastable(recoveries) > 0) {
        return (double)INFINITY;
    }
    for (size_t i = 0; i < recoveries->count; i++) {
        int64_t us = recoveries->all[i].back.ns / NS_PER_US;
        longest = fmax(longest, (double)us);
    }
    return recovery_problem(recoveries) ? -1 : longest;
}

double recovery_metastable(const struct recoveries *recoveries)
{
    double never = 0;

    for (size_t i = 0; i < recoveries->count; i++) {
        never += recoveries->all[i].word == RECOVERY_NEVER;
    }
    bool is_known = recoveries->count > 0 && !recovery_problem(recoveries);
    return never > 0 || is_known ? never : -1;
}
