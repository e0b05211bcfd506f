#include "effects/effects_join.h"

#include "base/must.h"
#include "effects/answers.h"
#include "effects/operation_log_inside.h"

#include <stdio.h>
#include <string.h>

/*
 * The join. All logs' entries are numbered through: log by log, in order.
 * The index maps the hash of an id to the first operation that carried it;
 * the others of one id hang on a chain behind it, so that a run in which all
 * share one id is still linear.
 */
enum { LOGS_MAX = 1024, FOREIGN_SLOTS = 1 << 20, FOREIGN_MAX = 700000 };

struct effects_join {
    struct arena arena;
    struct operation_log **logs;
    uint64_t *starts; /* number of each log's first entry */
    size_t log_count;
    uint32_t operations;
    uint64_t unlogged; /* operations that did not fit into the logs */
    uint32_t *slots;   /* number + 1 of an operation; 0: free */
    uint64_t slot_mask;
    uint32_t *effects;      /* of the first operation of an id */
    uint32_t *next;         /* number + 1 of the next with the same id */
    unsigned char *follows; /* bit: hangs on a chain */
    bool saturated;         /* more effects than fit into 32 bits */
    uint64_t fingerprint;
    uint64_t foreign_ids, foreign_effects;
    uint64_t foreign_kept;
    uint64_t *foreign; /* hashes of ids; 0: free */
    size_t observer_count;
    effect_observer *observers[EFFECT_OBSERVERS_MAX];
    void *contexts[EFFECT_OBSERVERS_MAX];
    uint64_t own_effects;
    struct baseline *baseline; /* NULL: none */
    int64_t origin_unix_ns;
    int64_t *first_ns; /* of the first operation of an id: its first
                        * effect; 0: none. NULL: entries have no times */
    struct hist *lag;
    struct transitions *transitions; /* NULL: none */
    const struct transition_config *states;
};

static const struct entry *entry_at(const struct effects_join *join,
                                    uint64_t number, size_t *log)
{
    size_t i = join->log_count - 1;
    while (join->starts[i] > number) {
        i--;
    }
    *log = i;
    return &join->logs[i]->entries[number - join->starts[i]];
}

/* The slot that holds the id, or the free one where it belongs. */
static uint32_t *find_slot(const struct effects_join *join, struct hash128 id)
{
    uint64_t at = mix64(id.low) & join->slot_mask;
    while (join->slots[at] != 0) {
        size_t log;
        const struct entry *entry = entry_at(join, join->slots[at] - 1, &log);
        if (entry->join.low == id.low && entry->join.high == id.high) {
            break;
        }
        at = (at + 1) & join->slot_mask;
    }
    return &join->slots[at];
}

/* From the last to the first, so that chains run in order. */
static void build_index(struct effects_join *join)
{
    for (uint32_t number = join->operations; number-- > 0;) {
        size_t log;
        uint32_t *slot = find_slot(join, entry_at(join, number, &log)->join);
        if (*slot != 0) {
            uint32_t second = *slot - 1;
            join->next[number] = *slot;
            join->follows[second / 8] |= (unsigned char)(1U << (second % 8));
        }
        *slot = number + 1;
    }
}

struct effects_join *effects_join_new(struct operation_log **logs,
                                      size_t log_count)
{
    must(log_count <= LOGS_MAX);
    struct arena arena = ARENA_INIT;
    struct effects_join *join = arena_alloc(&arena, sizeof(*join));

    join->logs =
        arena_array(&arena, log_count, sizeof(struct operation_log *));
    join->starts = arena_array(&arena, log_count, sizeof(*join->starts));
    join->log_count = log_count;
    uint64_t total = 0;
    for (size_t i = 0; i < log_count; i++) {
        join->logs[i] = logs[i];
        join->starts[i] = total;
        join->unlogged += logs[i]->overflowed;
        total += logs[i]->count;
    }
    must(total < UINT32_MAX);
    join->operations = (uint32_t)total;

    uint64_t slots = 16;
    while (slots * 3 / 4 < total) {
        slots *= 2;
    }
    join->slot_mask = slots - 1;
    join->slots = arena_array(&arena, slots, sizeof(*join->slots));
    join->effects = arena_array(&arena, total, sizeof(*join->effects));
    join->next = arena_array(&arena, total, sizeof(*join->next));
    join->follows = arena_array(&arena, total / 8 + 1, 1);
    join->foreign = arena_array(&arena, FOREIGN_SLOTS, sizeof(*join->foreign));
    build_index(join);
    join->arena = arena;
    return join;
}

void effects_join_free(struct effects_join *join)
{
    if (join) {
        if (join->transitions) {
            transitions_release(join->transitions);
        }
        /* The join lies in its own arena. */
        struct arena arena = join->arena;
        arena_release(&arena);
    }
}

size_t effects_join_bytes(const struct effects_join *join)
{
    size_t bytes = join->arena.used_bytes;
    for (size_t i = 0; i < join->log_count; i++) {
        const struct operation_log *log = join->logs[i];
        bytes += log->capacity * sizeof(*log->entries) +
                 (log->verdict_us ? log->capacity * sizeof(uint32_t) : 0) +
                 log->trace_capacity * sizeof(*log->traces) +
                 log->note_capacity * sizeof(*log->notes);
    }
    return bytes;
}

static void add_foreign(struct effects_join *join, uint64_t id, uint64_t count)
{
    uint64_t room = UINT64_MAX - join->foreign_effects;
    join->foreign_effects += count < room ? count : room;
    id = id == 0 ? 1 : id;
    uint64_t at = id & (FOREIGN_SLOTS - 1);
    while (join->foreign[at] != 0 && join->foreign[at] != id) {
        at = (at + 1) & (FOREIGN_SLOTS - 1);
    }
    if (join->foreign[at] == id) {
        return;
    }
    join->foreign_ids++;
    if (join->foreign_kept < FOREIGN_MAX) {
        join->foreign_kept++;
        join->foreign[at] = id;
    }
}

void effects_join_use_baseline(struct effects_join *join,
                               struct baseline *baseline)
{
    join->baseline = baseline;
    baseline_rewind(baseline);
}

void effects_join_use_times(struct effects_join *join, int64_t origin_unix_ns)
{
    join->origin_unix_ns = origin_unix_ns;
    join->first_ns =
        arena_array(&join->arena, join->operations, sizeof(*join->first_ns));
    join->lag = arena_alloc(&join->arena, sizeof(*join->lag));
    hist_init(join->lag, &join->arena);
}

void effects_join_use_transitions(struct effects_join *join,
                                  const struct transition_config *config)
{
    join->states = config;
    join->transitions = transitions_new(&join->arena, config);
}

/* An id, where 64 bits are enough. */
static uint64_t short_hash(struct hash128 hash)
{
    return mix64(hash.high ^ mix64(hash.low));
}

/* An entry that names a state is an effect when the state is one. */
static uint64_t effects_in(const struct ledger_entry *entry,
                           const struct transition_config *config)
{
    if (!entry->state) {
        return entry->count;
    }
    int state = transition_state(config, entry->state, entry->state_length);
    return state >= 0 && (config->effects >> state & 1);
}

static void add_own(struct effects_join *join, uint32_t operation,
                    uint64_t count, const struct ledger_entry *entry)
{
    uint32_t *effects = &join->effects[operation];
    if (join->first_ns && entry->has_time) {
        int64_t *first = &join->first_ns[operation];
        if (*first == 0 || entry->unix_ns < *first) {
            *first = entry->unix_ns;
        }
    }
    join->own_effects += count;
    if (count > UINT32_MAX - *effects) {
        join->saturated = true;
        *effects = UINT32_MAX;
        return;
    }
    *effects += (uint32_t)count;
}

void effects_join_history(struct effects_join *join,
                          const struct ledger_entry *entry)
{
    struct hash128 hash = hash_bytes(entry->id, entry->id_length);
    uint32_t slot = *find_slot(join, hash);
    if (join->transitions && entry->state) {
        /* A state is part of the reading, whether it is an effect or not. */
        struct hash128 state = hash_bytes(entry->state, entry->state_length);
        join->fingerprint += mix64(short_hash(hash) ^ short_hash(state)) | 1;
        if (slot != 0) {
            transitions_take(join->transitions, slot - 1, entry->state,
                             entry->state_length, entry->unix_ns);
        }
    }
}

void effects_join_take(struct effects_join *join,
                       const struct ledger_entry *entry)
{
    struct hash128 hash = hash_bytes(entry->id, entry->id_length);
    uint64_t mixed = short_hash(hash);
    uint64_t count = effects_in(entry, join->states);
    /* Linear in the count and independent of order: two entries of one id
     * are the same reading as one with their sum. */
    join->fingerprint += count * (mixed | 1);
    if (entry->state) {
        effects_join_history(join, entry);
    }
    if (join->baseline) {
        count = baseline_subtract(join->baseline, mixed, count);
    }
    if (count == 0) {
        return;
    }
    uint32_t slot = *find_slot(join, hash);
    if (slot == 0) {
        add_foreign(join, mixed, count);
        return;
    }
    add_own(join, slot - 1, count, entry);
}

void effects_join_entry(struct effects_join *join, const char *id,
                        size_t id_length, uint64_t count)
{
    effects_join_take(join, &(struct ledger_entry){.id = id,
                                                   .id_length = id_length,
                                                   .count = count});
}

void effects_join_add_baseline(struct baseline *baseline,
                               const struct transition_config *config,
                               const struct ledger_entry *entry)
{
    baseline_add(baseline, short_hash(hash_bytes(entry->id, entry->id_length)),
                 effects_in(entry, config));
}

void effects_join_counts(const struct effects_join *join, uint64_t *own,
                         uint64_t *foreign)
{
    *own = join->own_effects;
    *foreign = join->foreign_effects;
}

void effects_join_clear(struct effects_join *join)
{
    memset(join->effects, 0, join->operations * sizeof(*join->effects));
    if (join->foreign_kept > 0) {
        memset(join->foreign, 0, FOREIGN_SLOTS * sizeof(*join->foreign));
    }
    if (join->first_ns) {
        memset(join->first_ns, 0, join->operations * sizeof(*join->first_ns));
    }
    if (join->transitions) {
        transitions_clear(join->transitions);
    }
    if (join->baseline) {
        baseline_rewind(join->baseline);
    }
    join->saturated = false;
    join->fingerprint = 0;
    join->own_effects = 0;
    join->foreign_ids = 0;
    join->foreign_effects = 0;
    join->foreign_kept = 0;
}

uint64_t effects_join_fingerprint(const struct effects_join *join)
{
    return join->fingerprint;
}

/* How grave a class is for the examples: lost first; -1 is no offence. */
static int gravity(enum effect_class class)
{
    switch (class) {
    case EFFECT_LOST:
        return 2;
    case EFFECT_DUPLICATE:
        return 1;
    case EFFECT_PHANTOM:
        return 0;
    case EFFECT_EXACTLY_ONCE:
    case EFFECT_UNRESOLVED_DONE:
    case EFFECT_UNRESOLVED_NOT_DONE:
    case EFFECT_CLEAN:
    case EFFECT_CLASS_COUNT:
        break;
    }
    return -1;
}

static bool is_graver(const struct effect_example *a,
                      const struct effect_example *b)
{
    int difference = gravity(a->class) - gravity(b->class);
    return difference != 0 ? difference > 0 : a->operation < b->operation;
}

/* Keeps the gravest, in order, by insertion. */
static void add_example(struct effect_figures *effects,
                        const struct effect_example *example)
{
    size_t at = effects->example_count;
    if (at == EFFECT_EXAMPLES_MAX) {
        at--;
        if (!is_graver(example, &effects->examples[at])) {
            return;
        }
    } else {
        effects->example_count++;
    }
    while (at > 0 && is_graver(example, &effects->examples[at - 1])) {
        effects->examples[at] = effects->examples[at - 1];
        at--;
    }
    effects->examples[at] = *example;
}

static void add_notes(struct effect_example *example,
                      const struct operation_log *log, uint64_t entry)
{
    const struct trace *trace = operation_log_trace(log, entry);
    if (trace) {
        example->note_count = trace->note_count;
        memcpy(example->notes, log->notes + trace->first_note,
               trace->note_count * sizeof(*log->notes));
    }
}

static bool was_seen_before(const struct effects_join *join,
                            const struct entry *entry)
{
    return join->baseline &&
           baseline_count(join->baseline, short_hash(entry->join)) > 0;
}

/* From the verdict of an operation to its first effect; false where nothing
 * shows it, or the id is shared. */
static bool measure_lag(const struct effects_join *join, uint64_t number,
                        bool aliased, struct duration *lag)
{
    size_t log;
    const struct entry *entry = entry_at(join, number, &log);
    const uint32_t *verdict_us = join->logs[log]->verdict_us;
    if (aliased || !join->first_ns || join->first_ns[number] == 0 ||
        !verdict_us) {
        return false;
    }
    int64_t after = verdict_us[number - join->starts[log]] * NS_PER_US;
    lag->ns = join->first_ns[number] - join->origin_unix_ns -
              entry->intended_ns - after;
    return true;
}

static void notify(const struct effects_join *join, uint64_t number,
                   enum effect_class class, uint64_t done)
{
    size_t log;
    struct effect_classification one = {
        .operation = entry_at(join, number, &log)->operation,
        .class = class,
        .effects = done,
        .illegal_transition =
            join->transitions &&
            transitions_offends(join->transitions, (uint32_t)number),
    };
    for (size_t i = 0; i < join->observer_count; i++) {
        join->observers[i](join->contexts[i], &one);
    }
}

static void settle(const struct effects_join *join, uint64_t number,
                   uint64_t done, bool aliased, struct effect_figures *effects)
{
    size_t log;
    const struct entry *entry = entry_at(join, number, &log);
    if (entry->warmup) {
        effects->warmup_operations++;
        return;
    }
    if (was_seen_before(join, entry)) {
        effects->seen_before++;
        return;
    }
    enum verdict verdict = (enum verdict)entry->verdict;
    size_t column = done < 2 ? (size_t)done : 2;
    enum effect_class class = effect_class_of(verdict, done);
    bool single = class == EFFECT_DUPLICATE && entry->attempts <= 1;

    effects->operations_checked++;
    effects->classes[class]++;
    effects->table[verdict][column]++;
    effects->total_effects += done;
    effects->extra_effects += done > 1 ? done - 1 : 0;
    effects->resent += entry->attempts > 1;
    effects->single_attempt += single;
    effects->aliased += aliased;
    if (effects->oracle == ORACLE_LEDGER) {
        notify(join, number, class, done);
    }
    struct duration lag = DURATION_ZERO;
    bool has_lag = measure_lag(join, number, aliased, &lag);
    bool late = has_lag && lag.ns > 0;
    effects->late += late;
    if (has_lag && verdict == VERDICT_SUCCEEDED) {
        hist_record(join->lag, late ? lag : DURATION_ZERO);
    }
    if (gravity(class) < 0) {
        return;
    }
    struct effect_example example = {
        .class = class,
        .operation = entry->operation,
        .verdict = verdict,
        .effects = done,
        .attempts = entry->attempts,
        .single_attempt = single,
        .aliased = aliased,
        .late = late,
        .one_key = entry->one_key,
        .intended = {entry->intended_ns},
    };
    add_notes(&example, join->logs[log], number - join->starts[log]);
    answers_flag_example(&example);
    add_example(effects, &example);
}

/* Deals the effects of one id to the operations that carried it: one each,
 * the succeeded first, and what is left over to the first of them. */
static void settle_chain(const struct effects_join *join, uint64_t head,
                         struct effect_figures *effects)
{
    static const enum verdict order[] = {VERDICT_SUCCEEDED, VERDICT_AMBIGUOUS,
                                         VERDICT_UNANSWERED, VERDICT_REJECTED,
                                         VERDICT_SHED};
    uint64_t members = 0;
    for (uint64_t at = head + 1; at != 0; at = join->next[at - 1]) {
        members++;
    }
    uint64_t left = join->effects[head];
    uint64_t surplus = left > members ? left - members : 0;
    for (size_t i = 0; i < array_length(order); i++) {
        for (uint64_t at = head + 1; at != 0; at = join->next[at - 1]) {
            size_t log;
            if ((enum verdict)entry_at(join, at - 1, &log)->verdict !=
                order[i]) {
                continue;
            }
            uint64_t share = (left > 0 ? 1 : 0) + surplus;
            left -= share;
            surplus = 0;
            settle(join, at - 1, share, true, effects);
        }
    }
}

/* Of one id: operations that succeeded, less its effects. */
static uint64_t missing_of(const struct effects_join *join, uint64_t head)
{
    uint64_t succeeded = 0;
    for (uint64_t at = head + 1; at != 0; at = join->next[at - 1]) {
        size_t log;
        const struct entry *entry = entry_at(join, at - 1, &log);
        succeeded += entry->verdict == VERDICT_SUCCEEDED &&
                     !was_seen_before(join, entry);
    }
    uint64_t done = join->effects[head];
    return succeeded > done ? succeeded - done : 0;
}

uint64_t effects_join_missing(const struct effects_join *join)
{
    uint64_t missing = 0;
    for (uint64_t number = 0; number < join->operations; number++) {
        if (!(join->follows[number / 8] & (1U << (number % 8)))) {
            missing += missing_of(join, number);
        }
    }
    return missing;
}

static void judge_reading(const struct effects_join *join,
                          struct effect_figures *effects)
{
    if (join->unlogged > 0) {
        effects->oracle = ORACLE_UNVERIFIED;
        snprintf(effects->problem, sizeof(effects->problem),
                 "%llu operations did not fit into the log of operations, "
                 "so their effects cannot be distinguished from foreign ones",
                 (unsigned long long)join->unlogged);
    } else if (join->saturated) {
        effects->oracle = ORACLE_UNVERIFIED;
        snprintf(effects->problem, sizeof(effects->problem),
                 "the ledger counts more than %llu effects for one id",
                 (unsigned long long)UINT32_MAX);
    } else if (effects->transitions.is_full) {
        effects->oracle = ORACLE_UNVERIFIED;
        snprintf(effects->problem, sizeof(effects->problem),
                 "the history of states has more than %d entries",
                 HISTORY_MAX);
    }
}

static bool is_not_checked(const void *user, uint64_t number)
{
    const struct effects_join *join = user;
    size_t log;
    const struct entry *entry = entry_at(join, number, &log);
    return entry->warmup || was_seen_before(join, entry);
}

static void finish_transitions(const struct effects_join *join,
                               struct transition_figures *figures)
{
    transitions_finish(join->transitions, is_not_checked, join, figures);
    for (size_t i = 0; i < figures->example_count; i++) {
        size_t log;
        figures->examples[i].member =
            entry_at(join, figures->examples[i].member, &log)->operation;
    }
}

void effects_join_observe(struct effects_join *join, effect_observer *observer,
                          void *context)
{
    must(join->observer_count < EFFECT_OBSERVERS_MAX);
    join->observers[join->observer_count] = observer;
    join->contexts[join->observer_count++] = context;
}

void effects_join_finish(const struct effects_join *join,
                         struct effect_figures *effects)
{
    memset(effects, 0, sizeof(*effects));
    effects->oracle = ORACLE_LEDGER;
    effects->looked = NOT_MEASURED;
    if (join->transitions) {
        finish_transitions(join, &effects->transitions);
    }
    if (join->first_ns) {
        hist_reset(join->lag);
        effects->tells_time = true;
        effects->effect_lag = join->lag;
    }
    judge_reading(join, effects);
    effects->foreign_ids = join->foreign_ids;
    effects->foreign_effects = join->foreign_effects;
    for (uint64_t number = 0; number < join->operations; number++) {
        if (join->follows[number / 8] & (1U << (number % 8))) {
            continue;
        }
        if (join->next[number] != 0) {
            settle_chain(join, number, effects);
        } else {
            settle(join, number, join->effects[number], false, effects);
        }
    }
}
