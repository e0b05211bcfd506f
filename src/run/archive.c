#include "run/archive.h"

#include "base/must.h"
#include "plan/dead_letters.h"

#include <stdlib.h>
#include <string.h>

struct archived_effects {
    uint32_t count;
    uint8_t class; /* enum effect_class plus 1; 0: nobody knows */
    uint8_t flags; /* of enum event_flag */
};

bool archive_init(struct archive *archive, const struct plan *plan,
                  const char *folder, struct errors *errors)
{
    *archive = (struct archive){.plan = plan,
                                .keeps_effects =
                                    folder != NULL || dead_letters_of(plan)};
    if (folder) {
        archive->journal = journal_new(folder, plan->load.threads, errors);
    }
    return !folder || archive->journal;
}

void archive_release(struct archive *archive)
{
    if (archive->reader) {
        journal_reader_free(archive->reader);
    }
    if (archive->journal) {
        journal_free(archive->journal);
    }
    free(archive->effects);
    *archive = (struct archive){0};
}

void archive_keep(struct archive *archive, struct fleet *fleet)
{
    if (archive->journal) {
        fleet_keep_journal(fleet, archive->journal);
    }
}

static struct archived_effects *effects_of(struct archive *archive,
                                           uint64_t operation)
{
    const struct workload *workload = workload_of(archive->plan);
    uint64_t place = workload->place(workload, operation);

    if (place >= archive->size) {
        uint64_t size = place + place / 2 + 1024;
        archive->effects =
            realloc(archive->effects, size * sizeof(*archive->effects));
        must(archive->effects);
        memset(archive->effects + archive->size, 0,
               (size - archive->size) * sizeof(*archive->effects));
        archive->size = size;
    }
    return &archive->effects[place];
}

static void put_class(struct archived_effects *effects,
                      enum effect_class class, uint64_t count)
{
    effects->class = (uint8_t)(class + 1);
    effects->count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static void on_effect(void *context, const struct effect_classification *one)
{
    struct archived_effects *effects = effects_of(context, one->operation);

    put_class(effects, one->class, one->effects);
    effects->flags |= one->illegal_transition ? FLAG_ILLEGAL_TRANSITION : 0;
}

void archive_observe(struct archive *archive, struct effects_join *join)
{
    if (archive->keeps_effects) {
        effects_join_observe(join, on_effect, archive);
    }
}

void archive_flag(void *context, const struct answer_flags *one)
{
    struct archive *archive = context;

    if (!archive->keeps_effects) {
        return;
    }
    struct archived_effects *effects = effects_of(archive, one->operation);
    effects->flags |= one->flags;
    if ((one->flags & FLAG_NAMED_TWICE) && !archive->plan->has_ledger) {
        put_class(effects, EFFECT_DUPLICATE, one->named);
    }
}

bool archive_end(struct archive *archive, struct errors *errors)
{
    archive->is_complete =
        archive->journal && journal_end(archive->journal, errors);
    return archive->is_complete || !archive->journal;
}

static struct events_effect effect_of(const void *context, uint64_t operation)
{
    const struct archive *archive = context;
    const struct workload *workload = workload_of(archive->plan);
    uint64_t place = workload->place(workload, operation);
    struct events_effect effect = {0};

    if (place < archive->size) {
        const struct archived_effects *found = &archive->effects[place];
        effect.is_known = found->class > 0;
        effect.class =
            (enum effect_class)(found->class > 0 ? found->class - 1 : 0);
        effect.count = found->count;
        effect.flags = found->flags;
    }
    return effect;
}

static void begin(void *context)
{
    struct archive *archive = context;

    must(archive->journal && !archive->reader);
    archive->reader = journal_read(archive->journal);
}

static const struct event_trace *next(void *context)
{
    const struct archive *archive = context;
    return journal_next(archive->reader);
}

static bool end(void *context)
{
    struct archive *archive = context;
    bool failed = journal_reader_failed(archive->reader);

    journal_reader_free(archive->reader);
    archive->reader = NULL;
    return archive->is_complete && !failed;
}

void archive_show(struct archive *archive, struct writer_run *run)
{
    run->context = archive;
    run->begin = begin;
    run->next = next;
    run->end = end;
    run->effect = effect_of;
}
