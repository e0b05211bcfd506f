#include "run/timeline_threads.h"

#include "base/must.h"
#include "engine/clock.h"
#include "engine/curl/once.h"
#include "ledger/process.h"
#include "run/timeline_guard.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 20,    /* how often a running command is looked at */
    GRACE_MS = 1000, /* for a command that is asked to end */
    HURRY_S = 5
};

struct member {
    struct timeline_threads *threads;
    size_t index; /* of the entry */
    pthread_t thread;
    bool was_started;
    atomic_uint
        known;      /* of how many actions, 0 to 2, is known how they went */
    unsigned noted; /* of them */
};

struct timeline_threads {
    const struct plan *plan;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on the clock of clock_now */
    bool has_started;
    struct instant origin;
    atomic_uint is_over; /* 1: the load is */
    atomic_bool hurries;
    size_t running; /* threads */
    bool did_adopt; /* before them */
    struct timeline_guard guard;
    size_t count;
    struct member members[TIMELINE_MAX];
    struct timeline_event events[TIMELINE_MAX];
};

static struct duration now_of(const struct timeline_threads *threads)
{
    return instant_since(clock_now(), threads->origin);
}

static struct timespec timespec_of(struct instant at)
{
    return (struct timespec){at.ns / NS_PER_S, at.ns % NS_PER_S};
}

/* Until that time of the load; false: the load is over before. */
static bool await_time(struct timeline_threads *threads, struct duration at)
{
    bool is_time = false;

    pthread_mutex_lock(&threads->lock);
    while (atomic_load(&threads->is_over) == 0 && !is_time) {
        if (!threads->has_started || at.ns == INT64_MAX) {
            pthread_cond_wait(&threads->changed, &threads->lock);
            continue;
        }
        is_time = now_of(threads).ns >= at.ns;
        if (!is_time) {
            struct timespec end =
                timespec_of(instant_add(threads->origin, at));
            pthread_cond_timedwait(&threads->changed, &threads->lock, &end);
        }
    }
    pthread_mutex_unlock(&threads->lock);
    return is_time;
}

static void keep_output(struct timeline_action *action, const char *bytes,
                        size_t length)
{
    size_t room = sizeof(action->output) - action->output_length;
    size_t kept = length < room ? length : room;

    memcpy(action->output + action->output_length, bytes, kept);
    action->output_length += kept;
    action->output_whole += length;
}

/* A command while it runs. */
struct watch {
    struct timeline_threads *threads;
    struct timeline_action *action;
    struct process process;
    size_t entry;
    bool is_undo;
    bool has_ended;           /* its shell */
    bool is_silent;           /* nobody holds its output any more */
    struct duration time_out; /* of its shell */
    struct duration until;    /* nothing of it is to be left */
};

/* Reads what it has printed; waits for that, or for the end of its shell, for
 * a moment or until `end` at most. */
static void read_output(struct watch *watch, struct duration end)
{
    char bytes[4096];
    bool waits_for_shell = !watch->has_ended && watch->process.shell >= 0;
    struct pollfd waits[2] = {
        {.fd = watch->is_silent ? -1 : watch->process.output,
         .events = POLLIN},
        {.fd = waits_for_shell ? watch->process.shell : -1, .events = POLLIN},
    };
    struct duration most = {end.ns - now_of(watch->threads).ns};

    most = duration_min(most, duration_ms(LOOK_MS));
    most = duration_max(most, DURATION_ZERO);
    struct timespec time = {most.ns / NS_PER_S, most.ns % NS_PER_S};
    if (ppoll(waits, 2, &time, NULL) <= 0 || !waits[0].revents) {
        return;
    }
    ssize_t got = read(watch->process.output, bytes, sizeof(bytes));
    if (got > 0) {
        keep_output(watch->action, bytes, (size_t)got);
    }
    watch->is_silent = got == 0 || (got < 0 && errno != EINTR);
}

/* What it printed before it ended may not have been read yet. */
static void read_rest(struct watch *watch)
{
    struct pollfd wait = {.fd = watch->process.output, .events = POLLIN};

    for (int i = 0;
         i < TIMELINE_OUTPUT_MAX && !watch->is_silent && poll(&wait, 1, 0) > 0;
         i++) {
        read_output(watch, DURATION_ZERO);
    }
}

static void take_status(struct timeline_action *action, int status)
{
    bool was_killed = WIFSIGNALED(status);

    action->status = was_killed ? WTERMSIG(status) : WEXITSTATUS(status);
    action->word = was_killed            ? TIMELINE_KILLED
                   : action->status == 0 ? TIMELINE_DONE
                                         : TIMELINE_FAILED;
}

/* In a hurry, what undoes something has not much time left. */
static void hurry(struct watch *watch, struct duration now)
{
    if (watch->is_undo && atomic_load(&watch->threads->hurries)) {
        watch->time_out = duration_min(watch->time_out,
                                       duration_add(now, duration_s(HURRY_S)));
    }
}

/* Until its shell has ended, its time is up, or the load is over. Whether it
 * timed out. */
static bool watch_shell(struct watch *watch)
{
    struct duration now;
    int status;

    for (;;) {
        watch->has_ended = process_has_ended(&watch->process, &status);
        now = now_of(watch->threads);
        if (watch->has_ended) {
            watch->action->until = now;
            take_status(watch->action, status);
            return false;
        }
        bool is_over =
            !watch->is_undo && atomic_load(&watch->threads->is_over) > 0;
        if (is_over || now.ns >= watch->until.ns) {
            return false;
        }
        if (now.ns >= watch->time_out.ns) {
            return true;
        }
        hurry(watch, now);
        read_output(watch, duration_min(watch->until, watch->time_out));
    }
}

/* What the shell left behind goes on until its time is up, and so may its
 * output, which somebody has to take. */
static void watch_rest(struct watch *watch)
{
    while (!watch->is_silent && atomic_load(&watch->threads->is_over) == 0 &&
           now_of(watch->threads).ns < watch->until.ns) {
        read_output(watch, watch->until);
    }
    (void)await_time(watch->threads, watch->until);
}

static void run_command(struct watch *watch, const char *command)
{
    struct timeline_action *action = watch->action;
    int failed = process_start(&watch->process, command, true);

    if (failed) {
        action->word = TIMELINE_NOT_STARTED;
        snprintf(action->reason, sizeof(action->reason), "%s",
                 strerror(failed));
        action->until = now_of(watch->threads);
        return;
    }
    if (!watch->is_undo) {
        timeline_guard_runs(&watch->threads->guard, watch->entry,
                            watch->process.group);
    }
    bool has_timed_out = watch_shell(watch);
    if (watch->has_ended && !watch->is_undo) {
        atomic_store(&watch->threads->members[watch->entry].known, 1);
        watch_rest(watch);
    }
    /* What an undo has started stays: a service that is up again, say. */
    if (!watch->has_ended || !watch->is_undo) {
        process_end(&watch->process, duration_ms(GRACE_MS));
    }
    if (!watch->is_undo) {
        timeline_guard_ran(&watch->threads->guard, watch->entry);
    }
    if (!watch->has_ended) {
        action->word = has_timed_out ? TIMELINE_TIMED_OUT : TIMELINE_ENDED;
        action->until = now_of(watch->threads);
    }
    read_rest(watch);
    process_release(&watch->process);
}

static bool seems_json(const char *body)
{
    return body[strspn(body, " \t\r\n")] == '{' ||
           body[strspn(body, " \t\r\n")] == '[';
}

static void send_put(struct timeline_threads *threads,
                     struct timeline_action *action, const char *url,
                     const char *body, struct duration limit, bool is_undo)
{
    struct once_answer answer;
    struct once once = {
        .method = "PUT",
        .url = url,
        .body = body,
        .type = !body              ? NULL
                : seems_json(body) ? "application/json"
                                   : "text/plain",
        .timeout = duration_max(limit, duration_ms(1)),
        .stop = is_undo ? NULL : &threads->is_over,
    };

    once_send(threads->plan, &once, &answer);
    action->until = now_of(threads);
    action->status = answer.status > 0 ? (int)answer.status : -1;
    action->word = answer.status == 0         ? TIMELINE_UNANSWERED
                   : answer.status / 100 == 2 ? TIMELINE_DONE
                                              : TIMELINE_REFUSED;
    snprintf(action->reason, sizeof(action->reason), "%.159s", answer.problem);
    keep_output(action, answer.text, answer.length);
    action->output_whole = answer.whole;
}

static void begin(struct timeline_threads *threads, size_t index)
{
    const struct timeline_entry *entry = &threads->plan->timeline[index];
    struct timeline_action *action = &threads->events[index].begin;
    struct duration limit = timeline_limit(entry, false);

    if (entry->command && entry->undo) {
        timeline_guard_begun(&threads->guard, index);
    }
    /* Whoever acts at a mark does so at its time, however late we are. */
    action->from = action->until =
        entry->is_mark ? entry->at : now_of(threads);
    action->word = TIMELINE_DONE;
    if (entry->command) {
        struct watch watch = {
            .threads = threads,
            .action = action,
            .entry = index,
            .time_out = duration_add(action->from, limit),
            .until = entry->until,
        };
        run_command(&watch, entry->command);
    } else if (entry->url) {
        send_put(threads, action, entry->url, entry->body, limit, false);
    }
}

/* Its time has come, or the load is over. */
static void undo(struct timeline_threads *threads, size_t index)
{
    const struct timeline_entry *entry = &threads->plan->timeline[index];
    struct timeline_action *action = &threads->events[index].end;
    struct duration limit = timeline_limit(entry, true);

    if (entry->command && entry->undo) {
        timeline_guard_undone(&threads->guard, index);
    }
    action->from = action->until =
        entry->is_mark ? entry->until : now_of(threads);
    action->word = TIMELINE_DONE;
    if (entry->command && entry->undo) {
        struct watch watch = {
            .threads = threads,
            .action = action,
            .entry = index,
            .is_undo = true,
            .time_out = duration_add(action->from, limit),
            .until = DURATION_FOREVER,
        };
        run_command(&watch, entry->undo);
    } else if (entry->url && entry->undo) {
        send_put(threads, action, entry->url, entry->undo, limit, true);
    }
}

static void *carry_out(void *argument)
{
    struct member *member = argument;
    struct timeline_threads *threads = member->threads;
    const struct timeline_entry *entry =
        &threads->plan->timeline[member->index];

    if (await_time(threads, entry->at)) {
        begin(threads, member->index);
        atomic_store(&member->known, 1);
        if (timeline_has_end(entry) &&
            (await_time(threads, entry->until) || entry->undo)) {
            undo(threads, member->index);
            atomic_store(&member->known, 2);
        }
    }
    pthread_mutex_lock(&threads->lock);
    threads->running--;
    pthread_mutex_unlock(&threads->lock);
    return NULL;
}

static void init_lock(struct timeline_threads *threads)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&threads->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&threads->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static bool start_members(struct timeline_threads *threads,
                          struct errors *errors)
{
    int failed = 0;

    for (size_t i = 0; i < threads->count && !failed; i++) {
        struct member *member = &threads->members[i];
        member->threads = threads;
        member->index = i;
        threads->events[i].begin.status = threads->events[i].end.status = -1;
        pthread_mutex_lock(&threads->lock);
        failed = pthread_create(&member->thread, NULL, carry_out, member);
        member->was_started = !failed;
        threads->running += !failed;
        pthread_mutex_unlock(&threads->lock);
    }
    if (failed) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "a thread could not be started: %s", strerror(failed));
    }
    return !failed;
}

struct timeline_threads *timeline_threads_new(const struct plan *plan,
                                              struct errors *errors)
{
    struct timeline_threads *threads = calloc(1, sizeof(*threads));

    must(threads);
    threads->plan = plan;
    threads->count = plan->timeline_count;
    init_lock(threads);
    threads->did_adopt = process_adopt(true);
    if (!timeline_guard_start(&threads->guard, plan, errors) ||
        !start_members(threads, errors)) {
        timeline_threads_free(threads);
        return NULL;
    }
    return threads;
}

void timeline_threads_start(struct timeline_threads *threads,
                            struct instant origin)
{
    pthread_mutex_lock(&threads->lock);
    threads->origin = origin;
    threads->has_started = true;
    pthread_cond_broadcast(&threads->changed);
    pthread_mutex_unlock(&threads->lock);
}

/* What has become of an action is read when nobody writes to that any more; to
 * its output somebody may. */
static void note_action(struct timeline_threads *threads, size_t index,
                        bool is_end, const struct run_observer *observer)
{
    const struct timeline_event *event = &threads->events[index];
    struct timeline_event one = {.begin.word = TIMELINE_DONE,
                                 .end.word = TIMELINE_DONE};
    char text[400];

    const struct timeline_action *from = is_end ? &event->end : &event->begin;
    struct timeline_action *to = is_end ? &one.end : &one.begin;
    to->word = from->word;
    to->status = from->status;
    memcpy(to->reason, from->reason, sizeof(to->reason));
    if (timeline_find_problem(threads->plan->timeline, index, &one, text,
                              sizeof(text))) {
        observer_note(observer, "%s", text);
    }
}

void timeline_threads_note(struct timeline_threads *threads,
                           const struct run_observer *observer)
{
    for (size_t i = 0; i < threads->count; i++) {
        struct member *member = &threads->members[i];
        unsigned known = atomic_load(&member->known);
        for (; member->noted < known; member->noted++) {
            note_action(threads, i, member->noted > 0, observer);
        }
    }
}

void timeline_threads_end(struct timeline_threads *threads)
{
    pthread_mutex_lock(&threads->lock);
    atomic_store(&threads->is_over, 1);
    pthread_cond_broadcast(&threads->changed);
    pthread_mutex_unlock(&threads->lock);
}

void timeline_threads_await(struct timeline_threads *threads,
                            const struct run_observer *observer,
                            const atomic_uint *stops)
{
    bool has_ended = false;

    while (!has_ended) {
        pthread_mutex_lock(&threads->lock);
        has_ended = threads->running == 0;
        pthread_mutex_unlock(&threads->lock);
        if (stops && atomic_load(stops) > 1) {
            atomic_store(&threads->hurries, true);
        }
        if (!has_ended) {
            observer_wait(observer, duration_ms(LOOK_MS));
        }
    }
}

const struct timeline_event *timeline_threads_events(
    const struct timeline_threads *threads)
{
    return threads->events;
}

void timeline_threads_free(struct timeline_threads *threads)
{
    timeline_threads_end(threads);
    for (size_t i = 0; i < threads->count; i++) {
        if (threads->members[i].was_started) {
            pthread_join(threads->members[i].thread, NULL);
        }
    }
    timeline_guard_end(&threads->guard);
    (void)process_adopt(threads->did_adopt);
    pthread_cond_destroy(&threads->changed);
    pthread_mutex_destroy(&threads->lock);
    free(threads);
}
