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

/* What was told of an operation: a class and a count, and a bit for answers
 * that named several effects; 4 bytes. */
enum { CLASS_BITS = 3, COUNT_MAX = (1 << 28) - 1 };
static const uint32_t named_twice = UINT32_C(1) << 31;

struct evidence {
    const struct plan *plan;
    const char *events;       /* paths, or NULL */
    const char *dead_letters;
    double sample;
    struct journal *journal;
    uint32_t *effects;        /* by operation: 0 unknown, else the class plus
                               * 1, and the count above it */
    uint64_t effects_size;
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

static bool check_different(const char *path, const char *other,
                            struct errors *errors)
{
    if (path && other && strcmp(path, other) == 0) {
        errors_add(errors, ERROR_USAGE, "%s is to be two files at once",
                   path);
        return false;
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
    check_different(asked->events, asked->dead_letters, errors);
    check_different(asked->events, asked->output, errors);
    check_different(asked->dead_letters, asked->output, errors);
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
    if (!invocation->events && !invocation->dead_letters) {
        return NULL;
    }
    struct evidence *evidence = calloc(1, sizeof(*evidence));
    must(evidence);
    evidence->plan = plan;
    evidence->events = invocation->events;
    evidence->dead_letters = invocation->dead_letters;
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
        free(evidence->effects);
        free(evidence);
    }
}

void evidence_keep(struct evidence *evidence, struct fleet *fleet)
{
    if (evidence) {
        fleet_keep_journal(fleet, evidence->journal);
    }
}

static uint32_t *told_of(struct evidence *evidence, uint64_t operation)
{
    if (operation >= evidence->effects_size) {
        uint64_t size = operation + operation / 2 + 1024;
        evidence->effects = realloc(evidence->effects,
                                    size * sizeof(*evidence->effects));
        must(evidence->effects);
        memset(evidence->effects + evidence->effects_size, 0,
               (size - evidence->effects_size) * sizeof(*evidence->effects));
        evidence->effects_size = size;
    }
    return &evidence->effects[operation];
}

static void on_effect(void *context, uint64_t operation,
                      enum effect_class class, uint64_t effects)
{
    uint32_t count = effects < COUNT_MAX ? (uint32_t)effects : COUNT_MAX;
    *told_of(context, operation) =
        ((uint32_t)class + 1) | count << CLASS_BITS;
}

/* Answers add to what a ledger told. */
static void on_named_twice(void *context, uint64_t operation, uint64_t named)
{
    (void)named;
    *told_of(context, operation) |= named_twice;
}

/* They are all that is known. */
static void on_duplicate(void *context, uint64_t operation, uint64_t named)
{
    on_effect(context, operation, EFFECT_DUPLICATE, named);
    on_named_twice(context, operation, named);
}

void evidence_watch(struct evidence *evidence, struct effects_join *join)
{
    _Static_assert(EFFECT_CLASS_COUNT < 1 << CLASS_BITS, "a class fits");
    if (evidence) {
        effects_join_watch(join, on_effect, evidence);
    }
}

void evidence_hear(struct evidence *evidence, struct answers_log *const *logs,
                   size_t count, bool are_oracle)
{
    if (evidence) {
        answers_name_twice(logs, count,
                           are_oracle ? on_duplicate : on_named_twice,
                           evidence);
    }
}

static struct events_effect effect_of(const struct evidence *evidence,
                                      uint64_t operation)
{
    struct events_effect effect = {0};
    uint32_t told = operation < evidence->effects_size
                        ? evidence->effects[operation]
                        : 0;
    uint32_t class = told & ((1 << CLASS_BITS) - 1);
    if (class != 0) {
        effect.is_known = true;
        effect.class = (enum effect_class)(class - 1);
        effect.count = told >> CLASS_BITS & COUNT_MAX;
    }
    effect.named_twice = (told & named_twice) != 0;
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
                    struct errors *errors)
{
    if (!evidence) {
        return true;
    }
    struct events_run run = {
        .plan = evidence->plan,
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
