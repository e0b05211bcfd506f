#include "load/timeline.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>

/* Of how long it was to be on; less than a step of recovery is not seen. */
static const double lasted_least = 0.9;
static const double missing_least_ns = 100e6;

static const struct {
    const char *name, *text;
    bool is_problem;
} words[] = {
#define TIMELINE_WORD(id, name, is_problem, text, sentence) \
    [TIMELINE_##id] = {name, text, is_problem},
#include "load/timeline_word.def"
#undef TIMELINE_WORD
};

const char *timeline_word_name(enum timeline_word word)
{
    must((size_t)word < array_length(words));
    return words[word].name;
}

const char *timeline_word_text(enum timeline_word word)
{
    must((size_t)word < array_length(words));
    return words[word].text;
}

bool timeline_word_find(const char *name, enum timeline_word *word)
{
    for (size_t i = 0; i < array_length(words); i++) {
        if (strcmp(words[i].name, name) == 0) {
            *word = (enum timeline_word)i;
            return true;
        }
    }
    return false;
}

bool timeline_is_problem(enum timeline_word word)
{
    must((size_t)word < array_length(words));
    return words[word].is_problem;
}

enum timeline_kind timeline_kind_of(const struct timeline_entry *entry)
{
    return entry->command ? TIMELINE_RUN
           : entry->url   ? TIMELINE_PUT
                          : TIMELINE_MARK;
}

const char *timeline_kind_name(enum timeline_kind kind)
{
    static const char *const names[] = {
        [TIMELINE_RUN] = "run",
        [TIMELINE_PUT] = "put",
        [TIMELINE_MARK] = "mark",
    };
    must((size_t)kind < array_length(names));
    return names[kind];
}

struct duration timeline_limit(const struct timeline_entry *entry,
                               bool is_undo)
{
    bool is_given = entry->timeout.ns != INT64_MAX;
    struct duration limit =
        is_given ? entry->timeout : duration_s(TIMELINE_TIMEOUT_S);

    if (is_undo || !timeline_has_end(entry)) {
        return limit;
    }
    struct duration length = {entry->until.ns - entry->at.ns};
    /* A command may be the trigger itself, and lasts as long as that. */
    return entry->command && !is_given ? length : duration_min(limit, length);
}

static void mark(struct timeline_action *action, struct duration at,
                 struct duration load)
{
    *action = (struct timeline_action){.status = -1};
    if (at.ns < load.ns) {
        action->word = TIMELINE_DONE;
        action->from = action->until = at;
    }
}

void timeline_follow(const struct timeline_entry *entries, size_t count,
                     struct duration load, struct timeline_event *events)
{
    for (size_t i = 0; i < count; i++) {
        must(timeline_kind_of(&entries[i]) == TIMELINE_MARK);
        mark(&events[i].begin, entries[i].at, load);
        mark(&events[i].end, entries[i].until, load);
    }
}

bool timeline_find_trigger(const struct timeline_entry *entry,
                           const struct timeline_event *event,
                           struct duration *from, struct duration *until)
{
    bool has_end = timeline_has_end(entry);

    if (!event) {
        *from = entry->at;
        *until = has_end ? entry->until : entry->at;
        return true;
    }
    if (event->begin.word == TIMELINE_NOT_REACHED ||
        timeline_is_problem(event->begin.word)) {
        return false;
    }
    *from = event->begin.from;
    *until = event->begin.until;
    if (has_end) {
        *until = event->end.word == TIMELINE_NOT_REACHED ||
                         timeline_is_problem(event->end.word)
                     ? DURATION_FOREVER
                     : event->end.until;
    }
    return true;
}

/* "ended with status 3", without what was printed. */
static void describe(const struct timeline_action *action, char *text,
                     size_t size)
{
    switch (action->word) {
    case TIMELINE_FAILED:
        snprintf(text, size, "its command ended with status %d",
                 action->status);
        return;
    case TIMELINE_KILLED:
        snprintf(text, size, "its command was killed by signal %d",
                 action->status);
        return;
    case TIMELINE_TIMED_OUT:
        snprintf(text, size,
                 "its command did not end in time (timeout), and was ended");
        return;
    case TIMELINE_NOT_STARTED:
        snprintf(text, size, "its command could not be started: %s",
                 action->reason);
        return;
    case TIMELINE_REFUSED:
        snprintf(text, size, "the answer was %d", action->status);
        return;
    case TIMELINE_UNANSWERED:
        snprintf(text, size, "no answer: %s", action->reason);
        return;
    case TIMELINE_NOT_REACHED:
    case TIMELINE_DONE:
    case TIMELINE_ENDED:
        break;
    }
    must_never("this is no problem");
}

/* Where squall was late, what was to last for a while may have been undone as
 * soon as it had begun: then there was no such trigger. */
static bool was_cut_short(const struct timeline_entry *entry,
                          const struct timeline_event *event)
{
    const struct timeline_action *begin = &event->begin, *end = &event->end;
    double lasted = (double)(end->from.ns - begin->from.ns);
    double planned = (double)(entry->until.ns - entry->at.ns);

    return timeline_has_end(entry) && begin->word != TIMELINE_NOT_REACHED &&
           end->word != TIMELINE_NOT_REACHED &&
           end->from.ns >= entry->until.ns &&
           lasted < lasted_least * planned &&
           planned - lasted > missing_least_ns;
}

bool timeline_find_problem(const struct timeline_entry *entries, size_t index,
                           const struct timeline_event *event, char *text,
                           size_t size)
{
    const struct timeline_entry *entry = &entries[index];
    bool is_begin = timeline_is_problem(event->begin.word);
    bool is_end =
        timeline_has_end(entry) && timeline_is_problem(event->end.word);
    char problem[240];

    if (!is_begin && !is_end && was_cut_short(entry, event)) {
        snprintf(text, size,
                 "timeline[%zu] (%s): squall was late, and it lasted %.0f ms "
                 "instead of %.0f ms",
                 index, entry->name,
                 (double)(event->end.from.ns - event->begin.from.ns) / 1e6,
                 (double)(entry->until.ns - entry->at.ns) / 1e6);
        return true;
    }
    if (!is_begin && !is_end) {
        return false;
    }
    describe(is_begin ? &event->begin : &event->end, problem, sizeof(problem));
    snprintf(text, size, "timeline[%zu].%s (%s): %s", index,
             is_begin ? timeline_kind_name(timeline_kind_of(entry)) : "undo",
             entry->name, problem);
    return true;
}
