#include "effects/operation_log_inside.h"

#include "base/must.h"
#include "effects/replayed.h"

#include <string.h>

enum {
    ATTEMPTS_MAX = (1 << 11) - 1,
    TRACES_MAX = 1 << 18, /* 4 MiB */
    NOTES_MAX = 1 << 19,  /* 12 MiB */
};

struct operation_log *operation_log_new(struct arena *arena,
                                        uint64_t operations_max)
{
    struct operation_log *log = arena_alloc(arena, sizeof(*log));
    *log = (struct operation_log){
        .capacity = operations_max,
        .entries = arena_array(arena, operations_max, sizeof(struct entry)),
        .trace_capacity =
            operations_max < TRACES_MAX ? operations_max : TRACES_MAX,
    };
    log->note_capacity = log->trace_capacity * ATTEMPT_NOTES_MAX;
    if (log->note_capacity > NOTES_MAX) {
        log->note_capacity = NOTES_MAX;
    }
    log->traces =
        arena_array(arena, log->trace_capacity, sizeof(*log->traces));
    log->notes = arena_array(arena, log->note_capacity, sizeof(*log->notes));
    return log;
}

void operation_log_keep_times(struct operation_log *log, struct arena *arena)
{
    log->verdict_us =
        arena_array(arena, log->capacity, sizeof(*log->verdict_us));
}

static uint32_t us_that_fit(struct duration length)
{
    int64_t us = length.ns / NS_PER_US;
    return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* The entry says all that there is to say of one attempt that simply
 * succeeded. */
static bool is_worth_a_trace(const struct fact *fact)
{
    if (fact->finished.attempts + fact->finished.duplicates > 1 ||
        fact->finished.note_count > 1 ||
        fact->finished.verdict != VERDICT_SUCCEEDED) {
        return true;
    }
    return fact->finished.note_count == 1 &&
           fact->finished.notes[0].fault >= 0;
}

static void keep_trace(struct operation_log *log, const struct fact *fact)
{
    size_t count = fact->finished.note_count;
    must(count <= ATTEMPT_NOTES_MAX);
    if (count == 0 || log->trace_count == log->trace_capacity ||
        log->note_capacity - log->note_count < count) {
        return;
    }
    log->traces[log->trace_count++] = (struct trace){
        .entry = log->count,
        .first_note = (uint32_t)log->note_count,
        .note_count = (uint32_t)count,
    };
    memcpy(log->notes + log->note_count, fact->finished.notes,
           count * sizeof(*log->notes));
    log->note_count += count;
}

void operation_log_take(struct operation_log *log, const struct fact *fact)
{
    must(fact->kind == FACT_FINISHED);
    if (log->count == log->capacity) {
        log->overflowed++;
        return;
    }
    if (!fact->warmup && is_worth_a_trace(fact)) {
        keep_trace(log, fact);
    }
    unsigned attempts = fact->finished.attempts + fact->finished.duplicates;
    enum verdict verdict = fact->finished.verdict;
    if (fact->finished.was_before) {
        attempts += fact->finished.attempts_before;
        verdict = replayed_verdict(fact->finished.verdict_before, verdict,
                                   fact->finished.rejects_all);
    }
    if (log->verdict_us) {
        log->verdict_us[log->count] =
            us_that_fit(instant_since(fact->at, fact->finished.intended));
    }
    log->entries[log->count++] = (struct entry){
        .join = fact->finished.join,
        .intended_ns = fact->finished.intended.ns,
        .operation = fact->finished.operation & ((UINT64_C(1) << 48) - 1),
        .attempts =
            (attempts < ATTEMPTS_MAX ? attempts : ATTEMPTS_MAX) & ATTEMPTS_MAX,
        .verdict = verdict & 7,
        .warmup = fact->warmup,
        .one_key = fact->finished.one_key,
    };
}

const struct trace *operation_log_trace(const struct operation_log *log,
                                        uint64_t entry)
{
    size_t low = 0;
    size_t high = log->trace_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->traces[middle].entry < entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < log->trace_count && log->traces[low].entry == entry) {
        return &log->traces[low];
    }
    return NULL;
}
