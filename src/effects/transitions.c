#include "effects/transitions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_FIRST = 4096, STATE_OTHER = STATES_MAX + STATES_STRANGE_MAX };

struct step {
    int64_t unix_ns;
    uint32_t member;
    uint32_t state : 7;
    uint32_t order : 25; /* of entries of equal time: wraps, see compare */
};

_Static_assert(sizeof(struct step) == 16, "the header states the size");

struct transitions {
    const struct transition_config *config;
    struct arena arena; /* of the steps */
    struct step *steps;
    size_t count, capacity;
    bool is_full;
    size_t strange_count;
    char strange[STATES_STRANGE_MAX][STATE_NAME_MAX];
};

static size_t fit(size_t length)
{
    return length < STATE_NAME_MAX ? length : STATE_NAME_MAX - 1;
}

static bool is_name(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

int transition_state(const struct transition_config *config, const char *name,
                     size_t length)
{
    for (size_t i = 0; i < config->count; i++) {
        if (is_name(config->names[i], name, fit(length))) {
            return (int)i;
        }
    }
    return -1;
}

struct transitions *transitions_new(struct arena *arena,
                                    const struct transition_config *config)
{
    struct transitions *transitions = arena_alloc(arena, sizeof(*transitions));
    transitions->config = config;
    return transitions;
}

void transitions_release(struct transitions *transitions)
{
    arena_release(&transitions->arena);
    transitions->steps = NULL;
    transitions->count = 0;
    transitions->capacity = 0;
}

void transitions_clear(struct transitions *transitions)
{
    transitions->count = 0;
    transitions->is_full = false;
    transitions->strange_count = 0;
}

static void grow(struct transitions *transitions)
{
    struct arena old = transitions->arena;
    struct arena arena = ARENA_INIT;
    size_t capacity =
        transitions->capacity ? transitions->capacity * 2 : ENTRIES_FIRST;
    struct step *steps = arena_array(&arena, capacity, sizeof(*steps));
    if (transitions->count > 0) {
        memcpy(steps, transitions->steps, transitions->count * sizeof(*steps));
    }
    transitions->arena = arena;
    transitions->steps = steps;
    transitions->capacity = capacity;
    arena_release(&old);
}

/* The number of a state that may be one that nobody declared. */
static unsigned number_of(struct transitions *transitions, const char *state,
                          size_t length)
{
    int known = transition_state(transitions->config, state, length);
    if (known >= 0) {
        return (unsigned)known;
    }
    for (size_t i = 0; i < transitions->strange_count; i++) {
        if (is_name(transitions->strange[i], state, fit(length))) {
            return (unsigned)(STATES_MAX + i);
        }
    }
    if (transitions->strange_count == STATES_STRANGE_MAX) {
        return STATE_OTHER;
    }
    char *name = transitions->strange[transitions->strange_count];
    memcpy(name, state, fit(length));
    name[fit(length)] = '\0';
    return (unsigned)(STATES_MAX + transitions->strange_count++);
}

void transitions_take(struct transitions *transitions, uint32_t member,
                      const char *state, size_t length, int64_t unix_ns)
{
    if (transitions->count == HISTORY_MAX) {
        transitions->is_full = true;
        return;
    }
    if (transitions->count == transitions->capacity) {
        grow(transitions);
    }
    transitions->steps[transitions->count] = (struct step){
        .unix_ns = unix_ns,
        .member = member,
        .state = number_of(transitions, state, length) & 0x7f,
        .order = transitions->count & 0x1ffffff,
    };
    transitions->count++;
}

/* Operation, time, order in the ledger. The order wraps after 33 million
 * entries; within one operation and one instant the shorter way round is the
 * right one. */
static int compare(const void *a, const void *b)
{
    const struct step *x = a;
    const struct step *y = b;
    if (x->member != y->member) {
        return x->member < y->member ? -1 : 1;
    }
    if (x->unix_ns != y->unix_ns) {
        return x->unix_ns < y->unix_ns ? -1 : 1;
    }
    uint32_t ahead = (x->order - y->order) & 0x1ffffff;
    return ahead == 0 ? 0 : ahead < 0x1000000 ? 1 : -1;
}

static const char *name_of(const struct transitions *transitions,
                           unsigned state)
{
    if (state < STATES_MAX) {
        return transitions->config->names[state];
    }
    return state < STATE_OTHER ? transitions->strange[state - STATES_MAX]
                               : "(other)";
}

/* before: NULL for the first state. */
static bool is_allowed(const struct transition_config *config,
                       const struct step *before, const struct step *step)
{
    if (step->state >= STATES_MAX || (before && before->state >= STATES_MAX)) {
        return false;
    }
    uint32_t allowed = before ? config->next[before->state] : config->initial;
    return allowed >> step->state & 1;
}

static void add_example(const struct transitions *transitions,
                        const struct step *before, const struct step *step,
                        struct transition_figures *figures)
{
    if (figures->example_count == TRANSITION_EXAMPLES_MAX) {
        return;
    }
    struct transition_example *example =
        &figures->examples[figures->example_count++];
    *example = (struct transition_example){
        .member = step->member,
        .unix_ns = step->unix_ns,
    };
    snprintf(example->from, sizeof(example->from), "%s",
             before ? name_of(transitions, before->state) : "");
    snprintf(example->to, sizeof(example->to), "%s",
             name_of(transitions, step->state));
}

void transitions_finish(struct transitions *transitions,
                        bool (*skips)(const void *user, uint64_t member),
                        const void *user, struct transition_figures *figures)
{
    const struct step *before = NULL;
    bool is_offender = false;

    memset(figures, 0, sizeof(*figures));
    figures->is_measured = !transitions->is_full;
    figures->is_full = transitions->is_full;
    if (transitions->count > 1) {
        qsort(transitions->steps, transitions->count,
              sizeof(*transitions->steps), compare);
    }
    for (size_t i = 0; i < transitions->count; i++) {
        const struct step *step = &transitions->steps[i];
        if (skips && skips(user, step->member)) {
            continue;
        }
        if (before && before->member != step->member) {
            before = NULL;
        }
        is_offender = is_offender && before;
        figures->checked++;
        if (!is_allowed(transitions->config, before, step)) {
            figures->illegal++;
            figures->offenders += !is_offender;
            is_offender = true;
            add_example(transitions, before, step, figures);
        }
        before = step;
    }
}

bool transitions_offends(const struct transitions *transitions,
                         uint32_t member)
{
    const struct step *steps = transitions->steps;
    const struct step *before = NULL;
    size_t low = 0, high = transitions->count;

    if (transitions->is_full) {
        return false; /* its history may be cut */
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (steps[middle].member < member) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < transitions->count && steps[low].member == member; low++) {
        if (!is_allowed(transitions->config, before, &steps[low])) {
            return true;
        }
        before = &steps[low];
    }
    return false;
}
