#include "cli/evidence.h"

#include "base/must.h"
#include "base/units.h"
#include "plan/rendered.h"
#include "report/dead_letters.h"
#include "report/events.h"
#include "report/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char what_events[] = "the events";
static const char what_letters[] = "the dead letters";

/* What was told of an operation after the run: 8 bytes. */
struct told {
    uint32_t effects;
    uint8_t class; /* enum effect_class plus 1; 0: nobody knows */
    uint8_t flags; /* of enum event_flag */
};

struct evidence {
    const struct plan *plan;
    const char *events;       /* paths, or NULL */
    const char *dead_letters;
    double sample;
    struct journal *journal;
    struct told *told;        /* by operation, or by letter */
    uint64_t told_size;
};

/* Where the journal is kept: beside the first file, if it is one. */
static char *journal_folder(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        const char *folder = getenv("TMPDIR");
        return strdup(folder && folder[0] ? folder : "/tmp");
    }
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path))
                 : strdup(".");
}

static bool check_path(const char *path, const char *option, const char *what,
                       struct errors *errors)
{
    if (path && strcmp(path, "-") == 0) {
        struct error *error =
            errors_add(errors, ERROR_USAGE,
                       "--%s: standard output is the report's", option);
        error_hint(error, "name a file");
        return false;
    }
    return !path || file_can_write(path, what, errors);
}

static bool read_sample(double *share, const char *text,
                        struct errors *errors)
{
    const char *problem = "not between 0 and 1";
    *share = 1;
    if (!text || (units_parse_ratio(text, share, &problem) && *share >= 0 &&
                  *share <= 1)) {
        return true;
    }
    struct error *error = errors_add(errors, ERROR_USAGE,
                                     "--sample: \"%s\": %s", text, problem);
    error_hint(error, "write a share from 0 to 1, such as 0.01 or 1%%");
    return false;
}

bool evidence_files_differ(const struct invocation *invocation,
                           const struct letters *letters,
                           struct errors *errors)
{
    const char *replayed = letters ? letters->file : NULL;
    const char *const pairs[][2] = {
        {invocation->events, invocation->dead_letters},
        {invocation->events, invocation->output},
        {invocation->dead_letters, invocation->output},
        {replayed, invocation->events},
        {replayed, invocation->output},
    };
    for (size_t i = 0; i < array_length(pairs); i++) {
        if (file_is_same(pairs[i][0], pairs[i][1])) {
            errors_add(errors, ERROR_USAGE, "%s is to be two files at once",
                       pairs[i][0]);
            return false;
        }
    }
    return true;
}

/* All that can be found out before the run. */
static bool check(const struct invocation *asked, double *sample,
                  struct errors *errors)
{
    size_t before = errors->count;

    check_path(asked->events, "events", what_events, errors);
    check_path(asked->dead_letters, "dead-letters", what_letters, errors);
    read_sample(sample, asked->sample, errors);
    return errors->count == before;
}

struct evidence *evidence_new(const struct invocation *invocation,
                              const struct plan *plan, bool *ok,
                              struct errors *errors)
{
    *ok = invocation->events || !invocation->sample;
    if (!*ok) {
        errors_add(errors, ERROR_USAGE, "--sample is a share of --events");
        return NULL;
    }
    const char *dead_letters =
        plan->letters ? NULL : invocation->dead_letters;
    if (!invocation->events && !dead_letters) {
        return NULL;
    }
    struct evidence *evidence = calloc(1, sizeof(*evidence));
    must(evidence);
    evidence->plan = plan;
    evidence->events = invocation->events;
    evidence->dead_letters = dead_letters;
    *ok = check(invocation, &evidence->sample, errors);
    if (*ok) {
        char *folder = journal_folder(
            evidence->events ? evidence->events : evidence->dead_letters);
        must(folder);
        evidence->journal =
            journal_new(folder, plan->load.threads, errors);
        *ok = evidence->journal != NULL;
        free(folder);
    }
    return evidence;
}

void evidence_free(struct evidence *evidence)
{
    if (evidence) {
        if (evidence->journal) {
            journal_free(evidence->journal);
        }
        free(evidence->told);
        free(evidence);
    }
}

void evidence_keep(struct evidence *evidence, struct fleet *fleet)
{
    if (evidence) {
        fleet_keep_journal(fleet, evidence->journal);
    }
}

/* Where an operation is known: letters are few, but their numbers need not
 * be. */
static uint64_t place_of(const struct evidence *evidence, uint64_t operation)
{
    const struct letters *letters = evidence->plan->letters;

    if (!letters) {
        return operation;
    }
    const struct letter *letter = letters_find(letters, operation);
    must(letter);
    return (uint64_t)(letter - letters->items);
}

static struct told *told_of(struct evidence *evidence, uint64_t operation)
{
    uint64_t place = place_of(evidence, operation);

    if (place >= evidence->told_size) {
        uint64_t size = place + place / 2 + 1024;
        evidence->told =
            realloc(evidence->told, size * sizeof(*evidence->told));
        must(evidence->told);
        memset(evidence->told + evidence->told_size, 0,
               (size - evidence->told_size) * sizeof(*evidence->told));
        evidence->told_size = size;
    }
    return &evidence->told[place];
}

static void tell_effects(struct told *told, enum effect_class class,
                         uint64_t effects)
{
    told->class = (uint8_t)(class + 1);
    told->effects = effects < UINT32_MAX ? (uint32_t)effects : UINT32_MAX;
}

static void on_effect(void *context, const struct effects_told *one)
{
    struct told *told = told_of(context, one->operation);

    tell_effects(told, one->class, one->effects);
    told->flags |= one->illegal_transition ? FLAG_ILLEGAL_TRANSITION : 0;
}

void evidence_hear(void *context, const struct answers_told *one)
{
    struct evidence *evidence = context;
    struct told *told = told_of(evidence, one->operation);

    told->flags |= one->flags;
    if ((one->flags & FLAG_NAMED_TWICE) && !evidence->plan->has_ledger) {
        tell_effects(told, EFFECT_DUPLICATE, one->named);
    }
}

void evidence_watch(struct evidence *evidence, struct effects_join *join)
{
    if (evidence) {
        effects_join_watch(join, on_effect, evidence);
    }
}

static struct events_effect effect_of(const struct evidence *evidence,
                                      uint64_t operation)
{
    uint64_t place = place_of(evidence, operation);
    struct events_effect effect = {0};

    if (place < evidence->told_size) {
        const struct told *told = &evidence->told[place];
        effect.is_known = told->class > 0;
        effect.class =
            (enum effect_class)(told->class > 0 ? told->class - 1 : 0);
        effect.count = told->effects;
        effect.flags = told->flags;
    }
    return effect;
}

static void flush_when_long(struct file_writer *writer)
{
    if (writer->buffer.length >= FILE_BUFFER_MAX / 2) {
        file_flush(writer);
    }
}

static bool write_events(const struct evidence *evidence,
                         const struct events_run *run, bool complete,
                         struct errors *errors)
{
    struct file_writer writer;
    struct journal_reader *reader = journal_read(evidence->journal);
    const struct event_story *story;
    struct events_sum sum = {0};

    file_begin(&writer, evidence->events, what_events);
    events_head(&writer.buffer, run);
    while (writer.number == 0 && (story = journal_next(reader))) {
        uint64_t operation = story->operation.operation;
        struct events_effect effect = effect_of(evidence, operation);
        if (!events_sampled(operation, run->sample) &&
            !events_offends(story, &effect)) {
            sum.left_out++;
            continue;
        }
        events_story(&writer.buffer, run, story, &effect);
        sum.operations++;
        sum.attempts += story->attempt_count;
        flush_when_long(&writer);
    }
    events_end(&writer.buffer, &sum,
               complete && !journal_reader_failed(reader));
    journal_reader_free(reader);
    return file_end(&writer, errors);
}

static bool write_letters(const struct evidence *evidence,
                          const struct events_run *run, bool complete,
                          struct errors *errors)
{
    struct file_writer writer;
    struct journal_reader *reader = journal_read(evidence->journal);
    struct rendered request = {0};
    const struct event_story *story;
    uint64_t letters = 0;

    file_begin(&writer, evidence->dead_letters, what_letters);
    dead_letters_head(&writer.buffer, run);
    while (writer.number == 0 && (story = journal_next(reader))) {
        const struct event_operation *operation = &story->operation;
        if (operation->verdict == VERDICT_ACKED) {
            continue;
        }
        struct template_subject subject;
        struct events_effect effect =
            effect_of(evidence, operation->operation);
        dead_letters_subject(run, story, &subject);
        rendered_fill(&request, run->plan, operation->request, &subject);
        dead_letters_letter(&writer.buffer, run, story, &effect, &subject,
                            &request);
        letters++;
        flush_when_long(&writer);
    }
    dead_letters_end(&writer.buffer, letters,
                     complete && !journal_reader_failed(reader));
    rendered_release(&request);
    journal_reader_free(reader);
    return file_end(&writer, errors);
}

bool evidence_write(struct evidence *evidence, int64_t zero_unix_us,
                    const struct letter_ending *endings,
                    struct errors *errors)
{
    if (!evidence) {
        return true;
    }
    struct events_run run = {
        .plan = evidence->plan,
        .endings = endings,
        .zero_unix_us = zero_unix_us,
        .sample = evidence->sample,
    };
    bool complete = journal_end(evidence->journal, errors);
    bool ok = complete;
    if (evidence->events) {
        ok = write_events(evidence, &run, complete, errors) && ok;
    }
    if (evidence->dead_letters) {
        ok = write_letters(evidence, &run, complete, errors) && ok;
    }
    journal_free(evidence->journal);
    evidence->journal = NULL;
    return ok;
}
