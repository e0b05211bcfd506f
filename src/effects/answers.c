#include "effects/answers.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

/* Room for so many effects an operation, on average. */
enum { NAMED_PER_OPERATION = 2 };

/* An effect that an answer of an operation named. */
struct named_effect {
    struct hash128 effect;
    uint64_t operation : 63;
    uint64_t warmup : 1;
};

_Static_assert(sizeof(struct named_effect) == 24,
               "the header states the size");

/* What counts against the service, of an operation that was no warm-up. */
struct answers_note {
    uint64_t operation : 48;
    uint64_t named : 8; /* saturates */
    uint64_t flags : 8;
};

_Static_assert(sizeof(struct answers_note) == 8, "the header states the size");

struct answers_log {
    struct answer_figures figures; /* aliased is found by the merge */
    struct named_effect *named;
    uint64_t count, capacity;
    bool overflowed;
    struct answers_note *notes;
    uint64_t note_count, note_capacity;
    size_t example_count;
    struct effect_example examples[EFFECT_EXAMPLES_MAX];
};

struct answers_log *answers_log_new(struct arena *arena,
                                    uint64_t operations_max,
                                    bool names_effects)
{
    struct answers_log *log = arena_alloc(arena, sizeof(*log));
    log->capacity = names_effects ? operations_max * NAMED_PER_OPERATION : 0;
    log->named = arena_array(arena, log->capacity, sizeof(*log->named));
    log->note_capacity = operations_max;
    log->notes = arena_array(arena, operations_max, sizeof(*log->notes));
    log->figures.names_effects = names_effects;
    return log;
}

void answers_flag_example(struct effect_example *example)
{
    uint8_t first = 0; /* effect that the caller was given */
    example->divergent = false;
    example->stuck = false;
    for (size_t i = 0; i < example->note_count; i++) {
        const struct attempt_note *note = &example->notes[i];
        if (note->status != 0) {
            example->stuck = note->outcome == OUTCOME_BUSY;
        }
        if (note->outcome == OUTCOME_OK && note->named != 0) {
            example->divergent |= first != 0 && first != note->named;
            first = note->named;
        }
    }
    example->stuck &= example->verdict != VERDICT_SUCCEEDED;
}

/* Operations end in about the order of their numbers: the lowest are kept. */
static void keep_example(struct effect_example *examples, size_t *count,
                         const struct effect_example *example)
{
    size_t at = *count;
    if (at == EFFECT_EXAMPLES_MAX) {
        at--;
        if (example->operation >= examples[at].operation) {
            return;
        }
    } else {
        ++*count;
    }
    while (at > 0 && examples[at - 1].operation > example->operation) {
        examples[at] = examples[at - 1];
        at--;
    }
    examples[at] = *example;
}

static void take_duplicate(struct answers_log *log, const struct fact *fact)
{
    const struct answers_seen *seen = fact->answers.seen;
    struct effect_example example = {
        .class = EFFECT_DUPLICATE,
        .operation = fact->answers.operation,
        .verdict = fact->answers.verdict,
        .effects = seen->named,
        .attempts = fact->answers.attempts,
        .single_attempt = fact->answers.attempts <= 1,
        .one_key = fact->answers.one_key,
        .intended = fact->answers.intended,
        .note_count = fact->answers.note_count,
    };
    must(example.note_count <= ATTEMPT_NOTES_MAX);
    memcpy(example.notes, fact->answers.notes,
           example.note_count * sizeof(example.notes[0]));
    answers_flag_example(&example);
    log->figures.duplicates++;
    log->figures.extra_effects += seen->named - 1;
    log->figures.single_attempt += example.single_attempt;
    keep_example(log->examples, &log->example_count, &example);
}

static unsigned flags_of(const struct fact *fact)
{
    const struct answers_seen *seen = fact->answers.seen;
    bool is_succeeded = fact->answers.verdict == VERDICT_SUCCEEDED;
    unsigned flags = 0;

    flags |= seen->named > 1 ? FLAG_NAMED_TWICE : 0;
    flags |= seen->given > 1 ? FLAG_DIVERGENT : 0;
    flags |= fact->answers.one_key && seen->differ ? FLAG_REPLAY_MISMATCH : 0;
    flags |= seen->busy && !is_succeeded ? FLAG_STUCK : 0;
    return flags;
}

static void note_flags(struct answers_log *log, const struct fact *fact,
                       unsigned flags)
{
    unsigned named = fact->answers.seen->named;

    if (flags != 0 && log->note_count < log->note_capacity) {
        log->notes[log->note_count++] = (struct answers_note){
            .operation = fact->answers.operation & ((UINT64_C(1) << 48) - 1),
            .named = (named < 255 ? named : 255) & 0xff,
            .flags = flags & 0xff,
        };
    }
}

/* All that an operation's answers named; those of the warm-up too, which a
 * later operation may name again. */
static void log_effects(struct answers_log *log, const struct fact *fact)
{
    const struct answers_seen *seen = fact->answers.seen;
    unsigned count =
        seen->named < NAMED_EFFECTS_MAX ? seen->named : NAMED_EFFECTS_MAX;
    for (unsigned i = 0; i < count; i++) {
        if (log->count == log->capacity) {
            log->overflowed = true;
            return;
        }
        log->named[log->count++] = (struct named_effect){
            .effect = seen->effects[i],
            .operation = fact->answers.operation & (UINT64_MAX >> 1),
            .warmup = fact->warmup,
        };
    }
}

void answers_log_take(struct answers_log *log, const struct fact *fact)
{
    must(fact->kind == FACT_ANSWERS);
    const struct answers_seen *seen = fact->answers.seen;
    struct answer_figures *figures = &log->figures;

    figures->has_keys |= fact->answers.has_key;
    figures->compares |= fact->answers.one_key;
    if (figures->names_effects) {
        log_effects(log, fact);
    }
    if (fact->warmup) {
        return;
    }
    unsigned flags = flags_of(fact);
    note_flags(log, fact, flags);
    figures->stuck += (flags & FLAG_STUCK) != 0;
    figures->replay_mismatch += (flags & FLAG_REPLAY_MISMATCH) != 0;
    if (!figures->names_effects) {
        return;
    }
    figures->unnamed += seen->unnamed;
    figures->named_operations += seen->named > 0;
    figures->named_effects += seen->named;
    figures->divergent += (flags & FLAG_DIVERGENT) != 0;
    if (flags & FLAG_NAMED_TWICE) {
        take_duplicate(log, fact);
    }
}

/* -- shared effects -- */

/* A table of numbers + 1 into the logs' effects, numbered through. */
struct shared {
    struct answers_log *const *logs;
    size_t log_count;
    uint64_t *slots;
    uint64_t mask;
    unsigned char *is_shared; /* a bit an effect */
};

static const struct named_effect *named_at(const struct shared *shared,
                                           uint64_t number)
{
    for (size_t i = 0; i < shared->log_count; i++) {
        const struct answers_log *log = shared->logs[i];
        if (log && number < log->count) {
            return &log->named[number];
        }
        number -= log ? log->count : 0;
    }
    must_never("the number of an effect in the logs");
    return NULL;
}

static void mark(struct shared *shared, uint64_t number)
{
    shared->is_shared[number / 8] |= (unsigned char)(1u << number % 8);
}

/* The first to name an effect stands in the table for all of them. */
static void enter(struct shared *shared, uint64_t number,
                  const struct named_effect *named)
{
    uint64_t at = mix64(named->effect.low) & shared->mask;
    while (shared->slots[at] != 0) {
        uint64_t first = shared->slots[at] - 1;
        const struct named_effect *other = named_at(shared, first);
        if (hash_equal(other->effect, named->effect)) {
            must(other->operation != named->operation);
            mark(shared, first);
            mark(shared, number);
            return;
        }
        at = (at + 1) & shared->mask;
    }
    shared->slots[at] = number + 1;
}

/* An operation's effects lie side by side: it is counted once. */
static uint64_t count_marked(const struct shared *shared,
                             answers_observer *observer, void *context)
{
    uint64_t operations = 0;
    uint64_t number = 0;
    for (size_t i = 0; i < shared->log_count; i++) {
        const struct answers_log *log = shared->logs[i];
        uint64_t last = UINT64_MAX;
        for (uint64_t n = 0; log && n < log->count; n++, number++) {
            const struct named_effect *named = &log->named[n];
            if ((shared->is_shared[number / 8] & 1u << number % 8) != 0 &&
                !named->warmup && named->operation != last) {
                operations++;
                last = named->operation;
                if (observer) {
                    observer(context, &(struct answer_flags){
                                          .operation = last,
                                          .flags = FLAG_NAMED_ALIKE,
                                      });
                }
            }
        }
    }
    return operations;
}

static uint64_t count_aliased(struct answers_log *const *logs, size_t count,
                              answers_observer *observer, void *context)
{
    struct arena arena = ARENA_INIT;
    uint64_t total = 0, number = 0, slots = 16;

    for (size_t i = 0; i < count; i++) {
        total += logs[i] ? logs[i]->count : 0;
    }
    while (slots * 3 / 4 < total) {
        slots *= 2;
    }
    struct shared shared = {
        .logs = logs,
        .log_count = count,
        .slots = arena_array(&arena, slots, sizeof(*shared.slots)),
        .mask = slots - 1,
        .is_shared = arena_array(&arena, total / 8 + 1, 1),
    };
    for (size_t i = 0; i < count; i++) {
        for (uint64_t n = 0; logs[i] && n < logs[i]->count; n++) {
            enter(&shared, number++, &logs[i]->named[n]);
        }
    }
    uint64_t aliased = count_marked(&shared, observer, context);
    arena_release(&arena);
    return aliased;
}

/* -- the end -- */

static void add_figures(struct answer_figures *to,
                        const struct answer_figures *from)
{
    to->names_effects |= from->names_effects;
    to->compares |= from->compares;
    to->has_keys |= from->has_keys;
    to->named_operations += from->named_operations;
    to->named_effects += from->named_effects;
    to->unnamed += from->unnamed;
    to->duplicates += from->duplicates;
    to->extra_effects += from->extra_effects;
    to->single_attempt += from->single_attempt;
    to->divergent += from->divergent;
    to->replay_mismatch += from->replay_mismatch;
    to->stuck += from->stuck;
}

static void observe_notes(const struct answers_log *log,
                          answers_observer *observer, void *context)
{
    for (uint64_t i = 0; i < log->note_count; i++) {
        observer(context, &(struct answer_flags){
                              .operation = log->notes[i].operation,
                              .flags = log->notes[i].flags,
                              .named = log->notes[i].named,
                          });
    }
}

void answers_merge(struct answers_log *const *logs, size_t count,
                   struct answer_figures *figures, answers_observer *observer,
                   void *context)
{
    bool overflowed = false;

    *figures = (struct answer_figures){0};
    for (size_t i = 0; i < count; i++) {
        if (logs[i]) {
            add_figures(figures, &logs[i]->figures);
            overflowed |= logs[i]->overflowed;
            if (observer) {
                observe_notes(logs[i], observer, context);
            }
        }
    }
    figures->knows_shared = figures->names_effects && !overflowed;
    if (figures->knows_shared) {
        figures->aliased = count_aliased(logs, count, observer, context);
    }
}

void answers_judge(struct answers_log *const *logs, size_t count,
                   struct effect_figures *effects)
{
    const struct answer_figures *figures = &effects->answers;

    must(effects->oracle == ORACLE_NONE);
    if (!figures->names_effects) {
        return;
    }
    if (figures->named_operations == 0) {
        snprintf(effects->problem, sizeof(effects->problem),
                 "no answer named an effect: idempotency.effect_id was in "
                 "none of %llu expected answers",
                 (unsigned long long)figures->unnamed);
        return;
    }
    effects->oracle = ORACLE_EFFECT_ID;
    effects->operations_checked = figures->named_operations;
    effects->classes[EFFECT_DUPLICATE] = figures->duplicates;
    effects->total_effects = figures->named_effects;
    effects->extra_effects = figures->extra_effects;
    effects->single_attempt = figures->single_attempt;
    effects->aliased = figures->aliased;
    for (size_t i = 0; i < count; i++) {
        for (size_t e = 0; logs[i] && e < logs[i]->example_count; e++) {
            keep_example(effects->examples, &effects->example_count,
                         &logs[i]->examples[e]);
        }
    }
}
